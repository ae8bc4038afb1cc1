import { condition, count, observedGeneration, text, time } from './fields.ts';
import type { StructuralSchema } from './structural.ts';

/** The two colors (specification, page 003). */
export const strategies = ['blue', 'green'] as const;
export type Strategy = (typeof strategies)[number];

/** The steps of a release, in their order; the last two come after the switch. */
export const releaseSteps = [
  'Preparing',
  'WaitingForReady',
  'Grace',
  'Switching',
  'Watching',
  'CleaningUp',
] as const;

const version = (description: string) => text(description, 63);
const strategy = (description: string) =>
  ({ type: 'string', description, enum: strategies }) as const satisfies StructuralSchema;
const reason = text('Why it failed, in one word.', 64);
const message = text('The same in words.', 1024);

/** Where a rollback came from, on a release that was made for one. */
const rollback = {
  rollbackTo: version('The release whose inputs it repeats, because somebody asked for that.'),
  rollbackReason: text('Why, in the words of who asked.', 256),
  rollbackBy: text('Who asked for it, as the API server knows them: told by the mutating webhook.', 256),
} as const;

const record = {
  type: 'object',
  additionalProperties: false,
  required: ['version', 'strategy', 'storageTag', 'schemaTag', 'timestamp', 'status'],
  properties: {
    version: version('Name of the release.'),
    strategy: strategy('Its color.'),
    storageTag: text('Image tag of storage.'),
    schemaTag: text('Image tag of schema.'),
    timestamp: time('When it was made.'),
    status: {
      type: 'string',
      description: 'Active serves; Superseded has served; Failed never did, or was taken back.',
      enum: ['Active', 'Superseded', 'Failed'],
    },
    inputs: text('Hash of all that it was made from.', 32),
    reason,
    message,
    ...rollback,
  },
} as const satisfies StructuralSchema;

const pending = {
  type: 'object',
  description: 'The release under way, until it has the traffic.',
  additionalProperties: false,
  required: ['version', 'strategy', 'inputs', 'storageTag', 'schemaTag', 'startedAt'],
  properties: {
    version: version('Its name, given once.'),
    strategy: strategy('Its color.'),
    inputs: text('Hash of all that it is made from.', 32),
    storageTag: text('Image tag of storage.'),
    schemaTag: text('Image tag of schema.'),
    startedAt: time('When it began.'),
    created: { type: 'boolean', description: 'All of its Deployments have been there.' },
    readyDeadline: time('By when it must be ready.'),
    graceUntil: time('Until when it must stay well.'),
    restarts: count('Restarts of its containers when it was ready; more of them are a failure.'),
    ...rollback,
  },
} as const satisfies StructuralSchema;

/** `MetadataServices.status`. */
export const metadataServicesStatus = {
  type: 'object',
  description: 'What is. Written by the controller alone.',
  additionalProperties: false,
  properties: {
    observedGeneration,
    leaseTransitions: count('The term of the controller that wrote last.'),
    deploymentPhase: {
      type: 'string',
      description: 'Stable, Deploying, or Failed: the first release failed and nothing serves.',
      enum: ['Stable', 'Deploying', 'Failed'],
    },
    step: { type: 'string', description: 'What is being done; absent when idle.', enum: releaseSteps },
    waitingFor: text('What the step waits for, in words.', 1024),
    activeStrategy: strategy('The color that serves.'),
    activeReleaseVersion: version('The release that serves.'),
    pendingStrategy: strategy('The color that is being prepared.'),
    pendingReleaseVersion: version('The release that is being prepared.'),
    pausedAt: time('Since when spec.paused has stopped the clocks.'),
    pending,
    watching: {
      type: 'object',
      description: 'The old release, kept for a moment after the switch to take the traffic back.',
      additionalProperties: false,
      required: ['version', 'strategy', 'until'],
      properties: {
        version: version('Its name.'),
        strategy: strategy('Its color.'),
        until: time('Until when.'),
      },
    },
    cleaning: {
      type: 'object',
      description: 'The release whose Deployments are being removed.',
      additionalProperties: false,
      required: ['version', 'strategy', 'cause'],
      properties: {
        version: version('Its name.'),
        strategy: strategy('Its color.'),
        cause: { type: 'string', description: 'Why.', enum: ['Failed', 'Aborted', 'Replaced', 'Superseded'] },
        served: { type: 'boolean', description: 'It had traffic a moment ago.' },
        notBefore: time('Until when they stay: every node must have learnt that the traffic goes elsewhere.'),
      },
    },
    rejected: {
      type: 'object',
      description: 'Inputs that are not deployed (again) although spec asks for them, until spec changes.',
      additionalProperties: false,
      required: ['inputs', 'version', 'reason', 'message', 'at'],
      properties: {
        inputs: text('Their hash.', 32),
        version: version('The release that was made from them.'),
        reason: text('Why, in one word.', 64),
        message,
        at: time('Since when.'),
        by: text('Who put them back into spec after a rollback: a field manager.', 256),
        rolledBackTo: text('Hash of the inputs that a rollback wrote in their place.', 32),
      },
    },
    rollback: {
      type: 'object',
      description: 'The last request to roll back.',
      additionalProperties: false,
      required: ['to', 'at', 'state'],
      properties: {
        to: text('The value of e6data.io/rollback-to.', 253),
        at: time('When it was seen.'),
        reason: rollback.rollbackReason,
        requestedBy: rollback.rollbackBy,
        state: {
          type: 'string',
          description:
            'Accepted: spec is being written. Done: it was. Refused: it could not be done. Returned: the annotation came back by itself and is ignored.',
          enum: ['Accepted', 'Done', 'Refused', 'Returned'],
        },
        message: text('What came of it.', 1024),
        inputs: text('Hash of the inputs that it writes into spec.', 32),
        by: text('Who put the annotation there: a field manager.', 256),
      },
    },
    lastRetry: text('The value of rollguard.io/retry that was handled.', 128),
    releaseHistory: {
      type: 'array',
      description:
        'The last releases that ended, oldest first: 10, and never without the one that serves and the last good one.',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['version'],
      maxItems: 10,
      items: record,
    },
    conditions: {
      type: 'array',
      description:
        'Ready, Reconciling, Stalled, Available, Upgrading, Degraded, and RollingBack from the first request on.',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
      maxItems: 32,
      items: condition,
    },
  },
} as const satisfies StructuralSchema;

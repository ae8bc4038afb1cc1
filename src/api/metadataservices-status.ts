import { condition, count, observedGeneration, text, time } from './fields.ts';
import type { StructuralSchema } from './structural.ts';

/** The two colors (specification, page 003). */
const strategies = ['blue', 'green'] as const;
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
const reason = text('Reason why the release failed, in CamelCase.', 64);
const message = text('Message for people with the details of the failure.', 1024);

/** Where a rollback came from, on a release that was made for one. */
const rollback = {
  rollbackTo: version('Name of the release whose inputs this rollback repeats.'),
  rollbackReason: text('Reason for the rollback, as given by the user who requested it.', 256),
  rollbackBy: text('Name of the user who requested the rollback, as recorded by the mutating webhook.', 256),
} as const;

const record = {
  type: 'object',
  additionalProperties: false,
  required: ['version', 'strategy', 'storageTag', 'schemaTag', 'timestamp', 'status'],
  properties: {
    version: version('Name of this release.'),
    strategy: strategy('Color of the release.'),
    storageTag: text('Image tag of the storage service.'),
    schemaTag: text('Image tag of the schema service.'),
    timestamp: time('Time at which the release was created.'),
    status: {
      type: 'string',
      description:
        'State of the release. Active: it receives the traffic. Superseded: it received the traffic before. Failed: it never received the traffic, or was rolled back.',
      enum: ['Active', 'Superseded', 'Failed'],
    },
    inputs: text('Hash of all inputs of the release.', 32),
    reason,
    message,
    ...rollback,
  },
} as const satisfies StructuralSchema;

const pending = {
  type: 'object',
  description: 'The release in progress, until it receives the traffic.',
  additionalProperties: false,
  required: ['version', 'strategy', 'inputs', 'storageTag', 'schemaTag', 'startedAt'],
  properties: {
    version: version('Name of this release.'),
    strategy: strategy('Color of the release.'),
    inputs: text('Hash of all inputs of the release.', 32),
    storageTag: text('Image tag of the storage service.'),
    schemaTag: text('Image tag of the schema service.'),
    startedAt: time('Time at which the release started.'),
    created: { type: 'boolean', description: 'Whether all Deployments of the release have been created.' },
    readyDeadline: time('Time by which the release must be ready.'),
    graceUntil: time('Time until which the release must stay healthy.'),
    restarts: count(
      'Number of container restarts at the time when the release became ready. Any further restart is a failure.',
    ),
    ...rollback,
  },
} as const satisfies StructuralSchema;

/** `MetadataServices.status`. */
export const metadataServicesStatus = {
  type: 'object',
  description: 'Observed state of the metadata services. Only the controller writes it.',
  additionalProperties: false,
  properties: {
    observedGeneration,
    leaseTransitions: count(
      'Value of leaseTransitions of the Lease that the controller held when it last wrote this status.',
    ),
    deploymentPhase: {
      type: 'string',
      description:
        'State of the deployment. Failed: the first release failed, and no release receives traffic.',
      enum: ['Stable', 'Deploying', 'Failed'],
    },
    step: {
      type: 'string',
      description: 'Current step of the release. Absent if no release is in progress.',
      enum: releaseSteps,
    },
    waitingFor: text('What the current step is waiting for, in words.', 1024),
    activeStrategy: strategy('The color that receives the traffic.'),
    activeReleaseVersion: version('Name of the release that receives the traffic.'),
    pendingStrategy: strategy('The color that is being deployed.'),
    pendingReleaseVersion: version('Name of the release that is being deployed.'),
    pausedAt: time('Time since which spec.paused has stopped the clocks.'),
    pending,
    watching: {
      type: 'object',
      description: 'The previous release, kept after the switch so that the traffic can be switched back.',
      additionalProperties: false,
      required: ['version', 'strategy', 'until'],
      properties: {
        version: version('Name of the previous release.'),
        strategy: strategy('Color of the previous release.'),
        until: time('Time until which the previous release is kept.'),
      },
    },
    cleaning: {
      type: 'object',
      description: 'The release whose Deployments are being deleted.',
      additionalProperties: false,
      required: ['version', 'strategy', 'cause'],
      properties: {
        version: version('Name of this release.'),
        strategy: strategy('Color of the release.'),
        cause: {
          type: 'string',
          description: 'Reason why the Deployments are being deleted.',
          enum: ['Failed', 'Aborted', 'Replaced', 'Superseded'],
        },
        served: { type: 'boolean', description: 'Whether the release received traffic until recently.' },
        notBefore: time(
          'Time until which the Deployments are kept, so that every node has learned that the traffic goes elsewhere.',
        ),
      },
    },
    rejected: {
      type: 'object',
      description:
        'Inputs that will not be deployed although the spec asks for them, until the spec changes.',
      additionalProperties: false,
      required: ['inputs', 'version', 'reason', 'message', 'at'],
      properties: {
        inputs: text('Hash of the rejected inputs.', 32),
        version: version('Name of the release that was created from the rejected inputs.'),
        reason: text('Reason why the inputs were rejected, in CamelCase.', 64),
        message,
        at: time('Time at which the inputs were rejected.'),
        by: text('Field manager that put the inputs back into the spec after a rollback.', 256),
        rolledBackTo: text('Hash of the inputs that a rollback wrote instead of them.', 32),
      },
    },
    rollback: {
      type: 'object',
      description: 'The last request for a rollback.',
      additionalProperties: false,
      required: ['to', 'at', 'state'],
      properties: {
        to: text('Value of the annotation e6data.io/rollback-to.', 253),
        at: time('Time at which the request was seen.'),
        reason: rollback.rollbackReason,
        requestedBy: rollback.rollbackBy,
        state: {
          type: 'string',
          description:
            'State of the request. Accepted: the spec is being written. Done: the spec was written. Refused: the rollback is not possible. Returned: the annotation was set again without a new request and is ignored.',
          enum: ['Accepted', 'Done', 'Refused', 'Returned'],
        },
        message: text('Message for people with the outcome of the request.', 1024),
        inputs: text('Hash of the inputs that the rollback writes into the spec.', 32),
        by: text('Field manager that set the annotation.', 256),
      },
    },
    lastRetry: text('Last value of the annotation rollguard.io/retry that was handled.', 128),
    releaseHistory: {
      type: 'array',
      description:
        'The last 10 releases that ended, the oldest first. They always include the active release and the last one that succeeded.',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['version'],
      maxItems: 10,
      items: record,
    },
    conditions: {
      type: 'array',
      description:
        'Conditions of the metadata services: Ready, Reconciling, Stalled, Available, Upgrading, Degraded, and RollingBack from the first rollback request on.',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
      maxItems: 32,
      items: condition,
    },
  },
} as const satisfies StructuralSchema;

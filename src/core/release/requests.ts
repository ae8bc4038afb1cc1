import { requestedByAnnotation, rollbackReasonAnnotation, rollbackToAnnotation } from '../../api/labels.ts';
import type { MetadataServicesStatus, ReleaseRecord } from '../../api/metadataservices.ts';
import { defined } from '../../api/object-fields.ts';
import type { ObjectEffect } from '../model/effect.ts';
import { held, unchanged, waiting } from '../model/concern.ts';
import { printable } from '../model/printable.ts';
import { timestamp } from '../model/time.ts';
import { isByHand } from './conflict.ts';
import { normal, warns, type DecideReleasePart, type ReleaseContext, type ReleasePart } from './decision.ts';
import { endPending, switchTrafficBack } from './ending.ts';
import { historyOf, isGood, recordOf } from './history.ts';
import { asksFor, inputsHash, releaseInputs, restoringPatch, type ReleaseInputs } from './inputs.ts';
import { snapshotFor } from './in-force.ts';
import type { ReleaseObservation } from './observation.ts';
import { isCommitted } from './steps/switching.ts';
import { mayGiveBack } from './steps/watching.ts';

type Request = NonNullable<MetadataServicesStatus['rollback']>;

/** Characters of somebody's reason that are kept. */
const longestReason = 256;

/**
 * `e6data.io/rollback-to`: the annotation is taken off and spec is written in one patch, guarded by the version that
 * was decided on (docs/facts/metadataservices.md, T6). First the request is recorded as Accepted; it is Done when the
 * annotation was seen to be gone. The ordinary release that spec then asks for does the rest.
 */
export const decideRollback: DecideReleasePart = (observation, status, context) => {
  const { annotations = {} } = observation.resource.metadata;
  const asked = annotations[rollbackToAnnotation];
  const last = status.rollback;
  if (asked === undefined) return unchanged(withdrawn(observation, status));
  if (last?.to === bounded(asked) && last.state === 'Accepted') return again(observation, status, context);
  const by = observation.managers.rollbackTo;
  if (last?.to === bounded(asked) && last.state !== 'Accepted' && !isByHand(by))
    return returned(status, last, by);
  if (status.pausedAt !== undefined)
    return unchanged(status, waiting('RollbackPending', `the rollback to ${printable(asked)}`));
  // In a moment it is known what serves.
  if (isCommitted(observation, status)) return unchanged(status);
  return answer(observation, status, context, asked);
};

/** As much of the annotation as a name of a release can be, and more. */
const bounded = (asked: string) => asked.slice(0, 253);

/** The annotation is gone: our patch took it, or a person did. */
function withdrawn({ resource }: ReleaseObservation, status: MetadataServicesStatus): MetadataServicesStatus {
  const { rollback } = status;
  if (rollback === undefined || (rollback.state !== 'Accepted' && rollback.state !== 'Returned'))
    return status;
  if (rollback.state === 'Returned' || asksFor(resource.spec, rollback.inputs))
    return { ...status, rollback: { ...rollback, state: 'Done' } };
  return { ...status, rollback: { ...rollback, state: 'Refused', message: 'the request was withdrawn' } };
}

/** It was accepted, and the patch has not been seen yet: it may have been lost. */
function again(
  observation: ReleaseObservation,
  status: MetadataServicesStatus,
  { settings }: ReleaseContext,
): ReleasePart {
  const record = recordOf(status, status.rollback?.to);
  const inputs = record && inputsOf(observation, record, settings.imageRepository);
  return { status, effects: [consumeRequest(observation, inputs)], events: [] };
}

/**
 * The same request came back by itself, as from Git: it was answered, and taking it off again would never end
 * (docs/facts/metadataservices.md, T5).
 */
function returned(status: MetadataServicesStatus, last: Request, by: string | undefined): ReleasePart {
  const who = by ?? 'an unknown field manager';
  const message = `${who} put ${rollbackToAnnotation}=${printable(last.to)} back, which was already handled; it is ignored`;
  return {
    status:
      last.state === 'Returned' && last.by === who
        ? status
        : { ...status, rollback: { ...last, state: 'Returned', by: who, message } },
    effects: [],
    events: last.state === 'Returned' ? [] : [warns('RollbackRequestReturned', 'Rollback', message)],
    notices: [
      held('RollbackRequestReturned', message, {
        remedy: `Remove the annotation at the source that ${who} reads, and write the wanted tags there`,
      }),
    ],
  };
}

function answer(
  observation: ReleaseObservation,
  status: MetadataServicesStatus,
  context: ReleaseContext,
  asked: string,
): ReleasePart {
  const record = recordOf(status, asked);
  const history = historyOf(status);
  const refuse = (reason: string, message: string): ReleasePart =>
    closed(observation, status, context, asked, 'Refused', warns(reason, 'Rollback', message));
  if (asked === '') {
    return refuse(
      'RollbackTargetEmpty',
      `${rollbackToAnnotation} is empty: it must name a release of status.releaseHistory`,
    );
  }
  if (!history.some(isGood))
    return refuse(
      'NoGoodRelease',
      'no release has been active yet, so there is none to roll back to; correct the spec instead',
    );
  if (record === undefined) {
    const known = history.map(({ version }) => version).join(', ');
    return refuse(
      'RollbackTargetUnknown',
      `Rollback: release ${printable(asked)} not found in history; there are ${known}`,
    );
  }
  if (asked === status.pending?.version) {
    const message = `release ${asked} is already being deployed`;
    return closed(
      observation,
      status,
      context,
      asked,
      'Done',
      normal('RollbackNotNeeded', 'Rollback', message),
    );
  }
  return accept(observation, status, context, record);
}

/** The request is over without anything to do but to take the annotation off. */
function closed(
  observation: ReleaseObservation,
  status: MetadataServicesStatus,
  { now }: ReleaseContext,
  asked: string,
  state: Request['state'],
  event: ReleasePart['events'][number],
): ReleasePart {
  return {
    status: {
      ...status,
      rollback: { ...requestOf(observation, asked, now), state, message: event.note.slice(0, 1_000) },
    },
    effects: [consumeRequest(observation, undefined)],
    events: [event],
  };
}

function accept(
  observation: ReleaseObservation,
  status: MetadataServicesStatus,
  context: ReleaseContext,
  target: ReleaseRecord,
): ReleasePart {
  const { resource } = observation;
  const { now } = context;
  const inputs = inputsOf(observation, target, context.settings.imageRepository);
  const hash = inputsHash(inputs);
  const request = requestOf(observation, target.version, now);
  const effects = [consumeRequest(observation, inputs)];
  const isActive = target.version === status.activeReleaseVersion;
  const isIdle = status.pending === undefined && status.watching === undefined;
  if (isActive && isIdle && restoringPatch(resource.spec, inputs) === undefined) {
    const message = `release ${target.version} is already active; nothing is deployed`;
    return closed(
      observation,
      status,
      context,
      target.version,
      'Done',
      normal('RollbackNotNeeded', 'Rollback', message),
    );
  }
  const message = `Rollback to ${target.version} (storage ${target.storageTag}, schema ${target.schemaTag}) requested${byWhom(request)}${request.reason === undefined ? '' : `: ${request.reason}`}`;
  const ended = supersedePending(observation, status, context, target, { ...request, inputs: hash });
  return {
    status: {
      ...withMemory(observation, ended.status, target, hash, now),
      rollback: { ...request, state: 'Accepted', inputs: hash },
    },
    effects,
    events: [normal('RollbackRequested', 'Rollback', message), ...ended.events],
  };
}

/**
 * Ends what is under way and is something else: an abort when the target is what serves
 * (docs/facts/metadataservices.md, T4), a flip when it still runs.
 */
function supersedePending(
  observation: ReleaseObservation,
  status: MetadataServicesStatus,
  context: ReleaseContext,
  target: ReleaseRecord,
  request: Omit<Request, 'state'>,
): Pick<ReleasePart, 'status' | 'events'> {
  const { pending, watching } = status;
  const { now } = context;
  const ending = {
    cause: 'Aborted' as const,
    reason: 'Aborted',
    message: `a rollback to ${target.version} was requested${byWhom(request)}`,
  };
  if (pending !== undefined && pending.inputs !== request.inputs)
    return endPending(status, pending, ending, now);
  const current = recordOf(status, status.activeReleaseVersion);
  if (
    watching?.version === target.version &&
    current !== undefined &&
    mayGiveBack(observation, status, context)
  )
    return switchTrafficBack(status, current, target, { ...ending, reason: 'RolledBack' }, now);
  return { status, events: [] };
}

/** What spec asked for until now is remembered, so that it does not come back by itself. */
function withMemory(
  { resource }: ReleaseObservation,
  status: MetadataServicesStatus,
  target: ReleaseRecord,
  hash: string,
  now: number,
): MetadataServicesStatus {
  const inputs = inputsHash(resource.spec);
  if (inputs === hash) {
    const { rejected, ...rest } = status;
    // Spec asks for it already, and it failed: asked for by name, it is tried again.
    return rejected?.inputs === hash ? rest : status;
  }
  const version =
    historyOf(status).findLast((each) => asksFor(resource.spec, each.inputs))?.version ?? target.version;
  return {
    ...status,
    rejected: {
      inputs,
      version,
      reason: 'RolledBack',
      message: `the release was rolled back to ${target.version}`,
      at: timestamp(now),
      rolledBackTo: hash,
    },
  };
}

const requestOf = (
  { resource, managers }: ReleaseObservation,
  asked: string,
  now: number,
): Omit<Request, 'state'> => {
  const { annotations = {} } = resource.metadata;
  const reason = annotations[rollbackReasonAnnotation]?.slice(0, longestReason);
  const requestedBy = annotations[requestedByAnnotation]?.slice(0, 256);
  return {
    to: bounded(asked),
    at: timestamp(now),
    ...(reason === undefined || reason === '' ? {} : { reason }),
    ...(requestedBy === undefined || requestedBy === '' ? {} : { requestedBy }),
    ...(managers.rollbackTo === undefined ? {} : { by: managers.rollbackTo.slice(0, 256) }),
  };
};

/** For messages; nothing where the mutating webhook was not asked. */
const byWhom = ({ requestedBy }: Pick<Request, 'requestedBy'>): string =>
  requestedBy === undefined ? '' : ` by ${printable(requestedBy)}`;

/**
 * All that the target was made from; where its record is lost, its two tags, as the specification, page 003, says,
 * with the rest of spec as it is.
 */
function inputsOf(
  observation: ReleaseObservation,
  record: ReleaseRecord,
  defaultRepository: string,
): ReleaseInputs {
  const snapshot = snapshotFor(observation, record, defaultRepository);
  if (snapshot !== undefined) return snapshot.inputs;
  const { storage, schema, ...rest } = releaseInputs(observation.resource.spec);
  return {
    ...rest,
    storage: { ...storage, imageTag: record.storageTag },
    schema: { ...schema, imageTag: record.schemaTag },
  };
}

/** One merge patch: the request, its reason and its author go, spec asks for these inputs. */
function consumeRequest({ resource }: ReleaseObservation, inputs: ReleaseInputs | undefined): ObjectEffect {
  const { namespace = '', name = '', uid = '', annotations = {} } = resource.metadata;
  const author = requestedByAnnotation in annotations ? { [requestedByAnnotation]: null } : {};
  const spec = inputs && restoringPatch(resource.spec, inputs);
  return {
    kind: 'patch',
    target: { apiVersion: 'e6data.io/v1alpha1', kind: 'MetadataServices', namespace, name },
    uid,
    patch: {
      metadata: {
        annotations: { [rollbackToAnnotation]: null, [rollbackReasonAnnotation]: null, ...author },
      },
      ...defined({ spec }),
    },
  };
}

/**
 * `e6data.io/rollback-reason` without a request, as the specification, page 003, writes it afterwards: it goes into
 * the newest release that was made for a rollback, or caused one, and the annotation off.
 */
export const decideReason: DecideReleasePart = (observation, status) => {
  const { annotations = {} } = observation.resource.metadata;
  const reason = annotations[rollbackReasonAnnotation]?.slice(0, longestReason);
  if (reason === undefined || reason === '' || rollbackToAnnotation in annotations) return unchanged(status);
  if (status.pausedAt !== undefined) return unchanged(status);
  const { pending } = status;
  if (pending?.rollbackTo !== undefined) {
    return noted(observation, { ...status, pending: { ...pending, rollbackReason: reason } }, reason);
  }
  const record = historyOf(status).findLast(
    ({ status: is, rollbackTo }) => is === 'Failed' || rollbackTo !== undefined,
  );
  if (record === undefined) return unchanged(status);
  const releaseHistory = historyOf(status).map((each) =>
    each === record ? { ...each, rollbackReason: reason } : each,
  );
  return noted(observation, { ...status, releaseHistory }, reason);
};

const noted = (
  observation: ReleaseObservation,
  status: MetadataServicesStatus,
  reason: string,
): ReleasePart => ({
  status,
  effects: [consumeRequest(observation, undefined)],
  events: [normal('RollbackReasonNoted', 'Rollback', `Reason of the rollback: ${reason}`)],
});

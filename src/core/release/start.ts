import { strategyLabel } from '../../api/labels.ts';
import type { MetadataServicesStatus, PendingRelease, Strategy } from '../../api/metadataservices.ts';
import { defined, omit } from '../../api/object-fields.ts';
import { held, unchanged, waiting, type Notice } from '../model/concern.ts';
import { timestamp } from '../model/time.ts';
import { whoFights } from './conflict.ts';
import { normal, windowOf, type DecideReleasePart, type ReleasePart } from './decision.ts';
import { historyOf, recordOf } from './history.ts';
import { asksFor, inputsHash } from './inputs.ts';
import { otherStrategy } from './names.ts';
import { releaseOf, servedBy, type ReleaseObservation } from './observation.ts';
import { releaseVersion } from './version.ts';

/**
 * Begins a release when spec asks for another one than serves: never one that has failed with the very same inputs
 * (docs/facts/metadataservices.md, T1), nor one that was rolled back from and is put back by something that is no
 * person (docs/facts/metadataservices.md, T5).
 */
export const decideStart: DecideReleasePart = (observation, stored, context) => {
  const { resource } = observation;
  const { spec } = resource;
  const isBusy = [stored.pending, stored.watching, stored.cleaning].some((each) => each !== undefined);
  if (isBusy || stored.rollback?.state === 'Accepted') return unchanged(stored);
  const status = withoutOutdated(observation, stored);
  const active = recordOf(status, status.activeReleaseVersion);
  const stray = strayRelease(observation, status);
  if (status.pausedAt !== undefined) return unchanged(status, ...whatWaits(observation, status, stray));
  if (stray !== undefined && status.activeReleaseVersion !== undefined) {
    return unchanged({
      ...status,
      step: 'CleaningUp' as const,
      // It may have had traffic a moment ago.
      cleaning: { ...stray, cause: 'Superseded' as const, served: true },
    });
  }
  if (asksFor(spec, active?.inputs)) return unchanged(status, ...rejection(observation, status));
  if (status.rejected !== undefined && asksFor(spec, status.rejected.inputs))
    return unchanged(withFighter(observation, status), ...rejection(observation, status));
  return begin(observation, status, context);
};

/** What a pause keeps from beginning: nothing, where what serves is what spec asks for. */
function whatWaits(
  observation: ReleaseObservation,
  status: MetadataServicesStatus,
  stray: ReturnType<typeof strayRelease>,
): readonly Notice[] {
  const { spec } = observation.resource;
  const rejected = rejection(observation, status);
  if (rejected.length > 0) return rejected;
  if (!asksFor(spec, recordOf(status, status.activeReleaseVersion)?.inputs)) {
    const message = `the release of storage ${spec.storage.imageTag} and schema ${spec.schema.imageTag}`;
    return [waiting('ReleasePending', message)];
  }
  return stray === undefined ? [] : [waiting('CleanupPending', `the removal of ${stray.version}`)];
}

function begin(
  observation: ReleaseObservation,
  status: MetadataServicesStatus,
  context: Parameters<DecideReleasePart>[2],
): ReleasePart {
  const { resource } = observation;
  const { spec } = resource;
  const inputs = inputsHash(spec);
  const taken = [
    ...historyOf(status).map(({ version }) => version),
    ...observation.revisions.flatMap(({ object }) => releaseOf(object) ?? []),
  ];
  const version = releaseVersion(context.now, inputs, taken);
  const strategy = freeStrategy(observation, status);
  const repeats = repetition(status, inputs);
  const isFirst = status.activeReleaseVersion === undefined;
  const pending = {
    version,
    strategy,
    inputs,
    storageTag: spec.storage.imageTag,
    schemaTag: spec.schema.imageTag,
    startedAt: timestamp(context.now),
    // Of the preparation: the window proper begins when all Deployments are there.
    readyDeadline: timestamp(context.now + windowOf('readinessTimeout', spec, context)),
    ...repeats,
  };
  return {
    status: {
      ...withRequestUsed(status),
      pending,
      pendingStrategy: strategy,
      pendingReleaseVersion: version,
      step: 'Preparing',
    },
    effects: [],
    events: [
      normal(
        'ReleaseStarted',
        'Deploy',
        `${isFirst ? 'First deployment detected (no active strategy). ' : ''}Creating ${strategy} deployment: release ${version}, storage ${pending.storageTag}, schema ${pending.schemaTag}${repeats.rollbackTo === undefined ? '' : `, repeats ${repeats.rollbackTo}`}`,
      ),
    ],
  };
}

/** A request to roll back makes one release: later ones of the same inputs are not its doing. */
function withRequestUsed(status: MetadataServicesStatus): MetadataServicesStatus {
  if (status.rollback === undefined) return status;
  const rollback = omit(status.rollback, 'inputs');
  return { ...status, rollback };
}

/** Not the color that serves, whatever the status has forgotten. */
function freeStrategy(observation: ReleaseObservation, status: MetadataServicesStatus): Strategy {
  if (status.activeStrategy !== undefined) return otherStrategy(status.activeStrategy);
  const served = servedBy(observation, 'storage');
  const color = observation.deployments.find((each) => releaseOf(each) === served && served !== undefined)
    ?.metadata.labels?.[strategyLabel];
  return color === 'blue' ? 'green' : 'blue';
}

/** Which release is repeated, where a rollback wrote these inputs into spec. */
function repetition(
  { rollback }: MetadataServicesStatus,
  inputs: string,
): Pick<PendingRelease, 'rollbackTo' | 'rollbackReason' | 'rollbackBy'> {
  if (rollback?.state !== 'Done' || rollback.inputs !== inputs) return {};
  return {
    rollbackTo: rollback.to,
    ...defined({ rollbackReason: rollback.reason, rollbackBy: rollback.requestedBy }),
  };
}

/** Deployments of a release that neither serves nor is under way. */
function strayRelease(
  { deployments }: ReleaseObservation,
  { activeReleaseVersion }: MetadataServicesStatus,
): { readonly version: string; readonly strategy: Strategy } | undefined {
  const stray = deployments.find(
    (each) => (releaseOf(each) ?? activeReleaseVersion) !== activeReleaseVersion,
  );
  if (stray === undefined) return undefined;
  const strategy = stray.metadata.labels?.[strategyLabel] === 'green' ? 'green' : 'blue';
  return { version: releaseOf(stray) ?? '', strategy };
}

/** Forgets rejected inputs once spec asks for something else; a rollback's memory lasts while spec stays at its target. */
function withoutOutdated(
  observation: ReleaseObservation,
  status: MetadataServicesStatus,
): MetadataServicesStatus {
  const { rejected, ...rest } = status;
  const { spec } = observation.resource;
  if (rejected === undefined) return status;
  if (asksFor(spec, rejected.rolledBackTo)) {
    const quiet = omit(rejected, 'by');
    return { ...rest, rejected: quiet };
  }
  if (!asksFor(spec, rejected.inputs)) return rest;
  // A person put it back, and may.
  return rejected.rolledBackTo !== undefined && whoFights(observation, status) === undefined ? rest : status;
}

function withFighter(
  observation: ReleaseObservation,
  status: MetadataServicesStatus,
): MetadataServicesStatus {
  const by = whoFights(observation, status);
  if (by === undefined || status.rejected === undefined) return status;
  return { ...status, rejected: { ...status.rejected, by } };
}

/** Why spec is not deployed, and what to do. */
function rejection(
  observation: ReleaseObservation,
  { rejected, activeReleaseVersion }: MetadataServicesStatus,
): readonly Notice[] {
  const { resource } = observation;
  if (rejected === undefined || !asksFor(resource.spec, rejected.inputs)) return [];
  const { name = '', namespace = '' } = resource.metadata;
  const { version, reason, message, rolledBackTo } = rejected;
  const annotate = `kubectl annotate metadataservices ${name} -n ${namespace} --overwrite`;
  if (rolledBackTo !== undefined) {
    const by = whoFights(observation, { rejected }) ?? 'an unknown field manager';
    return [
      held(
        'SpecConflict',
        `${by} put back into the spec what was rolled back (${version}); ${activeReleaseVersion ?? 'no release'} stays active`,
        {
          remedy: `Change the tags at the source that ${by} reads`,
          commands: [
            { purpose: 'or deploy them anyway', line: `${annotate} rollguard.io/retry="$(date +%s)"` },
          ],
        },
      ),
    ];
  }
  const back =
    activeReleaseVersion === undefined
      ? `kubectl edit metadataservices ${name} -n ${namespace}`
      : `${annotate} e6data.io/rollback-to=${activeReleaseVersion}`;
  return [
    // What Kubernetes calls it is no word of ours.
    {
      kind: 'held',
      reason,
      message: `release ${version} failed and will not be retried until the spec changes: ${message}. ${activeReleaseVersion === undefined ? 'No release is active yet' : `${activeReleaseVersion} stays active`}`,
      remedy:
        activeReleaseVersion === undefined
          ? 'Correct the spec'
          : 'Correct the spec, or set it back to the active release',
      commands: [
        { line: back },
        { purpose: 'or retry the same inputs', line: `${annotate} rollguard.io/retry="$(date +%s)"` },
      ],
    },
  ];
}

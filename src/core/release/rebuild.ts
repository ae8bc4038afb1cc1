import { releaseReasonAnnotation, releaseStatusAnnotation, strategyLabel } from '../../api/labels.ts';
import type { ReleaseRecord } from '../../api/metadataservices.ts';
import { defined, omit } from '../../api/object-fields.ts';
import { unchanged } from '../model/concern.ts';
import { parseTimestamp, timestamp } from '../model/time.ts';
import { normal, type DecideReleasePart } from './decision.ts';
import { withActive, withRecord } from './history.ts';
import { inputsHash } from './inputs.ts';
import { releaseOf, servedBy, type ObservedRevision } from './observation.ts';
import { repeatsAnnotation } from './render/revision.ts';

/**
 * The status is lost, as after a restore from a backup, but its children are there: what serves is the release that
 * the Service of no color selects, and the records tell the rest (docs/facts/metadataservices.md, T12). A release
 * without an ending was under way; it counts as failed, and spec may ask for it anew.
 */
export const decideHistory: DecideReleasePart = (observation, status) => {
  const isLost =
    status.releaseHistory === undefined &&
    status.activeReleaseVersion === undefined &&
    status.pending === undefined &&
    status.rejected === undefined;
  if (!isLost || observation.revisions.length === 0) return unchanged(status);
  const records = observation.revisions
    .flatMap(recordFrom)
    .toSorted((a, b) => (a.timestamp < b.timestamp ? -1 : 1));
  const served = servedBy(observation, 'storage');
  const active =
    records.find(({ version }) => version === served) ?? records.findLast((each) => each.status === 'Active');
  const others = records
    .filter((each) => each !== active)
    .map((each) => (each.status === 'Active' ? { ...each, status: 'Superseded' as const } : each));
  const history = others.reduce(withRecord, status);
  return {
    status: active === undefined ? history : withActive(history, withoutReason(active)),
    effects: [],
    events: [
      normal(
        'HistoryRebuilt',
        'Rebuild',
        `The status was lost; ${records.length} releases were read from their ControllerRevisions, ${active === undefined ? 'none' : active.version} is active`,
      ),
    ],
  };
};

function withoutReason(failed: ReleaseRecord): ReleaseRecord {
  const record = omit(failed, 'reason', 'message');
  return record;
}

function recordFrom({ object, snapshot }: ObservedRevision): readonly ReleaseRecord[] {
  const version = releaseOf(object);
  const { labels = {}, annotations = {}, creationTimestamp } = object.metadata;
  if (snapshot === undefined || version === undefined) return [];
  const said = annotations[releaseStatusAnnotation];
  const repeats = annotations[repeatsAnnotation];
  const status = said === 'Active' || said === 'Superseded' ? said : 'Failed';
  const reason = annotations[releaseReasonAnnotation] ?? 'StatusLost';
  return [
    {
      version,
      strategy: labels[strategyLabel] === 'green' ? 'green' : 'blue',
      storageTag: snapshot.inputs.storage.imageTag,
      schemaTag: snapshot.inputs.schema.imageTag,
      timestamp: startOf(version) ?? creationTimestamp ?? timestamp(0),
      status,
      inputs: inputsHash(snapshot.inputs),
      ...(status === 'Failed' ? { reason } : {}),
      ...defined({ rollbackTo: repeats }),
    },
  ];
}

/** The time in the name of a release. */
function startOf(version: string): string | undefined {
  const [, year, month, day, hour, minute, second] =
    /^v(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)-/.exec(version) ?? [];
  const time = parseTimestamp(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return time === undefined ? undefined : timestamp(time);
}

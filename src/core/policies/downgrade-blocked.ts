import { documents } from '../../api/documents.ts';
import { defined } from '../../api/object-fields.ts';
import type { PersistentVolumeClaim, Pod } from '../../api/kubernetes.ts';
import { attemptedVersionAnnotation, dataVersionAnnotation, runningVersionLabel } from '../../api/labels.ts';
import { everStarted, imageOf } from '../model/server-container.ts';
import { isOfEarlierLife } from '../model/earlier-life.ts';
import { known, unknown, type Known } from '../model/known.ts';
import { ordinalOf, setName } from '../model/names.ts';
import { isKnownUnopened } from '../model/target-starts.ts';
import { printable } from '../model/printable.ts';
import { imageVersion, tagVersion } from '../version/image-reference.ts';
import { compareVersions, parseVersion, type Version } from '../version/version.ts';
import { blueGreenStage, pinsTarget } from './cluster-operation.ts';
import { changesVersion, storedStatus, type ClusterRequest } from './cluster-request.ts';
import { violation, warning, type Policy } from './policy.ts';

/**
 * spec.version never goes below the high-water mark: the newest version that has run on
 * this cluster's data. Build metadata has no rank.
 *
 * The mark is the highest of: status.currentVersion; the target of an upgrade that has
 * run (rolling: a pod completed, or a container of it ever started and may have opened the data; blue-green: once the
 * first green member was asked to vote, or a phase says that it may have been); the version stamped on the cluster's
 * volumes, which also covers a cluster that was deleted and is created again; and for such a cluster, of which no
 * status and no pod tells more, the version that the volumes say a pod was let at them with.
 *
 * Guards: OpenBaoCluster CREATE, UPDATE.
 * Allows: the same or a newer version; taking a target back that has not run (a typo, a
 * git revert), which aborts its upgrade; where no version is known, volumes of an earlier cluster without a stamp to who
 * holds the verb `maintenance`, with a warning. Going
 * back to the version before in the midst of a blue-green upgrade is left to
 * operation-in-progress, which refuses it and names the way.
 * Unknown: a mark that cannot be read refuses a change of version, and nothing else.
 * Source: specification, pages 000, 002 ("Downgrades are blocked by default") and 004;
 * docs/design.md, "What the gate refuses".
 */
export const downgradeBlocked: Policy<ClusterRequest> = {
  id: 'downgrade-blocked',
  changes: changesVersion,
  evaluate(request) {
    const { version: text } = request.object.spec;
    const parsed = parseVersion(text);
    // invalid-version speaks of it.
    if (parsed.kind === 'unknown') return [];
    const wanted = parsed.value;
    if (pinsTarget(request) && !isBelowCurrent(wanted, request)) return [];
    const evidence = gather(request, wanted);
    const above = evidence.marks
      .filter((mark) => compareVersions(mark.version, wanted) > 0)
      .toSorted((a, b) => compareVersions(b.version, a.version));
    const [highest] = above;
    if (highest !== undefined) {
      const seen = above.filter((mark) => compareVersions(mark.version, highest.version) === 0);
      const sources = seen.map(({ source }) => source).slice(0, 3);
      const hasRun = seen.some(({ attemptedOn }) => attemptedOn === undefined);
      return [
        violation(
          'DowngradeBlocked',
          'spec.version',
          `spec.version ${wanted.canonical} is older than ${highest.version.canonical}, which ${hasRun ? 'has run' : 'may have opened the data'} here (${sources.join(', ')})`,
          `set spec.version to ${highest.version.canonical} or newer; to return to ${wanted.canonical}, restore a snapshot that it made into an empty cluster (${documents.emptyCluster})${hasRun ? '' : unopened(request, above)}`,
        ),
      ];
    }
    if (evidence.unread.length > 0) {
      return [
        violation(
          'DowngradeBlocked',
          'spec.version',
          `whether spec.version ${wanted.canonical} is a downgrade is unknown: ${evidence.unread.slice(0, 3).join('; ')}`,
          'fix that and apply again; changes of other fields are still allowed',
        ),
      ];
    }
    const { unstamped } = evidence;
    if (!hasUnstamped(request, evidence)) return [];
    const { namespace = 'default' } = request.object.metadata;
    const missing = `volumes of an earlier cluster of this name carry no version (${unstamped.slice(0, 3).join(', ')})`;
    const write = `kubectl annotate pvc -n ${namespace} ${unstamped.join(' ')} ${dataVersionAnnotation}=VERSION`;
    const { maintenance } = request.permissions;
    return [
      maintenance.kind === 'known' && maintenance.value
        ? warning(
            `${missing}; make sure that ${wanted.canonical} is not lower than the version that wrote their data, and write that one down: ${write}`,
          )
        : violation(
            'DowngradeBlocked',
            'spec.version',
            `whether spec.version ${wanted.canonical} is a downgrade is unknown: ${missing}`,
            `somebody who holds the verb "maintenance" writes down which version wrote their data: ${write}`,
          ),
    ];
  },
};

/** The way out where a person knows more than the volumes do. */
function unopened({ object }: ClusterRequest, marks: readonly Mark[]): string {
  const volumes = [...new Set(marks.flatMap(({ attemptedOn }) => attemptedOn ?? []))];
  return `; if you know that none of its pods ever started, with the verb maintenance: kubectl annotate pvc -n ${object.metadata.namespace ?? 'default'} ${volumes.join(' ')} ${attemptedVersionAnnotation}-`;
}

/** A request without what is known of who sends it. */
type Seen = Omit<ClusterRequest, 'permissions'>;

/** Whether it depends on the verb `maintenance`: nobody can tell what ran on volumes that were there before. */
export const needsMaintenance = (request: Seen): boolean => hasUnstamped(request, gather(request, undefined));

const hasUnstamped = ({ operation }: Seen, { unstamped, marks }: Evidence): boolean =>
  unstamped.length > 0 && (operation === 'CREATE' || marks.length === 0);

/** Whether a volume says what wrote to it, or what was let at it. */
export const saysVersion = ({ metadata: { annotations } }: PersistentVolumeClaim): boolean =>
  (annotations?.[dataVersionAnnotation] ?? annotations?.[attemptedVersionAnnotation]) !== undefined;

/** A claim that never had a volume has no data; what is there when its cluster is created is older. */
const isUnstamped = (claim: PersistentVolumeClaim, { oldObject }: Seen): boolean =>
  !saysVersion(claim) &&
  Boolean(claim.spec?.volumeName) &&
  (oldObject === undefined || isOfEarlierLife(claim, oldObject.metadata));

interface Mark {
  readonly version: Version;
  readonly source: string;
  /** The volume that a pod of it was let at, and that it may have opened. */
  readonly attemptedOn?: string;
}

interface Evidence {
  readonly marks: readonly Mark[];
  /** Each a clause: what could not be read, and why. */
  readonly unread: readonly string[];
  /** Names of volumes that were there before the cluster, without a stamp. */
  readonly unstamped: readonly string[];
}

/** @param wanted asks more of the pods, where it is a step down */
function gather(request: Seen, wanted: Version | undefined): Evidence {
  const marks: Mark[] = [];
  const unread: string[] = [];
  const unstamped: string[] = [];
  const add = (text: string, source: string, attemptedOn?: string) => {
    const version = parseVersion(text);
    if (version.kind === 'unknown') unread.push(`${source} "${printable(text)}" is not a version`);
    else marks.push({ version: version.value, source, ...defined({ attemptedOn }) });
  };

  const { currentVersion, upgrade, blueGreen } = storedStatus(request);
  if (currentVersion) add(currentVersion, 'status.currentVersion');
  if (upgrade?.targetVersion && (upgrade.completedPods ?? []).length > 0) {
    add(upgrade.targetVersion, 'status.upgrade.targetVersion, already on some pods');
  }
  if (mayHaveCrossed(request)) {
    const target = blueGreen?.greenVersion || request.oldObject?.spec.version;
    if (target) add(target, `status.blueGreen in phase ${blueGreen?.phase}`);
  }
  // The rest has to be read, which is done only for a change of version.
  if (!changesVersion(request)) return { marks, unread, unstamped };

  if (request.volumes.kind === 'unknown') {
    unread.push(`the cluster's volumes could not be read (${request.volumes.cause})`);
  } else {
    for (const claim of request.volumes.value) {
      const { name = '', annotations } = claim.metadata;
      if (isUncrossedGreen(name.replace(/^data-/, ''), request)) continue;
      const stamp = annotations?.[dataVersionAnnotation];
      if (stamp !== undefined) add(stamp, `the stamp on volume ${name}`);
      else if (isUnstamped(claim, request)) unstamped.push(name);
      const attempted = annotations?.[attemptedVersionAnnotation];
      if (attempted !== undefined && request.operation === 'CREATE')
        add(attempted, `a pod of it was let at volume ${name}`, name);
    }
  }
  if (request.pods.kind === 'unknown') {
    unread.push(`the cluster's pods could not be read (${request.pods.cause})`);
  } else {
    for (const pod of request.pods.value) {
      const isNoMark = isUncrossedGreen(pod.metadata.name ?? '', request) || isUnopened(pod, request);
      const ran = isNoMark ? undefined : ranVersion(pod, request);
      if (ran?.kind === 'known') marks.push({ version: ran.value, source: `pod ${pod.metadata.name}` });
      // Whatever ran was admitted at or below the stored version: only a step down has to know more.
      else if (ran !== undefined && wanted !== undefined && isBelowStored(wanted, request))
        unread.push(ran.cause);
    }
  }
  return { marks, unread, unstamped };
}

/** A green voter may exist, and in a rollback one did: the specification, page 000, forbids this way out of it. */
function mayHaveCrossed(request: Seen): boolean {
  const stage = blueGreenStage(request);
  return stage !== 'idle' && stage !== 'early';
}

/** A green member that is not yet a voter has run, but only as a copy that may still be thrown away, with its volume. */
function isUncrossedGreen(pod: string, request: Seen): boolean {
  const { greenRevision } = storedStatus(request).blueGreen ?? {};
  if (!greenRevision || blueGreenStage(request) !== 'early') return false;
  return ordinalOf(setName(request.object.metadata.name ?? '', greenRevision), pod) !== undefined;
}

/** The first pod of a rolling upgrade has started, but every start is known to have ended before the data, or is sealed. */
function isUnopened(pod: Pod, request: Seen): boolean {
  const { upgrade } = storedStatus(request);
  return upgrade !== undefined && isKnownUnopened(pod, upgrade);
}

/** Also where it is not known which version is current. */
function isBelowCurrent(wanted: Version, request: Seen): boolean {
  const current = parseVersion(storedStatus(request).currentVersion ?? '');
  return current.kind === 'unknown' || compareVersions(wanted, current.value) < 0;
}

function isBelowStored(wanted: Version, { oldObject }: Seen): boolean {
  const stored = parseVersion(oldObject?.spec.version ?? '');
  return stored.kind === 'known' && compareVersions(wanted, stored.value) < 0;
}

/**
 * The version that a pod runs or ran: what its image says, or is known for, else what its label says, which is
 * OpenBao's, but whoever may write the pod can write it. The controller asks
 * the members too, and knows what it rolls out (src/core/cluster/version-stamps.ts); the gate asks no OpenBao, and
 * has to say why it cannot tell.
 *
 * @returns nothing where it never started
 */
function ranVersion(pod: Pod, request: Seen): Known<Version> | undefined {
  const image = imageOf(pod.spec);
  const hasStarted = image !== undefined && everStarted(pod);
  const tagged = hasStarted ? imageVersion(image) : undefined;
  if (tagged !== undefined) return known(tagged);
  // A digest says no version; the image that a spec names runs the version that it names beside it.
  const { oldObject, object } = request;
  const spec = hasStarted ? [oldObject?.spec, object.spec].find((each) => each?.image === image) : undefined;
  const version = parseVersion(spec?.version ?? '');
  if (version.kind === 'known') return version;
  const labelled = pod.metadata.labels?.[runningVersionLabel];
  const said = labelled === undefined ? undefined : tagVersion(labelled);
  if (said !== undefined) return known(said);
  return hasStarted
    ? unknown(
        `pod ${pod.metadata.name} has run the image "${printable(image)}", which does not name a version`,
      )
    : undefined;
}

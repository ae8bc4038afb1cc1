import { factsOf, remedyOf, type Path, type PathEffect, type PathFact } from '../version/upgrade-paths.ts';
import { compareVersions, parseVersion, versionOf, type Version } from '../version/version.ts';
import { attemptedVersionAnnotation, dataVersionAnnotation } from '../../api/labels.ts';
import { printable } from '../model/printable.ts';
import { declaresPlugin, sealType } from '../model/seal.ts';
import {
  changesStrategy,
  changesVersion,
  storedStatus,
  upgradeStrategy,
  type ClusterRequest,
} from './cluster-request.ts';
import { violation, warning, type Finding, type Policy } from './policy.ts';

/**
 * What is known of the way to spec.version: from the version that runs, under the chosen strategy and seal; at a
 * CREATE, from what the volumes carry that are there already, or from nothing (src/core/version/upgrade-paths.ts).
 *
 * Guards: OpenBaoCluster CREATE; UPDATE of version or strategy; of the seal, as far as the seal is why.
 * Allows: with a warning, what works with limits, and what only our own controller does not do.
 * Unknown: what runs refuses a change of version under a strategy that has known bad paths to it.
 * Source: docs/facts/openbao.md, 7; docs/facts/openbao-2.6-measured.md, 0.1 and 0.2;
 * docs/facts/openbao-operator.md, 7.2.
 */
export const upgradePathBlocked: Policy<ClusterRequest> = byEffect(['refuse']);

/** The same before our own controller drives anything: it also stops at what it does not do itself. */
export const upgradePathDriven = byEffect(['refuse', 'hold']);

function byEffect(stops: readonly PathEffect[]): Policy<ClusterRequest> {
  return {
    id: 'upgrade-path-blocked',
    changes,
    evaluate(request) {
      const path = pathOf(request);
      if (path === undefined) return [];
      const found = factsOf(path);
      const bad = found.filter((fact) => stops.includes(fact.effect) && isAsked(fact, request));
      if (path.from === 'unknown') return bad.length > 0 && changesVersion(request) ? [untold(path)] : [];
      const limits = changes(request) ? found.filter((fact) => !bad.includes(fact)) : [];
      return [...bad.map((fact) => refused(fact, path)), ...limits.map((fact) => told(fact, path))];
    },
  };
}

/** Every CREATE has a version that was not there before. */
function changes(request: ClusterRequest): boolean {
  return changesWay(request) || changesSeal(request);
}

const changesWay = (request: ClusterRequest) => changesVersion(request) || changesStrategy(request);

const changesSeal = ({ object, oldObject }: ClusterRequest) =>
  oldObject !== undefined && sealType(object) !== sealType(oldObject);

/** Another seal asks only about what is said of seals; the version and all else of it were there before. */
const isAsked = ({ seals }: PathFact, request: ClusterRequest) =>
  seals !== undefined || changesWay(request) || !changesSeal(request);

/** Undefined where another rule speaks of what cannot be read. */
function pathOf(request: ClusterRequest): Path | undefined {
  const { object } = request;
  const parsed = parseVersion(object.spec.version);
  // invalid-version speaks of it.
  if (parsed.kind === 'unknown') return undefined;
  const asked = { to: parsed.value, seal: sealType(object), hasPlugin: declaresPlugin(object) };
  const strategy = upgradeStrategy(object);
  const { currentVersion, initialized } = storedStatus(request);
  if (currentVersion === undefined) {
    if (initialized === true) return { ...asked, strategy, from: 'unknown' };
    const from = onVolumes(request);
    return from === undefined ? asked : { ...asked, from };
  }
  const running = parseVersion(currentVersion);
  // downgrade-blocked speaks of it.
  return running.kind === 'unknown' ? undefined : { ...asked, strategy, from: running.value };
}

/**
 * The newest version that volumes of an earlier cluster of this name carry, which has written their data or may have.
 * What they say wrongly, downgrade-blocked tells.
 */
function onVolumes({ volumes }: ClusterRequest): Version | undefined {
  if (volumes.kind === 'unknown') return undefined;
  const stamps = volumes.value.flatMap(({ metadata: { annotations = {} } }) =>
    [dataVersionAnnotation, attemptedVersionAnnotation].flatMap((name) => versionOf(annotations[name]) ?? []),
  );
  return stamps.toSorted((a, b) => compareVersions(b, a))[0];
}

const refused = (fact: PathFact, path: Path): Finding =>
  violation('UpgradePathBlocked', 'spec.version', `${subject(fact, path)}: ${fact.why}`, remedy(fact, path));

const told = (fact: PathFact, path: Path): Finding =>
  warning(`${subject(fact, path)}: ${fact.why}; ${remedy(fact, path)}`);

const remedy = (fact: PathFact, path: Path) =>
  remedyOf(fact, path, path.strategy === undefined ? undefined : running(path));

const running = ({ from }: Path) => (typeof from === 'object' ? from.canonical : undefined);

/** What a fact is about, and that it goes badly where it does. */
function subject({ effect, strategy, seals }: PathFact, path: Path): string {
  const { from, to, seal } = path;
  const sealed = seals === undefined ? '' : ` with the seal ${printable(seal)}`;
  const bad =
    effect === 'refuse' ? ' cannot succeed' : effect === 'hold' ? ' is not driven by Rollguard' : '';
  if (typeof from !== 'object')
    return `spec.version ${to.canonical}${sealed}${effect === 'refuse' ? ' cannot be used' : bad}`;
  const way = strategy === 'any' ? 'the way' : strategy;
  return `${way} from ${from.canonical} to ${to.canonical}${sealed}${bad}`;
}

const untold = ({ to, strategy = '' }: Path): Finding =>
  violation(
    'UpgradePathBlocked',
    'spec.version',
    `whether ${to.canonical} can be reached with ${strategy} is unknown: status.currentVersion does not have the running version`,
    'apply it again when status.currentVersion is set',
  );

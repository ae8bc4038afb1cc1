import semver from 'semver';
import { documents } from '../../api/documents.ts';
import { sealGap } from './seal-support.ts';
import { compareVersions, parseVersion, prereleaseOf, type Version } from './version.ts';

/**
 * What a fact leads to.
 * - `refuse`: the gate refuses, and the controller does not start it
 * - `hold`: the gate warns, for the cluster may be another operator's; our own controller does not start it
 * - `warn`: the gate says so, and that is all
 */
export type PathEffect = 'refuse' | 'hold' | 'warn';

/** Which versions: a range of semver (prereleases of its versions count), or one of these words. */
type Versions = keyof typeof words | (string & {});

/** Something that can be done instead. It is named only while no row closes it. */
type Way =
  /** another version, by the same strategy */
  | { readonly version: string }
  /** the same version by the other strategy, in a change of its own */
  | { readonly strategy: 'RollingUpdate' }
  /** the same version in an empty cluster, with the data of a snapshot */
  | 'restore'
  /** a clause that names no other version and no other strategy */
  | { readonly advice: string };

/** One fact about the way to a version. */
export interface PathFact {
  readonly id: string;
  /** As `spec.upgrade.strategy` names it; `any` also where the members of a new cluster all begin with it. */
  readonly strategy: 'RollingUpdate' | 'BlueGreen' | 'any';
  /** What runs; `any` also where nothing runs yet. */
  readonly from: Versions;
  readonly to: Versions;
  /** The seals that it is about, as `spec.unseal.type` names them; all where there is none. */
  readonly seals?: readonly string[];
  readonly effect: PathEffect;
  /** What happens: a clause. */
  readonly why: string;
  /** Whether the green pods start with what runs, and are upgraded in place once they vote. */
  readonly isGreenBornOld?: true;
  readonly instead: readonly Way[];
  /** The page of docs/facts/ and its section. */
  readonly source: string;
}

/** A way that is asked about. */
export interface Path {
  /** None where the members of a new cluster all begin with it. */
  readonly strategy?: string;
  /** What runs, or has written the volumes that are there; absent where nothing has. */
  readonly from?: Version | 'unknown';
  readonly to: Version;
  /** As `spec.unseal.type` names it. */
  readonly seal: string;
  /** Whether a plugin for the seal is declared. */
  readonly hasPlugin?: boolean;
}

const words = {
  any: () => true,
  /** An alpha or a beta of OpenBao. */
  beta: (version: Version) => /^(?:alpha|beta)/.test(prereleaseOf(version) ?? ''),
  /** Whatever is no alpha and no beta of OpenBao. */
  'no beta': (version: Version) => !words.beta(version),
  /** What stands between a release and the next: rc, nightly, dev. */
  prerelease: (version: Version) => /^(?:rc|nightly|dev)/.test(prereleaseOf(version) ?? ''),
  /** More than one minor version above what runs. */
  'beyond the next minor': (to: Version, from?: Version) =>
    from !== undefined && to.parsed.major === from.parsed.major && to.parsed.minor - from.parsed.minor > 1,
} as const;

const cloudSeals = ['alicloudkms', 'awskms', 'azurekeyvault', 'gcpckms', 'ocikms'];

/** Versions that Rollguard was run with (docs/development/evidence.md). */
const proved: readonly Way[] = [{ version: '2.4.4' }, { version: '2.5.5' }, { version: '2.6.2' }];

/**
 * Every fact that is known of the ways between versions, one row each: what the gate refuses or warns of, also at a
 * CREATE, and what the controller does not start. What was not tried with a newer version is taken for as bad, so
 * most rows have no upper end. docs/reference/upgrade-paths.md is generated from it.
 */
export const pathFacts: readonly PathFact[] = [
  {
    id: 'withdrawn',
    strategy: 'any',
    from: 'any',
    to: '2.3.0 || 2.4.2',
    effect: 'refuse',
    why: 'its maintainers have withdrawn that release',
    instead: proved,
    source: 'openbao.md, 1',
  },
  {
    id: 'no-static-seal',
    strategy: 'any',
    from: 'any',
    to: '<2.4.0-0',
    seals: ['static'],
    effect: 'refuse',
    why: 'the static seal and self-initialization came with 2.4.0, so its members would never be initialized',
    instead: proved,
    source: 'openbao.md, 2',
  },
  {
    id: 'below-2.4',
    strategy: 'any',
    from: 'any',
    to: '<2.4.0-0',
    effect: 'hold',
    why: 'Rollguard drives no OpenBao below 2.4.0, the first version that initializes itself',
    instead: proved,
    source: 'openbao.md, 2',
  },
  {
    id: 'from-below-2.4',
    strategy: 'any',
    from: '<2.4.0-0',
    to: '>=2.4.0-0',
    effect: 'hold',
    why: 'Rollguard drives no members below 2.4.0, and never ran one',
    instead: [{ advice: 'upgrade these members with what has created them' }],
    source: 'openbao.md, 7',
  },
  {
    id: 'no-votes-to-move',
    strategy: 'BlueGreen',
    from: '<2.2.0-0',
    to: 'any',
    effect: 'refuse',
    why: 'members can be promoted and demoted from 2.2.0 on only',
    instead: [{ strategy: 'RollingUpdate' }],
    source: 'openbao.md, 7',
  },
  {
    id: 'raft-log-2.1',
    strategy: 'any',
    from: '<2.1.0-0',
    to: '>=2.1.0-0',
    effect: 'warn',
    why: '2.0 cannot apply the Raft log entries that 2.1 writes, so members of 2.0 fall behind until they are replaced',
    instead: [{ advice: 'take a snapshot first, and replace all members without a pause' }],
    source: 'openbao.md, 7',
  },
  {
    id: 'into-changed-storage',
    strategy: 'any',
    from: 'any',
    to: '2.5.0-beta20251125',
    effect: 'refuse',
    why: 'that beta stored its keys in another form: it cannot read what 2.4 wrote, and nothing else reads what it wrote',
    instead: proved,
    source: 'openbao.md, 7.1',
  },
  {
    id: 'out-of-changed-storage',
    strategy: 'any',
    from: '2.5.0-beta20251125',
    to: 'any',
    effect: 'refuse',
    why: 'that beta stored its keys in another form, which no other version reads',
    instead: [{ advice: 'create another cluster, and write there what is needed of this one' }],
    source: 'openbao.md, 7.1',
  },
  {
    id: 'into-a-beta',
    strategy: 'any',
    from: 'no beta',
    to: 'beta',
    effect: 'refuse',
    why: 'a beta promises no other version that it reads what the beta wrote, and one (2.5.0-beta20251125) was a dead end',
    instead: [{ advice: 'try the beta in a cluster of its own' }],
    source: 'openbao.md, 7.1',
  },
  {
    id: 'a-beta',
    strategy: 'any',
    from: 'any',
    to: 'beta',
    effect: 'warn',
    why: 'a beta promises no other version that it reads what the beta wrote',
    instead: [{ advice: 'keep nothing in this cluster that you cannot lose' }],
    source: 'openbao.md, 7.1',
  },
  {
    id: 'out-of-a-beta',
    strategy: 'any',
    from: 'beta',
    to: 'no beta',
    effect: 'warn',
    why: 'a release does not promise to read what a beta wrote',
    instead: [{ advice: 'take a snapshot first' }],
    source: 'openbao.md, 7.1',
  },
  {
    id: 'a-prerelease',
    strategy: 'any',
    from: 'any',
    to: 'prerelease',
    effect: 'warn',
    why: 'it is a prerelease',
    instead: [{ advice: 'use a release in production' }],
    source: 'openbao.md, 7',
  },
  {
    id: 'cloud-seal-2.5.0',
    strategy: 'any',
    from: 'any',
    to: '2.5.0',
    seals: cloudSeals,
    effect: 'refuse',
    why: 'with this seal 2.5.0 unseals nothing that another version wrote, nor another what 2.5.0 wrote; mended in 2.5.1',
    instead: [{ version: '2.5.5' }],
    source: 'openbao.md, 7',
  },
  {
    id: 'out-of-cloud-seal-2.5.0',
    strategy: 'any',
    from: '2.5.0',
    to: 'any',
    seals: cloudSeals,
    effect: 'warn',
    why: 'with this seal what 2.5.0 wrote may not be unsealed by another version, so the first new member may stay sealed',
    instead: [{ advice: 'take a snapshot first, and go back to 2.5.0 where that member stays sealed' }],
    source: 'openbao.md, 7.1',
  },
  {
    id: 'aead-seal-removed',
    strategy: 'any',
    from: 'any',
    to: '>=2.5.0-0',
    seals: ['aead'],
    effect: 'refuse',
    why: '2.5.0 removed this seal, so no member would unseal',
    instead: [{ version: '2.4.4' }],
    source: 'openbao.md, 2',
  },
  {
    id: 'built-in-plugins-removed',
    strategy: 'any',
    from: '<2.7.0-0',
    to: '>=2.7.0-0',
    effect: 'warn',
    why: '2.7.0 has LDAP, Kerberos and RADIUS only as plugins, so mounts of them stop working without these',
    instead: [{ advice: 'register the plugins first, or make sure that there is no such mount' }],
    source: 'openbao.md, 7',
  },
  {
    id: 'green-born-old',
    strategy: 'BlueGreen',
    from: '<2.6.0',
    to: '>=2.6.0-0',
    effect: 'warn',
    why: "members before 2.6 and from 2.6 on do not hear each other's health, so green pods start as blue, are upgraded in place once they vote, and once one of them leads there is no rollback",
    isGreenBornOld: true,
    instead: ['restore', { advice: 'request a rollback, if one is needed, before a green member leads' }],
    source: 'openbao-2.6-measured.md, 0.1',
  },
  {
    id: 'green-born-old-2.6.3',
    strategy: 'BlueGreen',
    from: '<2.6.0',
    to: '>=2.6.3-0 <2.7.0-0',
    effect: 'warn',
    why: 'how members before 2.6 and from 2.6.3 on work together was not measured',
    instead: [{ version: '2.6.2' }, { advice: 'try it in another cluster first' }],
    source: 'openbao-2.6-measured.md, 7',
  },
  {
    id: 'mixed-until-2.6.3',
    strategy: 'RollingUpdate',
    from: '<2.6.0',
    to: '>=2.6.0-0 <2.6.3-0',
    effect: 'warn',
    why: 'while both versions run, standbys answer writes with a redirect (307), and a member that joins, or has lost its vote, gets none',
    instead: [
      { version: '2.6.3' },
      { advice: 'do it in one go, and neither remove nor add a member meanwhile' },
    ],
    source: 'openbao-2.6-measured.md, 0.2',
  },
  {
    id: 'mixed-from-2.6.3',
    strategy: 'RollingUpdate',
    from: '<2.6.0',
    to: '>=2.6.3-0',
    effect: 'warn',
    why: '2.6.3 is said to forward requests of members before 2.6 again, which was not measured',
    instead: [{ advice: 'do it in one go, and neither remove nor add a member meanwhile' }],
    source: 'openbao.md, 7',
  },
  {
    id: 'across-2.6.3',
    strategy: 'any',
    from: '>=2.6.0-0 <2.6.3-0',
    to: '>=2.6.3-0 <2.7.0-0',
    effect: 'warn',
    why: 'how members before 2.6.3 and from 2.6.3 on work together was not measured',
    instead: [{ advice: 'try it in another cluster first' }],
    source: 'openbao-2.6-measured.md, 7',
  },
  {
    id: 'memory-leak-2.4',
    strategy: 'any',
    from: 'any',
    to: '2.4.0 || 2.4.1 || 2.4.3',
    effect: 'warn',
    why: 'Raft leaks memory on standbys of 2.4.0 to 2.4.3, or has the fault that its first correction brought',
    instead: proved,
    source: 'openbao.md, 7',
  },
  {
    id: 'step-downs-2.5',
    strategy: 'any',
    from: 'any',
    to: '>=2.5.0 <2.5.5-0',
    effect: 'warn',
    why: 'a leader below 2.5.4 can crash when it steps down, and one below 2.5.5 then serves no reads as a standby',
    instead: [{ version: '2.5.5' }],
    source: 'openbao.md, 7',
  },
  {
    id: 'skips-a-minor',
    strategy: 'any',
    from: 'any',
    to: 'beyond the next minor',
    effect: 'warn',
    why: 'it skips a minor version, which is allowed, but nothing of it was measured',
    instead: [{ advice: 'read the notes of every version between' }],
    source: 'openbao.md, 7',
  },
];

/** The rows that a way falls under, in the order of the table; none for the version that runs, and for an older one. */
export function factsOf(path: Path): readonly PathFact[] {
  const { from, to } = path;
  if (from !== undefined && from !== 'unknown' && compareVersions(from, to) >= 0) return [];
  const found = pathFacts.filter((fact) => isUnder(path, fact));
  // What is refused needs no warning beside it.
  return found.some(({ effect }) => effect === 'refuse')
    ? found.filter(({ effect }) => effect === 'refuse')
    : found;
}

/** Whether the green half of a blue-green upgrade starts with the version that runs, and is upgraded in place. */
export const isGreenBornOld = (from: Version, to: Version): boolean =>
  factsOf({ strategy: 'BlueGreen', from, to, seal: '' }).some((fact) => fact.isGreenBornOld === true);

function isUnder({ strategy, from, to, seal }: Path, fact: PathFact): boolean {
  if (fact.strategy !== 'any' && fact.strategy !== strategy) return false;
  if (fact.seals !== undefined && !fact.seals.includes(seal)) return false;
  // Which of two versions is the older one matters to a strategy; whether data can be read is asked again when it is known.
  if (from === 'unknown') return fact.strategy !== 'any' && includes(fact.to, to);
  if (fact.from !== 'any' && (from === undefined || !includes(fact.from, from))) return false;
  return includes(fact.to, to, from);
}

/** Whether a version is one of those that a row names. */
function includes(versions: Versions, version: Version, from?: Version): boolean {
  return versions in words
    ? words[versions as keyof typeof words](version, from)
    : semver.satisfies(version.parsed, versions, { includePrerelease: true });
}

/**
 * What can be done instead, as a sentence without its full stop.
 *
 * @param running the version that runs, as a person is to keep it
 */
export function remedyOf({ instead, effect }: PathFact, path: Path, running: string | undefined): string {
  const open = instead.filter((way) => isOpen(way, path));
  const versions = best(
    open.flatMap((way) => (typeof way === 'object' && 'version' in way ? [way.version] : [])),
    path,
  );
  const others = open.flatMap((way) => (typeof way === 'object' && 'advice' in way ? [way.advice] : []));
  const byStrategy = open.some((way) => typeof way === 'object' && 'strategy' in way);
  const stay = running === undefined || effect === 'warn' ? [] : [`leave spec.version at ${running}`];
  const said = [
    ...(versions.length > 0 ? [`set spec.version to ${versions.join(' or ')}`] : []),
    ...(byStrategy
      ? [
          [
            ...stay,
            'set spec.upgrade.strategy to RollingUpdate in a separate change',
            'then change spec.version',
          ].join(', '),
        ]
      : versions.length > 0
        ? []
        : stay),
    ...(open.includes('restore')
      ? [`restore a snapshot into an empty cluster of ${path.to.canonical} (${documents.emptyCluster})`]
      : []),
    ...others,
  ];
  return said.length === 0 ? `choose a version that is open (${documents.upgradePaths})` : said.join('; or ');
}

/** Of some versions those that no row warns of, where there are such. */
function best(versions: readonly string[], path: Path): readonly string[] {
  const unwarned = versions.filter((version) => factsOf({ ...path, to: read(version) }).length === 0);
  return unwarned.length > 0 ? unwarned : versions;
}

/** Whether no row closes a way, the version opens the seal, and it leads to no older version. */
function isOpen(way: Way, path: Path): boolean {
  if (typeof way === 'object' && 'advice' in way) return true;
  const { from } = path;
  const to = typeof way === 'object' && 'version' in way ? read(way.version) : path.to;
  if (way !== 'restore' && from !== undefined && from !== 'unknown' && compareVersions(from, to) >= 0)
    return false;
  const { seal, hasPlugin = false } = path;
  const asked: Path =
    way === 'restore'
      ? { to, seal }
      : { ...path, to, ...('strategy' in way ? { strategy: way.strategy } : {}) };
  const gap = sealGap(seal, to, hasPlugin);
  const opens = gap === undefined || gap.kind === 'needs-plugin-soon';
  return opens && factsOf(asked).every(({ effect }) => effect === 'warn');
}

function read(text: string): Version {
  const version = parseVersion(text);
  if (version.kind === 'unknown')
    throw new Error(`the table of upgrade paths has ${text}, which ${version.cause}`);
  return version.value;
}

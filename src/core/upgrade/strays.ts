import { isSameVersion } from './target.ts';
import type { Peer } from '../raft/peers.ts';

/** A member that runs another version than it should. */
export interface Stray {
  readonly peer: Peer;
  /** What it says that it runs. */
  readonly version: string;
  /** A clause such as "prod-1 runs 2.4.4, not 2.5.5". */
  readonly why: string;
}

/** The members that say another version than this one. Who does not answer says none. */
export const strays = (peers: readonly Peer[], version: string): readonly Stray[] =>
  peers.flatMap((peer) => {
    const { name, member } = peer;
    if (member.kind === 'unknown' || isSame(member.value.version, version)) return [];
    return [
      { peer, version: member.value.version, why: `${name} runs ${member.value.version}, not ${version}` },
    ];
  });

/** Whether an upgrade to this version puts an end to it: it is what they all should run, or what the strays run. */
export const mendsVersions = (
  found: readonly Stray[],
  current: string | undefined,
  wanted: string,
): boolean => isSame(wanted, current ?? '') || found.every(({ version }) => isSame(wanted, version));

/** What is no version is itself. */
const isSame = (a: string, b: string) => a === b || isSameVersion(a, b);

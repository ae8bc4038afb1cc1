import type { Observation } from '../../core/model/observation.ts';

/**
 * By how many log entries each member is behind its leader, by pod name. Indexes of one observation are read one
 * after another, so a few entries mean nothing under load. Empty where no leader is known.
 */
export function raftLag({
  members,
  raft,
}: Pick<Observation, 'members' | 'raft'>): ReadonlyMap<string, number> {
  const leader = raft.kind === 'known' ? members.get(raft.value.readFrom) : undefined;
  const last = leader?.kind === 'known' ? leader.value.lastIndex : undefined;
  if (last === undefined) return new Map();
  const lags = [...members].flatMap(([pod, member]): readonly (readonly [string, number])[] =>
    member.kind === 'known' && member.value.appliedIndex !== undefined
      ? [[pod, Math.max(0, last - member.value.appliedIndex)]]
      : [],
  );
  return new Map(lags);
}

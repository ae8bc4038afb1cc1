import type { Known } from '../model/known.ts';
import type { Member } from '../model/observation.ts';

/** What each member says of itself, by the name of its pod. */
export type Members = ReadonlyMap<string, Known<Member>>;

/** The members that answered. */
export const answersOf = (members: Members): readonly Member[] =>
  [...members.values()].flatMap((member) => (member.kind === 'known' ? [member.value] : []));

/** What a member has applied of the log, as it says. */
export function appliedIndex(members: Members, pod: string): number | undefined {
  const member = members.get(pod);
  return member?.kind === 'known' ? member.value.appliedIndex : undefined;
}

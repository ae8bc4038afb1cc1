import { known, type Known } from '../../core/model/known.ts';
import type { SealableNamespace } from '../../core/model/observation.ts';
import { readKnown } from '../read-known.ts';
import type { ListedNamespace } from './answers.ts';

/** Those of a cluster with more are not looked through: each costs a call, and their list has no pages. */
const mostNamespaces = 1000;

/** A member that is asked. */
interface NamespaceHolder {
  readonly pod: string;
  /** Whether it is without the keys of a namespace; undefined for one that is not sealable. */
  isSealed(path: string): Promise<boolean | undefined>;
}

/**
 * The sealable namespaces, and who holds their keys. The leader says which there are; the others are asked about these
 * alone, all at once, each one call after the other.
 *
 * @param plain by uuid, those that are known not to be sealable: that is settled when one is made. It is kept up to
 *   date, so that a look that was cut short makes the next one shorter.
 * @throws Error that fits behind a colon where the leader cannot say it
 */
export async function readSealableNamespaces(
  leader: NamespaceHolder & { namespaces(): Promise<readonly ListedNamespace[]> },
  others: readonly NamespaceHolder[],
  plain: Set<string>,
): Promise<readonly SealableNamespace[]> {
  const listed = await leader.namespaces();
  // One that is being deleted has nothing to lose.
  const found = listed.filter(({ tainted }) => !tainted);
  const ids = new Set(found.map(({ uuid }) => uuid));
  for (const uuid of plain) if (!ids.has(uuid)) plain.delete(uuid);
  if (found.length > mostNamespaces) {
    throw new Error(
      `there are ${found.length} namespaces, more than the ${mostNamespaces} that are looked through`,
    );
  }
  const sealable: { readonly path: string; readonly unsealed: Map<string, Known<boolean>> }[] = [];
  for (const { path, uuid } of found) {
    if (uuid !== undefined && plain.has(uuid)) continue;
    const isSealed = await leader.isSealed(path);
    if (isSealed !== undefined) sealable.push({ path, unsealed: new Map([[leader.pod, known(!isSealed)]]) });
    else if (uuid !== undefined) plain.add(uuid);
  }
  await Promise.all(
    others.map(async (member) => {
      for (const { path, unsealed } of sealable) {
        const answer = await readKnown(() => member.isSealed(path));
        // Behind the leader it may not know yet that the namespace is sealable: it has no keys then.
        unsealed.set(member.pod, answer.kind === 'known' ? known(answer.value === false) : answer);
      }
    }),
  );
  return sealable.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

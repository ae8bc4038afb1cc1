import { expect } from 'chai';
import type { Known } from '../../../src/core/model/known.ts';
import { readSealableNamespaces } from '../../../src/io/openbao/sealable-namespaces.ts';

const listed = (...paths: readonly string[]) =>
  paths.map((path) => ({ path, uuid: `u-${path}`, tainted: false }));

/** Answers as given, and writes down what it was asked; what is not given is not sealable. */
function member(pod: string, sealed: Readonly<Record<string, boolean | Error>>, namespaces = listed()) {
  const asked: string[] = [];
  return {
    pod,
    asked,
    namespaces: () => Promise.resolve(namespaces),
    isSealed(path: string) {
      asked.push(path);
      const answer = sealed[path];
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
  };
}

const words = (unsealed: ReadonlyMap<string, Known<boolean>>) =>
  [...unsealed].map(([pod, each]) => `${pod} ${each.kind === 'known' ? each.value : each.cause}`).join(', ');

describe('who holds the keys of sealable namespaces', () => {
  it('is asked of the leader for all, and of the others for the sealable ones alone', async () => {
    const leader = member('prod-0', { 'b/c': false, a: true }, listed('plain', 'b/c', 'a'));
    const other = member('prod-1', { 'b/c': true, a: new Error('no answer') });
    const behind = member('prod-2', {});
    const found = await readSealableNamespaces(leader, [other, behind], new Set());
    expect(found.map(({ path, unsealed }) => `${path}: ${words(unsealed)}`)).to.deep.equal([
      'a: prod-0 false, prod-1 no answer, prod-2 false',
      'b/c: prod-0 true, prod-1 false, prod-2 false',
    ]);
    expect(leader.asked).to.deep.equal(['plain', 'b/c', 'a']);
    expect(other.asked).to.deep.equal(['b/c', 'a']);
  });

  it('asks once about what is not sealable, and again about one that was made anew', async () => {
    const plain = new Set(['u-gone']);
    const leader = member('prod-0', { a: false }, listed('plain', 'a'));
    await readSealableNamespaces(leader, [], plain);
    expect([...plain]).to.deep.equal(['u-plain']);
    await readSealableNamespaces(leader, [], plain);
    expect(leader.asked).to.deep.equal(['plain', 'a', 'a']);
    const anew = member('prod-0', { plain: false }, [{ path: 'plain', uuid: 'u-2', tainted: false }]);
    expect((await readSealableNamespaces(anew, [], plain)).map(({ path }) => path)).to.deep.equal(['plain']);
  });

  it('leaves out those that are being deleted', async () => {
    const leader = member('prod-0', { a: false }, [{ path: 'a', uuid: 'u-a', tainted: true }]);
    expect(await readSealableNamespaces(leader, [], new Set())).to.deep.equal([]);
  });

  it('remembers what it learnt before it was cut short', async () => {
    const plain = new Set<string>();
    const leader = member('prod-0', { a: new Error('403') }, listed('plain', 'a'));
    const error: unknown = await readSealableNamespaces(leader, [], plain).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(Error).and.include({ message: '403' });
    expect([...plain]).to.deep.equal(['u-plain']);
  });

  it('looks through a thousand, and says so of more', async () => {
    const many = (count: number) => listed(...Array.from({ length: count }, (_, each) => `n${each}`));
    const leader = member('prod-0', {}, many(1000));
    expect(await readSealableNamespaces(leader, [], new Set())).to.deep.equal([]);
    const error: unknown = await readSealableNamespaces(
      member('prod-0', {}, many(1001)),
      [],
      new Set(),
    ).catch((reason: unknown) => reason);
    expect(error).to.include({
      message: 'there are 1001 namespaces, more than the 1000 that are looked through',
    });
  });
});

import { expect } from 'chai';
import type { ObjectEffect } from '../../../src/core/model/effect.ts';
import { applyObjectEffect } from '../../../src/io/kubernetes/apply.ts';

describe('L2: a deletion', () => {
  const removed: string[] = [];
  const client = {
    remove: (path: string) => {
      removed.push(path);
      return Promise.resolve(undefined as never);
    },
  } as never;
  const deletion = (kind: string, more: object = {}): ObjectEffect => ({
    kind: 'delete',
    target: { apiVersion: kind === 'StatefulSet' ? 'apps/v1' : 'v1', kind, namespace: 'bao', name: 'x' },
    uid: 'u-1',
    ...more,
  });

  it('of a volume claim or a Secret is carried out for nobody but data-door.ts', async () => {
    for (const kind of ['PersistentVolumeClaim', 'Secret']) {
      const [outcome] = await Promise.allSettled([applyObjectEffect(client, deletion(kind))]);
      expect(String((outcome as PromiseRejectedResult).reason)).to.contain('data');
    }
    expect(removed).to.deep.equal([]);
    await applyObjectEffect(client, deletion('PersistentVolumeClaim', { isData: true }));
    await applyObjectEffect(client, deletion('StatefulSet'));
    await applyObjectEffect(client, deletion('Pod'));
    expect(removed.map((path) => path.split('/').at(-2))).to.deep.equal([
      'persistentvolumeclaims',
      'statefulsets',
      'pods',
    ]);
  });
});

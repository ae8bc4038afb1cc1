import { expect } from 'chai';
import type { ObjectEffect } from '../../../src/core/model/effect.ts';
import { applyObjectEffect } from '../../../src/io/kubernetes/apply.ts';
import { ApiError } from '../../../src/io/kubernetes/kubernetes.ts';

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

describe('an effect that comes too late (C2)', () => {
  const object = {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'prod', namespace: 'bao', uid: 'u-1', resourceVersion: '7' },
  };
  const refusing = (status: number) =>
    ({ apply: () => Promise.reject(new ApiError('refused', { status, reason: '' })) }) as never;
  const outcomeOf = (client: never) =>
    applyObjectEffect(client, { kind: 'apply', object }).then(
      () => 'done',
      (error: unknown) => (error as ApiError).status,
    );

  it('is over where the object has changed since, and is told where it is refused for anything else', async () => {
    expect(await outcomeOf(refusing(409))).to.equal('done');
    for (const status of [403, 422, 500, 0]) expect(await outcomeOf(refusing(status))).to.equal(status);
  });

  it('deletes that very object, at that very version where one is said', async () => {
    const bodies: unknown[] = [];
    const client = {
      remove: (_: string, { body }: { body: unknown }) => Promise.resolve(bodies.push(body)),
    } as never;
    const target = { apiVersion: 'v1', kind: 'Pod', namespace: 'bao', name: 'prod-1' };
    await applyObjectEffect(client, { kind: 'delete', target, uid: 'u-1', resourceVersion: '7' });
    await applyObjectEffect(client, { kind: 'delete', target, uid: 'u-1' });
    expect(bodies).to.deep.equal([
      { preconditions: { uid: 'u-1', resourceVersion: '7' }, propagationPolicy: 'Background' },
      { preconditions: { uid: 'u-1' }, propagationPolicy: 'Background' },
    ]);
  });
});

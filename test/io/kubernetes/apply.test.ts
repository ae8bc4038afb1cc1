import { expect } from 'chai';
import type { ObjectEffect } from '../../../src/core/model/effect.ts';
import { applyObjectEffect } from '../../../src/io/kubernetes/apply.ts';
import { ApiError } from '../../../src/io/kubernetes/kubernetes.ts';
import { disruptionBudget, serverPod } from '../../support/observation.ts';

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

describe('a budget that lets a member be evicted although one is being taken away', () => {
  const inBao = { namespace: 'bao' };
  const object = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'b', ...inBao } };
  const job = { apiVersion: 'batch/v1', kind: 'Job', name: 'j', ...inBao };
  const set = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 's', ...inBao };
  const asSeen = [{ target: job }, { target: set, resourceVersion: '7' }];

  /** Whether it is applied where the API server has these versions. */
  async function isApplied(versions: Readonly<Record<string, string>>): Promise<boolean> {
    let applied = false;
    const client = {
      get: (path: string) => {
        const resourceVersion = versions[path.split('/').at(-1) ?? ''];
        return Promise.resolve(resourceVersion === undefined ? undefined : { metadata: { resourceVersion } });
      },
      apply: () => {
        applied = true;
        return Promise.resolve(undefined);
      },
    };
    await applyObjectEffect(client as never, { kind: 'apply', object, asSeen });
    return applied;
  }

  it('is applied only where nothing was made or changed that the decision has not seen', async () => {
    expect(await isApplied({ s: '7' })).to.equal(true);
    expect(await isApplied({ s: '8' })).to.equal(false);
    expect(await isApplied({ s: '7', j: '1' })).to.equal(false);
    expect(await isApplied({})).to.equal(false);
  });
});

describe('an effect that takes a member down (C3)', () => {
  const target = { apiVersion: 'v1', kind: 'Pod', namespace: 'bao', name: 'prod-1' };
  const budget = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', namespace: 'bao', name: 'prod-pdb' };
  const reservation = { budget, labels: { a: '1', b: '2' }, staying: [{ name: 'prod-0', uid: 'pod-0' }] };
  const object = { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: 'prod', namespace: 'bao' } };
  const effects: readonly ObjectEffect[] = [
    { kind: 'apply', object, reservation },
    { kind: 'delete', target, uid: 'pod-1', reservation },
  ];

  /** What is called, in order, where the API server has these. */
  async function calls(
    effect: ObjectEffect,
    { live = disruptionBudget(), pod = serverPod(0) }: { live?: object | undefined; pod?: object } = {},
  ): Promise<readonly string[]> {
    const called: string[] = [];
    const says = (name: string, answer?: unknown) => (path: string, options: any) => {
      called.push([name, path.split('/').at(-1), options?.query?.labelSelector].filter(Boolean).join(' '));
      return Promise.resolve(answer as never);
    };
    const client = {
      get: says('get', live),
      list: says('list', [pod]),
      apply: says('apply'),
      remove: says('remove'),
    };
    await applyObjectEffect(client as never, effect);
    return called;
  }
  const looked = ['get prod-pdb', 'list pods a=1,b=2'];

  it('looks at the budget and the other members themselves, right before', async () => {
    expect(await Promise.all(effects.map((effect) => calls(effect)))).to.deep.equal([
      [...looked, 'apply prod'],
      [...looked, 'remove prod-1'],
    ]);
  });

  it('is not carried out where one could be evicted, or is going', async () => {
    for (const effect of effects) {
      for (const found of [
        { live: disruptionBudget({ maxUnavailable: 1 }) },
        { live: disruptionBudget({ generation: 2, observedGeneration: 1 }) },
        { live: disruptionBudget({ disrupted: ['prod-0'] }) },
        { pod: serverPod(0, { terminating: true }) },
        { pod: serverPod(0, { ready: false }) },
        { pod: serverPod(0, { uid: 'another' }) },
      ]) {
        expect(await calls(effect, found)).to.deep.equal(looked);
      }
    }
  });
});

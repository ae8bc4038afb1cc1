import { expect } from 'chai';
import type { Job, Pod, StatefulSet } from '../../src/api/kubernetes.ts';
import { appliedHashAnnotation, componentLabel, components } from '../../src/api/labels.ts';
import { known, unknown } from '../../src/core/model/known.ts';
import type { Observation } from '../../src/core/model/observation.ts';
import { observe, type ObserveTools } from '../../src/io/observe.ts';
import { cluster } from '../support/builders.ts';
import { member, serverPod } from '../support/observation.ts';

const nothing = () => Promise.reject(new Error('it is not read here'));

/** Reads nothing, and finds nothing. */
const blind: ObserveTools = {
  made: { has: () => true },
  caches: {
    statefulSet: () => undefined,
    statefulSets: () => [],
    pods: () => [],
    claims: () => [],
    jobs: () => [],
    child: () => undefined,
  },
  now: () => 0,
  openbao: {
    member: nothing,
    raftConfiguration: nothing,
    versionHistory: nothing,
    sealableNamespaces: nothing,
  },
  secrets: nothing,
  namespace: nothing,
  issuer: nothing,
  room: nothing,
  restoresUnderWay: () => known([]),
  lockUnchangedMs: () => 0,
  drifted: nothing,
};

describe('what is read of a cluster', () => {
  it('has Jobs and pods of one moment, however long the rest takes', async () => {
    const metadata = { name: 'check', uid: 'j-1' };
    let jobs: Job[] = [{ metadata }];
    let pods: Pod[] = [{ metadata: { name: 'check-x' }, status: { phase: 'Running' } }];
    const tools: ObserveTools = {
      ...blind,
      caches: { ...blind.caches, pods: () => pods, jobs: () => jobs },
      now: () => Date.UTC(2026, 10, 21),
      async namespace() {
        await Promise.resolve();
        // Both end meanwhile, long enough ago that nothing is waited for any more.
        const lastTransitionTime = '2026-11-20T00:00:00Z';
        jobs = [
          { metadata, status: { conditions: [{ type: 'Complete', status: 'True', lastTransitionTime }] } },
        ];
        pods = [];
        throw new Error('it is not read here');
      },
    };
    const { jobs: seen } = await observe(tools, cluster({ version: '2.5.5' }));
    expect(seen).to.deep.equal({ kind: 'known', value: [{ job: { metadata } }] });
  });

  /** Which of these pods are dialled where these StatefulSets are there. */
  async function dialled(pods: readonly Pod[], sets: readonly StatefulSet[]): Promise<readonly string[]> {
    const names: string[] = [];
    const tools: ObserveTools = {
      ...blind,
      caches: { ...blind.caches, pods: () => pods, statefulSets: () => sets },
      openbao: {
        ...blind.openbao,
        async member(_cluster, { metadata: { name = '' } }) {
          names.push(name);
          return member(0, { pod: name });
        },
      },
    };
    const { metadata, ...rest } = cluster();
    const seen = await observe(tools, { ...rest, metadata: { ...metadata, uid: 'c-1' } });
    expect([...seen.members.keys()]).to.deep.equal(names);
    return names;
  }
  const named = (name: string, set = 's-prod'): Pod => {
    const { metadata, ...rest } = serverPod(0);
    const ownerReferences = [{ kind: 'StatefulSet', uid: set, controller: true }];
    return { ...rest, metadata: { ...metadata, name, ownerReferences } as Pod['metadata'] };
  };
  const setOf = (name: string, owner: string | undefined = 'c-1', annotations = {}): StatefulSet => {
    const ownerReferences = owner === '' ? [] : [{ kind: 'OpenBaoCluster', uid: owner, controller: true }];
    return { metadata: { name, uid: `s-${name}`, ownerReferences, annotations } as StatefulSet['metadata'] };
  };

  it('is asked of pods with the exact name of a member alone, whatever their label says (P5)', async () => {
    const pods = ['prod-0', 'evil', 'prod-0-x', 'prod', 'prod-00', 'other-0'].map((name) => named(name));
    const green = named('prod-r0123456789-1', 's-prod-r0123456789');
    const sets = [setOf('prod'), setOf('prod-r0123456789')];
    expect(await dialled([...pods, green], sets)).to.deep.equal(['prod-0', 'prod-r0123456789-1']);
  });

  it('is asked of pods of a StatefulSet alone that is there and is ours, by its uid', async () => {
    const green = named('prod-r0123456789-0', 's-prod-r0123456789');
    expect(await dialled([green], [setOf('prod')])).to.deep.equal([]);
    expect(await dialled([green], [setOf('prod-r0123456789', 'c-2')])).to.deep.equal([]);
    expect(await dialled([green], [setOf('prod-r0123456789', '')])).to.deep.equal([]);
    expect(await dialled([named('prod-0', 's-another')], [setOf('prod')])).to.deep.equal([]);
    expect(await dialled([serverPod(0)], [setOf('prod')])).to.deep.equal([]);
    // Its owner was deleted without it, and the next one takes it over.
    const orphan = setOf('prod-r0123456789', '', { [appliedHashAnnotation]: 'x' });
    expect(await dialled([green], [orphan])).to.deep.equal(['prod-r0123456789-0']);
  });

  describe('while something may stop members', () => {
    const versions = ['2.6.2', '2.6.2', '2.5.5', '2.6.2', '2.6.2'];
    const sealables = (given: {
      readonly upgrade?: boolean;
      readonly leader?: string;
    }): Promise<Observation['sealables']> => {
      const pods = versions.map((_, ordinal) => serverPod(ordinal));
      const tools = {
        made: { has: () => true },
        caches: {
          statefulSet: () => undefined,
          statefulSets: () => [setOf('prod')],
          pods: () =>
            pods.map((pod) => ({
              ...pod,
              metadata: {
                ...named(pod.metadata.name ?? '').metadata,
                uid: pod.metadata.uid ?? '',
                labels: { ...pod.metadata.labels, [componentLabel]: components.server },
              },
              status: {
                ...pod.status,
                podIP: '127.0.0.1',
                // prod-3 does not run.
                containerStatuses:
                  pod.metadata.name === 'prod-3' ? [] : [{ name: 'openbao', state: { running: {} } }],
              },
            })),
          claims: () => [],
          jobs: () => [],
          child: () => undefined,
        },
        now: () => 0,
        openbao: {
          member(_: unknown, { metadata }: Pod) {
            const ordinal = Number(metadata.name?.slice(-1));
            if (ordinal === 4) return Promise.reject(new Error('no answer'));
            return Promise.resolve(
              member(ordinal, {
                standby: ordinal !== 0,
                version: ordinal === 0 ? (given.leader ?? '2.6.2') : (versions[ordinal] ?? ''),
              }),
            );
          },
          raftConfiguration: nothing,
          versionHistory: nothing,
          sealableNamespaces: (_: unknown, leader: Pod, others: readonly Pod[]) =>
            Promise.resolve([
              {
                path: 'team',
                unsealed: new Map([leader, ...others].map((pod) => [pod.metadata.name ?? '', known(true)])),
              },
            ]),
        },
        secrets: nothing,
        namespace: nothing,
        issuer: nothing,
        room: nothing,
        restoresUnderWay: () => known([]),
        lockUnchangedMs: () => 0,
        drifted: nothing,
      } satisfies ObserveTools;
      const status = given.upgrade === false ? {} : { upgrade: { phase: 'PreChecks' as const } };
      const { metadata, ...rest } = cluster({ version: '2.6.2', replicas: 5 });
      const stored = { ...rest, metadata: { ...metadata, uid: 'c-1' }, status };
      return observe(tools, stored).then((seen) => seen.sealables);
    };

    it('has who holds the keys of namespaces: asked of those that can', async () => {
      const found = await sealables({});
      const [team] = found?.kind === 'known' ? found.value : [];
      expect(team?.path).to.equal('team');
      expect([...(team?.unsealed ?? [])]).to.deep.equal([
        ['prod-0', known(true)],
        ['prod-1', known(true)],
        // From before 2.6, and without an answer; prod-3 does not run.
        ['prod-2', known(false)],
        ['prod-4', unknown('no answer')],
      ]);
    });

    it('asks nobody where one leads that knows no such namespace, and not at rest', async () => {
      expect(await sealables({ leader: '2.5.5' })).to.deep.equal(known([]));
      expect(await sealables({ upgrade: false })).to.equal(undefined);
    });
  });
});

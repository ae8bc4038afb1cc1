import { expect } from 'chai';
import * as fc from 'fast-check';
import type { KubernetesObject, StatefulSet } from '../../../src/api/kubernetes.ts';
import { actionAnnotation } from '../../../src/api/labels.ts';
import { openBaoClusterStatus, type OpenBaoClusterStatus } from '../../../src/api/openbaocluster.ts';
import { parser } from '../../../src/api/parse.ts';
import { decideCluster } from '../../../src/core/cluster/decide.ts';
import type { Effect } from '../../../src/core/model/decision.ts';
import type { Observation } from '../../../src/core/model/observation.ts';
import { known, unknown, type Known } from '../../../src/core/model/known.ts';
import { quorum } from '../../../src/core/raft/quorum.ts';
import { sameValue } from '../../../src/core/model/same-value.ts';
import {
  claim,
  clusterId,
  context,
  emptyMember,
  member,
  observation,
  raftOf,
  serverPod,
  settledCluster,
  settledStatus,
  start,
  statefulSet,
} from '../../support/observation.ts';
import { wrongCluster } from '../../support/status-rules.ts';
import { sized } from '../../support/walks.ts';

const config: KubernetesObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'prod-config' } };
const past = '2026-01-02T03:04:05Z';

const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<Known<T>> =>
  fc.oneof({ weight: 6, arbitrary: value.map((each) => known(each)) }, fc.constant(unknown('not read')));

/** What may be seen of one ordinal, well most of the time. */
const mostly = <T>(usual: T, ...others: readonly T[]) =>
  fc.oneof({ weight: 15, arbitrary: fc.constant(usual) }, fc.constantFrom(...others));
const ordinal = fc.record({
  pod: mostly('ready', 'absent', 'unready', 'terminating'),
  member: mostly('well', 'silent', 'empty', 'behind', 'stranger', 'another pod'),
  claim: mostly('own', 'absent', 'other', 'terminating'),
  listed: mostly('voter', 'absent', 'non-voter'),
});

const scaling = (replicas: number) =>
  fc.record(
    {
      operationId: fc.constant('op00000009'),
      replicas: fc.constant(replicas),
      target: fc.integer({ min: 1, max: 5 }),
      step: fc.constantFrom('Joining', 'SteppingDown', 'RemovingPeer', 'Shrinking'),
      deadline: fc.constantFrom(past, '2030-01-01T00:00:00Z'),
      held: fc.boolean(),
      attempt: fc.constant(1),
      index: fc.constantFrom(0, 100, 200),
    },
    { requiredKeys: ['operationId', 'replicas', 'target'] },
  );

const status: fc.Arbitrary<OpenBaoClusterStatus> = fc.integer({ min: 1, max: 5 }).chain((replicas) =>
  fc.oneof(
    { weight: 1, arbitrary: fc.constant({}) },
    {
      weight: 4,
      arbitrary: fc.constant({
        ...settledStatus(replicas),
        members: Array.from({ length: replicas }, (_, n) => ({ name: `prod-${n}`, claimUID: `claim-${n}` })),
      }),
    },
    {
      weight: 4,
      arbitrary: scaling(replicas).map((each): OpenBaoClusterStatus => ({
        ...settledStatus(replicas),
        scaling: each,
        operationLock: { operation: 'Scale', operationId: 'op00000009', renewedAt: past, acquiredAt: past },
      })),
    },
  ),
);

const seen = fc
  .record({
    status,
    ordinals: fc.array(ordinal, { minLength: 1, maxLength: 5 }),
    leads: fc.nat(4),
    spec: fc.record(
      {
        replicas: fc.integer({ min: 1, max: 5 }),
        paused: mostly(false, true),
        version: fc.constantFrom('2.5.5', '2.6.0'),
        maintenance: fc.record({ enabled: fc.boolean() }),
        deletionPolicy: fc.constantFrom('Retain', 'DeletePVCs', 'DeleteAll'),
        selfInit: fc.record({ enabled: fc.boolean() }),
      },
      { requiredKeys: ['replicas', 'version'] },
    ),
    secrets: maybe(
      fc.record({ unsealKey: fc.boolean(), certificates: fc.constantFrom('valid', 'due', 'absent') }),
    ),
    size: fc.integer({ min: 1, max: 5 }),
    isDrifted: fc.boolean(),
    hasClaims: mostly(true, false),
    readable: fc.record({
      statefulSet: mostly(true, false),
      pods: mostly(true, false),
      claims: mostly(true, false),
      raft: mostly(true, false),
    }),
  })
  .map(({ ordinals, leads, spec, size, isDrifted, hasClaims, readable, ...given }): Observation => {
    const leader = `prod-${leads % ordinals.length}`;
    const read = <T>(isReadable: boolean, value: T): Known<T> =>
      isReadable ? known(value) : unknown('not read');
    const listed = ordinals.flatMap((each, n) => (each.listed === 'absent' ? [] : [`prod-${n}`]));
    const nonVoters = ordinals.flatMap((each, n) => (each.listed === 'non-voter' ? [`prod-${n}`] : []));
    return observation({
      cluster: settledCluster(spec, given.status),
      statefulSet: read(readable.statefulSet, statefulSet({ replicas: size })),
      pods: read(
        readable.pods,
        ordinals.flatMap(({ pod }, n) =>
          pod === 'absent'
            ? []
            : [serverPod(n, { ready: pod === 'ready', terminating: pod === 'terminating' })],
        ),
      ),
      claims: read(
        readable.claims,
        ordinals.flatMap((each, n) =>
          each.claim === 'absent' || !hasClaims
            ? []
            : [
                claim(n, '2.5.5', {
                  ...(each.claim === 'other' ? { uid: `new-${n}` } : {}),
                  ...(each.claim === 'terminating' ? { deletionTimestamp: past } : {}),
                }),
              ],
        ),
      ),
      members: new Map(
        ordinals.map((each, n) => {
          const well = member(n, { standby: `prod-${n}` !== leader, leader });
          const said = {
            well,
            silent: undefined,
            empty: emptyMember(n),
            behind: { ...well, appliedIndex: 1 },
            stranger: { ...well, clusterId: 'another' },
            'another pod': { ...well, podUID: 'another' },
          }[each.member];
          return [`prod-${n}`, said === undefined ? unknown('timed out') : known(said)];
        }),
      ),
      raft: read(readable.raft && listed.includes(leader), raftOf(listed, { leader, nonVoters })),
      secrets: given.secrets,
      drifted: known(
        isDrifted ? [config, statefulSet({ replicas: given.status.replicas ?? spec.replicas })] : [],
      ),
    });
  });

const actionOf = (effect: Effect) =>
  effect.kind === 'create' ? effect.object.metadata?.annotations?.[actionAnnotation] : undefined;
const podOf = (effect: Effect) =>
  effect.kind === 'create' ? /--pod=(prod-\d+)/.exec(JSON.stringify(effect.object))?.[1] : undefined;
const with_ = (from: Observation, stored: OpenBaoClusterStatus): Observation => ({
  ...from,
  cluster: { ...from.cluster, status: stored },
});
const valid = parser<OpenBaoClusterStatus>(openBaoClusterStatus, 'status');

const always = (property: (from: Observation) => void, runs = sized(1_000, 200)) =>
  fc.assert(fc.property(seen, property), { numRuns: runs });

describe('whatever is seen of a cluster', function () {
  // Many cases, on a machine that may be busy.
  it('the status is one that the CRD takes', () => {
    always((from) => {
      expect(() => valid(decideCluster(from, context()).status)).to.not.throw();
    });
  });

  it('the status says to Flux, Argo CD and kubectl wait what is so (G1, G3, G5, G7)', () => {
    always((from) => {
      let { cluster } = from;
      // The second look is at what the first has stored, ten minutes later.
      for (const now of [start, start + 600_000]) {
        const { status: told } = decideCluster({ ...from, cluster }, context({ now }));
        cluster = { ...cluster, status: told };
        const wrong = wrongCluster(cluster, now);
        expect(wrong, JSON.stringify(told.conditions)).to.equal(undefined);
      }
    });
  });

  it('deciding again about the same comes to an end, where nothing is written and no event sent', () => {
    always((from) => {
      let stored = from.cluster.status ?? {};
      for (let pass = 0; pass < 20; pass++) {
        const next = decideCluster(with_(from, stored), context());
        if (sameValue(next.status, stored)) {
          // Secrets, volumes of a finalizer and the like are asked for until they are seen to be there.
          expect(next.events.filter(({ reason }) => !/^(Unseal|Certif|DiskLost)/.test(reason))).to.deep.equal(
            [],
          );
          if (next.effects.length === 0) expect(next.status).to.equal(stored);
          return;
        }
        stored = next.status;
      }
      expect.fail('it never came to an end');
    });
  });

  it('nothing but marks is set while paused, and the order to initialize taken back', () => {
    always((from) => {
      const { cluster } = from;
      const paused = { ...from, cluster: { ...cluster, spec: { ...cluster.spec, paused: true } } };
      for (const effect of decideCluster(paused, context()).effects) {
        if (effect.kind === 'apply' && effect.object.kind === 'ConfigMap') {
          // Rendered from a status that says so, it holds no self-init file.
          expect(cluster.status?.initialized).to.equal(true);
          continue;
        }
        expect(effect.kind).to.equal('patch');
        const patch = JSON.stringify(effect.kind === 'patch' ? effect.patch : '');
        expect(patch).to.match(
          /^\{"metadata":\{"annotations":\{"(openbao.org\/maintenance|rollguard.io\/openbao-version)"/,
        );
      }
    });
  });

  it('no peer is removed that leaves no quorum of healthy voters, nor the leader', () => {
    always((from) => {
      const { effects } = decideCluster(from, context());
      const removals = effects.filter((effect) => actionOf(effect) === 'remove-peer');
      expect(removals.length).to.be.at.most(1);
      const [removed] = removals.map(podOf);
      if (removed === undefined) return;
      const { raft, pods, members } = from;
      if (raft.kind === 'unknown' || pods.kind === 'unknown') expect.fail('who votes is not known');
      const left = raft.value.servers.filter(({ id, voter }) => voter && id !== removed).map(({ id }) => id);
      const healthy = left.filter((id) => {
        const said = members.get(id);
        const pod = pods.value.find(({ metadata }) => metadata.name === id);
        return said?.kind === 'known' && !said.value.sealed && said.value.podUID === pod?.metadata.uid;
      });
      expect(healthy.length).to.be.at.least(quorum(left.length));
      expect(raft.value.readFrom).to.not.equal(removed);
    });
  });

  it('nothing is removed, deleted or stepped down where the membership is unknown', () => {
    always((from) => {
      const blind = { ...from, raft: unknown('not read') };
      const { effects } = decideCluster(blind, context());
      // Once asked for, a step-down is asked for under the same name until its Job is seen; it harms nobody twice.
      const asked = from.cluster.status?.scaling?.step === 'SteppingDown' ? ['step-down'] : [];
      const acts = effects.flatMap(
        (effect) => actionOf(effect) ?? (effect.kind === 'delete' ? 'delete' : []),
      );
      expect(acts.filter((act) => !asked.includes(act))).to.deep.equal([]);
    });
  });

  it('no unseal key is made where data may be', () => {
    always((from) => {
      const made = decideCluster(from, context()).effects.some(({ kind }) => kind === 'createUnsealKey');
      if (!made) return;
      expect(from.claims).to.deep.equal(known([]));
      expect(from.cluster.status?.initialized).to.not.equal(true);
      expect(from.secrets).to.deep.include({ kind: 'known' });
    });
  });

  it('the StatefulSet is applied at the recorded size only', () => {
    always((from) => {
      const { effects, status: next } = decideCluster(from, context());
      for (const effect of effects) {
        if (effect.kind !== 'apply' || effect.object.kind !== 'StatefulSet') continue;
        expect((effect.object as StatefulSet).spec?.replicas).to.equal(next.replicas);
        expect(next.replicas).to.equal(from.cluster.status?.replicas);
      }
    });
  });

  it('that it was initialized, and as which cluster, is never unsaid', () => {
    always((from) => {
      const { status: next } = decideCluster(from, context({ now: start + 1 }));
      const { initialized, clusterID, currentVersion } = from.cluster.status ?? {};
      if (initialized === true) expect(next).to.include({ initialized, clusterID, currentVersion });
      if (next.clusterID !== undefined) expect(next.clusterID).to.be.oneOf([clusterId, 'another']);
    });
  });

  it('a status is written only in the name of the term that decides', () => {
    always((from) => {
      const { status: next } = decideCluster(from, context({ leaseTransitions: 7 }));
      if (next !== from.cluster.status) expect(next.leaseTransitions).to.equal(7);
    });
  });
});

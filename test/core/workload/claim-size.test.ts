import { expect } from 'chai';
import type { PersistentVolumeClaim } from '../../../src/api/kubernetes.ts';
import type { OpenBaoClusterStatus } from '../../../src/api/openbaocluster.ts';
import { startJoining } from '../../../src/core/cluster/scale/grow.ts';
import type { ScaleInput } from '../../../src/core/cluster/scale/step.ts';
import { known } from '../../../src/core/model/known.ts';
import { peersOf } from '../../../src/core/raft/peers.ts';
import { insufficientCapacity } from '../../../src/core/upgrade/capacity.ts';
import { claimSize } from '../../../src/core/workload/claim-templates.ts';
import { render } from '../../../src/core/workload/render.ts';
import { cluster } from '../../support/builders.ts';
import {
  claim,
  clusterId,
  context,
  observation,
  settledCluster,
  statefulSet,
} from '../../support/observation.ts';
import { setsOf } from './inputs-of.ts';

const sized = (size: string, ordinal = 0, name = `data-prod-${ordinal}`): PersistentVolumeClaim => ({
  ...claim(ordinal, '2.5.5', { name }),
  spec: { resources: { requests: { storage: size } } },
});
const enlarged = [sized('10Gi', 0), sized('50Gi', 1), sized('10Gi', 2)];

describe('the size of new volumes', () => {
  const of = (size: string | undefined, ...claims: readonly PersistentVolumeClaim[]) =>
    claimSize(cluster(size === undefined ? {} : { storage: { size } }), claims);

  it('is what spec says, and at least that of the largest claim of a member (L5)', () => {
    expect(of(undefined)).to.equal('10Gi');
    expect(of('1Gi', ...enlarged)).to.equal('50Gi');
    expect(of('100Gi', ...enlarged)).to.equal('100Gi');
    expect(of('20Gi', claim(0))).to.equal('20Gi');
    expect(of('51200Mi', ...enlarged)).to.equal('51200Mi');
    // Of another cluster whose name begins alike, and no quantity.
    expect(of('10Gi', sized('90Gi', 0, 'data-prod-x-0'), sized('much', 1))).to.equal('10Gi');
  });

  const green: OpenBaoClusterStatus = {
    initialized: true,
    replicas: 3,
    image: 'openbao/openbao:2.5.5',
    currentVersion: '2.5.5',
    blueGreen: {
      phase: 'DeployingGreen',
      greenRevision: 'rnew',
      greenImage: 'openbao/openbao:2.5.6',
      greenVersion: '2.5.6',
    },
  };
  const sizeIn = (set: any): string => set.spec.volumeClaimTemplates[0].spec.resources.requests.storage;

  it('is that of the data for green members, and for a StatefulSet that is made anew (L5)', () => {
    const sets = render(setsOf(cluster({ storage: { size: '1Gi' } }, green), { claims: enlarged })).filter(
      ({ kind }) => kind === 'StatefulSet',
    );
    expect(sets.map(sizeIn)).to.deep.equal(['50Gi', '50Gi']);
  });

  it('stays what a StatefulSet was made with, however large its claims are by now (L5)', () => {
    const spec = { storage: { size: '10Gi' } };
    const [made] = render(setsOf(cluster(spec))).filter(({ kind }) => kind === 'StatefulSet');
    const again = render(setsOf(cluster(spec), { claims: enlarged, statefulSet: made as any }));
    expect(again.find(({ kind }) => kind === 'StatefulSet')).to.deep.equal(made);
  });

  it('is what room is asked for (L5)', () => {
    const quotas = [{ metadata: { name: 'q' }, status: { hard: { 'requests.storage': '149Gi' }, used: {} } }];
    const room = { quotas, storageClasses: [], volumes: [] };
    const lacking = (claims: readonly PersistentVolumeClaim[]) =>
      insufficientCapacity(settledCluster(), 3, room, claims)?.what;
    expect(lacking([])).to.equal(undefined);
    expect(lacking(enlarged)).to.contain('lacks 1Gi of requests.storage');
  });

  it('is told where a member that is added gets less than the others have (L5)', () => {
    const eventsWith = (size: string) => {
      const set = statefulSet();
      const volumeClaimTemplates = [{ spec: { resources: { requests: { storage: size } } } }];
      const observed = observation({
        statefulSet: known({ ...set, spec: { ...set.spec, volumeClaimTemplates } }),
        claims: known(enlarged),
      });
      const scaling = { operationId: 'op00000001', replicas: 3, target: 4 };
      const peers = peersOf(observed, 3, clusterId);
      const input: ScaleInput = {
        observation: observed,
        status: {},
        scaling,
        peers,
        wanted: 4,
        context: context(),
      };
      const step = startJoining(input);
      return step.kind === 'go' ? (step.events ?? []) : [];
    };
    expect(eventsWith('50Gi').map(({ reason }) => reason)).to.deep.equal(['MemberJoining']);
    const [, warned] = eventsWith('10Gi');
    expect(warned).to.include({ type: 'Warning', reason: 'VolumeSmaller' });
    expect(warned?.note).to.contain('The volume of prod-3 is made with 10Gi').and.contain('50Gi');
    expect(warned?.note).to.contain(
      `kubectl patch pvc data-prod-3 -n bao -p '{"spec":{"resources":{"requests":{"storage":"50Gi"}}}}'`,
    );
  });
});

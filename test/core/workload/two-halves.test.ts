import { expect } from 'chai';
import type { KubernetesObject } from '../../../src/api/kubernetes.ts';
import type { OpenBaoClusterStatus } from '../../../src/api/openbaocluster.ts';
import { render } from '../../../src/core/workload/render.ts';
import { cluster } from '../../support/builders.ts';
import { setsOf } from './inputs-of.ts';

type BlueGreen = NonNullable<OpenBaoClusterStatus['blueGreen']>;

const green = { greenRevision: 'rnew', greenImage: 'openbao/openbao:2.5.6', greenVersion: '2.5.6' };
const rendered = (blueGreen: BlueGreen) =>
  render(
    setsOf(
      cluster(
        { version: '2.5.6' },
        {
          initialized: true,
          replicas: 3,
          image: 'openbao/openbao:2.5.5',
          currentVersion: '2.5.5',
          blueGreen,
        },
      ),
    ),
  );
interface Any extends KubernetesObject {
  readonly spec?: any;
  readonly data?: Record<string, string>;
  readonly rules?: { resourceNames: string[] }[];
}
const named = (objects: readonly KubernetesObject[], kind: string, name: string): Any | undefined =>
  objects.find((each) => each.kind === kind && each.metadata?.name === name);
const sets = (objects: readonly KubernetesObject[]) =>
  objects.filter(({ kind }) => kind === 'StatefulSet').map(({ metadata }) => metadata?.name);
const raft = (objects: readonly KubernetesObject[], revision: string) => {
  const text = named(objects, 'ConfigMap', 'prod-config')?.data?.[`bao-${revision}.json`];
  return text === undefined ? undefined : JSON.parse(text).storage.raft;
};
const serves = (objects: readonly KubernetesObject[]) =>
  named(objects, 'Service', 'prod-public')?.spec.selector['openbao.org/revision'];

describe('the children of a cluster in a blue-green upgrade', () => {
  it('are two StatefulSets, blue as it runs and green with the target, of one Raft cluster', () => {
    const objects = rendered({ phase: 'DeployingGreen', ...green });
    expect(sets(objects)).to.deep.equal(['prod', 'prod-rnew']);
    const image = (name: string) =>
      named(objects, 'StatefulSet', name)?.spec.template.spec.containers[0].image;
    expect([image('prod'), image('prod-rnew')]).to.deep.equal([
      'openbao/openbao:2.5.5',
      'openbao/openbao:2.5.6',
    ]);
    const [blueSelector, greenSelector] = ['prod', 'prod-rnew'].map(
      (name) => named(objects, 'StatefulSet', name)?.spec.selector.matchLabels['openbao.org/revision'],
    );
    expect([blueSelector, greenSelector]).to.deep.equal(['initial', 'rnew']);
    expect(named(objects, 'StatefulSet', 'prod-rnew')?.spec.serviceName).to.equal('prod');
  });

  it('let green join blue without a vote, and nobody make another cluster', () => {
    const objects = rendered({ phase: 'DeployingGreen', ...green });
    expect(raft(objects, 'rnew')).to.include({ retry_join_as_non_voter: true });
    expect(raft(objects, 'initial')).not.to.have.property('retry_join_as_non_voter');
    const joins = raft(objects, 'rnew').retry_join.map((each: any) => each.leader_api_addr);
    expect(joins.map((url: string) => new URL(url).hostname.split('.')[0])).to.deep.equal([
      'prod-0',
      'prod-1',
      'prod-2',
    ]);
    expect(named(objects, 'ConfigMap', 'prod-config')?.data).not.to.have.property('self-init.json');
  });

  it('give a green half that is upgraded in place the image of blue first, then the target', () => {
    const inPlace = {
      ...green,
      upgradesGreenInPlace: true,
      blueImage: 'openbao/openbao:2.5.5',
      blueVersion: '2.5.5',
      blueReplicas: 3,
    };
    const of = (blueGreen: BlueGreen) => {
      const { spec } = named(rendered(blueGreen), 'StatefulSet', 'prod-rnew') ?? {};
      const { image } = spec.template.spec.containers[0];
      return `${image.split(':')[1]} from ${spec.updateStrategy.rollingUpdate.partition}`;
    };
    expect(of({ phase: 'Promoting', ...inPlace })).to.equal('2.5.5 from 3');
    expect(of({ phase: 'UpgradingGreen', ...inPlace })).to.equal('2.5.5 from 3');
    expect(of({ phase: 'UpgradingGreen', ...inPlace, greenPartition: 3 })).to.equal('2.5.6 from 3');
    expect(of({ phase: 'UpgradingGreen', ...inPlace, greenPartition: 1 })).to.equal('2.5.6 from 1');
    // Whatever was not given the target yet is held back on the way back.
    expect(of({ phase: 'RollingBack', ...inPlace, greenPartition: 1 })).to.equal('2.5.6 from 3');
  });

  it('send clients to green as soon as it leads where blue would not pass their requests on', () => {
    const leadsSince = '2026-01-02T03:04:05Z';
    expect(serves(rendered({ phase: 'DemotingBlue', ...green, leadsSince }))).to.equal('initial');
    const inPlace = { upgradesGreenInPlace: true, greenPartition: 0 };
    expect(serves(rendered({ phase: 'DemotingBlue', ...green, ...inPlace }))).to.equal('initial');
    expect(serves(rendered({ phase: 'DemotingBlue', ...green, ...inPlace, leadsSince }))).to.equal('rnew');
  });

  it('may label the pods of both halves', () => {
    const objects = rendered({ phase: 'DeployingGreen', ...green });
    expect(named(objects, 'Role', 'prod-serviceaccount')?.rules?.[0]?.resourceNames).to.deep.equal([
      'prod-0',
      'prod-1',
      'prod-2',
      'prod-rnew-0',
      'prod-rnew-1',
      'prod-rnew-2',
    ]);
  });

  it('send clients to blue until Cleanup, and to green from then on (openbao-operator.md, 3.4)', () => {
    for (const phase of ['DeployingGreen', 'JoiningMesh', 'Syncing', 'Promoting', 'DemotingBlue'] as const)
      expect(serves(rendered({ phase, ...green })), phase).to.equal('initial');
    expect(serves(rendered({ phase: 'Cleanup', ...green }))).to.equal('rnew');
    expect(serves(rendered({ phase: 'RollingBack', ...green }))).to.equal('initial');
  });

  it('are no longer blue’s in Cleanup, and no longer green’s in RollbackCleanup', () => {
    expect(sets(rendered({ phase: 'Cleanup', ...green }))).to.deep.equal(['prod-rnew']);
    expect(raft(rendered({ phase: 'Cleanup', ...green }), 'rnew')).not.to.have.property(
      'retry_join_as_non_voter',
    );
    expect(sets(rendered({ phase: 'RollingBack', ...green }))).to.deep.equal(['prod', 'prod-rnew']);
    expect(sets(rendered({ phase: 'RollbackCleanup', ...green }))).to.deep.equal(['prod']);
  });

  it('are those of the half that is left, once it is over', () => {
    const objects = rendered({ phase: 'Idle', blueRevision: 'rnew' });
    expect(sets(objects)).to.deep.equal(['prod-rnew']);
    expect(serves(objects)).to.equal('rnew');
    expect(raft(objects, 'rnew').retry_join[0].leader_api_addr).to.contain('prod-rnew-0.prod.');
  });
});

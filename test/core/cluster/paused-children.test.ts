import { expect } from 'chai';
import type { KubernetesObject } from '../../../src/api/kubernetes.ts';
import { applyDrifted } from '../../../src/core/cluster/children.ts';
import { known } from '../../../src/core/model/known.ts';
import { files } from '../../../src/core/workload/paths.ts';
import { observation, settledCluster, settledStatus, statefulSet } from '../../support/observation.ts';

const config = (data: Readonly<Record<string, string>>) =>
  ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'prod-config' }, data }) as KubernetesObject;

function whilePaused(map: KubernetesObject, status = settledStatus()) {
  const cluster = settledCluster({ paused: true }, status);
  const { effects, notices } = applyDrifted(
    observation({ cluster, drifted: known([map, statefulSet()]) }),
    status,
    [],
  );
  return {
    applied: effects.flatMap((effect) => (effect.kind === 'apply' ? (effect.object.kind ?? '') : [])),
    waits: notices.map(({ message }) => message).join(),
  };
}

describe('the children of a paused cluster', () => {
  it('stay as they are, but for the ConfigMap that no longer tells member 0 to initialize', () => {
    const { applied, waits } = whilePaused(config({}));
    expect(applied).to.deep.equal(['ConfigMap']);
    expect(waits).to.contain('StatefulSet prod').and.not.to.contain('ConfigMap');
  });

  it('all stay before it is recorded that there is data', () => {
    expect(whilePaused(config({}), { replicas: 3 }).applied).to.deep.equal([]);
    expect(whilePaused(config({ [files.selfInit]: '{}' })).applied).to.deep.equal([]);
  });
});

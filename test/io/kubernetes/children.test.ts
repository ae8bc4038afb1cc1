import { expect } from 'chai';
import type { KubernetesObject } from '../../../src/api/kubernetes.ts';
import { clusterLabel } from '../../../src/api/labels.ts';
import { isApplied } from '../../../src/core/workload/drift.ts';
import { childComparison } from '../../../src/io/kubernetes/children.ts';

const desired = child({ ports: [1] });

function child(spec: object, metadata: object = {}, uid = 'c-1'): KubernetesObject {
  const object = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: 'prod',
      namespace: 'bao',
      resourceVersion: '7',
      labels: { [clusterLabel]: 'prod' },
      ownerReferences: [{ uid, controller: true }],
      ...metadata,
    },
    spec,
  };
  return object;
}

/** Compares with an API server that has `live`, of which the watch has the metadata alone if it is labelled. */
function comparison(live: KubernetesObject | undefined) {
  const reads: string[] = [];
  const children = childComparison(
    {
      get: <T>(path: string) => {
        reads.push(path);
        return Promise.resolve(live as T | undefined);
      },
    },
    {
      child: () =>
        live?.metadata?.labels?.[clusterLabel] === undefined ? undefined : { metadata: live.metadata },
    },
    isApplied,
  );
  return { drifted: () => children.drifted('bao/prod', [desired]), reads };
}

async function failure(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'none',
    (error: unknown) => (error as Error).message,
  );
}

describe('the comparison of children', () => {
  it('finds one that is not there', async () => {
    expect(await comparison(undefined).drifted()).to.deep.equal([desired]);
  });

  it('finds one that is not as it should be', async () => {
    expect(await comparison(child({ ports: [2] })).drifted()).to.deep.equal([desired]);
  });

  it('has it applied to the very object and version that it was compared with (C2)', async () => {
    const live = child({ ports: [2] }, { uid: 'u-1' });
    expect(await comparison(live).drifted()).to.deep.equal([
      { ...desired, metadata: { ...desired.metadata, uid: 'u-1', resourceVersion: '7' } },
    ]);
  });

  it('reads one that is right once, as long as its version stays', async () => {
    const { drifted, reads } = comparison(child({ ports: [1], added: 'by a default' }));
    expect(await drifted()).to.deep.equal([]);
    expect(await drifted()).to.deep.equal([]);
    expect(reads).to.have.length(1);
  });

  it('takes an orphan of ours back', async () => {
    expect(await comparison(child({ ports: [2] }, { ownerReferences: [] })).drifted()).to.deep.equal([
      desired,
    ]);
  });

  it('overwrites nothing that is somebody else’s: without the label, or of another controller', async () => {
    for (const foreign of [child({ ports: [2] }, { labels: {} }), child({ ports: [2] }, {}, 'another')]) {
      expect(await failure(comparison(foreign).drifted())).to.contain('Service prod is there already');
    }
  });
});

import { expect } from 'chai';
import { readRoom } from '../../../src/io/kubernetes/capacity.ts';
import { settledCluster } from '../../support/observation.ts';

const quotasPath = '/api/v1/namespaces/bao/resourcequotas';
const classesPath = '/apis/storage.k8s.io/v1/storageclasses';
const volumesPath = '/api/v1/persistentvolumes';

/** What is read for a cluster whose volumes are of this class, and of which paths. */
async function reading(storageClassName?: string) {
  const paths: string[] = [];
  const stored: Readonly<Record<string, readonly object[]>> = {
    [quotasPath]: [{ metadata: { name: 'team' } }],
    [classesPath]: [
      { metadata: { name: 'cloud' }, provisioner: 'disks.example' },
      { metadata: { name: 'local' }, provisioner: 'kubernetes.io/no-provisioner' },
    ],
    [volumesPath]: [{ metadata: { name: 'disk-1' } }],
  };
  const list = <T>(path: string) => {
    paths.push(path);
    return Promise.resolve((stored[path] ?? []) as readonly T[]);
  };
  const storage = storageClassName === undefined ? {} : { storageClassName };
  const { quotas, volumes } = await readRoom({ list }, settledCluster({ storage }));
  expect(quotas.map(({ metadata }) => metadata.name)).to.deep.equal(['team']);
  return { paths: paths.toSorted(), volumes: volumes.map(({ metadata }) => metadata.name) };
}

describe('reading what there is room for', () => {
  it('asks for the quotas of the namespace and the storage classes alone, where volumes are made on demand', async () => {
    for (const name of [undefined, 'cloud']) {
      expect(await reading(name)).to.deep.equal({ paths: [quotasPath, classesPath], volumes: [] });
    }
  });

  it('asks for the volumes too, where nothing makes them', async () => {
    for (const name of ['local', 'missing']) {
      expect(await reading(name)).to.deep.equal({
        paths: [quotasPath, volumesPath, classesPath],
        volumes: ['disk-1'],
      });
    }
  });
});

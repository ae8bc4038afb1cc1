import { expect } from 'chai';
import { pino } from 'pino';
import { clusterLabel } from '../../../src/api/labels.ts';
import { watchClusters } from '../../../src/controller/kinds/cluster-watch.ts';
import type { StreamingClient } from '../../../src/io/kubernetes/kubernetes.ts';

const metadata = {
  name: 'prod',
  namespace: 'bao',
  labels: { [clusterLabel]: 'prod' },
  managedFields: [{ manager: 'kubectl-set', operation: 'Update', fieldsV1: { 'f:spec': {} } }],
};
const list = {
  kind: 'List',
  apiVersion: 'v1',
  metadata: { resourceVersion: '7' },
  items: [{ metadata, spec: {} }],
};

/** Has one object in each collection, and no news of it. */
const client = {
  request: () => Promise.resolve(list),
  stream: () => Promise.reject(new Error('no news')),
} as unknown as StreamingClient;

describe('the caches of a cluster', () => {
  it('keep of a StatefulSet who has written what, for a person may have set its image (V3)', async () => {
    const ended = new AbortController();
    const watch = watchClusters(client, pino({ level: 'silent' }));
    const running = watch.sources.map(({ informer }) => informer.run(ended.signal));
    try {
      await Promise.all(watch.sources.map(({ informer }) => informer.synced));
      const key = { namespace: 'bao', name: 'prod' };
      expect(watch.caches.statefulSet(key)?.metadata).to.deep.equal(metadata);
      const [pod] = watch.caches.pods(key);
      expect(pod?.metadata).not.to.have.property('managedFields');
    } finally {
      ended.abort();
      await Promise.all(running);
    }
  });
});

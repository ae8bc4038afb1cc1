import { expect } from 'chai';
import { maintenanceAnnotation } from '../../../src/api/labels.ts';
import { known, unknown } from '../../../src/core/model/known.ts';
import { ask } from '../support/client.ts';
import { patched } from '../support/patched.ts';
import { podCreation } from '../support/reviews.ts';
import { startTestServer, type TestServer } from '../support/test-server.ts';

const path = '/mutate/pods';

describe('/mutate/pods', () => {
  /** The cluster prod/bao alone is in maintenance. */
  let server: TestServer;
  before(async () => {
    server = await startTestServer({
      facts: {
        inMaintenance: async ({ namespace, name }) => known(namespace === 'prod' && name === 'bao'),
      },
    });
  });
  after(() => server.close());

  it('marks a pod that is created in maintenance, and changes nothing else', async () => {
    const review = podCreation();
    const { object } = review.request;
    expect(patched(review, await ask(server, path, review))).to.deep.equal({
      ...object,
      metadata: { ...object!.metadata, annotations: { [maintenanceAnnotation]: 'true' } },
    });
  });

  it('has nothing to add to its own output', async () => {
    const review = podCreation({ annotations: { [maintenanceAnnotation]: 'true' } });
    expect(await ask(server, path, review)).to.deep.equal({ uid: review.request.uid, allowed: true });
  });

  it('marks a pod that has no name yet', async () => {
    const review = podCreation({ generateName: 'bao-' });
    delete review.request.name;
    delete review.request.object!.metadata.name;
    expect(patched(review, await ask(server, path, review)).metadata.annotations).to.deep.equal({
      [maintenanceAnnotation]: 'true',
    });
  });

  const untouched = [
    { name: 'a pod of another cluster', metadata: { labels: { 'openbao.org/cluster': 'other' } } },
    { name: 'a pod of no cluster', metadata: { labels: { app: 'bao' } } },
    { name: 'a pod without labels', metadata: { labels: undefined } },
    {
      name: "the mirror of a static pod, which is the kubelet's",
      metadata: { annotations: { 'kubernetes.io/config.mirror': 'x' } },
    },
  ];
  for (const { name, metadata } of untouched) {
    it(`leaves ${name} alone`, async () => {
      const review = podCreation(metadata as object);
      expect(await ask(server, path, review)).to.deep.equal({ uid: review.request.uid, allowed: true });
    });
  }

  it('leaves a pod alone when maintenance is unknown: unmarked, its deletion is refused', async () => {
    const blind = await startTestServer({ facts: { inMaintenance: async () => unknown('away') } });
    const review = podCreation();
    const answer = await ask(blind, path, review);
    await blind.close();
    expect(answer).to.deep.equal({ uid: review.request.uid, allowed: true });
  });
});

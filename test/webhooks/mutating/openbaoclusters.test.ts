import { expect } from 'chai';
import { requestedByAnnotation } from '../../../src/api/labels.ts';
import { ask } from '../support/client.ts';
import { patched } from '../support/patched.ts';
import { clusterReview, type Review } from '../support/reviews.ts';
import { startTestServer, type TestServer } from '../support/test-server.ts';

const path = '/mutate/openbaoclusters';

describe('/mutate/openbaoclusters', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  const authorAfter = async (review: Review): Promise<string | undefined> =>
    patched(review, await ask(server, path, review)).metadata.annotations?.[requestedByAnnotation];

  it('writes who enters maintenance, and changes nothing else', async () => {
    const review = clusterReview({ spec: { version: '2.5.5', maintenance: { enabled: true } } });
    const { object } = review.request;
    expect(patched(review, await ask(server, path, review))).to.deep.equal({
      ...object,
      metadata: { ...object!.metadata, annotations: { [requestedByAnnotation]: 'jane' } },
    });
  });

  it('writes who acknowledges, also on CREATE', async () => {
    const spec = { version: '2.5.5', breakGlassAck: 'n' };
    expect(await authorAfter(clusterReview({ spec, username: 'carol' }))).to.equal('carol');
    expect(await authorAfter(clusterReview({ operation: 'CREATE', spec }))).to.equal('jane');
  });

  it('keeps other annotations', async () => {
    const annotations = { 'a/b~c': 'd' };
    const review = clusterReview({
      spec: { version: '2.5.5', breakGlassAck: 'n' },
      annotations,
      oldAnnotations: annotations,
    });
    expect(patched(review, await ask(server, path, review)).metadata.annotations).to.deep.equal({
      ...annotations,
      [requestedByAnnotation]: 'jane',
    });
  });

  it('puts back what somebody wrote in another name', async () => {
    const spec = { version: '2.5.5', breakGlassAck: 'n' };
    const review = clusterReview({
      oldSpec: spec,
      annotations: { [requestedByAnnotation]: 'the-director' },
      oldAnnotations: { [requestedByAnnotation]: 'carol' },
    });
    expect(await authorAfter(review)).to.equal('carol');
  });

  it('takes a stale one away', async () => {
    const review = clusterReview({
      oldSpec: { version: '2.5.5', maintenance: { enabled: true } },
      spec: { version: '2.5.5', maintenance: { enabled: false } },
      annotations: { [requestedByAnnotation]: 'carol' },
      oldAnnotations: { [requestedByAnnotation]: 'carol' },
    });
    expect(await authorAfter(review)).to.equal(undefined);
  });

  it('has nothing to add to its own output', async () => {
    const review = clusterReview({ spec: { version: '2.5.5', maintenance: { enabled: true } } });
    review.request.object = patched(review, await ask(server, path, review));
    expect(await ask(server, path, review)).to.deep.equal({ uid: review.request.uid, allowed: true });
  });

  it('carries no patch where nothing is to be written', async () => {
    const review = clusterReview({ spec: { version: '2.6.0' } });
    expect(await ask(server, path, review)).to.deep.equal({ uid: review.request.uid, allowed: true });
  });

  it('does not judge: what is to be denied, the validating route denies', async () => {
    const review = clusterReview({ spec: { version: '2.4.0' }, status: { currentVersion: '2.5.5' } });
    expect((await ask(server, path, review)).allowed).to.equal(true);
  });
});

import { expect } from 'chai';
import { requestedByAnnotation } from '../../../src/api/labels.ts';
import { ask } from '../support/client.ts';
import { patched } from '../support/patched.ts';
import { servicesReview, type Review } from '../support/reviews.ts';
import { startTestServer, type TestServer } from '../support/test-server.ts';

const path = '/mutate/metadataservices';
const backTo = { 'e6data.io/rollback-to': 'v20260102-030405-abcdef1' };
const by = (name: string) => ({ [requestedByAnnotation]: name });

describe('/mutate/metadataservices', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  const authorAfter = async (review: Review): Promise<string | undefined> =>
    patched(review, await ask(server, path, review)).metadata.annotations?.[requestedByAnnotation];

  it('writes who asks for a rollback, and changes nothing else', async () => {
    const review = servicesReview({ annotations: backTo });
    const { object } = review.request;
    expect(patched(review, await ask(server, path, review))).to.deep.equal({
      ...object,
      metadata: { ...object!.metadata, annotations: { ...backTo, ...by('jane') } },
    });
    expect(await authorAfter(servicesReview({ operation: 'CREATE', annotations: backTo }))).to.equal('jane');
  });

  it('puts back what somebody wrote in another name, and takes a stale one away', async () => {
    const forged = { ...backTo, ...by('the-director') };
    expect(await authorAfter(servicesReview({ annotations: forged }))).to.equal('jane');
    const before = { ...backTo, ...by('carol') };
    expect(await authorAfter(servicesReview({ annotations: forged, oldAnnotations: before }))).to.equal(
      'carol',
    );
    const stale = servicesReview({ annotations: by('carol'), oldAnnotations: before });
    expect(await authorAfter(stale)).to.equal(undefined);
  });

  it('carries no patch where nothing is to be written', async () => {
    for (const annotations of [{ ...backTo, ...by('jane') }, { a: 'b' }]) {
      const review = servicesReview({ annotations, oldAnnotations: annotations });
      expect(await ask(server, path, review)).to.deep.equal({ uid: review.request.uid, allowed: true });
    }
  });
});

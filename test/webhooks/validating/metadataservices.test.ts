import { expect } from 'chai';
import { known, unknown } from '../../../src/core/model/known.ts';
import type { AdmissionFacts } from '../../../src/io/kubernetes/admission-facts.ts';
import { ask } from '../support/client.ts';
import { clusterReview, servicesReview } from '../support/reviews.ts';
import { startTestServer, type TestServer } from '../support/test-server.ts';

const path = '/validate/metadataservices';
const good = 'v20260102-030405-abcdef1';
const status = {
  activeReleaseVersion: good,
  deploymentPhase: 'Stable',
  releaseHistory: [
    {
      version: good,
      strategy: 'blue',
      storageTag: '1.0',
      schemaTag: '1.0',
      timestamp: '2026-01-02T03:04:05Z',
      status: 'Active',
    },
  ],
};
const backTo = (version: string) => ({ 'e6data.io/rollback-to': version });

describe('/validate/metadataservices', () => {
  const servers: TestServer[] = [];
  const start = async (facts: Partial<AdmissionFacts> = {}) => {
    const server = await startTestServer({ facts });
    servers.push(server);
    return server;
  };
  afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));

  it('allows what asks for no rollback, without a word and without asking anybody', async () => {
    const asked: unknown[] = [];
    const server = await start({
      async holdsVerb(...all) {
        asked.push(all);
        return known(false);
      },
    });
    const ordinary = servicesReview({ annotations: { a: 'b' }, status });
    expect(await ask(server, path, ordinary)).to.deep.equal({ uid: ordinary.request.uid, allowed: true });
    const repeated = servicesReview({ annotations: backTo(good), oldAnnotations: backTo(good), status });
    expect((await ask(server, path, repeated)).allowed).to.equal(true);
    expect(asked).to.deep.equal([]);
  });

  it('asks for the verb rollback on the very object', async () => {
    const asked: unknown[] = [];
    const server = await start({
      async holdsVerb(_user, verb, target) {
        asked.push([verb, target]);
        return known(true);
      },
    });
    const review = servicesReview({ annotations: backTo(good), status });
    expect((await ask(server, path, review)).allowed).to.equal(true);
    expect(asked).to.deep.equal([
      ['rollback', { resource: 'metadataservices', namespace: 'prod', name: 'sample1' }],
    ]);
  });

  it('denies those who do not hold it, and where that cannot be known', async () => {
    for (const answer of [known(false), unknown('the API server is away')]) {
      const server = await start({ holdsVerb: async () => answer });
      const { allowed, status: said } = await ask(
        server,
        path,
        servicesReview({ annotations: backTo(good), status }),
      );
      expect(allowed).to.equal(false);
      expect(said).to.include({ code: 403, reason: 'PermissionRequired' });
      expect(said?.message).to.contain(
        answer.kind === 'known' ? 'metadataservices.e6data.io/sample1' : 'away',
      );
    }
  });

  it('denies an empty request, whoever asks', async () => {
    const server = await start({ holdsVerb: async () => known(true) });
    const { status: said } = await ask(server, path, servicesReview({ annotations: backTo(''), status }));
    expect(said).to.include({ code: 422, reason: 'RollbackTargetEmpty' });
  });

  it('reads the stored status alone', async () => {
    const server = await start({ holdsVerb: async () => known(true) });
    const review = servicesReview({ annotations: backTo(good), status });
    delete review.request.oldObject?.status;
    expect((await ask(server, path, review)).status).to.include({ reason: 'NoGoodRelease' });
  });

  it('lets what is going go, whatever is wrong with it', async () => {
    const server = await start();
    const review = servicesReview({ annotations: backTo(''), status });
    Object.assign(review.request.object!.metadata, { deletionTimestamp: '2026-01-02T03:04:05Z' });
    review.request.object!.spec = { storage: 7 };
    expect((await ask(server, path, review)).allowed).to.equal(true);
  });

  it('does not judge another kind', async () => {
    const server = await start();
    const { allowed, status: said } = await ask(server, path, clusterReview({}));
    expect(allowed).to.equal(false);
    expect(said?.message).to.contain('this webhook judges CREATE, UPDATE of metadataservices.e6data.io');
  });
});

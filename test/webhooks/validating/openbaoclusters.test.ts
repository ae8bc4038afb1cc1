import { expect } from 'chai';
import { dataVersionAnnotation } from '../../../src/api/labels.ts';
import { known, unknown } from '../../../src/core/model/known.ts';
import type { AdmissionFacts } from '../../../src/io/kubernetes/admission-facts.ts';
import { ask, send } from '../support/client.ts';
import { clusterReview } from '../support/reviews.ts';
import { startTestServer, type TestServer, type TestServerOptions } from '../support/test-server.ts';

const path = '/validate/openbaoclusters';

describe('/validate/openbaoclusters', () => {
  const servers: TestServer[] = [];
  const start = async (options: TestServerOptions = {}) => {
    const server = await startTestServer(options);
    servers.push(server);
    return server;
  };
  afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));

  it('allows an edit that breaks no rule, without a word', async () => {
    const server = await start();
    const review = clusterReview({ spec: { version: '2.5.5', paused: true } });
    expect(await ask(server, path, review)).to.deep.equal({ uid: review.request.uid, allowed: true });
  });

  it('allows a CREATE, whose oldObject may be null or absent', async () => {
    const server = await start();
    const review = clusterReview({ operation: 'CREATE', spec: { version: '2.5.5' } });
    expect((await ask(server, path, review)).allowed).to.equal(true);
    delete review.request.oldObject;
    expect((await ask(server, path, review)).allowed).to.equal(true);
  });

  it('denies a downgrade with the versions seen', async () => {
    const server = await start();
    const review = clusterReview({ spec: { version: '2.4.0' }, status: { currentVersion: '2.5.5' } });
    const { allowed, status, auditAnnotations, ...rest } = await ask(server, path, review);
    expect(allowed).to.equal(false);
    expect(status).to.include({ code: 403, reason: 'DowngradeBlocked' });
    expect(status?.message).to.contain('2.4.0').and.to.contain('2.5.5');
    expect(auditAnnotations).to.deep.equal({ decision: 'deny', reasons: 'DowngradeBlocked' });
    expect(Object.keys(rest), 'nothing else, no patch above all').to.deep.equal(['uid']);
  });

  it('answers a denial over HTTP 200: another code would be a failed call', async () => {
    const server = await start();
    const review = clusterReview({ spec: { version: 'latest' } });
    const answer = await send(server, { path: `${path}?timeout=10s`, body: JSON.stringify(review) });
    expect(answer.status).to.equal(200);
    expect(answer.headers['content-length']).to.equal(String(Buffer.byteLength(answer.text)));
  });

  it('takes the reason of the first violated rule, and lists all', async () => {
    const server = await start();
    const review = clusterReview({
      spec: { version: '2.4', image: 'Not/An Image', breakGlassAck: 'x', maintenance: { enabled: true } },
      status: { currentVersion: '2.5.5' },
    });
    const { status, auditAnnotations } = await ask(server, path, review);
    expect(status).to.include({ code: 422, reason: 'InvalidVersion' });
    const reasons = ['InvalidVersion', 'InvalidImageReference', 'NoActiveBreakGlass', 'PermissionRequired'];
    expect(auditAnnotations?.['reasons']).to.equal(reasons.join(','));
    for (const reason of reasons) expect(status?.message).to.contain(reason);
  });

  it('warns in lines that kubectl shows whole', async () => {
    const server = await start({ facts: { holdsVerb: async () => known(true) } });
    const image = `registry.example/${'a-long-name/'.repeat(12)}openbao`;
    const { allowed, warnings = [] } = await ask(
      server,
      path,
      clusterReview({ spec: { version: '2.5.5', image } }),
    );
    expect(allowed).to.equal(true);
    expect(warnings.length).to.be.greaterThan(1);
    expect(warnings.join(' ')).to.contain('neither tag nor digest');
  });

  it('lets a violation that was there before pass with a warning', async () => {
    const server = await start();
    const oldSpec = { version: 'latest' };
    const review = clusterReview({ oldSpec, spec: { ...oldSpec, paused: true } });
    const { allowed, warnings = [] } = await ask(server, path, review);
    expect(allowed).to.equal(true);
    expect(warnings.join(' ')).to.contain('InvalidVersion');
  });

  it('ignores a status that comes with a CREATE', async () => {
    const server = await start();
    const review = clusterReview({
      operation: 'CREATE',
      spec: { version: '2.5.5' },
      status: { currentVersion: '9.9.9' },
    });
    expect((await ask(server, path, review)).allowed).to.equal(true);
  });

  it('reads the stored status, not the one in the new object', async () => {
    const server = await start();
    const review = clusterReview({ spec: { version: '2.4.0' }, status: { currentVersion: '2.5.5' } });
    review.request.object!.status = { currentVersion: '2.0.0' };
    expect((await ask(server, path, review)).status?.reason).to.equal('DowngradeBlocked');
  });

  it('judges an object that is going only by letting it go, whatever its shape', async () => {
    const server = await start();
    const review = clusterReview({ spec: { version: 7 } });
    review.request.object!.metadata.deletionTimestamp = '2026-11-21T03:54:30Z';
    expect((await ask(server, path, review)).allowed).to.equal(true);
  });

  it('takes no other value for the time of a deletion', async () => {
    const server = await start();
    for (const wrong of [null, 0, true, {}, []]) {
      const review = clusterReview({ spec: { version: '2.4.0' }, status: { currentVersion: '2.5.5' } });
      review.request.object!.metadata.deletionTimestamp = wrong as string;
      expect((await ask(server, path, review)).allowed, JSON.stringify(wrong)).to.equal(false);
    }
  });

  describe('of a DELETE', () => {
    const deletion = (spec: Record<string, unknown>) => {
      const review = clusterReview({ oldSpec: { version: '2.5.5', ...spec } });
      return { ...review, request: { ...review.request, operation: 'DELETE', object: null } };
    };

    it('allows what keeps the data, and denies what does not', async () => {
      const server = await start();
      expect((await ask(server, path, deletion({}))).allowed).to.equal(true);
      const { allowed, status } = await ask(server, path, deletion({ deletionPolicy: 'DeletePVCs' }));
      expect(allowed).to.equal(false);
      expect(status).to.include({ code: 403, reason: 'DeletionNotConfirmed' });
    });

    it('goes by the old object alone, whatever else is sent', async () => {
      const server = await start();
      const review = deletion({ deletionPolicy: 'DeleteAll' });
      const object = { metadata: { deletionTimestamp: '2026-11-21T03:54:30Z' } };
      const forged = { ...review, request: { ...review.request, object } };
      expect((await ask(server, path, forged)).allowed).to.equal(false);
    });

    it('passes what is going already, however it is shaped', async () => {
      const server = await start();
      const review = deletion({});
      const oldObject = { metadata: { deletionTimestamp: '2026-11-21T03:54:30Z' } };
      expect(
        (await ask(server, path, { ...review, request: { ...review.request, oldObject } })).allowed,
      ).to.equal(true);
    });

    it('asks for no fact where it allows', async () => {
      const facts = { warnsOnly: () => expect.fail('asked') };
      expect((await ask(await start({ facts }), path, deletion({}))).allowed).to.equal(true);
    });
  });

  describe('asks only for the facts that the request needs', () => {
    const recordingFacts = () => {
      const asked: string[] = [];
      const note =
        <T>(name: string, value: T) =>
        async () => {
          asked.push(name);
          return known(value);
        };
      const facts: AdmissionFacts = {
        volumes: note('volumes', []),
        pod: note('pod', undefined),
        pods: note('pods', []),
        holdsVerb: async (_user, verb) => {
          asked.push(verb);
          return known(true);
        },
        mayActAs: note('mayActAs', false),
        inMaintenance: note('inMaintenance', false),
        warnsOnly: note('warnsOnly', false),
      };
      return { asked, facts };
    };
    const cases = [
      { name: 'none for paused', spec: { version: '2.5.5', paused: true }, asks: [] },
      {
        name: 'volumes and pods for a new version',
        spec: { version: '2.6.0' },
        asks: ['volumes', 'pods'],
      },
      {
        name: 'the verb for maintenance',
        spec: { version: '2.5.5', maintenance: { enabled: true } },
        asks: ['maintenance'],
      },
      {
        name: 'the verbs for upgrade requests',
        spec: { version: '2.5.5', upgrade: { requests: { promote: 'a', cleanup: 'b', rollback: 'c' } } },
        asks: ['promote', 'rollback'],
      },
      {
        name: 'the verb for an acknowledgement, and the namespace before it denies',
        spec: { version: '2.5.5', breakGlassAck: 'x' },
        asks: ['acknowledge', 'warnsOnly'],
      },
    ];
    for (const { name, spec, asks } of cases) {
      it(name, async () => {
        const { asked, facts } = recordingFacts();
        await ask(await start({ facts }), path, clusterReview({ spec }));
        expect(asked).to.have.members(asks);
      });
    }

    it('the verb maintenance once a volume was found that does not say what ran on it (P4)', async () => {
      const { asked, facts } = recordingFacts();
      const claim = { metadata: { name: 'data-bao-0', namespace: 'prod' }, spec: { volumeName: 'v' } };
      const server = await start({ facts: { ...facts, volumes: async () => known([claim]) } });
      const created = clusterReview({ operation: 'CREATE', spec: { version: '2.6.3' } });
      const { allowed, warnings = [] } = await ask(server, path, created);
      expect({ allowed, asked }).to.deep.equal({ allowed: true, asked: ['pods', 'maintenance'] });
      expect(warnings.join(' ')).to.contain('data-bao-0');
      const denying = { ...facts, volumes: async () => known([claim]), holdsVerb: async () => known(false) };
      const refused = await ask(await start({ facts: denying }), path, created);
      expect(refused.status?.reason).to.equal('DowngradeBlocked');
    });

    it('of the right cluster and user', async () => {
      const seen: unknown[] = [];
      const server = await start({
        facts: {
          holdsVerb: async (user, verb, cluster) => {
            seen.push({ user: user.username, verb, cluster });
            return known(true);
          },
          volumes: async (cluster) => {
            seen.push({ cluster });
            return known([]);
          },
        },
      });
      const spec = { version: '2.6.0', maintenance: { enabled: true } };
      await ask(server, path, clusterReview({ spec, username: 'carol' }));
      const cluster = { namespace: 'prod', name: 'bao' };
      expect(seen).to.have.deep.members([{ cluster }, { user: 'carol', verb: 'maintenance', cluster }]);
    });
  });

  describe('with facts that are unknown', () => {
    const blind: Partial<AdmissionFacts> = {
      volumes: async () => unknown('the API server is away'),
      pods: async () => unknown('the API server is away'),
      holdsVerb: async () => unknown('the API server is away'),
      warnsOnly: async () => unknown('the API server is away'),
    };

    it('denies a change of version, and says what could not be read', async () => {
      const { status } = await ask(
        await start({ facts: blind }),
        path,
        clusterReview({ spec: { version: '2.6.0' } }),
      );
      expect(status?.reason).to.equal('DowngradeBlocked');
      expect(status?.message).to.contain('the API server is away');
    });

    it('denies what needs a verb', async () => {
      const review = clusterReview({ spec: { version: '2.5.5', maintenance: { enabled: true } } });
      const { status } = await ask(await start({ facts: blind }), path, review);
      expect(status?.reason).to.equal('PermissionRequired');
      expect(status?.message).to.contain('the API server is away');
    });

    it('allows everything else', async () => {
      const review = clusterReview({ spec: { version: '2.5.5', paused: true } });
      expect((await ask(await start({ facts: blind }), path, review)).allowed).to.equal(true);
    });
  });

  it('holds a new cluster to the version stamped on the volumes that an old one left', async () => {
    const server = await start({
      facts: {
        volumes: async () =>
          known([{ metadata: { name: 'data-bao-0', annotations: { [dataVersionAnnotation]: '2.6.0' } } }]),
      },
    });
    const review = clusterReview({ operation: 'CREATE', spec: { version: '2.5.5' } });
    const { status } = await ask(server, path, review);
    expect(status?.reason).to.equal('DowngradeBlocked');
    expect(status?.message).to.contain('data-bao-0');
  });

  describe('told to warn only', () => {
    const downgrade = () =>
      clusterReview({ spec: { version: '2.4.0' }, status: { currentVersion: '2.5.5' } });
    const warned = async (server: TestServer) => {
      const { allowed, warnings = [], status, auditAnnotations } = await ask(server, path, downgrade());
      expect({ allowed, status, auditAnnotations }).to.deep.equal({
        allowed: true,
        status: undefined,
        auditAnnotations: { decision: 'warn', reasons: 'DowngradeBlocked' },
      });
      expect(warnings.join(' ')).to.contain('DowngradeBlocked').and.to.contain('(not enforced)');
    };

    it('by its own option, allows and warns', async () => warned(await start({ enforce: 'warn' })));

    it('by the label of the namespace, allows and warns', async () => {
      await warned(await start({ facts: { warnsOnly: async (namespace) => known(namespace === 'prod') } }));
    });

    it('denies what needs a verb all the same, and warns of the rest (C5)', async () => {
      const acknowledges = clusterReview({
        spec: { version: '2.4.0', breakGlassAck: 'right' },
        status: { currentVersion: '2.5.5', breakGlass: { active: true, nonce: 'right' } },
      });
      for (const holds of [known(false), unknown('no answer')]) {
        const server = await start({ enforce: 'warn', facts: { holdsVerb: async () => holds } });
        const { allowed, status, warnings = [], auditAnnotations } = await ask(server, path, acknowledges);
        expect({ allowed, reason: status?.reason, auditAnnotations }).to.deep.equal({
          allowed: false,
          reason: 'PermissionRequired',
          auditAnnotations: { decision: 'deny', reasons: 'PermissionRequired' },
        });
        expect(warnings.join(' ')).to.contain('DowngradeBlocked').and.to.contain('(not enforced)');
      }
    });

    it('by a label that cannot be read, denies', async () => {
      const server = await start({ facts: { warnsOnly: async () => unknown('forbidden') } });
      expect((await ask(server, path, downgrade())).allowed).to.equal(false);
    });
  });

  it('answers the same however often it is asked', async () => {
    const server = await start();
    const review = clusterReview({
      spec: { version: '2.5.5', breakGlassAck: 'wrong' },
      status: { breakGlass: { active: true, nonce: 'right' } },
    });
    const first = await ask(server, path, review);
    expect(first.status?.reason).to.equal('StaleNonce');
    for (let times = 0; times < 3; times++) expect(await ask(server, path, review)).to.deep.equal(first);
  });

  it('never tells a nonce', async () => {
    const server = await start();
    const review = clusterReview({
      spec: { version: '2.5.5', breakGlassAck: 'given-nonce' },
      status: {
        breakGlass: { active: true, nonce: 'current-nonce', history: [{ nonce: 'earlier-nonce' }] },
      },
    });
    const answer = await send(server, { path, body: JSON.stringify(review) });
    expect(answer.text).to.contain('StaleNonce').and.not.to.contain('-nonce');
    expect(JSON.stringify(server.log)).not.to.contain('-nonce');
  });

  it('logs a denial with who asked and why, not with what the object holds', async () => {
    const server = await start();
    await ask(server, path, clusterReview({ spec: { version: 'latest' }, username: 'carol' }));
    expect(server.log).to.have.lengthOf(1);
    expect(server.log[0]).to.include({
      level: 30,
      msg: 'denied',
      user: 'carol',
      operation: 'UPDATE',
      namespace: 'prod',
      name: 'bao',
      reasons: 'InvalidVersion',
    });
  });

  it('answers 500, never "allowed", when a rule fails unexpectedly, and then the next request', async () => {
    const facts = {
      volumes: () => {
        throw new Error('a defect');
      },
    };
    const server = await start({ facts });
    const review = clusterReview({ spec: { version: '2.6.0' } });
    const answer = await send(server, { path, body: JSON.stringify(review) });
    expect(answer.status).to.equal(500);
    expect(answer.text).to.contain('see the log').and.not.to.contain('a defect');
    expect(server.log.map(({ level, msg }) => ({ level, msg }))).to.deep.equal([
      { level: 50, msg: 'unexpected error' },
    ]);
    expect((await ask(server, path, clusterReview({ spec: { version: '2.5.5' } }))).allowed).to.equal(true);
  });
});

import { expect } from 'chai';
import { gzipSync } from 'node:zlib';
import { ask, reviewIn, send, type HttpAnswer } from './support/client.ts';
import { patched } from './support/patched.ts';
import { clusterReview, podCreation, recorded, type Review } from './support/reviews.ts';
import { startTestServer, type TestServer } from './support/test-server.ts';

const clusters = '/validate/openbaoclusters';
const paths = [
  '/mutate/openbaoclusters',
  '/mutate/pods',
  clusters,
  '/validate/pods',
  '/mutate/metadataservices',
  '/validate/metadataservices',
];

/** A review that the rules deny: whatever is made of it must not become "allowed". */
const denied = () => clusterReview({ spec: { version: '2.4.0' }, status: { currentVersion: '2.5.5' } });

describe('what is no proper admission call', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  afterEach('the server goes on answering, and nothing unexpected happened', async () => {
    expect((await ask(server, clusters, denied())).status?.reason).to.equal('DowngradeBlocked');
    expect(server.log.filter(({ level }) => level >= 50)).to.deep.equal([]);
  });

  /** Holds an answer that is no AdmissionReview to the shape of a metav1.Status, which the API server quotes. */
  const expectStatus = ({ status, text, headers }: HttpAnswer, code: number, message: RegExp) => {
    expect(status, text).to.equal(code);
    expect(headers['content-type']).to.equal('application/json');
    const body = JSON.parse(text) as Record<string, unknown>;
    expect(body).to.include({ apiVersion: 'v1', kind: 'Status', status: 'Failure', code });
    expect(body['message']).to.match(message);
    expect(body).not.to.have.any.keys('response', 'allowed');
  };
  const post = (body: string | Buffer, path = clusters, headers: Record<string, string> = {}) =>
    send(server, { path, body, headers: { 'Content-Type': 'application/json', ...headers } });

  describe('over HTTP', () => {
    const body = JSON.stringify(denied());

    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      it(`is answered 405 for ${method}, with the method that is right`, async () => {
        for (const path of paths) {
          const answer = await send(server, { method, path, body: method === 'GET' ? '' : body });
          expectStatus(answer, 405, /only POST/);
          expect(answer.headers.allow).to.equal('POST');
        }
      });
    }

    it('is answered 405 for HEAD, without a body', async () => {
      const answer = await send(server, { method: 'HEAD', path: clusters });
      expect(answer).to.deep.include({ status: 405, text: '' });
    });

    for (const path of [
      '/',
      '/validate',
      `${clusters}/x`,
      `/${clusters}`,
      '/validate/../validate/pods',
      '/%',
      '/%zz',
      '/%00',
      `/${'x'.repeat(10_000)}`,
      '/metrics',
      '/healthz',
    ]) {
      it(`is answered 404 at ${path.slice(0, 40)}, with the paths that there are`, async () => {
        const answer = await post(body, path);
        expectStatus(answer, 404, /\/validate\/openbaoclusters/);
        expect(answer.text.length).to.be.lessThan(1_000);
      });
    }

    for (const type of [
      undefined,
      '',
      'text/plain',
      'application/jsonp',
      'application/x-www-form-urlencoded',
      'application/vnd.kubernetes.protobuf',
    ]) {
      it(`is answered 415 for the content type ${type}`, async () => {
        const headers = type === undefined ? {} : { 'Content-Type': type };
        expectStatus(await send(server, { path: clusters, body, headers }), 415, /content type/);
      });
    }

    it('takes no offence at a charset or capitals in the content type', async () => {
      for (const type of ['application/json; charset=utf-8', 'Application/JSON', ' application/json ;x=y']) {
        const review = denied();
        const answer = await post(JSON.stringify(review), clusters, { 'Content-Type': type });
        expect(reviewIn(answer, review).status?.reason, type).to.equal('DowngradeBlocked');
      }
    });

    it('is answered 415 for a compressed body', async () => {
      for (const encoding of ['gzip', 'br', 'gzip, identity']) {
        const answer = await post(gzipSync(body), clusters, { 'Content-Encoding': encoding });
        expectStatus(answer, 415, /compressed/);
      }
    });

    it('is answered 400 for a compressed body that does not say so', async () => {
      expectStatus(await post(gzipSync(body)), 400, /not UTF-8/);
    });

    it('takes no offence at Content-Encoding: identity', async () => {
      const review = denied();
      const answer = await post(JSON.stringify(review), clusters, { 'Content-Encoding': 'identity' });
      expect(reviewIn(answer, review).status?.reason).to.equal('DowngradeBlocked');
    });
  });

  describe('in the body', () => {
    const good = JSON.stringify(denied());
    const bodies: { name: string; body: string | Buffer; says: RegExp }[] = [
      { name: 'nothing', body: '', says: /empty/ },
      { name: 'blanks', body: '  \n', says: /not JSON/ },
      { name: 'text', body: 'hello', says: /not JSON/ },
      { name: 'half a review', body: good.slice(0, good.length / 2), says: /not JSON/ },
      { name: 'a review and something behind it', body: `${good}{}`, says: /not JSON/ },
      { name: 'NaN', body: good.replace('false', 'NaN'), says: /not JSON/ },
      { name: 'a byte order mark', body: `\u{feff}${good}`, says: /not JSON/ },
      { name: 'UTF-16', body: Buffer.from(good, 'utf16le'), says: /not JSON/ },
      {
        name: 'a byte that is no UTF-8',
        body: Buffer.from(good.replace('jane', 'jan\xe9'), 'latin1'),
        says: /UTF-8/,
      },
      { name: 'a zero byte in a text', body: good.replace('jane', 'ja\0ne'), says: /not JSON/ },
      { name: 'null', body: 'null', says: /must be object/ },
      { name: 'a list', body: `[${good}]`, says: /must be object/ },
      { name: 'a text', body: JSON.stringify(good), says: /must be object/ },
      { name: 'a number', body: '7', says: /must be object/ },
      { name: 'an empty object', body: '{}', says: /apiVersion/ },
    ];
    for (const { name, body, says } of bodies) {
      it(`${name} is answered 400`, async () => {
        for (const path of paths) expectStatus(await post(body, path), 400, says);
      });
    }
  });

  describe('in the review', () => {
    /** Each sets one place of a good review, or deletes it where the value is undefined. */
    const changes: { place: string; values: unknown[]; says: RegExp }[] = [
      {
        place: 'apiVersion',
        values: ['admission.k8s.io/v1beta1', 'v1', '', 1, null, undefined],
        says: /apiVersion/,
      },
      { place: 'kind', values: ['Review', '', 1, null, undefined], says: /kind/ },
      { place: 'request', values: [null, [], 'x', 1, {}, undefined], says: /request/ },
      { place: 'request.uid', values: ['', 7, null, {}, undefined], says: /uid/ },
      { place: 'request.operation', values: ['create', 'PATCH', '', 1, null, undefined], says: /operation/ },
      { place: 'request.kind', values: ['x', [], null, {}, undefined], says: /kind/ },
      { place: 'request.resource', values: ['pods', [], null, {}, undefined], says: /resource/ },
      { place: 'request.resource.resource', values: [1, null, ['pods'], undefined], says: /resource/ },
      { place: 'request.subResource', values: [1, null, {}, []], says: /subResource/ },
      { place: 'request.name', values: [1, null, {}, []], says: /name/ },
      { place: 'request.namespace', values: [1, null, {}, []], says: /namespace/ },
      { place: 'request.userInfo', values: ['jane', [], null, undefined], says: /userInfo/ },
      { place: 'request.userInfo.username', values: [1, null, {}, []], says: /username/ },
      { place: 'request.userInfo.groups', values: ['x', {}, [1], [null], [['x']]], says: /groups/ },
      { place: 'request.userInfo.extra', values: ['x', [], { a: 'b' }, { a: [1] }], says: /extra/ },
      { place: 'request.dryRun', values: ['true', 1, {}, null], says: /dryRun/ },
      { place: 'request.object', values: ['x', [], 1, true], says: /object/ },
      { place: 'request.oldObject', values: ['x', [], 1, true], says: /oldObject/ },
    ];
    for (const { place, values, says } of changes) {
      it(`a wrong ${place} is answered 400`, async () => {
        for (const value of values) {
          const review = denied();
          set(review, place, value);
          const answer = await post(JSON.stringify(review));
          expectStatus(answer, 400, says);
        }
      });
    }

    it('many wrong places are named up to five, in a short message', async () => {
      const review = denied();
      review.request.userInfo = { groups: Array.from({ length: 100 }, () => 1) as unknown as string[] };
      const answer = await post(JSON.stringify(review));
      expectStatus(answer, 400, /groups/);
      expect(answer.text.length).to.be.lessThan(700);
    });
  });

  describe('in what the review is about', () => {
    /** A validating route says it to the caller; a mutating one, which fails open, says it to the API server. */
    const expectRefused = async (
      review: Review,
      says: RegExp,
      [validate, mutate] = [clusters, paths[0]!],
    ) => {
      const { allowed, status, patch } = await ask(server, validate, review);
      expect({ allowed, patch }).to.deep.equal({ allowed: false, patch: undefined });
      expect(status).to.include({ code: 400, reason: 'BadRequest' });
      expect(status?.message).to.match(says);
      expectStatus(await post(JSON.stringify(review), mutate), 400, says);
    };

    const places: { place: string; values: unknown[]; says: RegExp }[] = [
      { place: 'request.object', values: [null, undefined, {}], says: /object/ },
      { place: 'request.oldObject', values: [null, undefined, {}], says: /oldObject/ },
      { place: 'request.object.metadata', values: [null, [], 'x', undefined], says: /metadata/ },
      { place: 'request.object.metadata.name', values: [1, null, []], says: /name/ },
      {
        place: 'request.object.metadata.annotations',
        values: ['x', [], { a: 1 }, { a: null }],
        says: /annotations/,
      },
      { place: 'request.object.metadata.labels', values: ['x', [], { a: {} }], says: /labels/ },
      { place: 'request.object.spec', values: [null, [], 'x', {}, undefined], says: /spec/ },
      {
        place: 'request.object.spec.version',
        values: [2.5, null, ['2.5.5'], {}, undefined],
        says: /version/,
      },
      { place: 'request.object.spec.image', values: [1, null, []], says: /image/ },
      { place: 'request.object.spec.maintenance', values: [true, null, [], 'x'], says: /maintenance/ },
      { place: 'request.object.spec.maintenance', values: [{ enabled: 'yes' }], says: /enabled/ },
      { place: 'request.object.spec.breakGlassAck', values: [1, null, []], says: /breakGlassAck/ },
      { place: 'request.oldObject.status', values: [null, [], 'x'], says: /status/ },
      { place: 'request.oldObject.status.currentVersion', values: [2, null, {}], says: /currentVersion/ },
      {
        place: 'request.operation',
        values: ['CONNECT'],
        says: /not CONNECT openbaoclusters/,
      },
      {
        place: 'request.subResource',
        values: ['status', 'scale', 'x/y'],
        says: /openbaoclusters\.openbao\.org\//,
      },
      {
        place: 'request.resource.resource',
        values: ['pods', '', 'OpenBaoClusters'],
        says: /judges CREATE, UPDATE/,
      },
      {
        place: 'request.resource.group',
        values: ['', 'apps', 'openbao.org.evil'],
        says: /judges CREATE, UPDATE/,
      },
    ];
    for (const { place, values, says } of places) {
      it(`a wrong ${place} is refused`, async () => {
        for (const value of values) {
          const review = denied();
          set(review, place, value);
          await expectRefused(review, says);
        }
      });
    }

    it('a wrong pod is refused', async () => {
      for (const value of [null, undefined, {}, { metadata: null }, { metadata: { labels: [] } }]) {
        const deletion = recorded('pod-delete-by-user');
        set(deletion, 'request.oldObject', value);
        expect((await ask(server, '/validate/pods', deletion)).allowed).to.equal(false);
        const creation = podCreation();
        set(creation, 'request.object', value);
        expectStatus(await post(JSON.stringify(creation), '/mutate/pods'), 400, /object/);
      }
    });

    it('a review sent to another route is refused there', async () => {
      const mixed = [
        { path: '/validate/pods', review: denied() },
        { path: clusters, review: recorded('pod-delete-by-user') },
      ];
      for (const { path, review } of mixed) {
        expect((await ask(server, path, review)).status?.reason).to.equal('BadRequest');
      }
      expectStatus(await post(JSON.stringify(denied()), '/mutate/pods'), 400, /judges CREATE of pods/);
    });
  });

  describe('is taken as it stands', () => {
    it('when it holds fields and values that we do not know', async () => {
      const review = denied();
      review.request['addedLater'] = { deep: [1, 2, { three: null }] };
      Object.assign(review.request.object!.spec!, { replicas: 3, addedLater: [] });
      Object.assign(review.request.oldObject!.status!, { upgrade: { addedLater: true }, addedLater: [] });
      expect((await ask(server, clusters, review)).status?.reason).to.equal('DowngradeBlocked');
    });

    for (const number of [
      '9007199254740993',
      '123456789012345678901234567890',
      '1e400',
      '-1e400',
      '5e-324',
    ]) {
      it(`when it holds the number ${number} where we read nothing`, async () => {
        const review = denied();
        Object.assign(review.request.object!.metadata, { generation: 'NUMBER' });
        const answer = await post(JSON.stringify(review).replaceAll('"NUMBER"', number));
        expect(reviewIn(answer, review).status?.reason).to.equal('DowngradeBlocked');
      });

      it(`and not when it holds the number ${number} for a version`, async () => {
        const review = denied();
        Object.assign(review.request.object!.spec!, { version: 'NUMBER' });
        const answer = await post(JSON.stringify(review).replaceAll('"NUMBER"', number));
        expect(reviewIn(answer, review).status?.reason).to.equal('BadRequest');
      });
    }
  });

  describe('nested', () => {
    for (const depth of [10_000, 100_000]) {
      const deep = (open: string, close: string) => `${open.repeat(depth)}1${close.repeat(depth)}`;
      const shapes = [
        { shape: 'lists', json: deep('[', ']') },
        { shape: 'objects', json: deep('{"a":', '}') },
      ];
      for (const { shape, json } of shapes) {
        /** The review with the nest in place of the text NEST. */
        const withNest = (review: Review) => JSON.stringify(review).replace('"NEST"', json);

        it(`${depth} deep in ${shape} where we read nothing, changes no answer`, async () => {
          const validating = denied();
          validating.request.object!.spec!['other'] = 'NEST';
          const answer = await post(withNest(validating));
          expect(reviewIn(answer, validating).status?.reason).to.equal('DowngradeBlocked');

          const mutating = clusterReview({ spec: { version: '2.5.5', breakGlassAck: 'x', other: 'NEST' } });
          const response = reviewIn(await post(withNest(mutating), '/mutate/openbaoclusters'), mutating);
          const { annotations } = patched(mutating, response).metadata;
          expect(annotations).to.deep.equal({ 'rollguard.io/requested-by': 'jane' });
        });

        it(`${depth} deep in ${shape} where we read, is refused`, async () => {
          for (const place of ['request.userInfo.groups', 'request.name', 'request.kind']) {
            const review = denied();
            set(review, place, 'NEST');
            expect((await post(withNest(review))).status, place).to.equal(400);
          }
          for (const place of ['request.object.spec.version', 'request.object.metadata.labels']) {
            const review = denied();
            set(review, place, 'NEST');
            expect(reviewIn(await post(withNest(review)), review).allowed, place).to.equal(false);
          }
        });
      }
    }
  });

  describe('with keys that mean something to JavaScript', () => {
    const before = Object.getOwnPropertyNames(Object.prototype);
    afterEach(() => {
      expect(Object.getOwnPropertyNames(Object.prototype)).to.deep.equal(before);
      expect(({} as Record<string, unknown>)['polluted']).to.equal(undefined);
    });

    const poison = {
      polluted: true,
      allowed: true,
      deletionTimestamp: '2026-11-21T03:54:30Z',
      metadata: { deletionTimestamp: '2026-11-21T03:54:30Z' },
      spec: { version: '9.9.9' },
      request: {},
    };
    const poisons = [
      { key: '__proto__', value: poison },
      { key: 'constructor', value: { prototype: poison } },
      { key: 'prototype', value: poison },
      { key: 'hasOwnProperty', value: 'x' },
      { key: 'toString', value: 'x' },
      { key: 'toJSON', value: 'x' },
    ];
    for (const { key, value } of poisons) {
      it(`such as ${key}, at every level, denies no less than without`, async () => {
        const levels = objectsIn(denied()).length;
        for (let level = 0; level < levels; level++) {
          const review = denied();
          Object.defineProperty(objectsIn(review)[level], key, { value, enumerable: true });
          const answer = await post(JSON.stringify(review));
          expect([200, 400]).to.include(answer.status);
          if (answer.status === 200) expect(reviewIn(answer, review).allowed).to.equal(false);
        }
      });

      it(`such as ${key}, at every level, patches no more than without`, async () => {
        const make = () => clusterReview({ spec: { version: '2.5.5', breakGlassAck: 'x' } });
        const { patch } = await ask(server, '/mutate/openbaoclusters', make());
        const levels = objectsIn(make()).length;
        for (let level = 0; level < levels; level++) {
          const review = make();
          Object.defineProperty(objectsIn(review)[level], key, { value, enumerable: true });
          const answer = await post(JSON.stringify(review), '/mutate/openbaoclusters');
          expect([200, 400]).to.include(answer.status);
          if (answer.status === 200) expect(reviewIn(answer, review).patch).to.equal(patch);
        }
      });
    }

    it('such as __proto__ for the name of an annotation, patches around it', async () => {
      const review = clusterReview({
        spec: { version: '2.5.5', breakGlassAck: 'x' },
        annotations: { a: 'b' },
      });
      Object.defineProperty(review.request.object!.metadata.annotations, '__proto__', {
        value: 'c',
        enumerable: true,
      });
      const { patch = '' } = await ask(server, '/mutate/openbaoclusters', review);
      expect(JSON.parse(Buffer.from(patch, 'base64').toString('utf8'))).to.deep.equal([
        { op: 'add', path: '/metadata/annotations/rollguard.io~1requested-by', value: 'jane' },
      ]);
    });
  });
});

/** Sets the value at a dotted place, or deletes what is there where it is undefined. */
function set(root: object, place: string, value: unknown): void {
  const keys = place.split('.');
  const last = keys.pop()!;
  const parent = keys.reduce(
    (object, key) => object[key] as Record<string, unknown>,
    root as Record<string, unknown>,
  );
  if (value === undefined) delete parent[last];
  else parent[last] = value;
}

/** Every object in a value, outermost first. */
function objectsIn(value: unknown): object[] {
  if (typeof value !== 'object' || value === null) return [];
  const inner = Object.values(value).flatMap(objectsIn);
  return Array.isArray(value) ? inner : [value, ...inner];
}

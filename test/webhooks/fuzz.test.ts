import { expect } from 'chai';
import * as fc from 'fast-check';
import https from 'node:https';
import { known } from '../../src/core/model/known.ts';
import { reviewIn, send } from './support/client.ts';
import { clusterReview, podCreation, recorded, servicesReview, type Review } from './support/reviews.ts';
import { startTestServer, type TestServer } from './support/test-server.ts';
import { sized } from '../support/walks.ts';

type Place = readonly (string | number)[];

/** Every place in a value, the value itself left out: of an object, each key, and all below it. */
function placesIn(value: unknown, at: Place = []): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, below]) => [[...at, key], ...placesIn(below, [...at, key])]);
}

/** A copy with another value at the place, or with nothing there where it is undefined. */
function changed<T>(root: T, place: Place, value: unknown): T {
  const copy = structuredClone(root);
  let parent = copy as Record<string | number, unknown>;
  for (const key of place.slice(0, -1)) parent = parent[key] as Record<string | number, unknown>;
  const last = place.at(-1)!;
  // Not a plain assignment: the place may be called __proto__.
  if (value === undefined) delete parent[last];
  else Object.defineProperty(parent, last, { value, enumerable: true, configurable: true, writable: true });
  return copy;
}

/** Whether one place is the other, or holds it. */
const overlap = (a: string, b: string): boolean => `${a}.`.startsWith(`${b}.`) || `${b}.`.startsWith(`${a}.`);

/** Anything JSON can say, and the words that mean something to the rules. */
const anything = fc.oneof(
  fc.constant(undefined),
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(
    '',
    'CREATE',
    'DELETE',
    'true',
    true,
    {},
    [],
    null,
    '2.5.5',
    'openbao.org/v1alpha1',
    'status',
  ),
);

describe('any value at any place of a good review', function () {
  const agent = new https.Agent({ keepAlive: true, maxSockets: 4 });
  let server: TestServer;
  before(async () => {
    server = await startTestServer({
      facts: {
        volumes: async () =>
          known([
            { metadata: { name: 'data-bao-0', annotations: { 'rollguard.io/openbao-version': '2.5.5' } } },
          ]),
      },
    });
  });
  after(async () => {
    agent.destroy();
    await server.close();
  });

  const routes: { path: string; make: () => Review }[] = [
    {
      path: '/validate/openbaoclusters',
      make: () =>
        clusterReview({
          spec: { version: '2.4.0', image: 'openbao/openbao:2.4.0', maintenance: { enabled: true } },
          status: {
            currentVersion: '2.5.5',
            breakGlass: { active: false, nonce: 'n', history: [{ nonce: 'm' }] },
          },
          annotations: { a: 'b' },
        }),
    },
    { path: '/validate/pods', make: () => recorded('pod-delete-by-user') },
    {
      path: '/mutate/openbaoclusters',
      make: () => clusterReview({ spec: { version: '2.5.5', breakGlassAck: 'n' }, annotations: { a: 'b' } }),
    },
    {
      path: '/mutate/metadataservices',
      make: () => servicesReview({ annotations: { 'e6data.io/rollback-to': 'v20260102-030405-abcdef1' } }),
    },
    { path: '/mutate/pods', make: () => podCreation() },
    {
      path: '/validate/metadataservices',
      make: () =>
        servicesReview({
          annotations: { 'e6data.io/rollback-to': 'v20260102-030405-abcdef1' },
          status: {
            releaseHistory: [
              {
                version: 'v20260102-030405-abcdef1',
                strategy: 'blue',
                storageTag: '1.0',
                schemaTag: '1.0',
                timestamp: '2026-01-02T03:04:05Z',
                status: 'Failed',
              },
            ],
          },
        }),
    },
  ];

  for (const { path, make } of routes) {
    it(`at ${path}, gets an answer of the protocol and breaks nothing`, async () => {
      const review = make();
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...placesIn(review)), anything, async (place, value) => {
          const sent = changed(review, place, value);
          const answer = await send(server, { path, body: JSON.stringify(sent), agent });
          expect([200, 400]).to.include(answer.status);
          if (answer.status === 200) reviewIn(answer, sent);
        }),
        { numRuns: sized(300, 60) },
      );
      expect(server.log.filter(({ level }) => level >= 50)).to.deep.equal([]);
    });
  }

  /** Where a rule reads whether it is concerned at all: another value there may rightly let the request pass. */
  const decisive: Record<string, readonly string[]> = {
    '/validate/openbaoclusters': [
      // what is done: a cluster that keeps its data may be deleted; going already; the version
      'request.operation',
      'request.object.metadata.deletionTimestamp',
      'request.object.spec.version',
    ],
    '/validate/pods': [
      // whose pod it is, whether it is going or gone, where it runs, and who asks
      'request.oldObject.metadata.labels',
      'request.oldObject.metadata.deletionTimestamp',
      'request.oldObject.status.phase',
      'request.oldObject.spec.nodeName',
      'request.userInfo.username',
    ],
    '/validate/metadataservices': [
      // going already; what is asked for, and whether it was before
      'request.object.metadata.deletionTimestamp',
      'request.object.metadata.annotations',
      'request.oldObject.metadata.annotations',
    ],
  };
  for (const { path, make } of routes.filter((route) => route.path in decisive)) {
    it(`at ${path}, turns no denial into "allowed" but where the rules read whether they are concerned`, async () => {
      const review = make();
      const places = placesIn(review).filter(
        (place) => !decisive[path]!.some((each) => overlap(place.join('.'), each)),
      );
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...places), anything, async (place, value) => {
          const sent = changed(review, place, value);
          const answer = await send(server, { path, body: JSON.stringify(sent), agent });
          if (answer.status === 200) expect(reviewIn(answer, sent).allowed).to.equal(false);
        }),
        { numRuns: sized(500, 100) },
      );
    });
  }

  it('as a whole body, is answered 400', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.json(), fc.string()), async (body) => {
        expect((await send(server, { path: '/validate/pods', body, agent })).status).to.equal(400);
      }),
      { numRuns: sized(200, 50) },
    );
    await fc.assert(
      fc.asyncProperty(fc.uint8Array(), async (bytes) => {
        expect(
          (await send(server, { path: '/validate/pods', body: Buffer.from(bytes), agent })).status,
        ).to.equal(400);
      }),
      { numRuns: sized(200, 50) },
    );
  });
});

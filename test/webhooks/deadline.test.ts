import { expect } from 'chai';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { known, unknown } from '../../src/core/known.ts';
import { endingInTime, patienceMs } from '../../webhooks/deadline.ts';
import { ask, openRaw, postHead } from './support/client.ts';
import { clusterReview, podCreation, recorded } from './support/reviews.ts';
import { stubFacts } from './support/stub-facts.ts';
import { startTestServer } from './support/test-server.ts';

describe('the patience with facts', () => {
  const cases = [
    { timeout: '1s', ms: 700 },
    { timeout: '2s', ms: 1_700 },
    { timeout: '10s', ms: 9_700 },
    { timeout: '30s', ms: 29_700 },
    { timeout: '1.5s', ms: 1_200 },
    { timeout: '1500ms', ms: 1_200 },
    { timeout: '1s500ms', ms: 1_200 },
    { timeout: '1m0s', ms: 29_700 },
    { timeout: '99999999999999s', ms: 29_700 },
    { timeout: '0s', ms: 100 },
    { timeout: '1ms', ms: 100 },
    { timeout: null, ms: 9_700 },
    { timeout: '', ms: 9_700 },
    { timeout: '10', ms: 9_700 },
    { timeout: '-5s', ms: 9_700 },
    { timeout: '5s ', ms: 9_700 },
    { timeout: '5s?', ms: 9_700 },
    { timeout: '1e3s', ms: 9_700 },
    { timeout: '５s', ms: 9_700 },
  ];
  for (const { timeout, ms } of cases) {
    it(`is ${ms} ms of a time-out of ${JSON.stringify(timeout)}`, () => {
      expect(patienceMs(timeout)).to.be.closeTo(ms, 0.001);
    });
  }

  it('does not take its own time over endless digits', () => {
    const begin = performance.now();
    expect(patienceMs('1'.repeat(1_000_000))).to.equal(9_700);
    expect(performance.now() - begin).to.be.lessThan(1_000);
  });
});

describe('facts that end in time', () => {
  const cluster = { namespace: 'prod', name: 'bao' };
  const never = () => new Promise<never>(() => undefined);

  it('are themselves when they come', async () => {
    const facts = endingInTime(stubFacts({ pods: async () => unknown('forbidden') }));
    const { signal } = new AbortController();
    expect(await facts.volumes(cluster, signal)).to.deep.equal(known([]));
    expect(await facts.pods(cluster, signal)).to.deep.equal(unknown('forbidden'));
  });

  it('are unknown when the time ends first, each of them, now or before it was asked', async () => {
    const facts = endingInTime({
      volumes: never,
      pods: never,
      holdsVerb: never,
      inMaintenance: never,
      warnsOnly: never,
    });
    const later = new AbortController();
    const asked = (signal: AbortSignal) => [
      facts.volumes(cluster, signal),
      facts.pods(cluster, signal),
      facts.holdsVerb({}, 'maintenance', cluster, signal),
      facts.inMaintenance(cluster, signal),
      facts.warnsOnly('prod', signal),
    ];
    const waiting = asked(later.signal);
    later.abort();
    for (const fact of [...waiting, ...asked(AbortSignal.abort())]) {
      expect(await fact).to.include({ kind: 'unknown' });
    }
  });
});

describe('with ?timeout=1s and facts that never come', function () {
  this.timeout(5_000);
  /** They end when their signal does, as reads from the API server do, or overlook it. */
  const silences = {
    'that heed the time-out': async (signal: AbortSignal) => {
      await once(signal, 'abort');
      return unknown('aborted');
    },
    'that overlook it': () => new Promise<never>(() => undefined),
  };
  for (const [which, silence] of Object.entries(silences)) {
    it(`${which}, each route answers with its own reason before the API server gives up`, async () => {
      const server = await startTestServer({
        facts: {
          volumes: (_cluster, signal) => silence(signal),
          pods: (_cluster, signal) => silence(signal),
          holdsVerb: (_user, _verb, _cluster, signal) => silence(signal),
          inMaintenance: (_cluster, signal) => silence(signal),
          warnsOnly: (_namespace, signal) => silence(signal),
        },
      });
      const answers = Promise.all([
        ask(server, '/validate/openbaoclusters?timeout=1s', clusterReview({ spec: { version: '2.6.0' } })),
        ask(server, '/validate/pods?timeout=1s', recorded('pod-delete-by-user')),
        ask(server, '/mutate/pods?timeout=1s', podCreation()),
      ]);
      const inTime = await Promise.race([answers, sleep(1_000, undefined)]);
      await server.close();
      expect(inTime, 'the answers came within 1 s').not.to.equal(undefined);
      const [version, deletion, creation] = inTime!;
      expect(version.status?.reason).to.equal('DowngradeBlocked');
      expect(version.status?.message).to.contain('could not be read');
      expect(deletion.auditAnnotations?.['reasons']).to.equal('MaintenanceRequired,PermissionRequired');
      expect(deletion.status?.message).to.contain('could not be checked');
      expect(creation, 'a new pod passes unmarked')
        .to.include({ allowed: true })
        .and.not.to.have.property('patch');
    });
  }

  it('counts from the first byte, not from the last', async () => {
    const server = await startTestServer({ facts: { volumes: () => new Promise<never>(() => undefined) } });
    const body = JSON.stringify(clusterReview({ spec: { version: '2.6.0' } }));
    const { socket, ended } = await openRaw(server);
    const begin = performance.now();
    const path = '/validate/openbaoclusters?timeout=1s';
    socket.write(postHead(path, { 'Content-Length': body.length, Connection: 'close' }));
    await sleep(600);
    socket.write(body);
    expect(await ended).to.contain('could not be read');
    expect(performance.now() - begin).to.be.lessThan(1_000);
    await server.close();
  });
});

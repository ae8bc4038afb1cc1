import { expect } from 'chai';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { known, unknown } from '../../src/core/model/known.ts';
import { Deadline, endingInTime, patienceMs } from '../../webhooks/deadline.ts';
import { ask, openRaw, postHead } from './support/client.ts';
import { clusterReview, podCreation, recorded } from './support/reviews.ts';
import { stubFacts } from './support/stub-facts.ts';
import { startTestServer } from './support/test-server.ts';

describe('the patience with facts', () => {
  const cases = [
    { query: '?timeout=1s', ms: 700 },
    { query: '?timeout=2s', ms: 1_700 },
    { query: '?timeout=10s', ms: 9_700 },
    { query: '?timeout=30s', ms: 29_700 },
    { query: '?timeout=31s', ms: 29_700 },
    { query: '?timeout=999999999s', ms: 29_700 },
    { query: '?a=b&timeout=2s&c=d', ms: 1_700 },
    { query: '?timeout=0s', ms: 100 },
    { query: '?timeout=00s', ms: 100 },
    { query: '', ms: 9_700 },
    { query: '?', ms: 9_700 },
    { query: '?timeout=', ms: 9_700 },
    { query: '?timeout=5', ms: 9_700 },
    { query: '?timeout=-5s', ms: 9_700 },
    { query: '?timeout=5s5', ms: 9_700 },
    { query: '?timeout=1e3s', ms: 9_700 },
    { query: '?timeout=9999999999s', ms: 9_700 },
    { query: '?notimeout=5s', ms: 9_700 },
    { query: '?timeout=\u{ff15}s', ms: 9_700 },
  ];
  for (const { query, ms } of cases) {
    it(`is ${ms} ms where the API server says "${query}"`, () => {
      expect(patienceMs(`/validate/pods${query}`)).to.equal(ms);
    });
  }

  it('does not take its own time over endless digits', () => {
    const begin = performance.now();
    expect(patienceMs(`/validate/pods?timeout=${'1'.repeat(1_000_000)}`)).to.equal(9_700);
    expect(performance.now() - begin).to.be.lessThan(30_000);
  });
});

describe('a deadline', () => {
  it('ends when its time is over, whenever its signal was first asked for', async () => {
    const deadline = new Deadline(200);
    const begin = performance.now();
    await sleep(120);
    const { signal } = deadline;
    expect(signal.aborted).to.equal(false);
    expect(deadline.signal, 'one signal for all').to.equal(signal);
    await once(signal, 'abort');
    expect(performance.now() - begin).to.be.within(190, 30_000);
  });

  it('is over at once where its time was over before anybody asked', async () => {
    const { signal } = new Deadline(-5);
    await once(signal, 'abort');
  });

  it('does not end once it is cleared, asked or not', async () => {
    new Deadline(10).clear();
    const deadline = new Deadline(10);
    const { signal } = deadline;
    deadline.clear();
    await sleep(50);
    expect(signal.aborted).to.equal(false);
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
      pod: never,
      pods: never,
      holdsVerb: never,
      mayActAs: never,
      inMaintenance: never,
      warnsOnly: never,
    });
    const later = new AbortController();
    const asked = (signal: AbortSignal) => [
      facts.volumes(cluster, signal),
      facts.pod(cluster, signal),
      facts.pods(cluster, signal),
      facts.holdsVerb({}, 'maintenance', cluster, signal),
      facts.mayActAs({}, cluster, signal),
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

import { expect } from 'chai';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { known } from '../../src/core/model/known.ts';
import { ask, getStatus, send } from './support/client.ts';
import { clusterReview, recorded } from './support/reviews.ts';
import { startTestServer, type TestServer } from './support/test-server.ts';

const clusters = '/validate/openbaoclusters';

describe('the port of probes and metrics', () => {
  let server: TestServer;
  /** The servers of Node that listen in there; the first is the webhooks'. */
  const listening: Server[] = [];
  const note = (message: unknown) => listening.push((message as { server: Server }).server);

  beforeEach(async () => {
    subscribe('tracing:net.server.listen:asyncStart', note);
    server = await startTestServer();
    unsubscribe('tracing:net.server.listen:asyncStart', note);
  });
  afterEach(async () => {
    await server.close();
    listening.splice(0);
  });

  const statusOf = async (path: string) => (await getStatus(server, path)).status;

  it('says that it lives and is ready', async () => {
    expect(await getStatus(server, '/healthz')).to.deep.include({ status: 200, text: 'ok' });
    expect(await getStatus(server, '/readyz')).to.deep.include({ status: 200, text: 'ok' });
  });

  it('says that it lives but is not ready while it drains', async () => {
    await server.close();
    server = await startTestServer({ drainMs: 300 });
    const closed = server.close();
    expect(await statusOf('/readyz')).to.equal(503);
    expect(await statusOf('/healthz')).to.equal(200);
    expect(await statusOf('/metrics')).to.equal(200);
    await closed;
  });

  it('says that it is not ready when no handshake succeeds', async () => {
    server.useCertificate({ key: '', cert: '' });
    expect(await statusOf('/readyz')).to.equal(503);
    server.useCertificate(server.certificate);
    expect(await statusOf('/readyz')).to.equal(200);
  });

  it('says that it is not ready when nobody listens for webhooks any more', async () => {
    const [webhooks] = listening;
    await new Promise((resolve) => webhooks!.close(resolve));
    expect(await getStatus(server, '/readyz')).to.deep.include({ status: 503, text: 'not ready' });
  });

  it('answers no webhook', async () => {
    expect(await statusOf(clusters)).to.equal(404);
  });

  describe('counts', () => {
    const samples = async (): Promise<Map<string, number>> => {
      const { text } = await getStatus(server, '/metrics');
      const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
      return new Map(
        lines.map((line) => [
          line.slice(0, line.lastIndexOf(' ')),
          Number(line.slice(line.lastIndexOf(' '))),
        ]),
      );
    };
    const requests = (webhook: string, code: number) =>
      `controller_runtime_webhook_requests_total{webhook="${webhook}",code="${code}"}`;

    it('every webhook from 0 on, under the names of controller-runtime', async () => {
      const counted = await samples();
      for (const webhook of ['/mutate/openbaoclusters', '/mutate/pods', clusters, '/validate/pods']) {
        expect(counted.get(requests(webhook, 200))).to.equal(0);
        expect(counted.get(requests(webhook, 500))).to.equal(0);
        expect(counted.get(`controller_runtime_webhook_requests_in_flight{webhook="${webhook}"}`)).to.equal(
          0,
        );
        expect(
          counted.get(`controller_runtime_webhook_latency_seconds_count{webhook="${webhook}"}`),
        ).to.equal(0);
        expect(
          counted.get(`rollguard_denials_total{webhook="${webhook}",reason="DowngradeBlocked"}`),
        ).to.equal(0);
      }
      expect(counted.get('controller_runtime_webhook_panics_total')).to.equal(0);
      expect(counted.has('certwatcher_read_certificate_total')).to.equal(true);
      expect(counted.has('certwatcher_read_certificate_errors_total')).to.equal(true);
      expect(counted.has('process_resident_memory_bytes')).to.equal(true);
    });

    it('requests by code, denials by reason, and how long they took', async () => {
      await ask(server, clusters, clusterReview({}));
      await ask(server, clusters, clusterReview({ spec: { version: 'latest' } }));
      await ask(server, '/validate/pods', recorded('pod-delete-by-user'));
      await send(server, { path: clusters, body: '{' });
      const counted = await samples();
      expect(counted.get(requests(clusters, 200))).to.equal(2);
      expect(counted.get(requests(clusters, 400))).to.equal(1);
      expect(counted.get(requests('/validate/pods', 200))).to.equal(1);
      expect(counted.get(`controller_runtime_webhook_latency_seconds_count{webhook="${clusters}"}`)).to.equal(
        3,
      );
      expect(
        counted.get(`controller_runtime_webhook_latency_seconds_sum{webhook="${clusters}"}`),
      ).to.be.within(1e-6, 10);
      expect(counted.get(`rollguard_denials_total{webhook="${clusters}",reason="InvalidVersion"}`)).to.equal(
        1,
      );
      expect(
        counted.get('rollguard_denials_total{webhook="/validate/pods",reason="MaintenanceRequired"}'),
      ).to.equal(1);
      expect(counted.get(`controller_runtime_webhook_requests_in_flight{webhook="${clusters}"}`)).to.equal(0);
    });

    it('requests that are being answered', async () => {
      await server.close();
      const answers: (() => void)[] = [];
      server = await startTestServer({
        facts: { volumes: () => new Promise((resolve) => answers.push(() => resolve(known([])))) },
      });
      const answer = ask(server, clusters, clusterReview({ spec: { version: '2.6.0' } }));
      while (answers.length === 0) await sleep(5);
      const inFlight = `controller_runtime_webhook_requests_in_flight{webhook="${clusters}"}`;
      expect((await samples()).get(inFlight)).to.equal(1);
      answers[0]!();
      await answer;
      expect((await samples()).get(inFlight)).to.equal(0);
    });

    it('what nobody foresaw', async () => {
      await server.close();
      server = await startTestServer({
        facts: {
          volumes: () => {
            throw new Error('a defect');
          },
        },
      });
      await send(server, {
        path: clusters,
        body: JSON.stringify(clusterReview({ spec: { version: '2.6.0' } })),
      });
      const counted = await samples();
      expect(counted.get('controller_runtime_webhook_panics_total')).to.equal(1);
      expect(counted.get(requests(clusters, 500))).to.equal(1);
    });
  });
});

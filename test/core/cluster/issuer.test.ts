import { wordsOf } from '../../support/notices.ts';
import { expect } from 'chai';
import type { OpenBaoClusterStatus } from '../../../src/api/openbaocluster.ts';
import type { Job } from '../../../src/api/kubernetes.ts';
import { decideIssuer } from '../../../src/core/cluster/issuer.ts';
import type { ObservedJob, TokenIssuer } from '../../../src/core/model/observation.ts';
import { known, unknown } from '../../../src/core/model/known.ts';
import { fingerprint } from '../../../src/core/model/fingerprint.ts';
import { context, observation, settledCluster, settledStatus, start } from '../../support/observation.ts';

const old: TokenIssuer = { url: 'https://kubernetes', publicKeys: ['OLD'] };
const both: TokenIssuer = { url: 'https://kubernetes', publicKeys: ['NEW', 'OLD'] };
const trustsOld = { trusted: fingerprint(old) };
const operationId = 'op00000001';
const jobName = `prod-trust-issuer-${operationId}`;
const telling = { ...trustsOld, wanted: fingerprint(both), operationId };

/** One pass over an initialized cluster with this in its status, and what it comes to. */
function pass({
  issuer = both,
  stored,
  jobs = [],
  now = start,
  spec = {},
  status = {},
}: {
  issuer?: TokenIssuer;
  stored?: OpenBaoClusterStatus['issuer'];
  jobs?: readonly ObservedJob[];
  now?: number;
  spec?: Parameters<typeof settledCluster>[0];
  status?: OpenBaoClusterStatus;
}) {
  const before = { ...settledStatus(3), ...status, ...(stored === undefined ? {} : { issuer: stored }) };
  const seen = observation({
    cluster: settledCluster(spec, before),
    issuer: known(issuer),
    jobs: known(jobs),
  });
  const part = decideIssuer(seen, before, context({ now, newOperationId: 'op00000002' }));
  return {
    issuer: part.status.issuer,
    created: part.effects.map((effect) => (effect.kind === 'create' ? effect.object : undefined)),
    events: part.events.map(({ reason }) => reason),
    notices: part.notices ?? [],
    requeueAt: part.requeueAt,
  };
}

/** The Job of the operation that is stored in `telling`. */
function job(condition?: 'Complete' | 'Failed', message?: string): ObservedJob {
  const conditions = condition === undefined ? [] : [{ type: condition, status: 'True' }];
  const made: Job = { metadata: { name: jobName }, status: { conditions } };
  return { job: made, ...(message === undefined ? {} : { message }) };
}

describe("the API server's keys", () => {
  it('are what self-init wrote, in a cluster that it has just made', () => {
    const before = { ...settledStatus(3) };
    const unborn = settledCluster(
      {},
      { ...before, initialized: false },
      { creationTimestamp: '2026-01-01T00:00:00Z' },
    );
    const seen = observation({ cluster: unborn, issuer: known(old), claims: known([]) });
    const { status, effects } = decideIssuer(seen, before, context());
    expect(status.issuer).to.deep.equal(trustsOld);
    expect(effects).to.deep.equal([]);
  });

  it('ask nothing while they stay', () => {
    const { issuer, created, notices } = pass({ issuer: old, stored: trustsOld });
    expect({ issuer, created, notices }).to.deep.equal({ issuer: trustsOld, created: [], notices: [] });
  });

  it('ask nothing of a cluster that is not initialized, and nothing while they cannot be read', () => {
    expect(pass({ status: { initialized: false } }).created).to.deep.equal([]);
    const seen = observation({ issuer: unknown('no answer') });
    expect(decideIssuer(seen, settledStatus(3), context()).effects).to.deep.equal([]);
  });

  for (const [what, stored] of [
    ['that have changed', trustsOld],
    ['of which nothing is known', undefined],
  ] as const) {
    it(`${what} are told by a Job, whose name is recorded`, () => {
      const { issuer, created, events } = pass(stored === undefined ? {} : { stored });
      expect(issuer).to.deep.equal({ ...stored, wanted: fingerprint(both), operationId: 'op00000002' });
      expect(events).to.deep.equal(['IssuerChanged']);
      const text = JSON.stringify(created);
      expect(text).to.contain('prod-trust-issuer-op00000002').and.contain('prod-upgrade-serviceaccount');
      expect(text).to.contain(JSON.stringify(`--issuer=${JSON.stringify(both)}`).slice(1, -1));
    });
  }

  it('are told by the same Job again, if it is not there', () => {
    const { issuer, created, events } = pass({ stored: telling });
    expect(issuer).to.deep.equal(telling);
    expect(created.map((object) => object?.metadata?.name)).to.deep.equal([jobName]);
    expect(events).to.deep.equal([]);
  });

  it('that changed again before there was a Job are told by another one', () => {
    const newest = { ...both, publicKeys: ['NEWEST'] };
    const { issuer } = pass({ issuer: newest, stored: telling });
    expect(issuer).to.deep.equal({ ...trustsOld, wanted: fingerprint(newest), operationId: 'op00000002' });
  });

  it('are trusted when the Job says so, and those that it was given', () => {
    const { issuer, events } = pass({ stored: telling, jobs: [job('Complete')] });
    expect(issuer).to.deep.equal({ trusted: fingerprint(both) });
    expect(events).to.deep.equal(['IssuerTrusted']);
    const later = pass({ issuer: old, stored: telling, jobs: [job('Complete')] });
    expect(later.issuer).to.deep.equal({ trusted: fingerprint(both) });
  });

  it('are told by a Job of ours, once one that somebody else made under its name has ended', () => {
    for (const type of ['Complete', 'Failed'] as const) {
      const { issuer, created } = pass({ stored: telling, jobs: [{ ...job(type), isUnproved: true }] });
      expect(issuer).to.deep.equal({ ...telling, operationId: 'op00000002' });
      expect(created).to.have.length(1);
    }
    const running = pass({ stored: telling, jobs: [{ ...job(), isUnproved: true }] });
    expect(running).to.deep.include({ issuer: telling, created: [] });
  });

  it('are waited for while the Job runs', () => {
    const { issuer, created, notices } = pass({ stored: telling, jobs: [job()] });
    expect({ issuer, created }).to.deep.equal({ issuer: telling, created: [] });
    expect(notices.map(({ kind, reason }) => `${kind} ${reason}`)).to.deep.equal(['waiting TrustingIssuer']);
  });

  it('need a person when the Job fails, and are told again after a while', () => {
    const said = JSON.stringify({ outcome: 'failed', reason: 'LoginRefused', message: 'unknown key' });
    const jobs = [job('Failed', said)];
    const first = pass({ stored: telling, jobs });
    expect(first.events).to.deep.equal(['IssuerNotTrusted']);
    expect(first.notices[0]).to.include({ kind: 'held', reason: 'IssuerNotTrusted' });
    expect(wordsOf(first.notices[0]))
      .to.contain('LoginRefused: unknown key')
      .and.contain('bao write auth/jwt-operator/config');
    const failing = first.issuer;
    const meanwhile = pass({ stored: failing ?? {}, jobs, now: start + 60_000 });
    expect(meanwhile).to.deep.include({ issuer: failing, created: [], events: [] });
    expect(meanwhile.notices).to.deep.equal(first.notices);
    const again = pass({ stored: failing ?? {}, jobs, now: first.requeueAt ?? 0 });
    expect(again.issuer).to.deep.equal({ ...telling, operationId: 'op00000002' });
    expect(again.created).to.have.length(1);
  });

  it('that were taken back need nothing more', () => {
    expect(pass({ issuer: old, stored: telling }).issuer).to.deep.equal(trustsOld);
    expect(pass({ issuer: old, stored: telling, jobs: [job('Failed')] }).issuer).to.deep.equal(trustsOld);
  });

  it('are not told while paused, but a Job that ends is read', () => {
    const spec = { paused: true };
    const waits = pass({ spec, stored: trustsOld });
    expect(waits).to.deep.include({ issuer: trustsOld, created: [] });
    expect(waits.notices[0]?.reason).to.equal('Paused');
    expect(pass({ spec, stored: telling }).created).to.deep.equal([]);
    expect(pass({ spec, stored: telling, jobs: [job('Complete')] }).issuer).to.deep.equal({
      trusted: fingerprint(both),
    });
  });

  it('are told beside an upgrade', () => {
    const upgrading = { upgrade: { phase: 'Replacing', held: true } } as OpenBaoClusterStatus;
    expect(pass({ stored: trustsOld, status: upgrading }).created).to.have.length(1);
  });
});

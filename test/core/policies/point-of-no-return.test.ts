import { expect } from 'chai';
import type { OpenBaoClusterStatus } from '../../../src/api/openbaocluster.ts';
import { pointOfNoReturn } from '../../../src/core/policies/point-of-no-return.ts';
import { decide } from '../../../src/core/policies/policy.ts';
import { cluster, creation, reasonsOf, textOf, update } from '../../support/builders.ts';

type Phase = NonNullable<NonNullable<OpenBaoClusterStatus['blueGreen']>['phase']>;

const requests = (rollback: string) => ({ upgrade: { requests: { rollback } } });
const inPhase = (phase: Phase, spec = {}) =>
  cluster(spec, { blueGreen: { phase, blueVersion: '2.4.4', cleanupStartedAt: '2026-01-02T03:04:05Z' } });

describe('point-of-no-return', () => {
  const phases: readonly (readonly [phase: Phase, reasons: readonly string[]])[] = [
    ['Idle', ['warns']],
    ['DeployingGreen', []],
    ['JoiningMesh', []],
    ['Syncing', []],
    ['Promoting', []],
    ['DemotingBlue', []],
    ['Cleanup', ['PointOfNoReturn']],
    ['RollingBack', ['warns']],
    ['RollbackCleanup', ['warns']],
    ['RestoringReadReplicas' as Phase, []],
  ];
  for (const [phase, reasons] of phases) {
    it(`${reasons[0] ?? 'allows'} in ${phase}`, () => {
      const request = update(inPhase(phase), requests('now'));
      expect(reasonsOf(pointOfNoReturn, request)).to.deep.equal(reasons);
      expect(decide([pointOfNoReturn], request).allowed).to.equal(phase !== 'Cleanup');
    });
  }

  it('refuses where green was upgraded in place and leads: it gives blue no votes', () => {
    const inPlace = (more: object) =>
      cluster(
        {},
        { blueGreen: { phase: 'DemotingBlue', blueVersion: '2.5.5', greenVersion: '2.6.2', ...more } },
      );
    const leadsSince = '2026-01-02T03:04:05Z';
    const asked = (more: object) => update(inPlace(more), requests('now'));
    expect(reasonsOf(pointOfNoReturn, asked({ upgradesGreenInPlace: true }))).to.deep.equal([]);
    expect(reasonsOf(pointOfNoReturn, asked({ leadsSince }))).to.deep.equal([]);
    const late = asked({ upgradesGreenInPlace: true, leadsSince });
    expect(reasonsOf(pointOfNoReturn, late)).to.deep.equal(['PointOfNoReturn']);
    expect(textOf(pointOfNoReturn.evaluate(late))).to.contain('members of 2.5.5 get no votes from it');
  });

  it('warns where there never was such an upgrade', () => {
    const request = update(cluster(), requests('now'));
    expect(textOf(pointOfNoReturn.evaluate(request))).to.contain('no blue-green upgrade is in progress');
  });

  it('refuses another value after one that was handled', () => {
    const request = update(inPhase('Cleanup', requests('before')), requests('now'));
    expect(reasonsOf(pointOfNoReturn, request)).to.deep.equal(['PointOfNoReturn']);
  });

  it('says nothing of a request that stays, is taken back or was handled', () => {
    const old = inPhase('Cleanup', requests('before'));
    const handled = { ...inPhase('Cleanup').status, upgradeRequests: { lastHandledRollback: 'before' } };
    for (const request of [
      update(old, { paused: true }),
      update(old, { upgrade: { requests: {} } }),
      update(cluster({}, handled), requests('before')),
      update(inPhase('Cleanup'), { upgrade: { requests: { promote: 'now', cleanup: 'now', retry: 'now' } } }),
    ])
      expect(reasonsOf(pointOfNoReturn, request)).to.deep.equal([]);
  });

  it('ignores a status that is sent with a CREATE', () => {
    const object = inPhase('Cleanup', requests('now'));
    expect(reasonsOf(pointOfNoReturn, creation(object))).to.deep.equal([]);
  });

  it('says since when, and the way that is left', () => {
    expect(pointOfNoReturn.evaluate(update(inPhase('Cleanup'), requests('now')))).to.deep.equal([
      {
        kind: 'violation',
        reason: 'PointOfNoReturn',
        path: 'spec.upgrade.requests.rollback',
        message:
          'a rollback is no longer possible: Cleanup began at 2026-01-02T03:04:05Z, and the blue pods (2.4.4) are being removed',
        remedy:
          "let Cleanup finish and remove the request spec.upgrade.requests.rollback; to return to 2.4.4, restore a snapshot that it made into an empty cluster: docs/operations/restore.md#into-an-empty-cluster (kubectl get openbaocluster prod -n bao -o jsonpath='{.status.backup.latestSnapshot}' names the newest)",
      },
    ]);
    const bare = update(cluster({}, { blueGreen: { phase: 'Cleanup' } }), requests('now'));
    expect(textOf(pointOfNoReturn.evaluate(bare))).to.contain(
      'Cleanup began, and the blue pods are being removed',
    );
  });
});

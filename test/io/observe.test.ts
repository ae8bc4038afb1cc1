import { expect } from 'chai';
import type { Job, Pod } from '../../src/api/kubernetes.ts';
import { observe, type ObserveTools } from '../../src/io/observe.ts';
import { known } from '../../src/core/model/known.ts';
import { cluster } from '../support/builders.ts';

const nothing = () => Promise.reject(new Error('it is not read here'));

describe('what is read of a cluster', () => {
  it('has Jobs and pods of one moment, however long the rest takes', async () => {
    const labels = { 'batch.kubernetes.io/job-name': 'check', 'batch.kubernetes.io/controller-uid': 'j-1' };
    const metadata = { name: 'check', uid: 'j-1' };
    let jobs: Job[] = [{ metadata }];
    let pods: Pod[] = [{ metadata: { name: 'check-x', labels }, status: { phase: 'Running' } }];
    const tools: ObserveTools = {
      caches: {
        statefulSet: () => undefined,
        pods: () => pods,
        claims: () => [],
        jobs: () => jobs,
        child: () => undefined,
      },
      now: () => Date.UTC(2026, 10, 21),
      openbao: { member: nothing, raftConfiguration: nothing, versionHistory: nothing },
      secrets: nothing,
      async namespace() {
        await Promise.resolve();
        // Both end meanwhile, long enough ago that nothing is waited for any more.
        const lastTransitionTime = '2026-11-20T00:00:00Z';
        jobs = [
          { metadata, status: { conditions: [{ type: 'Complete', status: 'True', lastTransitionTime }] } },
        ];
        pods = [];
        throw new Error('it is not read here');
      },
      issuer: nothing,
      room: nothing,
      restoresUnderWay: () => known([]),
      lockUnchangedMs: () => 0,
      drifted: nothing,
    };
    const { jobs: seen } = await observe(tools, cluster({ version: '2.5.5' }));
    expect(seen).to.deep.equal({ kind: 'known', value: [{ job: { metadata } }] });
  });
});

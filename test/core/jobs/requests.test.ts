import { expect } from 'chai';
import { cluster } from '../../support/builders.ts';
import { allJobs } from './all-jobs.ts';

const owner = cluster({ backup: { target: { provider: 'pvc', claimName: 'snapshots' } } });

describe('the pod of every Job', () => {
  it('requests CPU and memory, so that it is not the first to be evicted', () => {
    for (const job of allJobs(owner) as any[]) {
      const memory = job.metadata.name.includes('seal-check') ? '256Mi' : '64Mi';
      for (const { name, resources } of job.spec.template.spec.containers) {
        expect(resources.requests, `${job.metadata.name} ${name}`).to.deep.equal({ cpu: '10m', memory });
      }
    }
  });
});

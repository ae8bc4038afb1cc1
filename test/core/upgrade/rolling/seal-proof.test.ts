import { expect } from 'chai';
import { inWords } from '../../../../src/core/model/explanation.ts';
import { known, unknown } from '../../../../src/core/model/known.ts';
import type { ObservedJob } from '../../../../src/core/model/observation.ts';
import { whySealUnproved } from '../../../../src/core/upgrade/rolling/seal-proof.ts';
import type { PhaseInput } from '../../../../src/core/upgrade/rolling/phase.ts';
import { context, jobAsRead, observation, settledCluster, start } from '../../../support/observation.ts';

const unseal = {
  type: 'transit' as const,
  transit: { address: 'https://keys:8200', mountPath: 'transit', keyName: 'prod' },
  credentialsSecretRef: { name: 'prod-seal' },
};
const minute = 60_000;

type Seen = Partial<Parameters<typeof jobAsRead>[1]>;
const check = (seen: Seen): ObservedJob =>
  jobAsRead(`check-${seen.createdAt}`, {
    uid: 'u',
    action: 'seal-check',
    operationId: 'op1',
    outcome: 'succeeded',
    createdAt: start,
    ...seen,
  });

function asked(jobs: readonly ObservedJob[] | undefined, now = start, spec: object = { unseal }) {
  const seen = observation({
    cluster: settledCluster(spec),
    jobs: jobs === undefined ? unknown('no answer') : known(jobs),
  });
  const upgrade = { operationId: 'op1', targetImage: 'openbao/openbao:2.6.2' };
  return whySealUnproved({ observation: seen, upgrade, context: context({ now }) } as unknown as PhaseInput);
}

describe('the proof that the seal opens', () => {
  it('is asked of a Job with the target image, unless the key is static', () => {
    const step = asked([]);
    expect(step).to.deep.include({ kind: 'wait', overdue: 'SealUnproved' });
    const [effect] = (step?.kind === 'wait' ? step.effects : undefined) ?? [];
    expect(effect?.kind).to.equal('create');
    expect(JSON.stringify(effect)).to.contain('"image":"openbao/openbao:2.6.2"');
    expect(asked([], start, {})).to.equal(undefined);
  });

  it('counts for five minutes, from the beginning of the newest of this operation', () => {
    expect(asked([check({})], start + 5 * minute - 1)).to.equal(undefined);
    expect(asked([check({})], start + 5 * minute)?.kind).to.equal('wait');
    expect(asked([check({}), check({ createdAt: start + 4 * minute })], start + 8 * minute)).to.equal(
      undefined,
    );
    expect(asked([check({ operationId: 'op0' })])?.kind).to.equal('wait');
    expect(asked([check({ action: 'preflight' })])?.kind).to.equal('wait');
  });

  it('is waited for, without a second Job, and unknown while Jobs cannot be read', () => {
    const running = asked(
      [check({}), check({ createdAt: start + minute, outcome: 'running' })],
      start + 2 * minute,
    );
    expect(running).to.deep.include({ kind: 'wait' });
    expect(running).not.to.have.property('effects');
    expect(asked(undefined)).to.deep.include({
      kind: 'wait',
      reason: 'the Jobs could not be read: no answer',
    });
  });

  it('is refuted by the newest one that failed, in its own words', () => {
    const message = 'Error configuring seal "transit": Code: 403';
    const step = asked(
      [check({}), check({ createdAt: start + minute, outcome: 'failed', message })],
      start + minute,
    );
    const words = step?.kind === 'hold' ? inWords(step.failure) : '';
    expect(words)
      .to.contain('the seal (transit mount_path=transit key_name=prod) could not be opened')
      .and.contain(message)
      .and.contain('the credentials in the Secret prod-seal (kubectl logs -n bao job/');
    const mended = asked(
      [check({ outcome: 'failed', message }), check({ createdAt: start + minute })],
      start + 2 * minute,
    );
    expect(mended).to.equal(undefined);
  });

  it('says nothing of the seal where the Job never ran', () => {
    const step = asked([check({ outcome: 'failed' })]);
    const words = step?.kind === 'hold' ? inWords(step.failure) : '';
    expect(words).to.match(
      /^whether the seal \(transit .*\) opens could not be tried, so a pod that is stopped now might not/,
    );
    const identity = asked([check({ outcome: 'failed' })], start, { unseal: { type: 'awskms' } });
    expect(identity?.kind === 'hold' ? inWords(identity.failure) : '').to.contain(
      "the rights of the members' identity",
    );
  });
});

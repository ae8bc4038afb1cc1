import { expect } from 'chai';
import type { OpenBaoClusterStatus } from '../../../src/api/openbaocluster.ts';
import { noActiveBreakGlass } from '../../../src/core/policies/no-active-break-glass.ts';
import { decide } from '../../../src/core/policies/policy.ts';
import { cluster, creation, reasonsOf, textOf, update } from '../../support/builders.ts';

const refused = ['NoActiveBreakGlass'];
const over: OpenBaoClusterStatus = {
  breakGlass: { active: false, nonce: 'last-333', history: [{ nonce: 'old-111' }, { nonce: '' }] },
};

describe('no-active-break-glass', () => {
  const cases = [
    {
      name: 'refuses a value when there never was an incident',
      status: undefined,
      ack: 'x',
      reasons: refused,
    },
    { name: 'refuses a value that status does not know', status: over, ack: 'x', reasons: refused },
    { name: 'refuses a space', status: over, ack: ' ', reasons: refused },
    { name: 'refuses the beginning of a known nonce', status: over, ack: 'last-33', reasons: refused },
    { name: 'refuses a very long value', status: over, ack: 'x'.repeat(1e6), reasons: refused },
    { name: 'refuses an emoji', status: over, ack: '\u{1f511}', reasons: refused },
    { name: 'warns of the nonce of the last incident', status: over, ack: 'last-333', reasons: ['warns'] },
    { name: 'warns of the nonce of an earlier one', status: over, ack: 'old-111', reasons: ['warns'] },
    { name: 'allows none', status: over, ack: '', reasons: [] },
    {
      name: 'leaves an active incident to stale-nonce',
      status: { breakGlass: { active: true, nonce: 'n' } },
      ack: 'x',
      reasons: [],
    },
  ];
  for (const { name, status, ack, reasons } of cases) {
    it(name, () => {
      const request = update(cluster({}, status), { breakGlassAck: ack });
      expect(reasonsOf(noActiveBreakGlass, request)).to.deep.equal(reasons);
      expect(decide([noActiveBreakGlass], request).allowed).to.equal(reasons !== refused);
    });
  }

  it('allows clearing the field', () => {
    const old = cluster({ breakGlassAck: 'last-333' }, over);
    expect(reasonsOf(noActiveBreakGlass, update(old, { breakGlassAck: '' }))).to.deep.equal([]);
  });

  it('says nothing of a value that stays as it was, known or not', () => {
    for (const ack of ['last-333', 'never-heard-of']) {
      const old = cluster({ breakGlassAck: ack }, over);
      expect(reasonsOf(noActiveBreakGlass, update(old, { paused: true }))).to.deep.equal([]);
    }
  });

  it('warns of any value on CREATE, whatever status is sent with it', () => {
    for (const object of [cluster({ breakGlassAck: 'x' }), cluster({ breakGlassAck: 'last-333' }, over)]) {
      expect(reasonsOf(noActiveBreakGlass, creation(object))).to.deep.equal(['warns']);
      expect(decide([noActiveBreakGlass], creation(object)).allowed).to.equal(true);
    }
    expect(reasonsOf(noActiveBreakGlass, creation(cluster()))).to.deep.equal([]);
  });

  it('names the field and says what to do', () => {
    const [finding, ...others] = noActiveBreakGlass.evaluate(
      update(cluster({}, over), { breakGlassAck: 'x' }),
    );
    expect(others).to.deep.equal([]);
    expect(finding).to.include({ reason: 'NoActiveBreakGlass', path: 'spec.breakGlassAck' });
    expect(textOf(finding ? [finding] : []))
      .to.contain('break glass is not active')
      .and.contain('leave spec.breakGlassAck as it was');
  });
});

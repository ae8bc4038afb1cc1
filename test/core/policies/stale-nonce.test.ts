import { expect } from 'chai';
import type { OpenBaoClusterStatus } from '../../../src/api/openbaocluster.ts';
import { decide } from '../../../src/core/policies/policy.ts';
import { staleNonce } from '../../../src/core/policies/stale-nonce.ts';
import { cluster, creation, reasonsOf, textOf, update } from '../../support/builders.ts';

const refused = ['StaleNonce'];
const breakGlass: OpenBaoClusterStatus['breakGlass'] = {
  active: true,
  reason: 'RollbackConsensusRepairFailed',
  enteredAt: '2026-01-02T03:04:05Z',
  nonce: 'abc-123-def-456',
  history: [{ nonce: 'old-111' }, { nonce: 'old-222', acknowledgedAt: '2026-01-01T00:00:00Z' }],
};
const incident = cluster({}, { breakGlass });

describe('stale-nonce', () => {
  const cases = [
    { name: 'allows the current nonce', ack: 'abc-123-def-456', reasons: [] },
    { name: 'allows no acknowledgement', ack: '', reasons: [] },
    { name: 'refuses another value', ack: 'abc-123-def-457', reasons: refused },
    { name: 'refuses the nonce of an earlier incident', ack: 'old-222', reasons: refused },
    { name: 'refuses the beginning of the nonce', ack: 'abc-123-def-45', reasons: refused },
    { name: 'refuses the nonce with something after it', ack: 'abc-123-def-4567', reasons: refused },
    { name: 'refuses the nonce twice', ack: 'abc-123-def-456abc-123-def-456', reasons: refused },
    { name: 'refuses the nonce in capitals', ack: 'ABC-123-DEF-456', reasons: refused },
    { name: 'refuses the nonce with a space after it', ack: 'abc-123-def-456 ', reasons: refused },
    { name: 'refuses the nonce with a newline after it', ack: 'abc-123-def-456\n', reasons: refused },
    { name: 'refuses a space', ack: ' ', reasons: refused },
    { name: 'refuses look-alike letters', ack: '\u0430bc-123-def-456', reasons: refused },
    { name: 'refuses an emoji', ack: '\u{1f511}', reasons: refused },
    { name: 'refuses a million characters', ack: 'abc-123-def-456'.repeat(70_000), reasons: refused },
    { name: 'refuses the word that scripts send for nothing', ack: 'null', reasons: refused },
    { name: 'refuses a placeholder', ack: '<NONCE_FROM_STATUS>', reasons: refused },
  ];
  for (const { name, ack, reasons } of cases) {
    it(name, () => {
      const request = update(incident, { breakGlassAck: ack });
      expect(reasonsOf(staleNonce, request)).to.deep.equal(reasons);
      expect(decide([staleNonce], request).allowed).to.equal(reasons.length === 0);
    });
  }

  it('allows the current nonce together with paused=false', () => {
    const old = cluster({ paused: true }, { breakGlass });
    const request = update(old, { paused: false, breakGlassAck: 'abc-123-def-456' });
    expect(decide([staleNonce], request).allowed).to.equal(true);
  });

  it('allows the current nonce as often as it is sent', () => {
    const request = update(incident, { breakGlassAck: 'abc-123-def-456' });
    for (const _ of [1, 2, 3]) expect(decide([staleNonce], request).allowed).to.equal(true);
    const stored = cluster({ breakGlassAck: 'abc-123-def-456' }, { breakGlass });
    expect(decide([staleNonce], update(stored, { breakGlassAck: 'abc-123-def-456' }))).to.deep.equal({
      allowed: true,
      violations: [],
      warnings: [],
    });
  });

  it('allows clearing an old acknowledgement', () => {
    const stored = cluster({ breakGlassAck: 'old-222' }, { breakGlass });
    expect(decide([staleNonce], update(stored, { breakGlassAck: '' })).allowed).to.equal(true);
  });

  it('warns of an old value that is sent again unchanged', () => {
    const stored = cluster({ breakGlassAck: 'old-222' }, { breakGlass });
    const decision = decide([staleNonce], update(stored, { breakGlassAck: 'old-222', paused: true }));
    expect(decision.allowed).to.equal(true);
    expect(decision.warnings[0]).to.match(/^StaleNonce: break glass is active/);
  });

  for (const nonce of [undefined, '']) {
    it(`lets nothing acknowledge an incident whose nonce is ${JSON.stringify(nonce)}`, () => {
      const { nonce: _, ...rest } = breakGlass ?? {};
      const old = cluster({}, { breakGlass: { ...rest, ...(nonce === undefined ? {} : { nonce }) } });
      for (const ack of ['x', 'undefined', ' ', 'old-222']) {
        const request = update(old, { breakGlassAck: ack });
        expect(reasonsOf(staleNonce, request)).to.deep.equal(refused);
        expect(textOf(staleNonce.evaluate(request))).to.contain('has no nonce yet');
      }
      expect(reasonsOf(staleNonce, update(old, { breakGlassAck: '' }))).to.deep.equal([]);
    });
  }

  it('says nothing while no break glass is active', () => {
    for (const status of [
      undefined,
      {},
      { breakGlass: {} },
      { breakGlass: { ...breakGlass, active: false } },
    ]) {
      expect(reasonsOf(staleNonce, update(cluster({}, status), { breakGlassAck: 'x' }))).to.deep.equal([]);
    }
  });

  it('ignores a status that is sent with a CREATE', () => {
    const object = cluster({ breakGlassAck: 'x' }, { breakGlass });
    expect(reasonsOf(staleNonce, creation(object))).to.deep.equal([]);
  });

  it('goes by the stored nonce, not by one that is sent along', () => {
    const request = update(incident, { breakGlassAck: 'mine' });
    const forged = {
      ...request,
      object: { ...request.object, status: { breakGlass: { active: true, nonce: 'mine' } } },
    };
    expect(reasonsOf(staleNonce, forged)).to.deep.equal(refused);
  });

  it('says which incident, since when, and how to read its nonce', () => {
    expect(staleNonce.evaluate(update(incident, { breakGlassAck: 'old-111' }))).to.deep.equal([
      {
        kind: 'violation',
        reason: 'StaleNonce',
        path: 'spec.breakGlassAck',
        message:
          'break glass is active (RollbackConsensusRepairFailed) since 2026-01-02T03:04:05Z, and spec.breakGlassAck acknowledges an earlier incident',
        remedy:
          "repair the incident as status.breakGlass.steps says, then set spec.breakGlassAck to the nonce that this prints: kubectl get openbaocluster prod -n bao -o jsonpath='{.status.breakGlass.nonce}'",
      },
    ]);
  });

  it('says that a value is unknown, and does without what status lacks', () => {
    const old = cluster({}, { breakGlass: { active: true, nonce: 'n-1' } });
    expect(textOf(staleNonce.evaluate(update(old, { breakGlassAck: 'x' })))).to.match(
      /^break glass is active, and spec\.breakGlassAck is not the nonce of this incident\n/,
    );
  });
});

import { expect } from 'chai';
import * as fc from 'fast-check';
import {
  acknowledgesCurrent,
  acknowledgesEarlier,
  equalInConstantTime,
} from '../../../src/core/policies/break-glass.ts';
import { evaluateClusterChange } from '../../../src/core/policies/index.ts';
import { denialText, permissionsBy, warnOnly } from '../../../src/core/policies/policy.ts';
import { cluster, creation, update } from '../../support/builders.ts';
import { sized } from '../../support/walks.ts';

const nonce = fc.oneof(
  fc.stringMatching(/^[0-9a-f]{32}$/),
  fc.uuid(),
  fc.string({ unit: 'binary', minLength: 8, maxLength: 128 }),
);

describe('comparing in constant time', () => {
  const cases = [
    { name: 'finds the same text equal', given: 'abc', secret: 'abc', equal: true },
    { name: 'finds nothing equal to nothing', given: '', secret: '', equal: true },
    { name: 'finds nothing unequal to a secret', given: '', secret: 'abc', equal: false },
    { name: 'finds a value unequal to no secret', given: 'abc', secret: '', equal: false },
    { name: 'finds null characters unequal to no secret', given: '\0\0', secret: '', equal: false },
    { name: 'finds a repeated secret unequal', given: 'abcabc', secret: 'abc', equal: false },
    { name: 'finds a beginning unequal', given: 'ab', secret: 'abc', equal: false },
    { name: 'finds another last character unequal', given: 'abd', secret: 'abc', equal: false },
    { name: 'finds another first character unequal', given: 'bbc', secret: 'abc', equal: false },
    { name: 'finds characters beyond 255 unequal', given: '\u0161', secret: 'a', equal: false },
    { name: 'finds half an emoji unequal', given: '\ud83d', secret: '\ud83d\udd11', equal: false },
  ];
  for (const { name, given, secret, equal } of cases) {
    it(name, () => expect(equalInConstantTime(given, secret)).to.equal(equal));
  }

  it('agrees with ===', () => {
    const short = fc.string({ unit: fc.constantFrom('a', 'b', '\0', '\u0161', '\ud83d'), maxLength: 4 });
    const any = fc.oneof(short, fc.string({ unit: 'binary' }));
    fc.assert(
      fc.property(any, any, (a, b) => {
        expect(equalInConstantTime(a, b)).to.equal(a === b);
        expect(equalInConstantTime(a, a)).to.equal(true);
      }),
      { numRuns: sized(5000, 500) },
    );
  });
});

describe('an acknowledgement', () => {
  const cases = [
    { name: 'is of the current incident', active: true, ack: 'now', current: true, earlier: false },
    { name: 'is of an earlier incident', active: true, ack: 'old', current: false, earlier: true },
    { name: 'is of no incident', active: true, ack: 'x', current: false, earlier: false },
    { name: 'is nothing', active: true, ack: '', current: false, earlier: false },
    {
      name: 'is of the last incident, which is over',
      active: false,
      ack: 'now',
      current: true,
      earlier: true,
    },
  ];
  for (const { name, active, ack, current, earlier } of cases) {
    it(name, () => {
      const breakGlass = { active, nonce: 'now', history: [{ nonce: 'old' }, { nonce: '' }] };
      const request = update(cluster({}, { breakGlass }), { breakGlassAck: ack });
      expect(acknowledgesCurrent(request)).to.equal(current);
      expect(acknowledgesEarlier(request)).to.equal(earlier);
    });
  }

  it('that is empty is of no incident, though its nonce is empty too', () => {
    const breakGlass = { active: true, nonce: '', history: [{ nonce: '' }] };
    const request = update(cluster({}, { breakGlass }), { breakGlassAck: '' });
    expect(acknowledgesCurrent(request)).to.equal(false);
    expect(acknowledgesEarlier(request)).to.equal(false);
  });

  it('is of the current incident, even where history names its nonce already', () => {
    const breakGlass = { active: true, nonce: 'now', history: [{ nonce: 'now' }] };
    const request = update(cluster({}, { breakGlass }), { breakGlassAck: 'now' });
    expect(acknowledgesEarlier(request)).to.equal(false);
  });
});

describe('a nonce', () => {
  it('stands in no message, remedy or warning, whatever is acknowledged', () => {
    const scene = fc.record({
      current: nonce,
      earlier: nonce,
      wrong: nonce,
      active: fc.boolean(),
      ack: fc.constantFrom('current', 'earlier', 'wrong'),
      stored: fc.constantFrom('', 'current', 'earlier', 'wrong'),
      isCreation: fc.boolean(),
      may: fc.boolean(),
    });
    fc.assert(
      fc.property(scene, ({ active, ack, stored, isCreation, may, ...values }) => {
        const breakGlass = { active, nonce: values.current, history: [{ nonce: values.earlier }] };
        const given = { ...values, '': '' };
        const old = cluster({ breakGlassAck: given[stored as ''] }, { breakGlass });
        const verb = { kind: 'known', value: may } as const;
        const permissions = permissionsBy(() => verb);
        const spec = { breakGlassAck: given[ack as ''], version: '2.5' };
        const decision = evaluateClusterChange(
          isCreation
            ? creation({ ...old, spec: { ...old.spec, ...spec } }, { permissions })
            : update(old, spec, { permissions }),
        );
        const text = [
          JSON.stringify(decision),
          denialText(decision.violations),
          ...warnOnly(decision).warnings,
        ].join('\n');
        for (const value of Object.values(values)) expect(text).not.to.contain(value);
      }),
      { numRuns: 1000 },
    );
  });
});

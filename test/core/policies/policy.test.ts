import { expect } from 'chai';
import { reasonOrder, reasons } from '../../../src/api/reasons.ts';
import {
  allow,
  decide,
  denialText,
  explain,
  violation,
  warning,
  warnOnly,
  type Finding,
  type Policy,
} from '../../../src/core/policies/policy.ts';

const rule = (findings: readonly Finding[], changes = true): Policy<null> => ({
  id: 'rule',
  changes: () => changes,
  evaluate: () => findings,
});
const version = violation('InvalidVersion', 'spec.version', 'v is wrong', 'mend v');
const image = violation('InvalidImageReference', 'spec.image', 'i is wrong', 'mend i');

describe('a decision', () => {
  const cases = [
    { name: 'allows without rules', rules: [], expected: allow },
    { name: 'allows when no rule finds anything', rules: [rule([])], expected: allow },
    {
      name: 'refuses for a violation',
      rules: [rule([]), rule([version])],
      expected: { allowed: false, violations: [version], warnings: [] },
    },
    {
      name: 'allows with a warning',
      rules: [rule([warning('mind this')])],
      expected: { allowed: true, violations: [], warnings: ['mind this'] },
    },
    {
      name: 'only warns of a violation that the request does not change',
      rules: [rule([version], false)],
      expected: { allowed: true, violations: [], warnings: ['InvalidVersion: v is wrong'] },
    },
    {
      name: 'runs every rule, in spite of a violation',
      rules: [rule([version, warning('mind this')]), rule([image])],
      expected: { allowed: false, violations: [version, image], warnings: ['mind this'] },
    },
    {
      name: 'names violations in the order of the reasons, whatever the order of the rules',
      rules: [rule([image]), rule([version])],
      expected: { allowed: false, violations: [version, image], warnings: [] },
    },
  ];
  for (const { name, rules, expected } of cases) {
    it(name, () => expect(decide(rules, null)).to.deep.equal(expected));
  }

  it('keeps violations of one reason in the order they were found', () => {
    const twice = ['a', 'b', 'c'].map((path) => violation('PermissionRequired', path, 'm', 'r'));
    expect(decide([rule(twice)], null).violations).to.deep.equal(twice);
  });

  it('only warns where it is not enforced', () => {
    const decision = decide([rule([version, image, warning('mind this')])], null);
    expect(warnOnly(decision)).to.deep.equal({
      allowed: true,
      violations: [],
      warnings: [
        'InvalidVersion: v is wrong (not enforced)',
        'InvalidImageReference: i is wrong (not enforced)',
        'mind this',
      ],
    });
    expect(warnOnly(allow)).to.deep.equal(allow);
  });

  it('refuses what needs a verb also where the rest only warns (C5)', () => {
    const missing = violation('PermissionRequired', 'p', 'm', 'r');
    expect(warnOnly(decide([rule([version, missing])], null))).to.deep.equal({
      allowed: false,
      violations: [missing],
      warnings: ['InvalidVersion: v is wrong (not enforced)'],
    });
  });
});

describe('the text of a denial', () => {
  it('says what is wrong, why it matters and what to do now', () => {
    const expected = `v is wrong. Why: ${reasons.InvalidVersion.meaning}. Now: mend v.`;
    expect(explain(version)).to.equal(expected);
    expect(denialText([version])).to.equal(expected);
  });

  it('lists several with their reasons', () => {
    expect(denialText([version, image])).to.equal(
      `(1/2) InvalidVersion: ${explain(version)} (2/2) InvalidImageReference: ${explain(image)}`,
    );
  });

  it('is empty without a violation', () => expect(denialText([])).to.equal(''));

  it('has no full stop too many, whatever the reason', () => {
    for (const reason of reasonOrder) {
      expect(explain(violation(reason, 'p', 'm', 'r'))).to.match(/^m\. Why: [^.].*[^.]\. Now: r\.$/);
    }
  });
});

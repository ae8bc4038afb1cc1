import { expect } from 'chai';
import { metadataServicesCrd, openBaoClusterCrd, openBaoRestoreCrd } from '../../src/api/crd.ts';
import { compileRule } from '../../src/cli/review/cel.ts';
import { ratchetedCases, reviewCases, type ReviewCase } from './review-cases.ts';
import { inFolder, run, type Outcome } from './transcript.ts';

const review = ({ text, stored }: ReviewCase, more = ''): Promise<Outcome> =>
  inFolder(
    new Map([['change.yaml', text], ...(stored === undefined ? [] : [['old.yaml', stored] as const])]),
    () => run(`rollguard review -f change.yaml${stored === undefined ? '' : ' --old old.yaml'}${more}`),
  );

describe('rollguard review judges by the whole definition of a kind', () => {
  it('has some cases of each answer', () => {
    expect(reviewCases.filter(({ accepted }) => accepted)).to.have.length.above(20);
    expect(reviewCases.filter(({ accepted }) => !accepted)).to.have.length.above(60);
  });

  // review-parity.cluster.test.ts asks a real API server about the same cases.
  for (const each of [...reviewCases, ...ratchetedCases]) {
    it(`${each.accepted ? 'allows' : 'refuses'} ${each.title}`, async () => {
      const { code, stdout, stderr } = await review(each);
      expect(code, stdout + stderr).to.equal(each.accepted ? 0 : 1);
      if (!each.accepted) expect(stdout).to.match(/^ {2}\w+ at .+ \(change\.yaml:\d+:\d+\)$/m);
    });
  }

  it('takes generateName for the name that will be made of it', async () => {
    const generated = (prefix: string) => ({
      title: '',
      text: `apiVersion: openbao.org/v1alpha1\nkind: OpenBaoCluster\nmetadata: {generateName: ${prefix}}\nspec: {version: 2.5.5}\n`,
      accepted: true,
    });
    expect((await review(generated('prod-'))).code).to.equal(0);
    for (const prefix of ['Prod-', 'a.b-', 'a'.repeat(36)])
      expect((await review(generated(prefix))).code, prefix).to.equal(1);
  });

  it("leaves another operator's OpenBaoRestore alone under --gate-only, whatever its shape", async () => {
    const files = new Map([
      [
        'r.yaml',
        'apiVersion: openbao.org/v1alpha1\nkind: OpenBaoRestore\nmetadata: {name: r}\nspec: {cluster: prod, source: {key: k}}\n',
      ],
    ]);
    await inFolder(files, async () => {
      const alone = await run('rollguard review --gate-only -f r.yaml');
      expect(alone, alone.stderr).to.include({ code: 0 });
      expect(alone.stdout).to.contain('not judged');
      expect((await run('rollguard review --gate-only --operation UPDATE -f r.yaml')).code).to.equal(0);
      expect((await run('rollguard review -f r.yaml')).code).not.to.equal(0);
    });
  });

  it('asks the gate alone under --gate-only, whose own refusals stay', async () => {
    const invalid = reviewCases.filter(({ title }) => /misspelt|enumeration|large|label/.test(title));
    expect(invalid).to.have.length.above(15);
    for (const each of invalid) {
      const { code, stdout } = await review(each, ' --gate-only');
      expect(stdout, each.title).not.to.contain('Invalid');
      if (!/list|missing/.test(each.title)) expect(code, each.title).to.be.oneOf([0, 2]);
    }
    const gate = reviewCases.filter(({ title }) => title.includes('that the gate refuses'));
    expect(gate).to.have.length(2);
    for (const each of gate) expect((await review(each, ' --gate-only')).code, each.title).to.equal(1);
  });
});

interface Rule {
  readonly rule: string;
  readonly message: string;
}

/** Every rule in a schema, wherever it stands. */
function rulesIn(schema: unknown): readonly Rule[] {
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]) =>
    key === 'x-kubernetes-validations' ? (value as Rule[]) : rulesIn(value),
  );
}

describe('the rules of the CustomResourceDefinitions', () => {
  const rules = [openBaoClusterCrd(), metadataServicesCrd(), openBaoRestoreCrd()].flatMap(rulesIn);

  it('are there', () => {
    expect(rules).to.have.length.above(10);
  });

  for (const rule of new Set(rules.map((each) => each.rule))) {
    it(`can be judged without a cluster: ${rule.slice(0, 80)}`, () => {
      expect(compileRule(rule)).to.be.a('function');
    });
  }

  it('are each broken by a case', async () => {
    const refused: string[] = [];
    for (const each of reviewCases.filter(({ accepted }) => !accepted))
      refused.push((await review(each)).stdout);
    const said = refused.join('');
    // Some messages begin with the field that they are about.
    const missing = rules.filter(({ message }) => !said.includes(message.replace(/^metadata\.name /, '')));
    expect(missing).to.deep.equal([]);
  });
});

describe('CEL', () => {
  const self = { text: 'häß', number: 3, yes: true, empty: '', inner: { a: 'b' } };
  const rules: readonly (readonly [rule: string, answer: boolean | 'fails'])[] = [
    ['self.yes', true],
    ['!self.yes', false],
    ['self.number == 3 && self.text.size() <= 3', true],
    ['self.number < 3 || self.number >= 4 || self.number > 3', false],
    ['self.text != "häß"', false],
    ["self.inner.a.matches('^[a-c]$')", true],
    ["self.inner.a.matches('x')", false],
    ['has(self.inner.a) && !has(self.inner.b)', true],
    ['has(self.empty)', true],
    ['has(self.gone)', false],
    ['self.gone == 1', 'fails'],
    ['self.gone.a == 1', 'fails'],
    ['self.text', 'fails'],
    ['self.number.matches("3")', 'fails'],
    // One side that decides outweighs a failure of the other.
    ['self.gone == 1 || self.yes', true],
    ['self.yes || self.gone == 1', true],
    ['self.gone == 1 && false', false],
    ['self.gone == 1 && true', 'fails'],
    // && binds closer.
    ['true || false && false', true],
    ['(true || false) && false', false],
    ['!(self.number == 3)', false],
    ['oldSelf.a == self.inner.a', true],
  ];
  for (const [rule, answer] of rules) {
    it(`${rule} ${answer === 'fails' ? 'fails' : `is ${answer}`}`, () => {
      const judge = () => compileRule(rule)({ self, oldSelf: { a: 'b' } });
      if (answer === 'fails') expect(judge).to.throw(TypeError);
      else expect(judge()).to.equal(answer);
    });
  }

  for (const rule of [
    'self.all(x, x > 1)',
    'self + 1 == 2',
    "self.text == 'a\\n'",
    'self.a[0]',
    'has(self)',
    'self.',
    '',
  ]) {
    it(`${JSON.stringify(rule)} is not known here`, () => {
      expect(() => compileRule(rule)).to.throw(SyntaxError);
    });
  }
});

import { expect } from 'chai';
import jsonpatch from 'fast-json-patch';
import { allow, violation, type Decision } from '../../src/core/policies/policy.ts';
import {
  answerBadReview,
  answerDecision,
  answerMutation,
  BadReview,
  decodeReview,
  wrap,
} from '../../webhooks/admission-review.ts';
import { clusterReview } from './support/reviews.ts';

describe('answering a decision', () => {
  const deny = (...violations: Decision['violations']): Decision => ({
    allowed: false,
    violations,
    warnings: [],
  });
  const downgrade = violation('DowngradeBlocked', 'spec.version', '2.4.0 is too old', 'stay');
  const invalid = violation('InvalidVersion', 'spec.version', '"x" is none', 'write one');

  it('says nothing but "allowed" where nothing is to be said', () => {
    expect(answerDecision('u-1', allow)).to.deep.equal({ uid: 'u-1', allowed: true });
  });

  it('gives a denial the code and the name of its reason, and says what, why and what now', () => {
    expect(answerDecision('u-1', deny(downgrade))).to.deep.equal({
      uid: 'u-1',
      allowed: false,
      status: {
        code: 403,
        reason: 'DowngradeBlocked',
        message:
          '2.4.0 is too old. Why: an older OpenBao may not read what a newer one has written. Now: stay.',
      },
      auditAnnotations: { decision: 'deny', reasons: 'DowngradeBlocked' },
    });
  });

  it('takes code and reason from the first of several, and numbers them all in the message', () => {
    const { status, auditAnnotations } = answerDecision('u-1', deny(invalid, downgrade, downgrade));
    expect(status).to.include({ code: 422, reason: 'InvalidVersion' });
    expect(status?.message)
      .to.match(/^\(1\/3\) InvalidVersion: /)
      .and.to.contain(' (2/3) DowngradeBlocked: ')
      .and.to.contain(' (3/3) DowngradeBlocked: ');
    expect(auditAnnotations, 'each reason once').to.deep.equal({
      decision: 'deny',
      reasons: 'InvalidVersion,DowngradeBlocked',
    });
  });

  it('breaks a long warning into lines of at most 120 characters', () => {
    const words = Array.from({ length: 60 }, (_, index) => `word${index}`).join(' ');
    const { warnings = [] } = answerDecision('u-1', { ...allow, warnings: [words, 'short'] });
    expect(warnings.every((line) => line.length <= 120)).to.equal(true);
    expect(warnings.slice(0, -1).join(' ')).to.equal(words);
    expect(warnings.at(-1)).to.equal('short');
  });
});

describe('wrapping a warning', () => {
  const cases = [
    { name: '120 characters stay one line', text: 'x'.repeat(120), lines: ['x'.repeat(120)] },
    { name: '121 without a space are cut at 120', text: 'x'.repeat(121), lines: ['x'.repeat(120), 'x'] },
    {
      name: 'a space at the 121st is where the line ends',
      text: `${'x'.repeat(120)} y`,
      lines: ['x'.repeat(120), 'y'],
    },
    {
      name: 'the last space before the end is where the line ends',
      text: `${'x'.repeat(60)} ${'y'.repeat(60)}`,
      lines: ['x'.repeat(60), 'y'.repeat(60)],
    },
    { name: 'an empty warning is no line', text: '', lines: [] },
    {
      name: 'a line ending in spaces is followed by no empty one',
      text: `${'x'.repeat(120)}   `,
      lines: ['x'.repeat(120)],
    },
  ];
  for (const { name, text, lines } of cases) {
    it(name, () => expect(wrap(text)).to.deep.equal(lines));
  }
});

describe('answering a mutation', () => {
  const before = { metadata: { name: 'bao', labels: { 'a/b': 'c', 'd~e': 'f' } }, spec: { list: [1, 2, 3] } };

  it('carries no patch and no patch type where nothing changed', () => {
    expect(answerMutation('u-1', before, before)).to.deep.equal({ uid: 'u-1', allowed: true });
    expect(answerMutation('u-1', before, structuredClone(before))).to.deep.equal({
      uid: 'u-1',
      allowed: true,
    });
  });

  it('carries a JSON Patch that makes the one of the other', () => {
    const after = {
      metadata: { name: 'bao', labels: { 'a/b': 'changed' }, annotations: { 'x/y~z': 'new' } },
      spec: { list: [1, 3] },
    };
    const { patch = '', patchType } = answerMutation('u-1', before, after);
    expect(patchType).to.equal('JSONPatch');
    const operations = JSON.parse(Buffer.from(patch, 'base64').toString('utf8')) as jsonpatch.Operation[];
    const { newDocument } = jsonpatch.applyPatch(structuredClone(before), operations, true);
    expect(newDocument).to.deep.equal(after);
  });

  it('leaves what did not change out of the patch', () => {
    const after = { ...before, metadata: { ...before.metadata, annotations: { 'x/y~z': 'new' } } };
    const { patch = '' } = answerMutation('u-1', before, after);
    expect(JSON.parse(Buffer.from(patch, 'base64').toString('utf8'))).to.deep.equal([
      { op: 'add', path: '/metadata/annotations', value: { 'x/y~z': 'new' } },
    ]);
  });
});

describe('answering a review that cannot be judged', () => {
  it('never allows', () => {
    expect(answerBadReview('u-1', 'no good')).to.deep.equal({
      uid: 'u-1',
      allowed: false,
      status: { code: 400, reason: 'BadRequest', message: 'no good' },
    });
  });

  it('keeps its message short, whatever came in', () => {
    expect(new BadReview('x'.repeat(1_000_000)).message.length).to.be.at.most(500);
  });
});

describe('reading a review', () => {
  it('returns the request, fields that we do not know included', () => {
    const review = clusterReview({});
    review.request['madeUpInTheFuture'] = { of: 'Kubernetes' };
    expect(decodeReview(Buffer.from(JSON.stringify(review)))).to.deep.equal(review.request);
  });

  it('tells where the JSON breaks, and quotes none of it', () => {
    const read = () => decodeReview(Buffer.from('{"password": hunter2}'));
    expect(read).to.throw(BadReview, /^the body is not JSON( \(at character \d+\))?$/);
  });
});

import { expect } from 'chai';
import * as fc from 'fast-check';
import { requestedByAnnotation } from '../../../src/api/labels.ts';
import type { OpenBaoCluster, OpenBaoClusterSpec } from '../../../src/api/openbaocluster.ts';
import { requestedBy, rollbackRequestedBy } from '../../../src/core/mutations/requested-by.ts';
import { cluster } from '../../support/builders.ts';
import { active, backTo, failed, services } from '../../support/release-requests.ts';

const on = { maintenance: { enabled: true } };
const asks = (requests: object) => ({ upgrade: { requests } });
const by = (name: string | undefined, spec: Partial<OpenBaoClusterSpec> = {}) =>
  cluster(spec, undefined, name === undefined ? {} : { annotations: { [requestedByAnnotation]: name } });
const author = (object: OpenBaoCluster) => object.metadata.annotations?.[requestedByAnnotation];

describe('requested-by', () => {
  const cases = [
    {
      name: 'is written where an acknowledgement is set',
      old: by(undefined),
      sent: by(undefined, { breakGlassAck: 'n' }),
      after: 'alice',
    },
    {
      name: 'is written where maintenance is enabled',
      old: by(undefined),
      sent: by(undefined, on),
      after: 'alice',
    },
    {
      name: 'is written on CREATE with an acknowledgement',
      old: undefined,
      sent: by(undefined, { breakGlassAck: 'n' }),
      after: 'alice',
    },
    { name: 'is written on CREATE in maintenance', old: undefined, sent: by(undefined, on), after: 'alice' },
    ...['promote', 'rollback', 'retry', 'cleanup'].map((request) => ({
      name: `is written where a ${request} is requested`,
      old: by('bob', asks({ [request]: 'a' })),
      sent: by('bob', asks({ [request]: 'b' })),
      after: 'alice',
    })),
    {
      name: 'is written on CREATE with a request',
      old: undefined,
      sent: by(undefined, asks({ promote: 'a' })),
      after: 'alice',
    },
    {
      name: 'names who took a request back while another stays',
      old: by('bob', asks({ promote: 'a', rollback: 'b' })),
      sent: by('bob', asks({ promote: 'a' })),
      after: 'alice',
    },
    {
      name: 'stays beside a request that stays',
      old: by('bob', asks({ rollback: 'a' })),
      sent: by('mallory', { ...asks({ rollback: 'a' }), paused: true }),
      after: 'bob',
    },
    {
      name: 'goes with the last request',
      old: by('bob', asks({ rollback: 'a' })),
      sent: by('bob', asks({})),
      after: undefined,
    },
    { name: 'is not written on a plain CREATE', old: undefined, sent: by(undefined), after: undefined },
    {
      name: 'is not written for an unrelated edit',
      old: by(undefined),
      sent: by(undefined, { paused: true }),
      after: undefined,
    },
    {
      name: 'names the last who changed something',
      old: by('bob', on),
      sent: by('bob', { ...on, breakGlassAck: 'n' }),
      after: 'alice',
    },
    {
      name: 'names who disabled maintenance while an acknowledgement stays',
      old: by('bob', { ...on, breakGlassAck: 'n' }),
      sent: by('bob', { breakGlassAck: 'n' }),
      after: 'alice',
    },
    {
      name: 'names who cleared an acknowledgement while maintenance stays',
      old: by('bob', { ...on, breakGlassAck: 'n' }),
      sent: by('bob', on),
      after: 'alice',
    },
    {
      name: 'stays through an unrelated edit',
      old: by('bob', on),
      sent: by('bob', { ...on, paused: true }),
      after: 'bob',
    },
    { name: 'is put back where it was left out', old: by('bob', on), sent: by(undefined, on), after: 'bob' },
    { name: 'is put back where it was forged', old: by('bob', on), sent: by('mallory', on), after: 'bob' },
    {
      name: 'is overwritten where it was forged beside a change',
      old: by('bob'),
      sent: by('mallory', on),
      after: 'alice',
    },
    {
      name: 'is taken off where it was forged for nothing',
      old: by(undefined),
      sent: by('mallory'),
      after: undefined,
    },
    {
      name: 'is taken off where it was forged on a plain CREATE',
      old: undefined,
      sent: by('mallory'),
      after: undefined,
    },
    {
      name: 'is taken off where it was forged and nobody was written before',
      old: by(undefined, on),
      sent: by('mallory', on),
      after: undefined,
    },
    {
      name: 'goes with the last acknowledgement',
      old: by('bob', { breakGlassAck: 'n' }),
      sent: by('bob', { breakGlassAck: '' }),
      after: undefined,
    },
    {
      name: 'goes with maintenance',
      old: by('bob', on),
      sent: by('bob', { maintenance: { enabled: false } }),
      after: undefined,
    },
    {
      name: 'goes at the next edit where nothing is left for it to speak of',
      old: by('bob'),
      sent: by('bob', { paused: true }),
      after: undefined,
    },
    {
      name: 'takes an empty acknowledgement for none',
      old: by(undefined),
      sent: by(undefined, { breakGlassAck: '' }),
      after: undefined,
    },
    {
      name: 'takes maintenance written down as disabled for none',
      old: by(undefined),
      sent: by(undefined, { maintenance: { enabled: false } }),
      after: undefined,
    },
  ];
  for (const { name, old, sent, after } of cases) {
    it(name, () => {
      const changed = requestedBy(sent, old, 'alice');
      expect(author(changed)).to.equal(after);
      expect(requestedBy(changed, old, 'alice'), 'applied twice').to.equal(changed);
    });
  }

  it('gives back the same object for an edit that concerns it not', () => {
    const plain = cluster({ paused: true });
    expect(requestedBy(plain, cluster(), 'alice')).to.equal(plain);
    const maintained = by('bob', { ...on, paused: true });
    expect(requestedBy(maintained, by('bob', on), 'alice')).to.equal(maintained);
  });

  it('does not look into the status that was sent', () => {
    const closed = new Proxy(
      {},
      {
        get() {
          throw new Error('status was read');
        },
      },
    );
    for (const spec of [{}, on, { breakGlassAck: 'n' }, asks({ rollback: 'a' })]) {
      const sent = cluster(spec, closed);
      expect(requestedBy(sent, cluster(), 'alice').status).to.equal(closed);
      expect(requestedBy(sent, undefined, 'alice').status).to.equal(closed);
    }
  });

  const any = fc.record({
    ack: fc.constantFrom(undefined, '', 'a', 'b'),
    enabled: fc.constantFrom(undefined, false, true),
    author: fc.constantFrom(undefined, 'bob', 'mallory', ''),
    paused: fc.boolean(),
    requests: fc.option(
      fc.record({ retry: fc.string(), promote: fc.constantFrom('a', 'b') }, { requiredKeys: [] }),
      { nil: undefined },
    ),
    other: fc.constantFrom('o', '__proto__', 'constructor'),
  });
  const built = ({
    ack,
    enabled,
    author: name,
    paused,
    requests,
    other,
  }: typeof any extends fc.Arbitrary<infer T> ? T : never) => {
    const annotations = JSON.parse(`{${JSON.stringify(other)}: "1"}`) as Record<string, string>;
    return cluster(
      {
        paused,
        ...(requests === undefined ? {} : { upgrade: { requests } }),
        ...(ack === undefined ? {} : { breakGlassAck: ack }),
        ...(enabled === undefined ? {} : { maintenance: { enabled } }),
      },
      { currentVersion: '2.5.5' },
      {
        labels: { a: 'b' },
        annotations: { ...annotations, ...(name === undefined ? {} : { [requestedByAnnotation]: name }) },
      },
    );
  };

  it('applied twice is as applied once, and nothing else ever changes', () => {
    fc.assert(
      fc.property(any, fc.option(any), fc.constantFrom('alice', ''), (sent, stored, username) => {
        const object = built(sent);
        const old = stored === null ? undefined : built(stored);
        const before = structuredClone(object);
        const once = requestedBy(object, old, username);
        expect(requestedBy(once, old, username)).to.equal(once);
        expect(object).to.deep.equal(before);

        expect(once.spec).to.equal(object.spec);
        expect(once.status).to.equal(object.status);
        expect(once.metadata.labels).to.equal(object.metadata.labels);
        const { [requestedByAnnotation]: _, ...othersBefore } = object.metadata.annotations ?? {};
        const { [requestedByAnnotation]: __, ...othersAfter } = once.metadata.annotations ?? {};
        expect(JSON.stringify(othersAfter)).to.equal(JSON.stringify(othersBefore));
      }),
    );
  });

  it('never names another than the caller or who was stored', () => {
    fc.assert(
      fc.property(any, fc.option(any), (sent, stored) => {
        const old = stored === null ? undefined : built(stored);
        const named = author(requestedBy(built(sent), old, 'alice'));
        expect([undefined, 'alice', old && author(old)]).to.include(named);
      }),
    );
  });
});

describe('requested-by, of a rollback', () => {
  const named = (name: string) => ({ [requestedByAnnotation]: name });
  const authorOf = (annotations: Record<string, string>, before: Record<string, string> | undefined) => {
    const sent = services(annotations);
    const old = before === undefined ? undefined : services(before);
    const signed = rollbackRequestedBy(sent, old, 'alice');
    expect(rollbackRequestedBy(signed, old, 'alice'), 'applied twice').to.equal(signed);
    const { [requestedByAnnotation]: name, ...others } = signed.metadata.annotations ?? {};
    const { [requestedByAnnotation]: _, ...sentOthers } = annotations;
    expect(others).to.deep.equal(sentOthers);
    expect(signed.spec).to.equal(sent.spec);
    return name;
  };

  for (const { name, old, sent, after } of [
    { name: 'is written beside a new request', old: {}, sent: backTo(active), after: 'alice' },
    { name: 'is written on CREATE', old: undefined, sent: backTo(active), after: 'alice' },
    {
      name: 'names who asked for another release',
      old: { ...backTo(active), ...named('bob') },
      sent: { ...backTo(failed), ...named('bob') },
      after: 'alice',
    },
    {
      name: 'is overwritten where it was forged beside a new request',
      old: {},
      sent: { ...backTo(active), ...named('mallory') },
      after: 'alice',
    },
    {
      name: 'is put back where it was forged',
      old: { ...backTo(active), ...named('bob') },
      sent: { ...backTo(active), ...named('mallory') },
      after: 'bob',
    },
    {
      name: 'is put back where it was left out, as by an apply from Git',
      old: { ...backTo(active), ...named('bob') },
      sent: backTo(active),
      after: 'bob',
    },
    {
      name: 'is taken off where nobody was written before',
      old: backTo(active),
      sent: { ...backTo(active), ...named('mallory') },
      after: undefined,
    },
    {
      name: 'goes with the request',
      old: { ...backTo(active), ...named('bob') },
      sent: named('bob'),
      after: undefined,
    },
    {
      name: 'is taken off where it was forged for nothing',
      old: {},
      sent: named('mallory'),
      after: undefined,
    },
    { name: 'takes an empty request for none', old: {}, sent: backTo(''), after: undefined },
    { name: 'is not written for an unrelated edit', old: {}, sent: { a: 'b' }, after: undefined },
  ]) {
    it(name, () => {
      expect(authorOf(sent, old)).to.equal(after);
    });
  }
});

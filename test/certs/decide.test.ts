import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import { decide, type Circumstances } from '../../certs/decide.ts';
import type { KeyPair, Material } from '../../certs/material.ts';
import { defaultSchedule } from '../../certs/schedule.ts';
import { caAt, dayMs, hourMs, leafAt, material, names, start } from './authorities.ts';

describe('deciding what to do with the stored certificates', () => {
  let old: KeyPair;
  let next: KeyPair;
  let leafOfOld: KeyPair;
  let leafOfNext: KeyPair;
  const rotated = 250 * dayMs;

  before(async () => {
    old = await caAt(start);
    leafOfOld = await leafAt(start + 200 * dayMs, old);
    next = await caAt(start + rotated);
    leafOfNext = await leafAt(start + rotated + hourMs, next);
  });

  const at = (afterMs: number, changes: Partial<Circumstances> = {}): Circumstances => ({
    now: start + afterMs,
    names,
    publishedSince: start,
    schedule: defaultSchedule,
    ...changes,
  });
  const kind = (stored: Material, circumstances: Circumstances) => decide(stored, circumstances).kind;
  const why = (stored: Material, circumstances: Circumstances) => {
    const decision = decide(stored, circumstances);
    return decision.kind === 'keep' ? 'keep' : `${decision.kind}: ${decision.why}`;
  };

  it('keeps a leaf until less than a third of its life remains', () => {
    const stored = material(leafOfOld, old);
    expect(kind(stored, at(200 * dayMs))).to.equal('keep');
    expect(kind(stored, at(200 * dayMs + 60 * dayMs - hourMs, { publishedSince: undefined }))).to.equal(
      'keep',
    );
    expect(why(stored, at(200 * dayMs + 60 * dayMs + hourMs, { publishedSince: undefined }))).to.equal(
      'renewLeaf: the certificate ends 2031-03-18T12:00:00.000Z',
    );
  });

  it('renews a leaf that lacks a name, and not one that has a name too many', async () => {
    const stored = material(leafOfOld, old);
    expect(why(stored, at(201 * dayMs, { names: [...names, '192.0.2.7'] }))).to.equal(
      'renewLeaf: the certificate lacks 192.0.2.7',
    );
    const generous = material(await leafAt(start, old, [...names, 'more.example.org']), old);
    expect(kind(generous, at(0))).to.equal('keep');
  });

  it('renews a leaf that its bundle does not verify', () => {
    expect(why(material(leafOfNext, old), at(201 * dayMs))).to.equal(
      'renewLeaf: no CA of the bundle has signed the certificate',
    );
  });

  it('renews a leaf outside its time, in either direction', () => {
    expect(why(material(leafOfOld, old), at(290 * dayMs))).to.equal(
      'renewLeaf: the certificate is valid from 2030-12-18T11:55:00.000Z to 2031-03-18T12:00:00.000Z',
    );
    expect(kind(material(leafOfOld, old), at(199 * dayMs))).to.equal('renewLeaf');
    expect(kind(material(leafOfOld, old), at(200 * dayMs - 4 * 60_000))).to.equal('keep');
  });

  it('makes another CA, beside the old one, when less than a third of its life remains', async () => {
    const fresh = async (days: number) => material(await leafAt(start + days * dayMs, old), old);
    expect(kind(await fresh(243), at(243 * dayMs))).to.equal('keep');
    expect(why(await fresh(244), at(244 * dayMs))).to.equal('rotateCa: the CA ends 2031-06-01T12:00:00.000Z');
  });

  it('makes no other CA while nothing can be published', async () => {
    const stored = material(await leafAt(start + 250 * dayMs, old), old);
    expect(kind(stored, at(250 * dayMs, { publishedSince: undefined }))).to.equal('keep');
  });

  it('moves the leaf to the new CA once every configuration has carried it for an hour', () => {
    const stored = material(leafOfOld, next, old);
    const after = (ms: number) => at(rotated + ms, { publishedSince: start + rotated + 5 * hourMs });
    expect(kind(stored, after(5 * hourMs))).to.equal('keep');
    expect(kind(stored, after(6 * hourMs - 1_000))).to.equal('keep');
    expect(kind(stored, after(6 * hourMs))).to.equal('useNewCa');
    expect(kind(stored, at(rotated + 6 * hourMs, { publishedSince: undefined }))).to.equal('keep');
  });

  it('does not renew the leaf early by an unpublished CA, however old or incomplete it is', () => {
    const stored = material(leafOfOld, next, old);
    const late = at(289 * dayMs, { publishedSince: undefined, names: [...names, 'more.example.org'] });
    expect(kind(stored, late)).to.equal('keep');
  });

  it('drops the old CA a day after the leaf has moved', () => {
    const stored = material(leafOfNext, next, old);
    expect(kind(stored, at(rotated + 2 * hourMs))).to.equal('keep');
    expect(kind(stored, at(rotated + hourMs + dayMs - 1_000))).to.equal('keep');
    expect(kind(stored, at(rotated + hourMs + dayMs))).to.equal('dropOldCa');
    expect(kind(material(leafOfNext, next), at(rotated + hourMs + dayMs))).to.equal('keep');
  });

  it('uses the new CA at once when the leaf is of no use any more', () => {
    const stored = { ...material(leafOfOld, next, old), leaf: { ...leafOfOld, key: next.key } };
    expect(why(stored, at(rotated, { publishedSince: undefined }))).to.equal(
      'renewLeaf: the key does not belong to the certificate',
    );
  });

  it('makes another CA when there is no key for the old one, without giving up the leaf', () => {
    const reasons = ['', 'garbage', next.key, leafOfOld.key].map((caKey) =>
      why({ ...material(leafOfOld, old), caKey }, at(201 * dayMs)),
    );
    expect(new Set(reasons)).to.deep.equal(new Set(['rotateCa: there is no key of a valid CA']));
  });

  it('does not sign with a kind of key that it would not issue', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
      type: 'pkcs8',
      format: 'pem',
    });
    expect(kind({ ...material(leafOfOld, old), caKey: String(rsa) }, at(201 * dayMs))).to.equal('rotateCa');
  });

  it('begins anew when the CA has ended', () => {
    expect(kind(material(leafOfOld, old), at(365 * dayMs))).to.equal('reissueEverything');
  });

  const half = (pem: string) => pem.slice(0, pem.length / 2);
  const broken: { name: string; change: (stored: Material) => Material; expected: string }[] = [
    {
      name: 'an empty Secret',
      change: () => ({ leaf: { cert: '', key: '' }, caBundle: '', caKey: '' }),
      expected: 'reissueEverything: there is no CA that can be read',
    },
    {
      name: 'a truncated CA bundle',
      change: (stored) => ({ ...stored, caBundle: half(stored.caBundle) }),
      expected: 'reissueEverything: there is no CA that can be read',
    },
    {
      name: 'a CA bundle whose second certificate is truncated',
      change: (stored) => ({ ...stored, caBundle: stored.caBundle + half(stored.caBundle) }),
      expected: 'reissueEverything: there is no CA that can be read',
    },
    {
      name: 'a CA bundle that is a leaf',
      change: (stored) => ({ ...stored, caBundle: stored.leaf.cert, caKey: stored.leaf.key }),
      expected:
        'reissueEverything: no CA of the bundle has signed the certificate, and there is no key of a valid CA',
    },
    {
      name: 'a truncated certificate',
      change: (stored) => ({ ...stored, leaf: { ...stored.leaf, cert: half(stored.leaf.cert) } }),
      expected: 'renewLeaf: the certificate cannot be read',
    },
    {
      name: 'a truncated key',
      change: (stored) => ({ ...stored, leaf: { ...stored.leaf, key: half(stored.leaf.key) } }),
      expected: 'renewLeaf: the key cannot be read',
    },
    {
      name: 'no certificate',
      change: (stored) => ({ ...stored, leaf: { cert: '', key: '' } }),
      expected: 'renewLeaf: there is no certificate',
    },
    {
      name: 'a truncated certificate and no CA key',
      change: (stored) => ({ ...stored, leaf: { ...stored.leaf, cert: half(stored.leaf.cert) }, caKey: '' }),
      expected: 'reissueEverything: the certificate cannot be read, and there is no key of a valid CA',
    },
  ];
  for (const { name, change, expected } of broken) {
    it(`replaces ${name}`, () => {
      expect(why(change(material(leafOfOld, old)), at(201 * dayMs))).to.equal(expected);
    });
  }
});

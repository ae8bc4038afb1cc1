import { expect } from 'chai';
import { invalidImageReference } from '../../../src/core/policies/invalid-image-reference.ts';
import { decide } from '../../../src/core/policies/policy.ts';
import { cluster, creation, reasonsOf, sha256, update } from '../../support/builders.ts';

const refused = ['InvalidImageReference'];

describe('invalid-image-reference', () => {
  const cases = [
    { name: 'allows an empty image, which is the default', image: '', reasons: [] },
    { name: 'allows a tag', image: 'openbao/openbao:2.5.5', reasons: [] },
    { name: 'allows a digest', image: `openbao/openbao@${sha256}`, reasons: [] },
    { name: 'allows a name alone', image: 'openbao/openbao', reasons: [] },
    {
      name: 'allows a tag of 128 characters',
      image: `openbao:${'x'.repeat(128)}`,
      reasons: [],
    },
    {
      name: 'refuses a tag of 129 characters',
      image: `openbao:${'x'.repeat(129)}`,
      reasons: refused,
    },
    { name: 'refuses a + in the tag', image: 'openbao/openbao:2.5.5+b1', reasons: refused },
    { name: 'refuses an upper-case repository', image: 'openbao/OpenBao:2.5.5', reasons: refused },
    { name: 'refuses an empty tag', image: 'openbao/openbao:', reasons: refused },
    { name: 'refuses a space', image: ' ', reasons: refused },
    { name: 'refuses an unknown digest algorithm', image: 'openbao@md5:0', reasons: refused },
  ];
  for (const { name, image, reasons } of cases) {
    it(name, () => {
      expect(reasonsOf(invalidImageReference, creation(cluster({ image })))).to.deep.equal(reasons);
      expect(reasonsOf(invalidImageReference, update(cluster(), { image }))).to.deep.equal(reasons);
    });
  }

  it('allows no image', () => {
    expect(reasonsOf(invalidImageReference, creation(cluster()))).to.deep.equal([]);
  });

  it('says what is wrong, and how to write it or do without', () => {
    expect(invalidImageReference.evaluate(creation(cluster({ image: 'open\u0430bao:2.5.5' })))).to.deep.equal(
      [
        {
          kind: 'violation',
          reason: 'InvalidImageReference',
          path: 'spec.image',
          message:
            'spec.image "open<U+0430>bao:2.5.5" has "open<U+0430>bao" in its repository, where only lower-case letters, digits and single . _ - between them may stand',
          remedy:
            'write it as [registry[:port]/]repository[:tag][@digest], or remove it to use openbao/openbao:2.5.5',
        },
      ],
    );
  });

  it('warns of one that was stored before, also when the version changes', () => {
    const old = cluster({ image: 'openbao:' });
    for (const spec of [{ paused: true }, { version: '2.6.0' }]) {
      const decision = decide([invalidImageReference], update(old, spec));
      expect(decision.allowed).to.equal(true);
      expect(decision.warnings).to.deep.equal([
        'InvalidImageReference: spec.image "openbao:" has an empty tag',
      ]);
    }
  });

  it('takes an image that is left out for one that is empty', () => {
    expect(invalidImageReference.changes(update(cluster(), { image: '' }))).to.equal(false);
    expect(invalidImageReference.changes(update(cluster({ image: '' }), {}))).to.equal(false);
    expect(invalidImageReference.changes(update(cluster({ image: 'a' }), { image: '' }))).to.equal(true);
  });
});

import { expect } from 'chai';
import * as fc from 'fast-check';
import { imageVersionMismatch } from '../../../src/core/policies/image-version-mismatch.ts';
import { decide } from '../../../src/core/policies/policy.ts';
import { cluster, creation, reasonsOf, sha256, textOf, update } from '../../support/builders.ts';

const refused = ['ImageVersionMismatch'];

describe('image-version-mismatch', () => {
  const cases = [
    { name: 'allows no image', version: '2.5.5', image: '', reasons: [] },
    { name: 'allows the same version', version: '2.5.5', image: 'openbao/openbao:2.5.5', reasons: [] },
    { name: 'allows a v in the tag alone', version: '2.5.5', image: 'openbao:v2.5.5', reasons: [] },
    { name: 'allows a v in the version alone', version: 'v2.5.5', image: 'openbao:2.5.5', reasons: [] },
    {
      name: 'allows the same version behind a registry with a port',
      version: '2.5.5',
      image: 'registry.example:5000/openbao:2.5.5',
      reasons: [],
    },
    {
      name: 'allows the same version beside a digest',
      version: '2.5.5',
      image: `openbao:2.5.5@${sha256}`,
      reasons: [],
    },
    { name: 'allows a digest alone', version: '2.5.5', image: `openbao@${sha256}`, reasons: [] },
    { name: 'allows _ for +', version: '2.5.5+b1', image: 'openbao:2.5.5_b1', reasons: [] },
    {
      name: 'allows the same prerelease',
      version: '2.6.0-rc.1',
      image: 'openbao:2.6.0-rc.1',
      reasons: [],
    },
    { name: 'refuses another version', version: '2.5.5', image: 'openbao:2.5.4', reasons: refused },
    {
      name: 'refuses another version beside a digest',
      version: '2.5.5',
      image: `openbao:2.5.4@${sha256}`,
      reasons: refused,
    },
    {
      name: 'refuses another version behind a registry with a port',
      version: '2.5.5',
      image: 'registry.example:5000/openbao:2.5.4',
      reasons: refused,
    },
    {
      name: 'refuses the prerelease of the version',
      version: '2.6.0',
      image: 'openbao:2.6.0-rc.1',
      reasons: refused,
    },
    {
      name: 'refuses another prerelease',
      version: '2.6.0-rc.1',
      image: 'openbao:2.6.0-rc.2',
      reasons: refused,
    },
    { name: 'refuses another build', version: '2.5.5+b1', image: 'openbao:2.5.5_b2', reasons: refused },
    {
      name: 'refuses a build that the tag lacks',
      version: '2.5.5+b1',
      image: 'openbao:2.5.5',
      reasons: refused,
    },
    ...['2.5.5-r1', '2.5.5-arm64', '2.5.5-ubi', '2.5.5-gitlab2', '2.5.5_r1', '2.5.5_b1', 'v2.5.5-1.el9'].map(
      (tag) => ({
        name: `V5: takes the suffix of ${tag} on trust`,
        version: '2.5.5',
        image: `openbao:${tag}`,
        reasons: ['warns'],
      }),
    ),
    {
      name: 'V5: takes a suffix of a prerelease on trust',
      version: '2.6.0-rc.1',
      image: 'openbao:2.6.0-rc.1-ubi',
      reasons: ['warns'],
    },
    ...[
      '2.5.5-alpha1',
      '2.5.5-beta20251125',
      '2.5.5-rc1',
      '2.5.5-nightly1',
      '2.5.5-dev',
      '2.5.6-r1',
      '2.5.50-r1',
    ].map((tag) => ({
      name: `V5: refuses ${tag} for 2.5.5`,
      version: '2.5.5',
      image: `openbao:${tag}`,
      reasons: refused,
    })),
    {
      name: 'V5: warns of a suffix in the version',
      version: '2.5.5-r1',
      image: 'openbao:2.5.5-r1',
      reasons: ['warns'],
    },
    { name: 'V5: warns of it without an image', version: '2.5.5-r1', image: '', reasons: ['warns'] },
    {
      name: 'V5: refuses a suffix that only the version has',
      version: '2.5.5-r1',
      image: 'openbao:2.5.5',
      reasons: refused,
    },
    {
      name: 'warns of a tag that is no version',
      version: '2.5.5',
      image: 'openbao:latest',
      reasons: ['warns'],
    },
    { name: 'warns of a tag with two parts', version: '2.5.5', image: 'openbao:2.5', reasons: ['warns'] },
    { name: 'warns of neither tag nor digest', version: '2.5.5', image: 'openbao', reasons: ['warns'] },
    {
      name: 'does not take a port for a tag',
      version: '2.5.5',
      image: 'registry.example:5000/openbao',
      reasons: ['warns'],
    },
    { name: 'leaves a bad image to invalid-image-reference', version: '2.5.5', image: 'a:b:c', reasons: [] },
    { name: 'leaves a bad version to invalid-version', version: '2.5', image: 'openbao:2.5', reasons: [] },
  ];
  for (const { name, version, image, reasons } of cases) {
    it(name, () => {
      expect(reasonsOf(imageVersionMismatch, creation(cluster({ version, image })))).to.deep.equal(reasons);
      expect(
        reasonsOf(imageVersionMismatch, update(cluster({ version: '2.0.0' }), { version, image })),
      ).to.deep.equal(reasons);
    });
  }

  it('says both versions and both ways out', () => {
    const request = creation(cluster({ version: 'v2.5.5+b1', image: 'openbao/openbao:v2.5.4' }));
    expect(imageVersionMismatch.evaluate(request)).to.deep.equal([
      {
        kind: 'violation',
        reason: 'ImageVersionMismatch',
        path: 'spec.image',
        message: 'the tag "v2.5.4" of spec.image is version 2.5.4, but spec.version is 2.5.5+b1',
        remedy:
          'set the tag of spec.image to 2.5.5_b1, or remove spec.image; if 2.5.4 is the version you want, set spec.version to it in the same apply',
      },
    ]);
  });

  it('V5: advises no version that the image will not report', () => {
    const said = (version: string, image: string) =>
      textOf(imageVersionMismatch.evaluate(creation(cluster({ version, image }))));
    expect(said('2.5.5', 'openbao:2.5.6-r1')).to.contain('if 2.5.6 is the version you want');
    expect(said('2.5.5-r1', 'openbao:2.5.5')).to.contain(
      'set spec.version to 2.5.5, which such an image reports',
    );
    expect(said('2.6.0-rc.1', 'openbao:2.6.0-rc.2-ubi')).to.contain('if 2.6.0-rc.2 is the version you want');
    expect(said('2.5.5', 'openbao:2.5.5-r1')).to.equal(
      'the tag "2.5.5-r1" of spec.image has a suffix that no release of OpenBao has; that it runs 2.5.5 is not verified',
    );
    expect(said('2.5.5-r1', 'openbao:2.5.5-r1')).to.equal(
      'no release of OpenBao is named 2.5.5-r1: unless you build OpenBao yourself, its servers say 2.5.5; set spec.version to 2.5.5, and keep the suffix in the tag of spec.image',
    );
    const stored = cluster({ version: '2.5.5-r1' });
    expect(decide([imageVersionMismatch], update(stored, { paused: true })).warnings).to.deep.equal([]);
  });

  it('says what is taken on trust', () => {
    expect(textOf(imageVersionMismatch.evaluate(creation(cluster({ image: 'openbao:main' }))))).to.equal(
      'the tag "main" of spec.image is not a version; that it runs 2.5.5 is not verified',
    );
  });

  it('refuses a change of version that leaves the image behind', () => {
    const old = cluster({ image: 'openbao:2.5.5' });
    expect(decide([imageVersionMismatch], update(old, { version: '2.6.0' })).allowed).to.equal(false);
    expect(
      decide([imageVersionMismatch], update(old, { version: '2.6.0', image: 'openbao:2.6.0' })).allowed,
    ).to.equal(true);
  });

  describe('V4: a change of version whose image stays', () => {
    const image = 'registry.example/openbao:latest';
    const status = { currentVersion: '2.5.5', image };
    const asked = (old: ReturnType<typeof cluster>, spec: object) =>
      decide([imageVersionMismatch], update(old, spec));

    for (const each of [image, `openbao@${sha256}`, 'openbao', 'openbao:stable']) {
      it(`is refused where ${each} says no version`, () => {
        const old = cluster({ image: each }, { ...status, image: each });
        const { violations } = asked(old, { version: '2.5.6' });
        expect(violations.map(({ reason }) => reason)).to.deep.equal(refused);
      });
    }

    it('says that no pod would be replaced, and both ways out', () => {
      const [finding] = imageVersionMismatch.evaluate(
        update(cluster({ image }, status), { version: '2.5.6' }),
      );
      expect(textOf(finding === undefined ? [] : [finding])).to.equal(
        'spec.version is 2.5.6, but spec.image stays "registry.example/openbao:latest", from which 2.5.5 runs: no pod would be replaced\nset spec.image to a reference that only 2.5.6 has, by its tag or its digest, in the same apply; or set spec.version back to 2.5.5',
      );
    });

    it('can be taken back, and is none where the version is what runs', () => {
      const waiting = cluster({ image, version: '2.5.6' }, status);
      expect(asked(waiting, { version: '2.5.5' }).allowed).to.equal(true);
      expect(asked(waiting, { paused: true }).allowed).to.equal(true);
      expect(
        asked(cluster({ image }, { ...status, currentVersion: '2.5.6' }), { version: '2.5.6' }).allowed,
      ).to.equal(true);
    });

    it('is none with another image, before the first start, and where the image never ran', () => {
      expect(
        asked(cluster({ image }, status), { version: '2.5.6', image: 'openbao:stable' }).allowed,
      ).to.equal(true);
      expect(asked(cluster({ image }), { version: '2.5.6' }).allowed).to.equal(true);
      const waiting = cluster(
        { image, version: '2.5.6' },
        { currentVersion: '2.5.5', image: 'openbao:2.5.5' },
      );
      expect(asked(waiting, { version: '2.5.7' }).allowed).to.equal(true);
      const unsaid = cluster({ image, version: '2.5.6' }, { currentVersion: '2.5.5' });
      expect(asked(unsaid, { version: '2.5.7' }).allowed).to.equal(true);
    });

    it('is refused where another operator does not say which image runs', () => {
      expect(asked(cluster({ image }, { currentVersion: '2.5.5' }), { version: '2.5.6' }).allowed).to.equal(
        false,
      );
    });
  });

  it('warns of a mismatch that was stored before', () => {
    const old = cluster({ image: 'openbao:2.5.4' });
    const decision = decide([imageVersionMismatch], update(old, { paused: true }));
    expect(decision.allowed).to.equal(true);
    expect(decision.warnings[0]).to.match(/^ImageVersionMismatch: the tag "2\.5\.4"/);
  });

  it('finds any version equal to its own tag, and to no other', () => {
    const version = fc
      .tuple(
        fc.nat(9),
        fc.nat(9),
        fc.nat(9),
        fc.constantFrom('', '-rc.1', '-rc.2'),
        fc.constantFrom('', '+b1'),
      )
      .map(([major, minor, patch, prerelease, build]) => `${major}.${minor}.${patch}${prerelease}${build}`);
    fc.assert(
      fc.property(version, version, fc.boolean(), (a, b, v) => {
        const image = `openbao/openbao:${v ? 'v' : ''}${b.replace('+', '_')}`;
        const { allowed } = decide([imageVersionMismatch], creation(cluster({ version: a, image })));
        // What a tag adds to a version is taken on trust.
        expect(allowed).to.equal(a === b || b === `${a}+b1`);
      }),
    );
  });
});

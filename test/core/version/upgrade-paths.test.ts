import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import * as fc from 'fast-check';
import semver from 'semver';
import {
  factsOf,
  isGreenBornOld,
  pathFacts,
  remedyOf,
  type Path,
  type PathEffect,
} from '../../../src/core/version/upgrade-paths.ts';
import { sealGap } from '../../../src/core/version/seal-support.ts';
import { parseVersion, type Version } from '../../../src/core/version/version.ts';

function version(text: string): Version {
  const parsed = parseVersion(text);
  if (parsed.kind === 'unknown') throw new Error(`${text} ${parsed.cause}`);
  return parsed.value;
}

/** `RollingUpdate 2.4.4 2.5.5 awskms`; of a new cluster `new - 2.5.5`; static where no seal is named. */
function path(text: string): Path {
  const [strategy = '', from = '', to = '', seal = 'static'] = text.split(' ');
  return {
    ...(strategy === 'new' ? {} : { strategy }),
    ...(from === '-' ? {} : { from: from === '?' ? 'unknown' : version(from) }),
    to: version(to),
    seal,
  };
}

const idsOf = (text: string) => factsOf(path(text)).map(({ id }) => id);

describe('V6: what is known of the way from one version to another', () => {
  /** One way under each row, and one just outside. */
  const rows: Readonly<Record<string, { effect: PathEffect; under: string[]; outside: string[] }>> = {
    withdrawn: {
      effect: 'refuse',
      under: ['new - 2.4.2', 'new - 2.3.0', 'RollingUpdate 2.4.1 2.4.2', 'new - 2.4.2+b1 awskms'],
      outside: ['new - 2.4.3', 'new - 2.4.1', 'new - 2.3.1', 'RollingUpdate 2.4.2 2.4.4'],
    },
    'no-static-seal': {
      effect: 'refuse',
      under: ['new - 2.3.2', 'new - 2.0.0', 'new - 1.15.2', 'RollingUpdate 2.3.1 2.3.2'],
      outside: ['new - 2.4.0', 'new - 2.3.2 awskms'],
    },
    'below-2.4': {
      effect: 'hold',
      under: ['new - 2.3.2 awskms', 'RollingUpdate 2.3.1 2.3.2 awskms'],
      outside: ['new - 2.4.0 awskms'],
    },
    'from-below-2.4': {
      effect: 'hold',
      under: ['RollingUpdate 2.3.2 2.4.4', 'new 2.3.2 2.4.4'],
      outside: ['RollingUpdate 2.4.0 2.4.4', 'new - 2.4.4'],
    },
    'no-votes-to-move': {
      effect: 'refuse',
      under: ['BlueGreen 2.1.1 2.4.4'],
      outside: ['BlueGreen 2.2.0 2.4.4', 'RollingUpdate 2.1.1 2.4.4'],
    },
    'raft-log-2.1': {
      effect: 'warn',
      under: ['RollingUpdate 2.0.3 2.4.4'],
      outside: ['RollingUpdate 2.1.0 2.4.4', 'new - 2.4.4'],
    },
    'into-changed-storage': {
      effect: 'refuse',
      under: [
        'RollingUpdate 2.4.4 2.5.0-beta20251125',
        'BlueGreen 2.4.4 2.5.0-beta20251125',
        'new - 2.5.0-beta20251125',
      ],
      outside: ['RollingUpdate 2.4.4 2.5.5', 'new - 2.6.0-beta20260622'],
    },
    'out-of-changed-storage': {
      effect: 'refuse',
      under: ['RollingUpdate 2.5.0-beta20251125 2.5.0', 'new 2.5.0-beta20251125 2.5.5'],
      outside: ['RollingUpdate 2.5.0 2.5.5', 'RollingUpdate 2.6.0-beta20260622 2.6.2'],
    },
    'into-a-beta': {
      effect: 'refuse',
      under: [
        'RollingUpdate 2.5.5 2.6.0-beta20260622',
        'RollingUpdate 2.5.5 2.6.0-alpha1',
        'new 2.5.5 2.6.0-beta1',
      ],
      outside: [
        'RollingUpdate 2.5.5 2.6.0-rc.1',
        'RollingUpdate 2.6.0-beta1 2.6.0-beta2',
        'new - 2.6.0-beta20260622',
      ],
    },
    'a-beta': {
      effect: 'warn',
      under: ['new - 2.6.0-beta20260622', 'RollingUpdate 2.6.0-beta1 2.6.0-beta2'],
      outside: ['new - 2.6.0-rc.1', 'new - 2.6.0'],
    },
    'out-of-a-beta': {
      effect: 'warn',
      under: ['RollingUpdate 2.6.0-beta20260622 2.6.2', 'RollingUpdate 2.6.0-beta1 2.6.0-rc.1'],
      outside: ['RollingUpdate 2.6.0-rc.1 2.6.2', 'new - 2.6.2'],
    },
    'a-prerelease': {
      effect: 'warn',
      under: ['new - 2.7.0-rc.1', 'new - 2.7.0-nightly1', 'RollingUpdate 2.6.2 2.7.0-dev'],
      outside: ['new - 2.7.0', 'new - 2.5.5-r1', 'new - 2.7.0-beta1'],
    },
    'cloud-seal-2.5.0': {
      effect: 'refuse',
      under: [
        'new - 2.5.0 awskms',
        'RollingUpdate 2.4.4 2.5.0 gcpckms',
        'BlueGreen 2.4.4 2.5.0 azurekeyvault',
      ],
      outside: [
        'new - 2.5.1 awskms',
        'new - 2.5.0',
        'new - 2.5.0 transit',
        'RollingUpdate 2.5.0 2.5.1 awskms',
      ],
    },
    'out-of-cloud-seal-2.5.0': {
      effect: 'warn',
      under: ['RollingUpdate 2.5.0 2.5.5 awskms', 'new 2.5.0 2.5.1 gcpckms'],
      outside: ['RollingUpdate 2.5.1 2.5.5 awskms', 'RollingUpdate 2.5.0 2.5.5', 'new - 2.5.0 awskms'],
    },
    'aead-seal-removed': {
      effect: 'refuse',
      under: ['new - 2.5.0 aead', 'RollingUpdate 2.4.4 2.5.5 aead'],
      outside: ['new - 2.4.4 aead', 'new - 2.5.1 static'],
    },
    'built-in-plugins-removed': {
      effect: 'warn',
      under: ['RollingUpdate 2.6.2 2.7.0', 'BlueGreen 2.6.2 2.7.1'],
      outside: ['RollingUpdate 2.7.0 2.7.1', 'RollingUpdate 2.6.0 2.6.2', 'new - 2.7.0'],
    },
    'green-born-old': {
      effect: 'warn',
      under: [
        'BlueGreen 2.5.5 2.6.0',
        'BlueGreen 2.4.4 2.6.2',
        'BlueGreen 2.6.0-rc.1 2.6.0',
        'BlueGreen 2.5.5 2.6.0-rc.1',
        'BlueGreen 2.5.5 2.7.0-dev',
      ],
      outside: [
        'BlueGreen 2.6.0 2.6.2',
        'BlueGreen 2.4.4 2.5.5',
        'RollingUpdate 2.5.5 2.6.0',
        'new 2.5.5 2.6.2',
      ],
    },
    'green-born-old-2.6.3': {
      effect: 'warn',
      under: ['BlueGreen 2.5.5 2.6.3'],
      outside: ['BlueGreen 2.5.5 2.6.2', 'BlueGreen 2.5.5 2.7.0-dev', 'BlueGreen 2.6.2 2.6.3'],
    },
    'mixed-until-2.6.3': {
      effect: 'warn',
      under: ['RollingUpdate 2.5.5 2.6.0', 'RollingUpdate 2.5.5 2.6.2', 'RollingUpdate 2.5.5 2.6.0-rc.1'],
      outside: [
        'RollingUpdate 2.5.4 2.5.5',
        'RollingUpdate 2.6.0 2.6.2',
        'RollingUpdate 2.5.5 2.6.3',
        'new 2.5.5 2.6.2',
      ],
    },
    'mixed-from-2.6.3': {
      effect: 'warn',
      under: ['RollingUpdate 2.5.5 2.6.3', 'RollingUpdate 2.5.5 2.7.0'],
      outside: ['RollingUpdate 2.5.5 2.6.2', 'RollingUpdate 2.6.2 2.7.0'],
    },
    'across-2.6.3': {
      effect: 'warn',
      under: ['RollingUpdate 2.6.2 2.6.3', 'BlueGreen 2.6.0 2.6.3'],
      outside: ['RollingUpdate 2.6.0 2.6.2', 'RollingUpdate 2.6.3 2.6.4', 'BlueGreen 2.6.2 2.7.0'],
    },
    'memory-leak-2.4': {
      effect: 'warn',
      under: ['new - 2.4.0', 'RollingUpdate 2.4.1 2.4.3'],
      outside: ['new - 2.4.4', 'RollingUpdate 2.4.3 2.4.4'],
    },
    'step-downs-2.5': {
      effect: 'warn',
      under: ['new - 2.5.0', 'RollingUpdate 2.4.4 2.5.4'],
      outside: ['new - 2.5.5', 'RollingUpdate 2.5.4 2.5.5', 'new - 2.4.4'],
    },
    'skips-a-minor': {
      effect: 'warn',
      under: ['RollingUpdate 2.4.4 2.6.2', 'new 2.4.4 2.6.2'],
      outside: ['RollingUpdate 2.4.4 2.5.5', 'new - 2.6.2'],
    },
  };

  it('has a case under each row, and one outside', () => {
    expect(pathFacts.map(({ id }) => id)).to.deep.equal(Object.keys(rows));
  });
  for (const [id, { effect, under, outside }] of Object.entries(rows)) {
    for (const text of under) {
      it(`${id}: ${text} ends in ${effect}`, () => {
        expect(factsOf(path(text)).find((fact) => fact.id === id)?.effect).to.equal(effect);
      });
    }
    for (const text of outside) {
      it(`${id}: not ${text}`, () => expect(idsOf(text)).to.not.include(id));
    }
  }

  it('says nothing of what was proved: 2.4.4 to 2.5.5, and patches of these', () => {
    for (const text of [
      'RollingUpdate 2.4.4 2.5.5',
      'BlueGreen 2.4.4 2.5.5',
      'RollingUpdate 2.5.5 2.5.6',
      'BlueGreen 2.6.0 2.6.2',
      'new - 2.4.4',
      'new - 2.5.5',
      'new - 2.6.2',
    ])
      expect(idsOf(text), text).to.deep.equal([]);
  });

  it('says nothing of the version that runs, nor of an older one', () => {
    for (const text of [
      'BlueGreen 2.4.2 2.4.2',
      'RollingUpdate 2.5.5 2.4.2',
      'BlueGreen 2.6.0 2.5.5',
      'RollingUpdate 2.4.2 2.4.2+b',
    ])
      expect(idsOf(text), text).to.deep.equal([]);
  });

  it('takes what runs for anything where it is unknown, as far as the strategy matters', () => {
    expect(idsOf('BlueGreen ? 2.6.0')).to.include('no-votes-to-move');
    expect(idsOf('RollingUpdate ? 2.5.6')).to.deep.equal([]);
  });

  it('has green born old exactly where BlueGreen crosses 2.6, and refuses nothing from 2.4.3 on', () => {
    const parts = fc.tuple(fc.constant(2), fc.integer({ min: 4, max: 12 }), fc.integer({ min: 3, max: 9 }));
    fc.assert(
      fc.property(parts, parts, (from, to) => {
        const isCrossing = from[1] < 6 && to[1] >= 6;
        const refused = (strategy: string) =>
          factsOf(path(`${strategy} ${from.join('.')} ${to.join('.')}`)).some(
            ({ effect }) => effect === 'refuse',
          );
        const [older, newer] = [version(from.join('.')), version(to.join('.'))];
        expect(isGreenBornOld(older, newer)).to.equal(isCrossing);
        expect(refused('BlueGreen')).to.equal(false);
        expect(refused('RollingUpdate')).to.equal(false);
      }),
    );
  });

  describe('its remedies', () => {
    const versions =
      '1.15.2 2.0.0 2.1.1 2.3.0 2.3.2 2.4.0 2.4.2 2.4.4 2.5.0-beta20251125 2.5.0 2.5.5 2.5.6 2.6.0-beta20260622 2.6.0 2.6.2 2.6.3 2.7.0-rc.1 2.7.0 2.8.0 3.0.0'.split(
        ' ',
      );
    const seals = ['static', 'transit', 'awskms', 'pkcs11', 'aead'];
    const all = seals.flatMap((seal) =>
      versions.flatMap((to) => [
        `new - ${to} ${seal}`,
        ...versions.flatMap((from) =>
          ['new', 'RollingUpdate', 'BlueGreen'].map((by) => `${by} ${from} ${to} ${seal}`),
        ),
      ]),
    );
    const isClosed = (asked: Path) =>
      factsOf(asked).some(({ effect }) => effect !== 'warn') ||
      sealGap(asked.seal, asked.to, false)?.kind === 'needs-plugin';

    it('name no way that another row closes, and no older version', () => {
      for (const text of all) {
        const asked = path(text);
        const { from, to, seal } = asked;
        for (const fact of factsOf(asked)) {
          const said = remedyOf(fact, asked, undefined);
          const what = `${text}: ${said}`;
          expect(said, what).to.not.equal('');
          const [, named = ''] = /set spec\.version to ([\w. +-]+?)(?:;|$)/.exec(said) ?? [];
          for (const each of named.split(' or ').filter((name) => name !== '')) {
            expect(isClosed({ ...asked, to: version(each) }), what).to.equal(false);
            if (from !== undefined && from !== 'unknown')
              expect(semver.gt(each, from.parsed), what).to.equal(true);
          }
          if (said.includes('RollingUpdate'))
            expect(isClosed({ ...asked, strategy: 'RollingUpdate' }), what).to.equal(false);
          if (said.includes('empty cluster of')) expect(isClosed({ to, seal }), what).to.equal(false);
        }
      }
    });

    it('name a version that no row warns of, where there is one', () => {
      const said = (text: string) => {
        const asked = path(text);
        const [fact] = factsOf(asked);
        return fact && remedyOf(fact, asked, undefined);
      };
      expect(said('new - 2.4.2')).to.equal('set spec.version to 2.4.4 or 2.5.5 or 2.6.2');
      // To 2.6.2 it would skip a minor version, and two versions would not understand each other meanwhile.
      expect(said('RollingUpdate 2.4.1 2.4.2')).to.equal('set spec.version to 2.4.4 or 2.5.5');
    });

    it('are cut where another row closes them', () => {
      const said = (text: string, id: string) => {
        const asked = path(text);
        const fact = factsOf(asked).find((each) => each.id === id);
        if (fact === undefined) throw new Error(`${text} is not under ${id}`);
        return remedyOf(fact, asked, '2.5.5');
      };
      expect(said('RollingUpdate 2.5.5 2.6.2', 'mixed-until-2.6.3')).to.match(
        /^set spec\.version to 2\.6\.3;/,
      );
    });
  });

  it('names ranges that are ranges, and sections that are there', () => {
    const named = new Set(['any', 'beta', 'no beta', 'prerelease', 'beyond the next minor']);
    for (const { id, from, to, source } of pathFacts) {
      for (const range of [from, to].filter((each) => !named.has(each)))
        expect(semver.validRange(range), `${id}: ${range}`).to.be.a('string');
      const [page = '', section = ''] = source.split(', ');
      const text = readFileSync(`docs/facts/${page}`, 'utf8');
      expect(text, `${id}: ${source}`).to.match(
        new RegExp(`^#{2,3} ${section.replaceAll('.', '\\.')}\\.? `, 'm'),
      );
    }
  });
});

import { expect } from 'chai';
import { openBaoClusterSpec } from '../../../src/api/openbaocluster-spec.ts';
import type { OpenBaoClusterSpec } from '../../../src/api/openbaocluster.ts';
import { verbsNeeded } from '../../../src/core/policies/cluster-permission-required.ts';
import { cluster, creation, update } from '../../support/builders.ts';
import { changed, leaves, type Leaf } from '../../support/spec-fields.ts';

/** Fields, or what is above them, that name what is entrusted with secrets. */
const entrusted = [
  'image',
  'upgrade.executorImage',
  'upgrade.image',
  'upgrade.jwtAuthRole',
  'upgrade.blueGreen.verification.prePromotionHook',
  'backup.target.endpoint',
  'backup.target.bucket',
  'backup.target.region',
  'backup.target.usePathStyle',
  'backup.target.credentialsSecretRef',
  'backup.target.caSecretRef',
  'backup.jwtAuthRole',
  'unseal',
  'selfInit.requests',
];

/** Fields that sound like it, and why it takes no verb to set them. */
const free: Readonly<Record<string, string>> = {
  'tls.enabled': 'the schema wants the profile Development for it, and pins it',
  'tls.mode': 'the names of its Secrets are fixed, and nothing of them is sent',
  'tls.rotationPeriod': 'a time',
  'tls.extraSANs': 'names of the members themselves',
};

const sounds =
  /secret|credential|endpoint|address|url|bucket|skip|tls|account|identity|role|image|command|args/i;

/** A value that is not the default one. */
function other({ schema }: Leaf): unknown {
  if (schema.enum !== undefined) return schema.enum.at(-1);
  const values = {
    boolean: true,
    integer: 9,
    number: 9,
    array: ['x'],
    object: { x: 'y' },
    string: 'x.example/x',
  };
  return values[schema.type ?? 'string'];
}

describe('what is entrusted with secrets', () => {
  const fields = leaves(openBaoClusterSpec);
  const isListed = (path: string, list: readonly string[]) =>
    list.some((each) => path === each || path.startsWith(`${each}.`));

  for (const field of fields) {
    const path = field.path.join('.');
    const isEntrusted = isListed(path, entrusted);
    it(`needs the verb execute ${isEntrusted ? '' : 'not '}for ${path}`, () => {
      const { spec } = cluster();
      const wanted = changed(spec, field.path, other(field)) as OpenBaoClusterSpec;
      const needs = (request: Parameters<typeof verbsNeeded>[0]) => verbsNeeded(request).includes('execute');
      expect(needs(creation(cluster(wanted))), 'CREATE').to.equal(isEntrusted);
      expect(needs(update(cluster(), wanted)), 'UPDATE').to.equal(isEntrusted);
      expect(needs(update(cluster(wanted), wanted)), 'no change').to.equal(false);
      const { metadata, ...rest } = cluster();
      const back = {
        operation: 'UPDATE',
        oldObject: cluster(wanted),
        object: { metadata, ...rest },
      } as const;
      expect(needs(back), 'back to the default').to.equal(false);
    });
  }

  it('is each field that sounds like it, but for those that say why not', () => {
    const sounding = fields.map(({ path }) => path.join('.')).filter((path) => sounds.test(path));
    const unsaid = sounding.filter((path) => !isListed(path, entrusted));
    expect(unsaid).to.have.members(Object.keys(free));
  });
});

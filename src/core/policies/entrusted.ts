import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import { printable } from '../model/printable.ts';
import { sameValue } from '../model/same-value.ts';
import { imageRepository } from '../version/image-reference.ts';
import { defaultRepository } from '../workload/image.ts';
import type { ClusterRequest } from './cluster-request.ts';
import type { Demand, Restricted } from './upgrade-loosening.ts';

/**
 * What is entrusted with secrets: programs that run with those of the cluster, roles and identities that they log in
 * as, Secrets that they get, the places that credentials and snapshots are sent to, and what is done with the root token
 * of a new cluster. Whoever names one of them can read the secrets that it gets. Going back to the default is free.
 */
export function entrustments(change: Change): readonly Restricted[] {
  return [...programs(change), ...places(change)].map((each) => ({ verb: 'execute', ...each }));
}

type Change = Pick<ClusterRequest, 'object' | 'oldObject'>;
type Entrusted = Omit<Restricted, 'verb'>;

function programs({ object, oldObject }: Change): readonly Entrusted[] {
  return named
    .filter(({ of }) => {
      const wanted = of(object);
      return wanted !== undefined && !sameValue(wanted, oldObject && of(oldObject));
    })
    .map(({ path, what }) => ({ path, what: what ?? path }));
}

function places({ object, oldObject }: Change): readonly Entrusted[] {
  return settings.flatMap(({ path, of, isHarmless }) => {
    const asked = of(object);
    if (!asked) return [];
    const wanted = Object.entries(asked).filter((entry) => !isHarmless(...entry));
    const fields = newFields(Object.fromEntries(wanted), oldObject && of(oldObject));
    const names = fields.slice(0, mostNames).map((field) => printable(field.join('.')));
    const more = fields.length > names.length ? ` and ${fields.length - names.length} more` : '';
    return fields.length === 0 ? [] : [{ path, what: `what is new in ${path} (${names.join(', ')}${more})` }];
  });
}

/** As many as a transit seal has with its credentials. */
const mostNames = 6;

/** The fields that say something, and not what they said before. Every flag there defaults to false. */
function newFields(
  wanted: unknown,
  before: unknown,
  path: readonly string[] = [],
): readonly (readonly string[])[] {
  if (wanted === undefined || wanted === '' || wanted === false || sameValue(wanted, before)) return [];
  if (!isObject(wanted)) return [path];
  return Object.entries(wanted).flatMap(([name, each]) =>
    newFields(each, isObject(before) ? before[name] : undefined, [...path, name]),
  );
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

interface Program {
  readonly path: string;
  readonly what?: string;
  /** Of which change, where that is not of every one. */
  readonly when?: string;
  /** What is named; undefined where it is the default. */
  readonly of: (cluster: OpenBaoCluster) => unknown;
}

const named: readonly Program[] = [
  {
    path: 'spec.image',
    what: 'a spec.image from another repository',
    when: 'it names another repository than before and than the default one',
    of: ({ spec }) => {
      if (!spec.image) return undefined;
      const repository = imageRepository(spec.image);
      return repository === imageRepository(defaultRepository) ? undefined : repository;
    },
  },
  {
    path: 'spec.upgrade.executorImage',
    of: ({ spec: { upgrade } }) => upgrade?.executorImage ?? upgrade?.image,
  },
  { path: 'spec.upgrade.jwtAuthRole', of: ({ spec }) => spec.upgrade?.jwtAuthRole },
  {
    path: 'spec.upgrade.blueGreen.verification.prePromotionHook',
    of: ({ spec }) => {
      const hook = spec.upgrade?.blueGreen?.verification?.prePromotionHook;
      return hook && { image: hook.image, command: hook.command, args: hook.args };
    },
  },
  { path: 'spec.backup.jwtAuthRole', of: ({ spec }) => spec.backup?.jwtAuthRole },
  {
    // They run with the root token of a new cluster: whoever they let in can read all that will ever be in it.
    path: 'spec.selfInit.requests',
    of: ({ spec }) => (spec.selfInit?.requests?.length ? spec.selfInit.requests : undefined),
  },
];

/** Settings of which every field counts that is not named as harmless, also one that only another operator has. */
interface Settings {
  readonly path: string;
  readonly of: (cluster: OpenBaoCluster) => object | undefined;
  readonly isHarmless: (field: string, value: unknown) => boolean;
  /** The same in words. */
  readonly harmless: string;
}

const settings: readonly Settings[] = [
  {
    // A seal decides who can open the data, so its key counts as well.
    path: 'spec.unseal',
    of: ({ spec }) => spec.unseal,
    isHarmless: (field, value) => field === 'type' && value === 'static',
    harmless: '`type: static`',
  },
  {
    // A folder gets no credentials, and what lies there is sealed.
    path: 'spec.backup.target',
    of: ({ spec }) => spec.backup?.target,
    isHarmless: (field) => ['provider', 'claimName', 'pathPrefix'].includes(field),
    harmless: '`provider`, `claimName` and `pathPrefix`',
  },
];

/** Each of them, for the documents. */
export const entrustedDemands: readonly Demand[] = [
  ...named.map(({ path, when = 'it is set or changed, but for its default' }) => ({ path, when })),
  ...settings.map(({ path, harmless }) => ({
    path,
    when: `anything in it is set or changed but ${harmless}`,
  })),
].map((each) => ({ verb: 'execute', ...each }));

import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import { sameValue } from '../model/same-value.ts';
import { imageRepository } from '../version/image-reference.ts';
import { defaultRepository } from '../workload/image.ts';
import type { ClusterRequest } from './cluster-request.ts';
import type { Restricted } from './upgrade-loosening.ts';

/**
 * What names a program that runs with the secrets of the cluster, or the role that one logs in as: its members, the
 * Jobs of upgrades and snapshots, the hook, which runs as the ServiceAccount of upgrades, and what OpenBao loads to
 * open its seal. Going back to the default is free.
 */
export function programChanges({
  object,
  oldObject,
}: Pick<ClusterRequest, 'object' | 'oldObject'>): readonly Restricted[] {
  return programs
    .filter(({ of }) => {
      const wanted = of(object);
      return wanted !== undefined && !sameValue(wanted, oldObject && of(oldObject));
    })
    .map(({ path, what }) => ({ verb: 'execute', path, what: what ?? path }));
}

interface Program {
  readonly path: string;
  readonly what?: string;
  /** What is named; undefined where it is the default. */
  readonly of: (cluster: OpenBaoCluster) => unknown;
}

const programs: readonly Program[] = [
  {
    path: 'spec.image',
    what: 'a spec.image from another repository',
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
  { path: 'spec.unseal.plugin', of: ({ spec }) => spec.unseal?.plugin },
  { path: 'spec.unseal.pkcs11.lib', of: ({ spec }) => spec.unseal?.pkcs11?.lib },
];

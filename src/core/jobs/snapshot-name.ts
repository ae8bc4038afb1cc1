import { withoutOuterSlashes } from '../model/slashes.ts';
import type { OpenBaoCluster } from '../../api/openbaocluster.ts';

/** The key in the store, or the path on the claim, of an operation's snapshot: the same for the same operation. */
export function snapshotName({ metadata, spec, status }: OpenBaoCluster, operationId: string): string {
  const { namespace = '', name = '' } = metadata;
  const prefix = withoutOuterSlashes(spec.backup?.target?.pathPrefix ?? '');
  const version = status?.currentVersion ?? spec.version;
  const file = `pre-upgrade-${version}-${operationId}.snap`;
  return [prefix, namespace, name, file].filter((part) => part !== '').join('/');
}

/** The version that such a name says the snapshot was made by; undefined for any other name. */
export const versionInName = (name: string): string | undefined =>
  /(?:^|\/)pre-upgrade-([^/]+)-[a-z0-9]{10}\.snap$/.exec(name)?.[1];

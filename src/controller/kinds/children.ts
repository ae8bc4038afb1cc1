import type { KubernetesObject } from '../../api/kubernetes.ts';
import type { StreamingClient } from '../../io/kubernetes/kubernetes.ts';
import type { Logger } from '../../io/logger.ts';
import { collectionPath } from '../../io/kubernetes/resources.ts';
import { keyOf } from '../runtime/cache.ts';
import { informer, type Informer, type InformerOptions } from '../runtime/informer.ts';
import { source, type Source } from '../runtime/run.ts';

/** The children of one kind of owner: they carry its name in a label. */
interface ChildrenWatch {
  /** The children of one kind; each group is the key of an owner. */
  readonly children: <T extends KubernetesObject>(
    apiVersion: string,
    kind: string,
    kept?: Pick<InformerOptions<T>, 'metadataOnly' | 'trim'>,
  ) => Informer<T>;
  /** A child brings its owner back to mind. */
  readonly sourceOf: <T extends KubernetesObject>(informer: Informer<T>) => Source;
}

export function childrenOf(label: string, client: StreamingClient, logger: Logger): ChildrenWatch {
  const ownerOf = ({ metadata }: KubernetesObject): string | undefined => {
    const owner = metadata?.labels?.[label];
    return owner === undefined ? undefined : `${metadata?.namespace}/${owner}`;
  };
  return {
    children: (apiVersion, kind, kept = {}) =>
      informer({
        client,
        path: collectionPath(apiVersion, kind),
        labelSelector: label,
        groupOf: ownerOf,
        logger,
        ...kept,
      }),
    sourceOf: (children) =>
      source(children, (object) => {
        const owner = ownerOf(object);
        return owner === undefined ? [] : [owner];
      }),
  };
}

/** The children of one kind, by their owner. */
export const group =
  <T extends KubernetesObject>(of: Informer<T>) =>
  (owner: { readonly namespace: string; readonly name: string }): readonly T[] =>
    of.inGroup(keyOf({ metadata: owner }));

import { documents } from '../../api/documents.ts';
import { guardedLabel } from '../../api/labels.ts';
import { serverContainer } from '../model/names.ts';
import { held, unchanged, type Concern } from '../model/cluster-concern.ts';
import { clusterName, isPaused } from '../model/selectors.ts';

/** Holds a cluster that somebody else has to initialize. */
export const decideInitialization: Concern = ({ cluster }, status) => {
  if (status.initialized === true || cluster.spec.selfInit?.enabled !== false) return unchanged(status);
  const { namespace = '' } = cluster.metadata;
  const pod = `${clusterName(cluster)}-0`;
  return unchanged(
    status,
    held('SelfInitRequired', 'spec.selfInit.enabled is false and the cluster is not initialized', {
      remedy: `Initialize it, keep what this prints, and set up auth/jwt-operator (${documents.initialize})`,
      commands: [{ line: `kubectl exec -n ${namespace} ${pod} -c ${serverContainer} -- bao operator init` }],
    }),
  );
};

/** Puts the namespace under the gate's protection, unless its owner said no. */
export const decideGuarding: Concern = ({ cluster, namespace }, status) => {
  if (isPaused(cluster) || namespace.kind === 'unknown') return unchanged(status);
  const { name, uid, labels } = namespace.value.metadata ?? {};
  if (name === undefined || uid === undefined || labels?.[guardedLabel] !== undefined)
    return unchanged(status);
  return {
    ...unchanged(status),
    effects: [
      {
        kind: 'patch',
        target: { apiVersion: 'v1', kind: 'Namespace', name },
        uid,
        patch: { metadata: { labels: { [guardedLabel]: 'true' } } },
      },
    ],
  };
};

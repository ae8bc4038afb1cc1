import { documents } from '../../api/documents.ts';
import { serverContainer } from '../model/names.ts';
import { held, unchanged, type Concern } from '../model/cluster-concern.ts';
import { clusterName } from '../model/selectors.ts';

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

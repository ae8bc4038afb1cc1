import type { OpenBaoCluster, OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import { held, unchanged, type Concern, type Notice } from '../model/cluster-concern.ts';
import type { Command } from '../model/explanation.ts';
import type { ClusterSecrets } from '../model/observation.ts';
import { sealKeyId } from '../model/names.ts';
import { hasStaticSeal, sealCredentials, sealId, sealOfData } from '../model/seal.ts';

/** Notice with which not even the ConfigMap follows the spec: the next pod to start would read it. */
export const sealChanged = 'SealChanged';

/**
 * Records the seal of the data when there is data, and says so when spec asks for another one, which the gate
 * refuses where it is asked; and when what opens the seal is missing.
 */
export const decideSeal: Concern = (observation, before) => {
  const { cluster, secrets } = observation;
  const seen = secrets.kind === 'known' ? secrets.value : undefined;
  const status = recorded(cluster, before, seen);
  const ofData = sealOfData({ status });
  const wanted = sealId(cluster);
  // What could not be read says nothing of the data: the static key may be there.
  const isUntold = status.seal === undefined && seen === undefined;
  if (ofData !== undefined && ofData !== wanted && !isUntold) {
    return unchanged(status, anotherSeal(cluster, wanted, ofData));
  }
  const missing = seen?.missingSealCredentials ?? [];
  return missing.length === 0 ? unchanged(status) : unchanged(status, missingCredentials(cluster, missing));
};

/**
 * When the data is first seen. Where none is recorded for data that was there before, it is that of the static key,
 * if there is one: the gate then lets spec be put back, and nothing else.
 */
function recorded(
  cluster: OpenBaoCluster,
  status: OpenBaoClusterStatus,
  seen: ClusterSecrets | undefined,
): OpenBaoClusterStatus {
  if (hasStaticSeal(cluster) || status.initialized !== true || status.seal !== undefined) return status;
  const isNew = cluster.status?.initialized !== true;
  if (isNew || seen?.unsealKey === false) return { ...status, seal: sealId(cluster) };
  return seen === undefined ? status : { ...status, seal: sealKeyId };
}

const edit = ({ metadata }: OpenBaoCluster): Command => ({
  line: `kubectl edit openbaocluster ${metadata.name} -n ${metadata.namespace}`,
});

const anotherSeal = (cluster: OpenBaoCluster, wanted: string, ofData: string): Notice =>
  held(
    sealChanged,
    `spec.unseal asks for the seal "${wanted}", and the data of this cluster is sealed with "${ofData}"; a member that starts with another seal cannot open its data, so nothing is changed`,
    { remedy: 'Put spec.unseal back', commands: [edit(cluster)] },
  );

function missingCredentials(cluster: OpenBaoCluster, missing: readonly string[]): Notice {
  const { secret = '', keys = [] } = sealCredentials(cluster) ?? {};
  const { namespace } = cluster.metadata;
  const entries = missing.map((key) => `--from-file=${key}`).join(' ');
  const isWhole = missing.length === keys.length;
  return held(
    'SealCredentialsMissing',
    `the Secret ${secret} does not have ${missing.join(', ')}, and no member can start without`,
    isWhole
      ? {
          // It may be there with other entries, which stay: a plain create would fail then.
          remedy: 'Create it, or add them to it',
          commands: [
            {
              line: `kubectl create secret generic ${secret} -n ${namespace} ${entries} --dry-run=client -o yaml | kubectl apply -f -`,
            },
          ],
        }
      : {
          remedy: `Add what is missing, or name the entries that it has in spec.unseal.credentialsSecretRef.keys`,
          commands: [{ line: `kubectl edit secret ${secret} -n ${namespace}` }],
        },
  );
}

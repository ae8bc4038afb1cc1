import type { OpenBaoCluster, OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import { held, unchanged, type Concern, type Notice } from '../model/cluster-concern.ts';
import type { Command } from '../model/explanation.ts';
import type { Observation } from '../model/observation.ts';
import { answers, isUnsealed, podsByName } from '../model/selectors.ts';
import { isObserved, isOfUpdateRevision } from '../workload/update-revision.ts';
import { sealIdOfSet } from '../workload/seal.ts';
import { sealKeyId } from '../model/names.ts';
import { hasStaticSeal, sealCredentials, sealId, wrongFromTheStart } from '../model/seal.ts';

/** Notice with which not even the ConfigMap follows the spec: the next pod to start would read it. */
export const sealChanged = 'SealChanged';

/**
 * Records the seal of the data, and says so when spec asks for another one, which the gate
 * refuses where it is asked; and when what opens the seal is missing.
 */
export const decideSeal: Concern = (observation, before) => {
  const { cluster, secrets } = observation;
  const seen = secrets.kind === 'known' ? secrets.value : undefined;
  const wanted = sealId(cluster);
  const made = madeFor(observation);
  const status = recorded(observation, before, made);
  const ofData = status.initialized === true ? (status.seal ?? made) : undefined;
  if (ofData !== undefined && ofData !== wanted)
    return unchanged(status, anotherSeal(cluster, wanted, ofData, status.seal !== undefined));
  const missing = seen?.missingSealCredentials ?? [];
  return missing.length === 0 ? unchanged(status) : unchanged(status, missingCredentials(cluster, missing));
};

/**
 * The seal that the members' pods are made for: what spec asks for may have changed since, where the gate is off. One
 * without a stanza has the static key, if that is there: what could not be read says nothing.
 */
function madeFor({ cluster, statefulSet, secrets }: Observation): string | undefined {
  const set = statefulSet.kind === 'known' ? statefulSet.value : undefined;
  const inTemplate = set === undefined ? undefined : sealIdOfSet(cluster, set);
  const hasKey = secrets.kind === 'known' && secrets.value.unsealKey;
  return inTemplate ?? (set !== undefined && hasKey ? sealKeyId : undefined);
}

/** Never as spec says it: once a member of that very template has opened its data, that is the seal of it. */
function recorded(
  observation: Observation,
  status: OpenBaoClusterStatus,
  made: string | undefined,
): OpenBaoClusterStatus {
  if (status.initialized !== true || status.seal !== undefined || made === undefined) return status;
  if (hasStaticSeal(observation.cluster) && made === sealKeyId) return status;
  return isOpenedBy(observation, status) ? { ...status, seal: made } : status;
}

function isOpenedBy(observation: Observation, status: OpenBaoClusterStatus): boolean {
  const { statefulSet } = observation;
  const set = statefulSet.kind === 'known' ? statefulSet.value : undefined;
  if (set === undefined || !isObserved(set)) return false;
  const pods = podsByName(observation);
  return answers(observation).some((member) => {
    const pod = pods?.get(member.pod);
    return isUnsealed(member, status) && pod !== undefined && isOfUpdateRevision(pod, set);
  });
}

const edit = ({ metadata }: OpenBaoCluster): Command => ({
  line: `kubectl edit openbaocluster ${metadata.name} -n ${metadata.namespace}`,
});

const anotherSeal = (cluster: OpenBaoCluster, wanted: string, ofData: string, isProved: boolean): Notice =>
  held(
    sealChanged,
    `spec.unseal asks for the seal "${wanted}", and ${isProved ? 'the data of this cluster is sealed with' : 'the members of this cluster are made for'} "${ofData}"; a member that starts with another seal cannot open its data, so nothing is changed`,
    {
      remedy: `Put spec.unseal back${isProved ? '' : wrongFromTheStart}`,
      commands: [{ purpose: 'to edit it', ...edit(cluster) }],
    },
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

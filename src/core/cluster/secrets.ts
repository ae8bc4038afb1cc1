import type { Command } from '../model/explanation.ts';
import type { ObjectMeta } from '../../api/kubernetes.ts';
import { unsealKeyFinalizer } from '../../api/labels.ts';
import { memberVolumes, unsealKeyDeletion, volumesDeletion, withoutFinalizer } from '../model/data-door.ts';
import { names, sealKeyName } from '../model/names.ts';
import type { Observation } from '../model/observation.ts';
import { hasStaticSeal } from '../model/seal.ts';
import { held, unchanged, waiting, type Concern, type Notice } from '../model/cluster-concern.ts';
import { claimsByPod, clusterName, isPaused } from '../model/selectors.ts';

/**
 * The unseal key is made once: never for a cluster that was initialized, nor where a volume of an earlier
 * life is, for nothing else could open that data again.
 */
export const decideUnsealKey: Concern = (observation, status) => {
  const { cluster, secrets } = observation;
  // Any other key is not ours to make.
  if (!hasStaticSeal(cluster) && secrets.kind === 'known') return unchanged(status);
  if (secrets.kind === 'unknown') {
    return unchanged(status, waiting('SecretsUnknown', `the Secrets could not be read: ${secrets.cause}`));
  }
  if (secrets.value.unsealKey) {
    const { unsealKeyGoing } = secrets.value;
    return unchanged(status, ...(unsealKeyGoing === true ? [goingKey(cluster.metadata)] : []));
  }
  const claims = claimsByPod(observation);
  const secret = names(clusterName(cluster)).unsealKey;
  if (secrets.value.unsealKeyMalformed === true) {
    return unchanged(status, malformedKey(cluster.metadata, secret));
  }
  if (status.initialized !== true && claims === undefined) {
    return unchanged(
      status,
      waiting('ClaimsUnknown', 'it could not be read whether volumes of an earlier cluster exist'),
    );
  }
  if (status.initialized === true || (claims !== undefined && claims.size > 0)) {
    return unchanged(status, missingKey(observation, secret, status.initialized));
  }
  if (isPaused(cluster))
    return unchanged(status, waiting('Paused', 'the unseal key is not created while paused'));
  return {
    status,
    effects: [{ kind: 'createUnsealKey' }],
    events: [
      {
        type: 'Normal',
        reason: 'UnsealKeyCreated',
        action: 'CreateUnsealKey',
        note: `The unseal key is in the Secret ${secret}. Back it up: without it the data and every snapshot are lost.`,
      },
    ],
  };
};

/** Nothing takes a deletion back. The finalizer in the file comes back with it. */
function goingKey({ name: cluster = '', namespace = '' }: ObjectMeta): Notice {
  const secret = names(cluster).unsealKey;
  const what = `the Secret ${secret} with the unseal key was deleted by somebody, and only its finalizer ${unsealKeyFinalizer} still keeps it`;
  const file = `${secret}.yaml`;
  const command = `kubectl get secret ${secret} -n ${namespace} -o yaml > ${file} && ${withoutFinalizer(namespace, secret)} && kubectl create -f ${file}`;
  return held('UnsealKeyDeleting', what, {
    remedy: 'Save it, and create it again',
    commands: [{ line: command }],
  });
}

const unsealKeyMissing = 'UnsealKeyMissing';

/** It may be immutable, and what it holds may be the key under another name: it is kept, to be made anew from. */
const malformedKey = ({ namespace = '' }: ObjectMeta, secret: string) =>
  held(
    unsealKeyMissing,
    `the Secret ${secret} exists but has no entry ${sealKeyName}, which the members read`,
    {
      remedy: `Save it (kubectl -n ${namespace} get secret ${secret} -o yaml), and put it back with the key under ${sealKeyName}: ${unsealKeyDeletion(namespace, secret)}; kubectl -n ${namespace} create secret generic ${secret} --from-file=${sealKeyName}=FILE. If there is no data and never was a key, deleting it is enough`,
    },
  );

function missingKey(observation: Observation, secret: string, initialized = false): Notice {
  const { namespace = '' } = observation.cluster.metadata;
  const data = initialized
    ? 'the cluster was initialized with it'
    : 'volumes of an earlier cluster of this name, which it opens, exist';
  const line = initialized ? undefined : volumesDeletion(namespace, memberVolumes(observation));
  const give: readonly Command[] =
    line === undefined ? [] : [{ purpose: 'or, if that data may be lost, delete the volumes', line }];
  return held(
    unsealKeyMissing,
    `the Secret ${secret} with the unseal key is missing, and ${data}; a new key could not open them`,
    {
      remedy: 'Put it back from your backup',
      commands: [{ line: `kubectl -n ${namespace} apply -f ${secret}.yaml` }, ...give],
    },
  );
}

/** Certificates are issued when absent, and renewed before they end. With tls.mode External they are awaited. */
export const decideCertificates: Concern = ({ cluster, secrets }, status) => {
  if (secrets.kind === 'unknown') return unchanged(status);
  const { certificates } = secrets.value;
  if (certificates === 'valid') return unchanged(status);
  const { ca, serverCertificate } = names(clusterName(cluster));
  const { namespace = '' } = cluster.metadata;
  if (cluster.spec.tls?.mode === 'External') {
    if (certificates === 'due') return unchanged(status);
    return unchanged(
      status,
      held(
        certificatesMissing,
        `spec.tls.mode is External and the Secrets ${ca} (ca.crt) and ${serverCertificate} (tls.crt, tls.key) do not both exist`,
        {
          remedy: 'Create the one that is missing, or both',
          commands: [
            {
              line: `kubectl create secret generic ${ca} -n ${namespace} --from-file=ca.crt`,
            },
            {
              line: `kubectl create secret tls ${serverCertificate} -n ${namespace} --cert=tls.crt --key=tls.key`,
            },
          ],
        },
      ),
    );
  }
  if (isPaused(cluster)) {
    return unchanged(status, waiting('Paused', 'certificates are not issued while paused'));
  }
  const renewed = certificates === 'due';
  return {
    status,
    effects: [{ kind: 'issueCertificates' }],
    events: [
      {
        type: 'Normal',
        reason: renewed ? 'CertificatesRenewed' : 'CertificatesIssued',
        action: 'IssueCertificates',
        note: `The certificate in the Secret ${serverCertificate} is ${renewed ? 'renewed' : 'issued'}.`,
      },
    ],
  };
};

const certificatesMissing = 'CertificatesMissing';

/** UPDATE reviews of an OpenBaoCluster as an API server sends them, about 3 KB each. */

const metadata = (generation: number) => ({
  name: 'bao',
  namespace: 'prod',
  uid: '86735c8a-c7a9-4b02-a677-19131b8cce6d',
  resourceVersion: '13373',
  generation,
  creationTimestamp: '2026-11-21T04:41:13Z',
  labels: { app: 'bao', team: 'platform', 'app.kubernetes.io/managed-by': 'argocd' },
  annotations: { 'argocd.argoproj.io/tracking-id': 'bao:openbao.org/OpenBaoCluster:prod/bao' },
  managedFields: [
    {
      manager: 'argocd-controller',
      operation: 'Apply',
      apiVersion: 'openbao.org/v1alpha1',
      time: '2026-11-21T04:41:13Z',
      fieldsType: 'FieldsV1',
      fieldsV1: {
        'f:spec': { 'f:version': {}, 'f:image': {}, 'f:paused': {}, 'f:maintenance': { 'f:enabled': {} } },
      },
    },
  ],
});

const status = {
  currentVersion: '2.5.5',
  phase: 'Running',
  readyReplicas: 3,
  activeLeader: 'bao-0',
  initialized: true,
  breakGlass: { active: false, nonce: '4f6c1f0e', history: [{ nonce: '4f6c1f0e' }] },
  conditions: ['Ready', 'Available'].map((type) => ({
    type,
    status: 'True',
    reason: 'AllVotersHealthy',
    lastTransitionTime: '2026-11-21T04:45:00Z',
  })),
};

const cluster = (generation: number, spec: object) => ({
  apiVersion: 'openbao.org/v1alpha1',
  kind: 'OpenBaoCluster',
  metadata: metadata(generation),
  spec: {
    version: '2.5.5',
    image: 'registry.example/openbao:2.5.5',
    maintenance: { enabled: false },
    ...spec,
  },
  status,
});

function review(spec: object): string {
  const kind = { group: 'openbao.org', version: 'v1alpha1', kind: 'OpenBaoCluster' };
  const resource = { group: 'openbao.org', version: 'v1alpha1', resource: 'openbaoclusters' };
  return JSON.stringify({
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid: 'b66b7cfe-2bd5-4e42-8cd6-f01ea86ec02a',
      kind,
      resource,
      requestKind: kind,
      requestResource: resource,
      name: 'bao',
      namespace: 'prod',
      operation: 'UPDATE',
      userInfo: {
        username: 'system:serviceaccount:argocd:argocd-application-controller',
        uid: '7e0f2d0c-6f3f-4d5c-8f06-0a4ac9b9d0c4',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:argocd', 'system:authenticated'],
      },
      object: cluster(3, spec),
      oldObject: cluster(2, {}),
      dryRun: false,
      options: { kind: 'PatchOptions', apiVersion: 'meta.k8s.io/v1', fieldManager: 'argocd-controller' },
    },
  });
}

/** An edit that breaks no rule: nothing has to be read for it. */
export const allowedReview = review({ paused: true });

/** An image of another version: refused, after one read from the API server (whether the namespace only warns). */
export const deniedReview = review({ image: 'registry.example/openbao:2.4.4' });

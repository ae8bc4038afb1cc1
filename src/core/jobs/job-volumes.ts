import type { OpenBaoClusterSpec } from '../../api/openbaocluster.ts';
import { defined } from '../../api/object-fields.ts';

type Target = NonNullable<NonNullable<OpenBaoClusterSpec['backup']>['target']>;

/** Where an executor's container finds what it is given. */
export const paths = {
  token: '/var/run/secrets/rollguard/token',
  ca: '/etc/rollguard/ca',
  storeCa: '/etc/rollguard/store-ca',
  store: '/snapshots',
  spool: '/spool',
} as const;

/** A volume and where it is mounted. */
export interface MountedVolume {
  readonly volume: object;
  readonly mount: object;
}

/** Seconds; a kubelet gives no shorter life. A Job may wait that long for its image. */
const tokenSeconds = 3600;

/** The ServiceAccount's token, for OpenBao alone. */
export const tokenVolume = (audience: string): MountedVolume => ({
  volume: {
    name: 'token',
    projected: {
      sources: [{ serviceAccountToken: { audience, expirationSeconds: tokenSeconds, path: 'token' } }],
    },
  },
  mount: { name: 'token', mountPath: '/var/run/secrets/rollguard', readOnly: true },
});

/** The certificate of a CA; its key, which may stand in the same Secret, stays out. */
export const caVolume = (name: string, secretName: string, mountPath: string): MountedVolume => ({
  volume: { name, secret: { secretName, items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
  mount: { name, mountPath, readOnly: true },
});

/** The store's CA, or the claim that is the store. */
export function storeVolumes(target: Target = {}): readonly MountedVolume[] {
  const ca =
    target.caSecretRef === undefined ? [] : [caVolume('store-ca', target.caSecretRef.name, paths.storeCa)];
  if (target.provider !== 'pvc' || target.claimName === undefined) return ca;
  const { claimName } = target;
  return [
    ...ca,
    {
      volume: { name: 'store', persistentVolumeClaim: { claimName } },
      mount: { name: 'store', mountPath: paths.store },
    },
  ];
}

/** Where a snapshot is verified before it is stored. */
export const spoolVolume: MountedVolume = {
  volume: { name: 'spool', emptyDir: {} },
  mount: { name: 'spool', mountPath: paths.spool },
};

/** Credentials of an S3 store, under the names that every S3 client knows. */
export function storeEnvironment(target: Target = {}): readonly object[] {
  const name = target.credentialsSecretRef?.name;
  if (name === undefined || target.provider === 'pvc') return [];
  const from = (variable: string, key: string, optional?: boolean) => ({
    name: variable,
    valueFrom: { secretKeyRef: { name, key, ...defined({ optional }) } },
  });
  return [
    from('AWS_ACCESS_KEY_ID', 'accessKeyId'),
    from('AWS_SECRET_ACCESS_KEY', 'secretAccessKey'),
    from('AWS_SESSION_TOKEN', 'sessionToken', true),
  ];
}

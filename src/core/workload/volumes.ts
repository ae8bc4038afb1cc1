import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import { usesTls } from './configuration.ts';
import { names, sealKeyName } from '../model/names.ts';
import { paths } from './paths.ts';

/** The volume that is claimed for each member. */
export const dataVolume = 'data';

/** For the owner and the group that fsGroup gives: 0440. */
const secretMode = 0o440;

const item = (key: string) => ({ key, path: key });

/** What a member mounts, beside the data. Of the CA it sees the certificate, never the key. */
export function volumes(cluster: OpenBaoCluster): readonly object[] {
  const own = names(cluster.metadata.name ?? '');
  return [
    { name: 'config', configMap: { name: own.config, defaultMode: 0o444 } },
    {
      name: 'unseal-key',
      secret: { secretName: own.unsealKey, items: [item(sealKeyName)], defaultMode: secretMode },
    },
    ...(usesTls(cluster)
      ? [
          {
            name: 'tls',
            projected: {
              defaultMode: secretMode,
              sources: [
                { secret: { name: own.serverCertificate, items: [item('tls.crt'), item('tls.key')] } },
                { secret: { name: own.ca, items: [item('ca.crt')] } },
              ],
            },
          },
        ]
      : []),
    { name: 'tmp', emptyDir: {} },
  ];
}

export const volumeMounts = (cluster: OpenBaoCluster): readonly object[] => [
  { name: dataVolume, mountPath: paths.data },
  { name: 'config', mountPath: paths.configuration, readOnly: true },
  { name: 'unseal-key', mountPath: paths.unsealKey, readOnly: true },
  ...(usesTls(cluster) ? [{ name: 'tls', mountPath: paths.tls, readOnly: true }] : []),
  { name: 'tmp', mountPath: paths.temporary },
];

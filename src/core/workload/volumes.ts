import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import { usesTls } from './configuration.ts';
import { names } from '../model/names.ts';
import { paths } from './paths.ts';
import { sealVolumes, secretMode } from './seal.ts';

/** The volume that is claimed for each member. */
export const dataVolume = 'data';

const item = (key: string) => ({ key, path: key });

/** What a member mounts, beside the data. Of the CA it sees the certificate, never the key. */
export function volumes(cluster: OpenBaoCluster): readonly object[] {
  const own = names(cluster.metadata.name ?? '');
  return [
    { name: 'config', configMap: { name: own.config, defaultMode: 0o444 } },
    ...sealVolumes(cluster).map(({ volume }) => volume),
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
  ...sealVolumes(cluster).map(({ mount }) => mount),
  ...(usesTls(cluster) ? [{ name: 'tls', mountPath: paths.tls, readOnly: true }] : []),
  { name: 'tmp', mountPath: paths.temporary },
];

import { openBaoClusterSpec } from './openbaocluster-spec.ts';
import type { StructuralSchema } from './structural.ts';

/** CEL: an optional field is as it was. */
const unchanged = (field: string) =>
  `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field})`;

const fixed = ['source', 'sha256', 'snapshotVersion', 'force'].map(unchanged).join(' && ');

/** `OpenBaoRestore.spec`: which snapshot is to replace the data of which cluster. */
export const openBaoRestoreSpec = {
  type: 'object',
  description: 'Desired restore. Only spec.confirm can change later.',
  additionalProperties: false,
  required: ['cluster', 'snapshot'],
  'x-kubernetes-validations': [
    {
      rule: '!has(self.confirm) || self.confirm == self.cluster',
      message:
        'confirm must be the same name as cluster: it confirms whose data is replaced, and everything that was written there since the snapshot is lost',
    },
    {
      rule: `self.cluster == oldSelf.cluster && self.snapshot == oldSelf.snapshot && ${fixed}`,
      message: 'only confirm can change; for another restore create another OpenBaoRestore',
    },
  ],
  properties: {
    cluster: {
      type: 'string',
      description: 'Name of the OpenBaoCluster, in the same namespace, whose data is replaced.',
      minLength: 1,
      maxLength: 63,
    },
    snapshot: {
      type: 'string',
      description:
        'Full key of the snapshot in the S3 store, or its path on the PersistentVolumeClaim, as in status.backup.latestSnapshot.name of the cluster.',
      minLength: 1,
      maxLength: 512,
    },
    source: {
      ...openBaoClusterSpec.properties.backup.properties.target,
      description: 'The store that holds the snapshot. Defaults to spec.backup.target of the cluster.',
    },
    sha256: {
      type: 'string',
      description:
        'SHA-256 checksum that the snapshot must have, in hexadecimal. A snapshot with another checksum is not restored. Defaults to the checksum in status.backup.latestSnapshot of the cluster, if that is the same snapshot and spec.source is not set.',
      maxLength: 64,
      'x-kubernetes-validations': [
        { rule: "self.matches('^[0-9a-fA-F]{64}$')", message: 'must be 64 hexadecimal digits' },
      ],
    },
    snapshotVersion: {
      type: 'string',
      description:
        'The OpenBao version that made the snapshot, because data is never restored into an older server. Required if neither status.backup.latestSnapshot of the cluster nor the name of the snapshot has it.',
      minLength: 1,
      maxLength: 128,
    },
    force: {
      type: 'boolean',
      description:
        'Whether the snapshot is restored without the check by OpenBao that the unseal key of the cluster opens it. If it does not, every member stays sealed for good. Defaults to false.',
    },
    confirm: {
      type: 'string',
      description:
        'Confirmation of the restore: the name of the cluster. Until it is set, the snapshot is only verified, and the status shows what the restore would destroy.',
      maxLength: 63,
    },
  },
} as const satisfies StructuralSchema;

import { openBaoClusterSpec } from './openbaocluster-spec.ts';
import type { StructuralSchema } from './structural.ts';

/** CEL: an optional field is as it was. */
const unchanged = (field: string) =>
  `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field})`;

const fixed = ['source', 'sha256', 'snapshotVersion', 'force'].map(unchanged).join(' && ');

/** `OpenBaoRestore.spec`: which snapshot is to replace the data of which cluster. */
export const openBaoRestoreSpec = {
  type: 'object',
  description: 'What is to be restored. Only confirm can change later.',
  additionalProperties: false,
  required: ['cluster', 'snapshot'],
  'x-kubernetes-validations': [
    {
      rule: '!has(self.confirm) || self.confirm == self.cluster',
      message:
        'confirm must be the name that stands in cluster: it says whose data is to be replaced, and everything that was written there since the snapshot is lost',
    },
    {
      rule: `self.cluster == oldSelf.cluster && self.snapshot == oldSelf.snapshot && ${fixed}`,
      message: 'only confirm can change; for another restore create another OpenBaoRestore',
    },
  ],
  properties: {
    cluster: {
      type: 'string',
      description: 'The OpenBaoCluster, in the same namespace, whose data is replaced.',
      minLength: 1,
      maxLength: 63,
    },
    snapshot: {
      type: 'string',
      description:
        'The whole key of the snapshot in the store, or its path on the claim, as status.backup.latestSnapshot.name of the cluster has it.',
      minLength: 1,
      maxLength: 512,
    },
    source: {
      ...openBaoClusterSpec.properties.backup.properties.target,
      description: 'The store that holds it; spec.backup.target of the cluster when left out.',
    },
    sha256: {
      type: 'string',
      description: 'The SHA-256 sum that the snapshot must have, hexadecimal. Any other one is not restored.',
      maxLength: 64,
      'x-kubernetes-validations': [
        { rule: "self.matches('^[0-9a-fA-F]{64}$')", message: 'must be 64 hexadecimal digits' },
      ],
    },
    snapshotVersion: {
      type: 'string',
      description:
        'The OpenBao version that made the snapshot. Needed where neither status.backup.latestSnapshot of the cluster nor the name of the snapshot says it: an older server is never given newer data.',
      minLength: 1,
      maxLength: 128,
    },
    force: {
      type: 'boolean',
      description:
        "Restores without OpenBao's own check that the cluster's unseal key opens the snapshot. If it does not, every member seals itself for good.",
    },
    confirm: {
      type: 'string',
      description:
        'The name of the cluster once more. Until it stands here the snapshot is only verified, and status says what restoring it would destroy.',
      maxLength: 63,
    },
  },
} as const satisfies StructuralSchema;

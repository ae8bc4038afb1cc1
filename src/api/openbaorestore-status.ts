import { condition, count, madeJobs, observedGeneration, text, time } from './fields.ts';
import type { StructuralSchema } from './structural.ts';

/** The phases of a restore, in their order; each can end in Failed. */
export const restorePhases = [
  'Pending',
  'Validating',
  'Verifying',
  'AwaitingConfirmation',
  'Locking',
  'Restoring',
  'RepairingMembership',
  'Restarting',
  'Complete',
  'Failed',
] as const;

/** `OpenBaoRestore.status`. */
export const openBaoRestoreStatus = {
  type: 'object',
  description: 'Observed state of the restore. Only the controller writes it.',
  additionalProperties: false,
  properties: {
    observedGeneration,
    phase: { type: 'string', description: 'Current phase of the restore.', enum: restorePhases },
    conditions: {
      type: 'array',
      description: 'Conditions of the restore: Ready, Reconciling, Stalled, Restored, Complete, Failed.',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
      maxItems: 16,
      items: condition,
    },
    operationId: text('ID of this restore, which is part of the names of its Jobs.', 32),
    clusterUID: text(
      'UID of the cluster whose data is replaced, as it was when the restore first saw it. Another cluster of that name is left alone.',
      64,
    ),
    startedAt: time('Time at which the restore started.'),
    phaseStartedAt: time('Time at which the current phase started.'),
    completedAt: time('Time at which the restore was complete or failed.'),
    waitingFor: text('What the current phase is waiting for, in words.', 2048),
    held: {
      type: 'boolean',
      description: 'Whether the restore is held until a person acts. The condition Stalled has the command.',
    },
    snapshot: {
      type: 'object',
      description: 'The snapshot as it was verified.',
      additionalProperties: false,
      properties: {
        name: text('Key of the snapshot in the S3 store, or its path on the PersistentVolumeClaim.', 512),
        size: { type: 'integer', format: 'int64', description: 'Size of the snapshot in bytes.', minimum: 0 },
        sha256: text('SHA-256 checksum of the snapshot, in hexadecimal.', 64),
        index: {
          type: 'integer',
          format: 'int64',
          description: 'Last Raft index that the snapshot contains.',
          minimum: 0,
        },
        version: text('The OpenBao version that made the snapshot.'),
        takenAt: time('Time at which the snapshot was taken, or if unknown, stored.'),
      },
    },
    jobs: {
      type: 'object',
      description: 'Names of the Jobs of the restore. Their logs have more details.',
      additionalProperties: false,
      properties: {
        verify: text('Name of the Job that verifies the snapshot.', 63),
        restore: text('Name of the Job that restores the snapshot. It runs once.', 63),
        repair: text('Name of the Job that makes members voters again.', 63),
      },
    },
    madeJobs,
    restoreJobUID: text(
      'UID of the Job that restores the snapshot. It is recorded before the Job may run, and no other Job ever runs.',
      64,
    ),
    jobMissingSince: time('Time since which that Job has been missing although it was not seen to end.'),
    restoredAt: time('Time at which the cluster was seen to have the data of the snapshot.'),
    outcomeUnknown: {
      type: 'boolean',
      description: 'Whether it is unknown that the snapshot was restored. It is not restored again.',
    },
    repairAttempt: count(
      'Number of the attempt to repair the membership, which is part of the name of its Job.',
    ),
    promoted: {
      type: 'array',
      description: 'Members that lost their vote through the snapshot and were made voters again.',
      'x-kubernetes-list-type': 'atomic',
      maxItems: 200,
      items: { type: 'string', maxLength: 63 },
    },
    restartAt: text('ID of the restart of all members that follows.', 64),
    lastErrorReason: text('Reason why the restore failed, in CamelCase.'),
    lastErrorMessage: text('Message for people with the details of the failure and what to do now.', 2048),
  },
} as const satisfies StructuralSchema;

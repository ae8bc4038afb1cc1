import { condition, count, observedGeneration, text, time } from './fields.ts';
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
  description: 'What is. Written by the controller alone.',
  additionalProperties: false,
  properties: {
    observedGeneration,
    phase: { type: 'string', description: 'Its phase.', enum: restorePhases },
    conditions: {
      type: 'array',
      description: 'Ready, Reconciling, Stalled, Restored, Complete, Failed.',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
      maxItems: 16,
      items: condition,
    },
    operationId: text('Names this restore; part of the names of its Jobs.', 32),
    startedAt: time('When it started.'),
    phaseStartedAt: time('Since when it is in this phase.'),
    completedAt: time('When it was complete, or failed.'),
    waitingFor: text('What the phase waits for, in words.', 2048),
    held: { type: 'boolean', description: 'It waits for a person; the condition Stalled has the command.' },
    snapshot: {
      type: 'object',
      description: 'The snapshot, as it was verified.',
      additionalProperties: false,
      properties: {
        name: text('Its key in the store, or its file on the claim.', 512),
        size: { type: 'integer', format: 'int64', description: 'Bytes.', minimum: 0 },
        sha256: text('Of the archive, hexadecimal.', 64),
        index: { type: 'integer', format: 'int64', description: 'The Raft index it ends at.', minimum: 0 },
        version: text('The OpenBao version that made it.'),
        takenAt: time('When it was taken, or else stored.'),
      },
    },
    jobs: {
      type: 'object',
      description: 'Names of its Jobs; their logs say more.',
      additionalProperties: false,
      properties: {
        verify: text('Verifies the snapshot.', 63),
        restore: text('Restores it; runs once.', 63),
        repair: text('Gives members their votes back.', 63),
      },
    },
    restoreJobUID: text(
      'Of the Job that restores. It is recorded before the Job may run: no other ever does.',
      64,
    ),
    jobMissingSince: time('Since when that Job is not there, although it has not been seen to end.'),
    restoredAt: time('When the data was seen to be that of the snapshot.'),
    outcomeUnknown: {
      type: 'boolean',
      description: 'Whether the snapshot was restored is not known. It is not restored again.',
    },
    repairAttempt: count('Part of the name of the Job that repairs the membership.'),
    promoted: {
      type: 'array',
      description: 'Members that the snapshot had taken the vote of, and that got it back.',
      'x-kubernetes-list-type': 'atomic',
      maxItems: 200,
      items: { type: 'string', maxLength: 63 },
    },
    restartAt: text('Names the restart of all members that follows.', 64),
    lastErrorReason: text('Why it failed.'),
    lastErrorMessage: text('The same in words, and what to do now.', 2048),
  },
} as const satisfies StructuralSchema;

import { condition, count, madeJobs, observedGeneration, text, time } from './fields.ts';
import type { StructuralSchema } from './structural.ts';

const ordinals = (description: string) =>
  ({
    type: 'array',
    description,
    'x-kubernetes-list-type': 'atomic',
    maxItems: 1000,
    items: { type: 'integer', format: 'int32', minimum: 0 },
  }) as const;

/** The phases of a rolling upgrade, in their order (specification, pages 002 and 004). */
export const rollingPhases = [
  'PreChecks',
  'Snapshot',
  'Locking',
  'SteppingDown',
  'Replacing',
  'CatchingUp',
  'Finalizing',
] as const;

const upgrade = {
  type: 'object',
  description: 'The rolling upgrade or restart in progress. Absent if there is none.',
  additionalProperties: false,
  properties: {
    operationId: text('ID of this attempt, which is part of the names of its Jobs.', 32),
    fromVersion: text('The OpenBao version that the upgrade started from.'),
    targetVersion: text('The OpenBao version that the upgrade leads to.'),
    fromImage: text('The container image that the upgrade started from.', 512),
    targetImage: text('The container image that the upgrade leads to.', 512),
    restartAt: text('The value of spec.maintenance.restartAt that this restart carries out.', 64),
    startedAt: time('Time at which the upgrade started.'),
    phase: { type: 'string', description: 'Current phase of the upgrade.', enum: rollingPhases },
    phaseStartedAt: time('Time at which the current phase started.'),
    deadline: time('Time at which the upgrade is held if the phase has not ended.'),
    waitingFor: text('What the current phase is waiting for, in words.', 512),
    held: {
      type: 'boolean',
      description: 'Whether the upgrade is held until a person acts. status.lastErrorReason has the reason.',
    },
    pausedAt: time('Time since which spec.paused has stopped the clock of the upgrade.'),
    currentPartition: count('Partition of the StatefulSet: pods with this ordinal and above run the target.'),
    completedPods: ordinals('Ordinals of the pods that run the target and have caught up.'),
    catchUp: {
      type: 'array',
      description: 'Replaced pods that have not yet caught up.',
      'x-kubernetes-list-type': 'atomic',
      maxItems: 2,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['ordinal', 'podUID'],
        properties: {
          ordinal: count('Ordinal of the pod.'),
          podUID: text('UID of the pod that runs the target.', 64),
          index: {
            type: 'integer',
            format: 'int64',
            description: 'Last Raft index of the leader at the time when the pod became ready, read once.',
            minimum: 0,
          },
          deadline: time('Time at which the upgrade is held if the pod has not caught up.'),
        },
      },
    },
    replacing: {
      type: 'object',
      description: 'The pod that is being replaced.',
      additionalProperties: false,
      required: ['ordinal'],
      properties: {
        ordinal: count('Ordinal of the pod.'),
        oldPodUID: text('UID of the pod that ran before. Absent if there was none.', 64),
      },
    },
    leadershipChanges: count('Number of changes of leadership since the upgrade started.'),
    leader: text('Name of the pod that was the last known leader.', 63),
    stepDowns: count('Number of step-downs requested so far.'),
    stepDown: {
      type: 'object',
      description: 'The step-down in progress. Its outcome is read from Raft.',
      additionalProperties: false,
      required: ['pod', 'attempt', 'askedAt'],
      properties: {
        pod: text('Name of the pod that is to step down.', 63),
        attempt: count('Number of the attempt, which is part of the name of its Job.'),
        askedAt: time('Time at which the Job was last created.'),
        missingSince: time('Time since which the Job has been missing although the pod is still the leader.'),
      },
    },
    referenceIndex: {
      type: 'integer',
      format: 'int64',
      description: 'Last Raft index of the leader, read once. A member that has applied it has caught up.',
      minimum: 0,
    },
    referenceOf: text('Hash of the leader and of the pod starts that referenceIndex was read for.', 16),
    targetStarted: {
      type: 'boolean',
      description:
        'Whether the target has opened the data of a member, or may have. From then on there is no way back to an older version.',
    },
    unopened: {
      type: 'object',
      description:
        'The pod of the target whose starts are all known not to have opened the data. Absent if it has not started, or may have opened the data.',
      additionalProperties: false,
      required: ['podUID', 'starts'],
      properties: {
        podUID: text('UID of the pod.', 64),
        starts: count('Number of its starts that have ended without opening the data.'),
        sealed: {
          type: 'boolean',
          description:
            'Whether its newest start was running and sealed when it was last seen. Defaults to false.',
        },
      },
    },
    retarget: {
      type: 'object',
      description: 'A newer target that the spec asks for, while its image is being checked.',
      additionalProperties: false,
      required: ['operationId', 'version', 'image'],
      properties: {
        operationId: text('ID of the new attempt.', 32),
        version: text('The OpenBao version of the newer target.'),
        image: text('The container image of the newer target.', 512),
      },
    },
    snapshot: text('Name of the snapshot that was taken before the upgrade.', 512),
  },
} as const satisfies StructuralSchema;

const snapshot = {
  type: 'object',
  description: 'The newest snapshot that was verified.',
  additionalProperties: false,
  properties: {
    name: text('Key of the snapshot in the S3 store, or its path on the PersistentVolumeClaim.', 512),
    size: { type: 'integer', format: 'int64', description: 'Size of the snapshot in bytes.', minimum: 0 },
    sha256: text('SHA-256 checksum of the snapshot, in hexadecimal.', 64),
    takenAt: time('Time at which the snapshot was taken.'),
    version: text('The OpenBao version that made the snapshot.'),
    unsealKeyId: text('ID of the unseal key, or name of the seal and its key, that opens the snapshot.', 512),
    index: {
      type: 'integer',
      format: 'int64',
      description: 'Last Raft index that the snapshot contains.',
      minimum: 0,
    },
  },
} as const satisfies StructuralSchema;

/**
 * The phases of a blue-green upgrade, in their order; the last two lead back (specification, pages 000, 001 and
 * 004).
 */
export const blueGreenPhases = [
  'Idle',
  'DeployingGreen',
  'JoiningMesh',
  'Syncing',
  'Promoting',
  'UpgradingGreen',
  'DemotingBlue',
  'Cleanup',
  'RollingBack',
  'RollbackCleanup',
] as const;

const blueGreen = {
  type: 'object',
  description: 'The blue-green upgrade in progress, and the revision that the last one left.',
  additionalProperties: false,
  properties: {
    phase: { type: 'string', description: 'Current phase of the upgrade.', enum: blueGreenPhases },
    blueRevision: text(
      'Value of the label openbao.org/revision of the blue pods. Absent before the first blue-green upgrade.',
      63,
    ),
    blueVersion: text('The OpenBao version of the blue pods, as it was at the start.'),
    blueImage: text('The container image of the blue pods, as it was at the start.', 512),
    blueReplicas: count('Number of blue pods and of green pods, as it was at the start.'),
    greenRevision: text('Value of the label openbao.org/revision of the green pods.', 63),
    greenVersion: text('The OpenBao version of the green pods.'),
    greenImage: text('The container image of the green pods.', 512),
    upgradesGreenInPlace: {
      type: 'boolean',
      description:
        'Whether the green pods start with the version and the image of the blue pods, and are upgraded one at a time once they all vote (phase UpgradingGreen). It is chosen at the start.',
    },
    greenPartition: count(
      'Lowest ordinal of the green pods that are upgraded in place so far, or are being upgraded. Absent before UpgradingGreen.',
    ),
    operationId: text('ID of this attempt, which is part of the names of its Jobs.', 32),
    startedAt: time('Time at which the upgrade started.'),
    phaseStartedAt: time('Time at which the current phase started.'),
    deadline: time('Time at which the phase fails if it has not ended.'),
    waitingFor: text('What the current phase is waiting for, in words.', 512),
    waitingReason: {
      type: 'string',
      description:
        'The request of a person that the current phase is waiting for. Absent while it waits for anything else.',
      enum: ['PromoteRequest', 'CleanupRequest'],
    },
    held: {
      type: 'boolean',
      description: 'Whether the upgrade is held until a person acts. status.lastErrorReason has the reason.',
    },
    pausedAt: time('Time since which spec.paused has stopped the clock of the upgrade.'),
    referenceIndex: {
      type: 'integer',
      format: 'int64',
      description: 'Last Raft index of the leader, read once. A green member that has applied it is in sync.',
      minimum: 0,
    },
    referenceOf: text('Hash of the leader and of the green pod starts that referenceIndex was read for.', 16),
    syncedAt: time('Time since which every green member has been in sync.'),
    hookStartedAt: time('Time at which the pre-promotion hook was started. It is not run twice.'),
    hookSucceeded: { type: 'boolean', description: 'Whether the pre-promotion hook has succeeded.' },
    attempt: count('Number of the attempt of the Job of this phase, which is part of its name.'),
    job: text('Name of the last Job that was created in this phase.', 253),
    jobStartedAt: time('Time at which that Job was created.'),
    jobFailures: count('Number of Jobs that failed in this phase.'),
    lastJobFailure: text('Name of the last Job that failed.', 253),
    crossedAt: time(
      'Time at which the first green member was given a vote. From then on an election may move leadership between versions.',
    ),
    leadsSince: time('Time since which a green member has been the leader.'),
    cleanupStartedAt: time(
      'Time at which Cleanup began. From then on only a restore leads back to the older version.',
    ),
    servesSince: time(
      'Time since which the public Service has selected the green pods. The blue pods are stopped once every node knows about it.',
    ),
    rollbackReason: text('Reason for the rollback, in words.', 1024),
    rollbackStartedAt: time('Time at which the rollback started.'),
    rollbackAttempt: count('Number of times that a person requested a retry of the rollback.'),
    deadServerCleanup: {
      type: 'boolean',
      description:
        'Whether cleanup_dead_servers of autopilot was on before the upgrade. It is switched on again at the end.',
    },
    leader: text('Name of the pod that was the last known leader.', 63),
    leadershipChanges: count('Number of changes of leadership since the upgrade started.'),
    rejectedTarget: {
      type: 'object',
      description:
        'The target that was rolled back. It will not be retried automatically, only after the spec asks for another target or for a retry.',
      additionalProperties: false,
      required: ['version', 'image'],
      properties: {
        version: text('The OpenBao version of the rejected target.'),
        image: text('The container image of the rejected target.', 512),
        reason: text('Reason why the target was rejected, in words.', 1024),
        at: time('Time at which the target was rejected.'),
      },
    },
  },
} as const satisfies StructuralSchema;

const breakGlass = {
  type: 'object',
  description: 'The incident because of which automation stopped, since continuing could make things worse.',
  additionalProperties: false,
  properties: {
    active: { type: 'boolean', description: 'Whether the incident waits for an acknowledgement.' },
    reason: text('Reason why automation stopped, in CamelCase.'),
    message: text('Message for people with the details of the incident.', 2048),
    nonce: text('Value that spec.breakGlassAck must have to acknowledge this incident.'),
    enteredAt: time('Time at which the incident began.'),
    acknowledgedAt: time('Time at which the incident was acknowledged.'),
    steps: {
      type: 'array',
      description: 'Steps to repair the incident, in order, with the commands for this cluster.',
      'x-kubernetes-list-type': 'atomic',
      maxItems: 20,
      items: { type: 'string', maxLength: 1024 },
    },
    history: {
      type: 'array',
      description: 'Earlier incidents of the cluster, the newest last.',
      'x-kubernetes-list-type': 'atomic',
      maxItems: 20,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['nonce'],
        properties: {
          nonce: text('Nonce of the earlier incident.'),
          reason: text('Reason why automation stopped, in CamelCase.'),
          enteredAt: time('Time at which the incident began.'),
          acknowledgedAt: time('Time at which the incident was acknowledged.'),
          acknowledgedBy: text('Name of the user who acknowledged the incident, as admission knows it.', 253),
        },
      },
    },
  },
} as const satisfies StructuralSchema;

/** `OpenBaoCluster.status`. */
export const openBaoClusterStatus = {
  type: 'object',
  description: 'Observed state of the cluster. Only the controller writes it.',
  additionalProperties: false,
  properties: {
    observedGeneration,
    leaseTransitions: count(
      'Value of leaseTransitions of the Lease that the controller held when it last wrote this status.',
    ),
    phase: {
      type: 'string',
      description: 'State of the cluster, in one word.',
      enum: ['Initializing', 'Running', 'Upgrading', 'Failed', 'Deleting'],
    },
    conditions: {
      type: 'array',
      description:
        'Conditions of the cluster: Ready, Reconciling, Stalled, Available, Upgrading, Degraded, BreakGlass, Crossing, PointOfNoReturn.',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
      maxItems: 32,
      items: condition,
    },
    currentVersion: text('The OpenBao version that the whole cluster runs, first reported by its leader.'),
    image: text('The container image that the whole cluster runs.', 512),
    initialized: {
      type: 'boolean',
      description: 'Whether the cluster has ever been initialized. Once true, it stays true.',
    },
    seal: text(
      'The seal and its key that the cluster was initialized with. Absent before, and for the type static unless spec.unseal has named another one since.',
      512,
    ),
    clusterID: text(
      "OpenBao's own ID of the cluster. Pods that report another ID belong to another cluster.",
      64,
    ),
    activeLeader: text('Name of the pod that is the Raft leader.', 63),
    unavailableSince: time(
      'Time since which no member has been known to lead. Absent while one does, and while a new cluster is paused.',
    ),
    readyReplicas: count('Number of pods that are Ready.'),
    replicas: count(
      'Number of replicas of the StatefulSet. It trails spec.replicas while members are added or removed.',
    ),
    members: {
      type: 'array',
      description: 'Members of the Raft cluster, each with the volume that its log is on.',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      maxItems: 200,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name', 'claimUID'],
        properties: {
          name: text('ID of the member, which is the name of its pod.', 63),
          claimUID: text(
            'UID of the PersistentVolumeClaim of the member. Another UID means that the volume is new and empty.',
            64,
          ),
          catchUpIndex: {
            type: 'integer',
            format: 'int64',
            description:
              'Last Raft index of the leader at the time when the member was first seen on another volume. Once the member has applied it, it has caught up.',
            minimum: 0,
          },
        },
      },
    },
    raft: {
      type: 'object',
      description: 'Raft membership as the leader last reported it. Written when it changes.',
      additionalProperties: false,
      properties: {
        voters: {
          type: 'array',
          description: 'IDs of the voters, which are the names of their pods.',
          'x-kubernetes-list-type': 'atomic',
          maxItems: 200,
          items: { type: 'string', maxLength: 63 },
        },
        nonVoters: {
          type: 'array',
          description: 'IDs of the members that are not voters.',
          'x-kubernetes-list-type': 'atomic',
          maxItems: 200,
          items: { type: 'string', maxLength: 63 },
        },
        leader: text('ID of the Raft leader.', 63),
      },
    },
    unlabeledLeader: {
      type: 'object',
      description:
        'The member that leads without the label openbao-active=true on its pod, so that the Service NAME-active has no endpoints. Absent if there is none.',
      additionalProperties: false,
      properties: {
        pod: text('Name of its pod.', 63),
        since: time('Time since which the leader has had no such label.'),
        reported: {
          type: 'boolean',
          description:
            'Whether that has lasted for longer than a change of leadership takes, so that the condition Degraded and an Event report it.',
        },
      },
    },
    madeJobs,
    issuer: {
      type: 'object',
      description: 'The ServiceAccount token issuer that auth/jwt-operator trusts.',
      additionalProperties: false,
      properties: {
        trusted: text('Hash of the issuer and its keys, as they were last written to auth/jwt-operator.', 32),
        wanted: text(
          'Hash of the issuer and keys that a Job is writing now. Absent if there is no such Job.',
          32,
        ),
        operationId: text('ID of the attempt, which is part of the name of that Job.', 32),
        retryAt: time('Time at which a failed Job is retried.'),
      },
    },
    upgrade,
    upgradeRequests: {
      type: 'object',
      description: 'The requests of spec.upgrade.requests that were handled.',
      additionalProperties: false,
      properties: {
        lastHandledRetry: text('Last value of spec.upgrade.requests.retry that was handled.'),
        lastHandledPromote: text('Last value of spec.upgrade.requests.promote that was handled.'),
        lastHandledRollback: text('Last value of spec.upgrade.requests.rollback that was handled.'),
        lastHandledCleanup: text('Last value of spec.upgrade.requests.cleanup that was handled.'),
        lastHandledRestart: text(
          'Value of spec.maintenance.restartAt that the restart after a restore has also carried out.',
          64,
        ),
      },
    },
    deadServerCleanup: {
      type: 'object',
      description:
        'That cleanup_dead_servers of autopilot was on and is switched off, so that no upgrade or restart has a slow member removed. Once the operation has ended, it is switched on again and this field is removed.',
      additionalProperties: false,
      properties: {
        operationId: text('ID of the operation, which is part of the names of the Jobs that switch it.', 32),
      },
    },
    lastStepDownAt: time(
      'Time at which a step-down was last requested or seen to end. There are never two within 15 s.',
    ),
    deletionPolicy: {
      type: 'string',
      description:
        'The value of spec.deletionPolicy as the controller last saw it before a deletion began. Nothing more is deleted with the cluster. Absent for Retain.',
      enum: ['DeletePVCs', 'DeleteAll'],
    },
    lastRestartAt: text('Last value of spec.maintenance.restartAt that was carried out.', 64),
    maintenance: {
      type: 'boolean',
      description:
        'Whether pods carry the annotation openbao.org/maintenance because of spec.maintenance.enabled.',
    },
    pendingRestart: {
      type: 'boolean',
      description: 'Whether pods run an older pod template. The next upgrade or restart applies the new one.',
    },
    scaling: {
      type: 'object',
      description: 'The change of replicas in progress. Absent if there is none.',
      additionalProperties: false,
      properties: {
        operationId: text('ID of this attempt.', 32),
        replicas: count('Current number of replicas of the StatefulSet.'),
        target: count('Number of replicas that the change leads to.'),
        startedAt: time('Time at which the change started.'),
        deadline: time('Time at which the change is held if the step has not ended.'),
        step: {
          type: 'string',
          description: 'Current step of the change.',
          enum: ['Joining', 'SteppingDown', 'RemovingPeer', 'Shrinking'],
        },
        attempt: count('Number of the attempt, which is part of the names of its Jobs.'),
        index: {
          type: 'integer',
          format: 'int64',
          description:
            'Last Raft index of the leader, read once. A member that has applied it has caught up.',
          minimum: 0,
        },
        indexOf: text('Hash of the leader and of the pod starts that index was read for.', 16),
        held: { type: 'boolean', description: 'Whether the change is held until a person acts.' },
      },
    },
    evictions: {
      type: 'object',
      description:
        'Whether one member may be evicted although a member is being replaced or removed. Absent while that does not wait for a person.',
      additionalProperties: false,
      properties: {
        allowed: {
          type: 'boolean',
          description: 'Whether nothing of it is in progress and every member has caught up.',
        },
        referenceIndex: {
          type: 'integer',
          format: 'int64',
          description:
            'Last Raft index of the leader, read once. A member that has applied it has caught up.',
          minimum: 0,
        },
        referenceOf: text('Hash of the leader and of the pod starts that referenceIndex was read for.', 16),
      },
    },
    operationLock: {
      type: 'object',
      description: 'Lock that allows only one operation at a time.',
      additionalProperties: false,
      properties: {
        operation: {
          type: 'string',
          description: 'Kind of the operation that holds the lock.',
          enum: ['Upgrade', 'Scale', 'Backup', 'Restore'],
        },
        holder: text('Holder of the lock, such as openbaocluster/upgrade.', 253),
        operationId: text('ID of the operation that holds the lock.', 32),
        acquiredAt: time('Time at which the lock was acquired.'),
        renewedAt: time('Time at which the lock was last renewed.'),
      },
    },
    restore: {
      type: 'object',
      description: 'The OpenBaoRestore that is replacing the data of the cluster. Absent if there is none.',
      additionalProperties: false,
      properties: {
        name: text('Name of the OpenBaoRestore.', 253),
        operationId: text('ID of the restore, as in its status.operationId.', 32),
        restartAt: text('ID of the restart of all members that follows. Set once the data is restored.', 64),
      },
    },
    lastErrorReason: text(
      'Reason why the last attempt failed, in CamelCase. Removed when the next attempt starts.',
    ),
    lastErrorMessage: text('Message for people with the details of the failure and what to do now.', 2048),
    lastErrorDetails: {
      type: 'object',
      description: 'The parts of lastErrorMessage, for programs.',
      additionalProperties: false,
      required: ['message'],
      properties: {
        message: text('What is wrong, with the values that were seen.', 2048),
        remedy: text('What a person can do now, without the commands.', 2048),
        commands: {
          type: 'array',
          description: 'The commands that do it, in the order of lastErrorMessage.',
          'x-kubernetes-list-type': 'atomic',
          maxItems: 8,
          items: {
            type: 'object',
            additionalProperties: false,
            required: ['line'],
            properties: {
              purpose: text('Another way that the command is for. Absent where the command is the remedy.'),
              line: text('The whole command, to be run in a shell.', 2048),
            },
          },
        },
      },
    },
    backup: {
      type: 'object',
      description: 'Snapshots of the cluster.',
      additionalProperties: false,
      properties: { latestSnapshot: snapshot },
    },
    blueGreen,
    breakGlass,
  },
} as const satisfies StructuralSchema;

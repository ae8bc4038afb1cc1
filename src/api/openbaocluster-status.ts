import { condition, count, observedGeneration, text, time } from './fields.ts';
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
  description: 'The rolling upgrade or restart under way; absent when idle.',
  additionalProperties: false,
  properties: {
    operationId: text('Names this attempt; part of the names of its Jobs.', 32),
    fromVersion: text('The version it started from.'),
    targetVersion: text('The version it leads to.'),
    fromImage: text('The image it started from.', 512),
    targetImage: text('The image it leads to.', 512),
    restartAt: text('spec.maintenance.restartAt that it carries out.', 64),
    startedAt: time('When it started.'),
    phase: { type: 'string', description: 'Its phase.', enum: rollingPhases },
    phaseStartedAt: time('Since when it is in this phase.'),
    deadline: time('When waiting in this phase becomes a hold.'),
    waitingFor: text('What the phase waits for, in words.', 512),
    held: { type: 'boolean', description: 'It stopped and waits for a person; lastErrorReason says why.' },
    pausedAt: time('Since when spec.paused has stopped its clock.'),
    currentPartition: count('Pods with this ordinal and above run the target.'),
    completedPods: ordinals('Ordinals that run the target and have caught up.'),
    catchUp: {
      type: 'array',
      description: 'Replaced pods that have not caught up yet.',
      'x-kubernetes-list-type': 'atomic',
      maxItems: 2,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['ordinal', 'podUID'],
        properties: {
          ordinal: count('Of the pod.'),
          podUID: text('The pod that runs the target.', 64),
          index: {
            type: 'integer',
            format: 'int64',
            description: "The leader's last index when the pod was ready, taken once.",
            minimum: 0,
          },
          deadline: time('When waiting for it becomes a hold.'),
        },
      },
    },
    replacing: {
      type: 'object',
      description: 'The pod being replaced.',
      additionalProperties: false,
      required: ['ordinal'],
      properties: {
        ordinal: count('Of the pod.'),
        oldPodUID: text('The pod that ran before; absent when there was none.', 64),
      },
    },
    leadershipChanges: count('Leaders that followed another since it started.'),
    leader: text('The pod that led last.', 63),
    stepDowns: count('Step-downs asked for.'),
    stepDown: {
      type: 'object',
      description: 'The step-down under way; what came of it is read from Raft.',
      additionalProperties: false,
      required: ['pod', 'attempt', 'askedAt'],
      properties: {
        pod: text('Who is to step down.', 63),
        attempt: count('Part of the name of its Job.'),
        askedAt: time('When its Job was last created.'),
        missingSince: time('Since when its Job is not there although the pod still leads.'),
      },
    },
    referenceIndex: {
      type: 'integer',
      format: 'int64',
      description: "The leader's last index, taken once: a member that has applied it has caught up.",
      minimum: 0,
    },
    referenceOf: text('Which leader and which starts of the pods referenceIndex was taken for.', 16),
    targetStarted: {
      type: 'boolean',
      description: 'A container of the target has started, so there is no way back to an older version.',
    },
    retarget: {
      type: 'object',
      description: 'Another target that spec asks for meanwhile, while its image is being checked.',
      additionalProperties: false,
      required: ['operationId', 'version', 'image'],
      properties: {
        operationId: text('Names the new attempt.', 32),
        version: text('The version it leads to.'),
        image: text('The image it leads to.', 512),
      },
    },
    snapshot: text('Name of the pre-upgrade snapshot.', 512),
  },
} as const satisfies StructuralSchema;

const snapshot = {
  type: 'object',
  description: 'The newest verified snapshot.',
  additionalProperties: false,
  properties: {
    name: text('Its key in the store, or its file on the claim.', 512),
    size: { type: 'integer', format: 'int64', description: 'Bytes.', minimum: 0 },
    sha256: text('Of the archive, hexadecimal.', 64),
    takenAt: time('When.'),
    version: text('The OpenBao version that made it.'),
    unsealKeyId: text('The seal key that opens it.'),
    index: { type: 'integer', format: 'int64', description: 'The Raft index it ends at.', minimum: 0 },
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
  'DemotingBlue',
  'Cleanup',
  'RollingBack',
  'RollbackCleanup',
] as const;

const blueGreen = {
  type: 'object',
  description: 'The blue-green upgrade under way, and which half is left of the last one.',
  additionalProperties: false,
  properties: {
    phase: { type: 'string', description: 'Its phase.', enum: blueGreenPhases },
    blueRevision: text(
      'The value of the label openbao.org/revision on the pods that serve; absent before the first blue-green upgrade.',
      63,
    ),
    blueVersion: text('The version of the blue half, pinned at the start.'),
    blueImage: text('The image of the blue half, pinned at the start.', 512),
    blueReplicas: count('The size of both halves, pinned at the start.'),
    greenRevision: text('The value of the label openbao.org/revision on the green pods.', 63),
    greenVersion: text('The version of the green half.'),
    greenImage: text('The image of the green half.', 512),
    operationId: text('Names this attempt; part of the names of its Jobs.', 32),
    startedAt: time('When it started.'),
    phaseStartedAt: time('Since when it is in this phase.'),
    deadline: time('When waiting in this phase becomes a failure.'),
    waitingFor: text('What the phase waits for, in words.', 512),
    held: { type: 'boolean', description: 'It stopped and waits for a person; lastErrorReason says why.' },
    pausedAt: time('Since when spec.paused has stopped its clock.'),
    referenceIndex: {
      type: 'integer',
      format: 'int64',
      description: "The leader's last index, taken once: a green member that has applied it is in sync.",
      minimum: 0,
    },
    syncedAt: time('Since when every green member is in sync.'),
    hookStartedAt: time('When the hook before promotion was started: it is not run twice.'),
    hookSucceeded: { type: 'boolean', description: 'The hook before promotion has succeeded.' },
    attempt: count('Of the Job of this phase; part of its name.'),
    job: text('Name of the Job of this phase that was created last.', 253),
    jobStartedAt: time('When it was.'),
    jobFailures: count('Jobs that failed in this phase.'),
    lastJobFailure: text('Name of the Job that failed last.', 253),
    crossedAt: time(
      'When the first green member was asked to vote: an election may cross versions from then on.',
    ),
    leadsSince: time('Since when a green member leads.'),
    cleanupStartedAt: time('When Cleanup began: there is no way back but a restore.'),
    servesSince: time(
      'Since when the public Service is seen to select green; blue stops when every node knows it.',
    ),
    rollbackReason: text('Why it goes, or went, back.', 1024),
    rollbackStartedAt: time('When it began to go back.'),
    rollbackAttempt: count('How often a person let the way back be tried again.'),
    deadServerCleanup: {
      type: 'boolean',
      description: "Autopilot's cleanup_dead_servers was on before and is switched on again at the end.",
    },
    leader: text('The pod that led last.', 63),
    leadershipChanges: count('Leaders that followed another since it started.'),
    rejectedTarget: {
      type: 'object',
      description:
        'The target that was gone back from. It is not tried again before spec asks for another one, or for a retry.',
      additionalProperties: false,
      required: ['version', 'image'],
      properties: {
        version: text('Its version.'),
        image: text('Its image.', 512),
        reason: text('Why.', 1024),
        at: time('When.'),
      },
    },
  },
} as const satisfies StructuralSchema;

const breakGlass = {
  type: 'object',
  description: 'Set when automation stopped because going on could make things worse.',
  additionalProperties: false,
  properties: {
    active: { type: 'boolean', description: 'Whether it waits for an acknowledgement now.' },
    reason: text('Why it stopped.'),
    message: text('The same in words.', 2048),
    nonce: text('What spec.breakGlassAck must say to acknowledge this incident.'),
    enteredAt: time('Since when.'),
    acknowledgedAt: time('When it was acknowledged.'),
    steps: {
      type: 'array',
      description: 'What to do, in this order, with the commands for this cluster.',
      'x-kubernetes-list-type': 'atomic',
      maxItems: 20,
      items: { type: 'string', maxLength: 1024 },
    },
    history: {
      type: 'array',
      description: 'Earlier incidents, newest last.',
      'x-kubernetes-list-type': 'atomic',
      maxItems: 20,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['nonce'],
        properties: {
          nonce: text('Its nonce.'),
          reason: text('Why it stopped.'),
          enteredAt: time('Since when.'),
          acknowledgedAt: time('When it was acknowledged.'),
          acknowledgedBy: text('Who acknowledged it, as admission saw it.', 253),
        },
      },
    },
  },
} as const satisfies StructuralSchema;

/** `OpenBaoCluster.status`. */
export const openBaoClusterStatus = {
  type: 'object',
  description: 'What is. Written by the controller alone.',
  additionalProperties: false,
  properties: {
    observedGeneration,
    leaseTransitions: count('The term of the controller that wrote last.'),
    phase: {
      type: 'string',
      description: 'In one word.',
      enum: ['Initializing', 'Running', 'Upgrading', 'Failed', 'Deleting'],
    },
    conditions: {
      type: 'array',
      description:
        'Ready, Reconciling, Stalled, Available, Upgrading, Degraded, BreakGlass, Crossing, PointOfNoReturn.',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
      maxItems: 32,
      items: condition,
    },
    currentVersion: text('The version that the whole cluster runs, first reported by its leader.'),
    image: text('The image that the whole cluster runs.', 512),
    initialized: { type: 'boolean', description: 'Whether it was ever initialized. Never goes back.' },
    clusterID: text("OpenBao's own id of the cluster. Another one among the pods means two clusters.", 64),
    activeLeader: text('The pod that leads.', 63),
    readyReplicas: count('Pods that are Ready.'),
    replicas: count(
      'The size that the StatefulSet is to have; trails spec.replicas while members come or go.',
    ),
    members: {
      type: 'array',
      description: 'The volume that each member of the Raft cluster wrote its log to.',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      maxItems: 200,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name', 'claimUID'],
        properties: {
          name: text('Id of the member, which is the name of its pod.', 63),
          claimUID: text('Of its PersistentVolumeClaim. Another one means that its disk is empty.', 64),
          catchUpIndex: {
            type: 'integer',
            format: 'int64',
            description:
              "The leader's last index when the member was first seen on another volume; it counts again from there.",
            minimum: 0,
          },
        },
      },
    },
    raft: {
      type: 'object',
      description: 'Membership as the leader last reported it; written when it changes.',
      additionalProperties: false,
      properties: {
        voters: {
          type: 'array',
          description: 'Ids of the voters, which are pod names.',
          'x-kubernetes-list-type': 'atomic',
          maxItems: 200,
          items: { type: 'string', maxLength: 63 },
        },
        nonVoters: {
          type: 'array',
          description: 'Ids of the other members.',
          'x-kubernetes-list-type': 'atomic',
          maxItems: 200,
          items: { type: 'string', maxLength: 63 },
        },
        leader: text('Id of the leader.', 63),
      },
    },
    issuer: {
      type: 'object',
      description: 'The ServiceAccount tokens that auth/jwt-operator trusts.',
      additionalProperties: false,
      properties: {
        trusted: text('A sum of the issuer and its keys, as they were last written there.', 32),
        wanted: text('The sum of those that a Job writes now; absent when idle.', 32),
        operationId: text('Part of the name of that Job.', 32),
        retryAt: time('When another Job follows the one that failed.'),
      },
    },
    upgrade,
    upgradeRequests: {
      type: 'object',
      description: 'The requests that were handled.',
      additionalProperties: false,
      properties: {
        lastHandledRetry: text('Of spec.upgrade.requests.retry.'),
        lastHandledPromote: text('Of spec.upgrade.requests.promote.'),
        lastHandledRollback: text('Of spec.upgrade.requests.rollback.'),
        lastHandledCleanup: text('Of spec.upgrade.requests.cleanup.'),
        lastHandledRestart: text(
          'The spec.maintenance.restartAt that the restart after a restore has done as well.',
          64,
        ),
      },
    },
    lastStepDownAt: time(
      'When a step-down was last asked for or seen to end: there are never two within 15 s.',
    ),
    lastRestartAt: text('The spec.maintenance.restartAt that was carried out last.', 64),
    maintenance: {
      type: 'boolean',
      description:
        'Pods carry the annotation openbao.org/maintenance because spec.maintenance.enabled says so.',
    },
    pendingRestart: {
      type: 'boolean',
      description: 'The pods run an older template; the next upgrade or restartAt brings the new one.',
    },
    scaling: {
      type: 'object',
      description: 'The change of replicas under way; absent when idle.',
      additionalProperties: false,
      properties: {
        operationId: text('Names this attempt.', 32),
        replicas: count('The size of the StatefulSet now.'),
        target: count('The size it leads to.'),
        startedAt: time('When it started.'),
        deadline: time('When waiting becomes a hold.'),
        step: {
          type: 'string',
          description: 'What is being done.',
          enum: ['Joining', 'SteppingDown', 'RemovingPeer', 'Shrinking'],
        },
        attempt: count('Part of the names of its Jobs.'),
        index: {
          type: 'integer',
          format: 'int64',
          description: "The leader's last index, taken once: a member that has applied it has caught up.",
          minimum: 0,
        },
        held: { type: 'boolean', description: 'It stopped and waits for a person.' },
      },
    },
    operationLock: {
      type: 'object',
      description: 'What keeps other operations out.',
      additionalProperties: false,
      properties: {
        operation: {
          type: 'string',
          description: 'What holds it.',
          enum: ['Upgrade', 'Scale', 'Backup', 'Restore'],
        },
        holder: text('Who holds it, as openbaocluster/upgrade.', 253),
        operationId: text('The operation it belongs to.', 32),
        acquiredAt: time('Since when.'),
        renewedAt: time('When it was last seen alive.'),
      },
    },
    restore: {
      type: 'object',
      description: 'The OpenBaoRestore that replaces its data; absent when none does.',
      additionalProperties: false,
      properties: {
        name: text('Its name.', 253),
        operationId: text('Its operation.', 32),
        restartAt: text('Set when the data is in: the restart of all members that follows.', 64),
      },
    },
    lastErrorReason: text('Why the last attempt failed; absent when the next one starts.'),
    lastErrorMessage: text('The same in words, and what to do now.', 2048),
    backup: {
      type: 'object',
      description: 'Snapshots.',
      additionalProperties: false,
      properties: { latestSnapshot: snapshot },
    },
    blueGreen,
    breakGlass,
  },
} as const satisfies StructuralSchema;

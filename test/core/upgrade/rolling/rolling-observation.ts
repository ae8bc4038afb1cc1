import type {
  OpenBaoClusterSpec,
  OpenBaoClusterStatus,
  RollingUpgrade,
} from '../../../../src/api/openbaocluster.ts';
import type { Decision, DecisionContext } from '../../../../src/core/model/decision.ts';
import type { Observation } from '../../../../src/core/model/observation.ts';
import { known } from '../../../../src/core/model/known.ts';
import { decideUpgrade } from '../../../../src/core/upgrade/rolling/decide.ts';
import { patched } from '../../../../src/core/model/patch.ts';
import {
  context,
  member,
  membersOf,
  newRevision,
  observation,
  oldRevision,
  serverPod,
  settledCluster,
  start,
  statefulSet,
} from '../../../support/observation.ts';

export const fromImage = 'openbao/openbao:2.5.5';
export const targetImage = 'openbao/openbao:2.5.6';
export const at = (seconds: number): string => new Date(start + seconds * 1000).toISOString();

/** An upgrade from 2.5.5 to 2.5.6 whose ordinal 2 has been replaced; 1 and 0 are to come. */
export function upgrade(
  given: { readonly [Key in keyof RollingUpgrade]?: RollingUpgrade[Key] | undefined } = {},
): RollingUpgrade {
  return patched<RollingUpgrade>(
    {
      operationId: 'op00000001',
      fromVersion: '2.5.5',
      targetVersion: '2.5.6',
      fromImage,
      targetImage,
      startedAt: at(-60),
      phase: 'CatchingUp',
      phaseStartedAt: at(-10),
      deadline: at(600),
      currentPartition: 2,
      completedPods: [2],
      leader: 'prod-0',
      leadershipChanges: 0,
      stepDowns: 0,
    },
    given,
  );
}

/** The StatefulSet that goes with it, at this partition. */
export const rollingSet = (partition: number) =>
  known(
    statefulSet({ partition, image: targetImage, currentRevision: oldRevision, updateRevision: newRevision }),
  );

export const newPod = (ordinal: number, given: Parameters<typeof serverPod>[1] = {}) =>
  serverPod(ordinal, { uid: `new-${ordinal}`, image: targetImage, revision: newRevision, ...given });

export const newMember = (ordinal: number, given: Parameters<typeof member>[1] = {}) =>
  member(ordinal, { podUID: `new-${ordinal}`, version: '2.5.6', ...given });

interface Given {
  readonly spec?: Partial<OpenBaoClusterSpec>;
  readonly status?: OpenBaoClusterStatus;
  readonly upgrade?: RollingUpgrade;
  readonly context?: Partial<DecisionContext>;
  readonly observation?: Partial<Observation>;
}

/** What is decided in the middle of the roll: ordinal 2 is the target's, everything is healthy, prod-0 leads. */
export function decideMidway(given: Given = {}): Decision {
  const { status: base, ...cluster } = settledCluster({ version: '2.5.6', ...given.spec });
  const status = { ...base, upgrade: given.upgrade ?? upgrade(), ...given.status };
  return decideUpgrade(
    observation({
      cluster: { ...cluster, status },
      statefulSet: rollingSet(status.upgrade?.currentPartition ?? 3),
      pods: known([serverPod(0), serverPod(1), newPod(2)]),
      members: membersOf(member(0), member(1), newMember(2)),
      ...given.observation,
    }),
    status,
    context(given.context),
  );
}

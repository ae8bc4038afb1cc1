import type { Verb } from '../../api/labels.ts';
import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import { parseDuration } from '../model/duration.ts';
import { defaultMaxJobFailures } from '../model/limits.ts';
import { sameValue } from '../model/same-value.ts';
import { operationUnderWay, pendingTarget } from './cluster-operation.ts';
import { snapshotAskedAt, upgradeStrategy, type ClusterRequest } from './cluster-request.ts';

type Change = Pick<ClusterRequest, 'object' | 'oldObject'>;

/** A change that not everybody may make. `what` is it in words, for a sentence about it. */
export interface Restricted {
  readonly verb: Verb;
  readonly path: string;
  readonly what?: string;
}

/** What needs a verb, for the documents: `when` is the clause that says of which change. */
export interface Demand {
  readonly verb: Verb;
  readonly path: string;
  readonly when: string;
}

/** A setting that holds an upgrade under way back, and the verb of what a change in that direction stands for. */
interface Brake {
  readonly path: string;
  readonly verb: Verb;
  readonly loosens: (before: OpenBaoCluster, after: OpenBaoCluster) => boolean;
}

/**
 * Where an upgrade is under way, or is asked for and has not begun, what lets it go on or turns it back by another
 * field than the request for it: that needs the verb of the request. At rest all of it is free, as is the strategy
 * RollingUpdate, which asks nobody; so is taking a target back, which ends an upgrade, and asking for it anew.
 */
export function loosenings(request: Change): readonly Restricted[] {
  const { object, oldObject } = request;
  if (oldObject === undefined || !isUpgradeUnderWay(request)) return [];
  return brakes
    .filter(({ loosens }) => loosens(oldObject, object))
    .map(({ path, verb }) => ({ verb, path, what: `changing ${path} while an upgrade is under way` }));
}

const isUpgradeUnderWay = (request: Change): boolean =>
  operationUnderWay(request) !== undefined || pendingTarget(request) !== undefined;

const settings = ({ spec }: OpenBaoCluster) => spec.upgrade?.blueGreen ?? {};

/** A brake of blue-green upgrades that is looser the higher its number is. */
const blueGreen = (
  field: string,
  verb: Verb,
  looseness: (of: ReturnType<typeof settings>) => number,
): Brake => ({
  path: `spec.upgrade.blueGreen.${field}`,
  verb,
  loosens: (before, after) =>
    upgradeStrategy(before) === 'BlueGreen' && looseness(settings(after)) > looseness(settings(before)),
});

/** Read as the phases read it: a text that is no duration waits for nothing. */
const milliseconds = (text = '0s') => parseDuration(text) ?? 0;
const failures = ({ maxJobFailures = defaultMaxJobFailures }: ReturnType<typeof settings>) => maxJobFailures;

const brakes: readonly Brake[] = [
  blueGreen('autoPromote', 'promote', ({ autoPromote = true }) => Number(autoPromote)),
  blueGreen('autoCleanup', 'promote', ({ autoCleanup = true }) => Number(autoCleanup)),
  blueGreen(
    'verification.minSyncDuration',
    'promote',
    (of) => -milliseconds(of.verification?.minSyncDuration),
  ),
  blueGreen('verification.cleanupDelay', 'promote', (of) => -milliseconds(of.verification?.cleanupDelay)),
  {
    path: 'spec.upgrade.blueGreen.verification.prePromotionHook',
    verb: 'promote',
    // Another one may be one that always succeeds.
    loosens: (before, after) => {
      const [old, hook] = [before, after].map((each) => settings(each).verification?.prePromotionHook);
      return upgradeStrategy(before) === 'BlueGreen' && old !== undefined && !sameValue(old, hook);
    },
  },
  {
    path: 'spec.upgrade.preUpgradeSnapshot',
    verb: 'promote',
    loosens: (before, after) => snapshotAskedAt(before) !== undefined && snapshotAskedAt(after) === undefined,
  },
  // More attempts let it go on; fewer, or a failure that counts from now on, turn it back.
  blueGreen('maxJobFailures', 'promote', failures),
  blueGreen('maxJobFailures', 'rollback', (of) => -failures(of)),
  blueGreen('autoRollback.enabled', 'rollback', ({ autoRollback }) => Number(autoRollback?.enabled ?? true)),
  blueGreen('autoRollback.onJobFailure', 'rollback', ({ autoRollback }) =>
    Number(autoRollback?.onJobFailure ?? true),
  ),
  blueGreen('autoRollback.onValidationFailure', 'rollback', ({ autoRollback }) =>
    Number(autoRollback?.onValidationFailure ?? true),
  ),
];

/** Each of them, for the documents. */
export const looseningDemands: readonly Demand[] = brakes.map(({ path, verb }) => ({
  verb,
  path,
  when:
    verb === 'promote'
      ? 'an upgrade under way, or asked for and not begun, is held back less by it'
      : 'an upgrade under way, or asked for and not begun, is taken back sooner by it',
}));

import type { OpenBaoClusterSpec } from '../../api/openbaocluster.ts';

/** What `rollguard executor` can do; each is carried out by one Job. */
export const executorActions = [
  'preflight',
  'step-down',
  'remove-peer',
  'snapshot',
  'probe-store',
  'verify-snapshot',
  'restore-snapshot',
  'repair-membership',
] as const;
export type ExecutorAction = (typeof executorActions)[number];

/** One step of an operation, for a Job. */
export interface ExecutorStep {
  readonly action: ExecutorAction;
  /** Of the operation it belongs to; part of the Job's name. */
  readonly operationId: string;
  /** The pod it is about: who steps down, which peer goes. */
  readonly pod?: string;
  /** Tells a further try from the first one, which has none. */
  readonly attempt?: number;
  /** For `remove-peer`: refused when the peer answers unsealed, for then it is past what it was to be removed for. */
  readonly onlyWhileSealed?: boolean;
  /** For `verify-snapshot` and `restore-snapshot`: which one. */
  readonly snapshot?: SnapshotSource;
  /** For `restore-snapshot`: without asking whether the members' own key opens it. */
  readonly force?: boolean;
  /** For `repair-membership`: who is to vote. */
  readonly voters?: readonly string[];
}

/** A snapshot in a store. */
export interface SnapshotSource {
  readonly target: NonNullable<NonNullable<OpenBaoClusterSpec['backup']>['target']>;
  /** Its whole key. */
  readonly name: string;
  /** The sum that it must have. */
  readonly sha256?: string;
}

/** Asks the target image itself which version it holds. */
export interface VersionCheck {
  readonly action: 'version-check';
  readonly operationId: string;
  readonly pod?: undefined;
  readonly attempt?: number;
}

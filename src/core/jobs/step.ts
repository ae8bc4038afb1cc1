import type { TokenIssuer } from '../model/observation.ts';
import type { OpenBaoClusterSpec } from '../../api/openbaocluster.ts';

/** About single members, or none. */
const memberActions = [
  'preflight',
  'step-down',
  'remove-peer',
  'snapshot',
  'probe-store',
  'verify-snapshot',
  'restore-snapshot',
  'repair-membership',
  'trust-issuer',
] as const;

/** About the two halves of a blue-green upgrade. */
const halvesActions = [
  'promote-green',
  'hand-over-to-green',
  'repair-consensus',
  'remove-blue-peers',
  'remove-green-peers',
] as const;

/** What `rollguard executor` can do; each is carried out by one Job. */
export const executorActions = [...memberActions, ...halvesActions, 'dead-server-cleanup'] as const;
export type ExecutorAction = (typeof executorActions)[number];

/** One step of an operation, for a Job. */
export type ExecutorStep = MemberStep | HalvesStep | DeadServerCleanupStep;

interface Identity {
  /** Of the operation it belongs to; part of the Job's name. */
  readonly operationId: string;
  /** Tells a further try from the first one, which has none. */
  readonly attempt?: number;
}

export interface MemberStep extends Identity {
  readonly action: (typeof memberActions)[number];
  /** The pod it is about: who steps down, which peer goes. */
  readonly pod?: string;
  /** For `remove-peer`: refused when the peer answers unsealed, for then it is past what it was to be removed for. */
  readonly onlyWhileSealed?: boolean;
  /** For `verify-snapshot` and `restore-snapshot`: which one. */
  readonly snapshot?: SnapshotSource;
  /** For `restore-snapshot`: without asking whether the members' own key opens it. */
  readonly force?: boolean;
  /** For `repair-membership`: who is to vote. */
  readonly voters?: readonly string[];
  /** For `preflight`: also asks for the rights to promote, to demote and to configure autopilot. */
  readonly movesVotes?: boolean;
  /** For `trust-issuer`: who signs tokens, with which keys. */
  readonly issuer?: TokenIssuer;
}

/** A snapshot in a store. */
export interface SnapshotSource {
  readonly target: NonNullable<NonNullable<OpenBaoClusterSpec['backup']>['target']>;
  /** Its whole key. */
  readonly name: string;
  /** The sum that it must have. */
  readonly sha256?: string;
}

/**
 * The members of both halves, by their exact pods' names (docs/facts/openbao-operator.md, 7.1, 5), in order of
 * ordinals.
 */
export interface Halves {
  /** The half that served first. */
  readonly blue: readonly string[];
  /** The half that is to take over. */
  readonly green: readonly string[];
}

export interface HalvesStep extends Identity {
  readonly action: (typeof halvesActions)[number];
  readonly halves: Halves;
  readonly pod?: undefined;
}

/**
 * Lets autopilot remove dead servers, or not: in an upgrade nobody else may change the membership. In a rolling one all
 * members are blue.
 */
export interface DeadServerCleanupStep extends Identity {
  readonly action: 'dead-server-cleanup';
  readonly halves: Halves;
  readonly enabled: boolean;
  readonly pod?: undefined;
}

/** Asks the target image itself which version it holds. */
interface VersionCheck {
  readonly action: 'version-check';
  readonly operationId: string;
  readonly pod?: undefined;
  readonly attempt?: number;
}

/** Opens the seal as a member does. */
export interface SealCheck {
  readonly action: 'seal-check';
  readonly operationId: string;
  readonly pod?: undefined;
  readonly attempt?: number;
}

/** What a Job is made for. */
export type JobStep = ExecutorStep | HookStep | VersionCheck | SealCheck;

/** A Job of the user's, before green takes over. */
export interface HookStep {
  readonly action: 'pre-promotion-hook';
  readonly operationId: string;
  readonly pod?: undefined;
  readonly attempt?: number;
}

import type { MetadataServicesSpec, MetadataServicesStatus } from '../../api/metadataservices.ts';
import type { DecidedEvent, ObjectEffect } from '../model/effect.ts';
import { parseDuration } from '../model/duration.ts';
import type { ConcernOf, ConcernResultOf } from '../model/concern.ts';
import type { ReleaseObservation } from './observation.ts';

/** What follows from an observation; as of a cluster (src/core/model/decision.ts). */
export interface ReleaseDecision {
  readonly status: MetadataServicesStatus;
  readonly effects: readonly ObjectEffect[];
  readonly events: readonly DecidedEvent[];
  readonly requeueAt?: number;
}

/** What a decision needs beside the observation. */
export interface ReleaseContext {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Which term of the controller decides (Lease transitions). */
  readonly leaseTransitions: number;
  readonly settings: ReleaseSettings;
}

/** How releases are carried out; the same for all. */
export interface ReleaseSettings {
  /** What images are below, for a spec without imageRepository. */
  readonly imageRepository: string;
  /** Milliseconds, for a spec without windows of its own. */
  readonly windows: Windows;
  /** Milliseconds between looks while something is awaited, and while idle. */
  readonly pollMs: number;
  readonly idlePollMs: number;
}

interface Windows {
  readonly readinessTimeout: number;
  readonly gracePeriod: number;
  readonly cleanupDelay: number;
}

/** Two minutes each (specification, page 003); Argo Rollouts' 30 s for the old color to stay. */
export const defaultWindows: Windows = {
  readinessTimeout: 2 * 60_000,
  gracePeriod: 2 * 60_000,
  cleanupDelay: 30_000,
};

export type ReleasePart = ConcernResultOf<MetadataServicesStatus, ObjectEffect>;
export type DecideReleasePart = ConcernOf<
  ReleaseObservation,
  MetadataServicesStatus,
  ReleaseContext,
  ObjectEffect
>;

/** Milliseconds of a window. */
export function windowOf(
  name: keyof Windows,
  { rollout }: MetadataServicesSpec,
  { settings }: ReleaseContext,
): number {
  return parseDuration(rollout?.[name] ?? '') ?? settings.windows[name];
}

export const normal = (reason: string, action: string, note: string): DecidedEvent => ({
  type: 'Normal',
  reason,
  action,
  note,
});
export const warns = (reason: string, action: string, note: string): DecidedEvent => ({
  type: 'Warning',
  reason,
  action,
  note,
});

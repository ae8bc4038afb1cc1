import type { OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import type { DecidedEvent, ObjectEffect } from './effect.ts';

export type { Target } from './effect.ts';

/**
 * What follows from an Observation: first the status is written, conditional on the resourceVersion that was
 * observed; then the events are sent and the effects carried out, in their order (docs/design.md, rule 1). Each
 * effect may run twice, or not at all when the process ends between.
 */
export interface Decision {
  /** The whole next status. Equal to the observed one: nothing is written unless there are effects. */
  readonly status: OpenBaoClusterStatus;
  readonly effects: readonly Effect[];
  readonly events: readonly ClusterEvent[];
  /** When to look again even if nothing happens, in milliseconds since the epoch. */
  readonly requeueAt?: number;
}

/** One call to the API server, or a few about one Secret. Jobs are created: their names carry the operation. */
export type Effect =
  /** Makes the unseal key and its Secret, without an owner; one that is there stays. */
  | { readonly kind: 'createUnsealKey' }
  /** Gives that very Secret of an unseal key the labels and the finalizer that a new one has. */
  | { readonly kind: 'keepUnsealKey'; readonly uid: string }
  /** Takes the finalizer off that very Secret and deletes it. Made by data-door.ts alone. */
  | { readonly kind: 'deleteUnsealKey'; readonly uid: string }
  /** Issues or renews the CA and the certificate of the members. */
  | { readonly kind: 'issueCertificates' }
  | ObjectEffect;

/** An Event (events.k8s.io/v1) about the cluster. */
export type ClusterEvent = DecidedEvent;

/** What a decision needs beside the observation. */
export interface DecisionContext {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** A fresh random id, used when a new operation starts: 10 lower-case letters and digits. */
  readonly newOperationId: string;
  /** 128 fresh random bits in hexadecimal: the nonce of an incident that begins now. */
  readonly newNonce: string;
  /** Which term of the controller decides (Lease transitions). */
  readonly leaseTransitions: number;
  readonly settings: ControllerSettings;
}

/** How the driver is configured; the same for all clusters. */
export interface ControllerSettings {
  /** Repository of OpenBao's image, for clusters without spec.image. Default openbao/openbao. */
  readonly imageRepository: string;
  /** Image of the executor's Jobs, for clusters without spec.upgrade.executorImage. */
  readonly executorImage: string;
  /** Who reads as the role rollguard-observer. */
  readonly controller: { readonly namespace: string; readonly serviceAccount: string };
  /** Milliseconds after which waiting becomes a hold, by phase. */
  readonly deadlines: {
    readonly preChecks: number;
    readonly snapshot: number;
    readonly stepDown: number;
    readonly replacing: number;
    readonly catchingUp: number;
    readonly scaling: number;
    /** Of blue-green upgrades: until green has joined, is in sync, has the votes, and one half is gone. */
    readonly deployingGreen: number;
    readonly syncing: number;
    readonly swapping: number;
    readonly removing: number;
  };
  /** Milliseconds between looks while something is awaited, and while idle. */
  readonly pollMs: number;
  readonly idlePollMs: number;
}

/** Production defaults (compare docs/facts/openbao-operator.md, section 2). */
export const defaultDeadlines: ControllerSettings['deadlines'] = {
  preChecks: 10 * 60_000,
  snapshot: 30 * 60_000,
  stepDown: 60_000,
  replacing: 10 * 60_000,
  catchingUp: 10 * 60_000,
  scaling: 10 * 60_000,
  deployingGreen: 10 * 60_000,
  syncing: 30 * 60_000,
  swapping: 6 * 60_000,
  removing: 10 * 60_000,
};

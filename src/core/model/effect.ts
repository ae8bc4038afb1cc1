import type { KubernetesObject } from '../../api/kubernetes.ts';

/** An object by its names. */
export interface Target {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

/**
 * One disruption, one reservation (docs/design.md, rule 15): while a member is being replaced the PodDisruptionBudget
 * lets no member be evicted. It is read once more, with the pods of the other members, right before the effect that
 * takes one down.
 */
export interface Reservation {
  readonly budget: Target;
  /** Selects the members' pods. */
  readonly labels: Readonly<Record<string, string>>;
  /** The members that stay, as they were when it was decided. */
  readonly staying: readonly { readonly name: string; readonly uid: string }[];
}

/** An object as it was seen, of which nobody may have made another one meanwhile. */
export interface Seen {
  readonly target: Target;
  /** Absent where it was not there. */
  readonly resourceVersion?: string;
}

/** One call to the API server about one object; of every kind that is driven. */
export type ObjectEffect =
  /**
   * Server-side apply under our field manager. With `metadata.uid` and `resourceVersion`, only that very object at that
   * very version; that it is another by now is success.
   */
  | {
      readonly kind: 'apply';
      readonly object: KubernetesObject;
      /** It lets a member be taken down: only as long as this holds, else nothing is done. */
      readonly reservation?: Reservation;
      /** It lets a member be evicted: only as long as these are as they were seen, else nothing is done. */
      readonly asSeen?: readonly Seen[];
    }
  /** Creates; that it is there already is success. */
  | {
      readonly kind: 'create';
      readonly object: KubernetesObject;
      /** It takes a member's vote away: only as long as this holds, else nothing is done. */
      readonly reservation?: Reservation;
    }
  /**
   * Deletes that very object, at that very version if one is said, a Job once its pods are gone; that it is gone, has
   * changed, or is another one of its name, is success.
   */
  | {
      readonly kind: 'delete';
      readonly target: Target;
      readonly uid: string;
      readonly resourceVersion?: string;
      /** It takes a member down: only as long as this holds, else nothing is done. */
      readonly reservation?: Reservation;
      /** Made by data-door.ts: nobody else deletes a volume claim. */
      readonly isData?: true;
    }
  /** Merge patch of that very object at that very version. */
  | {
      readonly kind: 'patch';
      readonly target: Target;
      readonly uid: string;
      readonly resourceVersion?: string;
      readonly patch: object;
    };

/** An Event (events.k8s.io/v1) about the object that is driven. */
export interface DecidedEvent {
  readonly type: 'Normal' | 'Warning';
  /** Machine-readable, such as UpgradeStarted. */
  readonly reason: string;
  /** What was done, such as StepDown. */
  readonly action: string;
  readonly note: string;
}

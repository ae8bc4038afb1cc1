import type { KubernetesObject } from '../../api/kubernetes.ts';

/** An object by its names. */
export interface Target {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

/** One call to the API server about one object; of every kind that is driven. */
export type ObjectEffect =
  /**
   * Server-side apply under our field manager. With `metadata.uid` and `resourceVersion`, only that very object at that
   * very version; that it is another by now is success.
   */
  | { readonly kind: 'apply'; readonly object: KubernetesObject }
  /** Creates; that it is there already is success. */
  | { readonly kind: 'create'; readonly object: KubernetesObject }
  /**
   * Deletes that very object, at that very version if one is said, a Job once its pods are gone; that it is gone, has
   * changed, or is another one of its name, is success.
   */
  | {
      readonly kind: 'delete';
      readonly target: Target;
      readonly uid: string;
      readonly resourceVersion?: string;
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

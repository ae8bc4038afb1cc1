import type { KubernetesObject } from '../../api/kubernetes.ts';
import { withoutPrecondition } from './children.ts';
import { ApiError } from './kubernetes.ts';

/** A child that the API server does not take. */
interface Refusal {
  readonly kind: string;
  readonly name: string;
  /** What the API server said. */
  readonly message: string;
}

/**
 * Children that the API server refused, such as one with an invalid quantity from spec. The same object is not
 * tried again for a while, and one that is refused does not keep others from being applied.
 */
export interface RejectedApplies {
  /** @throws the error when it is no refusal of the object itself: an outage, a conflict, too many requests */
  note(owner: string, object: KubernetesObject, error: unknown): void;
  /** Those of an owner that are still the same; forgets the others. */
  among(owner: string, drifted: readonly KubernetesObject[]): readonly Refusal[];
  /** Without those that were refused a moment ago. */
  retryable(owner: string, drifted: readonly KubernetesObject[]): readonly KubernetesObject[];
  forget(owner: string): void;
}

/** Milliseconds after which a refused object is tried again: a quota or an admission rule may have changed. */
const againAfterMs = 60_000;
/** Invalid, malformed, forbidden by admission or by rights. */
const refusing = new Set([400, 403, 422]);

const identityOf = (object: KubernetesObject) => JSON.stringify(withoutPrecondition(object));

/** @param now milliseconds of any clock that does not go back */
export function rejectedApplies(now: () => number = () => performance.now()): RejectedApplies {
  const byOwner = new Map<string, Map<string, { readonly refusal: Refusal; readonly at: number }>>();
  return {
    note(owner, object, error) {
      if (!(error instanceof ApiError) || !refusing.has(error.status)) throw error;
      const refusal = {
        kind: object.kind ?? '',
        name: object.metadata?.name ?? '',
        message: error.message.slice(0, 500),
      };
      const noted = byOwner.get(owner) ?? new Map<string, { refusal: Refusal; at: number }>();
      byOwner.set(owner, noted.set(identityOf(object), { refusal, at: now() }));
    },
    among(owner, drifted) {
      const noted = byOwner.get(owner);
      if (noted === undefined) return [];
      const current = new Set(drifted.map(identityOf));
      for (const identity of noted.keys()) if (!current.has(identity)) noted.delete(identity);
      return [...noted.values()].map(({ refusal }) => refusal);
    },
    retryable(owner, drifted) {
      const noted = byOwner.get(owner);
      return drifted.filter((object) => {
        const last = noted?.get(identityOf(object));
        return last === undefined || now() - last.at > againAfterMs;
      });
    },
    forget: (owner) => void byOwner.delete(owner),
  };
}

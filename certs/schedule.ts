const hourMs = 60 * 60 * 1000;
const dayMs = 24 * hourMs;

/** How long certificates live, and how long old and new ones live side by side. All in milliseconds. */
export interface Schedule {
  readonly caLifetimeMs: number;
  readonly leafLifetimeMs: number;
  /** A certificate is replaced when less than this part of its life remains. */
  readonly renewBelow: number;
  /** How long a new CA is in every caBundle before a leaf is signed by it: until each API server has seen it. */
  readonly publishOverlapMs: number;
  /** How long the old CA stays in the bundle after the leaf has moved: until each replica serves the new leaf. */
  readonly dropOverlapMs: number;
}

/**
 * A CA is replaced with 122 days to go, which is more than a leaf's 90: a leaf never outlives its CA.
 * A CA's life is short enough that its rotation is no rare event.
 */
export const defaultSchedule: Schedule = {
  caLifetimeMs: 365 * dayMs,
  leafLifetimeMs: 90 * dayMs,
  renewBelow: 1 / 3,
  publishOverlapMs: hourMs,
  dropOverlapMs: dayMs,
};

/** Milliseconds by which a certificate is valid before it was issued: other clocks may be behind. */
export const backdateMs = 5 * 60_000;

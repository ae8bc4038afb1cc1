/** How many of `voters` must agree: more than half. */
export const quorum = (voters: number): number => Math.floor(voters / 2) + 1;

/** How many of the healthy voters may be lost before there is no quorum; 0 also when there is none now. */
export const failureTolerance = (voters: number, healthy: number): number =>
  Math.max(0, healthy - quorum(voters));

/** How many of `voters` must agree: more than half. */
export const quorum = (voters: number): number => Math.floor(voters / 2) + 1;

import type { RaftConfiguration, RaftServer } from '../model/observation.ts';

/** Ids of the servers that vote, in the order in which they joined. */
export const voterIds = ({ servers }: Pick<RaftConfiguration, 'servers'>): readonly string[] =>
  servers.filter(({ voter }) => voter).map(({ id }) => id);

/** Ids of servers, in the order of their ordinals. */
export const idsOf = (servers: readonly RaftServer[]): readonly string[] =>
  servers.map(({ id }) => id).toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }));

/** Ids of the servers that vote, in the order of their ordinals. */
export const votersAmong = ({ servers }: RaftConfiguration): readonly string[] =>
  idsOf(servers.filter(({ voter }) => voter));

import type { OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import type { DecidePartOf, PartOf } from './concern.ts';
import type { DecisionContext, Effect } from './decision.ts';
import type { Observation } from './observation.ts';

export { held, inTurn, only, waiting, type Notice } from './concern.ts';

/** What one concern of a cluster's life comes to. */
export type Part = PartOf<OpenBaoClusterStatus, Effect>;

/** Decides about one concern. `status` is what the parts before it came to. */
export type DecidePart = DecidePartOf<Observation, OpenBaoClusterStatus, DecisionContext, Effect>;

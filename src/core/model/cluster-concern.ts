import type { OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import type { ConcernOf, ConcernResultOf } from './concern.ts';
import type { DecisionContext, Effect } from './decision.ts';
import type { Observation } from './observation.ts';

export { held, pendingChildren, runConcerns, unchanged, waiting, type Notice } from './concern.ts';

/** What one concern of a cluster's life comes to. */
export type ConcernResult = ConcernResultOf<OpenBaoClusterStatus, Effect>;

/** Decides about one concern. `status` is what the parts before it came to. */
export type Concern = ConcernOf<Observation, OpenBaoClusterStatus, DecisionContext, Effect>;

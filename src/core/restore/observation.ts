import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import type { OpenBaoRestore } from '../../api/openbaorestore.ts';
import type { ObservedJob } from '../model/observation.ts';

/** Everything that was read about one restore before a decision. */
export interface RestoreObservation {
  readonly restore: OpenBaoRestore;
  /** The cluster that it names, as the watch has it; undefined when there is none. */
  readonly cluster: OpenBaoCluster | undefined;
  /** The Jobs of that cluster. */
  readonly jobs: readonly ObservedJob[];
}

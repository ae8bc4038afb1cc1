import { parseOpenBaoCluster } from '../../src/api/openbaocluster.ts';
import { requestedBy } from '../../src/core/mutations/requested-by.ts';
import { requesterRoute } from './requester.ts';

/** OpenBaoCluster CREATE and UPDATE: who asked, beside what they asked for. */
export const mutateOpenBaoClusters = requesterRoute(
  { group: 'openbao.org', resource: 'openbaoclusters' },
  parseOpenBaoCluster,
  requestedBy,
);

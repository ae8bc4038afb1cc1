import { advance, wait, type PhaseHandler } from '../step.ts';

/** Pending: the cluster is not there yet, or has no data yet that could be replaced. */
export const pending: PhaseHandler = ({ cluster }) => {
  const { name } = cluster.metadata;
  const { initialized, currentVersion } = cluster.status ?? {};
  if (initialized !== true) return wait(`OpenBaoCluster ${name} is not initialized yet`);
  if (currentVersion === undefined) return wait(`the version of OpenBaoCluster ${name} is not known yet`);
  return advance('Validating');
};

import type { OpenBaoCluster } from '../../../src/api/openbaocluster.ts';
import {
  setsOfMembers,
  workloadInputs,
  type SetsOfMembers,
  type WorkloadFacts,
  type WorkloadInputs,
} from '../../../src/core/workload/inputs.ts';

/** An issuer that nobody asks. */
export const issuer = { url: 'https://kubernetes.default.svc', publicKeys: ['PEM'] };

/** Where nothing is there yet. */
export const nothingThere: WorkloadFacts = {
  claims: [],
  statefulSet: undefined,
  issuer,
  settings: {
    imageRepository: 'openbao/openbao',
    controller: { namespace: 'rollguard-system', serviceAccount: 'rollguard-controller' },
  },
};

/** All sets of members of a cluster, where nothing is there yet unless the facts say so. */
export const setsOf = (cluster: OpenBaoCluster, facts: Partial<WorkloadFacts> = {}): SetsOfMembers =>
  setsOfMembers(cluster, { ...nothingThere, ...facts });

/** Inputs of a cluster, where nothing is there yet unless the facts say so. */
export const inputsOf = (cluster: OpenBaoCluster, facts: Partial<WorkloadFacts> = {}): WorkloadInputs =>
  workloadInputs(cluster, { ...nothingThere, ...facts });

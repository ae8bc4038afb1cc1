import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import type { WorkloadInputs } from './inputs.ts';
import { podHost, ports } from '../model/names.ts';
import { hasStaticSeal } from '../model/seal.ts';
import { paths } from './paths.ts';
import { sealConfiguration } from './seal.ts';

/**
 * Raft timing for production, not OpenBao's defaults: a killed leader is replaced in 1-3 s instead of 5-10
 * (docs/facts/openbao-measured.md, section 5).
 */
export function raftTiming({ spec }: OpenBaoCluster) {
  const raft = spec.configuration?.raft ?? {};
  return {
    performanceMultiplier: raft.performanceMultiplier ?? 1,
    autopilotReconcileInterval: raft.autopilotReconcileInterval ?? '1s',
    autopilotUpdateInterval: raft.autopilotUpdateInterval ?? '500ms',
    serverStabilizationTime: raft.serverStabilizationTime ?? '3s',
  };
}

export const usesTls = ({ spec }: OpenBaoCluster): boolean => spec.tls?.enabled !== false;

/** A member's API address, as its certificate carries it. */
export function apiAddress(cluster: OpenBaoCluster, pod: string): string {
  const { name = '', namespace = '' } = cluster.metadata;
  return `${usesTls(cluster) ? 'https' : 'http'}://${podHost(name, namespace, pod)}:${ports.api}`;
}

/**
 * OpenBao's configuration, one for all members of a set: node id and addresses come from the environment (form
 * verified on 2.4.4 and 2.5.5: docs/facts/openbao-measured.md, section 1).
 *
 * @param toJoin the pods that a member without data asks to let it join
 */
export function configuration(
  { cluster, joinsWithoutVote }: Pick<WorkloadInputs, 'cluster' | 'joinsWithoutVote'>,
  toJoin: readonly string[],
): object {
  const timing = raftTiming(cluster);
  // All, by fixed addresses: nobody has to be Ready to be found, and who has data ignores it.
  const retryJoin = toJoin.map((pod) => ({
    leader_api_addr: apiAddress(cluster, pod),
    ...(usesTls(cluster) ? { leader_ca_cert_file: `${paths.tls}/ca.crt` } : {}),
  }));
  const raft = {
    path: paths.data,
    performance_multiplier: String(timing.performanceMultiplier),
    autopilot_reconcile_interval: timing.autopilotReconcileInterval,
    autopilot_update_interval: timing.autopilotUpdateInterval,
    retry_join: retryJoin,
    ...(joinsWithoutVote ? { retry_join_as_non_voter: true } : {}),
  };
  return {
    storage: { raft },
    listener: [{ tcp: listener(cluster) }],
    // Another seal goes with the pod: see sealEnvironment.
    ...(hasStaticSeal(cluster) ? sealConfiguration(cluster) : {}),
    service_registration: { kubernetes: {} },
    ui: false,
  };
}

/** Without a host it listens on IPv4 and IPv6, as far as the node has them. */
const listener = (cluster: OpenBaoCluster) => ({
  address: `:${ports.api}`,
  cluster_address: `:${ports.cluster}`,
  // A request in flight holds up a step-down at most this long; a snapshot must fit in.
  max_request_duration: '90s',
  ...(usesTls(cluster)
    ? { tls_cert_file: `${paths.tls}/tls.crt`, tls_key_file: `${paths.tls}/tls.key` }
    : { tls_disable: true }),
});

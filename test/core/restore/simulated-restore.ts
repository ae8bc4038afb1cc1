import { actionAnnotation, operationAnnotation } from '../../../src/api/labels.ts';
import type { Job } from '../../../src/api/kubernetes.ts';
import type { OpenBaoCluster, OpenBaoClusterStatus } from '../../../src/api/openbaocluster.ts';
import type { OpenBaoRestore, OpenBaoRestoreSpec } from '../../../src/api/openbaorestore.ts';
import type { DecidedEvent } from '../../../src/core/model/effect.ts';
import { decideRestore } from '../../../src/core/restore/decide.ts';
import type { RestoreDecision, RestoreEffect } from '../../../src/core/restore/decision.ts';
import type { RestoreObservation } from '../../../src/core/restore/observation.ts';
import { context, jobAsRead, raftOf, settledCluster, start } from '../../support/observation.ts';
import { wrongRestore } from '../../support/status-rules.ts';

interface SimulatedJob {
  readonly uid: string;
  readonly action: string;
  readonly operationId: string;
  readonly createdAt: number;
  suspended: boolean;
  outcome: 'running' | 'succeeded' | 'failed';
  message?: string;
}

/** Milliseconds that a Job takes, and the restart of all members. */
const durations = { job: 1_000, restart: 3_000 };

export const snapshot = 'bao/prod/pre-upgrade-2.5.4-k3v9x0q2ab.snap';

/**
 * A cluster, its Jobs and one restore in miniature, for decisions alone. What the cluster's own controller does
 * about a restore is told in three lines here, and tested where it is decided.
 */
export class SimulatedRestore {
  now = start;
  restore: OpenBaoRestore;
  cluster: OpenBaoCluster | undefined;
  readonly jobs = new Map<string, SimulatedJob>();
  /** Whose data the cluster has. */
  data: 'later' | 'snapshot' = 'later';
  /** How often the data was replaced. */
  restores = 0;
  restarts = 0;
  /** Whom the list in the snapshot takes the vote of. */
  unvoted: readonly string[] = [];
  /** What Jobs of an action say instead of succeeding; `silent` says nothing. */
  readonly jobFailures = new Map<string, string>();
  readonly events: DecidedEvent[] = [];
  /** What the controller sees, when its cache is behind. */
  cache: RestoreObservation | undefined;
  private serial = 1;
  private restartedSince: number | undefined;

  constructor(spec: Partial<OpenBaoRestoreSpec> = {}) {
    this.cluster = this.versioned(
      settledCluster({ backup: { target: { provider: 'pvc', claimName: 'snapshots' } } }),
    );
    this.restore = {
      apiVersion: 'openbao.org/v1alpha1',
      kind: 'OpenBaoRestore',
      metadata: { name: 'back', namespace: 'bao', uid: 'r-1', resourceVersion: '1', generation: 1 },
      spec: { cluster: 'prod', snapshot, ...spec },
    };
  }

  get clusterStatus(): OpenBaoClusterStatus {
    return this.cluster?.status ?? {};
  }

  setCluster(status: Partial<OpenBaoClusterStatus>, spec: Partial<OpenBaoCluster['spec']> = {}): void {
    if (this.cluster === undefined) return;
    this.cluster = this.versioned({
      ...this.cluster,
      spec: { ...this.cluster.spec, ...spec },
      status: { ...this.cluster.status, ...status },
    });
  }

  /** Deletes the cluster, with its Jobs, and makes another one of its name, as it is when it runs. */
  replaceCluster(creationTimestamp = new Date(this.now).toISOString()): void {
    const spec = { backup: { target: { provider: 'pvc', claimName: 'snapshots' } } } as const;
    const metadata = { uid: `c-${this.serial++}`, creationTimestamp };
    this.cluster = this.versioned(settledCluster(spec, undefined, metadata));
    this.jobs.clear();
  }

  private versioned(cluster: OpenBaoCluster): OpenBaoCluster {
    return { ...cluster, metadata: { ...cluster.metadata, resourceVersion: String(this.serial++) } };
  }

  observe(): RestoreObservation {
    return {
      restore: this.restore,
      cluster: this.cluster,
      jobs: [...this.jobs].map(([name, job]) => jobAsRead(name, job)),
    };
  }

  /** @param survives how much of it happens before the process ends: 0 nothing, 1 the status, 2 also the first effect … */
  pass(survives = Number.POSITIVE_INFINITY): RestoreDecision {
    // The status is written at the observed version alone; what else is old is not noticed.
    const observed = { ...(this.cache ?? this.observe()), restore: this.restore };
    const { settings } = context();
    const decision = decideRestore(observed, { now: this.now, newOperationId: 'op00000001', settings });
    if (survives === 0) return decision;
    this.restore = { ...this.restore, status: decision.status };
    const wrong = wrongRestore(this.restore);
    if (wrong !== undefined) throw new Error(`${wrong}\nstatus: ${JSON.stringify(this.restore.status)}`);
    this.events.push(...decision.events);
    for (const effect of decision.effects.slice(0, survives - 1)) this.apply(effect);
    return decision;
  }

  private apply(effect: RestoreEffect): void {
    if (effect.kind === 'writeClusterStatus') {
      const { resourceVersion } = effect.cluster.metadata;
      if (this.cluster?.metadata.resourceVersion !== resourceVersion || this.cluster === undefined) return;
      this.cluster = this.versioned({ ...this.cluster, status: effect.status });
    } else if (effect.kind === 'create') this.create(effect.object);
    else if (effect.kind === 'patch' && effect.target.kind === 'Job') {
      const job = this.jobs.get(effect.target.name);
      if (job !== undefined && job.uid === effect.uid) job.suspended = false;
    } else if (effect.kind === 'patch') {
      const { metadata } = effect.patch as { metadata: { finalizers: readonly string[] } };
      this.restore = { ...this.restore, metadata: { ...this.restore.metadata, ...metadata } };
    } else throw new Error(`a restore has no effect ${effect.kind}`);
  }

  private create({
    metadata,
    spec,
  }: {
    readonly metadata?: Job['metadata'];
    readonly spec?: { readonly suspend?: boolean };
  }): void {
    const name = metadata?.name ?? '';
    if (this.jobs.has(name)) return;
    this.jobs.set(name, {
      uid: `job-${this.serial++}`,
      action: metadata?.annotations?.[actionAnnotation] ?? '',
      operationId: metadata?.annotations?.[operationAnnotation] ?? '',
      createdAt: this.now,
      suspended: spec?.suspend === true,
      outcome: 'running',
    });
  }

  /** Lets time pass, and Jobs and the cluster's own controller do what is due. */
  tick(milliseconds = 500): void {
    this.now += milliseconds;
    for (const job of this.jobs.values()) {
      if (job.outcome === 'running' && !job.suspended && this.now - job.createdAt >= durations.job)
        this.run(job);
    }
    this.runCluster();
  }

  private run(job: SimulatedJob): void {
    const said = this.jobFailures.get(job.action);
    if (said !== undefined) {
      const [reason = '', ...words] = said.split(' ');
      job.outcome = 'failed';
      if (reason === 'RestoreUnconfirmed') this.replace();
      if (reason !== 'silent')
        job.message = JSON.stringify({ outcome: 'failed', reason, message: words.join(' ') });
      return;
    }
    job.outcome = 'succeeded';
    const report = (reason: string, message: string, data: object) =>
      (job.message = JSON.stringify({ outcome: 'done', reason, message, data }));
    if (job.action === 'verify-snapshot') {
      const data = {
        name: snapshot,
        size: 20_283,
        sha256: 'abc',
        index: 83,
        storedAt: '2026-01-01T00:00:00.000Z',
      };
      report('SnapshotVerified', `${snapshot}, 20283 bytes up to index 83, is intact`, data);
    } else if (job.action === 'restore-snapshot') {
      this.replace();
      report('Restored', `${snapshot} is restored; prod-0 leads`, { index: 83 });
    } else if (job.action === 'repair-membership') {
      const promoted = this.unvoted;
      this.unvoted = [];
      this.vote();
      report('MembershipRepaired', `${promoted.join(', ')} got the vote back; 3 vote`, { promoted });
    }
  }

  private replace(): void {
    this.data = 'snapshot';
    this.restores += 1;
    this.vote();
  }

  private vote(): void {
    const { servers } = raftOf(['prod-0', 'prod-1', 'prod-2'], { nonVoters: this.unvoted });
    const voters = servers.filter(({ voter }) => voter).map(({ id }) => id);
    this.setCluster({ raft: { voters, leader: 'prod-0' } });
  }

  /** It restarts all members when it is asked to, and forgets the restore then (restored.ts). */
  private runCluster(): void {
    const { restore, operationLock, upgrade, breakGlass } = this.clusterStatus;
    const asked = restore?.restartAt !== undefined && operationLock === undefined;
    if (!asked || upgrade !== undefined || breakGlass?.active === true || this.cluster?.spec.paused === true)
      return;
    this.restartedSince ??= this.now;
    if (this.now - this.restartedSince < durations.restart || this.cluster === undefined) return;
    this.restarts += 1;
    this.restartedSince = undefined;
    const { restore: _, ...status } = this.clusterStatus;
    this.cluster = this.versioned({
      ...this.cluster,
      status: { ...status, lastRestartAt: restore.restartAt ?? '' },
    });
  }
}

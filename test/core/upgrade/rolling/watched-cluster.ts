import type { Decision } from '../../../../src/core/model/decision.ts';
import { isOlder } from '../../../../src/core/upgrade/target.ts';
import { wrongCluster } from '../../../support/status-rules.ts';
import { SimulatedCluster } from './simulated-cluster.ts';

/** A simulated cluster that ends with an error as soon as a rule that must always hold is broken. */
export class WatchedCluster extends SimulatedCluster {
  /** What was done, for the message of an error. */
  readonly log: string[] = [];
  /** Newest version that ever started on the volume of each ordinal. */
  private readonly ran = new Map<number, string>();
  /** Ordinals whose pod of the target is being taken back before it has started. */
  private readonly racing = new Set<number>();
  /** How often such a pod started all the same. */
  races = 0;
  /** Pods that were taken down by our hand and are not back yet. */
  private readonly downByUs = new Set<number>();
  /** Members that somebody has evicted, and that are not back yet. */
  private readonly evicted = new Set<number>();
  /** When a member was last lost by other hands. */
  private readonly lostAt = new Map<number, number>();
  /** When the controller last looked and let a pod be taken down, or a leader step down. */
  private permittedAt = 0;

  override pass(survives?: number): Decision {
    const before = this.status.upgrade;
    const decision = super.pass(survives);
    const after = this.status.upgrade;
    const wrong = survives === 0 ? undefined : wrongCluster(this.cluster, this.now);
    if (wrong !== undefined) this.fail(`${wrong}: ${JSON.stringify(this.status.conditions)}`);
    const permits =
      after?.currentPartition !== before?.currentPartition ||
      after?.stepDowns !== before?.stepDowns ||
      after?.targetImage !== before?.targetImage ||
      decision.effects.length > 0;
    if (permits) this.permittedAt = this.now;
    if (permits && this.cluster.spec.paused === true) this.fail('something new is started while paused');
    // A container may start, or be unsealed, between our look and the end of its pod: no look can rule that out.
    if (decision.events.some(({ reason }) => reason === 'UpgradeAborted')) {
      const ordinal = before?.currentPartition ?? this.replicas;
      if (this.pods.get(ordinal)?.up === false) this.racing.add(ordinal);
    }
    if (after?.held === true && (this.status.lastErrorReason ?? '') === '')
      this.fail('held without a reason');
    return decision;
  }

  override tick(milliseconds?: number, isSlow?: (who: string) => boolean): void {
    super.tick(milliseconds, isSlow);
    for (const ordinal of this.evicted) if (this.isBack(ordinal)) this.evicted.delete(ordinal);
    for (const ordinal of this.downByUs) if (this.isBack(ordinal)) this.downByUs.delete(ordinal);
    for (const ordinal of this.lostAt.keys()) if (this.isBack(ordinal)) this.lostAt.delete(ordinal);
  }

  /** A drain and an upgrade never have two members down: whoever comes second waits (C3). */
  override evict(ordinal: number): boolean {
    const isLetThrough = super.evict(ordinal);
    if (!isLetThrough) return false;
    const [other] = [...this.downByUs].filter((each) => each !== ordinal);
    if (other !== undefined) this.fail(`pod ${ordinal} is evicted while ${other}, taken down, is not back`);
    this.evicted.add(ordinal);
    return true;
  }

  override takeDown(ordinal: number): void {
    const isUp = this.pods.get(ordinal)?.up === true;
    const [evicted] = [...this.evicted].filter((each) => each !== ordinal);
    if (evicted !== undefined)
      this.fail(`pod ${ordinal} is taken down while ${evicted}, evicted before, is not back`);
    if (this.deadServerCleanup) this.fail(`pod ${ordinal} is taken down while dead servers are removed`);
    if (isUp && this.replicas > 1) {
      const [other] = [...this.downByUs].filter((each) => each !== ordinal);
      if (other !== undefined)
        this.fail(`pod ${ordinal} is taken down while ${other}, taken down before, is not back`);
      this.judgeQuorum(ordinal, `pod ${ordinal} is taken down`);
    }
    this.downByUs.add(ordinal);
    super.takeDown(ordinal);
  }

  override kill(ordinal: number): void {
    if (this.pods.has(ordinal)) this.lostAt.set(ordinal, this.now);
    super.kill(ordinal);
  }

  override stepsDown(at: number): void {
    const last = this.stepDowns.at(-1);
    if (last !== undefined && at - last < 15_000) this.fail(`two step-downs within ${at - last} ms`);
    super.stepsDown(at);
    const leader = this.leader ?? -1;
    const heirs = [...this.pods.keys()].filter((each) => each !== leader && this.counts(each));
    if (heirs.length === 0) this.fail('a step-down with nobody to take over');
  }

  override starts(ordinal: number, pod: Parameters<SimulatedCluster['starts']>[1]): void {
    const { version = '0.0.0', kind } = this.images.get(pod.image) ?? {};
    // Neither of them opens the data.
    if (!pod.up && (kind === 'refuses' || kind === 'sealed')) return super.starts(ordinal, pod);
    const newest = this.ran.get(ordinal);
    if (newest === version) return super.starts(ordinal, pod);
    if (newest !== undefined && isOlder(version, newest) && this.racing.has(ordinal)) {
      this.races++;
      this.ran.delete(ordinal);
    } else if (newest !== undefined && isOlder(version, newest)) {
      this.fail(`pod ${ordinal} starts ${version} on data of ${newest}`);
    }
    if (newest === undefined || isOlder(newest, version)) this.ran.set(ordinal, version);
    super.starts(ordinal, pod);
  }

  override rendered(partition: number): void {
    // The look that lets a pod go is the one at which the partition comes down.
    if (partition < this.template.partition) this.permittedAt = this.now;
    const older = this.images.get(this.revisions.get(this.currentRevision) ?? '')?.version ?? '0.0.0';
    for (let ordinal = this.template.partition; ordinal < partition; ordinal++) {
      const newest = this.ran.get(ordinal);
      if (newest !== undefined && isOlder(older, newest)) {
        this.fail(
          `the partition rises to ${partition}: pod ${ordinal} ran ${newest} and would be made anew from ${older}`,
        );
      }
    }
  }

  /** Without this one, those that replicate are a quorum; whom other hands took since we looked is not our doing. */
  private judgeQuorum(ordinal: number, what: string): void {
    const left = [...Array(this.replicas).keys()].filter(
      (each) => each !== ordinal && (this.counts(each) || (this.lostAt.get(each) ?? 0) >= this.permittedAt),
    );
    const needed = Math.floor(this.replicas / 2) + 1;
    if (left.length < needed) this.fail(`${what} and leaves ${left.length} of ${this.replicas} voters`);
  }

  private counts(ordinal: number): boolean {
    const pod = this.pods.get(ordinal);
    if (pod === undefined) return false;
    if ((this.lostAt.get(ordinal) ?? 0) >= this.permittedAt && this.lostAt.has(ordinal)) return true;
    return pod.up && pod.endsAt === undefined && (this.replicatedFrom[ordinal] ?? 0) <= this.now;
  }

  private isBack(ordinal: number): boolean {
    const pod = this.pods.get(ordinal);
    return (
      pod?.up === true &&
      pod.ready &&
      pod.endsAt === undefined &&
      (this.replicatedFrom[ordinal] ?? 0) <= this.now
    );
  }

  fail(what: string): never {
    const since = (this.now - Date.UTC(2026, 0, 2, 3, 4, 5)) / 1000;
    throw new Error(
      `${what}\nat ${since} s, after:\n  ${this.log.slice(-60).join('\n  ')}\nstatus: ${JSON.stringify(this.status)}`,
    );
  }

  /** What tells one state from another: times left out. */
  fingerprint(): string {
    const { upgrade: u, operationLock, lastErrorReason } = this.status;
    const pods = [...this.pods].map(([ordinal, { image, up, ready, endsAt }]) =>
      [
        ordinal,
        image.slice(-1),
        up,
        ready,
        endsAt !== undefined,
        (this.replicatedFrom[ordinal] ?? 0) <= this.now,
      ].join(),
    );
    const jobs = [...this.jobs.values()].map(({ action, acted, outcome }) => action + acted + outcome);
    const upgrade = [
      u?.phase,
      u?.currentPartition,
      u?.held,
      u?.targetImage,
      u?.catchUp?.length,
      u?.stepDown?.pod,
      u?.pausedAt !== undefined,
      u?.retarget?.version,
      u?.targetStarted,
      u?.completedPods,
      this.status.evictions?.allowed,
    ];
    const template = [
      this.template.image,
      this.template.partition,
      this.generation === this.observedGeneration,
      this.currentRevision === this.updateRevision,
    ];
    return JSON.stringify([
      upgrade,
      operationLock !== undefined,
      lastErrorReason,
      this.cluster.spec.version,
      pods,
      jobs,
      template,
      this.leader,
      this.budget.fingerprint(),
    ]);
  }
}

import { blueGreenPhases } from '../../../../src/api/openbaocluster.ts';
import type { KubernetesObject, StatefulSet } from '../../../../src/api/kubernetes.ts';
import type { BlueGreenUpgrade, OpenBaoClusterStatus } from '../../../../src/api/openbaocluster.ts';
import type { Decision } from '../../../../src/core/model/decision.ts';
import { endpointPropagationMs } from '../../../../src/core/model/limits.ts';
import { quorum } from '../../../../src/core/raft/quorum.ts';
import { stageOf, activeBlueGreen, isPastWayBack } from '../../../../src/core/model/blue-green.ts';
import { isAsked } from '../../../../src/core/upgrade/requests.ts';
import { isOlder } from '../../../../src/core/upgrade/target.ts';
import { greenNames, liveNames, liveRevision } from '../../../../src/core/model/members.ts';
import { start } from '../../../support/observation.ts';
import { wrongCluster } from '../../../support/status-rules.ts';
import { flagsOf, SimulatedHalves, type SimulatedJob, type SimulatedMember } from './simulated-halves.ts';

/** Which phase may follow which; in one pass several may pass by. */
const order: readonly string[] = blueGreenPhases.filter(
  (phase) => phase !== 'Idle' && stageOf(phase) !== 'back',
);

const isAboutHalves = (action: string) =>
  action.endsWith('-green') || action.endsWith('-peers') || action === 'repair-consensus';
/** Of which there may be one at a time. */
const changesRaft = (action: string) =>
  isAboutHalves(action) || ['dead-server-cleanup', 'step-down', 'remove-peer'].includes(action);

/** Two halves that end with an error as soon as a rule that must always hold is broken. */
export class WatchedHalves extends SimulatedHalves {
  /** What was done, for the message of an error. */
  readonly log: string[] = [];
  /** What is asked for, unless something else is. */
  target = '2.5.6';
  /** Newest version that ever started on each volume, by its uid. */
  private readonly ran = new Map<string, string>();
  /** Members that other hands took, and that are not back yet. */
  private readonly lost = new Set<string>();
  /** Members that were made anew by our hand, and that are not back yet. */
  private readonly rolled = new Set<string>();
  /** Members that somebody has evicted, and that are not back yet. */
  private readonly evicted = new Set<string>();
  /** Failed Jobs that something has followed from. */
  private readonly judged = new Set<string>();
  /** Nonces of incidents, each acknowledged at most once. */
  private readonly nonces = new Map<string, 'open' | 'acknowledged'>();
  /** Hooks that were started, by operation and how often a person had asked for a retry. */
  private readonly hooks = new Set<string>();
  private retries = 0;
  /** When the public Service was turned last. */
  private turnedAt = Number.NEGATIVE_INFINITY;

  override pass(survives?: number): Decision {
    const before = this.status;
    const spec = this.cluster.spec;
    const decision = super.pass(survives);
    if (survives === 0) return decision;
    const wrong = wrongCluster(this.cluster, this.now);
    if (wrong !== undefined) this.fail(`${wrong}: ${JSON.stringify(this.status.conditions)}`);
    if (decision.events.some(({ reason }) => reason === 'UpgradeRetried' || reason === 'UpgradeStarted'))
      this.retries++;
    const risky = decision.effects.filter(({ kind }) => kind !== 'patch');
    const paused = risky.filter(
      (effect) => effect.kind !== 'apply' || effect.object.kind !== 'PodDisruptionBudget',
    );
    if (paused.length > 0 && spec.paused === true)
      this.fail(`while paused: ${JSON.stringify(paused[0]).slice(0, 200)}`);
    const acts = risky.filter(({ kind }) => kind !== 'apply');
    if (acts.length > 0 && this.status.breakGlass?.active === true)
      this.fail('something is done in break glass');
    this.judgePhase(before, this.status);
    this.judgeHold(before, this.status);
    this.judgeIncident(before, this.status);
    this.judgeStart(before, this.status);
    return decision;
  }

  private judgePhase(before: OpenBaoClusterStatus, after: OpenBaoClusterStatus): void {
    const [from, to] = [activeBlueGreen(before), activeBlueGreen(after)];
    if (from === undefined || to === undefined || from.operationId !== to.operationId)
      return this.judgeEnd(before, after);
    if (from.greenRevision !== to.greenRevision || from.blueRevision !== to.blueRevision)
      this.fail('the halves move');
    const [a, b] = [stageOf(from.phase), stageOf(to.phase)];
    if (a === 'cleanup' && b !== 'cleanup') this.fail(`from Cleanup to ${to.phase}`);
    if (a === 'back' && b !== 'back') this.judgeTurn(from, to);
    if (isPastWayBack(from) && b === 'back') this.fail(`from green that leads for good to ${to.phase}`);
    if (from.upgradesGreenInPlace !== to.upgradesGreenInPlace) this.fail('green is upgraded another way');
    if ((to.greenPartition ?? Infinity) > (from.greenPartition ?? Infinity))
      this.fail('a green pod goes back');
    if (a !== 'back' && b !== 'back' && order.indexOf(to.phase) < order.indexOf(from.phase))
      this.fail(`from ${from.phase} to ${to.phase}`);
    const asked = { cluster: this.cluster };
    const { autoPromote, autoCleanup } = this.cluster.spec.upgrade?.blueGreen ?? {};
    const enters = (phase: string) => from.phase !== phase && to.phase === phase;
    if (enters('Promoting') && autoPromote === false && !isAsked(asked, before, 'promote'))
      this.fail('nobody asked to promote');
    if (enters('Promoting') && to.greenVersion !== this.cluster.spec.version)
      this.fail('the spec asks for another target');
    if (enters('Cleanup')) {
      if (autoCleanup === false && !isAsked(asked, before, 'cleanup')) this.fail('nobody asked for Cleanup');
      const { leader = '', voters } = this.raft;
      if (!this.half('green').includes(leader)) this.fail(`Cleanup begins while ${leader} leads`);
      if (voters.some((id) => this.half('blue').includes(id))) this.fail('Cleanup begins while blue votes');
    }
    if (from.phase === 'UpgradingGreen' && b !== 'back') this.judgeUpgraded(to);
    if (['Promoting', 'UpgradingGreen', 'DemotingBlue'].includes(to.phase) && this.deadServerCleanup)
      this.fail('dead servers are removed while votes move');
  }

  /** A way back that came too late goes forward again: green leads for good, and blue has lost votes. */
  private judgeTurn(
    { phase }: { readonly phase: string },
    to: { readonly phase: string } & BlueGreenUpgrade,
  ): void {
    const { leader = '', voters } = this.raft;
    const isLate =
      to.upgradesGreenInPlace === true &&
      this.half('green').includes(leader) &&
      this.half('blue').some((id) => !voters.includes(id));
    if (!isLate || stageOf(to.phase as 'Cleanup') !== 'late') this.fail(`from ${phase} to ${to.phase}`);
  }

  /** Nobody of blue loses its vote before all of green run the target. */
  private judgeUpgraded({ phase, greenVersion }: BlueGreenUpgrade): void {
    if (this.half('blue').some((id) => this.raft.flagged.has(id))) this.fail(`blue is demoted in ${phase}`);
    if (phase === 'UpgradingGreen') return;
    const old = this.half('green').filter((id) => this.versionOf(id) !== greenVersion);
    if (old.some((id) => this.pods.has(id) && !this.lost.has(id)))
      this.fail(`${old.join(', ')} do not run the target in ${phase}`);
  }

  private judgeEnd(before: OpenBaoClusterStatus, after: OpenBaoClusterStatus): void {
    const isIdle =
      after.upgrade === undefined && activeBlueGreen(after) === undefined && after.scaling === undefined;
    if (isIdle && after.operationLock !== undefined)
      this.fail('no operation is in progress, but the lock is held');
    const ended = activeBlueGreen(before);
    if (ended === undefined || activeBlueGreen(after) !== undefined) return;
    if (after.breakGlass?.active === true) this.fail('it ends in break glass');
    const { phase } = ended;
    if (phase !== 'Cleanup' && stageOf(phase) !== 'back') this.fail(`it ends in ${phase}`);
    const isForward = phase === 'Cleanup';
    if (after.currentVersion !== (isForward ? ended.greenVersion : ended.blueVersion))
      this.fail(`currentVersion is ${after.currentVersion}`);
    const available = after.conditions?.find(({ type }) => type === 'Available');
    if (available?.reason === 'LeaderUnknown' && this.raft.leader !== undefined)
      this.fail('it ends, and its own members are not known');
    const kept = this.half('blue');
    // The names are those of after: what is left is blue by now.
    const voters = this.raft.voters.filter((id) => !this.raft.flagged.has(id));
    if (voters.some((id) => !kept.includes(id))) this.fail(`it ends, but ${voters.join(', ')} vote`);
    for (const id of this.raft.servers.keys())
      if (!kept.includes(id)) this.fail(`it ends, but ${id} is a member`);
    for (const id of kept) {
      if (!this.raft.servers.has(id)) this.fail(`it ends, but ${id} is not a member`);
      if (this.raft.flagged.has(id)) this.fail(`it ends, but ${id} may not vote`);
    }
    for (const name of this.sets.keys())
      if (name !== liveNames(this.cluster).statefulSet) this.fail(`it ends, but ${name} is left`);
  }

  private judgeHold(before: OpenBaoClusterStatus, after: OpenBaoClusterStatus): void {
    const isHeld =
      after.blueGreen?.held === true || after.upgrade?.held === true || after.breakGlass?.active === true;
    if (isHeld && ((after.lastErrorReason ?? '') === '' || (after.lastErrorMessage ?? '').length < 20))
      this.fail('held without a reason');
    const is = (type: string) => after.conditions?.find((each) => each.type === type)?.status === 'True';
    if (isHeld && !(is('Stalled') && is('Degraded') && !is('Ready')))
      this.fail('held, but the conditions do not say so');
    if ((after.breakGlass?.active === true) !== is('BreakGlass'))
      this.fail('the condition BreakGlass is wrong');
    const failures = after.blueGreen?.jobFailures ?? 0;
    const counts = activeBlueGreen(after) !== undefined && failures > (before.blueGreen?.jobFailures ?? 0);
    const breaks =
      after.breakGlass?.nonce !== before.breakGlass?.nonce &&
      !(after.breakGlass?.message ?? '').includes('waited since');
    if (!counts && !breaks) return;
    const { lastJobFailure = '' } = after.blueGreen ?? {};
    const id = `${lastJobFailure} ${this.jobs.get(lastJobFailure)?.uid ?? 'gone'}`;
    if (this.judged.has(id)) this.fail(`the failure of Job ${lastJobFailure} counts twice`);
    this.judged.add(id);
  }

  private judgeIncident(
    { breakGlass: before }: OpenBaoClusterStatus,
    { breakGlass: after }: OpenBaoClusterStatus,
  ): void {
    const nonce = after?.nonce ?? '';
    if (after?.active === true) {
      if (before?.active === true && before.nonce !== nonce) this.fail('an open incident gets another nonce');
      if (this.nonces.get(nonce) === 'acknowledged') this.fail('a nonce is used again');
      if (
        nonce === '' ||
        (after.steps ?? []).length < 4 ||
        (after.reason ?? '') === '' ||
        (after.message ?? '') === ''
      )
        this.fail('an incident says too little');
      this.nonces.set(nonce, 'open');
    }
    if (before?.active === true && after?.active !== true) {
      if (this.cluster.spec.breakGlassAck !== before.nonce) this.fail('it ends without its acknowledgement');
      if (this.nonces.get(before.nonce ?? '') === 'acknowledged') this.fail('acknowledged twice');
      this.nonces.set(before.nonce ?? '', 'acknowledged');
      if ((after?.history ?? []).filter((each) => each.nonce === before.nonce).length !== 1)
        this.fail('the history does not say who acknowledged');
    }
  }

  private judgeStart(before: OpenBaoClusterStatus, { upgrade }: OpenBaoClusterStatus): void {
    if (upgrade === undefined || upgrade.operationId === before.upgrade?.operationId) return;
    const { rejectedTarget } = before.blueGreen ?? {};
    const isSame =
      rejectedTarget?.version === upgrade.targetVersion && rejectedTarget?.image === upgrade.targetImage;
    const isBlueGreen =
      this.cluster.spec.upgrade?.strategy === 'BlueGreen' && upgrade.fromVersion !== upgrade.targetVersion;
    if (isSame && isBlueGreen && !isAsked({ cluster: this.cluster }, before, 'retry'))
      this.fail('what was given up is tried again');
  }

  override tick(milliseconds?: number, isSlow?: (who: string) => boolean): void {
    super.tick(milliseconds, isSlow);
    for (const id of this.lost) if (this.isReplicated(id)) this.lost.delete(id);
    for (const those of [this.rolled, this.evicted])
      for (const id of those) if (this.isBack(id) || !this.raft.servers.has(id)) those.delete(id);
    const { voters, votersUp } = this.raft;
    const taken = voters.filter((id) => !votersUp.includes(id) && !this.lost.has(id) && !this.isBroken(id));
    if (!this.raft.hasQuorum && taken.length > 0)
      this.fail(`${taken.join(', ')} of the voters ${voters.join(', ')} were taken, and quorum with them`);
    for (const [name, { ready, set }] of this.pods) {
      const serves = ready && this.sets.get(set)?.revision === this.service;
      if (serves && !this.raft.servers.has(name)) this.fail(`clients are sent to ${name}, which was removed`);
    }
    const { phase } = activeBlueGreen(this.status) ?? {};
    const isGreens = phase === 'Cleanup' || isPastWayBack(this.status.blueGreen ?? {});
    if (!isGreens && this.service !== liveRevision(this.status))
      this.fail(`clients are sent to ${this.service} in ${phase ?? 'Idle'}`);
  }

  private isBack(id: string): boolean {
    return this.isReplicated(id) && this.pods.get(id)?.ready === true;
  }

  /** Its image does not run any more: no hand of ours. */
  private isBroken(id: string): boolean {
    const pod = this.pods.get(id);
    return pod !== undefined && this.images.get(pod.image)?.kind !== 'good';
  }

  override kill(name: string): void {
    if (this.pods.has(name)) this.lost.add(name);
    super.kill(name);
  }

  /** A drain and a roll never have two members down: whoever comes second waits (C3). */
  override evict(name: string): boolean {
    const isLetThrough = super.evict(name);
    if (!isLetThrough) return false;
    const other = [...this.rolled].find((each) => each !== name);
    if (other !== undefined) this.fail(`${name} is evicted while ${other}, made anew, is not back`);
    this.evicted.add(name);
    this.lost.add(name);
    return true;
  }

  /** The network is slow: no follower hears from the leader for a while. */
  lag(milliseconds: number): void {
    for (const id of this.raft.servers.keys()) {
      if (id === this.raft.leader) continue;
      this.replicatedFrom.set(id, this.now + milliseconds);
      this.lost.add(id);
    }
  }

  // What our hand does to Kubernetes.

  override createJob(object: KubernetesObject): void {
    const name = object.metadata?.name ?? '';
    if (this.jobs.has(name)) return super.createJob(object);
    super.createJob(object);
    const job = this.jobs.get(name);
    if (job === undefined) return;
    if (this.cluster.spec.paused === true || this.status.breakGlass?.active === true)
      this.fail(`Job ${name} is created`);
    if (isAboutHalves(job.action)) {
      const [blue, green] = [flagsOf(job, 'blue'), flagsOf(job, 'green')];
      if (blue.join() !== this.half('blue').join() || green.join() !== this.half('green').join())
        this.fail(`Job ${name} is about ${blue.join()} and ${green.join()}`);
    }
    if (changesRaft(job.action)) {
      const other = [...this.jobs.values()].find(
        (each) => each !== job && each.outcome === 'running' && changesRaft(each.action),
      );
      if (other !== undefined) this.fail(`Job ${name} is created beside ${other.name}`);
    }
    if (job.action === 'remove-blue-peers' && this.service !== this.status.blueGreen?.greenRevision)
      this.fail('blue is to be removed while clients are sent to it');
    if (job.action === 'pre-promotion-hook') {
      const run = `${job.operationId} ${this.retries}`;
      if (this.hooks.has(run)) this.fail('the hook is run again');
      this.hooks.add(run);
    }
  }

  override applyChild(object: KubernetesObject): void {
    const { name = '' } = object.metadata ?? {};
    const { spec } = object as StatefulSet;
    const found = this.sets.get(name);
    const current = activeBlueGreen(this.status);
    if (object.kind === 'Service') this.turnedAt = this.now;
    if (object.kind === 'StatefulSet' && current !== undefined) {
      const image = spec?.template?.spec?.containers?.[0]?.image;
      const isBlue = name === liveNames(this.cluster).statefulSet;
      if (!isBlue && name !== greenNames(this.cluster)?.statefulSet)
        this.fail(`a StatefulSet ${name} is applied`);
      if (isBlue && (image !== current.blueImage || spec?.replicas !== current.blueReplicas))
        this.fail('blue is changed');
      const isOld = current.upgradesGreenInPlace === true && current.greenPartition === undefined;
      const greens = isOld ? current.blueImage : current.greenImage;
      if (!isBlue && (image !== greens || spec?.replicas !== current.blueReplicas))
        this.fail('green is another one');
      if (found === undefined && isBlue) this.fail('blue is made anew');
    }
    super.applyChild(object);
  }

  override deleteSet(name: string): void {
    const { phase } = activeBlueGreen(this.status) ?? {};
    const isBlue = name === liveNames(this.cluster).statefulSet;
    if (phase !== (isBlue ? 'Cleanup' : 'RollbackCleanup'))
      this.fail(`StatefulSet ${name} is deleted in ${phase ?? 'Idle'}`);
    for (const [pod, { set }] of this.pods) if (set === name) this.judgeStopping(pod);
    super.deleteSet(name);
  }

  override deletePod(name: string): void {
    const pod = this.pods.get(name);
    const set = this.sets.get(pod?.set ?? '');
    const isRolled =
      pod !== undefined && set !== undefined && pod.ordinal >= set.partition && pod.template !== set.update;
    if (activeBlueGreen(this.status) !== undefined && !isRolled) this.judgeStopping(name);
    else {
      const other = [...this.evicted].find((each) => each !== name);
      if (other !== undefined) this.fail(`${name} is taken down while ${other}, evicted before, is not back`);
      this.rolled.add(name);
      const left = this.raft.voters.filter(
        (id) => id !== name && (this.isReplicated(id) || this.lost.has(id)),
      );
      if (activeBlueGreen(this.status) !== undefined && !this.half('green').includes(name))
        this.fail(`${name} of blue is made anew`);
      if (this.replicas > 1 && left.length < quorum(this.raft.voters.length))
        this.fail(`${name} is taken down and leaves ${left.join(', ')}`);
      this.lost.add(name);
    }
    super.deletePod(name);
  }

  /** Whoever stops for good votes no more. Green was removed before; blue has no clients any more, of any node. */
  private judgeStopping(pod: string): void {
    if (this.raft.voters.includes(pod)) this.fail(`${pod} votes, and is taken down`);
    if (!this.half('blue').includes(pod)) this.judgeForgotten(pod);
    else if (this.service === liveRevision(this.status) || this.now - this.turnedAt < endpointPropagationMs)
      this.fail(`${pod} is taken down, and some node may still send clients to it`);
  }

  private judgeForgotten(pod: string): void {
    if (this.raft.servers.has(pod)) this.fail(`${pod} is a member, and is taken down`);
  }

  override deleteVolume(pod: string): void {
    const { phase } = activeBlueGreen(this.status) ?? {};
    const isBlue = this.half('blue').includes(pod);
    const isAllowed = isBlue
      ? phase === 'Cleanup' && (this.cluster.spec.deletionPolicy ?? 'Retain') !== 'Retain'
      : phase === 'RollbackCleanup';
    if (!isAllowed) this.fail(`the volume of ${pod} is deleted in ${phase ?? 'Idle'}`);
    if (this.pods.has(pod)) this.fail(`the volume of ${pod} is deleted before its pod is gone`);
    this.judgeForgotten(pod);
    super.deleteVolume(pod);
  }

  override starts(name: string, pod: SimulatedMember): void {
    const version = this.images.get(pod.image)?.version ?? '0.0.0';
    const volume = this.volumes.get(name)?.uid ?? '';
    const newest = this.ran.get(volume);
    if (newest !== undefined && isOlder(version, newest))
      this.fail(`${name} starts ${version} on data of ${newest}`);
    this.ran.set(volume, version);
    super.starts(name, pod);
  }

  // What our hand does to Raft.

  override change(job: SimulatedJob, kind: 'promote' | 'demote' | 'remove', id: string): void {
    const { raft } = this;
    if (![...this.half('blue'), ...this.half('green')].includes(id))
      this.fail(`${job.name} asks to ${kind} ${id}`);
    if (kind === 'remove') {
      if (raft.voters.includes(id) || raft.leader === id) this.fail(`${id} is removed, and votes`);
      const { phase } = activeBlueGreen(this.status) ?? {};
      const isBlue = this.half('blue').includes(id);
      if (phase !== (isBlue ? 'Cleanup' : 'RollbackCleanup'))
        this.fail(`${id} is removed in ${phase ?? 'Idle'}`);
      const pod = this.pods.get(id);
      if (isBlue && pod !== undefined && pod.endsAt === undefined)
        this.fail(`${id} is removed, and goes on serving what it has`);
    }
    if (kind === 'promote' && !this.isHeard(id)) this.fail(`${job.name} asks in vain to promote ${id}`);
    // The way back does not wait for a blue member that is down: nothing is safer than what blue alone will be.
    const enough = Math.min(1, this.margin(), job.action === 'repair-consensus' ? this.marginOfBlue() : 1);
    super.change(job, kind, id);
    const after = this.margin();
    if (after < enough)
      this.fail(`${job.name} asks to ${kind} ${id}, and ${after} failures are survivable, not ${enough}`);
  }

  private marginOfBlue(): number {
    const blue = this.half('blue');
    return blue.filter((id) => this.isUp(id)).length - quorum(blue.length);
  }

  /** How many more of those that vote, and are to go on voting, may fail. */
  private margin(): number {
    const { raft } = this;
    const firm = [...raft.servers]
      .filter(([id, { voter }]) => (voter || this.isPending(id)) && !raft.flagged.has(id))
      .map(([id]) => id);
    return firm.filter((id) => this.isUp(id)).length - quorum(firm.length);
  }

  /** Autopilot gives it its vote at the next round. */
  private isPending(id: string): boolean {
    return this.isUp(id) && !this.raft.flagged.has(id);
  }

  override stepDown(job: SimulatedJob, pod: string): void {
    const last = this.stepDowns.at(-1);
    if (last !== undefined && this.now - last < 15_000)
      this.fail(`two step-downs within ${this.now - last} ms`);
    if (!this.raft.votersUp.some((id) => id !== pod)) this.fail('a step-down with nobody to take over');
    super.stepDown(job, pod);
  }

  fail(what: string): never {
    const since = (this.now - start) / 1000;
    const { conditions: _, ...status } = this.status;
    const raft = `voters ${this.raft.voters.join(' ')}, members ${[...this.raft.servers.keys()].join(' ')}, leader ${this.raft.leader}, flagged ${[...this.raft.flagged].join(' ')}`;
    throw new Error(
      `${what}\nat ${since} s, after:\n  ${this.log.slice(-60).join('\n  ')}\n${raft}\nstatus: ${JSON.stringify(status)}`,
    );
  }

  /** What tells one state from another: times and names left out. */
  fingerprint(): string {
    const { upgrade, blueGreen: b, breakGlass, lastErrorReason, operationLock } = this.status;
    const letter = (id: string) =>
      (this.half('green').includes(id) ? 'g' : 'b') + (id.split('-').at(-1) ?? '');
    const pods = [...this.pods].map(([name, { runs, ready, endsAt, image }]) =>
      [letter(name), image.slice(-1), runs, ready, endsAt !== undefined, this.isReplicated(name)].join(),
    );
    const servers = [...this.raft.servers].map(
      ([id, { voter }]) => `${letter(id)}${voter}${this.raft.flagged.has(id)}`,
    );
    const jobs = [...this.jobs.values()]
      .filter(({ outcome }) => outcome === 'running')
      .map(({ action, asked }) => action + asked.length);
    return JSON.stringify([
      upgrade?.phase,
      [
        b?.phase,
        b?.held,
        b?.pausedAt !== undefined,
        b?.jobFailures,
        b?.greenPartition,
        b?.rollbackReason?.split(':')[0],
        b?.rejectedTarget !== undefined,
      ],
      [breakGlass?.active, breakGlass?.history?.length],
      [lastErrorReason, operationLock !== undefined, this.cluster.spec.paused, this.cluster.spec.version],
      this.status.evictions?.allowed,
      [pods, servers, letter(this.raft.leader ?? '-'), jobs, this.orphans.length],
      [this.sets.size, this.volumes.size, this.service === b?.greenRevision, this.deadServerCleanup],
    ]);
  }
}

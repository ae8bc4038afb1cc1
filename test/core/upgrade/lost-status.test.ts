import type { KubernetesObject } from '../../../src/api/kubernetes.ts';
import { revisionLabel } from '../../../src/api/labels.ts';
import type { OpenBaoClusterSpec, OpenBaoClusterStatus } from '../../../src/api/openbaocluster.ts';
import { activeBlueGreen } from '../../../src/core/model/blue-green.ts';
import { defaultDeadlines } from '../../../src/core/model/decision.ts';
import { withInitialized } from '../../../src/core/model/cluster-ids.ts';
import { liveNames } from '../../../src/core/model/members.ts';
import { withPinnedTemplate } from '../../../src/core/upgrade/rolling/pinned-template.ts';
import { setName } from '../../../src/core/model/names.ts';
import { quorum } from '../../../src/core/raft/quorum.ts';
import { isOlder } from '../../../src/core/upgrade/target.ts';
import { selfInitializes } from '../../../src/core/workload/inputs.ts';
import { start } from '../../support/observation.ts';
import { copied, Course, Outcomes } from '../../support/courses.ts';
import { sized } from '../../support/walks.ts';
import { SimulatedHalves, type SimulatedMember } from './bluegreen/simulated-halves.ts';

/** Shorter than in production, so that every hold is seen. */
const deadlines = {
  ...defaultDeadlines,
  preChecks: 120_000,
  replacing: 120_000,
  catchingUp: 120_000,
  scaling: 120_000,
  deployingGreen: 120_000,
  syncing: 120_000,
  swapping: 240_000,
  removing: 180_000,
};

/** A world in which what must never come of a lost status is an error. Nothing here asks the status. */
class Unforgetting extends SimulatedHalves {
  readonly log: string[] = [];
  /** Newest version that ever started on each volume, by its uid. */
  private readonly ran = new Map<string, string>();
  private isLost = false;

  constructor(spec: Partial<OpenBaoClusterSpec>) {
    super({ leader: 1, deadServerCleanup: true, settings: { deadlines }, spec });
    for (const { uid } of this.volumes.values()) this.ran.set(uid, '2.5.5');
  }

  forget(what: string, status: OpenBaoClusterStatus): void {
    this.log.push(`${(this.now - start) / 1000} s: ${what}`);
    this.isLost = true;
    this.cluster = { ...this.cluster, status };
  }

  override starts(name: string, pod: SimulatedMember): void {
    const version = this.images.get(pod.image)?.version ?? '0.0.0';
    const { uid = '', stamp, attempted } = this.volumes.get(name) ?? {};
    const newest = this.ran.get(uid);
    if (newest !== undefined && isOlder(version, newest))
      this.fail(`${name} starts ${version} on data of ${newest}`);
    // Were the cluster deleted now and created again, its volumes alone would say what may have opened them.
    const isWritten = [stamp, attempted].some((text) => typeof text === 'string' && !isOlder(text, version));
    if (newest !== undefined && newest !== version && !isWritten)
      this.fail(`${name} starts ${version}, and its volume says ${stamp} and ${attempted}`);
    this.ran.set(uid, version);
    super.starts(name, pod);
  }

  override deletePod(name: string): void {
    const { raft } = this;
    const left = raft.votersUp.filter((id) => id !== name);
    if (raft.votersUp.includes(name) && left.length < quorum(raft.voters.length))
      this.fail(`${name} is taken down and leaves ${left.join()}`);
    super.deletePod(name);
  }

  override deleteSet(name: string): void {
    const voters = this.raft.voters.filter((id) => this.pods.get(id)?.set === name);
    if (voters.length > 0) this.fail(`${name} is deleted, and ${voters.join()} vote`);
    super.deleteSet(name);
  }

  override deleteVolume(pod: string): void {
    if (this.raft.servers.has(pod)) this.fail(`the volume of ${pod} is deleted, and it is a member`);
    super.deleteVolume(pod);
  }

  override applyChild(object: KubernetesObject): void {
    const { name = '', labels } = object.metadata ?? {};
    const revision = labels?.[revisionLabel] ?? '';
    const isMembers = [...this.raft.servers.keys()].some((id) =>
      id.startsWith(`${setName('prod', revision)}-`),
    );
    const isNewHalf = activeBlueGreen(this.status)?.phase === 'DeployingGreen';
    if (object.kind === 'ConfigMap') this.fail('self-initialization is offered beside data');
    if (object.kind === 'Service' && !isMembers)
      this.fail(`clients are sent to ${revision}, of which nobody is a member`);
    if (object.kind === 'StatefulSet' && !isMembers && !isNewHalf && this.isLost)
      this.fail(`${name} is made beside the members ${[...this.raft.servers.keys()].join()}`);
    super.applyChild(object);
  }

  protected override drifted(cached: Parameters<SimulatedHalves['drifted']>[0]): readonly KubernetesObject[] {
    const claims = cached.claims.kind === 'known' ? cached.claims.value : [];
    const sets = [cached.statefulSet, cached.greenStatefulSet];
    const live = sets.flatMap((set) => (set?.kind === 'known' ? (set.value ?? []) : []));
    // As the controller does (src/controller/kinds/openbaocluster.ts); what is the same afterwards is no drift.
    const rendered = super.drifted(cached).flatMap((object) => {
      const set = live.find(({ metadata }) => metadata.name === object.metadata?.name);
      return [
        object.metadata?.name === liveNames(this.cluster).statefulSet
          ? withPinnedTemplate(object, set, withInitialized(this.status, claims))
          : object,
      ];
    });
    return selfInitializes(this.cluster, claims)
      ? [
          { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'prod-config', namespace: 'bao' } },
          ...rendered,
        ]
      : rendered;
  }

  fail(what: string): never {
    const { conditions: _, ...status } = this.status;
    const raft = `voters ${this.raft.voters.join()}, members ${[...this.raft.servers.keys()].join()}, leader ${this.raft.leader}`;
    const sets = [...this.sets].map(([name, { image, partition, replicas }]) =>
      [name, image, partition, replicas].join(' '),
    );
    throw new Error(
      `${what}\nat ${(this.now - start) / 1000} s, after:\n  ${this.log.join('\n  ')}\n${raft}\nsets ${sets.join('; ')}\npods ${[...this.pods].map(([name, { image }]) => `${name} ${image.slice(-5)}`).join(', ')}\nstatus: ${JSON.stringify(status)}`,
    );
  }

  fingerprint(): string {
    const { upgrade, blueGreen, scaling, lastErrorReason } = this.status;
    const pods = [...this.pods].map(([name, { image, ready, endsAt }]) =>
      [name.slice(-6), image.slice(-1), ready, endsAt !== undefined].join(),
    );
    return JSON.stringify([
      upgrade?.phase,
      upgrade?.currentPartition,
      blueGreen?.phase,
      scaling?.step,
      lastErrorReason,
      pods,
      this.raft.voters.length,
      this.raft.leader?.slice(-3),
    ]);
  }
}

const scenes: Readonly<Record<string, () => Unforgetting>> = {
  'a rolling upgrade': () => running({ upgrade: { strategy: 'RollingUpdate' } }, { version: '2.5.6' }),
  'a restart': () => running({}, { maintenance: { restartAt: '2026-01-02T03:00:00Z' } }),
  'a blue-green upgrade': () => running({ upgrade: { strategy: 'BlueGreen' } }, { version: '2.5.6' }),
  'another one after it': () => {
    const world = running({ upgrade: { strategy: 'BlueGreen' } }, { version: '2.5.6' });
    for (let turn = 0; turn < 300 && !hasArrived(world); turn++) step(world);
    for (let turn = 0; turn < 12; turn++) step(world);
    world.spec({ version: '2.5.7' });
    return world;
  },
  'a rolling one after it': () => {
    const world = running({ upgrade: { strategy: 'BlueGreen' } }, { version: '2.5.6' });
    for (let turn = 0; turn < 300 && !hasArrived(world); turn++) step(world);
    for (let turn = 0; turn < 12; turn++) step(world);
    world.spec({ version: '2.5.7', upgrade: { strategy: 'RollingUpdate' } });
    return world;
  },
  'more members': () => running({}, { replicas: 5 }),
};

function running(spec: Partial<OpenBaoClusterSpec>, asked: Partial<OpenBaoClusterSpec>): Unforgetting {
  const world = new Unforgetting(spec);
  for (let turn = 0; turn < 2; turn++) step(world);
  world.spec(asked);
  return world;
}

function step(world: Unforgetting, seen?: Set<string>): void {
  world.pass();
  seen?.add(world.fingerprint());
  world.tick(1_000);
}

/** Everybody runs what is asked for, votes, and nobody else is there. */
function hasArrived(world: Unforgetting): boolean {
  const { version, replicas, maintenance } = world.cluster.spec;
  const { upgrade, scaling, currentVersion, lastRestartAt } = world.status;
  return (
    upgrade === undefined &&
    scaling === undefined &&
    activeBlueGreen(world.status) === undefined &&
    currentVersion === version &&
    lastRestartAt === maintenance?.restartAt &&
    world.sets.size === 1 &&
    world.pods.size === replicas &&
    world.raft.voters.length === replicas &&
    [...world.pods.values()].every(({ image, ready: isReady }) => isReady && image.endsWith(`:${version}`))
  );
}

const isStalled = ({ status }: Unforgetting): boolean =>
  status.conditions?.some(({ type, status: is }) => type === 'Stalled' && is === 'True') === true;

/** The same end as without the loss, or a hold with its reason. */
function settle(world: Unforgetting, seen: Set<string>): string {
  let stalledFor = 0;
  for (let turn = 0; turn < 900; turn++) {
    step(world, seen);
    if (hasArrived(world)) return 'the same end';
    stalledFor = isStalled(world) ? stalledFor + 1 : 0;
    if (stalledFor > 150) return `held: ${world.status.lastErrorReason}`;
  }
  return world.fail('it neither ends nor holds');
}

type Loss = readonly [what: string, status: OpenBaoClusterStatus];

/** The status lost whole, lost in each field, in each part of what is under way, or put back to an earlier one. */
function losses(status: OpenBaoClusterStatus, history: readonly OpenBaoClusterStatus[]): readonly Loss[] {
  const fields = Object.keys(status) as readonly (keyof OpenBaoClusterStatus)[];
  const parts = (['upgrade', 'blueGreen', 'scaling', 'operationLock'] as const).flatMap((under) =>
    Object.keys(status[under] ?? {}).map((part): Loss => {
      const { [part]: _, ...rest } = status[under] as Readonly<Record<string, unknown>>;
      return [`status.${under}.${part} is lost`, { ...status, [under]: rest }];
    }),
  );
  return [
    ['the status is lost', {}],
    ...fields.map((field): Loss => {
      const { [field]: _, ...rest } = status;
      return [`status.${field} is lost`, rest];
    }),
    ...parts,
    ...history.map((earlier, index): Loss => [`the status is that of turn ${index}`, earlier]),
  ];
}

describe('a status that is lost, or an old one (L1)', function () {
  for (const [name, begin] of Object.entries(scenes)) {
    it(`has the same end or a hold in ${name}`, () => {
      const seen = new Set<string>();
      const ends = new Map<string, number>();
      const stride = Number(process.env['STRIDE'] ?? sized(3, 12));
      const pickOne = Number(process.env['PICK'] ?? sized(4, 25));
      let runs = 0;
      const history: OpenBaoClusterStatus[] = [];
      const course = new Course(begin(), (world) => {
        history.push(world.status);
        step(world, seen);
        return false;
      });
      const knownEnds = new Outcomes<string>();
      for (let moment = 0; moment < 400; moment += stride) {
        const world = course.at(moment);
        if (world === undefined) break;
        if (moment > 3 && hasArrived(world) && moment % 20 === 0) break;
        for (const [index, [what, status]] of losses(world.status, history).entries()) {
          if (index % pickOne !== moment % pickOne && index !== 0) continue;
          const again = copied(world);
          again.forget(`turn ${moment}, ${name}: ${what}`, status);
          const end = knownEnds.of(again, () => {
            // What is only read is there again, whichever of it was lost.
            for (let turn = 0; turn < 2; turn++) step(again, seen);
            return knownEnds.of(again, () => settle(again, seen));
          });
          ends.set(end, (ends.get(end) ?? 0) + 1);
          runs++;
        }
      }
      const told = [...ends].map(([end, count]) => `${end} ${count}`).join(', ');
      process.stdout.write(`      ${name}: ${runs} losses, ${seen.size} distinct states; ${told}\n`);
    });
  }
});

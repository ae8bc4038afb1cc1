import type { Effect } from '../../../../src/core/model/decision.ts';
import { activeBlueGreen } from '../../../../src/core/model/blue-green.ts';
import { revisionLabel } from '../../../../src/api/labels.ts';
import { start } from '../../../support/observation.ts';
import { operationCommands, optionsOf, tellBy, type Commands } from '../../../support/transcript.ts';
import type { Answer } from '../../../support/unread.ts';
import type { SimulatedImage } from '../rolling/simulated-cluster.ts';
import { WatchedHalves } from './watched-halves.ts';

/**
 * A story of a blue-green upgrade (test/support/transcript.ts). What happened is a line for each moment at which
 * something new was decided: seconds since the beginning, the phase, what it waits for, then events (`!` warns) and
 * effects (`->`); and a line for each change of votes or leadership: `b` is blue, `g` green, in brackets who has no
 * vote, `*` leads. The halves' revisions are told as green, green2, … in the order of their making.
 */
export function tell(text: string): string {
  const teller = new Teller();
  return tellBy(commands, teller, text, (line) => teller.named(line));
}

const commands: Commands<Teller> = {
  /** cluster replicas=3 leader=0 [dead-server-cleanup] [deletionPolicy=DeletePVCs] */
  cluster: (teller, words) => teller.begin(words),
  /** image 2.5.6 missing|crashes|good */
  image: (teller, [version = '', kind]) => {
    teller.world.images.set(`openbao/openbao:${version}`, { version, kind: kind as SimulatedImage['kind'] });
    return [];
  },
  /** spec version=2.5.6 paused=true replicas=5 restartAt=… strategy=RollingUpdate ack=current; the rest below */
  spec: (teller, words) => teller.change(words),
  /** blue-green autoPromote=false autoCleanup=false autoRollback=false maxJobFailures=1 minSync=30s cleanupDelay=30s hook */
  'blue-green': (teller, words) => teller.configure(words),
  /** ask promote|cleanup|rollback|retry */
  ask: (teller, [request = '']) => teller.ask(request),
  // run until=done|idle|held|break-glass|green-leads|<phase>|<action of a Job that runs>
  ...operationCommands,
  /** kill leader|blue-0|green-1: the pod goes without warning */
  kill: (teller, [who = '']) => {
    teller.world.kill(teller.podOf(who));
    return [];
  },
  /** spell sha256:…: a mutating webhook adds this digest to the image of every StatefulSet */
  spell: (teller, [digest]) => {
    teller.world.digest = digest;
    return [];
  },
  /** by-hand promote|demote|remove blue-0: a person changes Raft */
  'by-hand': (teller, [change, who = '']) => {
    const id = teller.podOf(who);
    if (change === 'promote') teller.world.raft.promote(id);
    if (change === 'demote') teller.world.raft.demote(id);
    if (change === 'remove') teller.world.raft.removePeer(id);
    return [];
  },
  /** lose-job hand-over-to-green: its Job is deleted by somebody while it runs */
  'lose-job': (teller, [action]) => {
    for (const { name, ...job } of teller.world.jobs.values()) {
      if (job.action === action && job.outcome === 'running') teller.world.loseJob(name);
    }
    return [];
  },
  /** unread leader blue-0: this answer of this member is understood no more; `unread none` ends it */
  unread: (teller, [answer = '', who = '']) => {
    const { unread } = teller.world;
    if (answer === 'none') unread.end();
    else unread.add(teller.podOf(who), answer as Answer);
    return [];
  },
  /** namespaces team-a: sealable ones, unsealed by their owners */
  namespaces: ({ world }, paths) => {
    for (const path of paths) world.namespaces.add(path);
    return [];
  },
  /** keyless green-1: no keys reach these members; `keyless none` ends it */
  keyless: (teller, who) => {
    const { keyless } = teller.world;
    keyless.clear();
    if (who[0] !== 'none') for (const each of who) keyless.add(teller.podOf(each));
    return [];
  },
  /** incident: status.breakGlass */
  incident: (teller) => teller.incident(),
};

class Teller {
  world = new WatchedHalves();
  private readonly revisions: string[] = [];
  private last = '';
  private lastMembership = '';

  begin(words: readonly string[]): readonly string[] {
    const { replicas = '3', leader = '0', deletionPolicy, ...given } = optionsOf(words);
    this.world = new WatchedHalves({
      replicas: Number(replicas),
      leader: Number(leader),
      deadServerCleanup: given['dead-server-cleanup'] === 'true',
      spec: {
        upgrade: { strategy: 'BlueGreen' },
        ...(deletionPolicy === undefined ? {} : { deletionPolicy: deletionPolicy as 'DeletePVCs' }),
      },
    });
    // What every cluster needs stands before the story begins.
    for (let turn = 0; turn < 2; turn++) this.world.pass();
    this.last = '';
    this.lastMembership = this.membership();
    return this.status();
  }

  change(words: readonly string[]): readonly string[] {
    const { version, paused, replicas, restartAt, strategy, ack } = optionsOf(words);
    const { upgrade } = this.world.cluster.spec;
    const nonce = ack === 'current' ? this.world.status.breakGlass?.nonce : ack;
    this.world.spec({
      ...(version === undefined ? {} : { version }),
      ...(paused === undefined ? {} : { paused: paused === 'true' }),
      ...(replicas === undefined ? {} : { replicas: Number(replicas) }),
      ...(restartAt === undefined ? {} : { maintenance: { restartAt } }),
      ...(nonce === undefined ? {} : { breakGlassAck: nonce }),
      ...(strategy === undefined ? {} : { upgrade: { ...upgrade, strategy: strategy as 'BlueGreen' } }),
    });
    return [];
  }

  configure(words: readonly string[]): readonly string[] {
    const { autoPromote, autoCleanup, autoRollback, maxJobFailures, minSync, cleanupDelay, hook } =
      optionsOf(words);
    const { upgrade } = this.world.cluster.spec;
    const { blueGreen } = upgrade ?? {};
    this.world.spec({
      upgrade: {
        ...upgrade,
        blueGreen: {
          ...blueGreen,
          ...(autoPromote === undefined ? {} : { autoPromote: autoPromote === 'true' }),
          ...(autoCleanup === undefined ? {} : { autoCleanup: autoCleanup === 'true' }),
          ...(autoRollback === undefined ? {} : { autoRollback: { enabled: autoRollback === 'true' } }),
          ...(maxJobFailures === undefined ? {} : { maxJobFailures: Number(maxJobFailures) }),
          verification: {
            ...blueGreen?.verification,
            ...(minSync === undefined ? {} : { minSyncDuration: minSync }),
            ...(cleanupDelay === undefined ? {} : { cleanupDelay }),
            ...(hook === undefined ? {} : { prePromotionHook: { image: 'smoke-test:1' } }),
          },
        },
      },
    });
    return [];
  }

  ask(request: string): readonly string[] {
    const { upgrade } = this.world.cluster.spec;
    this.world.spec({
      upgrade: { ...upgrade, requests: { ...upgrade?.requests, [request]: `at ${this.world.now}` } },
    });
    return [];
  }

  run(words: readonly string[]): readonly string[] {
    const { until = 'done', for: seconds = '3600' } = optionsOf(words);
    const lines: string[] = [];
    const end = this.world.now + Number(seconds) * 1_000;
    let told = 0;
    for (let quiet = 0; this.world.now < end; quiet = lines.length === told ? quiet + 1 : 0) {
      told = lines.length;
      lines.push(...this.pass());
      if (this.has(until)) return lines;
      // Where nothing has happened for long, nothing is missed by looking less often.
      this.tick(lines, quiet > 80 ? 5_000 : 500);
    }
    if (!words.some((word) => word.startsWith('for='))) this.world.fail(`never ${until}`);
    return lines;
  }

  crash(phase: string): readonly string[] {
    const lines: string[] = [];
    for (let turn = 0; turn < 2_000; turn++) {
      const next = this.phaseOf(this.world.decide().status);
      lines.push(...this.pass(next === phase ? 1 : undefined));
      if (next === phase) return [...lines, '          the controller ends here'];
      this.tick(lines);
    }
    return this.world.fail(`never in ${phase}`);
  }

  private tick(lines: string[], milliseconds = 500): void {
    this.world.tick(milliseconds);
    const membership = this.membership();
    if (membership === this.lastMembership) return;
    this.lastMembership = membership;
    lines.push(`${this.seconds()}      ${membership}`);
  }

  private phaseOf(status: WatchedHalves['status']): string {
    return activeBlueGreen(status)?.phase ?? status.upgrade?.phase ?? 'Idle';
  }

  pass(survives?: number): readonly string[] {
    const { events, effects } = this.world.pass(survives);
    const { status } = this.world;
    const { upgrade, blueGreen, breakGlass, lastErrorReason, lastErrorMessage } = status;
    const { greenRevision } = blueGreen ?? {};
    if (greenRevision !== undefined && !this.revisions.includes(greenRevision)) {
      this.revisions.push(greenRevision);
    }
    const current = activeBlueGreen(status) ?? upgrade;
    const isHeld = current?.held === true;
    const state = [
      this.phaseOf(status),
      current?.pausedAt === undefined ? '' : '(paused)',
      breakGlass?.active === true ? 'BREAK GLASS' : '',
      isHeld ? 'HELD' : current?.waitingFor === undefined ? '' : ` waits: ${current.waitingFor}`,
      current === undefined && lastErrorReason !== undefined ? `says ${lastErrorReason}` : '',
    ]
      .filter((word) => word !== '')
      .join(' ');
    const told = current === undefined ? `${state} ${lastErrorMessage ?? ''}` : state;
    const changed = told !== this.last;
    this.last = told;
    if (!changed && events.length === 0 && effects.length === 0) return [];
    return [
      `${this.seconds()}  ${state}`,
      ...events.map(({ type, reason, note }) => {
        // The message of a hold and of an incident is shown in full elsewhere.
        const isLong = reason === 'UpgradeHeld' || reason === 'BreakGlassRequired';
        return `          ${type === 'Warning' ? '!' : '*'} ${reason}: ${isLong ? lastErrorReason : note}`;
      }),
      ...(changed && lastErrorMessage !== undefined && breakGlass?.active !== true
        ? [`          ${lastErrorMessage}`]
        : []),
      ...effects.map((effect) => `          -> ${wordsOf(effect)}`),
    ];
  }

  status(): readonly string[] {
    const { world } = this;
    const { currentVersion, blueGreen, operationLock, conditions = [] } = world.status;
    const is = conditions
      .filter(({ type, status }) => (status === 'True') !== (type === 'Ready' || type === 'Available'))
      .map(({ type, status, reason }) => `${type}=${status} ${reason}`);
    const pods = [...world.pods].map(
      ([name, { image, ready }]) =>
        `          ${name}  ${image.split(':')[1]}  ${ready ? 'Ready' : 'not Ready'}`,
    );
    const changes =
      blueGreen?.leadershipChanges === undefined
        ? ''
        : `  leadership changes: ${blueGreen.leadershipChanges}`;
    return [
      `${this.seconds()}  ${this.phaseOf(world.status)}, version ${currentVersion}${operationLock === undefined ? '' : ', locked'}${changes}`,
      `          ${this.membership()}`,
      `          clients go to ${world.service}; dead servers are ${world.deadServerCleanup ? '' : 'not '}removed`,
      ...pods,
      `          volumes of ${[...world.volumes.keys()].join(', ')}`,
      ...(is.length === 0 ? [] : [`          ${is.join(', ')}`]),
    ];
  }

  incident(): readonly string[] {
    const { active, reason, message, nonce, steps = [], history = [] } = this.world.status.breakGlass ?? {};
    return [
      `          active=${active} ${reason} nonce=${nonce}`,
      `          ${message}`,
      ...steps.map((step) => `          - ${step}`),
      ...history.map(
        (each) =>
          `          ended: ${each.nonce} ${each.reason} by ${each.acknowledgedBy ?? 'a user whom the gate did not see'}`,
      ),
    ];
  }

  /** `leader`, or a color and an ordinal. */
  podOf(who: string): string {
    if (who === 'leader') return this.world.raft.leader ?? '';
    const [color, ordinal] = who.split('-');
    return this.world.half(color === 'green' ? 'green' : 'blue')[Number(ordinal)] ?? '';
  }

  /** Revisions depend on a hash: they are named. */
  named(line: string): string {
    return this.revisions.reduce(
      (text, revision, at) => text.replaceAll(revision, `green${at === 0 ? '' : at + 1}`),
      line,
    );
  }

  /** Who votes, and who leads. */
  private membership(): string {
    const { raft } = this.world;
    const green = this.world.half('green');
    const members = [...raft.servers.keys()].map((id) => {
      const name = `${green.includes(id) ? 'g' : 'b'}${id.split('-').at(-1)}`;
      const votes = raft.voters.includes(id) ? name : `(${name})`;
      return id === raft.leader ? `${votes}*` : votes;
    });
    return `votes: ${members.join(' ')}${raft.leader === undefined ? ', nobody leads' : ''}`;
  }

  private has(what: string): boolean {
    const { status, cluster } = this.world;
    const { upgrade, blueGreen, breakGlass, currentVersion, scaling } = status;
    const isIdle = upgrade === undefined && activeBlueGreen(status) === undefined && scaling === undefined;
    switch (what) {
      case 'done': {
        const isRestarted = cluster.spec.maintenance?.restartAt === status.lastRestartAt;
        return isIdle && currentVersion === cluster.spec.version && isRestarted;
      }
      case 'idle':
        return isIdle;
      case 'held':
        return upgrade?.held === true || blueGreen?.held === true;
      case 'break-glass':
        return breakGlass?.active === true;
      case 'green-leads':
        return this.world.half('green').includes(this.world.raft.leader ?? '');
      default:
        return (
          this.phaseOf(status) === what ||
          [...this.world.jobs.values()].some((job) => job.action === what && job.outcome === 'running')
        );
    }
  }

  private seconds(): string {
    return `${((this.world.now - start) / 1000).toFixed(1).padStart(6)} s`;
  }
}

function wordsOf(effect: Effect): string {
  switch (effect.kind) {
    case 'create':
    case 'apply': {
      const { kind, metadata } = effect.object;
      const to = kind === 'Service' ? ` to ${metadata?.labels?.[revisionLabel]}` : '';
      return `${effect.kind} ${kind} ${metadata?.name}${to}`;
    }
    case 'delete':
    case 'patch':
      return `${effect.kind} ${effect.target.kind} ${effect.target.name}`;
    case 'createUnsealKey':
    case 'keepUnsealKey':
    case 'deleteUnsealKey':
    case 'issueCertificates':
      return effect.kind;
    default:
      return effect satisfies never;
  }
}

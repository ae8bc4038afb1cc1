import type { Effect } from '../../../../src/core/model/decision.ts';
import type { Answer } from '../../../support/unread.ts';
import { start } from '../../../support/observation.ts';
import { operationCommands, optionsOf, tellBy, type Commands } from '../../../support/transcript.ts';
import { SimulatedCluster, type SimulatedImage } from './simulated-cluster.ts';
import { WatchedCluster } from './watched-cluster.ts';

/**
 * A story of an upgrade (test/support/transcript.ts). The commands stand in `commands` below. What happened is a
 * line for each moment at which something new was decided: seconds since the beginning, the phase with its
 * partition, what it waits for, then events (`!` warns) and effects (`->`).
 */
export const tell = (text: string): string => tellBy(commands, new Teller(), text);

const commands: Commands<Teller> = {
  /** cluster replicas=3 leader=0 [catch-up=10] [seal=transit] [version=2.6.2] */
  cluster: (teller, words) => teller.begin(words),
  /** image 2.5.6 missing|crashes|refuses|sealed|good [version=2.5.5] */
  image: (teller, [version = '', kind, says]) => {
    const said = says?.replace('version=', '') ?? version;
    teller.world.images.set(`openbao/openbao:${version}`, {
      version: said,
      kind: kind as SimulatedImage['kind'],
    });
    return [];
  },
  /** namespaces team-a team-b: sealable ones, unsealed by their owners on all members */
  namespaces: ({ world }, paths) => {
    for (const path of paths)
      world.namespaces.set(path, new Set([...world.pods.values()].map(({ uid }) => uid)));
    return [];
  },
  /** keyless 1 2: these members lose the keys and get none; `keyless none` ends it */
  keyless: ({ world }, ordinals) => {
    world.keyless.clear();
    if (ordinals[0] === 'none') return [];
    for (const ordinal of ordinals.map(Number)) {
      world.keyless.add(ordinal);
      const { uid = '' } = world.pods.get(ordinal) ?? {};
      for (const holders of world.namespaces.values()) holders.delete(uid);
    }
    return [];
  },
  /** namespaces-unread 403: nobody may read of them; `namespaces-unread none` ends it */
  'namespaces-unread': ({ world }, [what]) => {
    world.namespacesUnread =
      what === 'none' ? undefined : `prod-0: GET sys/namespaces?scan=true: ${what} permission denied`;
    return [];
  },
  /** spec version=2.5.6 image=… paused=true restartAt=… snapshot=true retry=1 maintenance=true */
  spec: (teller, words) => teller.change(words),
  /** kill 1: the pod goes without warning */
  kill: (teller, [ordinal]) => {
    teller.world.kill(Number(ordinal));
    return [];
  },
  /** lose-job step-down: its Job is deleted by somebody before it has acted */
  'lose-job': (teller, [action]) => {
    for (const [name, job] of teller.world.jobs) {
      if (job.action === action && job.outcome === 'running') teller.world.jobs.delete(name);
    }
    return [];
  },
  /** unread leader 2.5.6: nobody of this version gives this answer in a shape that is understood; `unread none` ends it */
  unread: (teller, [answer = '', version]) => {
    const { world } = teller;
    if (answer === 'none') world.unread.end();
    else
      for (const ordinal of world.pods.keys())
        world.unread.add(world.name(ordinal), answer as Answer, version);
    return [];
  },
  // run until=done|held|<phase>
  ...operationCommands,
};

/** The seal of the stories that are about one. */
const transit = {
  type: 'transit',
  transit: { address: 'https://keys:8200', mountPath: 'transit', keyName: 'prod' },
  credentialsSecretRef: { name: 'prod-seal' },
} as const;

class Teller {
  world: SimulatedCluster = new WatchedCluster();
  private last = '';

  begin(words: readonly string[]): readonly string[] {
    const options = optionsOf(words);
    const catchUp = Number(options['catch-up'] ?? 2) * 1_000;
    this.world = new WatchedCluster({
      replicas: Number(options['replicas'] ?? 3),
      leader: Number(options['leader'] ?? 0),
      speed: { catchUp },
      spec: {
        backup: { target: { provider: 's3', bucket: 'snapshots' } },
        ...(options['seal'] === 'transit' ? { unseal: transit } : {}),
        ...(options['version'] === undefined ? {} : { version: options['version'] }),
      },
    });
    this.last = '';
    return this.status();
  }

  change(words: readonly string[]): readonly string[] {
    const { version, image, paused, restartAt, snapshot, retry, maintenance } = optionsOf(words);
    const { upgrade, maintenance: before } = this.world.cluster.spec;
    this.world.spec({
      ...(version === undefined ? {} : { version }),
      ...(image === undefined ? {} : { image }),
      ...(paused === undefined ? {} : { paused: paused === 'true' }),
      maintenance: {
        ...before,
        ...(restartAt === undefined ? {} : { restartAt }),
        ...(maintenance === undefined ? {} : { enabled: maintenance === 'true' }),
      },
      upgrade: {
        ...upgrade,
        ...(snapshot === undefined ? {} : { preUpgradeSnapshot: snapshot === 'true' }),
        ...(retry === undefined ? {} : { requests: { retry } }),
      },
    });
    return [];
  }

  run(words: readonly string[]): readonly string[] {
    const { until = 'done', for: seconds = '3600' } = optionsOf(words);
    const lines: string[] = [];
    const end = this.world.now + Number(seconds) * 1_000;
    while (this.world.now < end) {
      lines.push(...this.pass());
      if (this.has(until)) return lines;
      this.world.tick(500);
    }
    return lines;
  }

  crash(phase: string): readonly string[] {
    const lines: string[] = [];
    for (let turn = 0; turn < 1_000; turn++) {
      const next = this.world.decide().status.upgrade?.phase;
      lines.push(...this.pass(next === phase ? 1 : undefined));
      if (next === phase) return [...lines, '          the controller ends here'];
      this.world.tick(500);
    }
    throw new Error(`never in phase ${phase}`);
  }

  pass(survives?: number): readonly string[] {
    const { events, effects } = this.world.pass(survives);
    const { upgrade, lastErrorMessage } = this.world.status;
    const partition = upgrade?.currentPartition === undefined ? '' : ` partition=${upgrade.currentPartition}`;
    const paused = upgrade?.pausedAt === undefined ? '' : ' (paused)';
    const waits =
      upgrade?.held === true
        ? 'HELD'
        : upgrade?.waitingFor === undefined
          ? ''
          : `waits: ${upgrade.waitingFor}`;
    const state =
      upgrade === undefined ? 'idle' : `${upgrade.phase}${partition}${paused}  ${waits}`.trimEnd();
    const changed = state !== this.last;
    this.last = state;
    if (!changed && events.length === 0 && effects.length === 0) return [];
    return [
      `${this.seconds()}  ${state}`,
      ...events.map(
        ({ type, reason, note }) =>
          // The message of a hold is shown in full by the command status.
          `          ${type === 'Warning' ? '!' : '*'} ${reason}${reason === 'UpgradeHeld' ? `: ${this.world.status.lastErrorReason}` : `: ${note}`}`,
      ),
      ...(upgrade?.held === true && changed ? [`          ${lastErrorMessage ?? ''}`] : []),
      ...effects.map((effect) => `          -> ${wordsOf(effect)}`),
    ];
  }

  status(): readonly string[] {
    const { world } = this;
    const { currentVersion, upgrade, lastRestartAt, operationLock } = world.status;
    const pods = [...world.pods]
      .toSorted(([a], [b]) => a - b)
      .map(
        ([ordinal, { image, ready }]) =>
          `          prod-${ordinal}  ${image.split(':')[1]}  ${ready ? 'Ready' : 'not Ready'}${world.leader === ordinal ? '  leads' : ''}`,
      );
    const changes = upgrade === undefined ? '' : `  leadership changes: ${upgrade.leadershipChanges}`;
    const restart = lastRestartAt === undefined ? '' : `  restarted: ${lastRestartAt}`;
    const lock = operationLock === undefined ? '' : '  locked';
    const namespaces = [...world.namespaces].map(([path, holders]) => {
      const names = [...world.pods].filter(([, { uid }]) => holders.has(uid)).map(([each]) => `prod-${each}`);
      return `          namespace ${path}: ${names.length === 0 ? 'sealed' : `unsealed on ${names.toSorted().join(', ')}`}`;
    });
    return [
      `${this.seconds()}  version ${currentVersion}${restart}${lock}${changes}`,
      ...pods,
      ...namespaces,
    ];
  }

  private has(what: string): boolean {
    const { upgrade, currentVersion } = this.world.status;
    const { spec } = this.world.cluster;
    const restarted = spec.maintenance?.restartAt === this.world.status.lastRestartAt;
    if (what === 'done') return upgrade === undefined && currentVersion === spec.version && restarted;
    if (what === 'held') return upgrade?.held === true;
    return upgrade?.phase === what;
  }

  private seconds(): string {
    return `${((this.world.now - start) / 1000).toFixed(1).padStart(6)} s`;
  }
}

const wordsOf = (effect: Effect): string =>
  effect.kind === 'create'
    ? `create Job ${effect.object.metadata?.name}`
    : effect.kind === 'delete'
      ? `delete ${effect.target.kind} ${effect.target.name} (${effect.uid})`
      : effect.kind;

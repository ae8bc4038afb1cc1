import type { OpenBaoRestoreSpec } from '../../../src/api/openbaorestore.ts';
import type { RestoreEffect } from '../../../src/core/restore/decision.ts';
import { start } from '../../support/observation.ts';
import { operationCommands, optionsOf, tellBy, type Commands } from '../../support/transcript.ts';
import { SimulatedRestore } from './simulated-restore.ts';

/** A story of a restore (test/support/transcript.ts), told as those of upgrades are (test/core/upgrade/story.ts). */
export const tell = (text: string): string => tellBy(commands, new Teller(), text);

const commands: Commands<Teller> = {
  /** restore {"confirm":"prod"} */
  restore: (teller, words) => {
    teller.world = new SimulatedRestore(JSON.parse(words.join(' ') || '{}') as Partial<OpenBaoRestoreSpec>);
    return [];
  },
  /** cluster {"status":{…},"spec":{…}}; `gone` deletes it, `replaced` makes another one of its name */
  cluster: ({ world }, words) => {
    if (words[0] === 'gone') world.cluster = undefined;
    else if (words[0] === 'replaced') world.replaceCluster();
    else {
      const { status = {}, spec = {} } = JSON.parse(words.join(' ')) as { status?: object; spec?: object };
      world.setCluster(status, spec);
    }
    return [];
  },
  /** confirm */
  confirm: ({ world }) => {
    world.restore = { ...world.restore, spec: { ...world.restore.spec, confirm: 'prod' } };
    return [];
  },
  /** forget-uid: as of a restore that began before uids were recorded */
  'forget-uid': ({ world }) => {
    const { clusterUID: _, ...status } = world.restore.status ?? {};
    world.restore = { ...world.restore, status };
    return [];
  },
  /** delete: the OpenBaoRestore */
  delete: ({ world }) => {
    const deletionTimestamp = new Date(world.now).toISOString();
    world.restore = { ...world.restore, metadata: { ...world.restore.metadata, deletionTimestamp } };
    return [];
  },
  /** takes-votes prod-2: the list in the snapshot */
  'takes-votes': ({ world }, words) => {
    world.unvoted = words;
    return [];
  },
  /** lose-job restore-snapshot: somebody deletes it */
  'lose-job': ({ world }, [action]) => {
    for (const [name, job] of world.jobs) if (job.action === action) world.jobs.delete(name);
    return [];
  },
  // run until=<phase>
  ...operationCommands,
};

class Teller {
  world = new SimulatedRestore();
  private last = '';

  run(words: readonly string[]): readonly string[] {
    const { until = '', for: seconds = '3600' } = optionsOf(words);
    const lines: string[] = [];
    const end = this.world.now + Number(seconds) * 1_000;
    while (this.world.now < end) {
      lines.push(...this.pass());
      if (this.world.restore.status?.phase === until) return lines;
      this.world.tick();
    }
    return lines;
  }

  crash(phase: string): readonly string[] {
    const lines: string[] = [];
    for (let turn = 0; turn < 1_000; turn++) {
      const before = structuredClone(this.world.restore);
      const { status } = this.world.pass(0);
      this.world.restore = before;
      if (status.phase === phase) {
        return [...lines, ...this.pass(1), '          the controller ends here'];
      }
      lines.push(...this.pass());
      this.world.tick();
    }
    throw new Error(`never in phase ${phase}`);
  }

  private pass(survives?: number): readonly string[] {
    const { events, effects } = this.world.pass(survives);
    const { phase, waitingFor, held, lastErrorReason, lastErrorMessage } = this.world.restore.status ?? {};
    const waits = waitingFor === undefined ? '' : `${held === true ? 'ASKS' : 'waits'}: ${waitingFor}`;
    const ends = phase === 'Failed' ? `${lastErrorReason}: ${lastErrorMessage}` : '';
    const state = `${phase}  ${waits}${ends}`.trimEnd();
    const changed = state !== this.last;
    this.last = state;
    if (!changed && events.length === 0 && effects.length === 0) return [];
    return [
      `${this.seconds()}  ${state}`,
      ...events
        .filter(({ reason }) => reason !== 'PersonNeeded' && reason !== 'RestoreFailed')
        .map(({ type, reason, note }) => `          ${type === 'Warning' ? '!' : '*'} ${reason}: ${note}`),
      ...(survives === 1 ? [] : effects.map((effect) => `          -> ${wordsOf(effect)}`)),
    ];
  }

  status(): readonly string[] {
    const { data, restores, restarts, clusterStatus, restore } = this.world;
    const { operationLock: lock, restore: recorded, upgrade } = clusterStatus;
    const conditions = (restore.status?.conditions ?? [])
      .filter(({ status }) => status !== 'False')
      .map(({ type, status }) => (status === 'True' ? type : `${type}=${status}`));
    return [
      `          data: ${data}  restores: ${restores}  restarts: ${restarts}  finalizers: ${restore.metadata.finalizers?.length ?? 0}`,
      `          lock: ${lock?.holder ?? 'none'}  recorded: ${recorded?.name ?? 'none'}  upgrade: ${upgrade?.phase ?? 'none'}`,
      `          conditions: ${conditions.join(' ')}`,
    ];
  }

  private seconds(): string {
    return `${((this.world.now - start) / 1000).toFixed(1).padStart(6)} s`;
  }
}

function wordsOf(effect: RestoreEffect): string {
  if (effect.kind === 'writeClusterStatus') {
    const { operationLock: lock, restore, upgrade } = effect.status;
    return `cluster: lock ${lock?.holder ?? 'none'}, restore ${restore === undefined ? 'none' : JSON.stringify(restore)}${upgrade === undefined ? '' : `, upgrade ${upgrade.phase}`}`;
  }
  if (effect.kind === 'create') {
    const { spec } = effect.object as { spec?: { suspend?: boolean } };
    return `create Job ${effect.object.metadata?.name}${spec?.suspend === true ? ', suspended' : ''}`;
  }
  return effect.kind === 'patch'
    ? `patch ${effect.target.kind} ${effect.target.name}: ${JSON.stringify(effect.patch)}`
    : effect.kind;
}

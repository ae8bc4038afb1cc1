import type { ObjectEffect } from '../../../src/core/model/effect.ts';
import { optionsOf, tellBy, type Commands } from '../../support/transcript.ts';
import type { Behavior } from './simulated-services.ts';
import { WatchedServices } from './watched-services.ts';

/**
 * A story of releases, told by commands with what follows from them, as those of upgrades
 * (test/core/upgrade/story.ts): prose, then a command, then `----`, what happened, and an empty line. What happened
 * is a line for each moment at which something was decided: seconds since the beginning, phase and step, then
 * events (`!` warns) and effects (`->`). Releases are named v1, v2, … in the order of their making.
 */
export function tell(text: string): string {
  const teller = new Teller();
  return tellBy(commands, teller, text, (line) => teller.named(line));
}

const commands: Commands<Teller> = {
  /** create storage=1.0 schema=1.0 [failFast] */
  create: (teller, words) => teller.create(words),
  /** image 1.1 missing */
  image: (teller, [tag = '', behavior]) => {
    teller.world.images.set(tag, behavior as Behavior);
    return [];
  },
  /** spec storage=1.1 schema=1.1 memory=500Gi E6_BUCKET=… replicas=2 paused=true [by=argocd-controller] */
  spec: (teller, words) => teller.spec(words),
  /** annotate rollback-to=v1 [rollback-reason=…] [requested-by=jane] [by=argocd-controller]; rollback-to= is empty, rollback-to alone takes it off */
  annotate: (teller, words) => teller.annotate(words),
  /** run for=600, or until=Stable, Failed, a step */
  run: (teller, words) => teller.run(words),
  /** delete-deployment sample1-storage-green: a person does */
  'delete-deployment': (teller, [name = '']) => {
    teller.world.deployments.delete(name);
    return [];
  },
  /** lose-status: as after a restore from a backup */
  'lose-status': (teller) => {
    const { status: _, ...resource } = teller.world.resource;
    teller.world.resource = resource;
    return [];
  },
  /** lose-records: somebody deletes the ControllerRevisions */
  'lose-records': (teller) => {
    teller.world.revisions.clear();
    return [];
  },
  /** refuse Deployment quota: the API server refuses such effects from now on; `refuse` alone ends that */
  refuse: (teller, [kind, ...why]) => {
    teller.world.refused = [];
    teller.world.refusing = (effect) =>
      kind !== undefined && kindOf(effect) === kind && effect.kind !== 'delete' ? why.join(' ') : undefined;
    return [];
  },
  status: (teller) => teller.status(),
};

const kindOf = (effect: ObjectEffect) => ('object' in effect ? effect.object.kind : effect.target.kind);

class Teller {
  world = new WatchedServices();
  private last = '';
  private readonly names = new Map<string, string>();

  create(words: readonly string[]): readonly string[] {
    this.world = new WatchedServices();
    this.names.clear();
    this.last = '';
    return this.spec([...words, 'by=kubectl-create']);
  }

  spec(words: readonly string[]): readonly string[] {
    const given = optionsOf(words);
    const { spec } = this.world.resource;
    const rest = { ...spec, rollout: { ...spec.rollout } };
    if ('failFast' in given) rest.rollout = { ...rest.rollout, failFast: given['failFast'] === 'true' };
    if ('cleanupDelay' in given)
      rest.rollout = { ...rest.rollout, cleanupDelay: given['cleanupDelay'] ?? '' };
    if ('paused' in given) rest.paused = given['paused'] === 'true';
    if ('E6_BUCKET' in given) rest.config = { E6_BUCKET: given['E6_BUCKET'] ?? '' };
    rest.storage = {
      ...spec.storage,
      ...('storage' in given ? { imageTag: given['storage'] ?? '' } : {}),
      ...('memory' in given ? { resources: { memory: given['memory'] ?? '' } } : {}),
      ...('replicas' in given ? { replicas: Number(given['replicas']) } : {}),
      ...('secondary' in given ? { secondary: given['secondary'] === 'true' } : {}),
    };
    rest.schema = { ...spec.schema, ...('schema' in given ? { imageTag: given['schema'] ?? '' } : {}) };
    this.world.write(rest, given['by'] ?? 'kubectl-edit');
    return [];
  }

  annotate(words: readonly string[]): readonly string[] {
    const { by, ...given } = optionsOf(words.filter((word) => word.includes('=')));
    for (const name of words.filter((word) => !word.includes('=')))
      this.world.annotate(`e6data.io/${name}`, undefined);
    for (const [name, value = ''] of Object.entries(given)) {
      const full =
        name === 'retry' || name === 'requested-by'
          ? `rollguard.io/${name}`
          : name.startsWith('rollback')
            ? `e6data.io/${name}`
            : name;
      const version = [...this.names].find(([, short]) => short === value)?.[0] ?? value;
      this.world.annotate(full, version, by ?? 'kubectl-annotate');
    }
    return [];
  }

  run(words: readonly string[]): readonly string[] {
    const { until = '', for: seconds = '900' } = optionsOf(words);
    const lines: string[] = [];
    const end = this.world.now + Number(seconds) * 1_000;
    let quiet = 0;
    while (this.world.now < end) {
      const told = this.pass();
      lines.push(...told);
      quiet = told.length === 0 ? quiet + 1 : 0;
      const { status } = this.world;
      if (quiet > 1 && status.deploymentPhase === until) return lines;
      if (status.step === until) return lines;
      // Where nothing happens, time flies.
      this.world.tick(quiet < 8 ? 500 : 2_500);
    }
    return lines;
  }

  pass(): readonly string[] {
    const { world } = this;
    const { events, effects } = world.pass();
    const { status } = world;
    if (status.pending !== undefined) this.name(status.pending.version);
    for (const { version } of status.releaseHistory ?? []) this.name(version);
    const state = `${status.deploymentPhase}${status.step === undefined ? '' : ` ${status.step}`}${status.pausedAt === undefined ? '' : ' (paused)'}`;
    const changed = state !== this.last;
    this.last = state;
    if (!changed && events.length === 0 && effects.length === 0) return [];
    return [
      `${this.seconds()}  ${state}`,
      ...events.map(({ type, note }) => `          ${type === 'Warning' ? '!' : '*'} ${note}`),
      ...effects.map((effect) => `          -> ${wordsOf(effect)}`),
    ];
  }

  status(): readonly string[] {
    const { world } = this;
    const { status, resource } = world;
    const { activeStrategy = 'none', activeReleaseVersion = '', releaseHistory = [] } = status;
    const { storage, schema } = resource.spec;
    const served = world.served();
    return [
      `${this.seconds()}  ${status.deploymentPhase}; active ${activeStrategy} ${activeReleaseVersion}; traffic to ${served ?? 'nothing'}; spec ${storage.imageTag}, ${schema.imageTag}${storage.resources?.memory ? `, ${storage.resources.memory}` : ''}${resource.spec.config?.['E6_BUCKET'] ? `, ${resource.spec.config['E6_BUCKET']}` : ''}`,
      ...releaseHistory.map(
        ({
          version,
          strategy,
          status: is,
          storageTag,
          schemaTag,
          reason,
          rollbackTo,
          rollbackReason,
          rollbackBy,
        }) =>
          `          ${version} ${strategy} ${is} ${storageTag}, ${schemaTag}${reason === undefined ? '' : ` (${reason})`}${rollbackTo === undefined ? '' : ` repeats ${rollbackTo}`}${rollbackBy === undefined ? '' : ` for ${rollbackBy}`}${rollbackReason === undefined ? '' : ` because: ${rollbackReason}`}`,
      ),
      `          Deployments: ${[...world.deployments.keys()].toSorted().join(', ')}`,
      ...(status.conditions ?? []).map(
        ({ type, status: is, reason, message }) => `          ${type}=${is} ${reason}: ${message}`,
      ),
    ];
  }

  /** Names of releases depend on the hash: they are numbered. */
  named(line: string): string {
    return [...this.names].reduce((text, [version, short]) => text.replaceAll(version, short), line);
  }

  private name(version: string): void {
    if (!this.names.has(version)) this.names.set(version, `v${this.names.size + 1}`);
  }

  private seconds(): string {
    return `${this.world.seconds().toFixed(1).padStart(6)} s`;
  }
}

function wordsOf(effect: ObjectEffect): string {
  switch (effect.kind) {
    case 'create':
    case 'apply': {
      const { kind, metadata } = effect.object;
      const { selector } = (effect.object as { spec?: { selector?: Record<string, string> } }).spec ?? {};
      const to = kind === 'Service' ? selector?.['rollguard.io/release'] : undefined;
      return `${effect.kind} ${kind} ${metadata?.name}${to === undefined ? '' : ` to ${to}`}`;
    }
    case 'delete':
      return `delete ${effect.target.kind} ${effect.target.name}`;
    case 'patch':
      return `patch ${effect.target.kind} ${effect.target.name} ${JSON.stringify(effect.patch)}`;
    default:
      return effect satisfies never;
  }
}

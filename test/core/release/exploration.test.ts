import { expect } from 'chai';
import * as fc from 'fast-check';
import type { Behavior } from './simulated-services.ts';
import { WatchedServices } from './watched-services.ts';
import { copied } from '../../support/courses.ts';
import { sized } from '../../support/walks.ts';

/** Runs until nothing has happened for a while. */
function settle(world: WatchedServices, forMs = 600_000): void {
  const end = world.now + forMs;
  for (let quiet = 0; world.now < end && quiet < sized(200, 70);) {
    const { status, effects } = world.pass();
    quiet = effects.length === 0 && status.step === undefined ? quiet + 1 : 0;
    world.tick(quiet > 3 ? 3_000 : 1_000);
  }
}

function settled(): WatchedServices {
  const world = new WatchedServices();
  settle(world);
  expect(world.status.deploymentPhase).to.equal('Stable');
  return world;
}

/** What all ways must end in: traffic goes to what is active, and nothing else is left. */
function ends(world: WatchedServices): object {
  const { storage, schema } = world.resource.spec;
  const { deploymentPhase, activeStrategy, releaseHistory = [] } = world.status;
  return {
    phase: deploymentPhase,
    color: activeStrategy,
    spec: [storage.imageTag, schema.imageTag],
    servesActive: world.served() === world.status.activeReleaseVersion,
    deployments: [...world.deployments.keys()].toSorted(),
    history: releaseHistory.map(({ status, storageTag, reason = '', rollbackTo = '' }) =>
      [status, storageTag, reason, rollbackTo === '' ? '' : 'repeats'].join(' '),
    ),
  };
}

const stories: Readonly<Record<string, (world: WatchedServices) => void>> = {
  'a good release': (world) => world.write({ storage: { imageTag: '1.1' } }),
  'one that fails': (world) => {
    world.images.set('1.1', 'missing');
    world.write({ storage: { imageTag: '1.1' } });
  },
  'one that breaks after the switch': (world) => {
    world.images.set('1.1', 'breaks');
    world.write({ storage: { imageTag: '1.1' }, rollout: { cleanupDelay: '60s' } });
  },
  'a rollback': (world) => {
    const [first] = world.status.releaseHistory ?? [];
    world.write({ storage: { imageTag: '1.1' } });
    settle(world);
    world.annotate('e6data.io/rollback-to', first?.version);
  },
  'an abort': (world) => {
    world.images.set('1.1', 'slow');
    world.write({ storage: { imageTag: '1.1' } });
    for (let passes = 0; passes < 8; passes++) {
      world.pass();
      world.tick();
    }
    world.annotate('e6data.io/rollback-to', world.status.activeReleaseVersion);
  },
};

describe('a release whose controller is killed', function () {
  for (const [name, story] of Object.entries(stories)) {
    it(`after each effect of ${name}, ends as without`, () => {
      const whole = settled();
      story(whole);
      settle(whole);
      const expected = ends(whole);
      let crashes = 0;
      let effects = 0;
      const world = settled();
      story(world);
      for (let passes = 0; passes < 400; passes++) {
        const count = world.decide().effects.length;
        for (let survives = 0; survives < count; survives++) {
          const at = effects + survives;
          if (at % sized(1, 15) !== 0) continue;
          // The status is written, some of the effects are carried out, then it is over.
          const again = copied(world);
          again.pass(survives);
          again.tick(1_000);
          crashes += 1;
          settle(again);
          expect(ends(again), `crashed at effect ${at}`).to.deep.equal(expected);
        }
        effects += count;
        world.pass();
        world.tick(1_000);
      }
      expect(crashes).to.be.above(sized(3, 0));
    });
  }
});

const tags = ['1.0', '1.1', '1.2', '1.3'] as const;
const behaviors: readonly Behavior[] = [
  'good',
  'slow',
  'missing',
  'crash',
  'never-ready',
  'quota',
  'restarts',
  'breaks',
  'blip',
];

type Act = (world: WatchedServices) => void;

const acts: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.integer({ min: 1, max: 150 }).map(
      (seconds): Act =>
        (world) =>
          run(world, seconds),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.constantFrom(...tags), fc.constantFrom('kubectl-edit', 'argocd-controller')).map(
      ([imageTag, by]): Act =>
        (world) =>
          world.write({ storage: { imageTag } }, by),
    ),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.nat({ max: 9 }), fc.constantFrom('kubectl-annotate', 'argocd-controller'))
      .map(([index, by]): Act => (world) => {
        const version = world.status.releaseHistory?.[index]?.version ?? 'v0';
        world.annotate('e6data.io/rollback-to', version, by);
      }),
  },
  fc.tuple(fc.constantFrom(...tags), fc.constantFrom(...behaviors)).map(
    ([tag, behavior]): Act =>
      (world) =>
        void world.images.set(tag, behavior),
  ),
  fc.boolean().map(
    (paused): Act =>
      (world) =>
        world.write({ paused }),
  ),
  fc.nat({ max: 3 }).map((index): Act => (world) => {
    // A person's hand on what is under way.
    const names = [...world.deployments.keys()].filter((name) =>
      name.endsWith(world.status.pendingStrategy ?? 'none'),
    );
    const name = names[index % Math.max(1, names.length)];
    if (name !== undefined) world.deployments.delete(name);
  }),
  fc.nat({ max: 3 }).map(
    (survives): Act =>
      (world) =>
        void world.pass(survives),
  ),
  fc.nat().map(
    (value): Act =>
      (world) =>
        world.annotate('rollguard.io/retry', String(value)),
  ),
  fc.constant<Act>((world) => {
    const { status: _, ...resource } = world.resource;
    world.resource = resource;
  }),
);

function run(world: WatchedServices, seconds: number): void {
  for (let second = 0; second < seconds; second += 3) {
    world.pass();
    world.tick(3_000);
  }
}

describe('whatever people, Argo CD and images do', function () {
  it('what serves is not touched, one release is under way at most, no clock starts again, and it ends', () => {
    fc.assert(
      fc.property(fc.array(acts, { minLength: 3, maxLength: 14 }), (all) => {
        const world = new WatchedServices();
        run(world, 140);
        for (const act of all) act(world);
        world.write({ paused: false });
        run(world, 700);
        const { deploymentPhase, activeReleaseVersion, step } = world.status;
        // Where both have broken, both are kept: either may recover.
        const isLost = world.status.conditions?.some(
          (each) => each.type === 'Available' && each.status === 'False',
        );
        if (step === 'Watching' && isLost === true) return;
        expect(step).to.equal(undefined);
        if (deploymentPhase === 'Failed') expect(activeReleaseVersion).to.equal(undefined);
        else expect(world.served()).to.equal(activeReleaseVersion);
      }),
      { numRuns: Number(process.env['FC_RUNS'] ?? sized(60, 8)) },
    );
  });
});

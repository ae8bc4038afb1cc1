import { expect } from 'chai';
import { copied, Course, Outcomes } from './courses.ts';

class World {
  now = 0;
  readonly log: string[] = [];
  readonly pods = new Map<string, { ready: boolean }>([['prod-0', { ready: true }]]);
  readonly lost = new Set<string>();
  readonly jobs: { outcome?: string | undefined }[] = [{ outcome: 'running' }];
  leader: string | null | undefined = 'prod-0';
  turnedAt = Number.NEGATIVE_INFINITY;

  tick(): void {
    this.now++;
  }
}

describe('a copy of a simulated world', () => {
  it('is equal, of the same class, and goes its own way in all that is in it', () => {
    const original = new World();
    const copy = copied(original);
    expect(copy).to.deep.equal(original).and.be.instanceOf(World);
    copy.tick();
    copy.log.push('a line');
    copy.lost.add('prod-0');
    for (const job of copy.jobs) job.outcome = 'failed';
    for (const pod of copy.pods.values()) pod.ready = false;
    expect(original).to.deep.equal(new World());
  });

  it('has one copy of what stands in two places', () => {
    const job = { outcome: 'running' };
    const { jobs, orphans } = copied({ jobs: new Map([['a', job]]), orphans: [job] });
    expect(jobs.get('a')).to.equal(orphans[0]).and.not.equal(job);
  });
});

describe('a course', () => {
  it('gives each of its moments as often as it is asked for, and none after its end', () => {
    let steps = 0;
    const course = new Course(new World(), (world) => {
      steps++;
      world.tick();
      return world.now > 3;
    });
    const first = course.at(2);
    first?.tick();
    expect([2, 0, 3, 4, 9].map((moment) => course.at(moment)?.now)).to.deep.equal([
      2,
      0,
      3,
      undefined,
      undefined,
    ]);
    expect(steps).to.equal(4);
  });
});

describe('the outcomes of runs', () => {
  const changes: Readonly<Record<string, (world: World) => void>> = {
    time: (world) => world.tick(),
    'a field deep inside': (world) => world.pods.set('prod-0', { ready: false }),
    'one more in a set': (world) => world.lost.add('prod-1'),
    'a field that has no value any more': (world) => world.jobs.splice(0, 1, { outcome: undefined }),
    'a field that is not there any more': (world) => world.jobs.splice(0, 1, {}),
    'nobody instead of somebody': (world) => (world.leader = null),
    'nothing instead of somebody': (world) => (world.leader = undefined),
    'a time that was never': (world) => (world.turnedAt = Number.POSITIVE_INFINITY),
    'a number that is none': (world) => (world.turnedAt = Number.NaN),
  };

  it('are found again for the same state alone, whatever was said of it', () => {
    const outcomes = new Outcomes<string>();
    expect(outcomes.of(new World(), () => 'at first')).to.equal('at first');
    const told = new World();
    told.log.push('a line');
    expect(outcomes.of(told, () => 'again')).to.equal('at first');
    for (const [name, change] of Object.entries(changes)) {
      const world = new World();
      change(world);
      expect(outcomes.of(world, () => name)).to.equal(name);
    }
  });
});

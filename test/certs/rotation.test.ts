import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { notePublication, publishedSince, type PublicationRecord } from '../../certs/ca-bundle.ts';
import { decide, type Decision } from '../../certs/decide.ts';
import { carryOut } from '../../certs/issue.ts';
import type { Material } from '../../certs/material.ts';
import { hourMs, names, start } from './authorities.ts';
import { sized } from '../support/walks.ts';

const minuteMs = 60_000;

/** Lives of hours instead of months. Each third is longer than a step may take, and longer than a rotation. */
const schedule = {
  caLifetimeMs: 36 * hourMs,
  leafLifetimeMs: 12 * hourMs,
  renewBelow: 1 / 3,
  publishOverlapMs: hourMs,
  dropOverlapMs: 2 * hourMs,
};

/** One turn of all replicas. */
interface Step {
  /** Minutes since the one before. */
  readonly minutes: number;
  /** Whether the webhook configurations can be written, at the beginning of a turn and at its end. */
  readonly mayPublish: readonly [boolean, boolean];
  /** Whether both read the Secret before either acts, so that one of them acts on what is past. */
  readonly together: boolean;
  readonly reversed: boolean;
}

/**
 * Two replicas, the Secret they share, and an API server that notices a new caBundle only after `lagMs`.
 * After each move, each replica's leaf has to verify against what the API server trusts at that moment.
 */
class World {
  now = start;
  readonly decisions: Decision['kind'][] = [];
  readonly #lagMs: number;
  #version = 0;
  #stored: Material;
  readonly #published: { readonly at: number; readonly bundle: string }[];
  readonly #leaves: string[];
  readonly #records: (PublicationRecord | undefined)[] = [undefined, undefined];

  private constructor(stored: Material, lagMs: number) {
    this.#lagMs = lagMs;
    this.#stored = stored;
    this.#published = [{ at: start - lagMs, bundle: stored.caBundle }];
    this.#leaves = [stored.leaf.cert, stored.leaf.cert];
  }

  static async create(lagMs: number): Promise<World> {
    const first = { kind: 'reissueEverything', why: '' } as const;
    return new World(await carryOut(first, undefined, { names, now: start, schedule }), lagMs);
  }

  async take({ minutes, mayPublish, together, reversed }: Step): Promise<void> {
    this.now += minutes * minuteMs;
    await this.#check('time passed');
    const seen = together ? { material: this.#stored, version: this.#version } : undefined;
    for (const replica of reversed ? [1, 0] : [0, 1]) {
      const { material, version } = seen ?? { material: this.#stored, version: this.#version };
      await this.#publish(replica, material.caBundle, mayPublish[0]);
      const since = publishedSince(this.#records[replica]);
      const decision = decide(material, { now: this.now, names, publishedSince: since, schedule });
      if (decision.kind !== 'keep' && version === this.#version) {
        this.#stored = await carryOut(decision, material, { names, now: this.now, schedule });
        this.#version += 1;
        this.decisions.push(decision.kind);
      }
      await this.#publish(replica, this.#stored.caBundle, mayPublish[1]);
      this.#leaves[replica] = this.#stored.leaf.cert;
      await this.#check(decision.kind);
    }
  }

  async #publish(replica: number, bundle: string, mayPublish: boolean): Promise<void> {
    const isNew = bundle !== this.#published.at(-1)?.bundle;
    const failures = mayPublish ? [] : [new Error('nothing can be written')];
    const publication = { written: isNew && mayPublish ? ['configuration'] : [], failures };
    this.#records[replica] = notePublication(this.#records[replica], bundle, publication, this.now);
    if (publication.written.length === 0) return;
    this.#published.push({ at: this.now, bundle });
    await this.#check('publish');
  }

  async #check(after: string): Promise<void> {
    const trusted = this.#published.findLast(({ at }) => at <= this.now - this.#lagMs)?.bundle ?? '';
    for (const [replica, leaf] of this.#leaves.entries()) {
      const verified = await isVerified(leaf, trusted, new Date(this.now));
      const hours = (this.now - start) / hourMs;
      if (!verified) throw new Error(`replica ${replica} not trusted after ${hours} hours (${after})`);
    }
  }
}

const read = remember((pem) => Promise.resolve(new x509.X509Certificate(pem)));
const isSigned = remember(async (leafAndCa) => {
  const [leaf = '', ca = ''] = leafAndCa.split('|');
  const { publicKey } = await read(ca);
  return (await read(leaf)).verify({ publicKey, signatureOnly: true });
});

/** By another implementation than the one decisions are made with. */
async function isVerified(leaf: string, bundle: string, date: Date): Promise<boolean> {
  const isCurrent = async (pem: string) => {
    const { notBefore, notAfter } = await read(pem);
    return notBefore <= date && date <= notAfter;
  };
  for (const ca of bundle.match(/-----BEGIN[^]+?-----END.+/g) ?? []) {
    if ((await isCurrent(ca)) && (await isCurrent(leaf)) && (await isSigned(`${leaf}|${ca}`))) return true;
  }
  return false;
}

function remember<T>(compute: (text: string) => Promise<T>): (text: string) => Promise<T> {
  const known = new Map<string, Promise<T>>();
  return (text) => {
    const result = known.get(text) ?? compute(text);
    known.set(text, result);
    return result;
  };
}

describe('rotating the CA and the serving certificate', function () {
  it('goes through new CAs without a moment in which a replica is not trusted', async () => {
    const world = await World.create(50 * minuteMs);
    for (let step = 0; step < 330; step += 1) {
      await world.take({
        minutes: 20,
        mayPublish: [true, true],
        together: step % 2 === 0,
        reversed: step % 3 === 0,
      });
    }
    const chain = world.decisions.filter((kind) => kind !== 'renewLeaf');
    const rotation = ['rotateCa', 'useNewCa', 'dropOldCa'];
    expect(chain.slice(0, 12)).to.deep.equal([...rotation, ...rotation, ...rotation, ...rotation]);
    expect(world.decisions.filter((kind) => kind === 'renewLeaf').length).to.be.within(8, 20);
  });

  it('does not move to a new CA while the configurations cannot be written', async () => {
    const world = await World.create(0);
    const turn = { minutes: 30, together: false, reversed: false };
    while (!world.decisions.includes('rotateCa')) await world.take({ ...turn, mayPublish: [true, false] });
    for (let step = 0; step < 3; step += 1) await world.take({ ...turn, mayPublish: [false, false] });
    expect(world.decisions.at(-1)).to.equal('rotateCa');
    for (let step = 0; step < 3; step += 1) await world.take({ ...turn, mayPublish: [true, true] });
    expect(world.decisions.at(-1)).to.equal('useNewCa');
  });

  it('keeps every replica trusted whatever the order and pace of their turns', async () => {
    const step = fc.record({
      minutes: fc.integer({ min: 1, max: 40 }),
      mayPublish: fc.tuple(fc.boolean(), fc.boolean()),
      together: fc.boolean(),
      reversed: fc.boolean(),
    });
    const steps = fc.array(step, { minLength: 80, maxLength: 120, size: 'max' });
    const property = fc.asyncProperty(steps, fc.integer({ min: 0, max: 59 }), async (turns, lagMinutes) => {
      const world = await World.create(lagMinutes * minuteMs);
      let quietMinutes = 0;
      for (const turn of turns) {
        // Longer than 90 minutes without publishing would outlast the third of a life that is left.
        quietMinutes = turn.mayPublish.includes(true) ? 0 : quietMinutes + turn.minutes;
        const isLongQuiet = quietMinutes > 50;
        if (isLongQuiet) quietMinutes = 0;
        await world.take(isLongQuiet ? { ...turn, mayPublish: [true, true] } : turn);
      }
    });
    await fc.assert(property, { numRuns: sized(10, 2), endOnFailure: true });
  });
});

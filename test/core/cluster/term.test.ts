import { expect } from 'chai';
import type { KubernetesObject, StatefulSet } from '../../../src/api/kubernetes.ts';
import { termAnnotation } from '../../../src/api/labels.ts';
import type { OpenBaoClusterStatus } from '../../../src/api/openbaocluster.ts';
import { decideCluster } from '../../../src/core/cluster/decide.ts';
import { known, unknown } from '../../../src/core/model/known.ts';
import { context, observation, settledCluster, statefulSet } from '../../support/observation.ts';
import { upgrade } from '../upgrade/rolling/rolling-observation.ts';

/** prod-2 is recorded as the first to go; the StatefulSet still holds every pod back. */
const untouched = upgrade({
  phase: 'Locking',
  currentPartition: undefined,
  completedPods: [],
});

/** The StatefulSet as the API server has it: who comes with another version than it has is refused. */
class StoredSet {
  set: StatefulSet = statefulSet();
  private version = 7;

  constructor() {
    this.store(this.set);
  }

  private store(set: StatefulSet): void {
    this.version++;
    const metadata = { ...set.metadata, uid: 'set-1', resourceVersion: String(this.version) };
    this.set = { ...set, metadata };
  }

  /** @returns whether it was taken */
  apply({ metadata, ...object }: KubernetesObject): boolean {
    if (metadata?.resourceVersion !== undefined && metadata.resourceVersion !== String(this.version))
      return false;
    this.store({ ...this.set, ...object });
    return true;
  }

  patch(annotations: Readonly<Record<string, string>>): void {
    const { metadata } = this.set;
    this.store({
      ...this.set,
      metadata: { ...metadata, annotations: { ...metadata.annotations, ...annotations } },
    });
  }
}

function decided(
  set: StatefulSet | undefined,
  { term = 2, spec = {}, status = {} }: { term?: number; spec?: object; status?: OpenBaoClusterStatus } = {},
) {
  const { status: settled, ...cluster } = settledCluster({ version: '2.5.6', ...spec });
  const stored = { ...settled, upgrade: untouched, leaseTransitions: 1, ...status };
  const seen = observation({ cluster: { ...cluster, status: stored }, statefulSet: known(set) });
  return decideCluster(seen, context({ leaseTransitions: term }));
}

describe('a roll under a new leader (C2)', () => {
  it('is a roll of green, too, where that is upgraded in place', () => {
    const { status: settled, ...cluster } = settledCluster({ version: '2.6.2' });
    const blueGreen = {
      phase: 'UpgradingGreen',
      operationId: 'op1',
      blueReplicas: 3,
      greenRevision: 'rnew',
      greenPartition: 3,
      upgradesGreenInPlace: true,
    } as const;
    const stored = { ...settled, blueGreen };
    const effectsOf = (phase: 'UpgradingGreen' | 'Promoting') =>
      decideCluster(
        observation({
          cluster: { ...cluster, status: { ...stored, blueGreen: { ...blueGreen, phase } } },
          greenStatefulSet: known(statefulSet()),
        }),
        context({ leaseTransitions: 2 }),
      ).effects.filter((effect) => effect.kind === 'patch' && effect.target.kind === 'StatefulSet');
    expect(effectsOf('UpgradingGreen')).to.have.length(1);
    expect(effectsOf('Promoting')).to.have.length(0);
  });

  it('is decided on only when its term stands in the StatefulSet', () => {
    const { set } = new StoredSet();
    const { effects, status } = decided(set, { spec: { version: '2.5.5' } });
    expect(effects).to.deep.equal([
      {
        kind: 'patch',
        target: { apiVersion: 'apps/v1', kind: 'StatefulSet', namespace: 'bao', name: 'prod' },
        uid: 'set-1',
        patch: { metadata: { annotations: { [termAnnotation]: '2' } } },
      },
    ]);
    expect(status.upgrade).to.deep.equal(untouched);
  });

  it('is not lowered by an apply that the leader before it still had on the way', () => {
    const stored = new StoredSet();
    const { uid, resourceVersion } = stored.set.metadata;
    const late = statefulSet({ partition: 2, image: 'openbao/openbao:2.5.6' });
    const onTheWay = {
      ...late,
      metadata: { ...late.metadata, uid: uid ?? '', resourceVersion: resourceVersion ?? '' },
    };

    // Its target is taken back; what says so is not decided before the term is seen.
    const [effect] = decided(stored.set, { spec: { version: '2.5.5' } }).effects;
    if (effect?.kind !== 'patch') throw new Error('no term is written');
    stored.patch((effect.patch as any).metadata.annotations);
    const { status } = decided(stored.set, { spec: { version: '2.5.5' } });
    expect(status.upgrade).to.equal(undefined);

    expect(stored.apply(onTheWay)).to.equal(false);
    expect(stored.set.spec?.updateStrategy?.rollingUpdate?.partition).to.equal(3);
  });

  it('goes on at once where the term is the same, and where nothing could be rolled', () => {
    const stored = new StoredSet();
    stored.patch({ [termAnnotation]: '2' });
    const patches = (...given: Parameters<typeof decided>) =>
      decided(...given).effects.filter(({ kind }) => kind === 'patch');
    expect(patches(stored.set)).to.deep.equal([]);
    expect(patches(stored.set, { term: 3 })).to.have.length(1);
    expect(patches(undefined)).to.deep.equal([]);
    expect(patches(stored.set, { term: 3, spec: { paused: true } })).to.deep.equal([]);
    const checking = { upgrade: { ...untouched, phase: 'PreChecks' as const } };
    expect(patches(stored.set, { term: 3, status: checking })).to.deep.equal([]);
  });

  it('is not touched while the StatefulSet is unknown', () => {
    const { status: settled, ...cluster } = settledCluster({ version: '2.5.6' });
    const status = { ...settled, upgrade: untouched };
    const seen = observation({ cluster: { ...cluster, status }, statefulSet: unknown('not read') });
    const { effects } = decideCluster(seen, context({ leaseTransitions: 2 }));
    expect(effects).to.deep.equal([]);
  });
});

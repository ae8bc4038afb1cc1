import { expect } from 'chai';
import type { PersistentVolumeClaim, Pod, StatefulSet } from '../../../src/api/kubernetes.ts';
import {
  appliedHashAnnotation,
  clusterIdAnnotation,
  dataVersionAnnotation,
  liveRevisionAnnotation,
  succeededByAnnotation,
} from '../../../src/api/labels.ts';
import { statusBeforeFirstLook } from '../../../src/api/fields.ts';
import type { OpenBaoClusterStatus } from '../../../src/api/openbaocluster.ts';
import { decideClusterIdMarks } from '../../../src/core/cluster/cluster-id-marks.ts';
import { decideCluster } from '../../../src/core/cluster/decide.ts';
import type { Decision } from '../../../src/core/model/decision.ts';
import { known, unknown } from '../../../src/core/model/known.ts';
import { names } from '../../../src/core/model/names.ts';
import type { Observation } from '../../../src/core/model/observation.ts';
import {
  claim,
  clusterId,
  context,
  member,
  membersOf,
  observation,
  raftOf,
  serverPod,
  settledCluster,
  settledStatus,
  statefulSet,
} from '../../support/observation.ts';
import { kstatusOf } from '../../support/kstatus.ts';

const green = 'r0123456789';
const other = 'rabcdef0123';
const ordinals = [0, 1, 2];

const setOf = (revision: string): StatefulSet => {
  const set = statefulSet();
  return { ...set, metadata: { ...set.metadata, name: names('prod', revision).statefulSet } };
};
const podsOf = (revision: string): readonly Pod[] =>
  ordinals.map((ordinal) => {
    const pod = serverPod(ordinal, { uid: `pod-${revision}-${ordinal}` });
    return { ...pod, metadata: { ...pod.metadata, name: names('prod', revision).pod(ordinal) } };
  });
const claimsOf = (revision: string, mark?: string): readonly PersistentVolumeClaim[] =>
  ordinals.map((ordinal) =>
    claim(ordinal, '2.5.5', {
      name: names('prod', revision).claim(ordinal),
      uid: `claim-${revision}-${ordinal}`,
      ...(mark === undefined
        ? {}
        : { annotations: { ...claim(0).metadata.annotations, [succeededByAnnotation]: mark } }),
    }),
  );
const membersOfRevision = (revision: string) =>
  ordinals.map((ordinal) =>
    member(ordinal, {
      pod: names('prod', revision).pod(ordinal),
      podUID: `pod-${revision}-${ordinal}`,
      leader: names('prod', revision).pod(0),
    }),
  );
const raft = (revision: string, nonVoting?: string) =>
  known(
    raftOf(
      [revision, ...(nonVoting === undefined ? [] : [nonVoting])].flatMap((each) =>
        ordinals.map(names('prod', each).pod),
      ),
      {
        nonVoters: nonVoting === undefined ? [] : ordinals.map(names('prod', nonVoting).pod),
      },
    ),
  );

interface Scene {
  readonly status?: OpenBaoClusterStatus;
  readonly sets?: readonly string[];
  readonly pods?: readonly string[];
  readonly answering?: readonly string[];
  readonly claims?: readonly (readonly [revision: string, mark?: string])[];
  readonly annotation?: string;
  readonly given?: Partial<Observation>;
}

/** What is as it would be rendered from a lost status, so that anything applied is seen. */
const drifted = known([
  { apiVersion: 'v1', kind: 'Service', metadata: { name: 'prod-public', namespace: 'bao' } },
  statefulSet(),
]);

function decided({ status = statusBeforeFirstLook, given, annotation, ...rest }: Scene): Decision {
  const { sets = [], pods = sets, answering = pods, claims = [] } = rest;
  const annotations = annotation === undefined ? {} : { [liveRevisionAnnotation]: annotation };
  return decideCluster(
    observation({
      cluster: settledCluster({}, status, { annotations }),
      statefulSet: known(sets.includes('initial') ? setOf('initial') : undefined),
      statefulSets: known(sets.map(setOf)),
      pods: known(pods.flatMap(podsOf)),
      claims: known(claims.flatMap(([revision, mark]) => claimsOf(revision, mark))),
      members: membersOf(...answering.flatMap(membersOfRevision)),
      raft: answering.length === 0 ? unknown('no member leads') : raft(answering[0] ?? ''),
      drifted,
      ...given,
    }),
    context(),
  );
}

const adopts = (scene: Scene, revision: string) => {
  const { status, effects, events } = decided(scene);
  expect(status.blueGreen).to.deep.equal({ phase: 'Idle', blueRevision: revision });
  expect(effects).to.deep.equal([]);
  expect(events.map(({ reason }) => reason)).to.deep.equal(['RevisionAdopted']);
  return status;
};
const holds = (scene: Scene) => {
  const decision = decided(scene);
  expect(decision.effects).to.deep.equal([]);
  expect(decision.status.lastErrorReason).to.equal('RevisionUnknown');
  const said = Object.fromEntries((decision.status.conditions ?? []).map((each) => [each.type, each.status]));
  expect(said).to.include({ Ready: 'False', Stalled: 'True', Available: 'Unknown', Degraded: 'True' });
  // Whatever generation the status was of that was lost.
  expect(kstatusOf({ metadata: { generation: 1 }, status: decision.status }).status).to.equal('Failed');
  return decision.status.lastErrorMessage ?? '';
};
const knows = (scene: Scene) => {
  const { status, effects } = decided(scene);
  expect(status.lastErrorReason).to.not.equal('RevisionUnknown');
  const { blueRevision, greenRevision } = scene.status?.blueGreen ?? {};
  expect([status.blueGreen?.blueRevision, status.blueGreen?.greenRevision]).to.deep.equal([
    blueRevision,
    greenRevision,
  ]);
  return effects;
};

const greens: OpenBaoClusterStatus = {
  ...settledStatus(),
  blueGreen: { phase: 'Idle', blueRevision: green },
};

describe('which members are live (L1)', () => {
  describe('where the status was lost', () => {
    it('adopts the one set that is there, whatever volumes are left', () => {
      adopts({ sets: [green], claims: [[green]] }, green);
      adopts({ sets: [green], claims: [['initial'], [green]] }, green);
      // Nobody answers, and still there are no others.
      adopts({ sets: [green], answering: [], claims: [['initial'], [green]] }, green);
    });
    it('adopts the one whose pods are there without a set', () => {
      adopts({ pods: [green], sets: [], claims: [['initial'], [green]] }, green);
    });
    it('adopts the one that has volumes, where former ones are marked', () => {
      adopts({ claims: [[green]] }, green);
      adopts({ claims: [['initial', green], [green]] }, green);
    });
    it('holds where volumes of two are there and nothing says more', () => {
      expect(holds({ claims: [['initial'], [green]] })).to.contain('data-prod-…, data-prod-r0123456789-…');
    });
    it('holds where the only volumes are former ones', () => {
      expect(holds({ claims: [['initial', green]] }))
        .to.contain('former members')
        .and.contain(
          'To begin empty instead, without what they hold: kubectl delete pvc -n bao data-prod-0 data-prod-1 data-prod-2',
        );
    });
    it('lets a person name one of what is there, and no other', () => {
      const claims = [['initial'], [green]] as const;
      adopts({ claims, annotation: green }, green);
      adopts({ claims, annotation: 'initial' }, 'initial');
      holds({ claims, annotation: other });
      adopts({ claims: [['initial', green]], annotation: 'initial' }, 'initial');
    });
    it('holds where two run and both may vote', () => {
      const mixed = known(raftOf(['prod-0', `prod-${green}-1`]));
      const scene: Scene = { sets: ['initial', green], claims: [['initial'], [green]] };
      const words = holds({ ...scene, given: { raft: mixed } });
      for (const text of ['prod and prod-r0123456789', 'list-peers', 'rollguard.io/live-revision=REVISION'])
        expect(words).to.contain(text);
      holds({ ...scene, given: { raft: unknown('no member leads') } });
    });
    it('adopts whoever alone votes, and holds beside the others', () => {
      const scene: Scene = { sets: [green, 'initial'], claims: [['initial'], [green]] };
      const status = adopts({ ...scene, given: { raft: raft(green, 'initial') } }, green);
      holds({ ...scene, status, given: { raft: raft(green, 'initial') } });
      holds({ ...scene, sets: ['initial', green], given: { raft: raft('initial', green) } });
    });
    it('believes no membership while two OpenBao clusters answer', () => {
      const [first, ...others] = membersOfRevision(green);
      const members = membersOf(...others, { ...(first ?? member(0)), clusterId: 'another' });
      holds({ sets: ['initial', green], given: { raft: raft(green, 'initial'), members } });
    });
    it('begins a cluster where nothing of one is there', () => {
      expect(knows({ claims: [] })).to.not.deep.equal([]);
    });
    it('takes nothing of another name for a member', () => {
      const [stranger] = claimsOf(green);
      const wrong = [
        'data-prod-0-copy',
        'backup',
        'data-prod-rxyz-0',
        'data-prod-r0123456789-',
        'data-prod-r0123456789-00',
      ];
      const claims = wrong.map((name) => ({ ...stranger, metadata: { ...stranger?.metadata, name } }));
      expect(decided({ given: { claims: known(claims) } }).status.blueGreen).to.equal(undefined);
    });
  });

  describe('where the status is old', () => {
    const old = { ...settledStatus(), currentVersion: '2.4.4', image: 'openbao/openbao:2.4.4' };
    it('adopts what runs when it answers, and forgets what it knew of others', () => {
      const scaling = { replicas: 4, target: 5 };
      const status = adopts(
        { status: { ...old, scaling }, sets: [green], claims: [['initial'], [green]] },
        green,
      );
      expect(status).to.include({ initialized: true, clusterID: old.clusterID });
      for (const field of ['currentVersion', 'image', 'replicas', 'scaling', 'members', 'raft'] as const)
        expect(status[field], field).to.equal(undefined);
    });
    it('holds until it answers: a cache may be behind', () => {
      holds({ status: greens, sets: ['initial'], answering: [] });
      adopts({ status: greens, sets: ['initial'] }, 'initial');
    });
    it('adopts green where blue, which it would move back to, was removed since', () => {
      const blueGreen = { phase: 'DemotingBlue', greenRevision: green, greenImage: 'x' } as const;
      const back: OpenBaoClusterStatus = { ...settledStatus(), blueGreen };
      const scene: Scene = { status: back, sets: [green], claims: [['initial'], [green]] };
      adopts(scene, green);
      holds({ ...scene, given: { raft: unknown('no member leads') } });
      // Somebody has deleted blue's StatefulSet: it is made again.
      knows({ ...scene, given: { raft: raft('initial', green) } });
      knows({ ...scene, status: { ...back, blueGreen: { ...blueGreen, phase: 'Cleanup' } } });
    });
    it('adopts no former volumes against a status that names its own', () => {
      knows({ status: greens, claims: [['initial'], [green]] });
      knows({ status: greens, claims: [['initial', green]] });
    });
    it('holds where it names volumes that are not there beside several that are', () => {
      holds({ status: greens, claims: [['initial'], [other]] });
    });
  });

  describe('beside what is not of this cluster', () => {
    const scene: Scene = { status: settledStatus(), sets: ['initial'], claims: [['initial']] };
    const pods = known([...podsOf('initial'), ...podsOf(green).slice(0, 1)]);
    const stray = names('prod', green).pod(0);

    it('goes on beside a pod that only has a name and labels', () => {
      knows({ ...scene, given: { pods } });
      knows({ ...scene, claims: [['initial'], [green, 'initial']], given: { pods } });
    });
    it('holds beside one that has a volume of a member, and names it', () => {
      const words = holds({ ...scene, claims: [['initial'], [green]], given: { pods } });
      expect(words).to.contain(`pods alone: ${stray}`).and.contain(`kubectl delete pod ${stray} -n bao`);
    });
    it('goes on beside a set that somebody else owns, or that nobody has made for it', () => {
      const own = setOf('initial');
      const withOwner = (uid?: string, annotations = {}): StatefulSet => {
        const { metadata, ...set } = setOf(green);
        const owned = {
          ...metadata,
          annotations,
          ownerReferences: uid === undefined ? [] : [{ uid, controller: true }],
        };
        return { ...set, metadata: owned };
      };
      for (const set of [withOwner('another'), withOwner()])
        knows({ ...scene, given: { statefulSets: known([own, set]) } });
      const orphan = withOwner(undefined, { [appliedHashAnnotation]: 'x' });
      for (const set of [withOwner('c-1'), orphan])
        expect(holds({ ...scene, given: { statefulSets: known([own, set]) } })).to.not.contain('pods alone');
      adopts({ given: { statefulSets: known([orphan]) } }, green);
    });
  });

  describe('where the status knows them', () => {
    it('goes on', () => {
      knows({ status: greens, sets: [green], claims: [['initial'], [green]] });
      knows({ status: settledStatus(), sets: ['initial'], claims: [['initial']] });
      knows({ status: settledStatus(), claims: [['initial']] });
    });
    it('waits as ever where something could not be read', () => {
      knows({ sets: [green], given: { claims: unknown('it was not read') } });
    });
  });
});

describe('volumes of former members', () => {
  const patches = (scene: Scene) =>
    decided(scene).effects.flatMap((effect) =>
      effect.kind === 'patch' && effect.target.kind !== 'Namespace'
        ? [
            `${effect.target.name} ${JSON.stringify((effect.patch as { metadata: { annotations?: object } }).metadata.annotations)}`,
          ]
        : [],
    );
  const scene: Scene = { status: greens, sets: [green], claims: [['initial'], [green]] };
  const marks = ordinals.map((each) => `data-prod-${each} {"${succeededByAnnotation}":"${green}"}`);

  it('are marked with the revision that took over', () => {
    expect(patches(scene)).to.deep.equal(marks);
    expect(patches({ ...scene, claims: [['initial', green], [green]] })).to.deep.equal([]);
    expect(patches({ ...scene, claims: [['initial', other], [green]] })).to.deep.equal([]);
  });
  it('are not while Raft lists them, or nobody says whom it lists', () => {
    expect(patches({ ...scene, given: { raft: raft(green, 'initial') } })).to.deep.equal([]);
    expect(patches({ ...scene, given: { raft: unknown('no member leads') } })).to.deep.equal([]);
  });
  it('lose the mark where they are live again, which a person has named', () => {
    const status = { ...settledStatus(), blueGreen: { phase: 'Idle', blueRevision: 'initial' } } as const;
    const found = patches({ status, sets: ['initial'], claims: [['initial', green]], annotation: 'initial' });
    expect(found).to.deep.equal([
      ...ordinals.map((each) => `data-prod-${each} {"${succeededByAnnotation}":null}`),
      `prod {"${liveRevisionAnnotation}":null}`,
    ]);
  });
});

describe('the mark of a cluster on its volumes', () => {
  const bare = known([claim(0, '2.5.5', { annotations: { [dataVersionAnnotation]: '2.5.5' } }), claim(1)]);
  const marksOf = (given: Partial<Observation>, status: OpenBaoClusterStatus = settledStatus()) =>
    decideClusterIdMarks(observation({ claims: bare, ...given }), status, context()).effects;

  it('is written once its member takes part, also while paused', () => {
    const cluster = settledCluster({ paused: true });
    const [effect, ...others] = marksOf({ cluster });
    expect(others).to.deep.equal([]);
    expect(effect).to.deep.include({
      kind: 'patch',
      uid: 'claim-0',
      patch: { metadata: { annotations: { [clusterIdAnnotation]: clusterId } } },
    });
  });
  it('is of no other cluster, no sealed member and no unknown id', () => {
    expect(marksOf({ members: membersOf(member(0, { clusterId: 'another' })) })).to.deep.equal([]);
    expect(marksOf({ members: membersOf(member(0, { sealed: true })) })).to.deep.equal([]);
    expect(marksOf({}, {})).to.deep.equal([]);
  });
});

import { expect } from 'chai';
import * as fc from 'fast-check';
import type { PersistentVolumeClaim, Pod } from '../../../src/api/kubernetes.ts';
import { attemptedVersionAnnotation } from '../../../src/api/labels.ts';
import type { OpenBaoClusterStatus } from '../../../src/api/openbaocluster.ts';
import { known, unknown, type Known } from '../../../src/core/model/known.ts';
import { downgradeBlocked, needsMaintenance } from '../../../src/core/policies/downgrade-blocked.ts';
import type { ClusterRequest } from '../../../src/core/policies/cluster-request.ts';
import { operationInProgress } from '../../../src/core/policies/operation-in-progress.ts';
import { decide } from '../../../src/core/policies/policy.ts';
import {
  cluster,
  containerStates,
  creation,
  holding,
  otherSha256,
  pod,
  reasonsOf,
  sha256,
  textOf,
  update,
  volume,
} from '../../support/builders.ts';

const refused = ['DowngradeBlocked'];
type BlueGreen = NonNullable<OpenBaoClusterStatus['blueGreen']>;
type Phase = NonNullable<BlueGreen['phase']>;

const uncrossed: readonly Phase[] = ['DeployingGreen', 'JoiningMesh', 'Syncing'];
const crossed: readonly Phase[] = ['Promoting', 'DemotingBlue', 'Cleanup', 'RollingBack', 'RollbackCleanup'];

/** Who refuses, with the rule that it leaves some of it to. */
const together = (request: ClusterRequest) =>
  decide([downgradeBlocked, operationInProgress], request).violations.map(({ reason }) => reason);

/** A volume of 2.5.5 that a pod of another version was let at. */
const attempted = (version: string, name?: string): PersistentVolumeClaim => {
  const { metadata, ...rest } = volume('2.5.5', name);
  const annotations = { ...metadata.annotations, [attemptedVersionAnnotation]: version };
  return { ...rest, metadata: { ...metadata, annotations } };
};

const tagged = (version: string, status: keyof typeof containerStates) =>
  pod({ image: `openbao/openbao:${version}`, status: containerStates[status] });

describe('downgrade-blocked', () => {
  describe('against the version that runs (status.currentVersion)', () => {
    const cases = [
      { name: 'refuses an older version', wanted: '2.4.9', reasons: refused },
      { name: 'refuses the prerelease of the same version', wanted: '2.5.5-rc.1', reasons: refused },
      { name: 'refuses an older major version', wanted: '1.99.99', reasons: refused },
      { name: 'allows the same version', wanted: '2.5.5', reasons: [] },
      { name: 'allows the same version with a leading v', wanted: 'v2.5.5', reasons: [] },
      { name: 'allows another build of the same version', wanted: '2.5.5+b0', reasons: [] },
      { name: 'allows a newer version', wanted: '2.5.6', reasons: [] },
      { name: 'allows the prerelease of a newer version', wanted: '2.6.0-rc.1', reasons: [] },
      { name: 'compares numbers, not text', wanted: '2.10.0', reasons: [] },
      { name: 'leaves what is no version to invalid-version', wanted: 'latest', reasons: [] },
    ];
    for (const { name, wanted, reasons } of cases) {
      it(name, () => {
        const old = cluster({ version: '2.5.4' }, { currentVersion: '2.5.5' });
        expect(reasonsOf(downgradeBlocked, update(old, { version: wanted }))).to.deep.equal(reasons);
      });
    }

    it('takes a version that cannot be read as unknown', () => {
      const old = cluster({}, { currentVersion: 'two' });
      const request = update(old, { version: '9.0.0' });
      expect(reasonsOf(downgradeBlocked, request)).to.deep.equal(refused);
      expect(textOf(downgradeBlocked.evaluate(request))).to.contain(
        'status.currentVersion "two" is not a version',
      );
    });
  });

  describe('when a version is taken back in a rolling upgrade', () => {
    const upgrading = (completedPods: number[]) =>
      cluster(
        { version: '2.6.0' },
        { currentVersion: '2.5.5', upgrade: { targetVersion: '2.6.0', completedPods } },
      );
    const unopened = (known_: { readonly podUID: string; readonly starts: number }) =>
      cluster(
        { version: '2.6.0' },
        { currentVersion: '2.5.5', upgrade: { targetVersion: '2.6.0', unopened: known_ } },
      );
    const cases = [
      { name: 'allows it while no pod has moved', old: upgrading([]), pods: [], reasons: [] },
      {
        name: 'allows it while the target waits for its image',
        old: upgrading([]),
        pods: [tagged('2.5.5', 'running'), tagged('2.6.0', 'waiting')],
        reasons: [],
      },
      {
        name: 'refuses it once a pod is completed',
        old: upgrading([2]),
        pods: [],
        reasons: refused,
      },
      {
        name: 'refuses it while the target runs',
        old: upgrading([]),
        pods: [tagged('2.6.0', 'running')],
        reasons: refused,
      },
      {
        name: 'refuses it after the target ended',
        old: upgrading([]),
        pods: [tagged('2.6.0', 'terminated')],
        reasons: refused,
      },
      {
        name: 'refuses it while the target crashes in a loop',
        old: upgrading([]),
        pods: [tagged('2.6.0', 'crashed')],
        reasons: refused,
      },
      {
        name: 'refuses it when the target was restarted and its last state is forgotten',
        old: upgrading([]),
        pods: [tagged('2.6.0', 'restarted')],
        reasons: refused,
      },
      {
        name: 'refuses it when the target ended before and nobody counted',
        old: upgrading([]),
        pods: [pod({ image: 'openbao/openbao:2.6.0', status: { state: {}, lastState: { terminated: {} } } })],
        reasons: refused,
      },
      {
        name: 'refuses it when OpenBao itself said that it runs the target',
        old: upgrading([]),
        pods: [pod({ runs: '2.6.0' })],
        reasons: refused,
      },
      {
        name: 'believes what the image says before a label, which a person can write: a lower one',
        old: upgrading([]),
        pods: [pod({ runs: '2.5.5', image: 'openbao/openbao:2.6.0', status: containerStates.running })],
        reasons: refused,
      },
      {
        name: 'believes what the image says before a label, which a person can write: a higher one',
        old: upgrading([]),
        pods: [pod({ runs: '99.0.0', image: 'openbao/openbao:2.5.5', status: containerStates.running })],
        reasons: [],
      },
      {
        name: 'goes by the image when the label is not a version',
        old: upgrading([]),
        pods: [pod({ runs: 'dev', image: 'openbao/openbao:2.6.0', status: containerStates.running })],
        reasons: refused,
      },
      {
        name: 'allows it while the controller knows that no start of the target has opened the data (V2)',
        old: unopened({ podUID: 'pod-2', starts: 1 }),
        pods: [{ ...tagged('2.6.0', 'terminated'), metadata: { name: 'prod-2', uid: 'pod-2' } }],
        reasons: [],
      },
      {
        name: 'refuses it when it was started once more since, or another pod was (V2)',
        old: unopened({ podUID: 'pod-2', starts: 1 }),
        pods: [
          { ...tagged('2.6.0', 'running'), metadata: { name: 'prod-2', uid: 'pod-2' } },
          { ...tagged('2.6.0', 'terminated'), metadata: { name: 'prod-2', uid: 'other' } },
        ],
        reasons: refused,
      },
      {
        name: 'does not look at other containers',
        old: upgrading([]),
        pods: [pod({ container: 'upgrade-executor', image: 'tools:2.6.0', status: containerStates.running })],
        reasons: [],
      },
      {
        name: 'allows it for a pod without any status',
        old: upgrading([]),
        pods: [{ metadata: { name: 'prod-2' } }],
        reasons: [],
      },
    ];
    for (const { name, old, pods, reasons } of cases) {
      it(name, () => {
        const request = update(old, { version: '2.5.5' }, { pods: known(pods) });
        expect(reasonsOf(downgradeBlocked, request)).to.deep.equal(reasons);
      });
    }
  });

  describe('when a digest alone names the image', () => {
    const before = `openbao/openbao@${sha256}`;
    const target = `openbao/openbao@${otherSha256}`;
    const old = cluster({ version: '2.6.0', image: target }, { currentVersion: '2.5.5' });
    const on = (image: string, status: keyof typeof containerStates = 'running') =>
      pod({ image, status: containerStates[status] });
    const cases = [
      {
        name: 'refuses to take a version back that the stored image has run',
        pods: [on(before), on(target)],
        spec: { version: '2.5.5', image: before },
        reasons: refused,
      },
      {
        name: 'allows it while only the image that is returned to has run',
        pods: [on(before), on(target, 'waiting')],
        spec: { version: '2.5.5', image: before },
        reasons: [],
      },
      {
        name: 'refuses it when a pod has run an image that neither spec names',
        pods: [on(before), on(`openbao/openbao@sha256:${'0'.repeat(64)}`, 'crashed')],
        spec: { version: '2.5.5', image: before },
        reasons: refused,
      },
      {
        name: 'allows a newer version whatever the pods run: it was admitted below the stored one',
        pods: [on(`openbao/openbao@sha256:${'0'.repeat(64)}`)],
        spec: { version: '2.6.1', image: before },
        reasons: [],
      },
      {
        name: 'allows it when that pod never started',
        pods: [on(`openbao/openbao@sha256:${'0'.repeat(64)}`, 'waiting')],
        spec: { version: '2.5.5', image: before },
        reasons: [],
      },
    ];
    for (const { name, pods, spec, reasons } of cases) {
      it(name, () => {
        const request = update(old, spec, { pods: known(pods) });
        expect(reasonsOf(downgradeBlocked, request)).to.deep.equal(reasons);
      });
    }

    it('names the pod and the image that cannot be told', () => {
      const pods = known([on('openbao/openbao:stable')]);
      const request = update(old, { version: '2.5.5', image: before }, { pods });
      expect(textOf(downgradeBlocked.evaluate(request)))
        .to.contain('prod-0')
        .and.contain('openbao/openbao:stable');
    });
  });

  describe('when a version is taken back in a blue-green upgrade', () => {
    const blueGreen = (phase: Phase, rest: BlueGreen = {}) =>
      cluster(
        { version: '2.6.0' },
        { currentVersion: '2.5.5', blueGreen: { phase, greenVersion: '2.6.0', greenRevision: 'g', ...rest } },
      );
    const green = pod({ runs: '2.6.0', metadata: { name: 'prod-g-0' } });
    const blue = pod({ runs: '2.5.5' });

    const ofGreen = volume('2.6.0', 'data-prod-g-0');

    for (const phase of uncrossed) {
      it(`allows it in ${phase}, though green pods run and have stamped their volumes`, () => {
        const given = { pods: known([blue, green]), volumes: known([volume('2.5.5'), ofGreen]) };
        const request = update(blueGreen(phase), { version: '2.5.5' }, given);
        expect(reasonsOf(downgradeBlocked, request)).to.deep.equal([]);
      });

      it(`refuses it in ${phase} where only a label says that what ran newer is green (P4)`, () => {
        for (const given of [
          { pods: known([pod({ runs: '2.6.0', revision: 'g' })]) },
          { volumes: known([volume('2.6.0', 'data-prod-0', 'g')]) },
        ]) {
          const request = update(blueGreen(phase), { version: '2.5.5' }, given);
          expect(reasonsOf(downgradeBlocked, request)).to.deep.equal(refused);
        }
      });

      it(`refuses it in ${phase} once a green member was asked to vote, by operation-in-progress`, () => {
        const old = blueGreen(phase, { crossedAt: '2026-01-02T03:04:05Z' });
        expect(together(update(old, { version: '2.5.5' }))).to.deep.equal(['OperationInProgress']);
        expect(together(update(old, { version: '2.5.4' }))).to.deep.equal([
          'DowngradeBlocked',
          'OperationInProgress',
        ]);
      });
    }
    for (const phase of [...crossed, 'RestoringReadReplicas' as Phase]) {
      it(`refuses it in ${phase}, by operation-in-progress`, () => {
        const given = { pods: known([blue, green]), volumes: known([ofGreen]) };
        const request = update(blueGreen(phase), { version: '2.5.5' }, given);
        expect(together(request)).to.deep.equal(['OperationInProgress']);
      });

      it(`refuses in ${phase} what is below the version before`, () => {
        expect(reasonsOf(downgradeBlocked, update(blueGreen(phase), { version: '2.5.4' }))).to.deep.equal(
          refused,
        );
      });

      it(`goes by green in ${phase} where the version before is not known`, () => {
        const { status } = blueGreen(phase);
        const old = cluster({ version: '2.6.0' }, { blueGreen: status?.blueGreen ?? {} });
        expect(reasonsOf(downgradeBlocked, update(old, { version: '2.5.5' }))).to.deep.equal(refused);
      });
    }

    it('takes no pod and no volume for a copy when the upgrade is over', () => {
      const old = blueGreen('Idle');
      for (const given of [{ pods: known([green]) }, { volumes: known([ofGreen]) }]) {
        expect(reasonsOf(downgradeBlocked, update(old, { version: '2.5.5' }, given))).to.deep.equal(refused);
      }
      expect(reasonsOf(downgradeBlocked, update(old, { version: '2.5.5' }))).to.deep.equal([]);
    });

    it('refuses it when a pod of neither half runs the target', () => {
      const pods = known([blue, pod({ runs: '2.6.0', revision: 'other' })]);
      const request = update(blueGreen('Syncing'), { version: '2.5.5' }, { pods });
      expect(reasonsOf(downgradeBlocked, request)).to.deep.equal(refused);
    });

    it('does not take pods without a revision for green when status names none', () => {
      const old = cluster({ version: '2.6.0' }, { blueGreen: { phase: 'Syncing', greenRevision: '' } });
      const pods = known([pod({ runs: '2.6.0' })]);
      expect(reasonsOf(downgradeBlocked, update(old, { version: '2.5.5' }, { pods }))).to.deep.equal(refused);
    });

    for (const greenVersion of [undefined, '']) {
      it(`goes by the stored version when status says ${JSON.stringify(greenVersion)} for green`, () => {
        const { greenVersion: _, ...rest } = blueGreen('Promoting').status?.blueGreen ?? {};
        const old = cluster(
          { version: '2.6.0' },
          { blueGreen: { ...rest, ...(greenVersion === undefined ? {} : { greenVersion }) } },
        );
        expect(reasonsOf(downgradeBlocked, update(old, { version: '2.5.5' }))).to.deep.equal(refused);
      });
    }
  });

  describe('against the volumes', () => {
    const cases = [
      { name: 'refuses a version below a stamp', volumes: [volume('2.6.0')], reasons: refused },
      {
        name: 'goes by the highest stamp',
        volumes: [volume('2.4.0', 'a'), volume('2.6.0', 'b'), volume('2.5.0', 'c')],
        reasons: refused,
      },
      { name: 'allows the version of the stamp', volumes: [volume('2.5.5')], reasons: [] },
      {
        name: 'refuses a version below one that a pod was let at a volume with (L1)',
        volumes: [volume('2.5.5'), attempted('2.6.0')],
        reasons: refused,
      },
      { name: 'allows that very version (L1)', volumes: [attempted('2.5.5')], reasons: [] },
      {
        name: 'takes what is no version there as unknown (L1)',
        volumes: [attempted('new')],
        reasons: refused,
      },
      { name: 'warns of a volume without a stamp', volumes: [volume()], reasons: ['warns'] },
      {
        name: 'warns of a volume without a stamp beside a stamped one',
        volumes: [volume('2.5.0', 'a'), volume(undefined, 'b')],
        reasons: ['warns'],
      },
      { name: 'takes an empty stamp as unknown', volumes: [volume('')], reasons: refused },
      { name: 'takes a stamp that is no version as unknown', volumes: [volume('new')], reasons: refused },
      { name: 'says nothing without volumes', volumes: [], reasons: [] },
    ];
    for (const { name, volumes, reasons } of cases) {
      it(`${name}, on CREATE`, () => {
        const request = creation(cluster(), { volumes: known(volumes) });
        expect(reasonsOf(downgradeBlocked, request)).to.deep.equal(reasons);
      });
    }

    it('says what may have opened them, and how to go on where a person knows that it has not (L1)', () => {
      const volumes = known([volume('2.4.0', 'a'), attempted('2.6.0'), attempted('2.6.0', 'b')]);
      const text = textOf(downgradeBlocked.evaluate(creation(cluster(), { volumes })));
      expect(text)
        .to.contain('2.6.0, which may have opened the data here (a pod of it was let at volume data-prod-0')
        .and.contain('kubectl annotate pvc -n bao data-prod-0 b rollguard.io/attempted-version-');
    });

    it('goes by pods and status where they tell, when a target is taken back (L1)', () => {
      const old = cluster({ version: '2.6.0' }, { currentVersion: '2.5.5' });
      const request = update(old, { version: '2.5.5' }, { volumes: known([attempted('2.6.0')]) });
      expect(reasonsOf(downgradeBlocked, request)).to.deep.equal([]);
    });

    it('names the volumes without a stamp, three at most', () => {
      const volumes = known(['a', 'b', 'c', 'd'].map((name) => volume(undefined, name)));
      const text = textOf(downgradeBlocked.evaluate(creation(cluster(), { volumes })));
      expect(text).to.contain('(a, b, c)').and.contain('2.5.5');
    });

    const born = '2026-01-02T03:04:05Z';
    const unstamped = (creationTimestamp?: string) => {
      const { metadata, ...rest } = volume();
      return known([
        {
          ...rest,
          metadata: { ...metadata, ...(creationTimestamp === undefined ? {} : { creationTimestamp }) },
        },
      ]);
    };

    for (const answer of [known(false), unknown('timeout'), { kind: 'not-judged' } as const]) {
      it(`refuses what has no stamp to who does not hold the verb, or may not: ${answer.kind} (P4)`, () => {
        const given = { volumes: unstamped(), permissions: holding({ maintenance: answer }) };
        const findings = downgradeBlocked.evaluate(creation(cluster(), given));
        expect(findings.map(({ kind }) => kind)).to.deep.equal(['violation']);
        expect(textOf(findings)).to.contain(
          'kubectl annotate pvc -n bao data-prod-0 rollguard.io/openbao-version=VERSION',
        );
        expect(needsMaintenance(creation(cluster(), given))).to.equal(true);
        const { volumes } = given;
        expect(needsMaintenance(update(cluster(), { version: '2.6.0' }, { volumes }))).to.equal(true);
        const recorded = cluster({}, { currentVersion: '2.5.5' });
        expect(needsMaintenance(update(recorded, { version: '2.6.0' }, { volumes }))).to.equal(false);
      });
    }

    it('takes for fresh only what never had a volume, or was made with the cluster (P4)', () => {
      const permissions = holding({ maintenance: known(false) });
      const made = cluster({}, undefined, { creationTimestamp: born });
      const changed = (volumes: ReturnType<typeof unstamped>) =>
        reasonsOf(downgradeBlocked, update(made, { version: '2.6.0' }, { volumes, permissions }));
      expect(changed(unstamped('2026-01-02T03:04:06Z'))).to.deep.equal([]);
      expect(changed(unstamped('2026-01-02T03:03:05Z'))).to.deep.equal(refused);
      expect(changed(unstamped())).to.deep.equal(refused);
      // Whatever is there when a cluster is created was there before it, a second or a year.
      const created = (volumes: ReturnType<typeof unstamped>) =>
        reasonsOf(downgradeBlocked, creation(made, { volumes, permissions }));
      expect(created(unstamped('2026-01-02T03:04:05Z'))).to.deep.equal(refused);
      const { spec: _, ...unbound } = volume();
      expect(created(known([unbound]))).to.deep.equal([]);
    });

    it('has nothing to warn of where status knows the version', () => {
      const old = cluster({}, { currentVersion: '2.5.5' });
      const request = update(old, { version: '2.6.0' }, { volumes: known([volume()]) });
      expect(reasonsOf(downgradeBlocked, request)).to.deep.equal([]);
    });
  });

  it('ignores a status that is sent with a CREATE', () => {
    const object = cluster({}, { currentVersion: '9.0.0' });
    expect(reasonsOf(downgradeBlocked, creation(object))).to.deep.equal([]);
  });

  it('ignores a status that is sent with an UPDATE', () => {
    const request = update(cluster({}, { currentVersion: '2.5.5' }), { version: '2.4.0' });
    const forged = { ...request, object: { ...request.object, status: { currentVersion: '2.4.0' } } };
    expect(reasonsOf(downgradeBlocked, forged)).to.deep.equal(refused);
  });

  it('says which version, which mark and where it was seen, and what to do', () => {
    const old = cluster({ version: '2.6.0' }, { currentVersion: '2.5.5' });
    const given = { pods: known([pod({ runs: '2.6.0' })]), volumes: known([volume('2.6.0')]) };
    const [finding] = downgradeBlocked.evaluate(update(old, { version: 'v2.5.4' }, given));
    expect(finding).to.deep.equal({
      kind: 'violation',
      reason: 'DowngradeBlocked',
      path: 'spec.version',
      message:
        'spec.version 2.5.4 is older than 2.6.0, which has run here (the stamp on volume data-prod-0, pod prod-0)',
      remedy:
        'set spec.version to 2.6.0 or newer; to return to 2.5.4, restore a snapshot that it made into an empty cluster (docs/operations/restore.md#into-an-empty-cluster)',
    });
  });

  it('says what could not be read, and why', () => {
    const given = { pods: unknown('no answer in 3 s'), volumes: unknown('forbidden') };
    const text = textOf(downgradeBlocked.evaluate(update(cluster(), { version: '2.6.0' }, given)));
    expect(text)
      .to.contain('2.6.0')
      .and.contain("the cluster's volumes could not be read (forbidden)")
      .and.contain("the cluster's pods could not be read (no answer in 3 s)");
  });

  // Every combination of what can be seen, against what each sight is declared to mean here.
  it('judges every combination of evidence as the table says', function () {
    // In rising order: the index is the rank.
    const versions = ['2.4.0', '2.5.5', '2.6.0-rc.1', '2.6.0', '2.7.0'];
    const rank = (version: string) => versions.indexOf(version);
    const stored = '2.6.0';
    const digest = `openbao/openbao@${sha256}`;

    const currents: readonly Sight<string | undefined>[] = [
      { value: undefined },
      { value: '2.5.5', mark: '2.5.5' },
      { value: '2.6.0', mark: '2.6.0' },
      { value: 'garbage', unknown: true },
    ];
    const upgrades: readonly Sight<OpenBaoClusterStatus['upgrade']>[] = [
      { value: undefined },
      { value: { targetVersion: '2.6.0', completedPods: [] } },
      { value: { targetVersion: '2.6.0', completedPods: [2] }, mark: '2.6.0' },
    ];
    const halves: readonly Sight<BlueGreen | undefined>[] = [
      { value: undefined },
      { value: { phase: 'Idle', greenVersion: '2.6.0', greenRevision: 'g' } },
      ...uncrossed.map((phase) => ({ value: { phase, greenVersion: '2.6.0', greenRevision: 'g' } })),
      ...crossed.map((phase) => ({
        value: { phase, greenVersion: '2.6.0', greenRevision: 'g' },
        mark: '2.6.0',
      })),
    ];
    const pods: readonly (Sight<Known<readonly Pod[]>> & { readonly green?: true })[] = [
      { value: known([]) },
      { value: known([pod({ runs: '2.6.0' })]), mark: '2.6.0' },
      { value: known([pod({ runs: '2.6.0', metadata: { name: 'prod-g-0' } })]), mark: '2.6.0', green: true },
      { value: known([pod({ runs: '2.6.0-rc.1', image: digest })]), mark: '2.6.0-rc.1' },
      { value: known([tagged('2.6.0', 'waiting')]) },
      { value: known([tagged('2.6.0', 'running')]), mark: '2.6.0' },
      { value: known([tagged('2.6.0', 'terminated')]), mark: '2.6.0' },
      { value: known([tagged('2.6.0', 'restarted')]), mark: '2.6.0' },
      { value: known([pod({ image: digest, status: containerStates.running })]), mark: stored },
      { value: known([tagged('2.5.5', 'running'), tagged('2.6.0', 'crashed')]), mark: '2.6.0' },
      { value: unknown('why'), unknown: true },
    ];
    const volumes: readonly Sight<Known<readonly PersistentVolumeClaim[]>>[] = [
      { value: known([]) },
      { value: known([volume()]) },
      { value: known([volume('2.5.5')]), mark: '2.5.5' },
      { value: known([volume('2.5.5'), volume('2.7.0')]), mark: '2.7.0' },
      { value: known([volume('garbage')]), unknown: true },
      { value: unknown('why'), unknown: true },
    ];

    let judged = 0;
    const wrong: object[] = [];
    for (const current of currents)
      for (const upgrade of upgrades)
        for (const half of halves)
          for (const seenPods of pods)
            for (const seenVolumes of volumes)
              for (const wanted of versions) {
                const old = cluster(
                  { version: stored, image: digest },
                  {
                    ...(current.value === undefined ? {} : { currentVersion: current.value }),
                    ...(upgrade.value === undefined ? {} : { upgrade: upgrade.value }),
                    ...(half.value === undefined ? {} : { blueGreen: half.value }),
                  },
                );
                const given = { pods: seenPods.value, volumes: seenVolumes.value };
                const request = update(old, { version: wanted }, given);
                const decision = decide([downgradeBlocked, operationInProgress], request);

                const isCrossed = half.mark !== undefined;
                const isThrownAway =
                  seenPods.green === true && uncrossed.some((phase) => phase === half.value?.phase);
                const sights: Sight<unknown>[] = [current, upgrade, half, seenVolumes];
                if (!isThrownAway) sights.push(seenPods);
                const highest = Math.max(-1, ...sights.map(({ mark }) => (mark ? rank(mark) : -1)));
                const isUnknown = sights.some((sight) => sight.unknown === true);
                const isRefused = wanted !== stored && (highest > rank(wanted) || isUnknown || isCrossed);
                // Then it is operation-in-progress that speaks.
                const isLeft = isCrossed && current.mark !== undefined && rank(current.mark) <= rank(wanted);

                const text = decision.violations.map(({ message }) => message).join();
                const isNamed =
                  !isRefused ||
                  isLeft ||
                  highest <= rank(wanted) ||
                  text.includes(`than ${versions[highest]},`);
                judged += 1;
                if (decision.allowed === isRefused || !isNamed) {
                  wrong.push({ wanted, current, upgrade, half, seenPods, seenVolumes, decision });
                }
              }
    expect(wrong.slice(0, 3)).to.deep.equal([]);
    expect(judged).to.equal(4 * 3 * 10 * 11 * 6 * 5);
  });

  describe('whatever the evidence', () => {
    // Without prereleases, so that the order can be told here by comparing numbers.
    const version = fc.tuple(fc.nat(3), fc.nat(12), fc.nat(3));
    const written = (parts: readonly number[]) => parts.join('.');
    const below = (a: readonly number[], b: readonly number[]) => {
      const index = a.findIndex((part, at) => part !== b[at]);
      return index >= 0 && (a[index] ?? 0) < (b[index] ?? 0);
    };
    const phase = fc.constantFrom('Idle' as const, ...uncrossed, ...crossed);
    const rules = [downgradeBlocked, operationInProgress];
    const evidence = fc.record({
      stored: version,
      wanted: version,
      current: fc.option(version),
      target: fc.option(version),
      completed: fc.array(fc.nat(4), { maxLength: 2 }),
      green: fc.option(fc.record({ phase, version })),
      stamps: fc.array(version, { maxLength: 3 }),
      labels: fc.array(version, { maxLength: 3 }),
      started: fc.array(fc.tuple(version, fc.constantFrom('running', 'terminated', 'crashed', 'restarted')), {
        maxLength: 3,
      }),
    });
    type Evidence = typeof evidence extends fc.Arbitrary<infer T> ? T : never;

    const requestOf = (seen: Evidence) => {
      const status: OpenBaoClusterStatus = {
        ...(seen.current === null ? {} : { currentVersion: written(seen.current) }),
        ...(seen.target === null
          ? {}
          : { upgrade: { targetVersion: written(seen.target), completedPods: seen.completed } }),
        ...(seen.green === null
          ? {}
          : { blueGreen: { phase: seen.green.phase, greenVersion: written(seen.green.version) } }),
      };
      return update(
        cluster({ version: written(seen.stored) }, status),
        { version: written(seen.wanted) },
        {
          volumes: known(seen.stamps.map((stamp) => volume(written(stamp)))),
          pods: known([
            ...seen.labels.map((label) => pod({ runs: written(label) })),
            ...seen.started.map(([image, state]) => tagged(written(image), state as 'running')),
          ]),
        },
      );
    };
    const marksOf = (seen: Evidence) => [
      ...(seen.current === null ? [] : [seen.current]),
      ...(seen.target !== null && seen.completed.length > 0 ? [seen.target] : []),
      ...(seen.green !== null && crossed.includes(seen.green.phase) ? [seen.green.version] : []),
      ...seen.stamps,
      ...seen.labels,
      ...seen.started.map(([image]) => image),
    ];

    it('a version that is allowed is below no mark, and one that is below none is allowed', () => {
      fc.assert(
        fc.property(evidence, (seen) => {
          fc.pre(written(seen.stored) !== written(seen.wanted));
          const isBelow = marksOf(seen).some((mark) => below(seen.wanted, mark));
          // In these phases no version may be set at all.
          const isPinned = seen.green !== null && crossed.includes(seen.green.phase);
          expect(decide(rules, requestOf(seen)).allowed).to.equal(!isBelow && !isPinned);
        }),
        { numRuns: 2000 },
      );
    });

    it('what is unknown allows no change of version', () => {
      const blind = fc.constantFrom(
        { volumes: unknown('why') },
        { pods: unknown('why') },
        { volumes: known([volume('garbage')]) },
        { volumes: unknown('why'), pods: unknown('why') },
      );
      fc.assert(
        fc.property(evidence, blind, fc.boolean(), (seen, given, isCreation) => {
          fc.pre(written(seen.stored) !== written(seen.wanted));
          const request = { ...requestOf(seen), ...given };
          const { operation: _, oldObject: __, ...rest } = request;
          const judged = isCreation ? creation(rest.object, rest) : request;
          expect(decide(rules, judged).allowed).to.equal(false);
        }),
      );
    });

    it('without a change of version nothing is refused', () => {
      const blind = fc.constantFrom({}, { volumes: unknown('why') }, { pods: unknown('why') });
      fc.assert(
        fc.property(evidence, blind, fc.boolean(), (seen, given, paused) => {
          const request = { ...requestOf({ ...seen, wanted: seen.stored }), ...given };
          const edited = { ...request.object, spec: { ...request.object.spec, paused } };
          expect(decide(rules, { ...request, object: edited }).allowed).to.equal(true);
        }),
      );
    });
  });

  it('warns of a downgrade that was stored before', () => {
    const old = cluster({ version: '2.4.0' }, { currentVersion: '2.5.5' });
    const decision = decide([downgradeBlocked], update(old, { paused: true }));
    expect(decision.allowed).to.equal(true);
    expect(decision.warnings).to.have.length(1);
    expect(decision.warnings[0]).to.match(/^DowngradeBlocked: spec\.version 2\.4\.0 is older than 2\.5\.5/);
  });

  it('reads neither volumes nor pods without a change of version', () => {
    const given = { volumes: known([volume('9.0.0')]), pods: known([pod({ runs: '9.0.0' })]) };
    expect(reasonsOf(downgradeBlocked, update(cluster(), { paused: true }, given))).to.deep.equal([]);
  });
});

/** Something that can be seen, and what it means: a mark, not knowing, or nothing. */
interface Sight<T> {
  readonly value: T;
  readonly mark?: string;
  readonly unknown?: boolean;
}

import { readdir, readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { parse } from 'yaml';
import type { Ground } from '../cluster/test-cluster.ts';
import { cluster, fixturesIn, kubectlIn, startGate, succeed, type Gate } from '../support/gate.ts';
import { ownGround } from '../support/own-ground.ts';
import { provideNamespace, removeNamespace } from '../support/namespace.ts';

describe('the gate on OpenBaoClusters, by kubectl through a real API server', function () {
  let ground: Ground;
  let gate: Gate;
  const namespace = 'gate-clusters';

  before(async function () {
    ground = await ownGround(this, 'control-plane');
    gate = await startGate(ground);
    await provideNamespace(ground, namespace);
  });

  after(async function () {
    if (ground) await removeNamespace(ground, namespace);
    await gate?.stop();
  });

  const kubectl = kubectlIn(() => ground, namespace);
  const fixtures = fixturesIn(() => ground, namespace);
  const create = (name: string, spec: object) => fixtures.create(cluster(name, spec));
  const setStatus = (
    name: string,
    status: object,
    kind: 'OpenBaoCluster' | 'MetadataServices' = 'OpenBaoCluster',
  ) => fixtures.patch(kind, name, { status }, 'status');
  const patch = (name: string, spec: object, ...more: string[]) =>
    kubectl(['patch', 'bao', name, '--type=merge', '-p', JSON.stringify({ spec }), ...more]);
  const read = async (name: string) => {
    const stored = await fixtures.read<{
      metadata: { uid: string; annotations?: Record<string, string>; resourceVersion: string };
      spec: Record<string, unknown>;
    }>('OpenBaoCluster', name);
    if (stored === undefined) throw new Error(`there is no OpenBaoCluster ${name}`);
    return stored;
  };

  /** Every way in which kubectl changes an object. */
  const ways: Record<
    string,
    (name: string, spec: object) => Promise<{ code: number | null; stderr: string }>
  > = {
    apply: (name, spec) => kubectl(['apply', '-f', '-'], cluster(name, spec)),
    'apply --server-side': (name, spec) =>
      kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], cluster(name, spec)),
    'apply --dry-run=server': (name, spec) =>
      kubectl(['apply', '--dry-run=server', '-f', '-'], cluster(name, spec)),
    'apply --server-side --dry-run=server': (name, spec) =>
      kubectl(
        ['apply', '--server-side', '--force-conflicts', '--dry-run=server', '-f', '-'],
        cluster(name, spec),
      ),
    'a merge patch': (name, spec) => patch(name, spec),
    'a JSON patch': (name, spec) =>
      kubectl([
        'patch',
        'bao',
        name,
        '--type=json',
        '-p',
        JSON.stringify([{ op: 'replace', path: '/spec', value: spec }]),
      ]),
    replace: (name, spec) => kubectl(['replace', '-f', '-'], cluster(name, spec)),
  };

  it('take no name that no Service can have, and say so', async () => {
    for (const name of ['9lives', 'a.b', 'a'.repeat(41)]) {
      const { stderr } = await kubectl(['create', '-f', '-'], cluster(name, { version: '2.5.5' }));
      expect(stderr, name).to.contain('metadata.name must begin with a letter');
    }
  });

  describe('a spec that says what cannot be', () => {
    const store = { endpoint: 'https://s3.example', bucket: 'snapshots' };
    const refused: readonly (readonly [spec: object, message: string])[] = [
      [{ tls: { enabled: false } }, 'tls.enabled: false needs profile: Development'],
      [{ tls: { enabled: false }, profile: 'Hardened' }, 'tls.enabled: false needs profile: Development'],
      [{ upgrade: { image: 'a/b:1', executorImage: 'a/b:2' } }, 'upgrade.image is another name'],
      [{ backup: { target: store } }, 'provider is required'],
      [{ backup: { target: { provider: 'pvc', claimName: '' } } }, 'provider: pvc needs claimName'],
      [{ backup: { target: { provider: 'pvc', ...store } } }, 'provider: pvc needs claimName'],
      [{ backup: { target: { provider: 's3', bucket: 'b' } } }, 'provider: s3 needs bucket and endpoint'],
      [{ backup: { target: { provider: 's3', endpoint: 'e' } } }, 'provider: s3 needs bucket and endpoint'],
      ...['', '90', '1d', '1.5s', '-1s', ' 1s', '1s '].map(
        (rotationPeriod) => [{ tls: { rotationPeriod } }, 'must be a duration such as'] as const,
      ),
      [{ configuration: { raft: { autopilotUpdateInterval: 'soon' } } }, 'must be a duration such as'],
    ];
    const accepted: readonly object[] = [
      { tls: { enabled: false }, profile: 'Development' },
      { tls: { enabled: true, rotationPeriod: '1h30m' }, configuration: { raft: {} } },
      { upgrade: { image: 'a/b:1', executorImage: 'a/b:1' } },
      { backup: { target: { provider: 'pvc', claimName: 'snapshots' } } },
      { backup: { target: { provider: 's3', ...store } }, profile: 'Development' },
      { configuration: { raft: { autopilotUpdateInterval: '500ms', serverStabilizationTime: '90s' } } },
    ];
    const tryOut = (spec: object) =>
      kubectl(['create', '--dry-run=server', '-f', '-'], cluster('odd', { version: '2.5.5', ...spec }));

    it('is refused, with what it needs', async () => {
      for (const [spec, message] of refused)
        expect((await tryOut(spec)).stderr, JSON.stringify(spec)).to.contain(message);
    });

    it('is no spec that has it', async () => {
      for (const spec of accepted) await succeed(tryOut(spec));
    });

    it('is one that turns TLS on or off for a cluster that is there', async () => {
      const off = { tls: { enabled: false }, profile: 'Development' };
      await create('plain', { version: '2.5.5', ...off });
      await create('secure', { version: '2.5.5', profile: 'Development' });
      const needed = 'tls.enabled cannot change';
      expect((await patch('plain', { tls: { enabled: true } })).stderr).to.contain(needed);
      expect((await patch('plain', { tls: null })).stderr).to.contain(needed);
      expect((await patch('secure', off)).stderr).to.contain(needed);
      await succeed(patch('plain', { paused: true }));
      // Left out, it is true.
      await succeed(patch('secure', { tls: { enabled: true } }));
      await succeed(patch('secure', { tls: null }));
    });
  });

  describe('DowngradeBlocked', () => {
    for (const [way, change] of Object.entries(ways)) {
      it(`refuses a downgrade by ${way}, and allows an upgrade`, async () => {
        const name = `down-${Object.keys(ways).indexOf(way)}`;
        await create(name, { version: '2.5.5' });
        await setStatus(name, { currentVersion: '2.5.5' });
        const refused = await change(name, { version: '2.4.4' });
        expect(refused.code).to.equal(1);
        expect(refused.stderr)
          .to.contain('(DowngradeBlocked)')
          .and.contain('2.4.4')
          .and.contain('2.5.5')
          .and.contain('Now: ');
        expect((await read(name)).spec['version']).to.equal('2.5.5');
        const allowed = await change(name, { version: '2.6.0' });
        expect(allowed.code, allowed.stderr).to.equal(0);
      });
    }

    it('allows taking a target back that never ran, and refuses it once a pod completed', async () => {
      await create('revert', { version: '2.4.4' });
      await setStatus('revert', { currentVersion: '2.4.4' });
      await succeed(patch('revert', { version: '2.5.5' }));
      await setStatus('revert', { upgrade: { targetVersion: '2.5.5' } });
      await succeed(patch('revert', { version: '2.4.4' }));
      await succeed(patch('revert', { version: '2.5.5' }));
      await setStatus('revert', { upgrade: { targetVersion: '2.5.5', completedPods: [2] } });
      const refused = await patch('revert', { version: '2.4.4' });
      expect(refused.stderr).to.contain('(DowngradeBlocked)').and.contain('status.upgrade.targetVersion');
    });

    it('refuses an older version for a cluster that was deleted and is created again on its volumes', async () => {
      const claim = (name: string, annotations: object) => ({
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name, labels: { 'openbao.org/cluster': 'again' }, annotations },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } },
      });
      await succeed(
        kubectl(['create', '-f', '-'], claim('data-again-0', { 'rollguard.io/openbao-version': '2.5.5' })),
      );
      const refused = await kubectl(['create', '-f', '-'], cluster('again', { version: '2.4.4' }));
      expect(refused.stderr).to.contain('(DowngradeBlocked)').and.contain('data-again-0');
      await succeed(kubectl(['create', '-f', '-'], cluster('again', { version: '2.5.5' })));
    });

    it('refuses a cluster where no pod can be guarded (P8)', async () => {
      const stray = cluster('stray', { version: '2.5.5' });
      const refused = await kubectlIn(() => ground, 'kube-system')(['create', '-f', '-'], stray);
      expect(refused.stderr).to.contain('(NamespaceUnguarded)');
    });

    it('ignores a status that is sent with a CREATE', async () => {
      const forged = { ...cluster('forged', { version: '2.4.4' }), status: { currentVersion: '9.9.9' } };
      await succeed(kubectl(['create', '-f', '-'], forged));
      await succeed(patch('forged', { version: '2.4.3' }));
    });
  });

  describe('InvalidVersion and images', () => {
    const refusals: readonly [sentence: string, spec: object, reason: string][] = [
      ['two parts', { version: '2.5' }, 'InvalidVersion'],
      ['a leading zero', { version: '2.05.1' }, 'InvalidVersion'],
      ['an invisible character', { version: '2.5.5\u200b' }, 'InvalidVersion'],
      ['Arabic digits', { version: '٢.٥.٥' }, 'InvalidVersion'],
      [
        'a tag of another version',
        { version: '2.5.5', image: 'openbao/openbao:2.4.4' },
        'ImageVersionMismatch',
      ],
      [
        'such a tag beside a digest, behind a registry with a port',
        { version: '2.5.5', image: `registry.test:5000/a/b:v2.4.4@sha256:${'a'.repeat(64)}` },
        'ImageVersionMismatch',
      ],
      [
        'an image that is no reference',
        { version: '2.5.5', image: 'Open Bao:2.5.5' },
        'InvalidImageReference',
      ],
    ];
    for (const [sentence, spec, reason] of refusals) {
      it(`refuses ${sentence} on create and on apply`, async () => {
        const made = await kubectl(['create', '-f', '-'], cluster('refused', spec));
        expect(made.stderr).to.contain(`(${reason})`);
        const applied = await kubectl(['apply', '--server-side', '-f', '-'], cluster('refused', spec));
        expect(applied.stderr).to.contain(`(${reason})`);
      });
    }

    it('allows an IPv6 registry, a v-prefix and _ for +', async () => {
      await create('ipv6', { version: '2.5.5+b1', image: '[::1]:5000/openbao/openbao:v2.5.5_b1' });
    });

    it('lists all that is wrong at once, under the first reason of the table', async () => {
      await create('both', { version: '2.5.5' });
      await setStatus('both', { currentVersion: '2.5.5' });
      const refused = await patch('both', { version: '2.4.4', image: 'openbao/openbao:2.6.0' });
      expect(refused.stderr).to.contain('(DowngradeBlocked)').and.contain('(2/2) ImageVersionMismatch');
    });
  });

  describe('the acknowledgement of break glass', () => {
    const nonce = '0123456789abcdef0123456789abcdef';
    const old = 'fedcba9876543210fedcba9876543210';
    const enter = (name: string) =>
      setStatus(name, {
        breakGlass: {
          active: true,
          reason: 'RollbackConsensusRepairFailed',
          nonce,
          history: [{ nonce: old }],
        },
      });

    it('accepts the current nonce, together with paused=false and as often as it is sent', async () => {
      await create('ack', { version: '2.5.5', paused: true });
      await enter('ack');
      await succeed(patch('ack', { paused: false, breakGlassAck: nonce }, '--dry-run=server'));
      await succeed(patch('ack', { paused: false, breakGlassAck: nonce }, '--dry-run=server'));
      await succeed(patch('ack', { paused: false, breakGlassAck: nonce }));
      expect((await read('ack')).spec).to.include({ paused: false, breakGlassAck: nonce });
    });

    it('refuses another value as StaleNonce, naming the state and no nonce', async () => {
      await create('stale', { version: '2.5.5' });
      await enter('stale');
      for (const wrong of [old, 'guess', nonce.toUpperCase(), `${nonce}\n`]) {
        const refused = await patch('stale', { breakGlassAck: wrong });
        expect(refused.stderr).to.contain('(StaleNonce)').and.contain('RollbackConsensusRepairFailed');
        expect(refused.stderr).not.to.contain(nonce);
      }
    });

    it('refuses a new value as NoActiveBreakGlass while nothing waits for one', async () => {
      await create('early', { version: '2.5.5' });
      expect((await patch('early', { breakGlassAck: 'in-advance' })).stderr).to.contain(
        '(NoActiveBreakGlass)',
      );
    });

    it('does not break a sync that applies an old value again', async () => {
      await create('gitops', { version: '2.5.5' });
      await enter('gitops');
      const fromGit = cluster('gitops', { version: '2.5.5', breakGlassAck: nonce });
      const sync = () =>
        kubectl(
          ['apply', '--server-side', '--force-conflicts', '--field-manager=gitops', '-f', '-'],
          fromGit,
        );
      await succeed(sync());
      // Acknowledged and over; then a new incident with a new nonce.
      await setStatus('gitops', { breakGlass: { active: false } });
      await succeed(sync());
      await setStatus('gitops', { breakGlass: { active: true, nonce: 'another', history: [{ nonce }] } });
      const again = await succeed(sync());
      expect(again.stderr).to.contain('StaleNonce').and.contain('Warning:');
      await succeed(patch('gitops', { paused: true }));
    });
  });

  describe('in the midst of a blue-green upgrade', () => {
    const rollback = (value: string) => ({ upgrade: { requests: { rollback: value } } });
    const blueGreen = { blueVersion: '2.4.4', greenVersion: '2.5.5', greenRevision: 'g' };
    /** Going from 2.4.4 to 2.5.5. */
    const upgrading = async (name: string, status: object) => {
      await create(name, { version: '2.5.5' });
      await setStatus(name, { currentVersion: '2.4.4', blueGreen: { ...blueGreen, ...status } });
    };

    for (const [way, change] of Object.entries(ways)) {
      it(`refuses to pull the target away by ${way} while votes move, and allows it before`, async () => {
        const name = `midst-${Object.keys(ways).indexOf(way)}`;
        await upgrading(name, { phase: 'DemotingBlue', crossedAt: '2026-01-02T03:04:05Z' });
        const refused = await change(name, { version: '2.4.4' });
        expect(refused.stderr)
          .to.contain('(OperationInProgress)')
          .and.contain('"rollback"')
          .and.not.contain('DowngradeBlocked');
        await setStatus(name, { blueGreen: { phase: 'Syncing', crossedAt: null } });
        const allowed = await change(name, { version: '2.4.4' });
        expect(allowed.code, allowed.stderr).to.equal(0);
      });
    }

    it('lets a pause, a label and a moved image through', async () => {
      await upgrading('moved', { phase: 'Promoting' });
      const image = 'mirror.test/openbao/openbao:2.5.5';
      expect((await patch('moved', { image })).stderr).to.contain('(OperationInProgress)');
      await succeed(kubectl(['label', 'bao', 'moved', 'a=b']));
      await succeed(patch('moved', { paused: true }));
      await succeed(patch('moved', { image }));
      expect((await patch('moved', { replicas: 5 })).stderr).to.contain('(OperationInProgress)');
    });

    it('refuses a rollback once Cleanup has begun, and warns where it does nothing', async () => {
      await upgrading('back', { phase: 'DemotingBlue', crossedAt: '2026-01-02T03:04:05Z' });
      await succeed(patch('back', rollback('one')));
      expect((await read('back')).metadata.annotations?.['rollguard.io/requested-by']).to.be.a('string');
      await setStatus('back', { blueGreen: { phase: 'Cleanup', cleanupStartedAt: '2026-01-02T03:05:05Z' } });
      const late = await patch('back', rollback('two'));
      expect(late.stderr).to.contain('(PointOfNoReturn)').and.contain('2026-01-02T03:05:05Z');
      await succeed(patch('back', { paused: true }));
      await setStatus('back', { blueGreen: { phase: 'Idle' } });
      expect((await succeed(patch('back', rollback('three')))).stderr).to.contain('has no effect');
    });
  });

  describe('the kind and its samples', () => {
    it('has its short names, its category, its columns and a status of its own', async () => {
      await create('kind', { version: '2.5.5' });
      for (const name of ['bao', 'baoc', 'openbao', 'openbaoclusters']) {
        const { stdout } = await succeed(kubectl(['get', name]));
        expect(stdout)
          .to.match(/NAME +VERSION +CURRENT +TARGET +PHASE +STEP +LEADER +READY +AGE/)
          .and.contain('kind');
      }
      const { stdout } = await succeed(kubectl(['get', 'bao', '-o', 'wide']));
      expect(stdout).to.match(/PAUSED +MAINTENANCE +BREAK GLASS +HELD +ERROR +IMAGE/);
      await setStatus('kind', { currentVersion: '2.5.5' });
      expect((await read('kind')).spec).to.deep.equal({ version: '2.5.5' });
    });

    it('refuses a field that nothing reads', async () => {
      const strange = await kubectl(
        ['create', '-f', '-'],
        cluster('strange', { version: '2.5.5', color: 'blue' }),
      );
      expect(strange.stderr).to.contain('unknown field "spec.color"');
    });

    it('takes every sample, and refuses every one that is to be refused, with its reason', async () => {
      await succeed(kubectl(['apply', '-f', 'manifests/samples']));
      const refused: Readonly<Record<string, string>> = {
        downgrade: 'DowngradeBlocked',
        'image-mismatch': 'ImageVersionMismatch',
        'late-rollback': 'PointOfNoReturn',
        'revert-in-promoting': 'OperationInProgress',
        'rollback-before-a-release': 'NoGoodRelease',
        'rollback-to-nothing': 'RollbackTargetEmpty',
        'snapshot-without-store': 'SnapshotPrerequisiteMissing',
        'stale-ack': 'StaleNonce',
      };
      const folder = 'manifests/samples/refused';
      expect((await readdir(folder)).filter((file) => file.endsWith('.yaml')).toSorted()).to.deep.equal(
        Object.keys(refused).map((name) => `${name}.yaml`),
      );
      for (const [name, reason] of Object.entries(refused)) {
        const stored = await readFile(`${folder}/stored/${name}.yaml`, 'utf8').catch(() => undefined);
        if (stored !== undefined) {
          await succeed(kubectl(['create', '-f', `${folder}/stored/${name}.yaml`]));
          const { kind, status } = parse(stored) as {
            kind: 'OpenBaoCluster' | 'MetadataServices';
            status: object;
          };
          await setStatus(name, status, kind);
        }
        const answer = await kubectl(['apply', '-f', `${folder}/${name}.yaml`]);
        expect(answer.stderr, name).to.contain(`(${reason})`);
      }
    });
  });

  describe('the deletion of a cluster', () => {
    const confirm = async (name: string) => {
      const { uid } = (await read(name)).metadata;
      await succeed(kubectl(['annotate', 'bao', name, '--overwrite', `rollguard.io/confirm-delete=${uid}`]));
    };
    const remove = (name: string) => kubectl(['delete', 'bao', name, '--wait=false']);

    it('passes at rest where it keeps the data', async () => {
      await create('kept', { version: '2.5.5' });
      await succeed(remove('kept'));
    });

    it('is refused where data goes with it, until it is confirmed by the uid', async () => {
      await create('lost', { version: '2.5.5', deletionPolicy: 'DeletePVCs' });
      for (const how of [[], ['--force'], ['--dry-run=server']])
        expect((await kubectl(['delete', 'bao', 'lost', '--wait=false', ...how])).stderr).to.contain(
          '(DeletionNotConfirmed)',
        );
      await succeed(kubectl(['annotate', 'bao', 'lost', 'rollguard.io/confirm-delete=yes']));
      expect((await remove('lost')).stderr).to.contain('(DeletionNotConfirmed)');
      await confirm('lost');
      await succeed(remove('lost'));
    });

    it('is refused in the midst of an operation, until it is confirmed', async () => {
      await create('busy', { version: '2.5.5' });
      await setStatus('busy', { currentVersion: '2.4.4', upgrade: { targetVersion: '2.5.5' } });
      expect((await remove('busy')).stderr)
        .to.contain('(OperationInProgress)')
        .and.contain('2.5.5');
      await confirm('busy');
      await succeed(remove('busy'));
    });

    it('passes with its namespace, in the one call in which that is emptied', async () => {
      const doomed = 'gate-doomed';
      const inDoomed = kubectlIn(() => ground, doomed);
      await provideNamespace(ground, doomed);
      await succeed(
        inDoomed(['create', '-f', '-'], cluster('lost', { version: '2.5.5', deletionPolicy: 'DeletePVCs' })),
      );
      const all = `/apis/openbao.org/v1alpha1/namespaces/${doomed}/openbaoclusters`;
      expect((await inDoomed(['delete', '--raw', all])).stderr).to.contain('DeletionNotConfirmed');
      const controller = 'system:serviceaccount:kube-system:namespace-controller';
      await succeed(inDoomed(['delete', '--raw', all, `--as=${controller}`]));
      expect((await succeed(inDoomed(['get', 'bao', '-o', 'name']))).stdout).to.equal('');
    });
  });

  describe('ratcheting', () => {
    it('lets everything but the version through where the stored version is already below the mark', async () => {
      await create('stored', { version: '2.5.5' });
      await setStatus('stored', { currentVersion: '2.6.0' });
      const paused = await succeed(patch('stored', { paused: true }));
      expect(paused.stderr).to.contain('Warning:').and.contain('DowngradeBlocked');
      await succeed(kubectl(['label', 'bao', 'stored', 'a=b']));
      await succeed(kubectl(['annotate', 'bao', 'stored', 'a=b']));
    });

    it('lets a terminating object have its finalizers taken off', async () => {
      const held = cluster('held', { version: '2.5.5' }, { finalizers: ['test.rollguard.io/hold'] });
      await succeed(kubectl(['create', '-f', '-'], held));
      await setStatus('held', { currentVersion: '2.6.0' });
      await succeed(kubectl(['delete', 'bao', 'held', '--wait=false']));
      await succeed(
        kubectl(['patch', 'bao', 'held', '--type=merge', '-p', '{"metadata":{"finalizers":null}}']),
      );
      expect((await kubectl(['get', 'bao', 'held'])).stderr).to.contain('NotFound');
    });
  });

  describe('who may', () => {
    let alice: string;
    const nonce = 'c0ffee';

    before(async () => {
      alice = await ground.kubeconfigFor('alice', ['people']);
      await succeed(
        kubectl([
          'create',
          'role',
          'edit-bao',
          '--verb=get,list,patch,update,create',
          '--resource=openbaoclusters.openbao.org',
        ]),
      );
      await succeed(kubectl(['create', 'rolebinding', 'alice', '--role=edit-bao', '--user=alice']));
    });

    it('needs the verb maintenance to switch maintenance, and nothing for the rest', async () => {
      await create('mine', { version: '2.5.5' });
      const patchAs = (spec: object) =>
        kubectl(['patch', 'bao', 'mine', '--type=merge', '-p', JSON.stringify({ spec })], undefined, alice);
      await succeed(patchAs({ paused: true }));
      const refused = await patchAs({ maintenance: { enabled: true } });
      expect(refused.stderr)
        .to.contain('(PermissionRequired)')
        .and.contain('maintenance')
        .and.contain('kubectl auth can-i');
      await setStatus('mine', { breakGlass: { active: true, nonce } });
      expect((await patchAs({ breakGlassAck: nonce })).stderr)
        .to.contain('(PermissionRequired)')
        .and.contain('acknowledge');

      await succeed(
        kubectl([
          'create',
          'role',
          'may',
          '--verb=maintenance,acknowledge',
          '--resource=openbaoclusters.openbao.org',
        ]),
      );
      await succeed(kubectl(['create', 'rolebinding', 'alice-may', '--role=may', '--user=alice']));
      await succeed(patchAs({ maintenance: { enabled: true } }));
      await succeed(patchAs({ breakGlassAck: nonce }));
      await setStatus('mine', { breakGlass: { active: false } });

      for (const [field, verb] of [
        ['promote', 'promote'],
        ['cleanup', 'promote'],
        ['rollback', 'rollback'],
      ] as const) {
        const refusal = await patchAs({ upgrade: { requests: { [field]: 'now' } } });
        expect(refusal.stderr, field).to.contain('(PermissionRequired)').and.contain(`"${verb}"`);
      }
      const role = ['--verb=promote,rollback', '--resource=openbaoclusters.openbao.org'];
      await succeed(kubectl(['create', 'role', 'may-go', ...role]));
      await succeed(kubectl(['create', 'rolebinding', 'alice-may-go', '--role=may-go', '--user=alice']));
      await succeed(patchAs({ upgrade: { requests: { promote: 'a', cleanup: 'b', rollback: 'c' } } }));
      expect((await read('mine')).metadata.annotations).to.include({ 'rollguard.io/requested-by': 'alice' });
    });
  });

  describe('the requested-by annotation', () => {
    const annotationOf = async (name: string) =>
      (await read(name)).metadata.annotations?.['rollguard.io/requested-by'];

    it('leaves no diff behind after two server-side applies, nor after a client-side one, and a later version bump passes', async () => {
      const fromGit = (version: string) => cluster('zero', { version, maintenance: { enabled: true } });
      const apply = (version: string, ...how: string[]) =>
        kubectl(['apply', ...how, '-f', '-'], fromGit(version));
      const serverSide = ['--server-side', '--field-manager=argo'];
      await succeed(apply('2.5.4', ...serverSide));
      expect(await annotationOf('zero')).to.be.a('string');
      // Nobody has written a status here: the first write after the creation stores the default of the CRD.
      await succeed(apply('2.5.4', ...serverSide));
      const first = await read('zero');
      await succeed(apply('2.5.4', ...serverSide));
      expect((await read('zero')).metadata.resourceVersion).to.equal(first.metadata.resourceVersion);
      expect((await kubectl(['diff', ...serverSide, '-f', '-'], fromGit('2.5.4'))).code).to.equal(0);
      await succeed(apply('2.5.5', ...serverSide));

      await succeed(
        kubectl(
          ['apply', '-f', '-'],
          cluster('client', { version: '2.5.4', maintenance: { enabled: true } }),
        ),
      );
      const again = await succeed(
        kubectl(
          ['apply', '-f', '-'],
          cluster('client', { version: '2.5.4', maintenance: { enabled: true } }),
        ),
      );
      expect(again.stdout).to.contain('unchanged');
      await succeed(
        kubectl(
          ['apply', '-f', '-'],
          cluster('client', { version: '2.5.5', maintenance: { enabled: true } }),
        ),
      );
    });

    it('cannot be forged, survives a replace, and goes with what it spoke of', async () => {
      await create('asked', { version: '2.5.5' });
      await succeed(kubectl(['annotate', 'bao', 'asked', 'rollguard.io/requested-by=somebody-else']));
      expect(await annotationOf('asked')).to.equal(undefined);
      await succeed(patch('asked', { maintenance: { enabled: true } }));
      const author = await annotationOf('asked');
      expect(author).to.be.a('string');
      await succeed(
        kubectl(
          ['replace', '-f', '-'],
          cluster('asked', { version: '2.5.5', maintenance: { enabled: true } }),
        ),
      );
      expect(await annotationOf('asked')).to.equal(author);
      await succeed(patch('asked', { maintenance: { enabled: false } }));
      expect(await annotationOf('asked')).to.equal(undefined);
    });
  });
});

import { expect } from 'chai';
import type { Ground } from '../cluster/test-cluster.ts';
import { fixturesIn, kubectlIn, startGate, succeed, type Gate } from '../support/gate.ts';
import { ownGround } from '../support/own-ground.ts';
import { active, failed, neverServed, served } from '../support/release-requests.ts';
import { provideNamespace, removeNamespace } from '../support/namespace.ts';

describe('the gate on MetadataServices, by kubectl through a real API server', function () {
  let ground: Ground;
  let gate: Gate;
  const namespace = 'autoscalingv2';

  before(async function () {
    ground = await ownGround(this, 'control-plane');
    gate = await startGate(ground);
    await provideNamespace(ground, namespace);
  });

  after(async () => {
    if (ground) await removeNamespace(ground, namespace);
    await gate?.stop();
  });

  const kubectl = kubectlIn(() => ground, namespace);
  const fixtures = fixturesIn(() => ground, namespace);
  const create = async (name: string, status: object, annotations: object = {}) => {
    await fixtures.create({
      apiVersion: 'e6data.io/v1alpha1',
      kind: 'MetadataServices',
      metadata: { name, annotations },
      spec: { storage: { imageTag: '1.0' }, schema: { imageTag: '1.0' } },
    });
    await fixtures.patch('MetadataServices', name, { status }, 'status');
  };
  const annotate = (name: string, ...annotations: readonly string[]) =>
    kubectl(['annotate', '--overwrite', 'metadataservices', name, ...annotations]);
  /** Whoever the API server knows by no more than this name. */
  const asJane = ['--as', 'jane', '--as-group', 'system:authenticated'];
  const grant = async (role: string, verbs: string) => {
    const rule = [`--verb=${verbs}`, '--resource=metadataservices.e6data.io'];
    await succeed(kubectl(['create', 'role', role, ...rule]));
    await succeed(kubectl(['create', 'rolebinding', role, `--role=${role}`, '--user=jane']));
  };

  it('has its short names and the columns of page 003', async () => {
    await create('kind', served);
    for (const name of ['mds', 'metadata', 'metadataservices']) {
      const { stdout } = await succeed(kubectl(['get', name]));
      expect(stdout)
        .to.match(/NAME +PHASE +ACTIVE +PENDING +VERSION +AGE/)
        .and.contain(active);
    }
  });

  it('refuses a rollback to nothing, and one where nothing served', async () => {
    await create('served', served);
    const empty = await annotate('served', 'e6data.io/rollback-to=');
    expect(empty.stderr).to.contain('(RollbackTargetEmpty)').and.contain('releaseHistory[*].version');
    await create('never-served', neverServed);
    expect((await annotate('never-served', `e6data.io/rollback-to=${failed}`)).stderr).to.contain(
      '(NoGoodRelease)',
    );
  });

  it('says what will come of a rollback', async () => {
    await create('warned', served);
    const unknown = await succeed(annotate('warned', 'e6data.io/rollback-to=v20241106-000000-invalid'));
    expect(unknown.stderr).to.contain('Warning:').and.contain('is not in status.releaseHistory');
    expect((await succeed(annotate('warned', `e6data.io/rollback-to=${failed}`))).stderr).to.contain(
      'has failed',
    );
    expect((await succeed(annotate('warned', `e6data.io/rollback-to=${active}`))).stderr).to.contain(
      'is already active',
    );
    const bare = await succeed(annotate('warned', `rollback-to=${active}`));
    expect(bare.stderr).to.contain('the annotation rollback-to is ignored');
  });

  it('needs the verb for a rollback, and for nothing else', async () => {
    await create('verb', served);
    await grant('editor', 'get,patch,update');
    const denied = await annotate('verb', `e6data.io/rollback-to=${active}`, ...asJane);
    expect(denied.stderr).to.contain('(PermissionRequired)').and.contain('can-i rollback');
    await succeed(annotate('verb', 'team=metadata', ...asJane));
    await grant('operator', 'rollback');
    await succeed(annotate('verb', `e6data.io/rollback-to=${active}`, ...asJane));
    await succeed(annotate('verb', 'e6data.io/rollback-to-', ...asJane));
  });

  it('writes who asks for a rollback, whoever says otherwise, and nothing where nobody does', async () => {
    await create('signed', served);
    const authorOf = async () =>
      (
        await succeed(
          kubectl([
            'get',
            'mds',
            'signed',
            '-o',
            'jsonpath={.metadata.annotations.rollguard\\.io/requested-by}',
          ]),
        )
      ).stdout;
    await succeed(annotate('signed', 'rollguard.io/requested-by=the-director'));
    expect(await authorOf()).to.equal('');
    const asked = await annotate(
      'signed',
      `e6data.io/rollback-to=${failed}`,
      'rollguard.io/requested-by=the-director',
      ...asJane,
    );
    await succeed(Promise.resolve(asked));
    expect(await authorOf()).to.equal('jane');
    await succeed(annotate('signed', 'rollguard.io/requested-by=the-director'));
    expect(await authorOf()).to.equal('jane');
    // As Git does it: what is applied does not know of the request, nor of who made it.
    const applied = {
      apiVersion: 'e6data.io/v1alpha1',
      kind: 'MetadataServices',
      metadata: { name: 'signed' },
      spec: { storage: { imageTag: '1.1' }, schema: { imageTag: '1.0' } },
    };
    for (const how of [['--field-manager=argocd-controller'], ['--dry-run=server']]) {
      await succeed(kubectl(['apply', '--server-side', '--force-conflicts', ...how, '-f', '-'], applied));
      expect(await authorOf()).to.equal('jane');
    }
    await succeed(annotate('signed', 'e6data.io/rollback-to-'));
    expect(await authorOf()).to.equal('');
  });

  it('lets all but a new request through while it is down', async () => {
    await create('down', served, { 'e6data.io/rollback-to': active });
    const address = gate.server.port;
    await gate.server.close();
    expect(address).to.be.above(0);
    expect((await annotate('down', `e6data.io/rollback-to=${failed}`)).stderr).to.contain(
      'failed calling webhook',
    );
    await succeed(annotate('down', 'team=metadata', `e6data.io/rollback-to=${active}`));
    const spec = JSON.stringify({ spec: { paused: true, storage: { imageTag: '1.1' } } });
    await succeed(kubectl(['patch', 'mds', 'down', '--type=merge', '-p', spec]));
    await succeed(annotate('down', 'rollguard.io/requested-by=the-director'));
    await succeed(annotate('down', 'e6data.io/rollback-to-'));
  });
});

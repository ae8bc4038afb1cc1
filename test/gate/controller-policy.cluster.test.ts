import { expect } from 'chai';
import { unguardedNamespaces } from '../../src/api/labels.ts';
import { render } from '../../src/core/workload/render.ts';
import { setsOf } from '../core/workload/inputs-of.ts';
import type { Ground } from '../cluster/test-cluster.ts';
import { cluster } from '../support/builders.ts';
import { kubectlIn, succeed } from '../support/gate.ts';
import { ownGround } from '../support/own-ground.ts';
import { provideNamespace } from '../support/namespace.ts';

/** What RBAC cannot say of the controller, manifests/controller/70-controller.yaml does. */
describe("the controller's token, at a real API server (P3)", function () {
  let ground: Ground;
  let controller: string;
  const namespace = 'gate-controller';
  const manifest = 'manifests/controller/70-controller.yaml';
  const kubectl = kubectlIn(() => ground, namespace);

  /** What a server-side apply of the object would be answered, stored or not. */
  const apply = async (object: object, to = namespace) =>
    (
      await kubectlIn(() => ground, to)(
        ['apply', '--server-side', '--force-conflicts', '--dry-run=server', '-f', '-'],
        object,
        controller,
      )
    ).stderr;
  const secret = (name: string, type: string, more: object = {}) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, ...more },
    type,
  });
  const workload = (pod: object, kind = 'Deployment') => ({
    apiVersion: kind === 'Job' ? 'batch/v1' : 'apps/v1',
    kind,
    metadata: { name: 'made' },
    spec: {
      ...(kind === 'Job' ? {} : { selector: { matchLabels: { app: 'made' } } }),
      template: {
        metadata: { labels: { app: 'made' } },
        spec: {
          ...(kind === 'Job' ? { restartPolicy: 'Never' } : {}),
          containers: [{ name: 'made', image: 'x.example/made:1' }],
          ...pod,
        },
      },
    },
  });

  before(async function () {
    ground = await ownGround(this, 'control-plane');
    await provideNamespace(ground, namespace);
    await succeed(kubectl(['apply', '-f', manifest]));
    controller = await ground.kubeconfigFor('system:serviceaccount:rollguard-system:rollguard-controller', [
      'system:masters',
    ]);
    // A policy is in force about a second after it was applied (docs/facts/admission-measured.md, section 3).
    for (let look = 0; look < 60; look += 1)
      if ((await apply(secret('mine', 'Opaque'))).includes('unseal keys and certificates alone')) return;
    throw new Error('the policy is not in force');
  });

  after(async function () {
    await ground?.kubectl(['delete', '-f', manifest, '--ignore-not-found']);
    await ground?.kubectl(['delete', 'namespace', namespace, '--wait=false']);
  });

  it('writes all that a cluster is made of', async () => {
    const children = setsOf(cluster({}, undefined, { namespace }));
    for (const { metadata, ...child } of render(children)) {
      const { name, labels, annotations } = metadata ?? {};
      const said = await apply({ ...child, metadata: { name, labels, annotations } });
      expect(said, `${child.kind} ${name}`).to.equal('');
    }
    for (const object of [
      secret('prod-unseal-key', 'Opaque'),
      secret('prod-tls-ca', 'Opaque'),
      workload({}),
      workload({ volumes: [{ name: 'x', emptyDir: {} }] }, 'Job'),
    ])
      expect(await apply(object)).to.equal('');
  });

  it('writes nothing in the namespaces of Kubernetes and its own', async () => {
    for (const each of [...unguardedNamespaces, 'kube-public']) {
      if ((await ground.kubectl(['get', 'namespace', each])).code !== 0) continue;
      expect(await apply(workload({}), each), each).to.contain(`Rollguard drives nothing in ${each}`);
      expect(await apply(secret('prod-unseal-key', 'Opaque'), each)).to.contain('drives nothing in');
    }
  });

  it('makes no Secret but its own, and none that is filled with a token', async () => {
    const account = { annotations: { 'kubernetes.io/service-account.name': 'default' } };
    for (const object of [
      secret('token', 'kubernetes.io/service-account-token', account),
      secret('prod-unseal-key', 'kubernetes.io/service-account-token', account),
      secret('registry', 'Opaque'),
    ])
      expect(await apply(object)).to.contain('unseal keys and certificates alone');
    await succeed(kubectl(['create', 'secret', 'generic', 'theirs']));
    const deletion = await kubectl(['delete', 'secret', 'theirs'], undefined, controller);
    expect(deletion.stderr).to.contain('unseal keys and certificates alone');
  });

  it('makes no pods with access to their node', async () => {
    const container = { name: 'made', image: 'x.example/made:1' };
    for (const pod of [
      { hostNetwork: true },
      { hostPID: true },
      { hostIPC: true },
      { volumes: [{ name: 'x', hostPath: { path: '/' } }] },
      { containers: [{ ...container, securityContext: { privileged: true } }] },
      { initContainers: [{ ...container, name: 'first', securityContext: { privileged: true } }] },
    ])
      for (const kind of ['Deployment', 'Job'])
        expect(await apply(workload(pod, kind)), JSON.stringify(pod)).to.contain('no pods with access');
  });

  it('gives nobody a right but members, to their pods', async () => {
    const rbac = 'rbac.authorization.k8s.io';
    const role = {
      apiVersion: `${rbac}/v1`,
      kind: 'Role',
      metadata: { name: 'made' },
      rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }],
    };
    expect(await apply(role)).to.contain("members' pods alone");
    const binding = (kind: string, subject: object) => ({
      apiVersion: `${rbac}/v1`,
      kind: 'RoleBinding',
      metadata: { name: 'made' },
      roleRef: { apiGroup: rbac, kind, name: 'made' },
      subjects: [subject],
    });
    for (const object of [
      binding('ClusterRole', { kind: 'ServiceAccount', name: 'prod-serviceaccount', namespace }),
      binding('Role', { kind: 'ServiceAccount', name: 'default', namespace }),
      binding('Role', { kind: 'ServiceAccount', name: 'prod-serviceaccount', namespace: 'other' }),
      binding('Role', { apiGroup: rbac, kind: 'User', name: 'mallory' }),
    ])
      expect(await apply(object)).to.contain('to a Role of their namespace alone');
  });

  it('is the only one that is held to it', async () => {
    await succeed(kubectl(['create', 'secret', 'generic', 'mine', '--dry-run=server']));
  });
});

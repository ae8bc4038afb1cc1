import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { parse, parseAllDocuments } from 'yaml';
import { metadataServicesCrd, openBaoClusterCrd, openBaoRestoreCrd } from '../../src/api/crd.ts';
import { verbs as gateVerbs } from '../../src/api/labels.ts';
import { clusterDeleters, systemActors } from '../../src/core/policies/system-actors.ts';
import { routes } from '../../webhooks/routes.ts';
import { readmeCommands } from '../support/readme.ts';

interface Webhook {
  readonly name: string;
  readonly clientConfig: { readonly service: { readonly path: string }; readonly caBundle?: string };
  readonly failurePolicy: string;
  readonly sideEffects: string;
  readonly rules: readonly { readonly resources: readonly string[] }[];
  readonly namespaceSelector?: { readonly matchExpressions: readonly { key: string; values: string[] }[] };
  readonly matchConditions?: readonly { readonly name: string; readonly expression: string }[];
}

interface RbacRule {
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

describe('the manifests', () => {
  let webhooks: readonly (Webhook & { kind: string })[];

  before(async () => {
    const documents = parseAllDocuments(await readFile('manifests/gate/70-webhooks.yaml', 'utf8'));
    webhooks = documents.flatMap((document) => {
      const { kind, webhooks: all } = document.toJS() as { kind: string; webhooks: Webhook[] };
      return all.map((webhook) => ({
        ...webhook,
        kind: kind.startsWith('Mutating') ? 'mutating' : 'validating',
      }));
    });
  });

  it('register each route of the server, and nothing else', () => {
    const registered = webhooks.map(({ kind, clientConfig }) => `${kind} ${clientConfig.service.path}`);
    expect(registered.toSorted()).to.deep.equal(routes.map(({ kind, path }) => `${kind} ${path}`).toSorted());
  });

  it('let mutation fail open and validation fail closed, and have no side effects', () => {
    for (const { kind, failurePolicy, sideEffects } of webhooks) {
      expect(failurePolicy).to.equal(kind === 'mutating' ? 'Ignore' : 'Fail');
      expect(sideEffects).to.equal('None');
    }
  });

  it('never template caBundle', () => {
    for (const { clientConfig } of webhooks) expect(clientConfig).not.to.have.property('caBundle');
  });

  it('select only guarded namespaces for pods, and never kube-system nor the gate’s own', () => {
    const ofPods = webhooks.filter(({ rules }) => rules.some(({ resources }) => resources.includes('pods')));
    expect(ofPods).to.have.length(2);
    for (const { namespaceSelector } of ofPods) {
      const [guarded, excluded] = namespaceSelector?.matchExpressions ?? [];
      expect(guarded).to.include({ key: 'rollguard.io/guarded' });
      expect(excluded?.values).to.include.members(['kube-system', 'rollguard-system']);
    }
  });

  it('let the same system actors through as the rule does', () => {
    const pods = webhooks.find(({ name }) => name === 'pods.validate.rollguard.io');
    const condition = pods?.matchConditions?.find(({ name }) => name === 'not-a-system-actor');
    const named = [...(condition?.expression ?? '').matchAll(/'([^']+)'/g)].map(([, actor]) => actor ?? '');
    expect(named.toSorted()).to.deep.equal([...systemActors].toSorted());
  });

  it('let those delete clusters whom the rule lets through', () => {
    const clusters = webhooks.find(({ name }) => name === 'openbaoclusters.validate.rollguard.io');
    const condition = clusters?.matchConditions?.find(
      ({ name }) => name === 'not-with-its-namespace-or-owner',
    );
    const named = [...(condition?.expression ?? '').matchAll(/'(system:[^']+)'/g)].map(
      ([, actor]) => actor ?? '',
    );
    expect(named.toSorted()).to.deep.equal([...clusterDeleters].toSorted());
  });

  it('let maintainers do what the messages of a hold ask for', async () => {
    const documents = parseAllDocuments(await readFile('manifests/gate/20-rbac.yaml', 'utf8'));
    const role = documents
      .map((document) => document.toJS() as { metadata: { name: string }; rules: RbacRule[] })
      .find(({ metadata }) => metadata.name === 'rollguard-openbao-maintainer');
    const verbs = (resource: string) =>
      role?.rules.filter(({ resources }) => resources.includes(resource)).flatMap((rule) => rule.verbs);
    expect(verbs('openbaoclusters')).to.include.members(['get', 'patch', ...gateVerbs]);
    expect(verbs('pods')).to.have.members(['get', 'list', 'watch', 'delete']);
    expect(verbs('pods/log')).to.deep.equal(['get']);
    expect(verbs('persistentvolumeclaims')).to.have.members(['get', 'list', 'delete']);
  });

  for (const [kind, crd] of [
    ['openbaoclusters', openBaoClusterCrd()],
    ['openbaorestores', openBaoRestoreCrd()],
    ['metadataservices', metadataServicesCrd()],
  ] as const) {
    it(`hold the CRD of ${kind} that the schemas say`, async () => {
      expect(parse(await readFile(`manifests/crds/${kind}.yaml`, 'utf8'))).to.deep.equal(
        JSON.parse(JSON.stringify(crd)),
      );
    });
  }
});

describe('the README', () => {
  it('has no command that no test runs', async () => {
    // Each with the test that runs it. This one is run by whoever runs this.
    const run: Readonly<Record<string, string>> = {
      'npm start': 'test/tour/tour.cluster.test.ts',
      'npm test': 'this run',
      'The off-switch': 'test/gate/install.cluster.test.ts',
      Install: 'test/gate/install.cluster.test.ts',
      'Blue-green': 'test/tour/tour.cluster.test.ts',
      'When a rollback fails: break glass': 'test/tour/tour.cluster.test.ts',
      'Before a merge: `rollguard review`': 'test/tour/tour.cluster.test.ts',
      'Recover after upgrade restore': 'test/controller-e2e/restore.cluster.test.ts',
    };
    const unknown = (await readmeCommands()).filter(
      ({ heading, command }) => !(heading in run) && !(command in run),
    );
    expect(unknown).to.deep.equal([]);
  });
});

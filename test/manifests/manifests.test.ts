import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { parse, parseAllDocuments } from 'yaml';
import { metadataServicesCrd, openBaoClusterCrd, openBaoRestoreCrd } from '../../src/api/crd.ts';
import { clusterLabel, unguardedNamespaces, verbs as gateVerbs, volumeMarks } from '../../src/api/labels.ts';
import { clusterDeleters, systemActors } from '../../src/core/policies/system-actors.ts';
import { routes } from '../../webhooks/routes.ts';
import { documentedCommands } from '../support/documents.ts';

interface Webhook {
  readonly name: string;
  readonly clientConfig: { readonly service: { readonly path: string }; readonly caBundle?: string };
  readonly failurePolicy: string;
  readonly sideEffects: string;
  readonly rules: readonly {
    readonly resources: readonly string[];
    readonly operations: readonly string[];
  }[];
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

  it('send each route what it judges, every subresource with it, and nothing else', () => {
    for (const { kind, path, scope } of routes) {
      const webhook = webhooks.find((each) => each.kind === kind && each.clientConfig.service.path === path);
      const judged = (scope.subResources ?? ['']).map((each) => `${scope.resource}${each && `/${each}`}`);
      expect(webhook?.rules.flatMap(({ resources }) => resources)).to.have.members(judged);
      expect(webhook?.rules.flatMap(({ operations }) => operations)).to.have.members(scope.operations);
    }
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

  it('select only guarded namespaces for pods and volumes, and never kube-system nor the gate’s own', () => {
    const selecting = webhooks.filter(({ rules }) =>
      rules.some(({ resources }) =>
        resources.some((each) => /^(pods|persistentvolumeclaims)(\/|$)/.test(each)),
      ),
    );
    expect(selecting).to.have.length(4);
    for (const { namespaceSelector } of selecting) {
      const [guarded, excluded] = namespaceSelector?.matchExpressions ?? [];
      expect(guarded).to.include({ key: 'rollguard.io/guarded' });
      expect(excluded?.values).to.have.members(unguardedNamespaces);
    }
  });

  it('look at the same marks of volumes as the rule does', () => {
    const volumes = webhooks.find(({ name }) => name === 'persistentvolumeclaims.validate.rollguard.io');
    const condition = volumes?.matchConditions?.find(({ name }) => name === 'changes-a-mark');
    const named = [...(condition?.expression ?? '').matchAll(/'([\w.-]+\/[\w.-]+)'/g)].map(
      ([, mark]) => mark ?? '',
    );
    expect([...new Set(named)]).to.have.members([...volumeMarks, clusterLabel]);
  });

  it('keep the controller out of the namespaces that are never guarded', async () => {
    const text = await readFile('manifests/controller/70-controller.yaml', 'utf8');
    const [, listed = ''] = /request\.namespace in \[([^\]]*)\]/.exec(text) ?? [];
    const named = [...listed.matchAll(/'([^']+)'/g)].map(([, name]) => name);
    expect(named).to.have.members([...unguardedNamespaces, 'kube-public']);
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
    // Whoever may say what runs with the cluster's secrets has them.
    const ofMaintainers = gateVerbs.filter((verb) => verb !== 'execute');
    expect(verbs('openbaoclusters')).to.include.members(['get', 'patch', ...ofMaintainers]);
    expect(verbs('openbaoclusters')).not.to.include('execute');
    expect(verbs('pods')).to.have.members(['get', 'list', 'watch', 'delete']);
    expect(verbs('pods/log')).to.deep.equal(['get']);
    expect(verbs('persistentvolumeclaims')).to.have.members(['get', 'list', 'patch', 'delete']);
  });

  for (const [kind, crd] of [
    ['openbaoclusters', openBaoClusterCrd()],
    ['openbaorestores', openBaoRestoreCrd()],
    ['metadataservices', metadataServicesCrd()],
  ] as const) {
    it(`hold the CRD of ${kind} that the schemas say`, async () => {
      const file = `manifests/crds/${kind}.yaml`;
      expect(parse(await readFile(file, 'utf8')), `${file} is stale; run: npm run generate`).to.deep.equal(
        JSON.parse(JSON.stringify(crd)),
      );
    });
  }
});

describe('the documents', () => {
  /** Each page that has commands, or a part of it: which test runs them. */
  const run: Readonly<Record<string, string>> = {
    'README.md#The off-switch': 'test/gate/install*.test.ts',
    // They are the same as those of docs/install.md.
    'README.md#Install': 'test/manifests/manifests*.test.ts',
    // Those with Helm: test/packaging/helm-install*.test.ts.
    'docs/install.md': 'test/gate/install*.test.ts',
    'docs/upgrades/blue-green.md': 'test/tour/blue-green.ts',
    'docs/operations/break-glass.md': 'test/tour/blue-green.ts',
    'docs/operations/restore.md': 'test/controller-e2e/restore*.test.ts',
    'docs/reference/review.md': 'test/tour/tour*.test.ts',
  };
  /** By test/tour/tour.cluster.test.ts, and by whoever runs this. */
  const whole: readonly string[] = ['npm start', 'npm test'];

  it('have no command that no test runs', async () => {
    const pages = await Promise.all(
      globSync(['*.md', 'docs/**/*.md']).map(async (page) =>
        (await documentedCommands(page)).map((each) => ({ page, ...each })),
      ),
    );
    const unknown = pages
      .flat()
      .filter(
        ({ page, heading, command }) =>
          !(page in run) && !(`${page}#${heading}` in run) && !whole.includes(command),
      );
    expect(unknown).to.deep.equal([]);
    for (const [place, tests] of Object.entries(run)) {
      const sources = await Promise.all(globSync(tests).map((path) => readFile(path, 'utf8')));
      const [page] = place.split('#');
      expect(
        sources.some((source) => source.includes(`'${page}'`)),
        `${tests} reads ${page}`,
      ).to.equal(true);
    }
  });

  it('say what kubectl says when a webhook is down, by the name of one that there is', async () => {
    const manifest = await readFile('manifests/gate/70-webhooks.yaml', 'utf8');
    for (const page of [
      'README.md',
      'docs/operations/delete-a-pod.md',
      'docs/operations/monitoring.md',
      'manifests/monitoring/rules.yaml',
    ]) {
      const [, name = 'none'] = /failed calling webhook "([\w.]+)"/.exec(await readFile(page, 'utf8')) ?? [];
      expect(manifest, page).to.contain(`- name: ${name}\n`);
    }
  });

  it('have the commands of the install in the README as on their page, but for the label that the controller sets', async () => {
    const commandsOf = async (page: string) => (await documentedCommands(page)).map(({ command }) => command);
    const installs = (await documentedCommands('README.md'))
      .filter(({ heading }) => heading === 'Install')
      .map(({ command }) => command);
    expect(installs).to.have.length(4);
    const told = (await commandsOf('docs/install.md')).slice(0, 5);
    expect(installs).to.deep.equal(told.filter((command) => !command.startsWith('kubectl label namespace ')));
  });
});

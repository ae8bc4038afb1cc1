import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';
import { runCommand } from '../../packaging/command.ts';
import type { ApiObject } from '../../packaging/release/chart.ts';
import { objectsOf, renderManifests } from '../../packaging/release/manifests.ts';
import { packChart } from '../../packaging/release/release.ts';
import { componentsAvailability } from '../cluster/availability.ts';
import { findBinaries } from '../cluster/components.ts';
import { groundTimeoutMs } from '../cluster/shared.ts';
import { tellStderr } from '../cluster/test-cluster.ts';
import { skip } from '../support/skip.ts';

const version = '0.1.0';
const image = 'registry.example/rollguard';
const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
/** Helm that is built from its module does not know which Kubernetes is current. */
const kubernetes = '--kube-version=1.34.0';

for (const name of ['helm3'] as const) {
  describe(`the Helm chart, with ${name}`, function () {
    let folder: string;
    let chart: string;
    let helm: string;
    let rendered: { readonly own: readonly ApiObject[]; readonly certManager: readonly ApiObject[] };

    before(async function () {
      this.timeout(groundTimeoutMs);
      const there = await componentsAvailability([name, 'kubectl']);
      if (!there.available) skip(this, `${there.why}; ${there.remedy}`, 'helm');
      const { paths } = await findBinaries([name, 'kubectl'], tellStderr);
      helm = paths[name];
      const render = async (path: string) =>
        objectsOf(await renderManifests(paths.kubectl, path, `${image}:${version}@${digest}`));
      rendered = {
        own: await render('manifests/base'),
        certManager: await render('manifests/overlays/cert-manager'),
      };
      folder = mkdtempSync(join(tmpdir(), 'rollguard-helm-'));
      chart = join(folder, 'rollguard.tgz');
      await packChart(chart, { version, image, digest, rendered });
    });

    after(() => {
      if (folder !== undefined) rmSync(folder, { recursive: true });
    });

    const run = (values: object, namespace = 'rollguard-system') =>
      runCommand(
        helm,
        ['template', 'rollguard', chart, `--namespace=${namespace}`, kubernetes, '--values=-'],
        { input: JSON.stringify(values) },
      );
    /** But for what keeps CRDs where Helm would take them away, which each has. */
    const objects = async (values: object): Promise<readonly any[]> => {
      const { code, stdout, stderr } = await run(values);
      expect(code, stderr).to.equal(0);
      const made: readonly any[] = objectsOf(stdout);
      for (const { kind, metadata } of made) {
        if (kind !== 'CustomResourceDefinition') continue;
        expect(metadata.annotations).to.deep.equal({ 'helm.sh/resource-policy': 'keep' });
        delete metadata.annotations;
      }
      return made;
    };
    const keyOf = ({ kind, metadata }: ApiObject) => `${kind} ${metadata.namespace ?? ''} ${metadata.name}`;
    const byKey = (list: readonly ApiObject[]) => Object.fromEntries(list.map((each) => [keyOf(each), each]));
    /** What kustomize renders, but for the Namespace, which Helm makes. */
    const withoutNamespace = (list: readonly ApiObject[]) =>
      byKey(list.filter(({ kind }) => kind !== 'Namespace'));
    const podOf = (list: readonly any[], deployment: string) => {
      const found = list.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === deployment);
      return found.spec.template.spec;
    };
    const deployments = ['rollguard-webhook', 'rollguard-controller'];

    it('has nothing that helm lint minds', async () => {
      const { code, stdout } = await runCommand(helm, [
        'lint',
        chart,
        '--strict',
        kubernetes,
        '-n=rollguard-system',
      ]);
      expect(code, stdout).to.equal(0);
    });

    it('makes the objects of install.yaml, where nothing is set, and says that CRDs stay', async () => {
      const made = await objects({});
      expect(made).to.have.length.above(25);
      expect(byKey(made)).to.deep.equal(withoutNamespace(rendered.own));
    });

    it('makes those of install-cert-manager.yaml, where that is asked for', async () => {
      const made = await objects({ certificates: 'cert-manager' });
      expect(byKey(made)).to.deep.equal(withoutNamespace(rendered.certManager));
    });

    it('makes all but the CRDs, where they come by another way', async () => {
      const made = await objects({ crds: { enabled: false } });
      const expected = Object.keys(withoutNamespace(rendered.own)).filter(
        (key) => !key.startsWith('CustomResourceDefinition '),
      );
      expect(Object.keys(byKey(made))).to.have.members(expected);
    });

    it('sets each value where it belongs, and nowhere else', async () => {
      const pod = {
        replicas: 3,
        resources: { limits: { memory: '1Gi' } },
        nodeSelector: { 'kubernetes.io/os': 'linux' },
        tolerations: [{ key: 'a', operator: 'Exists' }],
        affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } },
        extraArgs: ['--status-port=8081'],
      };
      const made = await objects({
        image: { tag: 'other', pullPolicy: 'Always' },
        imagePullSecrets: [{ name: 'mirror' }],
        enforce: 'warn',
        failurePolicy: 'Ignore',
        logLevel: 'debug',
        webhook: pod,
        controller: pod,
      });
      const expected: any = structuredClone(withoutNamespace(rendered.own));
      for (const name_ of deployments) {
        const { spec } = expected[`Deployment rollguard-system ${name_}`];
        const [container] = spec.template.spec.containers;
        spec.replicas = 3;
        container.image = `${image}:other`;
        container.imagePullPolicy = 'Always';
        container.args.push('--log-level=debug');
        if (name_ === 'rollguard-webhook') container.args.push('--enforce=warn');
        container.args.push('--status-port=8081');
        container.resources.limits.memory = '1Gi';
        const { nodeSelector, tolerations, affinity } = pod;
        Object.assign(spec.template.spec, {
          nodeSelector,
          tolerations,
          affinity,
          imagePullSecrets: [{ name: 'mirror' }],
        });
      }
      for (const webhook of expected['ValidatingWebhookConfiguration  rollguard'].webhooks) {
        webhook.failurePolicy = 'Ignore';
      }
      expect(byKey(made)).to.deep.equal(expected);
    });

    it('takes the image from another registry by the digest of the release', async () => {
      const made = await objects({ image: { repository: 'mirror.example:5000/a/rollguard' } });
      const images = deployments.map((each) => podOf(made, each).containers[0].image);
      const reference = `mirror.example:5000/a/rollguard:${version}@${digest}`;
      expect(images).to.deep.equal([reference, reference]);
    });

    it('is refused in another namespace, with the way on', async () => {
      const { code, stderr } = await run({}, 'default');
      expect(code).to.equal(1);
      expect(stderr).to.contain('not into default: add --namespace rollguard-system');
    });

    const mistakes: Readonly<Record<string, readonly [values: object, said: string]>> = {
      'a name that there is not': [
        { webhook: { replica: 3 } },
        "additional properties 'replica' not allowed",
      ],
      'a name at the top': [{ crd: {} }, "additional properties 'crd' not allowed"],
      'no replica': [{ webhook: { replicas: 0 } }, "at '/webhook/replicas': minimum: got 0, want 1"],
      'a number as text': [
        { controller: { replicas: '2' } },
        "at '/controller/replicas': got string, want integer",
      ],
      'another way to have certificates': [
        { certificates: 'none' },
        "at '/certificates': value must be one of",
      ],
      'another level': [{ logLevel: 'trace' }, "at '/logLevel': value must be one of"],
      'another failure policy': [{ failurePolicy: 'fail' }, "at '/failurePolicy': value must be one of"],
      'another enforcement': [{ enforce: 'off' }, "at '/enforce': value must be one of"],
      'a flag that is none': [{ webhook: { extraArgs: ['port=1'] } }, "at '/webhook/extraArgs/0'"],
      'a tag in the repository’s place': [
        { image: { repository: 'mirror.example:5000/rollguard:dev' } },
        "at '/image/repository'",
      ],
      'a digest that is none': [{ image: { digest: 'sha256:1' } }, "at '/image/digest'"],
      'a pull policy that is none': [{ image: { pullPolicy: 'Sometimes' } }, "at '/image/pullPolicy'"],
      'a pull secret by its name alone': [{ imagePullSecrets: ['mirror'] }, "at '/imagePullSecrets/0'"],
      'CRDs that would go': [
        { crds: { keep: false } },
        "at '/crds': additional properties 'keep' not allowed",
      ],
      'certificates of no kind': [{ certificates: null }, "missing property 'certificates'"],
      'CRDs with nothing behind them': [
        { crds: { enabled: null } },
        "at '/crds': missing property 'enabled'",
      ],
      'CRDs by a text': [{ crds: { enabled: 'true' } }, "at '/crds/enabled': got string, want boolean"],
    };
    for (const [what, [values, said]] of Object.entries(mistakes)) {
      it(`is refused for ${what}`, async () => {
        const { code, stderr } = await run(values);
        expect([code, stderr]).to.satisfy(() => code === 1 && stderr.includes(said), stderr);
      });
    }
  });
}

describe('the values of the Helm chart', () => {
  it('are all in the schema, and those of the schema in the file, but for what other charts share', () => {
    const values = parse(readFileSync('packaging/helm/values.yaml', 'utf8'));
    const { properties, definitions } = JSON.parse(readFileSync('packaging/helm/values.schema.json', 'utf8'));
    const pathsOf = (schema: any, path: string): readonly string[] => {
      const { properties: inner } = schema.$ref === undefined ? schema : definitions.deployment;
      // Quantities are the pods' own affair.
      if (inner === undefined || path.endsWith('.resources')) return [path];
      return Object.entries(inner).flatMap(([key, each]) => pathsOf(each, `${path}.${key}`));
    };
    const keysOf = (value: any, path: string): readonly string[] => {
      const isInner = typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length > 0;
      if (!isInner || path.endsWith('.resources')) return [path];
      return Object.entries(value).flatMap(([key, each]) => keysOf(each, `${path}.${key}`));
    };
    const inSchema = Object.entries(properties).flatMap(([key, each]) => pathsOf(each, key));
    expect(
      Object.entries(values)
        .flatMap(([key, each]) => keysOf(each, key))
        .toSorted(),
    ).to.deep.equal(inSchema.filter((path) => path !== 'global').toSorted());
  });
});

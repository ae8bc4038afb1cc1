import { expect } from 'chai';
import { until } from '../certs/recording-logger.ts';
import type { Ground } from '../cluster/test-cluster.ts';
import { driverOn, prepareDriver, type Driver } from '../controller-e2e/controller.ts';
import { untilEstablished } from '../support/crds.ts';
import { cluster, succeed } from '../support/gate.ts';
import { ownGround } from '../support/own-ground.ts';
import { removeNamespace } from '../support/namespace.ts';

const namespace = 'missing-crd';

const kinds = [
  {
    plural: 'openbaoclusters',
    group: 'openbao.org',
    object: cluster('prod', { version: '2.5.5', storage: { size: '1Gi' } }),
  },
  {
    plural: 'metadataservices',
    group: 'e6data.io',
    object: {
      apiVersion: 'e6data.io/v1alpha1',
      kind: 'MetadataServices',
      metadata: { name: 'prod' },
      spec: { storage: { imageTag: '1.0' }, schema: { imageTag: '1.0' } },
    },
  },
];

describe('the controller where a CRD is missing, on a real API server', function () {
  let ground: Ground;
  let driver: Driver;

  before(async function () {
    ground = await ownGround(this, 'control-plane');
    await prepareDriver(ground, namespace);
    driver = await driverOn(ground);
    await letGo();
  });

  after(async () => {
    await driver?.stop();
    if (ground) await removeNamespace(ground, namespace);
    await ground?.kubectl(['apply', '--server-side', '-k', 'manifests/crds']);
  });

  const kubectl = (args: readonly string[], input?: object) =>
    succeed(ground.kubectl(args, input === undefined ? {} : { input: JSON.stringify(input) }));
  const create = (object: object) => kubectl(['-n', namespace, 'create', '-f', '-'], object);
  const isDriven = (plural: string) => async () =>
    (
      await kubectl(['-n', namespace, 'get', plural, 'prod', '-o', 'jsonpath={.status.conditions}'])
    ).stdout.includes('Ready');
  /** What it says of its own readiness; undefined until it listens. */
  const readiness = () =>
    fetch(`http://127.0.0.1:${driver.statusPort}/readyz`).then(
      ({ status }) => status,
      () => undefined,
    );

  /** Nothing may wait for a controller when a CRD goes: also not what other suites have left. */
  const letGo = async () => {
    for (const { plural } of kinds) {
      const all = '{range .items[*]}{.metadata.namespace} {.metadata.name}{"\\n"}{end}';
      const { stdout } = await kubectl(['get', plural, '-A', '-o', `jsonpath=${all}`]);
      for (const [of = '', name = ''] of stdout
        .trim()
        .split('\n')
        .filter(Boolean)
        .map((line) => line.split(' '))) {
        await kubectl(['-n', of, 'patch', plural, name, '--type=merge', '-p', withoutFinalizers]);
        await kubectl(['-n', of, 'delete', plural, name, '--ignore-not-found', '--timeout=60s']);
      }
    }
  };

  for (const missing of kinds) {
    it(`says that ${missing.plural} are missing, drives the others, and these once they are there`, async () => {
      const crd = `${missing.plural}.${missing.group}`;
      await kubectl(['delete', 'crd', crd, '--timeout=60s']);
      const before = logOf(driver).length;
      await driver.start();
      for (const { plural, object } of kinds.filter((kind) => kind !== missing)) {
        await create(object);
        await until(`${plural} are driven`, isDriven(plural));
      }
      expect(await readiness()).to.equal(200);
      const said = logOf(driver).slice(before);
      expect(said).to.contain(`the CustomResourceDefinition ${crd} is missing`).and.contain('--kind');
      for (const { plural, group } of kinds.filter((kind) => kind !== missing))
        expect(said).not.to.contain(`${plural}.${group} is missing`);

      await kubectl(['apply', '--server-side', '-k', 'manifests/crds']);
      await untilEstablished(ground, crd);
      await create(missing.object);
      await until(`${missing.plural} are driven`, isDriven(missing.plural));
      expect(logOf(driver).slice(before)).to.contain(`${crd} is there now`);
      await driver.stop();
      await letGo();
    });
  }

  it('is not ready where every CRD is missing, until one is there', async () => {
    const all = [...kinds.map(({ plural, group }) => `${plural}.${group}`), 'openbaorestores.openbao.org'];
    await kubectl(['delete', 'crd', ...all, '--timeout=60s']);
    const before = logOf(driver).length;
    await driver.start();
    await until('it has said so', () =>
      all.every((crd) => logOf(driver).includes(`${crd} is missing`, before)),
    );
    expect(await readiness()).to.equal(503);
    await kubectl(['apply', '--server-side', '-f', 'manifests/crds/metadataservices.yaml']);
    await until('it is ready', async () => (await readiness()) === 200);
  });
});

const withoutFinalizers = JSON.stringify({ metadata: { finalizers: null } });

/** What it logged; nothing before its first start. */
function logOf(driver: Driver): string {
  try {
    return driver.log();
  } catch {
    return '';
  }
}

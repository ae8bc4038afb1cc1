import { expect } from 'chai';
import type { Ground } from '../cluster/test-cluster.ts';
import { ownGround } from '../support/own-ground.ts';
import { crashingImage, openbaoImages, type OpenBaoImages } from './images.ts';
import { until } from './local-cluster.ts';
import { exampleInitialization } from './model/example.ts';
import { removeNamespace } from '../support/namespace.ts';

const namespace = 'openbao-images';
const service = 'bao';
const host = (pod: string) => `${pod}.${service}.${namespace}.svc`;
const members = ['bao-0', 'bao-1'];

const configuration = {
  storage: {
    raft: {
      path: '/bao/data',
      performance_multiplier: '1',
      autopilot_reconcile_interval: '1s',
      autopilot_update_interval: '500ms',
      retry_join: members.map((pod) => ({ leader_api_addr: `http://${host(pod)}:8200` })),
    },
  },
  listener: [{ tcp: { address: ':8200', cluster_address: ':8201', tls_disable: true } }],
  seal: [{ static: { current_key_id: 'test', current_key: 'file:///etc/bao/key' } }],
  service_registration: { kubernetes: {} },
};

/** A token made at the start, which outlives the root token that made it. */
const token = 'tester';

const selfInit = {
  initialize: [
    {
      test: {
        request: exampleInitialization()
          .map((each) =>
            each.name === 'jwt-config'
              ? {
                  ...each,
                  name: 'token',
                  path: 'auth/token/create',
                  data: { id: token, policies: ['all'], no_parent: true },
                }
              : each,
          )
          .map(({ name, operation, path, data }) => ({ [name]: { operation, path, data } })),
      },
    },
  ],
};

const start = `set -- -config=/etc/bao/bao.json
case "$BAO_K8S_POD_NAME" in *-0) set -- "$@" -config=/etc/bao/self-init.json;; esac
exec bao server "$@"`;

const field = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });

const rbac = 'rbac.authorization.k8s.io';
const subject = { kind: 'ServiceAccount', name: 'default', namespace };
const rule = { apiGroups: [''], resources: ['pods'], verbs: ['get', 'update', 'patch'] };

const objects = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
  { apiVersion: `${rbac}/v1`, kind: 'Role', metadata: { name: service, namespace }, rules: [rule] },
  {
    apiVersion: `${rbac}/v1`,
    kind: 'RoleBinding',
    metadata: { name: service, namespace },
    roleRef: { apiGroup: rbac, kind: 'Role', name: service },
    subjects: [subject],
  },
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: service, namespace },
    data: {
      'bao.json': JSON.stringify(configuration),
      'self-init.json': JSON.stringify(selfInit),
      key: 'k'.repeat(32),
    },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: service, namespace },
    spec: {
      clusterIP: 'None',
      publishNotReadyAddresses: true,
      selector: { app: service },
      ports: [{ port: 8200 }],
    },
  },
];

const statefulSet = (image: string) => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: service, namespace },
  spec: {
    serviceName: service,
    replicas: members.length,
    podManagementPolicy: 'Parallel',
    selector: { matchLabels: { app: service } },
    template: {
      metadata: { labels: { app: service } },
      spec: {
        containers: [
          {
            name: 'openbao',
            image,
            imagePullPolicy: 'IfNotPresent',
            command: ['/bin/sh', '-ec', start],
            env: [
              field('BAO_K8S_POD_NAME', 'metadata.name'),
              field('BAO_K8S_NAMESPACE', 'metadata.namespace'),
              { name: 'BAO_RAFT_NODE_ID', value: '$(BAO_K8S_POD_NAME)' },
              { name: 'BAO_API_ADDR', value: `http://${host('$(BAO_K8S_POD_NAME)')}:8200` },
              { name: 'BAO_CLUSTER_ADDR', value: `https://${host('$(BAO_K8S_POD_NAME)')}:8201` },
              { name: 'BAO_ADDR', value: 'http://127.0.0.1:8200' },
            ],
            readinessProbe: {
              httpGet: { path: '/v1/sys/health?standbyok=true', port: 8200 },
              periodSeconds: 1,
            },
            volumeMounts: [
              { name: 'config', mountPath: '/etc/bao' },
              { name: 'data', mountPath: '/bao/data' },
            ],
          },
        ],
        securityContext: { fsGroup: 1000 },
        volumes: [
          { name: 'config', configMap: { name: service } },
          { name: 'data', emptyDir: {} },
        ],
      },
    },
  },
});

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
    readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
  }[];
}

describe('images of OpenBao on a real node', function () {
  let ground: Ground;
  let images: OpenBaoImages;

  const kubectl = (...args: readonly string[]) => ground.kubectl(['-n', namespace, ...args]);
  const apply = async (items: readonly object[]) => {
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
    const { code, stderr } = await ground.kubectl(['apply', '-f', '-'], { input });
    expect(code, stderr).to.equal(0);
  };
  const pods = async () =>
    JSON.parse((await kubectl('get', 'pods', '-l', `app=${service}`, '-o', 'json')).stdout) as PodList;
  const label = async (pod: string, name: string) =>
    (await pods()).items.find(({ metadata }) => metadata.name === pod)?.metadata.labels[name];

  const voters = async () => {
    const url = 'http://127.0.0.1:8200/v1/sys/storage/raft/configuration';
    const { stdout } = await kubectl(
      'exec',
      'bao-0',
      '--',
      'curl',
      '-s',
      '-H',
      `X-Vault-Token: ${token}`,
      url,
    );
    return (stdout.match(/"voter":true/g) ?? []).length;
  };

  before(async function () {
    ground = await ownGround(this, 'node');
    images = await openbaoImages(['2.4.4', '2.5.5'], () => undefined);
    await images.prepare(ground);
    await apply([...objects, statefulSet('openbao/openbao:2.4.4')]);
  });

  after(() => ground && removeNamespace(ground, namespace));

  it('say their version', async () => {
    await until('pod bao-0', async () =>
      (await kubectl('exec', 'bao-0', '--', 'true')).code === 0 ? true : undefined,
    );
    const { stdout } = await kubectl('exec', 'bao-0', '--', 'bao', 'version');
    expect(stdout).to.match(/^OpenBao v2\.4\.4\b/);
  });

  it('make a cluster whose pods are ready and carry their labels', async () => {
    await until('both pods ready', async () => {
      const ready = (await pods()).items.filter(({ status }) =>
        status.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True'),
      );
      return ready.length === 2 ? true : undefined;
    });
    await until(
      'the label of the active one',
      async () => (await label('bao-0', 'openbao-active')) === 'true' || undefined,
    );
    // Autopilot gives the second its vote.
    await until('two voters', async () => ((await voters()) === 2 ? true : undefined));
    expect(await label('bao-0', 'openbao-version')).to.equal('2.4.4');
    expect(await label('bao-1', 'openbao-active')).to.equal('false');
    const { stdout } = await kubectl('exec', 'bao-1', '--', 'bao', 'status');
    expect(stdout).to.match(/Sealed\s+false|sealed\s+false/i);
  });

  it('keep their data and their cluster when the leader is told to stop', async () => {
    const health = async (pod: string) => {
      const { stdout } = await kubectl(
        'exec',
        pod,
        '--',
        'curl',
        '-s',
        'http://127.0.0.1:8200/v1/sys/health',
      );
      return stdout.startsWith('{') ? (JSON.parse(stdout) as Readonly<Record<string, unknown>>) : {};
    };
    const before = await health('bao-0');
    await kubectl('exec', 'bao-0', '--', 'sh', '-c', 'kill -TERM 1');
    const restarts = async () =>
      (await kubectl('get', 'pod', 'bao-0', '-o', 'jsonpath={.status.containerStatuses[0].restartCount}'))
        .stdout;
    await until('bao-0 to run again', async () => (await restarts()) === '1' || undefined);
    // With two members, one alone has no quorum: which of them leads then is open.
    const after = await until('one to lead and one to follow', async () => {
      const all = await Promise.all(members.map(health));
      const standbys = all.filter(({ sealed, standby }) => sealed === false && standby === true);
      const leaders = all.filter(({ sealed, standby }) => sealed === false && standby === false);
      return standbys.length === 1 && leaders.length === 1 ? all : undefined;
    });
    expect(after.map((body) => body['cluster_id'])).to.deep.equal([
      before['cluster_id'],
      before['cluster_id'],
    ]);
  });

  it('can be made to crash', async () => {
    const tag = 'openbao/crashing:2.5.5';
    await ground.loadImage(await crashingImage(tag, '2.5.5'));
    const version = await kubectl(
      'run',
      'version',
      `--image=${tag}`,
      '--restart=Never',
      '--image-pull-policy=IfNotPresent',
      '--command',
      '--',
      'bao',
      'version',
    );
    expect(version.code, version.stderr).to.equal(0);
    await kubectl(
      'run',
      'server',
      `--image=${tag}`,
      '--restart=Never',
      '--image-pull-policy=IfNotPresent',
      '--command',
      '--',
      'bao',
      'server',
    );
    const phase = async (pod: string) =>
      (await kubectl('get', 'pod', pod, '-o', 'jsonpath={.status.phase}')).stdout;
    await until('one pod to succeed', async () => (await phase('version')) === 'Succeeded' || undefined);
    await until('the other to fail', async () => (await phase('server')) === 'Failed' || undefined);
  });
});

import { expect } from 'chai';
import type { KubernetesObject } from '../../../src/api/kubernetes.ts';
import { clusterLabel, componentLabel } from '../../../src/api/labels.ts';
import type {
  OpenBaoClusterSpec,
  OpenBaoClusterStatus,
  RollingUpgrade,
} from '../../../src/api/openbaocluster.ts';
import type { EndpointPorts } from '../../../src/core/model/observation.ts';
import { render } from '../../../src/core/workload/render.ts';
import { cluster } from '../../support/builders.ts';
import { setsOf } from './inputs-of.ts';

const running = { initialized: true, image: 'openbao/openbao:2.5.5' };
const rendered = (spec: Partial<OpenBaoClusterSpec> = {}, status?: Parameters<typeof cluster>[1]) =>
  render(setsOf(cluster(spec, status)));
const find = (objects: readonly KubernetesObject[], kind: string, name?: string): any =>
  objects.find((each) => each.kind === kind && (name === undefined || each.metadata?.name === name));
const template = (objects: readonly KubernetesObject[]) => find(objects, 'StatefulSet').spec.template;
const configurationOf = (objects: readonly KubernetesObject[]) =>
  JSON.parse(find(objects, 'ConfigMap').data['bao-initial.json']);

describe('the children of a cluster', () => {
  it('are these, the StatefulSet last', () => {
    expect(rendered().map(({ kind, metadata }) => `${kind} ${metadata?.name}`)).to.deep.equal([
      'ServiceAccount prod-serviceaccount',
      'ServiceAccount prod-upgrade-serviceaccount',
      'ServiceAccount prod-backup-serviceaccount',
      'ServiceAccount prod-restore-serviceaccount',
      'Role prod-serviceaccount',
      'RoleBinding prod-serviceaccount',
      'ConfigMap prod-config',
      'Service prod',
      'Service prod-public',
      'Service prod-active',
      'NetworkPolicy prod-network',
      'PodDisruptionBudget prod-pdb',
      'StatefulSet prod',
    ]);
  });

  it('go with the cluster, each of them, and its volumes do not', () => {
    for (const { kind, metadata } of rendered() as any[]) {
      expect(metadata.namespace, kind).to.equal('bao');
      expect(metadata.labels[clusterLabel], kind).to.equal('prod');
      expect(metadata.ownerReferences, kind).to.have.length(1);
      expect(metadata.ownerReferences[0], kind).to.include({ uid: 'c-1', controller: true });
    }
    const [claim] = find(rendered(), 'StatefulSet').spec.volumeClaimTemplates;
    expect(claim.metadata).not.to.have.property('ownerReferences');
    expect(claim.metadata.labels[clusterLabel]).to.equal('prod');
  });

  it('claim the volumes that the StatefulSet was made with, whatever the spec says later', () => {
    const setOf = (size: string, statefulSet?: object) =>
      find(render(setsOf(cluster({ storage: { size } }), { statefulSet } as object)), 'StatefulSet');
    const made = setOf('1Gi');
    const [claim] = made.spec.volumeClaimTemplates;
    // As the API server gives it back.
    const stored = {
      ...claim,
      metadata: { ...claim.metadata, creationTimestamp: null },
      spec: { ...claim.spec, volumeMode: 'Filesystem' },
      status: { phase: 'Pending' },
    };
    const liveWith = (one: object) => ({
      ...made,
      spec: { ...made.spec, volumeClaimTemplates: [one] },
    });
    expect(setOf('2Gi').spec.volumeClaimTemplates).not.to.deep.equal([claim]);
    expect(setOf('2Gi', liveWith(stored))).to.deep.equal(made);
    // Somebody made it anew by hand, with more.
    const other = { ...stored, spec: { ...stored.spec, volumeMode: 'Block', volumeName: 'disk' } };
    const [kept] = setOf('2Gi', liveWith(other)).spec.volumeClaimTemplates;
    expect(kept.spec).to.deep.equal(other.spec);
  });

  it('are no Secrets, and hold none', () => {
    expect(rendered().filter(({ kind }) => kind === 'Secret')).to.deep.equal([]);
  });

  it('select members alone, never the pods of Jobs (openbao-operator.md, 7.1, 20)', () => {
    const all = rendered();
    const selectors = [
      find(all, 'PodDisruptionBudget').spec.selector.matchLabels,
      find(all, 'NetworkPolicy').spec.podSelector.matchLabels,
      find(all, 'StatefulSet').spec.selector.matchLabels,
      ...['prod', 'prod-public', 'prod-active'].map((name) => find(all, 'Service', name).spec.selector),
    ];
    for (const selector of selectors) {
      expect(selector).to.include({ [clusterLabel]: 'prod', [componentLabel]: 'server' });
    }
    expect(template(all).metadata.labels).to.include(find(all, 'StatefulSet').spec.selector.matchLabels);
  });

  it('let one member be evicted at a time, of any size', () => {
    for (const replicas of [1, 3, 5]) {
      expect(find(rendered({ replicas }), 'PodDisruptionBudget').spec.maxUnavailable).to.equal(1);
    }
  });

  it('let none be evicted while one is being replaced, also where that is held or paused (C3)', () => {
    const maxUnavailable = (upgrade: RollingUpgrade, spec = {}) =>
      find(rendered(spec, { initialized: true, upgrade }), 'PodDisruptionBudget').spec.maxUnavailable;
    const replacing = { ordinal: 1 };
    expect(maxUnavailable({ phase: 'Replacing', replacing })).to.equal(0);
    expect(maxUnavailable({ phase: 'CatchingUp', replacing, held: true })).to.equal(0);
    expect(maxUnavailable({ phase: 'SteppingDown', replacing })).to.equal(0);
    expect(maxUnavailable({ phase: 'Replacing', replacing }, { paused: true })).to.equal(0);
    expect(maxUnavailable({ phase: 'SteppingDown' })).to.equal(1);
    expect(maxUnavailable({ phase: 'PreChecks', replacing })).to.equal(1);
    const during = (status: OpenBaoClusterStatus) =>
      find(rendered({}, { initialized: true, ...status }), 'PodDisruptionBudget').spec.maxUnavailable;
    const green = { phase: 'UpgradingGreen', blueReplicas: 3, greenRevision: 'g' } as const;
    expect(during({ blueGreen: { ...green, greenPartition: 3 } })).to.equal(1);
    expect(during({ blueGreen: { ...green, greenPartition: 2, held: true } })).to.equal(0);
    expect(during({ blueGreen: { ...green, phase: 'DemotingBlue', greenPartition: 0 } })).to.equal(1);
    expect(during({ scaling: { step: 'RemovingPeer', held: true } })).to.equal(0);
    expect(during({ scaling: { step: 'Shrinking' } })).to.equal(0);
    expect(during({ scaling: { step: 'SteppingDown' } })).to.equal(1);
  });

  it('say that one member is replaced at a time, whatever the default is', () => {
    for (const replicas of [1, 3, 5]) {
      const { spec } = find(rendered({ replicas }), 'StatefulSet');
      expect(spec.updateStrategy.rollingUpdate.maxUnavailable).to.equal(1);
      expect(spec.podManagementPolicy).to.equal('Parallel');
    }
  });

  it('find the members that are not Ready yet, the unsealed ones, and the one that leads', () => {
    const all = rendered();
    expect(find(all, 'Service', 'prod').spec).to.include({
      clusterIP: 'None',
      publishNotReadyAddresses: true,
    });
    expect(find(all, 'Service', 'prod-public').spec).not.to.have.property('publishNotReadyAddresses');
    expect(find(all, 'Service', 'prod-active').spec.selector).to.include({ 'openbao-active': 'true' });
  });

  it('let members label these very pods, and nothing else', () => {
    const { rules } = find(rendered({ replicas: 1 }), 'Role');
    expect(rules).to.deep.equal([
      { apiGroups: [''], resources: ['pods'], resourceNames: ['prod-0'], verbs: ['get', 'update', 'patch'] },
    ]);
  });

  it('bring the self-init file only where a cluster is to be made (openbao-operator.md, 7.1, 18)', () => {
    expect(Object.keys(find(rendered(), 'ConfigMap').data)).to.have.members([
      'bao-initial.json',
      'self-init.json',
      'start.sh',
    ]);
    expect(Object.keys(find(rendered({}, running), 'ConfigMap').data)).to.have.members([
      'bao-initial.json',
      'start.sh',
    ]);
    expect(find(rendered(), 'ConfigMap').data['bao-initial.json']).not.to.contain('initialize');
  });

  it('keep what others may reach to the API, and members to what they need', () => {
    const rule = { to: [{ ipBlock: { cidr: '192.0.2.0/24' } }], ports: [{ port: 9000, protocol: 'TCP' }] };
    const { ingress, egress } = find(rendered({ network: { egressRules: [rule] } }), 'NetworkPolicy').spec;
    expect(ingress.map(({ ports }: any) => ports)).to.deep.equal([
      [{ port: 8200, protocol: 'TCP' }],
      [{ port: 8201, protocol: 'TCP' }],
    ]);
    expect(ingress[1].from[0].podSelector.matchLabels).to.include({ [componentLabel]: 'server' });
    expect(egress.at(-1)).to.deep.equal(rule);
  });
});

describe('the NetworkPolicy of the members', () => {
  const egressWith = (endpointPorts?: EndpointPorts) => {
    const facts = endpointPorts === undefined ? {} : { endpointPorts };
    const { egress } = find(render(setsOf(cluster(), facts)), 'NetworkPolicy').spec;
    return egress.slice(1).map(({ to, ports }: any) => {
      expect(to).to.equal(undefined);
      return ports.map(({ port, protocol }: any) => `${protocol} ${port}`);
    });
  };

  it('lets them to the ports behind the Services of the API server and the DNS (V7)', () => {
    const dns = [
      { port: 5354, protocol: 'TCP' },
      { port: 5353, protocol: 'UDP' },
    ];
    expect(egressWith({ apiServer: [8443], dns })).to.deep.equal([
      ['UDP 53', 'TCP 53', 'UDP 5353', 'TCP 5354'],
      ['TCP 443', 'TCP 8443'],
    ]);
  });

  it('names each port once, whatever order they were read in', () => {
    const dns = [
      { port: 53, protocol: 'TCP' },
      { port: 53, protocol: 'UDP' },
    ];
    expect(egressWith({ apiServer: [6443, 443, 6443], dns })).to.deep.equal([
      ['UDP 53', 'TCP 53'],
      ['TCP 443', 'TCP 6443'],
    ]);
    expect(egressWith({ apiServer: [6443, 443], dns: dns.toReversed() })).to.deep.equal(
      egressWith({ apiServer: [443, 6443], dns }),
    );
  });

  it('lets them to the usual ports where those cannot be read', () => {
    for (const unreadable of [undefined, {}]) {
      expect(egressWith(unreadable)).to.deep.equal([
        ['UDP 53', 'TCP 53'],
        ['TCP 443', 'TCP 6443'],
      ]);
    }
  });
});

describe('the pod of a member', () => {
  it('has time for requests of 90 s to end', () => {
    expect(template(rendered()).spec.terminationGracePeriodSeconds).to.be.above(90);
  });

  it('knows who it is by the names of its certificate', () => {
    const { env } = template(rendered()).spec.containers[0];
    expect(env).to.deep.include({
      name: 'BAO_API_ADDR',
      value: 'https://$(BAO_K8S_POD_NAME).prod.bao.svc:8200',
    });
    expect(env).to.deep.include({
      name: 'BAO_CLUSTER_ADDR',
      value: 'https://$(BAO_K8S_POD_NAME).prod.bao.svc:8201',
    });
    expect(env).to.deep.include({ name: 'BAO_RAFT_NODE_ID', value: '$(BAO_K8S_POD_NAME)' });
    // A variable expands only those before it.
    expect(env[0].name).to.equal('BAO_K8S_POD_NAME');
  });

  it('mounts the certificate of the CA and never its key', () => {
    const { volumes } = template(rendered()).spec;
    const keys = volumes
      .flatMap(({ projected, secret }: any) => [
        ...(projected?.sources ?? []),
        ...(secret ? [{ secret }] : []),
      ])
      .map(({ secret }: any) => secret.items.map(({ key }: any) => key));
    expect(keys).to.deep.equal([['key'], ['tls.crt', 'tls.key'], ['ca.crt']]);
  });

  it('is Ready when unsealed, and never killed for being sealed or uninitialized', () => {
    const { readinessProbe, livenessProbe } = template(rendered()).spec.containers[0];
    expect(readinessProbe.httpGet).to.deep.equal({
      path: '/v1/sys/health?standbyok=true',
      port: 8200,
      scheme: 'HTTPS',
    });
    expect(livenessProbe.httpGet.path).to.contain('sealedcode=204').and.contain('uninitcode=204');
    // A first start initializes for up to 35 s before it listens; a step-down may wait 90 s.
    expect(livenessProbe.initialDelaySeconds).to.be.above(35);
    expect(livenessProbe.periodSeconds * livenessProbe.failureThreshold).to.be.above(90);
  });

  it('does without certificates where the listener is plain', () => {
    const all = rendered({ profile: 'Development', tls: { enabled: false } });
    const { volumes, containers } = template(all).spec;
    expect(volumes.map(({ name }: any) => name)).not.to.include('tls');
    expect(containers[0].readinessProbe.httpGet.scheme).to.equal('HTTP');
    expect(configurationOf(all).listener[0].tcp).to.include({ tls_disable: true });
    expect(configurationOf(all).storage.raft.retry_join[0]).to.deep.equal({
      leader_api_addr: 'http://prod-0.prod.bao.svc:8200',
    });
  });

  const resourcesOf = (resources?: OpenBaoClusterSpec['resources']) =>
    template(rendered(resources === undefined ? {} : { resources })).spec.containers[0].resources;

  it('requests CPU and memory, so that it is not the first to be evicted, and has no limits', () => {
    expect(resourcesOf()).to.deep.equal({ requests: { cpu: '100m', memory: '256Mi' } });
    expect(resourcesOf({})).to.deep.equal(resourcesOf());
  });

  it('requests what spec says, each by itself, and what is limited as Kubernetes does', () => {
    expect(resourcesOf({ requests: { memory: '1024Mi' } })).to.deep.equal({
      requests: { cpu: '100m', memory: '1Gi' },
    });
    expect(resourcesOf({ limits: { memory: '128Mi' } })).to.deep.equal({
      requests: { cpu: '100m' },
      limits: { memory: '128Mi' },
    });
    expect(resourcesOf({ requests: { cpu: '0', memory: '0' } })).to.deep.equal({
      requests: { cpu: '0', memory: '0' },
    });
    expect(resourcesOf({ requests: { 'hugepages-2Mi': '4Mi' } }).requests).to.have.keys(
      'cpu',
      'memory',
      'hugepages-2Mi',
    );
  });

  const templateOf = (spec: Partial<OpenBaoClusterSpec>, status = running) =>
    template(rendered(spec, status));

  it('is not made anew by initialization, scaling, labels of a version or a new stabilisation time', () => {
    const before = templateOf({});
    expect(templateOf({}, { ...running, initialized: false })).to.deep.equal(before);
    expect(template(render(setsOf(cluster({}, { ...running, replicas: 5 }))))).to.deep.equal(before);
    expect(templateOf({ version: '2.6.3' })).to.deep.equal(before);
    expect(
      templateOf({ selfInit: { requests: [{ name: 'a', operation: 'read', path: 'b' }] } }),
    ).to.deep.equal(before);
    expect(templateOf({ configuration: { raft: { serverStabilizationTime: '9s' } } })).to.deep.equal(before);
  });

  it('is made anew by settings that are read at a start alone, by restartAt, image and resources', () => {
    const before = templateOf({});
    expect(templateOf({ configuration: { raft: { performanceMultiplier: 2 } } })).not.to.deep.equal(before);
    expect(templateOf({ resources: { limits: { memory: '1Gi' } } })).not.to.deep.equal(before);
    const restarted = template(
      rendered({}, { ...running, currentVersion: '2.5.5', lastRestartAt: '2026-01-01T00:00:00Z' }),
    );
    expect(restarted.metadata.annotations).to.deep.equal({
      'openbao.org/restart-at': '2026-01-01T00:00:00Z',
    });
  });
});

describe('the configuration of the members', () => {
  it('has production timing, each value of which can be another', () => {
    const { raft } = configurationOf(rendered()).storage;
    expect(raft).to.include({
      performance_multiplier: '1',
      autopilot_reconcile_interval: '1s',
      autopilot_update_interval: '500ms',
    });
    const other = rendered({
      configuration: {
        raft: {
          performanceMultiplier: 2,
          autopilotReconcileInterval: '5s',
          autopilotUpdateInterval: '3s',
          serverStabilizationTime: '7s',
        },
      },
    });
    expect(configurationOf(other).storage.raft).to.include({
      performance_multiplier: '2',
      autopilot_reconcile_interval: '5s',
      autopilot_update_interval: '3s',
    });
    expect(find(other, 'ConfigMap').data['self-init.json']).to.contain('"server_stabilization_time": "7s"');
  });

  it('joins every member by its fixed address, checked against the CA', () => {
    const { retry_join: joins } = configurationOf(rendered({ replicas: 2 })).storage.raft;
    expect(joins).to.deep.equal(
      [0, 1].map((ordinal) => ({
        leader_api_addr: `https://prod-${ordinal}.prod.bao.svc:8200`,
        leader_ca_cert_file: '/etc/bao/tls/ca.crt',
      })),
    );
  });

  it('names the seal key that snapshots record', () => {
    expect(configurationOf(rendered()).seal).to.deep.equal([
      { static: { current_key_id: 'rollguard-1', current_key: 'file:///etc/bao/unseal/key' } },
    ]);
  });
});

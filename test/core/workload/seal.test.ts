import { expect } from 'chai';
import type { KubernetesObject } from '../../../src/api/kubernetes.ts';
import type { OpenBaoClusterSpec } from '../../../src/api/openbaocluster.ts';
import { sealTypes, unseal as schema } from '../../../src/api/unseal.ts';
import { sealCheckJob } from '../../../src/core/jobs/seal-check-job.ts';
import { defaultDeadlines, type ControllerSettings } from '../../../src/core/model/decision.ts';
import { sealId } from '../../../src/core/model/seal.ts';
import { render } from '../../../src/core/workload/render.ts';
import { sealEgress } from '../../../src/core/workload/seal.ts';
import { cluster } from '../../support/builders.ts';
import { setsOf } from './inputs-of.ts';
import { seals } from './seals.ts';

type Unseal = NonNullable<OpenBaoClusterSpec['unseal']>;

const rendered = (unseal?: Unseal) => render(setsOf(cluster(unseal === undefined ? {} : { unseal })));
const find = (objects: readonly KubernetesObject[], kind: string): any =>
  objects.find((each) => each.kind === kind);
const podOf = (objects: readonly KubernetesObject[]) => find(objects, 'StatefulSet').spec.template;
/** What a server has of its seal: the key of static from the ConfigMap, all others from its own pod. */
const sealIn = ({ env = [] }: any) =>
  JSON.parse(env.find(({ name }: { name: string }) => name === 'ROLLGUARD_SEAL')?.value ?? '{}');
const configurationOf = (objects: readonly KubernetesObject[]) => ({
  ...JSON.parse(find(objects, 'ConfigMap').data['bao-initial.json']),
  ...sealIn(podOf(objects).spec.containers[0]),
});
const settings = { deadlines: defaultDeadlines } as ControllerSettings;
const checkOf = (unseal: Unseal): any =>
  sealCheckJob(
    cluster({ unseal }),
    { action: 'seal-check', operationId: 'op00000001', attempt: 7 },
    'openbao/openbao:2.6.2',
    settings,
  );

describe('the rendered seal', () => {
  it('is tried with every type that there is', () => {
    expect(Object.keys(seals).toSorted()).to.deep.equal([...sealTypes].toSorted());
    for (const [type, { unseal }] of Object.entries(seals)) {
      // Each has every setting that its object knows.
      if (type === 'static') continue;
      const known = Object.keys(schema.properties[type as 'transit'].properties);
      expect(Object.keys(unseal[type as 'transit'] ?? {}), type).to.have.members(known);
    }
  });

  for (const [type, { unseal, stanza, id }] of Object.entries(seals)) {
    it(`names the fields as OpenBao does: ${type}`, () => {
      expect(configurationOf(rendered(unseal)).seal).to.deep.equal([stanza]);
      expect(sealId(cluster({ unseal }))).to.equal(id);
    });
  }

  it('is the same one in the check that a member could start', () => {
    for (const [type, { unseal }] of Object.entries(seals)) {
      const { data } = find(rendered(unseal), 'ConfigMap');
      if (type === 'static') {
        expect(data).not.to.have.any.keys('seal-check.json', 'seal-check.sh');
        continue;
      }
      const { seal, plugin, plugin_directory: folder } = configurationOf(rendered(unseal));
      expect(JSON.parse(data['seal-check.json']).storage, type).to.deep.equal({ inmem: {} });
      const check = sealIn(checkOf(unseal).spec.template.spec.containers[0]);
      expect([check.seal, check.plugin, check.plugin_directory], type).to.deep.equal([seal, plugin, folder]);
    }
  });

  it('takes its credentials from files in memory, and the key of static from its own Secret', () => {
    const mounts = (unseal?: Unseal) => {
      const { volumes, containers } = podOf(rendered(unseal)).spec;
      const names = new Set(['unseal-key', 'seal-credentials', 'seal', 'plugins']);
      return {
        volumes: volumes.filter(({ name }: { name: string }) => names.has(name)),
        mounts: containers[0].volumeMounts.filter(({ name }: { name: string }) => names.has(name)),
      };
    };
    expect(mounts()).to.deep.equal({
      volumes: [
        {
          name: 'unseal-key',
          secret: {
            secretName: 'prod-unseal-key',
            items: [{ key: 'key', path: 'key' }],
            defaultMode: 0o440,
          },
        },
      ],
      mounts: [{ name: 'unseal-key', mountPath: '/etc/bao/unseal', readOnly: true }],
    });
    expect(mounts(seals.transit.unseal)).to.deep.equal({
      volumes: [
        {
          name: 'seal-credentials',
          secret: {
            secretName: 'keys',
            items: [
              { key: 'token', path: 'token' },
              { key: 'tls_ca_cert', path: 'tls_ca_cert' },
            ],
            defaultMode: 0o440,
          },
        },
        { name: 'seal', emptyDir: { medium: 'Memory', sizeLimit: '2Mi' } },
      ],
      mounts: [
        { name: 'seal-credentials', mountPath: '/etc/bao/credentials', readOnly: true },
        { name: 'seal', mountPath: '/bao/seal' },
      ],
    });
    expect(mounts({ type: 'awskms', awskms: { kmsKeyId: 'k' } })).to.deep.equal({ volumes: [], mounts: [] });
    expect(mounts(seals.kms.unseal).mounts).to.deep.equal([{ name: 'plugins', mountPath: '/bao/plugins' }]);
  });

  it('gives the check the same files, identity and environment as a member', () => {
    for (const type of ['transit', 'ocikms', 'kms', 'azurekeyvault'] as const) {
      const { unseal } = seals[type];
      const member = podOf(rendered(unseal));
      const { metadata, spec } = checkOf(unseal).spec.template;
      const shared = (names: readonly string[]) => (each: { name: string }) => names.includes(each.name);
      const own = shared(['seal-credentials', 'seal', 'plugins']);
      expect(spec.volumes.filter(own), type).to.deep.equal(member.spec.volumes.filter(own));
      expect(spec.containers[0].volumeMounts.filter(own), type).to.deep.equal(
        member.spec.containers[0].volumeMounts.filter(own),
      );
      const environment = shared(['HOME', 'ROLLGUARD_SEAL', 'OCI_CONFIG_FILE']);
      expect(spec.containers[0].env, type).to.deep.equal(member.spec.containers[0].env.filter(environment));
      expect(spec.serviceAccountName).to.equal(member.spec.serviceAccountName);
      expect(metadata.labels['azure.workload.identity/use'], type).to.equal(
        member.metadata.labels['azure.workload.identity/use'],
      );
    }
    const { name } = checkOf(seals.transit.unseal).metadata;
    expect(name).to.equal('prod-seal-check-op00000001-a7');
    expect(podOf(rendered(seals.ocikms.unseal)).spec.containers[0].env).to.deep.include({
      name: 'OCI_CONFIG_FILE',
      value: '/bao/seal/config',
    });
  });

  it('gives members the identity of a cloud, and Azure its label', () => {
    const accounts = rendered(seals.azurekeyvault.unseal).filter(({ kind }) => kind === 'ServiceAccount');
    const annotated = accounts.filter(({ metadata }) =>
      Object.hasOwn(metadata?.annotations ?? {}, 'azure.workload.identity/client-id'),
    );
    expect(annotated.map(({ metadata }) => metadata?.name)).to.deep.equal(['prod-serviceaccount']);
    expect(podOf(rendered(seals.azurekeyvault.unseal)).metadata.labels).to.include({
      'azure.workload.identity/use': 'true',
    });
    expect(podOf(rendered(seals.awskms.unseal)).metadata.labels).not.to.have.property(
      'azure.workload.identity/use',
    );
  });

  it('waits for a restart when it changes, and static restarts nobody', () => {
    expect(podOf(rendered({ type: 'static' }))).to.deep.equal(podOf(rendered()));
    expect(sealIn(podOf(rendered()).spec.containers[0])).to.deep.equal({});
    const { unseal } = seals.transit;
    const moved = { ...unseal, transit: { ...unseal.transit, address: 'https://other:8200' } };
    expect(podOf(rendered(unseal))).not.to.deep.equal(podOf(rendered(moved)));
  });

  // A plugin directory that is not there ends the start (docs/facts/openbao-2.6-measured.md, section 5).
  it('leaves a container that starts anew what its pod has, whatever spec names by then', () => {
    const before: Unseal = { type: 'awskms', awskms: { kmsKeyId: 'k' } };
    const { plugin } = seals.kms.unseal;
    for (const change of [{ plugin }, { credentialsSecretRef: { name: 'keys' } }]) {
      const after: Unseal = { ...before, ...change } as Unseal;
      expect(find(rendered(after), 'ConfigMap').data).to.deep.equal(
        find(rendered(before), 'ConfigMap').data,
        JSON.stringify(change),
      );
      expect(podOf(rendered(after))).not.to.deep.equal(podOf(rendered(before)));
    }
  });

  it('lets members reach the port of the key service, and the identity of the machine', () => {
    const egress = (unseal: Unseal) => sealEgress(cluster({ unseal }));
    const port = (number: number) => ({ ports: [{ port: number, protocol: 'TCP' }] });
    const transit = (address: string): Unseal => ({ type: 'transit', transit: { address } });
    expect(egress(transit('http://keys.ns.svc:8200'))).to.deep.equal([port(8200)]);
    expect(egress(transit('http://[fd00::1]:8300/'))).to.deep.equal([port(8300)]);
    expect(egress(transit('http://keys'))).to.deep.equal([port(80)]);
    // Open to everybody in any case.
    expect(egress(transit('https://keys'))).to.deep.equal([]);
    expect(egress({ type: 'kmip', kmip: { endpoint: 'kmip:5696' } })).to.deep.equal([port(5696)]);
    const identity = {
      to: [{ ipBlock: { cidr: '169.254.169.252/30' } }],
      ports: [
        { port: 80, protocol: 'TCP' },
        { port: 988, protocol: 'TCP' },
      ],
    };
    expect(egress({ type: 'gcpckms' })).to.deep.equal([identity]);
    expect(egress({ type: 'awskms', credentialsSecretRef: { name: 'keys' } })).to.deep.equal([]);
    expect(egress({ type: 'static' })).to.deep.equal([]);
    const rules = find(rendered(transit('http://keys:8299')), 'NetworkPolicy').spec.egress;
    expect(rules).to.deep.include(port(8299));
  });
});

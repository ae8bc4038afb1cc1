import { expect } from 'chai';
import type { OpenBaoClusterSpec } from '../../../src/api/openbaocluster.ts';
import { executorJob } from '../../../src/core/jobs/executor-job.ts';
import { memberUrls } from '../../../src/core/jobs/members.ts';
import { executorActions, type MemberStep } from '../../../src/core/jobs/step.ts';
import { versionCheckJob } from '../../../src/core/jobs/version-check-job.ts';
import { cluster } from '../../support/builders.ts';
import { settings } from './settings.ts';
import { halves, stepOf } from './step-of.ts';

interface Container {
  readonly image: string;
  readonly args?: readonly string[];
  readonly command?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: object }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
  readonly securityContext: object;
}
interface JobObject {
  readonly metadata: {
    readonly labels: object;
    readonly annotations: object;
    readonly ownerReferences: readonly object[];
  };
  readonly spec: {
    readonly backoffLimit: number;
    readonly activeDeadlineSeconds: number;
    readonly ttlSecondsAfterFinished: number;
    readonly template: {
      readonly spec: {
        readonly serviceAccountName: string;
        readonly automountServiceAccountToken: boolean;
        readonly restartPolicy: string;
        readonly securityContext: object;
        readonly containers: readonly [Container];
        readonly volumes: readonly { readonly name: string }[];
      };
    };
  };
}

const operationId = 'k3v9x0q2ab';
const s3: NonNullable<OpenBaoClusterSpec['backup']> = {
  target: {
    provider: 's3',
    endpoint: 'https://store:9000',
    bucket: 'snapshots',
    pathPrefix: '/bao/',
    credentialsSecretRef: { name: 'store-credentials' },
    caSecretRef: { name: 'store-ca' },
  },
};
const made = (spec: Partial<OpenBaoClusterSpec>, wanted: Partial<MemberStep>) =>
  executorJob(
    cluster(spec),
    { action: 'step-down', operationId, ...wanted },
    settings,
  ) as unknown as JobObject;
const containerOf = ({ spec }: JobObject) => spec.template.spec.containers[0];

describe('the Job of a step', () => {
  it('runs the step once, as its ServiceAccount, and goes with its cluster', () => {
    const { metadata, spec } = made({}, { pod: 'prod-2' });
    expect(metadata.labels).to.deep.include({
      'openbao.org/cluster': 'prod',
      'openbao.org/component': 'upgrade',
    });
    expect(metadata.annotations).to.deep.equal({
      'rollguard.io/action': 'step-down',
      'rollguard.io/operation-id': operationId,
    });
    expect(metadata.ownerReferences).to.deep.equal([
      {
        apiVersion: 'openbao.org/v1alpha1',
        kind: 'OpenBaoCluster',
        name: 'prod',
        uid: 'c-1',
        controller: true,
        blockOwnerDeletion: true,
      },
    ]);
    expect(spec).to.deep.include({
      backoffLimit: 0,
      activeDeadlineSeconds: 60,
      ttlSecondsAfterFinished: 86_400,
    });
    expect(spec.template.spec).to.deep.include({
      serviceAccountName: 'prod-upgrade-serviceaccount',
      automountServiceAccountToken: false,
      restartPolicy: 'Never',
    });
  });

  it('tells the executor who the members are, by exact names, and stops it before the Job ends', () => {
    expect(containerOf(made({}, { pod: 'prod-2' })).args).to.deep.equal([
      'executor',
      'step-down',
      '--cluster=prod',
      '--namespace=bao',
      `--operation-id=${operationId}`,
      '--pod=prod-2',
      '--member=prod-0=https://prod-0.prod.bao.svc:8200',
      '--member=prod-1=https://prod-1.prod.bao.svc:8200',
      '--member=prod-2=https://prod-2.prod.bao.svc:8200',
      '--role=rollguard-upgrade',
      '--token-file=/var/run/secrets/rollguard/token',
      '--ca-file=/etc/rollguard/ca/ca.crt',
      '--timeout-seconds=50',
    ]);
  });

  it('names both halves whole, and reaches the members of both', () => {
    const args = containerOf(
      executorJob(
        cluster({ tls: { enabled: false } }),
        stepOf('hand-over-to-green', operationId),
        settings,
      ) as unknown as JobObject,
    ).args;
    expect(args?.slice(1, 17)).to.deep.equal([
      'hand-over-to-green',
      '--cluster=prod',
      '--namespace=bao',
      `--operation-id=${operationId}`,
      ...halves.blue.map((pod) => `--blue=${pod}`),
      ...halves.green.map((pod) => `--green=${pod}`),
      ...[...halves.blue, ...halves.green].map((pod) => `--member=${pod}=http://${pod}.prod.bao.svc:8200`),
    ]);
    const off = executorJob(cluster(), stepOf('dead-server-cleanup', operationId), settings);
    expect(containerOf(off as unknown as JobObject).args).to.include('--state=off');
  });

  it('takes image and role from the cluster where it names them', () => {
    const named = made({ upgrade: { executorImage: 'mine:1', jwtAuthRole: 'mover' } }, {});
    expect(containerOf(named).image).to.equal('mine:1');
    expect(containerOf(named).args).to.include('--role=mover');
    expect(containerOf(made({ upgrade: { image: 'alias:1' } }, {})).image).to.equal('alias:1');
    expect(containerOf(made({}, {})).image).to.equal('rollguard:test');
  });

  it('has the CA without its key, and none without TLS', () => {
    const [, ca] = made({}, {}).spec.template.spec.volumes;
    expect(ca).to.deep.equal({
      name: 'ca',
      secret: { secretName: 'prod-tls-ca', items: [{ key: 'ca.crt', path: 'ca.crt' }] },
    });
    const plain = made({ tls: { enabled: false } }, {});
    expect(plain.spec.template.spec.volumes.map(({ name }) => name)).to.deep.equal(['token']);
    expect(containerOf(plain).args?.join(' '))
      .to.contain('--member=prod-0=http://')
      .and.not.contain('--ca-file');
  });

  it('takes a snapshot as the backup ServiceAccount, with credentials out of their Secret alone', () => {
    const job = made({ backup: s3 }, { action: 'snapshot' });
    const { env, args, volumeMounts } = containerOf(job);
    expect(job.metadata.labels).to.deep.include({ 'openbao.org/component': 'upgrade-snapshot' });
    expect(job.spec.template.spec.serviceAccountName).to.equal('prod-backup-serviceaccount');
    expect(env?.map(({ name }) => name)).to.deep.equal([
      'AWS_ACCESS_KEY_ID',
      'AWS_SECRET_ACCESS_KEY',
      'AWS_SESSION_TOKEN',
    ]);
    expect(env?.every(({ value, valueFrom }) => value === undefined && valueFrom !== undefined)).to.equal(
      true,
    );
    expect(args).to.include.members([
      '--role=rollguard-backup',
      `--name=bao/bao/prod/pre-upgrade-2.5.5-${operationId}.snap`,
      '--store-ca-file=/etc/rollguard/store-ca/ca.crt',
    ]);
    expect(volumeMounts?.map(({ name }) => name)).to.deep.equal(['token', 'ca', 'spool', 'store-ca']);
  });

  it('records which seal opens a snapshot, in words that the kubelet leaves alone', () => {
    const seals = (unseal?: OpenBaoClusterSpec['unseal']) =>
      containerOf(made({ backup: s3, ...(unseal && { unseal }) }, { action: 'snapshot' })).args?.filter(
        (arg) => arg.startsWith('--seal='),
      );
    expect(seals()).to.deep.equal([]);
    expect(seals({ type: 'awskms', awskms: { kmsKeyId: 'alias/$(HOME)' } })).to.deep.equal([
      '--seal=awskms kms_key_id=alias/$$(HOME)',
    ]);
  });

  it('writes a snapshot to a claim when the store is one', () => {
    const job = made({ backup: { target: { provider: 'pvc', claimName: 'snaps' } } }, { action: 'snapshot' });
    expect(job.spec.template.spec.volumes).to.deep.include({
      name: 'store',
      persistentVolumeClaim: { claimName: 'snaps' },
    });
    expect(containerOf(job).args).to.include('--store-folder=/snapshots');
    expect(containerOf(job).env).to.equal(undefined);
  });

  it('probes the store without a token of OpenBao', () => {
    const job = made({ backup: s3 }, { action: 'probe-store' });
    expect(job.spec.template.spec.volumes.map(({ name }) => name)).to.deep.equal(['store-ca']);
    expect(containerOf(job).args?.some((arg) => arg.startsWith('--token-file'))).to.equal(false);
  });

  it('restores as the ServiceAccount of restores, from the store that is named, with what was verified alone', () => {
    const target = { provider: 'pvc', claimName: 'elsewhere' } as const;
    const snapshot = { target, name: 'a/b.snap', sha256: 'abc' };
    const job = made({ backup: s3 }, { action: 'restore-snapshot', snapshot });
    const { args, env, volumeMounts } = containerOf(job);
    expect(job.metadata.labels).to.deep.include({ 'openbao.org/component': 'restore' });
    expect(job.spec.template.spec.serviceAccountName).to.equal('prod-restore-serviceaccount');
    expect(args).to.include.members(['--role=rollguard-restore', '--name=a/b.snap', '--sha256=abc']);
    expect(args)
      .to.include(`--target=${JSON.stringify(target)}`)
      .and.not.include('--force');
    expect(env).to.equal(undefined);
    expect(volumeMounts?.map(({ name }) => name)).to.deep.equal(['token', 'ca', 'spool', 'store']);
    const forced = made({ backup: s3 }, { action: 'restore-snapshot', snapshot, force: true });
    expect(containerOf(forced).args).to.include('--force');
  });

  it('verifies a snapshot without a token of OpenBao', () => {
    const snapshot = { target: s3.target ?? {}, name: 'a/b.snap' };
    const { args, volumeMounts } = containerOf(made({}, { action: 'verify-snapshot', snapshot }));
    expect(volumeMounts?.map(({ name }) => name)).to.deep.equal(['store-ca']);
    expect(args).to.include('--name=a/b.snap');
    expect(args?.some((arg) => arg.startsWith('--member') || arg.startsWith('--sha256'))).to.equal(false);
  });

  it('gives votes back as the role of upgrades, which an older snapshot has too', () => {
    const job = made({ backup: s3 }, { action: 'repair-membership', voters: ['prod-0', 'prod-1'] });
    expect(job.metadata.labels).to.deep.include({ 'openbao.org/component': 'restore' });
    expect(job.spec.template.spec.serviceAccountName).to.equal('prod-upgrade-serviceaccount');
    expect(containerOf(job).args).to.include.members([
      '--role=rollguard-upgrade',
      '--voter=prod-0',
      '--voter=prod-1',
    ]);
  });

  it('tells whose tokens to trust, as the role of upgrades', () => {
    const issuer = {
      url: 'https://kubernetes',
      publicKeys: ['-----BEGIN PUBLIC KEY-----\nAB==\n-----END PUBLIC KEY-----\n'],
    };
    const job = made({ backup: s3 }, { action: 'trust-issuer', issuer });
    expect(job.spec.template.spec.serviceAccountName).to.equal('prod-upgrade-serviceaccount');
    expect(containerOf(job).args).to.include.members([
      '--role=rollguard-upgrade',
      `--issuer=${JSON.stringify(issuer)}`,
    ]);
  });

  for (const action of executorActions) {
    it(`holds ${action} to the restricted pod security standard`, () => {
      const job = executorJob(
        cluster({ backup: s3 }),
        stepOf(action, operationId),
        settings,
      ) as unknown as JobObject;
      expect(job.spec.template.spec.securityContext).to.deep.include({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      expect(containerOf(job).securityContext).to.deep.equal({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
    });
  }
});

describe('the Job that checks a version', () => {
  const job = versionCheckJob(cluster(), { operationId, image: 'openbao/openbao:2.5.5' }, settings);
  const { template } = (job as unknown as JobObject).spec;

  it('runs the target image itself, as the user of OpenBao and with the pull secrets of the members', () => {
    expect(job.metadata?.name).to.equal(`prod-version-check-${operationId}`);
    expect(template.spec.containers[0]).to.deep.include({
      image: 'openbao/openbao:2.5.5',
      command: ['/bin/sh', '-ec', 'bao version > /dev/termination-log'],
    });
    expect(template.spec.securityContext).to.deep.include({ runAsUser: 100, runAsGroup: 1000 });
    expect(template.spec.serviceAccountName).to.equal('prod-serviceaccount');
  });

  it('is given nothing', () => {
    expect(template.spec.volumes).to.deep.equal([]);
    expect(template.spec.automountServiceAccountToken).to.equal(false);
    expect(template.spec.containers[0].env).to.equal(undefined);
  });
});

describe('the members of a cluster', () => {
  const pods = (spec: Partial<OpenBaoClusterSpec>, status?: Parameters<typeof cluster>[1]) =>
    memberUrls(cluster(spec, status)).map(({ pod }) => pod);

  it('are three where nothing else is said', () => {
    expect(pods({})).to.deep.equal(['prod-0', 'prod-1', 'prod-2']);
  });

  it('are also those that still leave, and those the leader names', () => {
    expect(pods({ replicas: 1 }, { scaling: { replicas: 3, target: 1 } })).to.have.length(3);
    expect(pods({ replicas: 1 }, { raft: { voters: ['prod-0', 'prod-4'] } })).to.deep.equal([
      'prod-0',
      'prod-4',
    ]);
  });

  it('are those of the half that took over, after a blue-green upgrade', () => {
    expect(
      pods({}, { blueGreen: { blueRevision: '1b8e' }, raft: { voters: ['prod-0', 'prod-1b8e-3'] } }),
    ).to.deep.equal(['prod-1b8e-0', 'prod-1b8e-1', 'prod-1b8e-2', 'prod-1b8e-3']);
  });

  it('are those of both halves while a blue-green upgrade is under way', () => {
    expect(
      pods(
        { replicas: 1 },
        { blueGreen: { blueRevision: '1b8e', greenRevision: '7c', blueReplicas: 1, phase: 'Cleanup' } },
      ),
    ).to.deep.equal(['prod-1b8e-0', 'prod-7c-0']);
  });

  // docs/facts/openbao-operator.md, 7.1, 5: prod-1 also matched prod-1b8e-0 and prod-10.
  it('are never others whose names begin alike', () => {
    expect(
      pods({ replicas: 1 }, { raft: { voters: ['prod-1b8e-0', 'prod-01', 'production-1'] } }),
    ).to.deep.equal(['prod-0']);
  });
});

import { expect } from 'chai';
import type { PersistentVolumeClaim, StatefulSet } from '../../../src/api/kubernetes.ts';
import { appliedImageAnnotation, clusterIdAnnotation } from '../../../src/api/labels.ts';
import { rollingPhases, type OpenBaoClusterStatus } from '../../../src/api/openbaocluster.ts';
import { cluster } from '../../support/builders.ts';
import { inputsOf } from './inputs-of.ts';

const born = '2026-01-01T12:00:00Z';
const claimMade = (creationTimestamp?: string): PersistentVolumeClaim => ({
  metadata: { name: 'data-prod-1', ...(creationTimestamp === undefined ? {} : { creationTimestamp }) },
});

interface Live {
  readonly replicas?: number;
  readonly partition?: number;
  readonly generation?: number;
  readonly status?: StatefulSet['status'];
}
const live = ({ replicas = 3, partition = 3, generation = 1, status }: Live): StatefulSet => ({
  metadata: { name: 'prod', generation },
  spec: { replicas, updateStrategy: { rollingUpdate: { partition } } },
  status: { observedGeneration: 1, currentRevision: 'a', updateRevision: 'a', ...status },
});

const running: OpenBaoClusterStatus = {
  initialized: true,
  currentVersion: '2.4.4',
  image: 'openbao/openbao:2.4.4',
};
const upgrade = {
  fromImage: 'openbao/openbao:2.4.4',
  targetImage: 'openbao/openbao:2.5.5',
  targetVersion: '2.5.5',
} satisfies OpenBaoClusterStatus['upgrade'];

describe('what the children of a cluster are made from', () => {
  describe('the image', () => {
    const imageOf = (spec: Parameters<typeof cluster>[0], status?: OpenBaoClusterStatus) =>
      inputsOf(cluster(spec, status)).image;

    it('is that of the spec, or of its version, before anything runs', () => {
      expect(imageOf({ version: '2.5.5' })).to.equal('openbao/openbao:2.5.5');
      expect(imageOf({ version: 'v2.5.5' })).to.equal('openbao/openbao:2.5.5');
      expect(imageOf({ version: '2.5.5+b1' })).to.equal('openbao/openbao:2.5.5_b1');
      expect(imageOf({ image: 'registry.example/bao:2.5.5' })).to.equal('registry.example/bao:2.5.5');
    });

    it('stays the running one while the spec asks for another, until the checks have passed', () => {
      expect(imageOf({ version: '2.5.5' }, running)).to.equal('openbao/openbao:2.4.4');
      for (const phase of ['PreChecks', 'Snapshot'] as const) {
        expect(imageOf({}, { ...running, upgrade: { ...upgrade, phase } }), phase).to.equal(
          'openbao/openbao:2.4.4',
        );
      }
    });

    it('stays as it is where pods are being replaced and the status does not know by what (L1)', () => {
      const between = { currentRevision: 'a', updateRevision: 'b' };
      const half = live({ partition: 1, status: between });
      const template = { spec: { containers: [{ name: 'openbao', image: 'openbao/openbao:2.5.5' }] } };
      const metadata = {
        ...half.metadata,
        annotations: { [appliedImageAnnotation]: 'openbao/openbao:2.5.5' },
      };
      const rolled = { ...half, metadata, spec: { ...half.spec, template } };
      const found = (status: OpenBaoClusterStatus, set: StatefulSet = rolled) =>
        inputsOf(cluster({}, status), { statefulSet: set }).image;
      expect(found(running)).to.equal('openbao/openbao:2.5.5');
      expect(found({ ...running, upgrade: { ...upgrade, phase: 'PreChecks' } })).to.equal(
        'openbao/openbao:2.5.5',
      );
      const pruned = { phase: 'Replacing', currentPartition: 1 } as const;
      expect(found({ ...running, upgrade: pruned })).to.equal('openbao/openbao:2.5.5');
      // All pods are held: it comes with the next upgrade.
      const held = { ...rolled, spec: { ...rolled.spec, ...live({ partition: 3 }).spec, template } };
      expect(found(running, held)).to.equal('openbao/openbao:2.4.4');
    });

    it('is the target from the lock on', () => {
      for (const phase of rollingPhases.slice(rollingPhases.indexOf('Locking'))) {
        expect(imageOf({}, { ...running, upgrade: { ...upgrade, phase } }), phase).to.equal(
          'openbao/openbao:2.5.5',
        );
      }
    });
  });

  describe('where a volume is marked with its cluster, and the status was lost (L1)', () => {
    const marked: PersistentVolumeClaim = {
      metadata: {
        name: 'data-prod-1',
        creationTimestamp: '2026-01-01T12:00:30Z',
        annotations: { [clusterIdAnnotation]: 'd929ee05' },
      },
    };
    const lost = cluster({ version: '2.6.2' }, {});
    const after = { ...lost, metadata: { ...lost.metadata, creationTimestamp: born } };

    it('makes no other cluster, and lets no pod go', () => {
      expect(inputsOf(after, { claims: [] }).selfInitialize).to.equal(true);
      expect(inputsOf(after, { claims: [marked] }).selfInitialize).to.equal(false);
      expect(inputsOf(after, { claims: [marked], statefulSet: live({}) }).partition).to.equal(3);
    });

    it('keeps the image that is there', () => {
      const set = live({});
      const template = { spec: { containers: [{ name: 'openbao', image: 'openbao/openbao:2.5.5' }] } };
      const statefulSet = { ...set, spec: { ...set.spec, template } };
      expect(inputsOf(after, { claims: [marked], statefulSet }).image).to.equal('openbao/openbao:2.5.5');
      expect(inputsOf(after, { claims: [], statefulSet }).image).to.equal('openbao/openbao:2.6.2');
    });
  });

  describe('the size', () => {
    const sizeOf = (status: OpenBaoClusterStatus | undefined, statefulSet?: StatefulSet) =>
      inputsOf(cluster({ replicas: 5 }, status), { statefulSet }).replicas;

    it('is that of the spec where nothing is there, and 3 where the spec says none', () => {
      expect(sizeOf(undefined)).to.equal(5);
      expect(inputsOf(cluster()).replicas).to.equal(3);
    });

    it('follows the status, never the spec, once something is there', () => {
      expect(sizeOf(running, live({ replicas: 3 }))).to.equal(3);
      expect(sizeOf({ ...running, replicas: 4 }, live({ replicas: 3 }))).to.equal(4);
      expect(sizeOf({ ...running, replicas: 4, scaling: { replicas: 3 } }, live({}))).to.equal(3);
    });
  });

  describe('the partition', () => {
    const partitionOf = (status: OpenBaoClusterStatus | undefined, statefulSet?: StatefulSet) =>
      inputsOf(cluster({}, status), { statefulSet }).partition;

    it('holds no pod before there is data: a typo in the first image must be curable', () => {
      expect(partitionOf(undefined)).to.equal(0);
      expect(partitionOf({ initialized: false }, live({ partition: 0 }))).to.equal(0);
    });

    it('holds every pod of a cluster that runs', () => {
      expect(partitionOf(running, live({}))).to.equal(3);
      expect(partitionOf(running, live({ replicas: 5, partition: 5 }))).to.equal(5);
      expect(partitionOf(running)).to.equal(3);
    });

    it('holds every pod in Locking, where the new template comes, and then is what the upgrade says', () => {
      const at = (phase: (typeof rollingPhases)[number], currentPartition?: number) =>
        partitionOf(
          {
            ...running,
            upgrade: { ...upgrade, phase, ...(currentPartition === undefined ? {} : { currentPartition }) },
          },
          live({}),
        );
      expect(at('PreChecks')).to.equal(3);
      expect(at('Locking')).to.equal(3);
      expect(at('Replacing', 2)).to.equal(2);
      expect(at('CatchingUp', 1)).to.equal(1);
      expect(at('Finalizing', 0)).to.equal(0);
    });

    it('is not raised again while a pod would come back at an older revision', () => {
      const between = { currentRevision: 'a', updateRevision: 'b' };
      expect(partitionOf(running, live({ partition: 1, status: between }))).to.equal(1);
      expect(partitionOf(running, live({ partition: 0, status: between }))).to.equal(0);
      // Equal, but of the StatefulSet before the last change.
      expect(partitionOf(running, live({ partition: 0, generation: 2 }))).to.equal(0);
      expect(partitionOf(running, live({ partition: 0 }))).to.equal(3);
    });
  });

  describe('the restart', () => {
    it('is that of spec as long as the cluster is coming up, so that it is not restarted right afterwards', () => {
      const restartOf = (status: OpenBaoClusterStatus) =>
        inputsOf(cluster({ maintenance: { restartAt: 'now' } }, status)).restartAt;
      expect(restartOf({})).to.equal('now');
      expect(restartOf({ currentVersion: '2.5.5' })).to.equal(undefined);
    });

    it('is the one under way, else the last one', () => {
      const last = { ...running, lastRestartAt: 'then' };
      const restarting = { ...last, upgrade: { ...upgrade, restartAt: 'now' } };
      const at = (status: OpenBaoClusterStatus) => inputsOf(cluster({}, status)).restartAt;
      expect(at(running)).to.equal(undefined);
      expect(at(last)).to.equal('then');
      expect(at({ ...restarting, upgrade: { ...restarting.upgrade, phase: 'PreChecks' } })).to.equal('then');
      expect(at({ ...restarting, upgrade: { ...restarting.upgrade, phase: 'Replacing' } })).to.equal('now');
    });
  });

  describe('self-initialization (openbao-operator.md, 7.1, 18)', () => {
    const initializes = (
      status: OpenBaoClusterStatus | undefined,
      claims: readonly PersistentVolumeClaim[] = [],
      spec: Parameters<typeof cluster>[0] = {},
    ) => inputsOf(cluster(spec, status, { creationTimestamp: born }), { claims }).selfInitialize;

    it('is asked for where nothing was ever there', () => {
      expect(initializes(undefined)).to.equal(true);
      expect(initializes({ initialized: false })).to.equal(true);
    });

    it('is still asked for once the volumes of this very cluster are there', () => {
      expect(initializes(undefined, [claimMade(born), claimMade('2026-01-01T12:00:07Z')])).to.equal(true);
      expect(initializes(undefined, [claimMade('2026-01-01T11:59:58Z')])).to.equal(true);
    });

    it('is never asked for beside a volume of an earlier life', () => {
      expect(initializes(undefined, [claimMade('2025-12-31T12:00:00Z')])).to.equal(false);
      expect(initializes(undefined, [claimMade(born), claimMade('2026-01-01T11:59:00Z')])).to.equal(false);
      expect(initializes(undefined, [claimMade()])).to.equal(false);
    });

    it('is never asked for again', () => {
      expect(initializes(running)).to.equal(false);
    });

    it('is not asked for when somebody else does it', () => {
      expect(initializes(undefined, [], { selfInit: { enabled: false } })).to.equal(false);
    });
  });
});

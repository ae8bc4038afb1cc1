import { expect } from 'chai';
import type { PersistentVolume, ResourceQuota } from '../../../src/api/kubernetes.ts';
import type { OpenBaoClusterSpec } from '../../../src/api/openbaocluster.ts';
import type { ObservedJob, Room } from '../../../src/core/model/observation.ts';
import { needsRoom, insufficientCapacity } from '../../../src/core/upgrade/capacity.ts';
import { known, unknown, type Known } from '../../../src/core/model/known.ts';
import {
  member,
  membersOf,
  serverPod,
  settledCluster,
  settledStatus,
  start,
  statefulSet,
} from '../../support/observation.ts';
import { at, decideMidway, upgrade } from './rolling/rolling-observation.ts';

type Quantities = Readonly<Record<string, string>>;

const quota = (hard: Quantities, used: Quantities = {}, spec: ResourceQuota['spec'] = {}): ResourceQuota => ({
  metadata: { name: 'team' },
  spec,
  status: { hard, used },
});

const room = (given: Partial<Room> = {}): Room => ({ quotas: [], storageClasses: [], volumes: [], ...given });

/** Why three green members of this spec have no room. */
const why = (given: Partial<Room>, spec: Partial<OpenBaoClusterSpec> = {}) =>
  insufficientCapacity(settledCluster(spec), 3, room(given));
const lacks = (hard: Quantities, used: Quantities = {}, spec: Partial<OpenBaoClusterSpec> = {}) =>
  why({ quotas: [quota(hard, used)] }, spec)?.what;

describe('room for a green half', () => {
  it('is asked for only while a blue-green upgrade is checked', () => {
    const checked = {
      phase: 'PreChecks',
      fromVersion: '2.4.4',
      targetVersion: '2.5.5',
      fromImage: 'a:2.4.4',
      targetImage: 'a:2.5.5',
    } as const;
    const asks = (strategy: 'BlueGreen' | 'RollingUpdate', change: object = {}) =>
      needsRoom(
        settledCluster(
          { upgrade: { strategy } },
          { ...settledStatus(3), upgrade: { ...checked, ...change } },
        ),
      );
    expect(asks('BlueGreen')).to.equal(true);
    expect(asks('RollingUpdate')).to.equal(false);
    expect(asks('BlueGreen', { phase: 'Snapshot' })).to.equal(false);
    expect(asks('BlueGreen', { targetVersion: '2.4.4', targetImage: 'a:2.4.4' })).to.equal(false);
    expect(needsRoom(settledCluster({ upgrade: { strategy: 'BlueGreen' } }))).to.equal(false);
  });

  it('is there where nothing limits it', () => {
    expect(why({})).to.equal(undefined);
    expect(why({ quotas: [quota({ 'count/secrets': '1' }, { 'count/secrets': '1' })] })).to.equal(undefined);
  });

  it('is counted in pods: three members and a Job beside what is used', () => {
    expect(lacks({ pods: '7' }, { pods: '3' })).to.equal(undefined);
    expect(why({ quotas: [quota({ pods: '6' }, { pods: '3' })] })).to.deep.equal({
      reason: 'QuotaExceeded',
      what: 'resources for 3 green members: ResourceQuota team lacks 1 of pods (3 of 6 are used)',
    });
    expect(lacks({ 'count/pods': '3' })).to.contain('lacks 1 of count/pods (0 of 3 are used)');
  });

  it('is counted in what members and Jobs request, and may use', () => {
    const resources = { requests: { cpu: '500m', memory: '1Gi' }, limits: { memory: '2Gi' } };
    expect(lacks({ 'requests.cpu': '1510m' }, {}, { resources })).to.equal(undefined);
    expect(lacks({ 'requests.cpu': '1509m' }, {}, { resources })).to.contain('lacks 1m of requests.cpu');
    expect(lacks({ cpu: '2' }, { cpu: '1' }, { resources })).to.contain(
      'lacks 510m of cpu (1 of 2 are used)',
    );
    expect(lacks({ 'requests.memory': '3Gi' }, {}, { resources })).to.contain(
      'lacks 64Mi of requests.memory',
    );
    expect(lacks({ 'limits.memory': '6Gi' }, {}, { resources })).to.contain('lacks 256Mi of limits.memory');
  });

  it('is counted in what members request where spec says nothing', () => {
    expect(lacks({ 'requests.cpu': '310m', 'requests.memory': '832Mi' })).to.equal(undefined);
    expect(lacks({ 'requests.cpu': '309m' })).to.contain('lacks 1m of requests.cpu');
    expect(lacks({ 'requests.memory': '831Mi' })).to.contain('lacks 1Mi of requests.memory');
  });

  it('is counted as requested where it is only limited', () => {
    const resources = { limits: { memory: '1Gi' } };
    expect(lacks({ memory: '3Gi' }, {}, { resources })).to.contain('lacks 64Mi of memory');
  });

  it('is counted in volumes, of their class too', () => {
    const storage = { size: '2Gi', storageClassName: 'fast' };
    const storageClasses = [{ metadata: { name: 'fast' }, provisioner: 'disks.example' }];
    const lacksOf = (hard: Quantities) => why({ quotas: [quota(hard)], storageClasses }, { storage })?.what;
    expect(lacksOf({ 'requests.storage': '6Gi', persistentvolumeclaims: '3' })).to.equal(undefined);
    expect(lacksOf({ 'requests.storage': '5Gi', persistentvolumeclaims: '2' })).to.contain(
      'lacks 1Gi of requests.storage (0 of 5Gi are used); ResourceQuota team lacks 1 of persistentvolumeclaims',
    );
    expect(lacksOf({ 'fast.storageclass.storage.k8s.io/requests.storage': '4Gi' })).to.contain('lacks 2Gi');
    expect(lacksOf({ 'slow.storageclass.storage.k8s.io/requests.storage': '0' })).to.equal(undefined);
    expect(lacks({ 'requests.storage': '30Gi' }, {}, {})).to.equal(undefined);
    expect(lacks({ 'requests.storage': '29Gi' }, {}, {})).to.contain('lacks 1Gi');
  });

  it('is counted in a quota with scopes only for the pods that it is about', () => {
    const scoped = (scopes: readonly string[], spec: Partial<OpenBaoClusterSpec> = {}) =>
      why({ quotas: [quota({ pods: '2' }, {}, { scopes })] }, spec)?.what;
    const resources = { requests: { cpu: '1' } };
    expect(scoped(['NotTerminating'])).to.contain('lacks 1 of pods');
    expect(scoped(['Terminating'])).to.equal(undefined);
    expect(scoped(['BestEffort'])).to.equal(undefined);
    const none = { resources: { requests: { cpu: '0', memory: '0' } } };
    expect(scoped(['BestEffort'], none)).to.contain('lacks 1 of pods');
    expect(scoped(['NotBestEffort'], none)).to.equal(undefined);
    expect(scoped(['BestEffort'], { resources })).to.equal(undefined);
    expect(scoped(['NotBestEffort'], { resources })).to.contain('lacks 1 of pods');
    const priority = { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }] };
    expect(why({ quotas: [quota({ pods: '0' }, {}, { scopeSelector: priority })] })).to.equal(undefined);
  });

  it('is not known of a quota that does not say yet what is used', () => {
    expect(why({ quotas: [{ metadata: { name: 'new' } }] })?.what).to.contain(
      'ResourceQuota new does not report its usage yet',
    );
  });

  describe('on disks', () => {
    const storage = { size: '2Gi', storageClassName: 'local' };
    const volume = (given: PersistentVolume['spec'] = {}, phase = 'Available'): PersistentVolume => ({
      metadata: { name: 'disk' },
      spec: {
        capacity: { storage: '2Gi' },
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'local',
        ...given,
      },
      status: { phase },
    });
    const classOf = (provisioner: string) => [{ metadata: { name: 'local' }, provisioner }];

    it('is made by the class that spec names', () => {
      expect(why({ storageClasses: classOf('disks.example') }, { storage })).to.equal(undefined);
    });

    it('is not judged where spec names no class', () => {
      expect(why({}, { storage: { size: '2Gi' } })).to.equal(undefined);
    });

    it('is not there without the class', () => {
      expect(why({ volumes: [volume()] }, { storage })).to.deep.equal({
        reason: 'StorageUnavailable',
        what: '3 volumes of 2Gi for green members: there is no StorageClass local, and 1 free volume is there',
      });
    });

    it('is there when enough volumes of the class were made by hand', () => {
      const storageClasses = classOf('kubernetes.io/no-provisioner');
      const three = [volume(), volume({ capacity: { storage: '3Gi' } }), volume()];
      expect(why({ storageClasses, volumes: three }, { storage })).to.equal(undefined);
      expect(why({ volumes: three }, { storage })).to.equal(undefined);
      for (const bad of [
        volume({ capacity: { storage: '1Gi' } }),
        volume({ storageClassName: 'other' }),
        volume({ accessModes: ['ReadOnlyMany'] }),
        volume({ claimRef: {} }),
        volume({}, 'Released'),
      ]) {
        expect(why({ storageClasses, volumes: [...three.slice(1), bad] }, { storage })?.what).to.contain(
          'StorageClass local does not provision volumes, and 2 free volumes are there',
        );
      }
    });
  });
});

describe('the checks before a blue-green upgrade', () => {
  /** What they come to when everything else has passed. */
  function check(seen: Known<Room>, strategy: 'BlueGreen' | 'RollingUpdate' = 'BlueGreen', now = start) {
    const given = {
      spec: { upgrade: { strategy } },
      upgrade: upgrade({
        phase: 'PreChecks',
        phaseStartedAt: at(-10),
        currentPartition: undefined,
        completedPods: undefined,
      }),
    };
    const blue = {
      statefulSet: known(statefulSet()),
      pods: known([0, 1, 2].map((ordinal) => serverPod(ordinal))),
      members: membersOf(member(0), member(1), member(2)),
    };
    const asked = decideMidway({ ...given, observation: blue });
    const jobs = asked.effects.flatMap((effect): ObservedJob[] => {
      if (effect.kind !== 'create') return [];
      const { name = '' } = effect.object.metadata ?? {};
      const status = { conditions: [{ type: 'Complete', status: 'True' }] };
      return [{ job: { metadata: { name }, status }, message: 'OpenBao v2.5.6 (abc), built today' }];
    });
    expect(jobs).to.have.length(2);
    const observation = { ...blue, jobs: known(jobs), room: seen };
    return decideMidway({ ...given, observation, context: { now } }).status;
  }
  const cramped = known(room({ quotas: [quota({ pods: '6' }, { pods: '3' })] }));

  it('go on where there is room', () => {
    const status = check(known(room()));
    expect(status.upgrade).to.equal(undefined);
    expect(status.blueGreen?.phase).to.equal('DeployingGreen');
  });

  it('wait for a quota, by name, and hold in the end', () => {
    const waiting = check(cramped);
    expect(waiting.blueGreen).to.equal(undefined);
    expect(waiting.upgrade?.waitingFor).to.contain('ResourceQuota team lacks 1 of pods');
    const {
      upgrade: held,
      lastErrorReason,
      lastErrorMessage,
      blueGreen,
    } = check(cramped, 'BlueGreen', start + 3_600_000);
    expect({ held: held?.held, lastErrorReason, blueGreen }).to.deep.equal({
      held: true,
      lastErrorReason: 'QuotaExceeded',
      blueGreen: undefined,
    });
    expect(lastErrorMessage)
      .to.contain('ResourceQuota team lacks 1 of pods (3 of 6 are used)')
      .and.contain('kubectl describe resourcequota -n bao')
      .and.contain('"retry"');
  });

  it('wait while it is not known', () => {
    const { upgrade: waiting } = check(unknown('forbidden'));
    expect(waiting?.waitingFor).to.equal('the available resources could not be read: forbidden');
  });

  it('ask for no room where members are replaced in place', () => {
    expect(check(cramped, 'RollingUpdate').upgrade?.phase).to.not.equal('PreChecks');
  });
});

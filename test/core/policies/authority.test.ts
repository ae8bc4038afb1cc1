import { expect } from 'chai';
import { clusterLabel, volumeMarks } from '../../../src/api/labels.ts';
import type { OpenBaoClusterSpec, OpenBaoClusterStatus } from '../../../src/api/openbaocluster.ts';
import { known } from '../../../src/core/model/known.ts';
import { authority } from '../../../src/core/policies/authority.ts';
import {
  evaluateClusterChange,
  evaluatePodDeletion,
  evaluateReleaseChange,
  evaluateVolumeChange,
} from '../../../src/core/policies/index.ts';
import { permissionsBy, type Decision, type Permission } from '../../../src/core/policies/policy.ts';
import { cluster, creation, deletion, inMaintenance, pod, update, volume } from '../../support/builders.ts';
import * as releases from '../../support/release-requests.ts';

/** What is answered to a request whose sender holds the right or not. */
type Answer = (held: Permission) => Decision;

const changed =
  (
    old: Partial<OpenBaoClusterSpec>,
    spec: Partial<OpenBaoClusterSpec>,
    status?: OpenBaoClusterStatus,
  ): Answer =>
  (held) =>
    evaluateClusterChange(update(cluster(old, status), spec, { permissions: permissionsBy(() => held) }));

type Upgrade = NonNullable<OpenBaoClusterSpec['upgrade']>;
const hook = { image: 'h.example/hook:1' };
/** An upgrade by blue-green is asked for and has not begun. */
const loosened = (before: Upgrade['blueGreen'], after: Upgrade['blueGreen']): Answer => {
  const upgrade = (blueGreen: Upgrade['blueGreen']) =>
    ({ upgrade: { strategy: 'BlueGreen', ...(blueGreen === undefined ? {} : { blueGreen }) } }) as const;
  return changed({ version: '2.5.6', ...upgrade(before) }, upgrade(after), { currentVersion: '2.5.5' });
};
const marked = (name: string): Answer => {
  const { metadata, ...rest } = volume();
  const object = { ...rest, metadata: { ...metadata, annotations: { [name]: 'x' } } };
  return (permission) => evaluateVolumeChange({ object, oldObject: volume(), permission });
};
const inCluster = 'OpenBaoCluster CREATE, UPDATE';
const inServices = 'MetadataServices CREATE, UPDATE';

/** For each row of the table a request that it is about. */
const requests: Readonly<Record<string, Answer>> = {
  [`${inCluster} spec.maintenance.enabled maintenance`]: changed({}, { maintenance: { enabled: true } }),
  [`${inCluster} spec.breakGlassAck acknowledge`]: changed(
    {},
    { breakGlassAck: 'now' },
    { breakGlass: { active: true, nonce: 'now' } },
  ),
  [`${inCluster} spec.image acknowledge`]: changed(
    { version: '2.5.6', paused: true },
    { image: 'openbao/openbao:2.5.6' },
    { currentVersion: '2.5.5', blueGreen: { phase: 'Promoting' } },
  ),
  [`${inCluster} metadata.annotations[rollguard.io/live-revision] acknowledge`]: (held) => {
    const object = cluster({}, undefined, { annotations: { 'rollguard.io/live-revision': 'initial' } });
    return evaluateClusterChange({
      ...update(cluster(), {}, { permissions: permissionsBy(() => held) }),
      object,
    });
  },
  [`${inCluster} spec.upgrade.requests.promote promote`]: changed(
    {},
    { upgrade: { requests: { promote: 'a' } } },
  ),
  [`${inCluster} spec.upgrade.requests.rollback rollback`]: changed(
    {},
    { upgrade: { requests: { rollback: 'a' } } },
  ),
  [`${inCluster} spec.upgrade.requests.cleanup promote`]: changed(
    {},
    { upgrade: { requests: { cleanup: 'a' } } },
  ),
  [`${inCluster} spec.upgrade.blueGreen.autoPromote promote`]: loosened(
    { autoPromote: false },
    { autoPromote: true },
  ),
  [`${inCluster} spec.upgrade.blueGreen.autoCleanup promote`]: loosened({ autoCleanup: false }, undefined),
  [`${inCluster} spec.upgrade.blueGreen.verification.minSyncDuration promote`]: loosened(
    { verification: { minSyncDuration: '10m' } },
    { verification: { minSyncDuration: '1m' } },
  ),
  [`${inCluster} spec.upgrade.blueGreen.verification.cleanupDelay promote`]: loosened(
    { verification: { cleanupDelay: '10m' } },
    {},
  ),
  [`${inCluster} spec.upgrade.blueGreen.verification.prePromotionHook promote`]: loosened(
    { verification: { prePromotionHook: hook } },
    {},
  ),
  [`${inCluster} spec.upgrade.preUpgradeSnapshot promote`]: changed(
    { version: '2.5.6', upgrade: { preUpgradeSnapshot: true } },
    { upgrade: {} },
    { currentVersion: '2.5.5' },
  ),
  [`${inCluster} spec.upgrade.blueGreen.maxJobFailures promote`]: loosened(
    { maxJobFailures: 1 },
    { maxJobFailures: 9 },
  ),
  [`${inCluster} spec.upgrade.blueGreen.maxJobFailures rollback`]: loosened(
    { maxJobFailures: 9 },
    { maxJobFailures: 1 },
  ),
  [`${inCluster} spec.upgrade.blueGreen.autoRollback.enabled rollback`]: loosened(
    { autoRollback: { enabled: false } },
    { autoRollback: { enabled: true } },
  ),
  [`${inCluster} spec.upgrade.blueGreen.autoRollback.onJobFailure rollback`]: loosened(
    { autoRollback: { onJobFailure: false } },
    {},
  ),
  [`${inCluster} spec.upgrade.blueGreen.autoRollback.onValidationFailure rollback`]: loosened(
    { autoRollback: { onValidationFailure: false } },
    {},
  ),
  [`${inCluster} spec.image execute`]: changed({}, { image: 'x.example/openbao:2.5.5' }),
  [`${inCluster} spec.upgrade.executorImage execute`]: changed(
    {},
    { upgrade: { executorImage: 'x.example/rollguard:1' } },
  ),
  [`${inCluster} spec.upgrade.jwtAuthRole execute`]: changed({}, { upgrade: { jwtAuthRole: 'root' } }),
  [`${inCluster} spec.upgrade.blueGreen.verification.prePromotionHook execute`]: changed(
    {},
    { upgrade: { blueGreen: { verification: { prePromotionHook: hook } } } },
  ),
  [`${inCluster} spec.backup.jwtAuthRole execute`]: changed({}, { backup: { jwtAuthRole: 'root' } }),
  [`${inCluster} spec.selfInit.requests execute`]: changed(
    {},
    { selfInit: { requests: [{ name: 'mine', operation: 'update', path: 'sys/auth/mine' }] } },
  ),
  [`${inCluster} spec.unseal execute`]: changed(
    {},
    { unseal: { type: 'transit', transit: { address: 'https://x.example', mountPath: 't', keyName: 'k' } } },
  ),
  [`${inCluster} spec.backup.target execute`]: changed(
    {},
    { backup: { target: { provider: 's3', bucket: 'mine', endpoint: 'https://x.example' } } },
  ),
  [`${inCluster} spec.version maintenance`]: (held) =>
    evaluateClusterChange(
      creation(cluster(), { volumes: known([volume()]), permissions: permissionsBy(() => held) }),
    ),
  'Pod DELETE metadata.name maintenance': (permission) =>
    evaluatePodDeletion(deletion(pod({ metadata: inMaintenance }), { permission })),
  'Pod eviction metadata.name maintenance': (permission) =>
    evaluatePodDeletion(deletion(pod({ metadata: inMaintenance }), { permission, isForced: true })),
  ...Object.fromEntries(
    volumeMarks.map((mark) => [
      `PersistentVolumeClaim CREATE, UPDATE metadata.annotations[${mark}] maintenance`,
      marked(mark),
    ]),
  ),
  [`PersistentVolumeClaim UPDATE metadata.labels[${clusterLabel}] maintenance`]: (permission) => {
    const { metadata, ...rest } = volume();
    const { labels: _, ...bare } = metadata;
    return evaluateVolumeChange({ object: { ...rest, metadata: bare }, oldObject: volume(), permission });
  },
  [`${inServices} metadata.annotations[e6data.io/rollback-to] rollback`]: (permission) =>
    evaluateReleaseChange({
      ...releases.update(releases.backTo(releases.active), releases.served),
      permission,
    }),
  [`${inServices} spec.serviceAccountName impersonate`]: (mayActAs) => {
    const { object, ...rest } = releases.creation({});
    return evaluateReleaseChange({
      ...rest,
      object: { ...object, spec: { ...object.spec, serviceAccountName: 'root' } },
      mayActAs,
    });
  },
};

describe('the table of who may do what', () => {
  const keys = authority.map(({ request, path, verb }) => `${request} ${path} ${verb}`);

  it('has each row once, and a request for it here', () => {
    expect(new Set(keys).size).to.equal(keys.length);
    expect(Object.keys(requests)).to.have.members(keys);
  });

  for (const { request, path, verb } of authority) {
    const answer = requests[`${request} ${path} ${verb}`];
    it(`refuses ${path} of a ${request} to who does not hold ${verb}, and says so`, () => {
      const named = (held: Permission) =>
        answer!(held).violations.filter(
          (each) => each.path === path && `${each.message} ${each.remedy}`.includes(`"${verb}"`),
        );
      const [refused] = named(known(false));
      expect(refused?.reason).to.equal(path === 'spec.version' ? 'DowngradeBlocked' : 'PermissionRequired');
      expect(named(known(true))).to.deep.equal([]);
    });
  }
});

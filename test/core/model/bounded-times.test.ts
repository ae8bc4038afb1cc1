import { expect } from 'chai';
import { metadataServicesStatus, type MetadataServicesSpec } from '../../../src/api/metadataservices.ts';
import { openBaoClusterStatus } from '../../../src/api/openbaocluster-status.ts';
import type { OpenBaoClusterStatus, RollingUpgrade } from '../../../src/api/openbaocluster.ts';
import { openBaoRestoreStatus } from '../../../src/api/openbaorestore-status.ts';
import { decideCluster } from '../../../src/core/cluster/decide.ts';
import { latestTimes as ofCluster } from '../../../src/core/cluster/latest-times.ts';
import { withBoundedTimes } from '../../../src/core/model/bounded-times.ts';
import { defaultWindows, type ReleaseContext } from '../../../src/core/release/decision.ts';
import { latestTimes as ofRelease } from '../../../src/core/release/latest-times.ts';
import { latestTimes as ofRestore } from '../../../src/core/restore/latest-times.ts';
import { context, observation, settledCluster, settledStatus, start } from '../../support/observation.ts';
import { SimulatedScaling } from '../cluster/scale-simulated.ts';

const minute = 60_000;
const at = (ms: number) => new Date(ms).toISOString();

/** Read by people and metrics alone, told by other software, or part of a name: nothing waits for these. */
const told: readonly string[] = [
  'OpenBaoCluster backup.latestSnapshot.takenAt',
  'OpenBaoCluster blueGreen.cleanupStartedAt',
  'OpenBaoCluster blueGreen.crossedAt',
  'OpenBaoCluster blueGreen.rejectedTarget.at',
  'OpenBaoCluster blueGreen.rollbackStartedAt',
  'OpenBaoCluster blueGreen.startedAt',
  'OpenBaoCluster breakGlass.acknowledgedAt',
  'OpenBaoCluster breakGlass.enteredAt',
  'OpenBaoCluster breakGlass.history[].acknowledgedAt',
  'OpenBaoCluster breakGlass.history[].enteredAt',
  'OpenBaoCluster conditions[].lastTransitionTime',
  'OpenBaoCluster scaling.startedAt',
  'OpenBaoCluster upgrade.startedAt',
  'MetadataServices conditions[].lastTransitionTime',
  'MetadataServices pending.startedAt',
  'MetadataServices rejected.at',
  'MetadataServices releaseHistory[].timestamp',
  'MetadataServices rollback.at',
  'OpenBaoRestore completedAt',
  'OpenBaoRestore conditions[].lastTransitionTime',
  'OpenBaoRestore restoredAt',
  'OpenBaoRestore snapshot.takenAt',
  'OpenBaoRestore startedAt',
];

interface Schema {
  readonly format?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

const timesIn = (schema: Schema, path = ''): readonly string[] => [
  ...(schema.format === 'date-time' ? [path] : []),
  ...Object.entries(schema.properties ?? {}).flatMap(([key, each]) =>
    timesIn(each, path === '' ? key : `${path}.${key}`),
  ),
  ...(schema.items === undefined ? [] : timesIn(schema.items, `${path}[]`)),
];

const releaseContext = { now: start, settings: { windows: defaultWindows } } as ReleaseContext;
const kinds = [
  ['OpenBaoCluster', openBaoClusterStatus, ofCluster({}, context())],
  ['OpenBaoRestore', openBaoRestoreStatus, ofRestore(start)],
  ['MetadataServices', metadataServicesStatus, ofRelease({} as MetadataServicesSpec, releaseContext)],
] as const;

describe('a stored time in the future', () => {
  it('is bounded wherever something waits for it: each time of each status is decided on (P10)', () => {
    const all = kinds.flatMap(([kind, schema]) => timesIn(schema as Schema).map((path) => `${kind} ${path}`));
    const bounded = kinds.flatMap(([kind, , latest]) => Object.keys(latest).map((path) => `${kind} ${path}`));
    expect([...bounded, ...told].toSorted()).to.deep.equal(all.toSorted());
  });

  it('counts as now, an end as its own length from now, and what has passed stays (P10)', () => {
    const status = {
      since: at(start + 1),
      end: at(start + 11 * minute),
      steps: [{ end: at(start + 5) }, { end: at(start + 11 * minute), note: at(start + 11 * minute) }],
      before: at(start - 1),
      odd: 'no time',
    };
    const latest = {
      since: start,
      end: start + minute,
      'steps[].end': start + minute,
      before: start,
      odd: start,
    };
    expect(withBoundedTimes(status, latest)).to.deep.equal({
      ...status,
      since: at(start),
      end: at(start + minute),
      steps: [status.steps[0], { end: at(start + minute), note: status.steps[1]?.note }],
    });
    const fine = { ...status, since: at(start), end: at(start), steps: [] };
    expect(withBoundedTimes(fine, latest)).to.equal(fine);
  });

  it('of a step-down blocks the next one for 15 s, not for the whole difference (P10)', () => {
    const scaling = new SimulatedScaling(3, 1, 'prod-2');
    scaling.cluster = {
      ...scaling.cluster,
      status: { ...scaling.status, lastStepDownAt: at(start + 24 * 60 * minute) },
    };
    scaling.turn();
    expect(scaling.status.lastStepDownAt).to.equal(at(scaling.now));
    scaling.run(40);
    expect(scaling.done[0]).to.equal('step-down prod-2');
  });

  const decided = (status: OpenBaoClusterStatus) =>
    decideCluster(observation({ cluster: settledCluster({}, { ...settledStatus(), ...status }) }), context())
      .status;

  it('of a deadline or a pause of an upgrade is bounded in what is stored (P10)', () => {
    const ahead = at(start + 24 * 60 * minute);
    const upgrade: RollingUpgrade = {
      operationId: 'up00000001',
      phase: 'CatchingUp',
      targetVersion: '2.5.5',
      targetImage: 'openbao/openbao:2.5.5',
      deadline: ahead,
      catchUp: [{ podUID: 'pod-2', ordinal: 2, deadline: ahead }],
      currentPartition: 2,
    };
    const after = decided({ upgrade }).upgrade;
    const { catchingUp } = context().settings.deadlines;
    const latest = [after?.deadline, ...(after?.catchUp ?? []).map(({ deadline }) => deadline)];
    expect(latest).to.have.length(2);
    for (const time of latest) expect(Date.parse(time ?? '')).to.be.at.most(start + catchingUp);
    // A pause that seems to begin later would shorten deadlines.
    const paused = decided({
      upgrade: { ...upgrade, deadline: at(start + minute), pausedAt: ahead },
    }).upgrade;
    expect(paused?.deadline).to.equal(at(start + minute));
  });
});

import { expect } from 'chai';
import type { ExecutorReport } from '../../src/core/jobs/executor-report.ts';
import type { Halves } from '../../src/core/jobs/step.ts';
import { deadlineIn, type ExecutorContext } from '../../src/executor/context.ts';
import { handOverToGreen, removePeers, repairConsensus } from '../../src/executor/membership-change.ts';
import { removePeer } from '../../src/executor/remove-peer.ts';
import { OpenBaoError, type OpenBaoNode } from '../../src/io/openbao/node.ts';
import { SimulatedRaft } from '../core/raft/simulated-raft.ts';
import { halves } from '../core/jobs/step-of.ts';
import { silent } from './run-action.ts';

/** What is peculiar about the servers. */
interface Peculiarity {
  /** Of a change: it does what it is given to do, and answers as it likes. */
  readonly change?: (record: () => void, what: string, pod: string) => void;
  readonly applied?: Readonly<Record<string, number>>;
  readonly clusterIds?: Readonly<Record<string, string>>;
  /** Seconds since which the leader leads. */
  readonly leadsFor?: number;
  readonly versions?: Readonly<Record<string, string>>;
  /** Who has lost its disk. */
  readonly sealed?: string;
  /** Whom autopilot has not seen yet. */
  readonly unseen?: string;
}

const does = (record: () => void) => {
  record();
};

const reset = (pod: string) => new OpenBaoError('socket hang up', { reason: 'Reset', pod });

/** Servers that share one simulated cluster, whose autopilot has a round at every second reading of the membership. */
function nodesOf(raft: SimulatedRaft, calls: string[], peculiarity: Peculiarity): readonly OpenBaoNode[] {
  const { change = does, applied = {}, clusterIds = {}, leadsFor = 60 } = peculiarity;
  let reads = 0;
  const startedAt = Date.now() - leadsFor * 1000;
  return [...raft.servers.keys()].map((pod): OpenBaoNode => {
    const leads = () => raft.leader === pod;
    const asked = async (what: string, record: () => void) => {
      calls.push(what);
      await Promise.resolve();
      change(record, what, pod);
    };
    const answers = {
      pod,
      async health() {
        await Promise.resolve();
        if (raft.servers.get(pod)?.up === false) throw reset(pod);
        return {
          initialized: true,
          sealed: pod === peculiarity.sealed,
          standby: !leads(),
          version: peculiarity.versions?.[pod] ?? '2.5.5',
          cluster_id: clusterIds[pod] ?? 'c',
          server_time_utc: Math.floor(Date.now() / 1000),
        };
      },
      leader: () =>
        Promise.resolve({
          is_self: leads(),
          leader_address: raft.leader === undefined ? '' : `http://${raft.leader}`,
          leader_cluster_address: '',
          raft_committed_index: 100,
          raft_applied_index: applied[pod] ?? 100,
          active_time: new Date(startedAt).toISOString(),
        }),
      raftConfiguration() {
        if (++reads % 2 === 0) raft.reconcile();
        const servers = raft.membership()?.servers ?? [];
        return Promise.resolve({
          readFrom: pod,
          servers: servers.map((server) => ({ ...server, address: '' })),
        });
      },
      autopilotState() {
        const servers = [...raft.servers.keys()].filter((id) => id !== peculiarity.unseen);
        const of = (id: string) => ({
          id,
          status: '',
          healthy: true,
          last_index: 100,
          node_type: raft.flagged.has(id) ? 'non-voter' : 'voter',
        });
        return Promise.resolve({
          healthy: true,
          failure_tolerance: 1,
          leader: raft.leader ?? '',
          servers: Object.fromEntries(servers.map((id) => [id, of(id)])),
        });
      },
      async promote(_: string, id: string) {
        let stood = false;
        await asked(`promote ${id}`, () => {
          stood = raft.promote(id);
        });
        return stood;
      },
      demote: (_: string, id: string) => asked(`demote ${id}`, () => void raft.demote(id)),
      removePeer: (_: string, id: string) =>
        asked(`remove ${id}`, () => {
          raft.removePeer(id);
        }),
      stepDown: () => asked(`step-down ${pod}`, () => void raft.stepDown()),
    };
    return answers as unknown as OpenBaoNode;
  });
}

type Action = (context: ExecutorContext, halves: Halves) => Promise<ExecutorReport>;

/** Carries out an action on a cluster, and tells every change that was asked for. */
async function act(
  action: Action,
  raft: SimulatedRaft,
  peculiarity: Peculiarity = {},
  milliseconds = 20_000,
  ending = new AbortController(),
): Promise<{ readonly report: ExecutorReport; readonly calls: readonly string[] }> {
  const calls: string[] = [];
  const nodes = nodesOf(raft, calls, peculiarity);
  const context: ExecutorContext = {
    cluster: 'prod',
    members: new Map(nodes.map((node) => [node.pod, node])),
    podOf: (address) => URL.parse(address)?.host,
    role: 'rollguard-upgrade',
    session: { run: (_, call) => call('token'), end: () => Promise.resolve() },
    deadline: deadlineIn(milliseconds, ending.signal),
    log: silent,
  };
  return { report: await action(context, halves), calls };
}

const { blue, green } = halves;
const fresh = () => new SimulatedRaft(blue, green);
const forward = [
  'promote prod-1b8e-0',
  'demote prod-2',
  'promote prod-1b8e-1',
  'demote prod-1',
  'promote prod-1b8e-2',
  'demote prod-0',
  'step-down prod-0',
];

/** Half-way: all of green vote, of blue only the leader. */
function promoted(): SimulatedRaft {
  const raft = new SimulatedRaft(['prod-0', ...green]);
  for (const id of ['prod-1', 'prod-2']) raft.join(id);
  return raft;
}

describe('the swap of two halves, whatever is answered', function () {
  it('asks for each change once, in order, and reports them', async () => {
    const { report, calls } = await act(handOverToGreen, fresh());
    expect(calls).to.deep.equal(forward);
    const changed = `changed, in this order: ${forward.join(', ')}`;
    expect(report).to.deep.include({
      outcome: 'done',
      reason: 'GreenLeads',
      message: `${green[0]} leads, ${green.join(', ')} vote; ${changed}`,
    });
    expect(report.data).to.deep.include({ leader: green[0], voters: green, changes: forward });
    expect(report.data?.['members']).to.have.members([...blue, ...green]);
  });

  // docs/facts/openbao-operator.md, 7.1, 7: the read-back decides.
  it('takes no answer for proof: neither one that is lost, nor an error, nor a yes', async () => {
    const lost = await act(handOverToGreen, fresh(), {
      change: (record, _, pod) => {
        record();
        throw reset(pod);
      },
    });
    expect(lost.calls).to.deep.equal(forward);
    expect(lost.report.outcome).to.equal('done');

    const agreed = await act(handOverToGreen, fresh(), { change: () => {} }, 1000);
    expect(agreed.calls).to.deep.equal(forward.slice(0, 1));
    expect(agreed.report).to.deep.include({ outcome: 'failed', reason: 'ChangeUnconfirmed' });
    expect(agreed.report.message).to.equal(
      'to promote prod-1b8e-0 was asked for (it agreed), but prod-0 does not show it in the membership',
    );
  });

  it('only waits for a change that was recorded before', async () => {
    const raft = fresh();
    raft.flagged.delete('prod-1b8e-1');
    const { calls } = await act(handOverToGreen, raft);
    expect(calls).not.to.include('promote prod-1b8e-1');
    expect(raft.voters).to.have.members(green);
  });

  it('does not promote one that lags, or is of another cluster', async () => {
    const behind = await act(handOverToGreen, fresh(), { applied: { 'prod-1b8e-2': 99 } }, 500);
    expect(behind).to.deep.equal({
      calls: [],
      report: {
        outcome: 'refused',
        reason: 'MembershipUnsafe',
        message: 'prod-1b8e-2 has applied 99 of 100; nothing was changed',
        data: { changes: [] },
      },
    });
    const alien = await act(handOverToGreen, fresh(), { clusterIds: { 'prod-1b8e-1': 'd' } }, 500);
    expect(alien.calls).to.deep.equal([]);
    expect(alien.report.message).to.equal('prod-1b8e-1 is in another cluster; nothing was changed');
  });

  it('waits until autopilot has seen every member', async () => {
    const { report, calls } = await act(handOverToGreen, fresh(), { unseen: 'prod-1b8e-1' }, 500);
    expect(calls).to.deep.equal([]);
    expect(report.message).to.equal('autopilot has not seen prod-1b8e-1 yet; nothing was changed');
  });

  it('demotes the leader, lets it step down once, and waits for its vote to go', async () => {
    const raft = promoted();
    const { report, calls } = await act(handOverToGreen, raft);
    expect(calls).to.deep.equal(['demote prod-0', 'step-down prod-0']);
    expect(report).to.deep.include({ outcome: 'done', reason: 'GreenLeads' });
    expect(raft.voters).to.deep.equal(green);
  });

  // docs/facts/openbao-measured.md, 0.5: the second of two within 10 s is an outage of 10 s.
  it('lets nobody step down who leads for less than 15 s, and says so', async () => {
    const raft = promoted();
    const { report, calls } = await act(handOverToGreen, raft, { leadsFor: 10 }, 2000);
    expect(calls).to.deep.equal(['demote prod-0']);
    expect(report).to.deep.include({ outcome: 'failed', reason: 'NoHealthyVoter' });
    expect(report.message).to.match(/^prod-0 was not asked to step down: prod-0 leads since 20/);

    const late = await act(handOverToGreen, promoted(), { leadsFor: 13 });
    expect(late.calls).to.deep.equal(['demote prod-0', 'step-down prod-0']);
  });

  it('looks twice before it finds the way back done: what was recorded last may not show yet', async () => {
    const raft = fresh();
    // The forward run was killed just when it had demoted the leader.
    setTimeout(() => void raft.demote('prod-0'), 1000);
    const { calls } = await act(repairConsensus, raft);
    expect(calls).to.deep.equal(['promote prod-0']);
    expect(raft.flagged.has('prod-0')).to.equal(false);
  });

  // docs/facts/openbao-2.6-measured.md, 0.2.
  it('asks for no promotion of a member that the leader does not hear: it would come to nothing', async () => {
    const versions = Object.fromEntries(green.map((pod) => [pod, '2.6.2']));
    const { report, calls } = await act(handOverToGreen, fresh(), { versions }, 500);
    expect(report).to.deep.include({ outcome: 'refused', reason: 'MembershipUnsafe' });
    expect(report.message).to.contain(
      'prod-1b8e-0 runs 2.6.2 and the leader prod-0 2.5.5: across 2.6 it would get no vote',
    );
    expect(calls).to.deep.equal([]);
    const alike = Object.fromEntries([...blue, ...green].map((pod) => [pod, '2.6.2']));
    expect((await act(handOverToGreen, fresh(), { versions: alike })).calls).to.deep.equal(forward);
  });

  it('removes nobody who lost a disk in a mix of versions, but who leaves for good', async () => {
    const lost = (onlyWhileSealed: boolean, versions: Readonly<Record<string, string>>) =>
      act(
        (context) => removePeer(context, 'prod-2', { onlyWhileSealed }),
        new SimulatedRaft(blue),
        { sealed: 'prod-2', versions },
        2000,
      );
    const mix = { 'prod-1': '2.6.2' };
    const kept = await lost(true, mix);
    expect(kept.report).to.deep.include({ outcome: 'refused', reason: 'VersionsMixed' });
    expect(kept.report.message).to.contain('prod-0 (2.5.5), prod-2 (2.5.5) and prod-1 (2.6.2)');
    expect(kept.calls).to.deep.equal([]);
    expect((await lost(false, mix)).calls).to.deep.equal(['remove prod-2']);
    expect((await lost(true, {})).calls).to.deep.equal(['remove prod-2']);
  });

  it('removes exactly the half that is named', async () => {
    const raft = fresh();
    const { report } = await act((context) => removePeers(context, green), raft);
    expect(report).to.deep.include({ outcome: 'done', reason: 'PeersRemoved' });
    expect([...raft.servers.keys()]).to.deep.equal(blue);
    const again = await act((context) => removePeers(context, green), raft);
    expect(again.calls).to.deep.equal([]);
    expect(again.report.outcome).to.equal('done');
  });

  it('ends when it is told to, between two changes', async () => {
    const raft = fresh();
    const ending = new AbortController();
    const ends: Peculiarity = {
      change: (record, what) => {
        record();
        // Told to end while the change is under way, which is seen all the same.
        if (what === 'promote prod-1b8e-1') {
          raft.reconcile();
          ending.abort();
        }
      },
    };
    const { report, calls } = await act(handOverToGreen, raft, ends, 20_000, ending);
    expect(calls).to.deep.equal(forward.slice(0, 3));
    expect(report).to.deep.include({ outcome: 'failed', reason: 'MembershipUnsafe' });
    const changed = `changed, in this order: ${forward.slice(0, 3).join(', ')}`;
    expect(report.message).to.equal(`no time is left to demote prod-1; ${changed}`);
    const { report: rest } = await act(handOverToGreen, raft);
    expect(rest).to.deep.include({ outcome: 'done', reason: 'GreenLeads' });
  });
});

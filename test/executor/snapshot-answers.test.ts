import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import { deadlineIn, type ExecutorContext } from '../../src/executor/context.ts';
import { snapshot } from '../../src/executor/snapshot.ts';
import { openStore } from '../../src/io/object-store.ts';
import { OpenBaoError, type OpenBaoNode } from '../../src/io/openbao/node.ts';
import { snapshotArchive, streamOf } from '../support/snapshot-archive.ts';
import { silent } from './run-action.ts';

const pods = ['prod-0', 'prod-1'];

describe('a snapshot while leadership moves', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'rollguard-snapshot-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  /** @param whenAsked what the first one that is asked does: it leads no more */
  async function taken(whenAsked: (pod: string) => Error | undefined) {
    const archive = await snapshotArchive();
    const asked: string[] = [];
    let leader = 'prod-0';
    const nodes = pods.map((pod) => {
      const node = {
        pod,
        health: () =>
          Promise.resolve({
            initialized: true,
            sealed: false,
            standby: pod !== leader,
            version: '2.6.2',
            cluster_id: 'c',
          }),
        leader: () =>
          Promise.resolve({
            ...(pod === leader ? { is_self: true } : {}),
            leader_address: `http://${leader}`,
          }),
        snapshot() {
          asked.push(pod);
          if (asked.length === 1) {
            leader = 'prod-1';
            const error = whenAsked(pod);
            if (error !== undefined) return Promise.reject(error);
          }
          return Promise.resolve(Readable.from(streamOf(archive)));
        },
      };
      return node as unknown as OpenBaoNode;
    });
    const context: ExecutorContext = {
      cluster: 'prod',
      members: new Map(nodes.map((node) => [node.pod, node])),
      podOf: (address) => URL.parse(address)?.host,
      role: 'rollguard-backup',
      session: { run: (_, call) => call('token'), end: () => Promise.resolve() },
      deadline: deadlineIn(5_000, new AbortController().signal),
      log: silent,
    };
    const store = openStore({ provider: 'pvc' }, { folder });
    return {
      report: await snapshot(context, { store, name: 'a.snap', spool: folder, unsealKeyId: 'k1' }),
      asked,
    };
  }

  // docs/facts/openbao-2.6-measured.md, section 3: a standby gives its own copy, or none.
  it('is none of a standby, whose copy may be old: the next leader is asked', async () => {
    const { report, asked } = await taken(() => undefined);
    expect(asked).to.deep.equal(pods);
    expect(report).to.deep.include({ outcome: 'done', reason: 'SnapshotTaken' });
    expect(report.message).to.contain('from prod-1');
  });

  it('is asked of the next leader where a standby has nothing to give', async () => {
    const what =
      'GET sys/storage/raft/snapshot: 500 raft error when taking snapshot: nothing new to snapshot';
    const { report, asked } = await taken((pod) => new OpenBaoError(what, { reason: 'Server', pod }));
    expect(asked).to.deep.equal(pods);
    expect(report.message).to.contain('from prod-1');
  });

  it('is not tried again for what another leader does not mend', async () => {
    const broken = (pod: string) => new OpenBaoError('socket hang up', { reason: 'Reset', pod });
    const error = await taken(broken).then(
      () => undefined,
      (reason: unknown) => reason as Error,
    );
    expect(error?.message).to.contain('OpenBao broke off its snapshot: prod-0: socket hang up');
  });
});

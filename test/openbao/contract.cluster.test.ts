import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { expect } from 'chai';
import { skip } from '../support/skip.ts';
import { modelFlavour, realBinary, realFlavour, type Flavour } from './flavours.ts';
import { LocalCluster, until, type Reply } from './local-cluster.ts';
import { startHub, type Hub } from './server/hub.ts';

const versions = ['2.4.4', '2.5.5'];

type Fields = Readonly<Record<string, unknown>>;
type Step = (cluster: LocalCluster) => Promise<void>;

/** A member of `sys/storage/raft/configuration`. */
interface Server {
  readonly node_id: string;
  readonly address: string;
  readonly leader: boolean;
  readonly voter: boolean;
}

const dataOf = ({ body }: Reply): Fields => (body['data'] ?? {}) as Fields;

async function servers(cluster: LocalCluster, token: string): Promise<readonly Server[]> {
  const reply = await cluster.ask(await cluster.active(), 'sys/storage/raft/configuration', { token });
  expect(reply.status).to.equal(200);
  return (dataOf(reply)['config'] as { readonly servers: readonly Server[] }).servers;
}

const votersIn = (found: readonly Server[]) =>
  found.filter(({ voter }) => voter).map(({ node_id }) => node_id);

/** Waits until these are the voters. */
async function awaitVoters(cluster: LocalCluster, token: string, wanted: readonly string[]): Promise<void> {
  await until(`voters ${wanted.join(' ')}`, async () => {
    const found = votersIn(await servers(cluster, token)).toSorted();
    return found.join(' ') === wanted.join(' ') ? true : undefined;
  });
}

/** Waits until autopilot says this of a server. */
function awaitServer(
  cluster: LocalCluster,
  token: string,
  id: string,
  wanted: Fields,
): Promise<{ readonly server: Fields; readonly state: Fields }> {
  return until(`${id} to be ${JSON.stringify(wanted)}`, async () => {
    const state = dataOf(await cluster.ask(0, 'sys/storage/raft/autopilot/state', { token }));
    const server = (state['servers'] as Record<string, Fields> | undefined)?.[id] ?? {};
    const isSo = Object.entries(wanted).every(([field, value]) => server[field] === value);
    return isSo ? { server, state } : undefined;
  });
}

const index = async (cluster: LocalCluster, ordinal: number): Promise<number | undefined> =>
  (await cluster.ask(ordinal, 'sys/leader')).body['raft_applied_index'] as number | undefined;

/** The nodes of three that are not active. */
async function standbys(cluster: LocalCluster): Promise<readonly number[]> {
  const active = await cluster.active();
  return [0, 1, 2].filter((ordinal) => ordinal !== active);
}

/** What the driver relies on. Each step runs on clusters of all versions side by side. */
function contract(flavours: () => Promise<readonly Flavour[]> | readonly Flavour[], subnet: string): void {
  let clusters: readonly LocalCluster[] = [];

  const on = (title: string, step: Step) =>
    it(title, async function () {
      const results = await Promise.allSettled(clusters.map(step));
      for (const [number, result] of results.entries()) {
        if (result.status === 'fulfilled') continue;
        const { kind = '', version = '' } = clusters[number]?.flavour ?? {};
        const { reason } = result as { reason: unknown };
        if (reason instanceof Error) reason.message = `${kind} ${version}: ${reason.message}`;
        throw reason;
      }
    });

  before('start a node of each version', async function () {
    clusters = (await flavours()).map(
      (flavour, number) => new LocalCluster(flavour, `${subnet}.${number + 1}`),
    );
    for (const cluster of clusters) cluster.start(0, { initialize: true });
  });

  after('stop them', async function () {
    await Promise.all(clusters.map((cluster) => cluster.close()));
  });

  on('initializes itself, without leaving a root token', async (cluster) => {
    await cluster.active();
    const token = await cluster.token(0);
    const accessors = dataOf(await cluster.ask(0, 'auth/token/accessors', { method: 'LIST', token }));
    const policies = await Promise.all(
      (accessors['keys'] as readonly string[]).map(
        async (accessor) =>
          dataOf(await cluster.ask(0, 'auth/token/lookup-accessor', { token, body: { accessor } }))[
            'policies'
          ],
      ),
    );
    expect(policies).to.deep.equal([['all', 'default']]);
  });

  on('lets two more join, which autopilot makes voters', async (cluster) => {
    const token = await cluster.token(0);
    for (const ordinal of [1, 2]) cluster.start(ordinal);
    const first = await until('an answer of the joiner', async () => {
      const { status } = await cluster.ask(1, 'sys/health');
      return status === 0 ? undefined : status;
    });
    expect([501, 503]).to.include(first);
    await awaitVoters(cluster, token, ['n0', 'n1', 'n2']);
    expect((await standbys(cluster)).length).to.equal(2);
  });

  on('says who it is in health, leader and seal status', async (cluster) => {
    const bodies = await Promise.all(
      [0, 1, 2].map(async (each) => (await cluster.ask(each, 'sys/health')).body),
    );
    expect(new Set(bodies.map((body) => body['cluster_id'])).size).to.equal(1);
    for (const body of bodies) {
      expect(body).to.have.all.keys([
        'initialized',
        'sealed',
        'standby',
        'performance_standby',
        'replication_performance_mode',
        'replication_dr_mode',
        'server_time_utc',
        'version',
        'cluster_name',
        'cluster_id',
      ]);
      expect(body).to.include({ initialized: true, sealed: false, version: cluster.flavour.version });
    }
    expect(bodies.map((body) => body['standby'])).to.deep.equal([false, true, true]);
    expect((await cluster.ask(1, 'sys/health')).status).to.equal(429);
    expect((await cluster.ask(1, 'sys/health?standbyok=true')).status).to.equal(200);

    const leader = (await cluster.ask(0, 'sys/leader')).body;
    const follower = (await cluster.ask(1, 'sys/leader')).body;
    expect(leader).to.have.all.keys([
      'ha_enabled',
      'is_self',
      'active_time',
      'leader_address',
      'leader_cluster_address',
      'raft_committed_index',
      'raft_applied_index',
    ]);
    expect(leader).to.include({ is_self: true, leader_address: cluster.address(0) });
    expect(follower).to.include({ is_self: false, leader_address: cluster.address(0) });
    expect(follower['active_time']).to.equal('0001-01-01T00:00:00Z');

    const seal = (await cluster.ask(1, 'sys/seal-status')).body;
    expect(seal).to.have.all.keys([
      'type',
      'initialized',
      'sealed',
      't',
      'n',
      'progress',
      'nonce',
      'version',
      'build_date',
      'migration',

      'cluster_name',
      'cluster_id',
      'recovery_seal',
      'recovery_seal_type',
      'storage_type',
    ]);
    expect(seal).to.include({ type: 'static', sealed: false, storage_type: 'raft' });
  });

  on('refuses logins in plain words, and requests without a right', async (cluster) => {
    const said = async (reply: Promise<Reply>) => {
      const { status, body } = await reply;
      return [status, ...((body['errors'] ?? []) as readonly string[])].join(' ');
    };
    const fault = '400 error validating token: invalid';
    expect(await said(cluster.login(1, { sub: 'other' }))).to.equal(`${fault} subject (sub) claim`);
    expect(await said(cluster.login(0, { iss: 'other' }))).to.equal(`${fault} issuer (iss) claim`);
    expect(await said(cluster.login(0, { aud: ['other'] }))).to.equal(
      `${fault} audience (aud) claim: audience claim does not match any expected audience`,
    );
    expect(await said(cluster.login(0, { exp: 1000 }))).to.equal(
      `${fault} expiration time (exp) claim: token is expired`,
    );
    expect(await said(cluster.login(0, {}, 'none'))).to.equal('400 role "none" could not be found');
    const login = 'auth/jwt-operator/login';
    expect(await said(cluster.ask(0, login, { body: { role: 'all' } }))).to.equal('400 missing token');
    const forged = await said(cluster.ask(0, login, { body: { role: 'all', jwt: 'e30.e30.AAAA' } }));
    expect(forged).to.match(/^400 error validating token: error verifying token signature: /);

    const membership = 'sys/storage/raft/configuration';
    expect(await said(cluster.ask(0, membership))).to.equal('403 permission denied');
    const token = await cluster.token(0);
    const policy = 'path "sys/storage/raft/configuration" { capabilities = ["read"] }';
    expect((await cluster.ask(0, 'sys/policies/acl/few', { token, body: { policy } })).status).to.equal(204);
    const body = { policies: ['few'], no_default_policy: true, ttl: '5m' };
    const child = (await cluster.ask(0, 'auth/token/create', { token, body })).body['auth'] as Fields;
    const few = child['client_token'] as string;
    expect((await cluster.ask(0, membership, { token: few })).status).to.equal(200);
    const denied = '403 1 error occurred:\n\t* permission denied\n\n';
    expect(await said(cluster.ask(0, 'sys/step-down', { token: few, body: {} }))).to.equal(denied);
    expect(await said(cluster.ask(0, 'kv/a', { token: few }))).to.equal(denied);
  });

  on('shows membership, autopilot and versions', async (cluster) => {
    const token = await cluster.token(1);
    const [first, ...others] = await servers(cluster, token);
    expect(first).to.deep.equal({
      node_id: 'n0',
      address: cluster.address(0).replace('http://', '').replace('8200', '8201'),
      leader: true,
      protocol_version: '3',
      voter: true,
    });
    expect(others.map(({ leader }) => leader)).to.deep.equal([false, false]);

    const state = await until('autopilot to be healthy', async () => {
      const found = dataOf(await cluster.ask(1, 'sys/storage/raft/autopilot/state', { token }));
      return found['healthy'] === true && found['failure_tolerance'] === 1 ? found : undefined;
    });
    expect(state).to.have.all.keys('failure_tolerance', 'healthy', 'leader', 'servers', 'voters');
    expect(state).to.include({ failure_tolerance: 1, leader: 'n0' });
    const member = (state['servers'] as Record<string, Fields>)['n1'];
    expect(member).to.have.all.keys([
      'id',
      'name',
      'address',
      'node_status',
      'last_contact',
      'last_term',
      'last_index',
      'healthy',
      'stable_since',
      'status',
      'version',
      'node_type',
    ]);
    expect(member).to.include({ status: 'voter', node_type: 'voter', version: cluster.flavour.version });

    const configuration = 'sys/storage/raft/autopilot/configuration';
    expect(dataOf(await cluster.ask(1, configuration, { token }))).to.deep.equal({
      cleanup_dead_servers: false,
      dead_server_last_contact_threshold: '24h0m0s',
      last_contact_threshold: '10s',
      max_trailing_logs: 1000,
      min_quorum: 0,
      server_stabilization_time: '1s',
    });
    expect(
      (await cluster.ask(0, configuration, { token, body: { cleanup_dead_servers: true } })).status,
    ).to.equal(400);

    const history = dataOf(await cluster.ask(1, 'sys/version-history', { method: 'LIST', token }));
    expect(history['keys']).to.deep.equal([cluster.flavour.version]);
    const entry = (history['key_info'] as Record<string, Fields>)[cluster.flavour.version];
    expect(entry).to.include({ previous_version: null });

    const { nodes } = dataOf(await cluster.ask(1, 'sys/ha-status', { token })) as {
      nodes: readonly Fields[];
    };
    expect(nodes[0]).to.have.all.keys([
      'hostname',
      'api_address',
      'cluster_address',
      'active_node',
      'last_echo',
      'version',
      'upgrade_version',
    ]);
  });

  on(
    'serves reads of a standby from its own copy or from the leader, and forwards writes',
    async (cluster) => {
      const token = await cluster.token(0);
      expect((await cluster.ask(2, 'kv/a', { token, body: { x: '1' } })).status).to.equal(204);
      await until('the entry on a standby', async () => {
        const reply = await cluster.ask(1, 'kv/a', { token });
        return reply.status === 200 && dataOf(reply)['x'] === '1' ? true : undefined;
      });
      expect((await cluster.ask(0, 'kv/none', { token })).body).to.deep.equal({ errors: [] });
    },
  );

  on('answers promote, demote and remove-peer as the driver expects', async (cluster) => {
    const token = await cluster.token(0);
    const call = async (action: string, body: object) => {
      const reply = await cluster.ask(0, `sys/storage/raft/${action}`, { token, body });
      return [reply.status, ...((reply.body['errors'] ?? []) as readonly string[])].join(' ');
    };
    const refusal = (message: string) => `500 1 error occurred:\n\t* ${message}\n\n`;
    const unknown = { server_id: 'unknown' };
    expect(await call('promote', {})).to.equal('400 no server id provided');
    expect(await call('promote', unknown)).to.equal(refusal('server is not a non-voter'));
    expect(await call('promote', { server_id: 'n1' })).to.equal(refusal('server is not a non-voter'));
    expect(await call('demote', unknown)).to.equal('204');
    expect(await call('demote', unknown)).to.equal(refusal('server is already a non-voter'));
    expect(await call('promote', unknown)).to.equal('204');
    expect(await call('remove-peer', unknown)).to.equal('204');

    expect(await call('demote', { server_id: 'n2' })).to.equal('204');
    await awaitVoters(cluster, token, ['n0', 'n1']);
    expect(await call('promote', { server_id: 'n2' })).to.equal('204');
    await awaitVoters(cluster, token, ['n0', 'n1', 'n2']);
  });

  on(
    'records the demotion of a leader, which votes on while it leads, and takes it back',
    async (cluster) => {
      const token = await cluster.token(0);
      const call = async (action: string) =>
        (await cluster.ask(0, `sys/storage/raft/${action}`, { token, body: { server_id: 'n0' } })).status;
      expect(await call('demote')).to.equal(204);
      const flagged = await awaitServer(cluster, token, 'n0', { node_type: 'non-voter' });
      expect(flagged.server).to.include({ status: 'leader' });
      expect(flagged.state).to.deep.include({ non_voters: ['n0'] });
      expect(flagged.state['voters']).to.include('n0');
      // Two rounds of autopilot.
      await sleep(2500);
      expect(votersIn(await servers(cluster, token))).to.have.members(['n0', 'n1', 'n2']);
      expect(await call('demote')).to.equal(500);
      expect(await call('promote')).to.equal(204);
      await awaitServer(cluster, token, 'n0', { node_type: 'voter' });
      expect(votersIn(await servers(cluster, token))).to.have.members(['n0', 'n1', 'n2']);
    },
  );

  on(
    'keeps who joins as a non-voter one, until it is promoted, and forgets nothing by a removal',
    async (cluster) => {
      const token = await cluster.token(0);
      const call = async (action: string) =>
        (await cluster.ask(0, `sys/storage/raft/${action}`, { token, body: { server_id: 'n3' } })).status;
      cluster.start(3, { nonVoter: true });
      const { server } = await awaitServer(cluster, token, 'n3', { healthy: true, node_type: 'non-voter' });
      expect(server).to.include({ status: 'non-voter' });
      // Longer than its stabilisation time, and two rounds.
      await sleep(3500);
      expect(votersIn(await servers(cluster, token))).to.have.members(['n0', 'n1', 'n2']);
      expect(await call('promote')).to.equal(204);
      await awaitVoters(cluster, token, ['n0', 'n1', 'n2', 'n3']);
      expect(await call('demote')).to.equal(204);
      await awaitVoters(cluster, token, ['n0', 'n1', 'n2']);
      expect(await call('remove-peer')).to.equal(204);
      expect((await servers(cluster, token)).map(({ node_id }) => node_id)).not.to.include('n3');
      await cluster.end(3, 'SIGKILL');
      expect(await call('demote')).to.equal(500);
      expect(await call('promote')).to.equal(204);
    },
  );

  on('switches the removal of dead servers on and off, and leaves the rest', async (cluster) => {
    const token = await cluster.token(0);
    const path = 'sys/storage/raft/autopilot/configuration';
    const set = async (body: object) => (await cluster.ask(0, path, { token, body })).status;
    const read = async () => dataOf(await cluster.ask(0, path, { token }));
    const before = await read();
    expect(await set({ cleanup_dead_servers: true, min_quorum: 3 })).to.equal(204);
    expect(await read()).to.deep.equal({ ...before, cleanup_dead_servers: true, min_quorum: 3 });
    expect(await set({ cleanup_dead_servers: false })).to.equal(204);
    expect(await read()).to.deep.equal({ ...before, min_quorum: 3 });
    expect(await set({ cleanup_dead_servers: true })).to.equal(204);
    expect(await set({ cleanup_dead_servers: false })).to.equal(204);
  });

  on('says since when it leads, by a clock that it tells', async (cluster) => {
    const active = await cluster.active();
    const { active_time: since } = (await cluster.ask(active, 'sys/leader')).body;
    const { server_time_utc: now } = (await cluster.ask(active, 'sys/health')).body;
    const age = Number(now) - Date.parse(String(since)) / 1000;
    expect(age).to.be.within(1, 120);
  });

  on('gives a snapshot that can be verified', async (cluster) => {
    const token = await cluster.token(0);
    const { status, headers, bytes } = await cluster.ask(0, 'sys/storage/raft/snapshot', { token });
    expect(status).to.equal(200);
    expect(headers.get('content-type')).to.equal('application/gzip');
    const members = tarMembers(gunzipSync(bytes));
    expect([...members.keys()]).to.deep.equal(['meta.json', 'state.bin', 'SHA256SUMS', 'SHA256SUMS.sealed']);
    const sums = ['meta.json', 'state.bin'].map(
      (name) =>
        `${createHash('sha256')
          .update(members.get(name) ?? '')
          .digest('hex')}  ${name}\n`,
    );
    expect(
      members
        .get('SHA256SUMS')
        ?.toString()
        .split(/(?<=\n)/),
    ).to.have.members(sums);
    const meta = JSON.parse(String(members.get('meta.json'))) as Fields;
    expect(meta).to.have.all.keys([
      'Version',
      'ID',
      'Index',
      'Term',
      'Peers',
      'Configuration',
      'ConfigurationIndex',
      'Size',
    ]);
    expect(meta).to.include({ Version: 1, ID: 'bolt-snapshot', Size: members.get('state.bin')?.length });
  });

  on('restores a snapshot in silence, the list of non-voters in it included', async (cluster) => {
    const token = await cluster.token(0);
    const call = async (path: string, body: object, as = token) =>
      (await cluster.ask(await cluster.active(), path, { token: as, body })).status;
    const n2 = { server_id: 'n2' };
    expect(await call('kv/restored', { x: '1' })).to.equal(204);
    expect(await call('sys/storage/raft/demote', n2)).to.equal(204);
    const { bytes } = await cluster.ask(0, 'sys/storage/raft/snapshot', { token });
    expect(await call('sys/storage/raft/promote', n2)).to.equal(204);
    await awaitVoters(cluster, token, ['n0', 'n1', 'n2']);
    expect(await call('kv/restored', { x: '2' })).to.equal(204);
    const later = await cluster.token(0);

    const torn = { token, body: bytes.subarray(0, bytes.length >> 1) };
    const refused = await cluster.ask(0, 'sys/storage/raft/snapshot', torn);
    expect(refused.status).to.equal(500);
    expect(refused.bytes.toString()).to.match(/failed to (read|decompress) snapshot/);

    expect(await call('sys/storage/raft/snapshot', bytes)).to.equal(204);
    await until('the later token to be unknown', async () => {
      const { status } = await cluster.ask(await cluster.active(), 'kv/restored', { token: later });
      return status === 403 ? true : undefined;
    });
    const { data } = (await cluster.ask(await cluster.active(), 'kv/restored', { token })).body;
    expect(data).to.deep.equal({ x: '1' });
    await awaitVoters(cluster, token, ['n0', 'n1']);
    expect(await call('sys/storage/raft/promote', n2)).to.equal(204);
    await awaitVoters(cluster, token, ['n0', 'n1', 'n2']);
  });

  on('takes a restarted follower back with its data, which catches up', async (cluster) => {
    const token = await cluster.token(0);
    await cluster.end(2, 'SIGTERM');
    expect((await cluster.ask(0, 'kv/b', { token, body: { x: '2' } })).status).to.equal(204);
    cluster.start(2);
    const wanted = await index(cluster, 0);
    await until('429 from the restarted follower', async () =>
      (await cluster.ask(2, 'sys/health')).status === 429 ? true : undefined,
    );
    await until(
      'the leader’s index',
      async () => ((await index(cluster, 2)) ?? 0) >= (wanted ?? Infinity) || undefined,
    );
    await awaitVoters(cluster, token, ['n0', 'n1', 'n2']);
  });

  on(
    'hands leadership over on step-down, also through a standby, and keeps what was acknowledged',
    async (cluster) => {
      const token = await cluster.token(0);
      expect((await cluster.ask(1, 'sys/step-down', { token, body: {} })).status).to.equal(204);
      await until('another active node', async () => ((await cluster.active()) === 0 ? undefined : true));
      const old = await until('the old one to follow', async () => {
        const reply = await cluster.ask(0, 'sys/health');
        return reply.status === 429 ? reply : undefined;
      });
      expect(old.body['standby']).to.equal(true);
      const active = await cluster.active();
      expect(dataOf(await cluster.ask(active, 'kv/b', { token }))).to.deep.equal({ x: '2' });
      const found = await servers(cluster, token);
      expect(found.find(({ leader }) => leader)?.node_id).to.equal(`n${active}`);
    },
  );

  on(
    'takes a removed node with an empty disk for a new one, and one that was not removed for a voter at once',
    async (cluster) => {
      const token = await cluster.token(1);
      const [first = 0] = (await standbys(cluster)).filter((ordinal) => ordinal !== 0);
      const name = `n${first}`;
      await cluster.end(first, 'SIGKILL');
      cluster.wipe(first);
      expect(votersIn(await servers(cluster, token))).to.include(name);
      const active = await cluster.active();
      const removal = { token, body: { server_id: name } };
      expect((await cluster.ask(active, 'sys/storage/raft/remove-peer', removal)).status).to.equal(204);
      expect(votersIn(await servers(cluster, token))).to.not.include(name);
      cluster.start(first);
      await awaitVoters(cluster, token, ['n0', 'n1', 'n2']);
    },
  );

  on('elects another leader when one is killed, and loses no acknowledged write', async (cluster) => {
    const token = await cluster.token(0);
    const killed = await cluster.active();
    expect((await cluster.ask(killed, 'kv/c', { token, body: { x: '3' } })).status).to.equal(204);
    await cluster.end(killed, 'SIGKILL');
    const active = await cluster.active();
    expect(active).to.not.equal(killed);
    expect(dataOf(await cluster.ask(active, 'kv/c', { token }))).to.deep.equal({ x: '3' });
  });

  on('has no leader without a quorum', async (cluster) => {
    const active = await cluster.active();
    const rest = [0, 1, 2].filter((ordinal) => ordinal !== active && cluster.runs(ordinal));
    await Promise.all(rest.map((ordinal) => cluster.end(ordinal, 'SIGKILL')));
    await until('the leader to give up', async () =>
      (await cluster.ask(active, 'sys/health')).status === 429 ? true : undefined,
    );
    await until('no leader to be named', async () =>
      (await cluster.ask(active, 'sys/leader')).body['leader_address'] === '' ? true : undefined,
    );
  });
}

function tarMembers(tar: Buffer): Map<string, Buffer> {
  const members = new Map<string, Buffer>();
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0;) {
    const text = (start: number, end: number) =>
      tar.toString('latin1', at + start, at + end).replace(/\0.*$/s, '');
    const size = Number.parseInt(text(124, 136), 8);
    members.set(text(0, 100), tar.subarray(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return members;
}

describe('what the driver relies on of OpenBao', () => {
  describe('in the model', () => {
    let hub: Hub | undefined;
    after('stop the hub', () => hub?.close());
    contract(async () => {
      const started = await startHub({ host: '127.0.0.1', port: 0, log: () => undefined });
      hub = started;
      return versions.map((version) => modelFlavour(version, started.address));
    }, '127.31');
  });

  describe('in real servers', () => {
    before('find them', function () {
      const missing = versions.filter((version) => realBinary(version) === undefined);
      if (missing.length === 0) return;
      const remedy = 'set OPENBAO_DIR to a folder that holds <version>/bao';
      skip(this, `no server of OpenBao ${missing.join(', ')} was found: ${remedy}`, 'openbao');
    });

    contract(() => versions.map((version) => realFlavour(version, realBinary(version) ?? '')), '127.32');
  });
});

import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { expect } from 'chai';
import { skip } from '../support/skip.ts';
import {
  isBefore,
  modelFlavour,
  modelVersions,
  realFlavour,
  realVersions,
  release,
  type Flavour,
} from './flavours.ts';
import { until, type LocalCluster, type Reply } from './local-cluster.ts';
import {
  awaitServer,
  awaitVoters,
  dataOf,
  index,
  servers,
  standbys,
  votersIn,
  type Fields,
} from './questions.ts';
import { startHub, type Hub } from './server/hub.ts';
import { sideBySide } from './side-by-side.ts';

/** What the driver relies on. Each step runs on clusters of all versions side by side. */
function contract(flavours: () => Promise<readonly Flavour[]> | readonly Flavour[], subnet: string): void {
  const on = sideBySide(flavours, subnet);

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
        ...(isTerse(cluster) ? [] : ['performance_standby']),
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
    expect(follower).to.have.all.keys([
      'ha_enabled',
      ...(isTerse(cluster) ? [] : ['is_self', 'active_time']),
      'leader_address',
      'leader_cluster_address',
      'raft_committed_index',
      'raft_applied_index',
    ]);
    expect(follower).to.include({ leader_address: cluster.address(0) });
    if (!isTerse(cluster)) {
      expect(follower).to.include({ is_self: false, active_time: '0001-01-01T00:00:00Z' });
    }

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
      isTerse(cluster) ? 'commit_date' : 'build_date',
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
    expect(member).to.include({
      status: 'voter',
      node_type: 'voter',
      version: release(cluster.flavour.version),
    });

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
    // Without the suffix of a prerelease.
    const version = release(cluster.flavour.version);
    expect(history['keys']).to.deep.equal([version]);
    const entry = (history['key_info'] as Record<string, Fields>)[version];
    expect(entry).to.include({ previous_version: null });
    expect(entry).to.include.keys(isTerse(cluster) ? 'commit_date' : 'build_date');

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
    expect(nodes.map((node) => node['version'])).to.deep.equal([version, version, version]);
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
    expect(await call('promote', { server_id: 'n1' })).to.equal(refusal('server is not a non-voter'));
    if (knowsMembers(cluster)) {
      const stranger = refusal('server unknown not found in raft configuration');
      for (const action of ['promote', 'demote']) expect(await call(action, unknown)).to.equal(stranger);
    } else {
      expect(await call('promote', unknown)).to.equal(refusal('server is not a non-voter'));
      expect(await call('demote', unknown)).to.equal('204');
      expect(await call('demote', unknown)).to.equal(refusal('server is already a non-voter'));
      expect(await call('promote', unknown)).to.equal('204');
    }
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
      expect(await call('promote')).to.equal(knowsMembers(cluster) ? 500 : 204);
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

  on('gives no snapshot from a standby that was restarted since the last write', async (cluster) => {
    // Before 2.5 a standby passes it on to the active node, which always has one.
    if (isBefore('2.5.0', cluster.flavour.version)) return;
    const token = await cluster.token(0);
    const path = 'sys/storage/raft/snapshot';
    // What it has not applied when it ends it applies when it starts.
    await sleep(1000);
    await until('it to have applied everything', async () =>
      (await index(cluster, 2)) === (await index(cluster, 0)) ? true : undefined,
    );
    await cluster.end(2, 'SIGTERM');
    cluster.start(2);
    const refused = await until('an answer of the restarted follower', async () => {
      const reply = await cluster.ask(2, path, { token });
      // Sealed at first, then for a moment without a leader.
      return [0, 307, 503].includes(reply.status) ? undefined : reply;
    });
    expect(refused.status).to.equal(500);
    expect(refused.bytes.toString()).to.match(/raft error when taking snapshot: nothing new to snapshot/i);
    expect((await cluster.ask(0, path, { token })).status).to.equal(200);
    expect((await cluster.ask(0, 'kv/d', { token, body: { x: '4' } })).status).to.equal(204);
    await until('a snapshot of it after a write', async () =>
      (await cluster.ask(2, path, { token })).status === 200 ? true : undefined,
    );
    await awaitVoters(cluster, token, ['n0', 'n1', 'n2']);
  });

  on('says who holds the keys of sealable namespaces, and passes them on', async (cluster) => {
    const token = await cluster.token(0);
    const scan = 'sys/namespaces?scan=true';
    const none = await cluster.ask(0, scan, { token });
    expect([none.status, dataOf(none)]).to.deep.equal([200, {}]);
    // Before 2.6 there is none.
    if (!isTerse(cluster)) return;
    const seal = 'seal "shamir" { shares = 1 threshold = 1 }';
    const create = async (path: string, body: object) => {
      const reply = await cluster.ask(0, path, { token, body });
      expect(reply.status, reply.bytes.toString()).to.equal(200);
      return (dataOf(reply)['key_shares'] as readonly string[] | undefined)?.[0] ?? '';
    };
    await create('sys/namespaces/plain', {});
    const key = await create('sys/namespaces/team', { seal });
    const nested = await create('plain/sys/namespaces/sub', { seal });

    // The least rights, of a token without another.
    const policy = [
      'path "sys/namespaces" { capabilities = ["scan"] }',
      'path "sys/namespaces/+/seal-status" { capabilities = ["read"] }',
      'path "+/sys/namespaces/+/seal-status" { capabilities = ["read"] }',
    ].join('\n');
    await cluster.ask(0, 'sys/policies/acl/reads', { token, body: { policy } });
    const body = { policies: ['reads'], no_default_policy: true, ttl: '10m' };
    const child = (await cluster.ask(0, 'auth/token/create', { token, body })).body['auth'] as Fields;
    const few = child['client_token'] as string;
    const listed = dataOf(await cluster.ask(0, scan, { token: few }));
    expect((listed['keys'] as string[]).toSorted()).to.deep.equal(['plain/', 'plain/sub/', 'team/']);
    const info = (listed['key_info'] as Record<string, Fields>)['plain/sub/'];
    expect(info).to.include({ path: 'plain/sub/', tainted: false });
    expect(info?.['uuid']).to.match(/^[0-9a-f-]{36}$/);

    const team = 'sys/namespaces/team/seal-status';
    const sub = 'plain/sys/namespaces/sub/seal-status';
    const said = async (path: string) =>
      Promise.all(
        [0, 1, 2].map(async (each) => dataOf(await cluster.ask(each, path, { token: few }))['sealed']),
      );
    const becomes = (path: string, wanted: readonly boolean[]) =>
      until(`${path} to be sealed ${wanted.join()}`, async () =>
        String(await said(path)) === String(wanted) ? true : undefined,
      );
    const refused = await cluster.ask(0, 'sys/namespaces/plain/seal-status', { token: few });
    expect(refused.status).to.equal(400);
    expect(refused.bytes.toString()).to.include('namespace is not sealable');
    await becomes(team, [true, true, true]);
    const below = await cluster.ask(0, 'team/sys/namespaces/none/seal-status', { token });
    expect([below.status, below.bytes.toString().includes('is sealed')]).to.deep.equal([503, true]);
    for (const [path, share] of [
      ['sys/namespaces/team/unseal', key],
      ['plain/sys/namespaces/sub/unseal', nested],
    ] as const) {
      const reply = await cluster.ask(1, path, { token, body: { key: share } });
      expect(reply.status, reply.bytes.toString()).to.equal(200);
    }
    expect((await said(team))[0]).to.equal(false);
    await becomes(team, [false, false, false]);
    await becomes(sub, [false, false, false]);
    // Who is started anew gets them from the leader.
    await cluster.end(2, 'SIGTERM');
    cluster.start(2);
    await becomes(team, [false, false, false]);
    await becomes(sub, [false, false, false]);
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
      if (!isTerse(cluster)) return;
      // The keys of the sealable namespaces of before stay with all.
      await until('every member to hold the keys', async () => {
        const replies = await Promise.all(
          [0, 1, 2].map((each) => cluster.ask(each, 'sys/namespaces/team/seal-status', { token })),
        );
        return replies.every((reply) => dataOf(reply)['sealed'] === false) ? true : undefined;
      });
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
    const { body } = await until('no leader to be named', async () => {
      const reply = await cluster.ask(active, 'sys/leader');
      return (reply.body['leader_address'] ?? '') === '' ? reply : undefined;
    });
    expect(body).to.have.all.keys([
      'ha_enabled',
      ...(isTerse(cluster) ? [] : ['is_self', 'active_time', 'leader_address', 'leader_cluster_address']),
      'raft_committed_index',
      'raft_applied_index',
    ]);
  });
}

/** From 2.7-dev on only members are promoted and demoted. */
const knowsMembers = ({ flavour }: LocalCluster) => !isBefore('2.7.0', flavour.version);

/** From 2.6 on a server leaves out what is false or empty, and tells of the commit instead of the build. */
const isTerse = ({ flavour }: LocalCluster) => !isBefore('2.6.0', flavour.version);

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
      return modelVersions().map((version) => modelFlavour(version, started.address));
    }, '127.31');
  });

  describe('in real servers', () => {
    before('find them', function () {
      if (realVersions().length > 0) return;
      const remedy = 'set OPENBAO_DIR to a folder that holds <version>/bao';
      skip(this, `no server of OpenBao was found: ${remedy}`, 'openbao');
    });

    contract(() => realVersions().map((version) => realFlavour(version)), '127.32');
  });
});

import { expect } from 'chai';
import { exampleClaims, exampleInitialization, exampleSettings, trusting } from './model/example.ts';
import {
  advance,
  createWorld,
  handle,
  kill,
  read,
  serversOf,
  start,
  stop,
  wipe,
  type NodeSettings,
  type Request,
  type World,
} from './model/model.ts';

const begin = Date.UTC(2026, 0, 1);

type Body = Readonly<Record<string, unknown>>;

function ask(
  world: World,
  id: string,
  path: string,
  more: Partial<Request> = {},
): { status: number; body: Body } {
  const answer = handle(world, id, { method: 'GET', path: `/v1/${path}`, ...more }, trusting);
  return { status: answer.status, body: 'body' in answer ? (answer.body as Body) : {} };
}

const post = (world: World, id: string, path: string, body: Body = {}, token?: string) =>
  ask(world, id, path, { method: 'POST', body, token });

function login(world: World, id = 'bao-0'): string {
  const body = { role: 'all', jwt: JSON.stringify(exampleClaims) };
  const answer = post(world, id, 'auth/jwt-operator/login', body);
  return (answer.body['auth'] as { client_token: string }).client_token;
}

function startMember(
  world: World,
  ordinal: number,
  version = '2.5.5',
  more: Partial<NodeSettings> = {},
): void {
  const initialize = ordinal === 0 ? { initialize: exampleInitialization() } : {};
  start(world, `bao-${ordinal}`, exampleSettings(`bao-${ordinal}`, version, { ...initialize, ...more }));
}

function cluster(replicas: number, version = '2.5.5', timing = {}): World {
  const world = createWorld(begin, 1, timing);
  for (let ordinal = 0; ordinal < replicas; ordinal += 1) startMember(world, ordinal, version);
  advance(world, begin + 30_000);
  return world;
}

const pass = (world: World, ms: number) => advance(world, world.now + ms);
const codes = (world: World) => Object.keys(world.nodes).map((id) => ask(world, id, 'sys/health').status);
const voters = (world: World) => {
  const only = Object.values(world.clusters)[0];
  return only === undefined ? [] : serversOf(only).flatMap(({ id, voter }) => (voter ? [id] : []));
};

/** Milliseconds until a node is active, looked at every 10 ms. */
function untilActive(world: World): number {
  const from = world.now;
  while (!codes(world).includes(200) && world.now < from + 60_000) pass(world, 10);
  return world.now - from;
}

describe('the model of an OpenBao cluster', () => {
  // docs/facts/openbao-2.6-measured.md, 1: the answers of sys/leader by version.
  it('leaves out of sys/leader what is false or empty from 2.6 on', () => {
    const world = cluster(3, '2.6.2');
    expect(ask(world, 'bao-0', 'sys/leader').body).to.include({ is_self: true });
    expect(ask(world, 'bao-1', 'sys/leader').body).to.have.all.keys([
      'ha_enabled',
      'leader_address',
      'leader_cluster_address',
      'raft_committed_index',
      'raft_applied_index',
    ]);
    expect(ask(cluster(3, '2.5.5'), 'bao-1', 'sys/leader').body).to.include({ is_self: false });
  });

  it('comes up by itself: three voters in about 8 s, no root token left', () => {
    const world = createWorld(begin);
    for (const ordinal of [0, 1, 2]) startMember(world, ordinal);
    while (voters(world).length < 3 && world.now < begin + 60_000) pass(world, 100);
    expect(world.now - begin).to.be.within(6000, 11_000);
    expect(codes(world)).to.deep.equal([200, 429, 429]);
    const [only] = Object.values(world.clusters);
    const tokens = Object.keys(only?.storage ?? {}).filter((key) => key.startsWith('token/'));
    expect(tokens.filter((key) => only !== undefined && read(only, key) !== undefined)).to.deep.equal([]);
  });

  it('hands over in 0.6 s on step-down', () => {
    const world = cluster(3);
    expect(post(world, 'bao-0', 'sys/step-down', {}, login(world)).status).to.equal(204);
    expect(untilActive(world)).to.be.within(500, 900);
    expect(codes(world)).to.deep.equal([429, 200, 429]);
  });

  it('has no active node for ten seconds after two step-downs in a row', () => {
    const world = cluster(3);
    const token = login(world);
    post(world, 'bao-0', 'sys/step-down', {}, token);
    untilActive(world);
    post(world, 'bao-1', 'sys/step-down', {}, token);
    expect(untilActive(world)).to.be.within(9000, 10_500);
    expect(codes(world)[0]).to.equal(200);
  });

  it('is away for 10.57 s when a single node steps down', () => {
    const world = cluster(1);
    post(world, 'bao-0', 'sys/step-down', {}, login(world));
    expect(untilActive(world)).to.be.within(10_500, 10_700);
  });

  it('does not let a process exit before its passive time is over', () => {
    const world = cluster(3);
    post(world, 'bao-0', 'sys/step-down', {}, login(world));
    stop(world, 'bao-0');
    pass(world, 10_000);
    expect(world.nodes['bao-0']?.process).to.not.equal(undefined);
    pass(world, 1000);
    expect(world.nodes['bao-0']?.process).to.equal(undefined);
  });

  it('replaces a killed leader in one to three seconds, and names the dead one until then', () => {
    const world = cluster(3);
    kill(world, 'bao-0');
    expect(ask(world, 'bao-1', 'sys/leader').body['leader_address']).to.equal('http://bao-0:8200');
    expect(untilActive(world)).to.be.within(1000, 3200);
  });

  it('answers 429 from a restarted follower that does not replicate yet', () => {
    const world = cluster(3, '2.5.5', { catchUp: 10_500 });
    const token = login(world);
    stop(world, 'bao-2');
    pass(world, 1000);
    startMember(world, 2);
    pass(world, 2000);
    post(world, 'bao-0', 'kv/a', { x: 1 }, token);
    const indexes = () =>
      ['bao-0', 'bao-2'].map((id) => ask(world, id, 'sys/leader').body['raft_applied_index'] as number);
    expect(codes(world)).to.deep.equal([200, 429, 429]);
    expect(indexes()[1]).to.be.lessThan(indexes()[0] ?? 0);
    pass(world, 9000);
    expect(indexes()[1]).to.equal(indexes()[0]);
  });

  it('has no leader without a quorum, and refuses no write that a majority holds', () => {
    const world = cluster(3);
    const token = login(world);
    expect(post(world, 'bao-0', 'kv/a', { x: 1 }, token).status).to.equal(204);
    kill(world, 'bao-0');
    kill(world, 'bao-1');
    pass(world, 60_000);
    expect(codes(world)).to.deep.equal([0, 0, 429]);
    startMember(world, 1);
    untilActive(world);
    pass(world, 1000);
    expect(ask(world, 'bao-2', 'kv/a', { token }).body['data']).to.deep.equal({ x: 1 });
  });

  it('takes a member with an empty disk and a known id for a voter at once', () => {
    const world = cluster(3);
    kill(world, 'bao-2');
    wipe(world, 'bao-2');
    startMember(world, 2);
    pass(world, 2500);
    expect(voters(world)).to.include('bao-2');
    expect(codes(world)[2]).to.equal(503);
  });

  it('can found a second cluster when pod 0 loses its disk and still has the stanza', () => {
    for (const race of ['founds', 'joins'] as const) {
      const world = cluster(3);
      kill(world, 'bao-0');
      wipe(world, 'bao-0');
      untilActive(world);
      startMember(world, 0, '2.5.5', { initializeRace: race });
      pass(world, 15_000);
      const ids = new Set(
        Object.keys(world.nodes).map((id) => ask(world, id, 'sys/health').body['cluster_id']),
      );
      expect(ids.size, race).to.equal(race === 'founds' ? 2 : 1);
    }
  });

  it('keeps an id on the list of non-voters through removal, and demotes and removes ids nobody knows', () => {
    const world = cluster(3);
    const token = login(world);
    expect(post(world, 'bao-0', 'sys/storage/raft/demote', { server_id: 'bao-9' }, token).status).to.equal(
      204,
    );
    expect(
      post(world, 'bao-0', 'sys/storage/raft/remove-peer', { server_id: 'bao-9' }, token).status,
    ).to.equal(204);
    startMember(world, 9);
    pass(world, 20_000);
    expect(voters(world)).to.deep.equal(['bao-0', 'bao-1', 'bao-2']);
    expect(post(world, 'bao-0', 'sys/storage/raft/promote', { server_id: 'bao-9' }, token).status).to.equal(
      204,
    );
    pass(world, 2000);
    expect(voters(world)).to.include('bao-9');
  });

  it('loses its root token only when the stanza revokes it', () => {
    const world = createWorld(begin);
    const requests = exampleInitialization().filter(({ name }) => name !== 'revoke-self');
    start(world, 'bao-0', exampleSettings('bao-0', '2.4.4', { initialize: requests }));
    pass(world, 5000);
    const accessors = ask(world, 'bao-0', 'auth/token/accessors', { method: 'LIST', token: login(world) });
    expect((accessors.body['data'] as { keys: string[] }).keys).to.have.length(2);
  });

  // docs/facts/openbao-2.6-measured.md, section 2.
  it('neither hears nor forwards between a version before 2.6 and one from 2.6 on', () => {
    const world = cluster(3);
    const token = login(world);
    stop(world, 'bao-2');
    pass(world, 2000);
    startMember(world, 2, '2.6.2');
    pass(world, 15_000);
    expect(codes(world)).to.deep.equal([200, 429, 429]);
    expect(voters(world)).to.have.length(3);
    const write = { method: 'POST', body: { x: 1 }, token } as const;
    expect(ask(world, 'bao-1', 'kv/a', write).status).to.equal(204);
    expect(handle(world, 'bao-2', { ...write, path: '/v1/kv/a' }, trusting)).to.deep.equal({
      status: 307,
      headers: { Location: 'http://bao-0:8200/v1/kv/a' },
    });
    const state = ask(world, 'bao-0', 'sys/storage/raft/autopilot/state', { token }).body['data'] as Body;
    expect(state).to.include({ healthy: false, failure_tolerance: 0 });
    for (const action of ['demote', 'promote']) {
      const { status } = post(world, 'bao-0', `sys/storage/raft/${action}`, { server_id: 'bao-2' }, token);
      expect(status).to.equal(204);
      pass(world, 20_000);
      expect(voters(world), action).to.deep.equal(['bao-0', 'bao-1']);
    }
  });

  it('gives no snapshot from a standby that was started since the last write, and says no suffix', () => {
    const world = cluster(3, '2.7.0-dev');
    const token = login(world);
    const path = 'sys/storage/raft/snapshot';
    expect(ask(world, 'bao-2', path, { token }).status).to.equal(200);
    stop(world, 'bao-2');
    pass(world, 2000);
    startMember(world, 2, '2.7.0-dev');
    pass(world, 5000);
    expect(ask(world, 'bao-2', path, { token })).to.deep.include({ status: 500 });
    expect(ask(world, 'bao-0', path, { token }).status).to.equal(200);
    post(world, 'bao-0', 'kv/a', { x: 1 }, token);
    pass(world, 1000);
    expect(ask(world, 'bao-2', path, { token }).status).to.equal(200);
    const history = ask(world, 'bao-2', 'sys/version-history', { method: 'LIST', token }).body['data'];
    expect(history).to.deep.include({ keys: ['2.7.0'] });
    expect(ask(world, 'bao-2', 'sys/health').body['version']).to.equal('2.7.0-dev');
  });

  it('goes the same way again from the same state', () => {
    const once = cluster(3);
    const twice = structuredClone(once);
    for (const world of [once, twice]) {
      kill(world, 'bao-0');
      pass(world, 20_000);
    }
    expect(once).to.deep.equal(twice);
  });

  // docs/facts/openbao-2.6-measured.md, 0.5 and section 4
  it('keeps the keys of sealable namespaces in memory, which travel between standbys and the active node', () => {
    const world = cluster(3, '2.6.2');
    const token = login(world);
    const scan = () => ask(world, 'bao-0', 'sys/namespaces', { query: { scan: 'true' }, token });
    expect([scan().status, scan().body['data']]).to.deep.equal([200, {}]);
    post(world, 'bao-0', 'sys/namespaces/plain', {}, token);
    const seal = 'seal "shamir" { shares = 1 threshold = 1 }';
    const created = post(world, 'bao-0', 'sys/namespaces/team', { seal }, token);
    const [key] = (created.body['data'] as { key_shares: readonly string[] }).key_shares;
    expect((scan().body['data'] as { keys: unknown }).keys).to.deep.equal(['plain/', 'team/']);
    pass(world, 1000);
    const sealed = (path = 'team', of = token) =>
      ['bao-0', 'bao-1', 'bao-2'].map((id) => {
        const answer = ask(world, id, `sys/namespaces/${path}/seal-status`, { token: of });
        const { sealed: isSealed } = (answer.body['data'] ?? {}) as { sealed?: boolean };
        return answer.status === 200 ? isSealed : `${answer.status} ${String(answer.body['errors'])}`;
      });
    expect(sealed('plain')[0]).to.match(/^400 .*namespace is not sealable/s);
    expect(sealed()).to.deep.equal([true, true, true]);
    expect(ask(world, 'bao-1', 'team/sys/namespaces/sub/seal-status', { token }).status).to.equal(503);
    expect(post(world, 'bao-1', 'sys/namespaces/team/unseal', { key: 'no' }, token).status).to.equal(400);
    expect(post(world, 'bao-1', 'sys/namespaces/team/unseal', { key }, token).status).to.equal(200);
    expect(sealed()).to.deep.equal([false, true, true]);
    pass(world, 15_000);
    expect(sealed()).to.deep.equal([false, false, false]);
    // A restarted standby has them three seconds after its start.
    kill(world, 'bao-2');
    startMember(world, 2, '2.6.2');
    pass(world, 2500);
    expect(sealed()[2]).to.equal(true);
    pass(world, 700);
    expect(sealed()).to.deep.equal([false, false, false]);
    // All at once: nobody has them any more, and only the key helps.
    for (const ordinal of [0, 1, 2]) kill(world, `bao-${ordinal}`);
    for (const ordinal of [0, 1, 2]) startMember(world, ordinal, '2.6.2', { initialize: undefined });
    pass(world, 60_000);
    expect(sealed('team', login(world))).to.deep.equal([true, true, true]);
  });
});

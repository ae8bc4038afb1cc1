import type { RequestListener } from 'node:http';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { expect } from 'chai';
import { keepOpenBaoConnections } from '../../../src/io/openbao/connections.ts';
import { podOfAddress, readMember } from '../../../src/io/openbao/member.ts';
import { openBaoSession } from '../../../src/io/openbao/session.ts';
import {
  connectOpenBao,
  OpenBaoError,
  type OpenBaoAddress,
  type OpenBaoNode,
} from '../../../src/io/openbao/node.ts';
import { createKeyPair } from '../../support/key-pair.ts';
import { answering, simulateOpenBao, type SimulatedOpenBao } from './openbao-simulated.ts';

const health = {
  initialized: true,
  sealed: false,
  standby: true,
  version: '2.5.5',
  cluster_id: 'd929ee05-08fc-e323-fae6-a6d2cde3fc6e',
};
const leader = {
  ha_enabled: true,
  is_self: false,
  leader_address: 'https://prod-1.prod.bao.svc:8200',
  leader_cluster_address: 'https://prod-1.prod.bao.svc:8201',
  raft_committed_index: 47,
  raft_applied_index: 46,
};
const secret = 's.ThisIsASecretToken';

describe('the client of OpenBao', () => {
  const stops: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const stop of stops.splice(0).toReversed()) await stop();
  });

  async function simulate(...given: Parameters<typeof simulateOpenBao>): Promise<SimulatedOpenBao> {
    const server = await simulateOpenBao(...given);
    stops.push(() => server.stop());
    return server;
  }
  function connectTo(address: Omit<OpenBaoAddress, 'pod'>): OpenBaoNode {
    const node = connectOpenBao({ pod: 'prod-0', ...address });
    stops.push(() => node.close());
    return node;
  }
  const nodeThat = async (answer: RequestListener) => connectTo({ url: (await simulate(answer)).url });

  async function failure(call: Promise<unknown>): Promise<OpenBaoError> {
    const error = await call.then(
      () => new Error('it succeeded'),
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(OpenBaoError);
    return error as OpenBaoError;
  }

  describe('asked about namespaces', () => {
    it('lists them with what tells one from another, and none where there is none', async () => {
      const info = { 'a/': { uuid: 'u-a', id: 'x', path: 'a/', tainted: true }, 'a/b/': null };
      const node = await nodeThat((request, response) => {
        expect(request.url).to.equal('/v1/sys/namespaces?scan=true');
        answering(200, { data: { keys: ['a/', 'a/b/'], key_info: info } })(request, response);
      });
      expect(await node.namespaces(secret)).to.deep.equal([
        { path: 'a', uuid: 'u-a', tainted: true },
        { path: 'a/b', tainted: false },
      ]);
      for (const [status, body] of [
        [200, { data: {} }],
        [200, { data: { keys: null } }],
        [404, { errors: [] }],
      ] as const) {
        const none = await nodeThat(answering(status, body));
        expect(await none.namespaces(secret)).to.deep.equal([]);
      }
      const unsupported = await nodeThat(answering(404, { errors: ['unsupported path'] }));
      expect((await failure(unsupported.namespaces(secret))).reason).to.equal('Malformed');
      const forbidden = await nodeThat(answering(403, { errors: ['permission denied'] }));
      expect((await failure(forbidden.namespaces(secret))).reason).to.equal('Forbidden');
    });

    it('asks the parent of a nested one, by names that a path can hold', async () => {
      const asked: (string | undefined)[] = [];
      const node = await nodeThat((request, response) => {
        asked.push(request.url);
        answering(200, { data: { sealed: asked.length === 1 } })(request, response);
      });
      expect(await node.isNamespaceSealed(secret, 'a')).to.equal(true);
      expect(await node.isNamespaceSealed(secret, 'a/b c/d')).to.equal(false);
      expect(asked).to.deep.equal([
        '/v1/sys/namespaces/a/seal-status',
        '/v1/a/b%20c/sys/namespaces/d/seal-status',
      ]);
    });

    const answers: readonly (readonly [string, number, object, boolean | undefined | string])[] = [
      ['one that leaves out what is false', 200, { data: { type: 'shamir' } }, false],
      ['one that is not sealable', 400, { errors: ['namespace is not sealable'] }, undefined],
      ['one below a sealed one', 503, { errors: ['namespace is sealed'] }, true],
      ['one of a sealed node', 503, { errors: ['Vault is sealed'] }, true],
      ['a wrong name', 400, { errors: ['namespace name cannot contain /'] }, 'Invalid'],
      ['one that may not be read', 403, { errors: ['permission denied'] }, 'Forbidden'],
      ['one that is gone', 500, { errors: ['namespace "a/" doesn\'t exist'] }, 'Server'],
    ];
    for (const [what, status, body, outcome] of answers) {
      it(`takes ${what} for ${outcome ?? 'not sealable'}`, async () => {
        const asked = (await nodeThat(answering(status, body))).isNamespaceSealed(secret, 'a');
        if (typeof outcome === 'string') expect((await failure(asked)).reason).to.equal(outcome);
        else expect(await asked).to.equal(outcome);
      });
    }
  });

  describe('told what is wrong', () => {
    const told: readonly (readonly [string, number, object | string, string])[] = [
      ['sealed', 503, { errors: ['Vault is sealed'] }, 'Sealed'],
      [
        'an active node that is not found',
        500,
        { errors: ['local node not active but active cluster node not found'] },
        'NoLeader',
      ],
      ['no active instance', 503, { errors: ['no active Vault instance found'] }, 'NoLeader'],
      ['no permission', 403, { errors: ['permission denied'] }, 'Forbidden'],
      ['a wrong request', 400, { errors: ['no server id provided'] }, 'Invalid'],
      ['nothing there', 404, { errors: [] }, 'NotFound'],
      [
        'an error of its own',
        500,
        { errors: ['1 error occurred:\n\t* server is not a non-voter\n\n'] },
        'Server',
      ],
      ['a page of a proxy', 502, '<html>Bad Gateway</html>', 'Server'],
      ['no JSON', 200, 'OK', 'Malformed'],
      ['JSON of another shape', 200, { data: { config: { servers: [{ node_id: 7 }] } } }, 'Malformed'],
      ['nothing at all', 200, '', 'Malformed'],
    ];
    for (const [what, status, body, reason] of told) {
      it(`calls ${what} ${reason}, and names pod and call`, async () => {
        const node = await nodeThat(answering(status, body));
        const error = await failure(node.raftConfiguration(secret));
        expect(error).to.deep.include({ reason, pod: 'prod-0', status });
        expect(error.message).to.match(/^prod-0: GET sys\/storage\/raft\/configuration: /);
      });
    }

    // docs/facts/openbao-2.6-measured.md, 0.3: one field more that is left out must not cost an upgrade.
    it('names the version that answered in a shape that is not known', async () => {
      const node = await nodeThat((request, response) => {
        const isHealth = request.url === '/v1/sys/health';
        answering(isHealth ? 429 : 200, isHealth ? { version: '2.9.0' } : { data: {} })(request, response);
      });
      expect((await failure(node.raftConfiguration(secret))).message).to.equal(
        "prod-0: GET sys/storage/raft/configuration: 200 with an answer of another shape: raft configuration: data must have required property 'config' (OpenBao 2.9.0)",
      );
      const silent = await nodeThat(answering(200, { data: {} }));
      expect((await failure(silent.raftConfiguration(secret))).message).to.match(
        /\(of a version that it does not say\)$/,
      );
    });

    it('says on one line what the server said', async () => {
      const node = await nodeThat(answering(500, { errors: ['1 error occurred:\n\t* \u001b[31mno\n\n'] }));
      const { message } = await failure(node.removePeer(secret, 'prod-2'));
      expect(message).to.equal(
        'prod-0: POST sys/storage/raft/remove-peer: 500 1 error occurred: * <U+001B>[31mno',
      );
    });
  });

  describe('refused by a quota', () => {
    const quota = { errors: ['request path "sys/leader": rate limit quota exceeded'] };
    const refusing = (times: number, calls: string[] = []) =>
      nodeThat((request, response) => {
        calls.push(`${request.method} ${request.url}`);
        answering(calls.length > times ? 200 : 429, calls.length > times ? leader : quota)(request, response);
      });

    it('tries again within its deadline: nothing was begun', async () => {
      const calls: string[] = [];
      const node = await refusing(1, calls);
      expect(await node.leader({ timeoutMs: 3000 })).to.include({ raft_applied_index: 46 });
      const stepping: string[] = [];
      await (await refusing(1, stepping)).stepDown(secret, { timeoutMs: 3000 });
      expect([...calls, ...stepping]).to.deep.equal([
        'GET /v1/sys/leader',
        'GET /v1/sys/leader',
        'PUT /v1/sys/step-down',
        'PUT /v1/sys/step-down',
      ]);
    });

    it('says that it is a quota, no standby, and what to do', async () => {
      const error = await failure((await refusing(9)).leader({ timeoutMs: 300 }));
      expect(error).to.deep.include({ reason: 'Quota', status: 429 });
      expect(error.message).to.contain(
        'GET sys/leader: 429 request path "sys/leader": rate limit quota exceeded',
      );
      expect(error.message).to.contain('bao list sys/quotas/rate-limit');
      expect((await (await nodeThat(answering(429, health))).health()).standby).to.equal(true);
    });
  });

  describe('with what is left out', () => {
    it('takes the status of sys/health for what its body does not say', async () => {
      for (const [status, initialized, sealed, standby] of [
        [200, true, false, false],
        [429, true, false, true],
        [503, true, true, true],
        [501, false, true, true],
      ] as const) {
        const node = await nodeThat(answering(status, { version: '2.9.0', cluster_id: null }));
        const said = await node.health();
        expect(said).to.deep.equal({ version: '2.9.0', initialized, sealed, standby });
      }
    });

    it('takes it for false, none or empty, and leaves what is new', async () => {
      const servers = [{ node_id: 'a', leader: true, voter: true, zone: 'x' }, { node_id: 'b' }];
      const raft = await nodeThat(answering(200, { data: { config: { servers }, index: null } }));
      expect((await raft.raftConfiguration(secret)).servers).to.deep.equal([
        { id: 'a', address: '', voter: true, leader: true },
        { id: 'b', address: '', voter: false, leader: false },
      ]);
      const autopilot = await nodeThat(answering(200, { data: { servers: null, healthy: 'maybe' } }));
      expect((await autopilot.autopilotState(secret)).servers).to.equal(undefined);
      const empty = await nodeThat(answering(200, { data: {} }));
      expect(await empty.autopilotConfiguration(secret)).to.deep.equal({ cleanup_dead_servers: false });
      const login = await nodeThat(answering(200, { auth: { client_token: secret } }));
      expect(await login.login('role', 'jwt')).to.deep.equal({ token: secret, leaseSeconds: 0 });
    });
  });

  it('follows no redirect, and names where it points to', async () => {
    let calls = 0;
    const other = await simulate((_request, response) => {
      calls += 1;
      response.end('{}');
    });
    for (const status of [301, 302, 307, 308]) {
      const node = await nodeThat(answering(status, '', { location: `${other.url}/v1/sys/step-down` }));
      const error = await failure(node.stepDown(secret));
      expect(error.reason).to.equal('WrongNode');
      expect(error.message).to.contain('it is not the leader, or the leader has another version');
      expect(error.message).to.contain(`points to ${new URL(other.url).host}`);
    }
    expect(calls).to.equal(0);
  });

  describe('without an answer', () => {
    it('tells a closed port from a name that is none', async () => {
      const closed = await simulateOpenBao(answering(200, {}));
      await closed.stop();
      const refused = await failure(connectTo({ url: closed.url }).health());
      expect(refused.reason).to.equal('Refused');
      const unresolved = await failure(connectTo({ url: 'http://nowhere.invalid:8200' }).health());
      expect(unresolved.reason).to.equal('Unresolved');
    });

    it('ends a call that hangs, before or within its answer', async () => {
      const mute = await nodeThat(() => {});
      const error = await failure(mute.health({ timeoutMs: 100 }));
      expect(error).to.deep.include({ reason: 'Timeout' });
      expect(error.message).to.contain('no answer within 100 ms');
      const half = await nodeThat((_request, response) => {
        response.writeHead(200);
        response.write('{"initialized":');
      });
      expect((await failure(half.health({ timeoutMs: 100 }))).reason).to.equal('Timeout');
    });

    it('goes on after a call that hangs', async () => {
      let calls = 0;
      const node = await nodeThat((_request, response) => {
        calls += 1;
        if (calls > 1) response.end(JSON.stringify(health));
      });
      const [first, second] = await Promise.allSettled([
        node.health({ timeoutMs: 1_000 }),
        node.health({ timeoutMs: 10_000 }),
      ]);
      expect([first.status, second.status]).to.deep.equal(['rejected', 'fulfilled']);
    });

    it('answers calls while a snapshot is read', async () => {
      const node = await nodeThat((request, response) => {
        response.writeHead(200);
        if (request.url === '/v1/sys/health') response.end(JSON.stringify(health));
        else response.write('begun');
      });
      const snapshot = await node.snapshot(secret);
      snapshot.on('error', () => {});
      try {
        expect((await node.health({ timeoutMs: 10_000 })).version).to.equal('2.5.5');
      } finally {
        snapshot.destroy();
      }
    });

    it('knows that a call which broke off may have arrived, and does not repeat it', async () => {
      let calls = 0;
      const node = await nodeThat((request) => {
        calls += 1;
        request.socket.destroy();
      });
      const error = await failure(node.stepDown(secret));
      expect(error.reason).to.equal('Reset');
      expect(calls).to.equal(1);
    });

    it('reads once more when the connection broke', async () => {
      let calls = 0;
      const node = await nodeThat((request, response) => {
        calls += 1;
        if (calls === 1) request.socket.destroy();
        else response.end(JSON.stringify(health));
      });
      expect((await node.health()).version).to.equal('2.5.5');
    });
  });

  it('reads no answer beyond a megabyte', async () => {
    const node = await nodeThat((_request, response) => {
      const chunk = Buffer.alloc(64 * 1024, ' ');
      const more = () => {
        while (!response.destroyed && response.write(chunk));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    });
    const error = await failure(node.leader());
    expect(error.reason).to.equal('TooLarge');
  });

  describe('over TLS', () => {
    it('checks the certificate for the name it was told, at any address', async () => {
      const pair = await createKeyPair('prod-0.prod.bao.svc');
      const { url } = await simulate(answering(200, health), pair);
      const ca = pair.cert;
      const node = connectTo({ url, ca, servername: 'prod-0.prod.bao.svc' });
      expect((await node.health()).version).to.equal('2.5.5');
      for (const servername of ['prod-1.prod.bao.svc', undefined]) {
        const error = await failure(connectTo({ url, ca, servername }).health());
        expect(error.reason, servername).to.equal('Certificate');
      }
    });

    it('trusts no other CA, and nobody without one', async () => {
      const servername = 'prod-0.prod.bao.svc';
      const { url } = await simulate(answering(200, health), await createKeyPair(servername));
      const { cert: otherCa } = await createKeyPair(servername);
      for (const ca of [otherCa, undefined]) {
        const error = await failure(connectTo({ url, servername, ca }).health());
        expect(error.reason).to.equal('Certificate');
      }
    });

    it('does not trust whom Node.js trusts', async () => {
      const servername = 'prod-0.prod.bao.svc';
      const pair = await createKeyPair(servername);
      const { url } = await simulate(answering(200, health), pair);
      const usual = getCACertificates('default');
      setDefaultCACertificates([...usual, pair.cert]);
      stops.push(() => Promise.resolve(setDefaultCACertificates(usual)));
      const error = await failure(connectTo({ url, servername }).health());
      expect(error.reason).to.equal('Certificate');
    });

    it('says when there is no TLS', async () => {
      const { url } = await simulate(answering(200, health));
      const node = connectTo({ url: url.replace('http:', 'https:'), servername: 'prod-0.prod.bao.svc' });
      expect((await failure(node.health())).reason).to.equal('Certificate');
    });
  });

  it('never says a token', async () => {
    const jwt = 'eyJhbGciOi.eyJzdWIi.c2ln';
    for (const status of [200, 400, 403, 500]) {
      const node = await nodeThat((request, response) => {
        let body = '';
        request.on('data', (chunk: Buffer) => (body += chunk.toString()));
        request.on('end', () => {
          const echo = `${String(request.headers['x-vault-token'])} ${body}`;
          answering(status, { errors: [echo] })(request, response);
        });
      });
      const errors = [await failure(node.raftConfiguration(secret)), await failure(node.login('role', jwt))];
      for (const error of errors) {
        const all = `${error.message} ${error.stack ?? ''} ${String(error.cause)}`;
        expect(all).not.to.contain(secret);
        expect(all).not.to.contain(jwt);
      }
    }
  });

  describe('reading a member', () => {
    const podOf = podOfAddress('prod', 'bao');
    const member = (state: object, leading: object | number) =>
      nodeThat((request, response) => {
        if (request.url === '/v1/sys/health') {
          const { sealed = false, initialized = true } = state as { sealed?: boolean; initialized?: boolean };
          answering(initialized ? (sealed ? 503 : 429) : 501, { ...health, ...state })(request, response);
        } else if (typeof leading === 'number') {
          answering(leading, { errors: ['Vault is sealed'] })(request, response);
        } else answering(200, { ...leader, ...leading })(request, response);
      });

    it('joins what it says of itself and of the leader', async () => {
      expect(await readMember(await member({}, {}), 'uid-0', podOf)).to.deep.equal({
        pod: 'prod-0',
        podUID: 'uid-0',
        initialized: true,
        sealed: false,
        standby: true,
        version: '2.5.5',
        clusterId: 'd929ee05-08fc-e323-fae6-a6d2cde3fc6e',
        leader: 'prod-1',
        lastIndex: 47,
        appliedIndex: 46,
      });
    });

    it('needs no leader of a sealed or new member', async () => {
      const sealed = await readMember(await member({ sealed: true }, 503), 'u', podOf);
      expect(sealed).to.deep.include({ sealed: true, initialized: true }).and.not.have.property('leader');
      const fresh = await readMember(await member({ sealed: true, initialized: false }, 503), 'u', podOf);
      expect(fresh).to.deep.include({ initialized: false }).and.not.have.property('leader');
    });

    it('has no leader in an election, and itself where it leads', async () => {
      const none = { leader_address: '', leader_cluster_address: '' };
      expect(await readMember(await member({}, none), 'u', podOf)).not.to.have.property('leader');
      const self = await member(
        { standby: false },
        { is_self: true, leader_address: 'http://10.0.0.7:8200' },
      );
      expect((await readMember(self, 'u', podOf)).leader).to.equal('prod-0');
    });

    // docs/facts/openbao-2.6-measured.md, 0.3: from 2.6 on a server leaves out what is false or empty.
    it('may leave out what is false, none or empty: a standby of 2.6.2, and one in an election', async () => {
      const names = await readMember(await member({}, { is_self: undefined }), 'u', podOf);
      expect(names).to.include({ leader: 'prod-1', lastIndex: 47, appliedIndex: 46 });
      const nothing = { is_self: undefined, leader_address: undefined, leader_cluster_address: undefined };
      const electing = await readMember(await member({}, nothing), 'u', podOf);
      expect(electing).to.include({ lastIndex: 47, appliedIndex: 46 }).and.not.have.property('leader');
    });

    it('keeps the address of a leader that is no member', async () => {
      const foreign = { leader_address: 'https://prod-0.other.bao.svc:8200', leader_cluster_address: '' };
      expect((await readMember(await member({}, foreign), 'u', podOf)).leader).to.equal(
        'https://prod-0.other.bao.svc:8200',
      );
    });

    it('is an error when it is unsealed and does not say who leads', async () => {
      const error = await failure(readMember(await member({}, 500), 'u', podOf));
      expect(error.message).to.contain('sys/leader');
    });

    // docs/facts/openbao-operator.md, 7.1, 5: prefixes matched other pods.
    it('matches pods by exact names', () => {
      expect(podOf('https://prod-0.prod.bao.svc:8200')).to.equal('prod-0');
      expect(podOf('https://prod-12.prod.bao.svc.cluster.local:8201')).to.equal('prod-12');
      expect(podOf('https://prod-1b8e-0.prod.bao.svc:8200')).to.equal('prod-1b8e-0');
      for (const host of [
        'prod-0.prod.bao.svcx',
        'prod-0.prod.baobab.svc',
        'prod-0.production.bao.svc',
        '.prod.bao.svc',
        'x.prod-0.prod.bao.svc',
        'prod-0',
        '',
      ]) {
        expect(podOf(`https://${host}:8200`), host).to.equal(undefined);
      }
      expect(podOf('prod-0.prod.bao.svc:8200')).to.equal(undefined);
    });
  });

  describe('its connections', () => {
    it('are kept, one server at a time', async () => {
      const server = await simulate(answering(200, health));
      const connections = keepOpenBaoConnections();
      stops.push(() => connections.close());
      for (let call = 0; call < 20; call += 1)
        await connections.to({ pod: 'prod-0', url: server.url }).health();
      expect(server.connections()).to.be.at.most(4);
      expect(connections.size).to.equal(1);
    });

    it('end when nobody asks for them', async () => {
      let time = 0;
      const connections = keepOpenBaoConnections({ idleMs: 1000, now: () => time });
      stops.push(() => connections.close());
      for (time = 0; time < 100_000; time += 100) {
        connections.to({ pod: `prod-${time}`, url: `http://10.0.0.1:${1000 + time / 100}` });
        expect(connections.size).to.be.at.most(20);
      }
      time += 10_000;
      connections.to({ pod: 'prod-0', url: 'http://10.0.0.1:8200' });
      expect(connections.size).to.equal(1);
    });

    it('begin anew when the CA was replaced', async () => {
      const servername = 'prod-0.prod.bao.svc';
      const pair = await createKeyPair(servername);
      const { cert: nextCa } = await createKeyPair(servername);
      const { url } = await simulate(answering(200, health), pair);
      const connections = keepOpenBaoConnections();
      stops.push(() => connections.close());
      await connections.to({ pod: 'prod-0', url, servername, ca: pair.cert }).health();
      const error = await failure(connections.to({ pod: 'prod-0', url, servername, ca: nextCa }).health());
      expect(error.reason).to.equal('Certificate');
      expect(connections.size).to.equal(1);
    });
  });

  describe('a session', () => {
    /** Gives out numbered tokens, good for `lease` seconds, and knows those that are not forgotten. */
    async function tokenServer(lease: number) {
      const state = { logins: 0, forgotten: new Set<string>(), revoked: [] as string[] };
      const node = await nodeThat((request, response) => {
        const token = String(request.headers['x-vault-token']);
        if (request.url === '/v1/auth/jwt-operator/login') {
          state.logins += 1;
          const auth = { client_token: `t${state.logins}`, lease_duration: lease };
          answering(200, { auth })(request, response);
        } else if (request.url === '/v1/auth/token/revoke-self') {
          state.revoked.push(token);
          answering(204, '')(request, response);
        } else if (state.forgotten.has(token))
          answering(403, { errors: ['permission denied'] })(request, response);
        else answering(200, { data: { keys: [token] } })(request, response);
      });
      return { state, node };
    }
    const jwt = () => Promise.resolve('jwt');

    it('logs in once for many calls, also at the same time', async () => {
      const { state, node } = await tokenServer(900);
      const session = openBaoSession('observer', jwt);
      const use = () => session.run(node, (token) => node.versionHistory(token));
      expect(await Promise.all([use(), use(), use()])).to.deep.equal([['t1'], ['t1'], ['t1']]);
      expect(state.logins).to.equal(1);
    });

    it('logs in again before the token ends', async () => {
      let time = 0;
      const { node } = await tokenServer(900);
      const session = openBaoSession('observer', jwt, () => time);
      const use = () => session.run(node, (token) => node.versionHistory(token));
      expect(await use()).to.deep.equal(['t1']);
      time = 600_000;
      expect(await use()).to.deep.equal(['t1']);
      time = 700_000;
      expect(await use()).to.deep.equal(['t2']);
    });

    it('logs in again when the token is known no more, but not for every refusal', async () => {
      let time = 0;
      const { state, node } = await tokenServer(0);
      const session = openBaoSession('observer', jwt, () => time);
      const use = () => session.run(node, (token) => node.versionHistory(token));
      await use();
      state.forgotten.add('t1').add('t2');
      expect((await failure(use())).reason).to.equal('Forbidden');
      expect(state.logins).to.equal(1);
      time = 70_000;
      expect((await failure(use())).reason).to.equal('Forbidden');
      expect((await failure(use())).reason).to.equal('Forbidden');
      expect(state.logins).to.equal(2);
      time = 140_000;
      expect(await use()).to.deep.equal(['t3']);
    });

    it('tries again after a login that failed', async () => {
      let isUp = false;
      const node = await nodeThat((request, response) => {
        if (!isUp) answering(503, { errors: ['Vault is sealed'] })(request, response);
        else
          answering(200, { auth: { client_token: 't', lease_duration: 1 }, data: { keys: [] } })(
            request,
            response,
          );
      });
      const session = openBaoSession('observer', jwt);
      const use = () => session.run(node, (token) => node.versionHistory(token));
      expect((await failure(use())).reason).to.equal('Sealed');
      isUp = true;
      expect(await use()).to.deep.equal([]);
    });

    it('gives its token back at its end, whatever comes of it', async () => {
      const { state, node } = await tokenServer(900);
      const session = openBaoSession('observer', jwt);
      await session.run(node, () => Promise.resolve());
      await session.end();
      await session.end();
      expect(state.revoked).to.deep.equal(['t1']);
    });
  });
});

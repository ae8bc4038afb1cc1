import { expect } from 'chai';
import { skip } from '../../support/skip.ts';
import { openBaoVersions, startOneMember, type OneMember } from './one-member.ts';

const versions = await openBaoVersions();

/** What a role may do, of all that Rollguard ever does, and some things that it never does. */
const calls = {
  'GET sys/storage/raft/configuration': undefined,
  'GET sys/storage/raft/autopilot/state': undefined,
  'GET sys/storage/raft/autopilot/configuration': undefined,
  'GET sys/ha-status': undefined,
  'LIST sys/version-history': undefined,
  'GET sys/namespaces?scan=true': undefined,
  'GET sys/namespaces/none/seal-status': undefined,
  'GET a/b/sys/namespaces/none/seal-status': undefined,
  'GET sys/namespaces/none': undefined,
  'POST sys/namespaces/none/unseal': {},
  'POST sys/storage/raft/autopilot/configuration': { last_contact_threshold: '10s' },
  'POST sys/storage/raft/promote': { server_id: 'nobody' },
  'POST sys/storage/raft/demote': { server_id: 'nobody' },
  'POST sys/storage/raft/remove-peer': { server_id: 'nobody' },
  'GET sys/storage/raft/snapshot': undefined,
  'POST sys/storage/raft/snapshot': {},
  'POST sys/storage/raft/snapshot-force': {},
  'POST sys/seal': {},
  'GET sys/policies/acl': undefined,
  'POST auth/token/create': {},
  'GET sys/mounts': undefined,
  'GET auth/jwt-operator/config': undefined,
  'POST auth/jwt-operator/config': {},
  'POST auth/jwt-operator/role/rollguard-upgrade': {},
} as const;
type Call = keyof typeof calls;

const reads: readonly Call[] = [
  'GET sys/storage/raft/configuration',
  'GET sys/storage/raft/autopilot/state',
  'GET sys/storage/raft/autopilot/configuration',
  'GET sys/ha-status',
  'LIST sys/version-history',
];
const rights: readonly (readonly [role: string, account: string, allowed: readonly Call[]])[] = [
  [
    'rollguard-observer',
    'system:serviceaccount:rollguard-system:rollguard-controller',
    [
      ...reads,
      'GET sys/namespaces?scan=true',
      'GET sys/namespaces/none/seal-status',
      'GET a/b/sys/namespaces/none/seal-status',
    ],
  ],
  [
    'rollguard-upgrade',
    'system:serviceaccount:bao:prod-upgrade-serviceaccount',
    [
      ...reads,
      'POST sys/storage/raft/autopilot/configuration',
      'POST sys/storage/raft/promote',
      'POST sys/storage/raft/demote',
      'POST sys/storage/raft/remove-peer',
      'GET auth/jwt-operator/config',
      'POST auth/jwt-operator/config',
    ],
  ],
  [
    'rollguard-backup',
    'system:serviceaccount:bao:prod-backup-serviceaccount',
    ['GET sys/storage/raft/snapshot'],
  ],
  [
    'rollguard-restore',
    'system:serviceaccount:bao:prod-restore-serviceaccount',
    [
      'GET sys/storage/raft/configuration',
      'POST sys/storage/raft/snapshot',
      'POST sys/storage/raft/snapshot-force',
    ],
  ],
];

/** May do everything, by a role that the user asks for. */
const testerAccess = [
  {
    name: 'tester-policy',
    operation: 'update',
    path: 'sys/policies/acl/tester',
    data: { policy: 'path "*" { capabilities = ["create", "read", "update", "list", "sudo"] }' },
  },
  {
    name: 'tester-role',
    operation: 'update',
    path: 'auth/jwt-operator/role/tester',
    data: {
      role_type: 'jwt',
      user_claim: 'sub',
      bound_audiences: ['openbao-internal'],
      bound_subject: 'system:serviceaccount:bao:tester',
      token_policies: ['tester'],
    },
  },
  { name: 'no-matter', operation: 'update', path: 'sys/no/such/path', data: {}, allowFailure: true },
] as const;

describe('self-initialization of a real server', () => {
  before(function () {
    if (versions.length === 0) skip(this, 'OPENBAO_DIR names no folder of OpenBao servers', 'openbao');
  });

  it('is tried with each version that is there', () => {
    expect(versions).not.to.deep.equal([]);
  });

  for (const version of versions) {
    describe(version, function () {
      let member: OneMember;

      before(async () => {
        member = await startOneMember(version, { selfInit: { requests: [...testerAccess] } });
      });
      after(() => member?.stop());

      const login = (role: string, jwt: string) =>
        member.ask('POST auth/jwt-operator/login', '', { role, jwt });
      const tokenOf = async (role: string, subject: string) => {
        const { status, body } = await login(role, member.issuer.token(subject));
        expect(status, JSON.stringify(body)).to.equal(200);
        return body.auth;
      };

      it('leaves no root token', async () => {
        const { client_token: token } = await tokenOf('tester', 'system:serviceaccount:bao:tester');
        const { body } = await member.ask('LIST auth/token/accessors', token);
        const found = await Promise.all(
          body.data.keys.map((accessor: string) =>
            member.ask('POST auth/token/lookup-accessor', token, { accessor }),
          ),
        );
        const policies = found.map((each) => each.body.data.policies);
        expect(policies).to.deep.include(['default', 'tester']);
        expect(policies.flat()).not.to.include('root');
      });

      for (const [role, subject, allowed] of rights) {
        it(`lets ${role} do what it needs, and nothing else`, async () => {
          const {
            client_token: token,
            token_policies: policies,
            lease_duration: life,
          } = await tokenOf(role, subject);
          expect(policies).to.deep.equal([role]);
          expect(life).to.equal(900);
          for (const [call, data] of Object.entries(calls)) {
            const { status } = await member.ask(call, token, data);
            expect(status === 403 ? 'refused' : 'allowed', `${call}: ${status}`).to.equal(
              allowed.includes(call as Call) ? 'allowed' : 'refused',
            );
          }
          const own = await member.ask('POST auth/token/revoke-self', token, {});
          expect(own.status).to.equal(204);
          expect((await member.ask('GET sys/storage/raft/configuration', token)).status).to.equal(403);
        });

        it(`lets nobody else in as ${role}`, async () => {
          const token = member.issuer.token('system:serviceaccount:bao:prod-serviceaccount');
          expect((await login(role, token)).status).to.equal(400);
          expect(
            (await login(role, member.issuer.token(subject, 'https://kubernetes.default.svc'))).status,
          ).to.equal(400);
        });
      }

      it('lets rollguard-upgrade alone ask for a step-down', async () => {
        const [observer, upgrade] = await Promise.all(
          rights.slice(0, 2).map(([role, subject]) => tokenOf(role, subject)),
        );
        expect((await member.ask('POST sys/step-down', observer.client_token, {})).status).to.equal(403);
        expect((await member.ask('POST sys/step-down', upgrade.client_token, {})).status).to.equal(204);
      });
    });
  }
});

import { expect } from 'chai';
import { selfInit } from '../../../src/core/workload/self-init.ts';
import { cluster } from '../../support/builders.ts';
import { inputsOf } from './inputs-of.ts';

const requested = {
  name: 'mount',
  operation: 'update',
  path: 'sys/mounts/kv',
  data: { type: 'kv' },
} as const;

const requestsOf = (spec: Parameters<typeof cluster>[0] = {}) =>
  (selfInit(inputsOf(cluster(spec))) as any).initialize
    .flatMap((block: object) => Object.values(block))
    .flatMap((block: any) => block.request)
    .flatMap((each: object) => Object.entries(each)) as [string, any][];

describe('the first requests of a cluster', () => {
  it('end by revoking the root token, after those of the user', () => {
    const names = requestsOf({ selfInit: { requests: [requested] } }).map(([name]) => name);
    expect(names.slice(-2)).to.deep.equal(['mount', 'revoke-self']);
    expect(requestsOf().at(-1)?.[1]).to.deep.include({ path: 'auth/token/revoke-self' });
  });

  it('bind each role to one exact subject', () => {
    const roles = requestsOf().filter(([, { path }]) => path.includes('/role/'));
    expect(roles.map(([, { path, data }]) => [path, data.bound_subject])).to.deep.equal([
      [
        'auth/jwt-operator/role/rollguard-observer',
        'system:serviceaccount:rollguard-system:rollguard-controller',
      ],
      ['auth/jwt-operator/role/rollguard-upgrade', 'system:serviceaccount:bao:prod-upgrade-serviceaccount'],
      ['auth/jwt-operator/role/rollguard-backup', 'system:serviceaccount:bao:prod-backup-serviceaccount'],
      ['auth/jwt-operator/role/rollguard-restore', 'system:serviceaccount:bao:prod-restore-serviceaccount'],
    ]);
    for (const [, { data }] of roles) expect(data.bound_audiences).to.deep.equal(['openbao-internal']);
  });

  it('make a role that the spec names too, with the same rights', () => {
    const roles = requestsOf({ upgrade: { jwtAuthRole: 'mine' } }).filter(
      ([, { data }]) => data.token_policies?.[0] === 'rollguard-upgrade',
    );
    expect(roles.map(([, { path }]) => path)).to.deep.equal([
      'auth/jwt-operator/role/rollguard-upgrade',
      'auth/jwt-operator/role/mine',
    ]);
    expect(roles[0]?.[1].data).to.deep.equal(roles[1]?.[1].data);
  });
});

import { expect } from 'chai';
import { known, unknown } from '../../../src/core/model/known.ts';
import type { Permission } from '../../../src/core/policies/policy.ts';
import type { ReleaseRequest } from '../../../src/core/policies/release-request.ts';
import { serviceAccountPermission } from '../../../src/core/policies/service-account-permission.ts';
import { creation, saidBy, served, update } from '../../support/release-requests.ts';

const named = (request: ReleaseRequest, name: string | undefined, before?: string): ReleaseRequest => ({
  ...request,
  object: {
    ...request.object,
    spec: { ...request.object.spec, ...(name === undefined ? {} : { serviceAccountName: name }) },
  },
  ...(request.oldObject === undefined || before === undefined
    ? {}
    : {
        oldObject: { ...request.oldObject, spec: { ...request.oldObject.spec, serviceAccountName: before } },
      }),
});

describe('service-account-permission', () => {
  const said = (request: ReleaseRequest, mayActAs: Permission) =>
    saidBy(serviceAccountPermission, { ...request, mayActAs }).reasons;

  it('refuses who may not act as the ServiceAccount, or of whom that is unknown', () => {
    for (const request of [creation({}), update({}, served)]) {
      for (const permission of [known(false), unknown('the API server is away')])
        expect(said(named(request, 'admin'), permission)).to.deep.equal(['PermissionRequired']);
      for (const permission of [known(true), { kind: 'not-judged' }] as const)
        expect(said(named(request, 'admin'), permission)).to.deep.equal([]);
    }
    expect(said(named(update({}, served), 'admin', 'other'), known(false))).to.have.length(1);
  });

  it('asks nothing of who names the default one, none, or the same again', () => {
    const request = update({}, served);
    expect(said(named(request, 'admin', 'admin'), known(false))).to.deep.equal([]);
    expect(said(named(request, undefined, 'admin'), known(false))).to.deep.equal([]);
    for (const name of ['default', '', undefined])
      expect(said(named(creation({}), name), known(false))).to.deep.equal([]);
  });
});

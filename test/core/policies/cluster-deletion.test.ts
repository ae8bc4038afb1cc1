import { expect } from 'chai';
import * as fc from 'fast-check';
import type {
  OpenBaoCluster,
  OpenBaoClusterSpec,
  OpenBaoClusterStatus,
} from '../../../src/api/openbaocluster.ts';
import { evaluateClusterDeletion } from '../../../src/core/policies/index.ts';
import { clusterDeleters } from '../../../src/core/policies/system-actors.ts';
import { cluster, clusterDeletion } from '../../support/builders.ts';

const policies = (deletionPolicy: string): Partial<OpenBaoClusterSpec> => ({
  deletionPolicy: deletionPolicy as 'Retain',
});
const reasons = (object: OpenBaoCluster) =>
  evaluateClusterDeletion(clusterDeletion(object)).violations.map(({ reason }) => reason);

const rests: readonly (OpenBaoClusterStatus | undefined)[] = [
  undefined,
  {},
  { currentVersion: '2.5.5', blueGreen: { phase: 'Idle' }, breakGlass: { active: false, nonce: 'n' } },
];

describe('the deletion of a cluster', () => {
  it('passes at rest where it keeps the data', () => {
    for (const status of rests)
      for (const spec of [{}, policies('Retain'), policies('')])
        expect(evaluateClusterDeletion(clusterDeletion(cluster(spec, status)))).to.deep.equal({
          allowed: true,
          violations: [],
          warnings: [],
        });
  });

  it('says both where both are wrong', () => {
    expect(reasons(cluster(policies('DeleteAll'), { upgrade: {} }))).to.deep.equal([
      'OperationInProgress',
      'DeletionNotConfirmed',
    ]);
  });

  it('passes for those who must, and for an object that is going already, whatever is wrong', () => {
    const object = cluster(policies('DeleteAll'), { upgrade: {} });
    for (const username of [...clusterDeleters, 'system:serviceaccount:bao:operator']) {
      const request = clusterDeletion(object, {
        user: { username },
        trustedControllers: ['system:serviceaccount:bao:operator'],
      });
      expect(evaluateClusterDeletion(request).allowed, username).to.equal(true);
    }
    const going = { ...object.metadata, deletionTimestamp: '2026-01-02T03:04:05Z' };
    expect(reasons({ ...object, metadata: going })).to.deep.equal([]);
  });

  it('passes for nobody who is called much like those who must', () => {
    const object = cluster(policies('DeleteAll'));
    const near = fc
      .tuple(
        fc.constantFrom(...clusterDeleters),
        fc.constantFrom('', 'x', ' ', '-2'),
        fc.constantFrom('', 'a'),
      )
      .map(([name, after, before]) => `${before}${name}${after}`);
    fc.assert(
      fc.property(near, (username) => {
        fc.pre(!clusterDeleters.has(username));
        expect(evaluateClusterDeletion(clusterDeletion(object, { user: { username } })).allowed).to.equal(
          false,
        );
      }),
    );
    expect(evaluateClusterDeletion(clusterDeletion(object, { user: {} })).allowed).to.equal(false);
  });
});

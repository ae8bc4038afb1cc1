import { expect } from 'chai';
import { reasonOrder } from '../../../src/api/reasons.ts';
import type { OpenBaoClusterSpec } from '../../../src/api/openbaocluster.ts';
import { known, unknown } from '../../../src/core/model/known.ts';
import {
  clusterPolicies,
  evaluateClusterChange,
  podDeletionPolicies,
} from '../../../src/core/policies/index.ts';
import { permissionsBy } from '../../../src/core/policies/policy.ts';
import { cluster, creation, holding, update, volume } from '../../support/builders.ts';

// Wrong in every way that a stored cluster can be.
const everythingWrong = cluster(
  { version: 'v2.4.0', image: 'openbao:2.3.0', breakGlassAck: 'stale', maintenance: { enabled: true } },
  { currentVersion: '2.5.5', breakGlass: { active: true, nonce: 'now' } },
);
const nothingKnown = {
  volumes: unknown('why'),
  pods: unknown('why'),
  permissions: permissionsBy(() => unknown('why')),
} as const;

describe('the rules for clusters', () => {
  it('each have an id of their own', () => {
    const ids = [...clusterPolicies, ...podDeletionPolicies].map(({ id }) => id);
    expect(new Set(ids).size).to.equal(ids.length);
  });

  it('pass a good cluster', () => {
    const good = cluster({ version: '2.5.5', image: 'openbao/openbao:2.5.5' });
    expect(evaluateClusterChange(creation(good))).to.deep.equal({
      allowed: true,
      violations: [],
      warnings: [],
    });
    expect(evaluateClusterChange(update(good, { paused: true })).warnings).to.deep.equal([]);
  });

  it('say all that is wrong at once, in the order of the reasons', () => {
    const old = cluster({}, { currentVersion: '2.5.5', breakGlass: { active: true, nonce: 'now' } });
    const spec = {
      version: '2.4.0',
      image: 'openbao:2.3.0',
      breakGlassAck: 'x',
      maintenance: { enabled: true },
    };
    const permissions = permissionsBy(() => known(false));
    const found = evaluateClusterChange(update(old, spec, { permissions })).violations.map(
      ({ reason }) => reason,
    );
    expect(found).to.deep.equal([
      'DowngradeBlocked',
      'ImageVersionMismatch',
      'StaleNonce',
      'OperationInProgress',
      'PermissionRequired',
      'PermissionRequired',
      'PermissionRequired',
    ]);
    expect(found).to.deep.equal(found.toSorted((a, b) => reasonOrder.indexOf(a) - reasonOrder.indexOf(b)));
  });

  describe('let through, on a cluster that is wrong already and with nothing known,', () => {
    const edits: readonly { readonly name: string; readonly spec: Partial<OpenBaoClusterSpec> }[] = [
      { name: 'an edit of labels alone', spec: {} },
      { name: 'paused: true', spec: { paused: true } },
      { name: 'paused: false', spec: { paused: false } },
      { name: 'the acknowledgement cleared', spec: { breakGlassAck: '' } },
    ];
    for (const { name, spec } of edits) {
      it(name, () => {
        const request = update(everythingWrong, spec, nothingKnown);
        const decision = evaluateClusterChange(request);
        expect(decision.violations).to.deep.equal([]);
        expect(decision.allowed).to.equal(true);
        expect(decision.warnings.join('\n'))
          .to.contain('DowngradeBlocked')
          .and.contain('ImageVersionMismatch');
      });
    }

    it('the current nonce, for who may', () => {
      const permissions = holding({ maintenance: unknown('why') });
      const request = update(everythingWrong, { breakGlassAck: 'now' }, { ...nothingKnown, permissions });
      expect(evaluateClusterChange(request).violations).to.deep.equal([]);
    });

    it('labels, annotations and finalizers', () => {
      const request = update(everythingWrong, {}, nothingKnown);
      const metadata = { ...request.object.metadata, labels: { a: 'b' }, annotations: {}, finalizers: [] };
      expect(evaluateClusterChange({ ...request, object: { ...request.object, metadata } }).allowed).to.equal(
        true,
      );
    });
  });

  it('pass an object that is being deleted, whatever is wrong with it', () => {
    const going = { ...everythingWrong.metadata, deletionTimestamp: '2026-01-02T03:04:05Z' };
    const old = { ...everythingWrong, metadata: going };
    const request = update(old, { version: 'x', image: ':', breakGlassAck: 'y' }, nothingKnown);
    expect(evaluateClusterChange(request)).to.deep.equal({ allowed: true, violations: [], warnings: [] });
  });

  it('do not pass one that only says so itself', () => {
    const metadata = { deletionTimestamp: '2026-01-02T03:04:05Z' };
    const object = cluster({ version: 'x' }, undefined, metadata);
    expect(evaluateClusterChange(creation(object)).allowed).to.equal(false);
    const request = update(cluster(), { version: 'x' });
    expect(evaluateClusterChange({ ...request, object }).allowed).to.equal(false);
  });

  it('refuse a cluster that is created again below the version on its volumes', () => {
    const request = creation(cluster({ version: '2.4.0' }), { volumes: known([volume('2.5.5')]) });
    expect(evaluateClusterChange(request).violations.map(({ reason }) => reason)).to.deep.equal([
      'DowngradeBlocked',
    ]);
  });

  it('say the same twice', () => {
    const request = update(everythingWrong, { version: '2.4.1', breakGlassAck: 'x' }, nothingKnown);
    expect(evaluateClusterChange(request)).to.deep.equal(evaluateClusterChange(structuredClone(request)));
  });

  it('leave what they judge as it was', () => {
    const request = update(everythingWrong, { version: '2.4.1', breakGlassAck: 'x' }, nothingKnown);
    const before = structuredClone(request);
    evaluateClusterChange(request);
    expect(request).to.deep.equal(before);
  });
});

import { expect } from 'chai';
import { decideCluster } from '../../../src/core/cluster/decide.ts';
import type { Effect } from '../../../src/core/model/decision.ts';
import { decideFinalizer } from '../../../src/core/cluster/deletion.ts';
import { known, unknown } from '../../../src/core/model/known.ts';
import type { OpenBaoClusterSpec } from '../../../src/api/openbaocluster.ts';
import { clusterFinalizer, confirmDeleteAnnotation } from '../../../src/api/labels.ts';
import { claim, context, observation, settledCluster, settledStatus } from '../../support/observation.ts';

type Given = Parameters<typeof observation>[0];
type Policy = NonNullable<OpenBaoClusterSpec['deletionPolicy']>;

const short = (effect: Effect) =>
  'target' in effect
    ? `${effect.kind} ${effect.target.kind} ${effect.target.name}${effect.kind === 'patch' ? ` ${JSON.stringify(effect.patch)}` : ''}`
    : effect.kind;

interface Going {
  /** What was recorded before the deletion began; as spec says it, unless given. */
  readonly recorded?: Policy;
  /** The annotation that confirms; the uid of the cluster, unless given. */
  readonly confirmed?: string | undefined;
  readonly finalizers?: string[];
  readonly unseal?: OpenBaoClusterSpec['unseal'];
}

/** What is decided about a cluster that is being deleted, with all that a deletion needs to take data along. */
function decided(deletionPolicy: Policy, given: Given = {}, going: Going = {}) {
  const { recorded = deletionPolicy, finalizers = [clusterFinalizer], unseal } = going;
  const confirmed = 'confirmed' in going ? going.confirmed : 'c-1';
  const metadata = {
    deletionTimestamp: '2026-01-02T03:04:05Z',
    finalizers,
    ...(confirmed === undefined ? {} : { annotations: { [confirmDeleteAnnotation]: confirmed } }),
  };
  const status = { ...settledStatus(), ...(recorded === 'Retain' ? {} : { deletionPolicy: recorded }) };
  const spec = { deletionPolicy, ...(unseal === undefined ? {} : { unseal }) };
  const cluster = settledCluster(spec, status, metadata);
  const decision = decideCluster(observation({ cluster, ...given }), context());
  expect(decision.status.phase).to.equal('Deleting');
  return decision;
}

const deleting = (...how: Parameters<typeof decided>) => decided(...how).effects.map(short);

const gone = { statefulSet: known(undefined), pods: known([]) };
const letGo = 'patch OpenBaoCluster prod {"metadata":{"finalizers":[]}}';

describe('the finalizer', () => {
  const finalizer = (deletionPolicy: Policy | undefined, finalizers: string[]) => {
    const spec = deletionPolicy === undefined ? {} : { deletionPolicy };
    const cluster = settledCluster(spec, settledStatus(), { finalizers });
    return decideFinalizer(observation({ cluster }), {}, context()).effects.map(short);
  };

  it('is there only when something goes with the cluster, and others keep theirs', () => {
    expect(finalizer(undefined, [])).to.deep.equal([]);
    expect(finalizer('Retain', ['other', clusterFinalizer])).to.deep.equal([
      'patch OpenBaoCluster prod {"metadata":{"finalizers":["other"]}}',
    ]);
    expect(finalizer('DeletePVCs', ['other'])).to.deep.equal([
      `patch OpenBaoCluster prod {"metadata":{"finalizers":["other","${clusterFinalizer}"]}}`,
    ]);
    expect(finalizer('DeleteAll', [clusterFinalizer])).to.deep.equal([]);
  });
});

describe('a cluster that is deleted', () => {
  it('takes the volumes of former members along, and of no other cluster', () => {
    const former = claim(0, '2.4.4', { name: 'data-prod-r0123456789-0', uid: 'former-0' });
    const others = ['data-prod-green-0', 'data-prod-r0123456789-0-copy', 'backup'].map((name) =>
      claim(0, '2.4.4', { name, uid: name }),
    );
    const claims = known([former, ...others]);
    expect(deleting('DeletePVCs', { ...gone, claims })).to.deep.equal([
      'delete PersistentVolumeClaim data-prod-r0123456789-0',
    ]);
    expect(deleting('DeletePVCs', { ...gone, claims: known(others) })).to.deep.equal([letGo]);
    expect(deleting('Retain', { ...gone, claims })).to.deep.equal([letGo]);
  });

  it('keeps volumes and unseal key under Retain', () => {
    expect(deleting('Retain')).to.deep.equal([letGo]);
    expect(deleting('Retain', {}, { finalizers: [] })).to.deep.equal([]);
  });

  it('loses its pods first, then its volumes', () => {
    expect(deleting('DeletePVCs')).to.deep.equal(['delete StatefulSet prod']);
    expect(deleting('DeletePVCs', { statefulSet: known(undefined) })).to.deep.equal([
      'delete Pod prod-0',
      'delete Pod prod-1',
      'delete Pod prod-2',
    ]);
    expect(deleting('DeletePVCs', gone)).to.deep.equal([
      'delete PersistentVolumeClaim data-prod-0',
      'delete PersistentVolumeClaim data-prod-1',
      'delete PersistentVolumeClaim data-prod-2',
    ]);
    expect(deleting('DeletePVCs', { ...gone, claims: known([]) })).to.deep.equal([letGo]);
  });

  it('loses its unseal key under DeleteAll alone, and last', () => {
    expect(deleting('DeleteAll', gone)).to.not.include('deleteUnsealKey');
    const bare = { ...gone, claims: known([]) };
    expect(deleting('DeleteAll', bare)).to.deep.equal(['deleteUnsealKey']);
    const secrets = known({ unsealKey: false, certificates: 'valid' } as const);
    expect(deleting('DeleteAll', { ...bare, secrets })).to.deep.equal([letGo]);
  });

  it('keeps a key under DeleteAll that is not its own', () => {
    const bare = { ...gone, claims: known([]) };
    expect(deleting('DeleteAll', bare, { unseal: { type: 'transit' } })).to.deep.equal([letGo]);
  });

  it('waits for what could not be read', () => {
    const unread = unknown('the API server did not answer');
    for (const given of [{ statefulSet: unread }, { ...gone, pods: unread }, { ...gone, claims: unread }]) {
      expect(deleting('DeleteAll', given)).to.deep.equal([]);
    }
    expect(deleting('DeleteAll', { ...gone, claims: known([]), secrets: unread })).to.deep.equal([]);
  });

  it('gets nothing applied or made any more', () => {
    const drifted = known([{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'prod-config' } }]);
    expect(deleting('Retain', { drifted }, { finalizers: [] })).to.deep.equal([]);
  });
});

describe('L2: a deletion that nobody confirmed, or that asks for more than was recorded', () => {
  const notes = (...how: Parameters<typeof decided>) =>
    decided(...how).events.map(({ type, reason, note }) => `${type} ${reason} ${note}`);
  const volumes = 'kubectl delete pvc -n bao data-prod-0 data-prod-1 data-prod-2';
  const key = `kubectl delete secret prod-unseal-key -n bao --wait=false && kubectl patch secret prod-unseal-key -n bao --type merge -p '{"metadata":{"finalizers":null}}'`;

  it('keeps everything without the uid beside it, and says so with what to do', () => {
    for (const confirmed of [undefined, 'yes', 'c-2', '']) {
      expect(deleting('DeleteAll', {}, { confirmed })).to.deep.equal([letGo]);
      expect(deleting('DeletePVCs', gone, { confirmed })).to.deep.equal([letGo]);
    }
    expect(notes('DeleteAll', {}, { confirmed: undefined })).to.deep.equal([
      `Warning DataKept The volumes and the unseal key were kept, although spec.deletionPolicy is DeleteAll: the annotation rollguard.io/confirm-delete with the uid of the cluster was missing. If they may be lost: ${volumes} ; ${key}`,
    ]);
    const transit = { confirmed: undefined, unseal: { type: 'transit' } } as const;
    expect(notes('DeletePVCs', {}, transit)[0]).to.match(
      /^Warning DataKept The volumes were kept, .*data-prod-2$/,
    );
  });

  it('names volumes by their exact names: anybody may put the label of the cluster on others', () => {
    const others = ['data-other-0', 'data-prod-0-copy'].map((name) => {
      const own = claim(0);
      return { ...own, metadata: { ...own.metadata, name } };
    });
    const claims = known([claim(0), ...others]);
    expect(notes('DeletePVCs', { claims }, { confirmed: undefined })[0]).to.contain(
      'kubectl delete pvc -n bao data-prod-0 ; ',
    );
    const unread = unknown('timed out');
    expect(notes('DeletePVCs', { claims: unread }, { confirmed: undefined })[0]).to.contain(
      `$(kubectl get pvc -n bao -o name | grep -E '/data-prod-(r[0-9a-f]{10}-)?[0-9]+$') ; `,
    );
  });

  it('keeps what was not recorded before it began: a cluster that is going can be edited', () => {
    expect(deleting('DeleteAll', gone, { recorded: 'Retain' })).to.deep.equal([letGo]);
    const bare = { ...gone, claims: known([]) };
    expect(deleting('DeleteAll', gone, { recorded: 'DeletePVCs' })[0]).to.equal(
      'delete PersistentVolumeClaim data-prod-0',
    );
    expect(deleting('DeleteAll', bare, { recorded: 'DeletePVCs' })).to.deep.equal([letGo]);
    expect(notes('DeleteAll', bare, { recorded: 'DeletePVCs' })).to.deep.equal([
      `Warning DataKept The unseal key was kept, although spec.deletionPolicy is DeleteAll: DeletePVCs was what had been recorded before the deletion began. If they may be lost: ${key}`,
    ]);
  });

  it('can be taken back to Retain, which needs no words', () => {
    expect(deleting('Retain', {}, { recorded: 'DeleteAll' })).to.deep.equal([letGo]);
    expect(notes('Retain', {}, { recorded: 'DeleteAll' })).to.deep.equal([]);
    expect(notes('DeleteAll', gone)).to.deep.equal([]);
  });

  it('is judged by what was recorded while nothing was being deleted, also while paused', () => {
    const recorded = (spec: Partial<OpenBaoClusterSpec>, before: Policy | undefined) => {
      const status = {
        ...settledStatus(),
        ...(before === undefined || before === 'Retain' ? {} : { deletionPolicy: before }),
      };
      return decideFinalizer(observation({ cluster: settledCluster(spec) }), status, context()).status
        .deletionPolicy;
    };
    expect(recorded({ deletionPolicy: 'DeleteAll' }, undefined)).to.equal('DeleteAll');
    expect(recorded({ deletionPolicy: 'DeletePVCs', paused: true }, 'DeleteAll')).to.equal('DeletePVCs');
    expect(recorded({ deletionPolicy: 'Retain', paused: true }, 'DeleteAll')).to.equal(undefined);
    expect(recorded({}, 'DeleteAll')).to.equal(undefined);
    // Once it is going, nothing more is recorded.
    expect(decided('DeleteAll', {}, { recorded: 'Retain' }).status.deletionPolicy).to.equal(undefined);
  });

  it('deletes data only where all of it agrees, whatever else is so', () => {
    const policies = ['Retain', 'DeletePVCs', 'DeleteAll'] as const;
    const seen = new Set<string>();
    for (const asked of policies)
      for (const recorded of policies)
        for (const confirmed of ['c-1', 'c-2', undefined])
          for (const world of [{}, { statefulSet: known(undefined) }, gone, { ...gone, claims: known([]) }]) {
            const effects = deleting(asked, world, { recorded, confirmed });
            const may =
              confirmed === 'c-1' ? Math.min(policies.indexOf(asked), policies.indexOf(recorded)) : 0;
            const takes = (word: string) => effects.some((effect) => effect.includes(word));
            if (takes('PersistentVolumeClaim')) expect(may).to.be.at.least(1);
            if (takes('deleteUnsealKey')) expect(may).to.equal(2);
            if (may === 0) expect(effects).to.deep.equal([letGo]);
            for (const effect of effects) seen.add(effect.split(' ').slice(0, 2).join(' '));
          }
    expect(seen).to.include('delete PersistentVolumeClaim');
    expect(seen).to.include('deleteUnsealKey');
  });
});

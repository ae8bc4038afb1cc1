import { expect } from 'chai';
import type { UserInfo } from '../../../src/api/kubernetes.ts';
import { maintenanceAnnotation } from '../../../src/api/labels.ts';
import { known, unknown } from '../../../src/core/model/known.ts';
import { ask } from '../support/client.ts';
import { recorded, type Review } from '../support/reviews.ts';
import { startTestServer, trustedController, type TestServer } from '../support/test-server.ts';

const path = '/validate/pods';

describe('/validate/pods', () => {
  /** Whoever asks holds the verb. */
  let server: TestServer;
  let blind: TestServer;
  before(async () => {
    server = await startTestServer({ facts: { holdsVerb: async () => known(true) } });
    blind = await startTestServer({ facts: { holdsVerb: async () => unknown('the API server is away') } });
  });
  after(() => Promise.all([server.close(), blind.close()]));

  const inMaintenance = (review: Review, value = 'true'): Review => {
    review.request.oldObject!.metadata.annotations = { [maintenanceAnnotation]: value };
    return review;
  };

  it('denies the deletion of a pod whose cluster is not in maintenance, and says how to enter it', async () => {
    const { allowed, status } = await ask(server, path, recorded('pod-delete-by-user'));
    expect(allowed).to.equal(false);
    expect(status).to.include({ code: 403, reason: 'MaintenanceRequired' });
    expect(status?.message)
      .to.contain('pod adm/s-2 belongs to openbaocluster s')
      .and.to.contain('kubectl patch openbaocluster s -n adm');
  });

  it('allows it in maintenance to whoever holds the verb', async () => {
    const review = inMaintenance(recorded('pod-delete-by-user'));
    expect(await ask(server, path, review)).to.deep.equal({ uid: review.request.uid, allowed: true });
  });

  it('takes "true" alone for maintenance', async () => {
    for (const value of ['', 'True', 'false', 'yes', ' true']) {
      const review = inMaintenance(recorded('pod-delete-by-user'), value);
      expect((await ask(server, path, review)).allowed, value).to.equal(false);
    }
  });

  it('denies it in maintenance to whoever does not hold the verb, and where that cannot be told', async () => {
    const without = await startTestServer();
    const denied = await ask(without, path, inMaintenance(recorded('pod-delete-by-user')));
    await without.close();
    expect(denied.status).to.include({ code: 403, reason: 'PermissionRequired' });
    const untold = await ask(blind, path, inMaintenance(recorded('pod-delete-by-user')));
    expect(untold.status?.reason).to.equal('PermissionRequired');
    expect(untold.status?.message).to.contain('the API server is away');
  });

  it('lists both when neither is given', async () => {
    const { status, auditAnnotations } = await ask(blind, path, recorded('pod-delete-by-user'));
    expect(status?.reason).to.equal('MaintenanceRequired');
    expect(auditAnnotations?.['reasons']).to.equal('MaintenanceRequired,PermissionRequired');
  });

  it('reads the stored pod: an annotation in the new object says nothing', async () => {
    const review = recorded('pod-delete-by-user');
    review.request.object = inMaintenance(recorded('pod-delete-by-user')).request.oldObject!;
    expect((await ask(server, path, review)).allowed).to.equal(false);
  });

  it('does not concern itself with pods of no cluster', async () => {
    const review = recorded('pod-delete-by-user');
    delete review.request.oldObject!.metadata.labels!['openbao.org/cluster'];
    expect((await ask(blind, path, review)).allowed).to.equal(true);
  });

  it('lets a deletion that has begun, and a pod that has ended, go', async () => {
    const terminating = recorded('pod-delete-by-user');
    terminating.request.oldObject!.metadata.deletionTimestamp = '2026-11-21T03:54:30Z';
    expect((await ask(blind, path, terminating)).allowed).to.equal(true);
    for (const phase of ['Succeeded', 'Failed']) {
      const ended = recorded('pod-delete-by-user');
      ended.request.oldObject!.status = { phase };
      expect((await ask(blind, path, ended)).allowed, phase).to.equal(true);
    }
  });

  it('judges a deletion that has begun when its grace period becomes 0 (P7)', async () => {
    const forced = (change: (review: Review) => void = () => undefined) => {
      const review = recorded('pod-delete-by-user');
      Object.assign(review.request.oldObject!.metadata, {
        deletionTimestamp: '2026-11-21T03:54:30Z',
        deletionGracePeriodSeconds: 30,
      });
      review.request.options = { gracePeriodSeconds: 0 };
      change(review);
      return review;
    };
    const { allowed, status } = await ask(blind, path, forced());
    expect({ allowed, reason: status?.reason }).to.deep.equal({
      allowed: false,
      reason: 'MaintenanceRequired',
    });
    expect((await ask(server, path, forced(inMaintenance))).allowed).to.equal(true);
    expect((await ask(blind, path, forced(inMaintenance))).status?.reason).to.equal('PermissionRequired');
    const shorter = forced(({ request }) => (request.options = { gracePeriodSeconds: 1 }));
    expect((await ask(blind, path, shorter)).allowed).to.equal(true);
  });

  it('asks the API server nothing about deletions that pass anyway', async () => {
    const unasked = await startTestServer({
      facts: {
        holdsVerb: () => {
          throw new Error('nobody was to ask');
        },
      },
    });
    for (const username of [trustedController, 'system:kube-scheduler', 'system:node:node-1']) {
      const review = recorded('pod-delete-by-user');
      review.request.userInfo = { username };
      expect((await ask(unasked, path, review)).allowed, username).to.equal(true);
    }
    await unasked.close();
  });

  it('lets a trusted controller do its work, by its exact name', async () => {
    const by = (username: string): Review => {
      const review = recorded('pod-delete-by-user');
      review.request.userInfo = { username } satisfies UserInfo;
      return review;
    };
    expect((await ask(blind, path, by(trustedController))).allowed).to.equal(true);
    expect((await ask(blind, path, by(`${trustedController}-2`))).allowed).to.equal(false);
    expect((await ask(blind, path, by(''))).allowed).to.equal(false);
  });

  it('under --enforce=warn allows, and warns in lines that kubectl shows whole', async () => {
    const holdsVerb = async () => known(true);
    const warning = await startTestServer({ enforce: 'warn', facts: { holdsVerb } });
    const { allowed, warnings = [] } = await ask(warning, path, recorded('pod-delete-by-user'));
    await warning.close();
    expect(allowed).to.equal(true);
    expect(warnings.join(' ')).to.contain('MaintenanceRequired');
  });

  it('under --enforce=warn still denies it to whoever does not hold the verb (C5)', async () => {
    const warning = await startTestServer({ enforce: 'warn' });
    const { allowed, status } = await ask(warning, path, recorded('pod-delete-by-user'));
    await warning.close();
    expect({ allowed, reason: status?.reason }).to.deep.equal({
      allowed: false,
      reason: 'PermissionRequired',
    });
  });

  it('asks about the label of the namespace of the pod', async () => {
    const labelled = await startTestServer({
      facts: {
        holdsVerb: async () => known(true),
        warnsOnly: async (namespace) => known(namespace === 'adm'),
      },
    });
    const { allowed } = await ask(labelled, path, recorded('pod-delete-by-user'));
    await labelled.close();
    expect(allowed).to.equal(true);
  });
});

import { expect } from 'chai';
import { parsePod } from '../../../src/api/kubernetes-schemas.ts';
import { maintenanceAnnotation } from '../../../src/api/labels.ts';
import { known, unknown } from '../../../src/core/model/known.ts';
import { ask } from '../support/client.ts';
import { recorded, type Review } from '../support/reviews.ts';
import { startTestServer } from '../support/test-server.ts';

const path = '/validate/evictions';

/** By an eviction no DELETE is ever reviewed (docs/facts/admission-measured.md, section 1). */
describe('/validate/evictions', () => {
  const stored = recorded('pod-delete-by-user').request.oldObject!;
  const maintained = {
    ...stored,
    metadata: { ...stored.metadata, annotations: { [maintenanceAnnotation]: 'true' } },
  };
  const eviction = (deleteOptions?: object | null): Review => {
    const review = recorded('pod-eviction');
    const { deleteOptions: _, ...rest } = review.request.object!;
    review.request.object = { ...rest, ...(deleteOptions === undefined ? {} : { deleteOptions }) };
    return review;
  };
  /** What is answered, of a pod as it is stored, to somebody who holds the verb or not. */
  const answer = async (review: Review, pod: object | undefined = stored, holds = false) => {
    const asked: string[] = [];
    const server = await startTestServer({
      facts: {
        pod: async ({ namespace, name }) => {
          asked.push(`${namespace}/${name}`);
          return known(pod && parsePod(pod));
        },
        holdsVerb: async () => known(holds),
      },
    });
    const { allowed, status } = await ask(server, path, review);
    await server.close();
    return { allowed, reason: status?.reason, message: status?.message, asked };
  };

  it('leaves evictions that wait for the process to the PodDisruptionBudget, and reads nothing', async () => {
    for (const options of [undefined, null, {}, { dryRun: ['All'] }, { gracePeriodSeconds: 1 }]) {
      const { allowed, asked } = await answer(eviction(options));
      expect({ allowed, asked }, JSON.stringify(options)).to.deep.equal({ allowed: true, asked: [] });
    }
  });

  it('asks for maintenance and the verb where the grace period is 0, of a pod that is ending too (P7)', async () => {
    const going = {
      ...stored,
      metadata: {
        ...stored.metadata,
        deletionTimestamp: '2026-11-21T03:54:30Z',
        deletionGracePeriodSeconds: 30,
      },
    };
    for (const pod of [stored, going]) {
      const { allowed, reason, message, asked } = await answer(eviction({ gracePeriodSeconds: 0 }), pod);
      expect({ allowed, reason, asked }).to.deep.equal({
        allowed: false,
        reason: 'MaintenanceRequired',
        asked: ['adm/s-2'],
      });
      expect(message).to.contain('leave the grace period out');
    }
    const forced = eviction({ gracePeriodSeconds: 0 });
    expect((await answer(forced, maintained)).reason).to.equal('PermissionRequired');
    expect((await answer(forced, maintained, true)).allowed).to.equal(true);
  });

  it("leaves other people's pods, and one that is not there, alone", async () => {
    const { labels: _, ...metadata } = stored.metadata;
    const forced = eviction({ gracePeriodSeconds: 0 });
    expect((await answer(forced, { ...stored, metadata })).allowed).to.equal(true);
    const server = await startTestServer();
    expect((await ask(server, path, forced)).allowed).to.equal(true);
    await server.close();
  });

  it('refuses where the pod could not be read, and says why', async () => {
    const server = await startTestServer({ facts: { pod: async () => unknown('timeout') } });
    const { allowed, status } = await ask(server, path, eviction({ gracePeriodSeconds: 0 }));
    await server.close();
    expect(allowed).to.equal(false);
    expect(status?.message).to.contain('whether pod adm/s-2').and.contain('could not be read: timeout');
  });
});

import { expect } from 'chai';
import { known } from '../../../src/core/model/known.ts';
import { ask } from '../support/client.ts';
import { recorded, type Review } from '../support/reviews.ts';
import { startTestServer, trustedController } from '../support/test-server.ts';

const path = '/validate/persistentvolumeclaims';
const stamp = 'rollguard.io/openbao-version';

describe('/validate/persistentvolumeclaims', () => {
  const review = (
    annotations: Record<string, string>,
    { before, username = 'alice' }: { before?: Record<string, string>; username?: string } = {},
  ): Review => {
    const made = recorded('pod-delete-by-user');
    const claim = (of: Record<string, string>) => ({
      metadata: {
        name: 'data-s-0',
        namespace: 'adm',
        labels: { 'openbao.org/cluster': 's' },
        annotations: of,
      },
    });
    Object.assign(made.request, {
      operation: before === undefined ? 'CREATE' : 'UPDATE',
      resource: { group: '', version: 'v1', resource: 'persistentvolumeclaims' },
      kind: { group: '', version: 'v1', kind: 'PersistentVolumeClaim' },
      name: 'data-s-0',
      userInfo: { username },
      object: claim(annotations),
      oldObject: before === undefined ? null : claim(before),
    });
    return made;
  };
  const ofStatus = (made: Review): Review => {
    made.request.subResource = 'status';
    return made;
  };
  /** What is answered to somebody who holds the verb or not, and for whose cluster it was asked. */
  const answer = async (request: Review, holds = false) => {
    const asked: string[] = [];
    const server = await startTestServer({
      facts: {
        holdsVerb: async (_user, verb, { namespace, name }) => {
          asked.push(`${verb} ${namespace}/${name}`);
          return known(holds);
        },
      },
    });
    const { allowed, status } = await ask(server, path, request);
    await server.close();
    return { allowed, reason: status?.reason, asked };
  };

  it('asks for the verb where a mark is written, changed or taken off (P4)', async () => {
    const refused = { allowed: false, reason: 'PermissionRequired', asked: ['maintenance adm/s'] };
    for (const request of [
      review({ [stamp]: '99.0.0' }),
      review({ [stamp]: '99.0.0' }, { before: {} }),
      review({}, { before: { [stamp]: '2.5.5' } }),
      // Kubernetes takes metadata by this way too, for whoever may write the status alone.
      ofStatus(review({ [stamp]: '99.0.0' }, { before: {} })),
    ]) {
      expect(await answer(request)).to.deep.equal(refused);
      expect((await answer(request, true)).allowed).to.equal(true);
    }
  });

  it('asks nothing for everything else, and of the controller', async () => {
    const free = { allowed: true, reason: undefined, asked: [] };
    for (const request of [
      review({ note: 'x' }),
      review({ [stamp]: '2.5.5', note: 'x' }, { before: { [stamp]: '2.5.5' } }),
      review({ [stamp]: '2.6.0' }, { before: { [stamp]: '2.5.5' }, username: trustedController }),
    ])
      expect(await answer(request)).to.deep.equal(free);
  });
});

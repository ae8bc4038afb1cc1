import { expect } from 'chai';
import { known } from '../../src/core/model/known.ts';
import { ask } from './support/client.ts';
import { recorded, type Review } from './support/reviews.ts';
import { startTestServer, type TestServer } from './support/test-server.ts';

/**
 * Calls that a real API server made (Kubernetes 1.36, with a label or kind of ours where a
 * call needs it), and those that differ from them in caller and options only.
 */
describe('calls recorded from a real API server', () => {
  let server: TestServer;
  before(async () => {
    // Nobody but those whom the rules let through by name: as measured, none of them holds a verb of ours.
    server = await startTestServer({ facts: { holdsVerb: async () => known(false) } });
  });
  after(() => server.close());

  /** The API server may ask more than once for one request, each time with a new uid: all answers are alike. */
  const askThrice = async (path: string, make: () => Review) => {
    const answers = [];
    for (let times = 0; times < 3; times++) {
      const { uid: _, ...answer } = await ask(server, path, make());
      answers.push(answer);
    }
    const [first] = answers;
    expect(answers).to.deep.equal([first, first, first]);
    return first!;
  };

  const deletion = (
    username: string,
    options: object,
    change: (review: Review) => void = () => undefined,
  ) => {
    return (): Review => {
      const review = recorded('pod-delete-by-user');
      review.request.userInfo = { username, groups: ['system:authenticated'] };
      review.request.options = { kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/v1', ...options };
      change(review);
      return review;
    };
  };
  const controller = (name: string) => `system:serviceaccount:kube-system:${name}`;
  const uid = '787237ed-ff7a-48ff-8eac-04237966c62a';
  const collected = { kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/v1', propagationPolicy: 'Background' };

  const mustPass: { name: string; make: () => Review }[] = [
    { name: "the kubelet's last delete", make: () => recorded('pod-delete-by-kubelet') },
    {
      name: 'a delete by the kubelet of the node that the pod is on',
      make: deletion('system:node:node-1', { gracePeriodSeconds: 0, preconditions: { uid } }),
    },
    {
      name: 'the statefulset-controller, rolling or scaling down',
      make: deletion(controller('statefulset-controller'), { gracePeriodSeconds: 5 }),
    },
    {
      name: 'the garbage collector, after the owner went',
      make: deletion(controller('generic-garbage-collector'), {
        preconditions: { uid, resourceVersion: '10706' },
      }),
    },
    {
      name: 'the namespace-controller, emptying a namespace',
      make: () => {
        const review = recorded('pod-deletecollection-item');
        review.request.userInfo = { username: controller('namespace-controller') };
        review.request.options = collected;
        return review;
      },
    },
    { name: 'the scheduler, preempting', make: deletion('system:kube-scheduler', { gracePeriodSeconds: 5 }) },
    {
      name: 'the node-controller, evicting by taint or from a node that is gone',
      make: deletion(controller('node-controller'), {}),
    },
    {
      name: 'pod garbage collection',
      make: deletion(controller('pod-garbage-collector'), { gracePeriodSeconds: 0 }),
    },
  ];
  for (const { name, make } of mustPass) {
    it(`allows ${name}`, async () => {
      expect(await askThrice('/validate/pods', make)).to.deep.equal({ allowed: true });
    });
  }

  const mustNotPass: { name: string; make: () => Review }[] = [
    { name: 'a delete by a user', make: () => recorded('pod-delete-by-user') },
    {
      name: 'a delete by a user, dry run',
      make: deletion('admin', { dryRun: ['All'] }, (review) => (review.request.dryRun = true)),
    },
    {
      name: 'an item of a deletecollection, which has no name',
      make: () => recorded('pod-deletecollection-item'),
    },
    {
      name: 'a delete by the kubelet of another node',
      make: deletion('system:node:node-2', { gracePeriodSeconds: 0, preconditions: { uid } }),
    },
    {
      name: 'a controller of the same name in another namespace',
      make: deletion('system:serviceaccount:team:statefulset-controller', {}),
    },
  ];
  for (const { name, make } of mustNotPass) {
    it(`denies ${name}`, async () => {
      const { allowed, status } = await askThrice('/validate/pods', make);
      expect(allowed).to.equal(false);
      expect(status).to.include({ code: 403, reason: 'MaintenanceRequired' });
    });
  }

  it('names the pod of a deletecollection from its old object', async () => {
    const { status } = await askThrice('/validate/pods', () => recorded('pod-deletecollection-item'));
    expect(status?.message).to.contain('pod adm/s-0');
  });

  it('denies the first two calls of a forced delete; the third comes only after they were allowed', async () => {
    const options = { gracePeriodSeconds: 0, propagationPolicy: 'Background' };
    const first = await ask(server, '/validate/pods', deletion('admin', options)());
    const second = await ask(server, '/validate/pods', deletion('admin', options)());
    expect({ ...second, uid: '' }).to.deep.equal({ ...first, uid: '' });
    expect(first.allowed).to.equal(false);
    const third = deletion('admin', options, ({ request }) => {
      request.oldObject!.metadata.deletionTimestamp = '2026-11-21T03:54:30Z';
      request.oldObject!.metadata['deletionGracePeriodSeconds'] = 0;
    });
    expect((await ask(server, '/validate/pods', third())).allowed).to.equal(true);
  });

  it('denies an acknowledgement that is not the nonce, dry run or not', async () => {
    const { allowed, status } = await askThrice('/validate/openbaoclusters', () =>
      recorded('openbaocluster-update'),
    );
    expect(allowed).to.equal(false);
    expect(status?.reason).to.equal('StaleNonce');
  });

  const notOurs = [
    { name: 'an eviction', path: '/validate/pods', file: 'pod-eviction', asked: 'CREATE pods/eviction' },
    { name: 'a namespace', path: '/validate/pods', file: 'namespace-delete', asked: 'DELETE namespaces' },
    {
      name: 'the scale of a StatefulSet',
      path: '/validate/pods',
      file: 'statefulset-scale',
      asked: 'UPDATE statefulsets.apps/scale',
    },
    {
      name: 'the status of an OpenBaoCluster',
      path: '/validate/openbaoclusters',
      file: 'openbaocluster-status-update',
      asked: 'UPDATE openbaoclusters.openbao.org/status',
    },
  ];
  for (const { name, path, file, asked } of notOurs) {
    it(`says that ${name} was sent to the wrong webhook`, async () => {
      const { allowed, status } = await askThrice(path, () => recorded(file));
      expect(allowed).to.equal(false);
      expect(status).to.include({ code: 400, reason: 'BadRequest' });
      expect(status?.message).to.contain(`not ${asked};`);
    });
  }
});

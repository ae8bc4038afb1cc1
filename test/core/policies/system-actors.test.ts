import { expect } from 'chai';
import { known } from '../../../src/core/model/known.ts';
import { evaluatePodDeletion } from '../../../src/core/policies/index.ts';
import { mustPass, systemActors } from '../../../src/core/policies/system-actors.ts';
import { deletion, pod } from '../../support/builders.ts';

const inKubeSystem = (name: string) => `system:serviceaccount:kube-system:${name}`;

// Who deletes pods, and what goes wrong for each when denied: docs/facts/admission-measured.md, section 1.
const actors = [
  'system:kube-scheduler',
  'system:kube-controller-manager',
  'system:node:node-1',
  inKubeSystem('daemon-set-controller'),
  inKubeSystem('device-taint-eviction-controller'),
  inKubeSystem('generic-garbage-collector'),
  inKubeSystem('job-controller'),
  inKubeSystem('namespace-controller'),
  inKubeSystem('node-controller'),
  inKubeSystem('pod-garbage-collector'),
  inKubeSystem('replicaset-controller'),
  inKubeSystem('replication-controller'),
  inKubeSystem('statefulset-controller'),
  inKubeSystem('taint-eviction-controller'),
  inKubeSystem('ttl-after-finished-controller'),
];

describe('of the parts of Kubernetes', () => {
  const target = pod({ node: 'node-1' });
  const passes = (username: string | undefined, trusted: readonly string[] = []) => {
    const user = username === undefined ? {} : { username };
    const decision = evaluatePodDeletion(
      deletion(target, { user, trustedControllers: trusted, permission: known(false) }),
    );
    expect(decision.allowed).to.equal(mustPass(user, target, trusted));
    return decision.allowed;
  };

  for (const actor of actors) {
    it(`${actor} deletes a pod unasked`, () => expect(passes(actor)).to.equal(true));
  }

  it('no others do, beside the kubelets', () => {
    expect([...systemActors, 'system:node:node-1']).to.have.members(actors);
  });

  it('none is known by a part of its name, by another case or from another namespace', () => {
    for (const actor of actors) {
      const nearMisses = [
        `${actor}-2`,
        `${actor} `,
        ` ${actor}`,
        `${actor}\n`,
        `${actor}\0`,
        actor.slice(0, -1),
        actor.slice(1),
        actor.toUpperCase(),
        actor.replace('system:', 'System:'),
        actor.replace('system:', ''),
        actor.replace('system:', 'system::'),
        actor.replace(':kube-system:', ':default:'),
        actor.replace(':kube-system:', ':kube-system-2:'),
        actor.replace('e', '\u0435'),
      ].filter((nearMiss) => nearMiss !== actor);
      for (const nearMiss of nearMisses) {
        expect(passes(nearMiss), JSON.stringify(nearMiss)).to.equal(false);
      }
    }
  });

  const strangers = [
    { name: 'a kubelet of another node', username: 'system:node:node-2' },
    { name: 'a kubelet of a node whose name begins the same', username: 'system:node:node-11' },
    { name: 'a kubelet without a node', username: 'system:node:' },
    { name: 'the group of all kubelets', username: 'system:nodes' },
    { name: 'another controller of kube-system', username: inKubeSystem('deployment-controller') },
    { name: 'one that deletes Jobs alone', username: inKubeSystem('cronjob-controller') },
    { name: 'the bootstrap signer', username: inKubeSystem('bootstrap-signer') },
    { name: 'the default account of kube-system', username: inKubeSystem('default') },
    { name: 'a controller by its role', username: 'system:controller:statefulset-controller' },
    { name: 'the API server', username: 'system:apiserver' },
    { name: 'the admin', username: 'kubernetes-admin' },
    { name: 'nobody', username: 'system:anonymous' },
    { name: 'an empty name', username: '' },
    { name: 'no name', username: undefined },
    { name: 'a property of every object', username: 'constructor' },
  ];
  for (const { name, username } of strangers) {
    it(`${name} is none`, () => expect(passes(username)).to.equal(false));
  }

  it('no kubelet may end a pod that is on no node', () => {
    const { nodeName: _, ...spec } = target.spec ?? {};
    for (const username of ['system:node:', 'system:node:undefined', 'system:node:node-1']) {
      expect(mustPass({ username }, { ...target, spec }, [])).to.equal(false);
    }
  });

  it('groups make nobody one of them', () => {
    const user = { username: 'alice', groups: ['system:masters', 'system:nodes', ...actors] };
    expect(mustPass(user, target, [])).to.equal(false);
  });

  it('a trusted controller passes by its exact name', () => {
    const trusted = ['system:serviceaccount:openbao-operator:controller', 'other'];
    expect(passes('system:serviceaccount:openbao-operator:controller', trusted)).to.equal(true);
    expect(passes('other', trusted)).to.equal(true);
    for (const username of [
      'system:serviceaccount:openbao-operator:controller-2',
      'system:serviceaccount:openbao-operator:contr',
      'system:serviceaccount:openbao:controller',
      'Other',
      'othe',
    ]) {
      expect(passes(username, trusted), username).to.equal(false);
    }
    expect(passes('other', [])).to.equal(false);
  });
});

import { expect } from 'chai';
import { liveRevisionAnnotation, type Verb } from '../../../src/api/labels.ts';
import type {
  OpenBaoCluster,
  OpenBaoClusterSpec,
  OpenBaoClusterStatus,
} from '../../../src/api/openbaocluster.ts';
import { known, unknown } from '../../../src/core/model/known.ts';
import {
  clusterPermissionRequired,
  verbsNeeded,
} from '../../../src/core/policies/cluster-permission-required.ts';
import { missingVerb } from '../../../src/core/policies/missing-verb.ts';
import { decide, permissionsBy, type Permission } from '../../../src/core/policies/policy.ts';
import { cluster, creation, holding, reasonsOf, textOf, update } from '../../support/builders.ts';

const history = [{ nonce: 'old' }];
const active = { breakGlass: { active: true, nonce: 'now', history } };
const over = { breakGlass: { active: false, nonce: 'now', history } };
const forged = { ...over, upgradeRequests: { lastHandledPromote: 'a', lastHandledRollback: 'b' } };
const on = { maintenance: { enabled: true } };
const off = { maintenance: { enabled: false } };

type Unseal = NonNullable<OpenBaoClusterSpec['unseal']>;
const transit = (settings: NonNullable<Unseal['transit']>): Unseal => ({
  type: 'transit',
  transit: settings,
});

describe('the verbs that a request needs', () => {
  const updates: readonly {
    readonly name: string;
    readonly old?: Partial<OpenBaoClusterSpec>;
    readonly status?: OpenBaoClusterStatus;
    readonly spec: Partial<OpenBaoClusterSpec>;
    readonly verbs: readonly Verb[];
  }[] = [
    { name: 'are none for a pause', spec: { paused: true }, verbs: [] },
    { name: 'are none for a version', spec: { version: '2.6.0' }, verbs: [] },
    { name: 'are maintenance to enable it', spec: on, verbs: ['maintenance'] },
    { name: 'are maintenance to disable it', old: on, spec: off, verbs: ['maintenance'] },
    { name: 'are maintenance to remove it', old: on, spec: { maintenance: {} }, verbs: ['maintenance'] },
    { name: 'are none where maintenance stays enabled', old: on, spec: on, verbs: [] },
    { name: 'are none to write down that it is disabled', spec: off, verbs: [] },
    { name: 'are none for an empty maintenance', spec: { maintenance: {} }, verbs: [] },
    {
      name: 'are acknowledge for the current nonce',
      status: active,
      spec: { breakGlassAck: 'now' },
      verbs: ['acknowledge'],
    },
    {
      name: 'are acknowledge for the current nonce, even where history names it already',
      status: { breakGlass: { active: true, nonce: 'now', history: [{ nonce: 'now' }] } },
      spec: { breakGlassAck: 'now' },
      verbs: ['acknowledge'],
    },
    {
      name: 'are acknowledge for a value nobody knows',
      status: active,
      spec: { breakGlassAck: 'x' },
      verbs: ['acknowledge'],
    },
    {
      name: 'are none for the nonce of an earlier incident',
      status: active,
      spec: { breakGlassAck: 'old' },
      verbs: [],
    },
    {
      name: 'are none for the nonce of the last incident, which is over',
      status: over,
      spec: { breakGlassAck: 'now' },
      verbs: [],
    },
    {
      name: 'are none to clear an acknowledgement',
      old: { breakGlassAck: 'now' },
      status: active,
      spec: { breakGlassAck: '' },
      verbs: [],
    },
    {
      name: 'are none for the same acknowledgement again',
      old: { breakGlassAck: 'now' },
      status: active,
      spec: { breakGlassAck: 'now' },
      verbs: [],
    },
    {
      name: 'are promote for a promotion',
      spec: { upgrade: { requests: { promote: 'a' } } },
      verbs: ['promote'],
    },
    {
      name: 'are promote for the cleanup that ends the way back',
      spec: { upgrade: { requests: { cleanup: 'a' } } },
      verbs: ['promote'],
    },
    {
      name: 'are rollback for a rollback',
      spec: { upgrade: { requests: { rollback: 'a' } } },
      verbs: ['rollback'],
    },
    {
      name: 'are those of each request, once',
      spec: { upgrade: { requests: { promote: 'a', rollback: 'b', cleanup: 'c' } } },
      verbs: ['promote', 'rollback'],
    },
    { name: 'are none for a retry', spec: { upgrade: { requests: { retry: 'a' } } }, verbs: [] },
    {
      name: 'are rollback for another one after one that was handled',
      old: { upgrade: { requests: { rollback: 'a' } } },
      status: { upgradeRequests: { lastHandledRollback: 'a' } },
      spec: { upgrade: { requests: { rollback: 'b' } } },
      verbs: ['rollback'],
    },
    {
      name: 'are none to put a handled request back',
      status: {
        upgradeRequests: { lastHandledPromote: 'a', lastHandledRollback: 'b', lastHandledCleanup: 'c' },
      },
      spec: { upgrade: { requests: { promote: 'a', rollback: 'b', cleanup: 'c' } } },
      verbs: [],
    },
    {
      name: 'are promote where only another request of that value was handled',
      status: { upgradeRequests: { lastHandledRollback: 'a' } },
      spec: { upgrade: { requests: { promote: 'a' } } },
      verbs: ['promote'],
    },
    {
      name: 'are none for the same requests again',
      old: { upgrade: { requests: { promote: 'a', rollback: 'b' } } },
      spec: { upgrade: { requests: { promote: 'a', rollback: 'b' }, preUpgradeSnapshot: true } },
      verbs: [],
    },
    {
      name: 'are none to take requests back',
      old: { upgrade: { requests: { promote: 'a', rollback: 'b', cleanup: 'c' } } },
      spec: { upgrade: {} },
      verbs: [],
    },
    {
      name: 'are none to loosen the next upgrade, at rest',
      old: { upgrade: { strategy: 'BlueGreen', blueGreen: { autoPromote: false } } },
      status: { currentVersion: '2.5.5', blueGreen: { phase: 'Idle' } },
      spec: { upgrade: { strategy: 'BlueGreen', blueGreen: { autoPromote: true } } },
      verbs: [],
    },
    {
      name: 'are promote to loosen one that is asked for and has not begun',
      old: { version: '2.5.6', upgrade: { strategy: 'BlueGreen', blueGreen: { autoPromote: false } } },
      status: { currentVersion: '2.5.5' },
      spec: { upgrade: { strategy: 'BlueGreen' } },
      verbs: ['promote'],
    },
    {
      name: 'are promote to loosen one to another image, which has not begun',
      old: {
        image: 'openbao/openbao:2.5.5-fips',
        upgrade: {
          strategy: 'BlueGreen',
          blueGreen: { autoPromote: false, verification: { prePromotionHook: { image: 'h' } } },
        },
      },
      status: { currentVersion: '2.5.5', image: 'openbao/openbao:2.5.5' },
      spec: { upgrade: { strategy: 'BlueGreen' } },
      verbs: ['promote'],
    },
    {
      name: 'are none to loosen the next upgrade of the default image',
      old: { upgrade: { strategy: 'BlueGreen', blueGreen: { autoPromote: false } } },
      status: { currentVersion: '2.5.5', image: 'openbao/openbao:2.5.5' },
      spec: { upgrade: { strategy: 'BlueGreen' } },
      verbs: [],
    },
    ...(
      [
        ['an image of another repository', { image: 'mirror.example/openbao:2.5.5' }],
        ['an executor', { upgrade: { executorImage: 'x.example/rollguard:1' } }],
        ['an executor by its other name', { upgrade: { image: 'x.example/rollguard:1' } }],
        ['a role of upgrades', { upgrade: { jwtAuthRole: 'root' } }],
        ['a role of snapshots', { backup: { jwtAuthRole: 'root' } }],
        [
          'a hook',
          { upgrade: { blueGreen: { verification: { prePromotionHook: { image: 'x.example/hook' } } } } },
        ],
        ['a plugin of the seal', { unseal: { plugin: { command: 'x' } } }],
        ['a library of the seal', { unseal: { pkcs11: { lib: '/bao/seal/x' } } }],
        ['a seal that is asked for by its type alone', { unseal: { type: 'awskms' } }],
        ['the address of a key service', { unseal: { transit: { address: 'https://x.example' } } }],
        ['a key service whose certificate nobody verifies', { unseal: { transit: { tlsSkipVerify: true } } }],
        ['a setting of a plugin', { unseal: { kms: { name: 'x', config: { url: 'https://x.example' } } } }],
        ['the Secret of a seal', { unseal: { credentialsSecretRef: { name: 'x' } } }],
        ['an identity of the members', { unseal: { serviceAccountAnnotations: { role: 'x' } } }],
        ['the address of a store', { backup: { target: { endpoint: 'https://x.example' } } }],
        ['a bucket', { backup: { target: { bucket: 'x' } } }],
        ['the Secret of a store', { backup: { target: { credentialsSecretRef: { name: 'x' } } } }],
        ['the CA of a store', { backup: { target: { caSecretRef: { name: 'x' } } } }],
      ] as const
    ).flatMap(([what, spec]) => [
      { name: `are execute for ${what}`, spec, verbs: ['execute'] as const },
      { name: `are none to keep ${what}`, old: spec, spec, verbs: [] },
      {
        name: `are none to take ${what} away`,
        old: spec,
        spec: { image: '', upgrade: {}, backup: {}, unseal: {} },
        verbs: [],
      },
    ]),
    {
      name: 'are none for another tag of the same repository',
      old: { image: 'mirror.example/openbao:2.5.5' },
      spec: { image: `mirror.example/openbao:2.5.6@sha256:${'0'.repeat(64)}` },
      verbs: [],
    },
    {
      name: 'are none for the default image written down, however it is spelled',
      spec: { image: 'docker.io/openbao/openbao:2.5.5' },
      verbs: [],
    },
    {
      name: 'are execute for another address of the same seal',
      old: { unseal: transit({ address: 'https://a.example' }) },
      spec: { unseal: transit({ address: 'https://b.example' }) },
      verbs: ['execute'],
    },
    {
      name: 'are none to take fields of a seal back to their defaults',
      old: { unseal: transit({ tlsSkipVerify: true, tlsServerName: 'x' }) },
      spec: { unseal: transit({ tlsSkipVerify: false }) },
      verbs: [],
    },
    {
      name: 'are none for the default seal written down',
      spec: { unseal: { type: 'static', serviceAccountAnnotations: {} } },
      verbs: [],
    },
    {
      name: 'are none for a folder as store',
      spec: { backup: { target: { provider: 'pvc', claimName: 'x', pathPrefix: 'y', usePathStyle: false } } },
      verbs: [],
    },
    {
      name: 'are execute for what is no image at all',
      spec: { image: 'x.example/UPPER' },
      verbs: ['execute'],
    },
    {
      name: 'are both for both',
      status: active,
      spec: { ...on, breakGlassAck: 'now' },
      verbs: ['maintenance', 'acknowledge'],
    },
  ];
  it('are acknowledge to name the live revision, and none to take the name away', () => {
    const named = (value: string) => {
      const { metadata, ...rest } = cluster({});
      return { ...rest, metadata: { ...metadata, annotations: { [liveRevisionAnnotation]: value } } };
    };
    const verbsOf = (oldObject: OpenBaoCluster, object: OpenBaoCluster) =>
      verbsNeeded({ operation: 'UPDATE', object, oldObject });
    expect(verbsOf(cluster({}), named('initial'))).to.deep.equal(['acknowledge']);
    expect(verbsOf(named('initial'), named('r0123456789'))).to.deep.equal(['acknowledge']);
    expect(verbsOf(named('initial'), named('initial'))).to.deep.equal([]);
    expect(verbsOf(named('initial'), cluster({}))).to.deep.equal([]);
    expect(verbsNeeded({ operation: 'CREATE', object: named('initial') })).to.deep.equal(['acknowledge']);
  });

  for (const { name, old = {}, status, spec, verbs } of updates) {
    it(name, () => expect(verbsNeeded(update(cluster(old, status), spec))).to.deep.equal(verbs));
  }

  const creations: readonly {
    readonly name: string;
    readonly spec: Partial<OpenBaoClusterSpec>;
    readonly verbs: readonly Verb[];
  }[] = [
    { name: 'are none for a plain CREATE', spec: {}, verbs: [] },
    { name: 'are none for a CREATE with the defaults', spec: { ...off, breakGlassAck: '' }, verbs: [] },
    { name: 'are maintenance for a CREATE in maintenance', spec: on, verbs: ['maintenance'] },
    {
      name: 'are execute for a CREATE with an image of another repository',
      spec: { image: 'mirror.example/openbao:2.5.5' },
      verbs: ['execute'],
    },
    {
      name: 'are execute for a CREATE with credentials for an address',
      spec: {
        unseal: {
          ...transit({ address: 'https://x.example', mountPath: 'transit', keyName: 'k' }),
          credentialsSecretRef: { name: 'x', keys: ['token'] },
        },
      },
      verbs: ['execute'],
    },
    {
      name: 'are none for a CREATE with a folder for snapshots',
      spec: { backup: { target: { provider: 'pvc', claimName: 'snapshots' } } },
      verbs: [],
    },
    {
      name: 'are none for a CREATE that promotes by itself',
      spec: { upgrade: { blueGreen: { autoPromote: true } } },
      verbs: [],
    },
    {
      name: 'are acknowledge for a CREATE with an acknowledgement',
      spec: { breakGlassAck: 'x' },
      verbs: ['acknowledge'],
    },
    {
      name: 'are those of the requests for a CREATE with some, whatever status is sent with it',
      spec: { upgrade: { requests: { promote: 'a', rollback: 'b', retry: 'c' } } },
      verbs: ['promote', 'rollback'],
    },
  ];
  for (const { name, spec, verbs } of creations) {
    it(name, () => expect(verbsNeeded(creation(cluster(spec, forged)))).to.deep.equal(verbs));
  }
});

describe('cluster-permission-required', () => {
  const permissions: readonly { name: string; permission: Permission; isRefused: boolean }[] = [
    { name: 'allows who holds the verb', permission: known(true), isRefused: false },
    { name: 'refuses who does not', permission: known(false), isRefused: true },
    { name: 'refuses where it could not be checked', permission: unknown('timeout'), isRefused: true },
    { name: 'does not judge where nobody asked', permission: { kind: 'not-judged' }, isRefused: false },
  ];
  const changes = [
    { verb: 'maintenance', path: 'spec.maintenance.enabled', spec: on },
    { verb: 'acknowledge', path: 'spec.breakGlassAck', spec: { breakGlassAck: 'now' } },
    {
      verb: 'promote',
      path: 'spec.upgrade.requests.promote',
      spec: { upgrade: { requests: { promote: 'a' } } },
    },
    {
      verb: 'promote',
      path: 'spec.upgrade.requests.cleanup',
      spec: { upgrade: { requests: { cleanup: 'a' } } },
    },
    {
      verb: 'rollback',
      path: 'spec.upgrade.requests.rollback',
      spec: { upgrade: { requests: { rollback: 'a' } } },
    },
  ] as const;
  for (const { name, permission, isRefused } of permissions) {
    for (const { verb, path, spec } of changes) {
      it(`${name}: ${path}`, () => {
        const given = {
          permissions: holding({ [verb]: permission }),
        };
        const findings = clusterPermissionRequired.evaluate(update(cluster({}, active), spec, given));
        expect(findings.map((each) => each.kind === 'violation' && [each.reason, each.path])).to.deep.equal(
          isRefused ? [['PermissionRequired', path]] : [],
        );
      });
    }
  }

  const none = {
    permissions: permissionsBy((verb) => (verb === 'acknowledge' ? unknown('timeout') : known(false))),
  };

  it('lets through whatever changes neither', () => {
    const old = cluster({ ...on, breakGlassAck: 'x' }, active);
    for (const spec of [{ paused: true }, { version: '2.6.0' }, { breakGlassAck: '' }]) {
      expect(decide([clusterPermissionRequired], update(old, spec, none)).allowed).to.equal(true);
    }
  });

  it('refuses a change to both twice, once for each verb', () => {
    const request = update(cluster({}, active), { ...on, breakGlassAck: 'now' }, none);
    expect(reasonsOf(clusterPermissionRequired, request)).to.deep.equal([
      'PermissionRequired',
      'PermissionRequired',
    ]);
  });

  it('says the verb, the cluster, and how to check', () => {
    expect(clusterPermissionRequired.evaluate(update(cluster(), on, none))).to.deep.equal([
      {
        kind: 'violation',
        reason: 'PermissionRequired',
        path: 'spec.maintenance.enabled',
        message:
          'spec.maintenance.enabled needs the verb "maintenance" on openbaocluster bao/prod, and you do not have it',
        remedy:
          'check with: kubectl auth can-i maintenance openbaoclusters.openbao.org/prod -n bao; ask a cluster admin for a Role with it',
      },
    ]);
  });

  it('names the fields that are new, which may be those of another operator', () => {
    const config = Object.fromEntries(['a', 'b', 'c', 'd', 'e', 'f\u200b'].map((name) => [name, 'x']));
    const unseal = { type: 'kms', kms: { name: 'x', config }, gcpCloudKMS: { project: 'y' } } as const;
    const given = { permissions: holding({ execute: known(false) }) };
    expect(textOf(clusterPermissionRequired.evaluate(update(cluster(), { unseal }, given)))).to.contain(
      'what is new in spec.unseal (type, kms.name, kms.config.a, kms.config.b, kms.config.c, kms.config.d and 3 more) needs the verb "execute" on openbaocluster bao/prod',
    );
    const odd = { kms: { config: { 'f\u200b': 'x' } } };
    expect(textOf(clusterPermissionRequired.evaluate(update(cluster(), { unseal: odd }, given)))).to.contain(
      '(kms.config.f<U+200B>)',
    );
  });

  it('says why it could not be checked, and to try again', () => {
    const text = textOf(missingVerb('acknowledge', unknown('timeout'), 'bao/prod', 'spec.breakGlassAck'));
    expect(text).to.equal(
      'whether you have the verb "acknowledge" on openbaocluster bao/prod could not be checked: timeout\ntry again in a moment',
    );
  });
});

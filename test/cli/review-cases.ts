/** One file as somebody writes it, and what the API server with our CRDs and the gate says to it. */
export interface ReviewCase {
  readonly title: string;
  /** YAML or JSON. */
  readonly text: string;
  /** The object as it is stored, for an UPDATE. */
  readonly stored?: string;
  readonly accepted: boolean;
}

type Table = readonly (readonly [title: string, spec: string, metadata?: string])[];

const kinds = {
  cluster: 'apiVersion: openbao.org/v1alpha1\nkind: OpenBaoCluster',
  services: 'apiVersion: e6data.io/v1alpha1\nkind: MetadataServices',
  restore: 'apiVersion: openbao.org/v1alpha1\nkind: OpenBaoRestore',
} as const;

/** In flow style, so that a case is one line; `NAME` is the case's own. */
const file = (kind: keyof typeof kinds, spec: string, metadata = '') =>
  `${kinds[kind]}\nmetadata: {name: NAME${metadata === '' ? '' : `, ${metadata}`}}\nspec: {${spec}}\n`;

const table = (kind: keyof typeof kinds, accepted: boolean, rows: Table) =>
  rows.map(([title, spec, metadata]) => ({ title, text: file(kind, spec, metadata), accepted }));

const entry = 'name: a, operation: read, path: b';
const hook = 'image: a/b:1';
const many = (count: number, each: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => each(i));
const transit = 'address: "https://keys:8200", mountPath: transit, keyName: prod';
const plugin = `command: a, directory: /b, version: v1, sha256sum: ${'a'.repeat(64)}`;
const tags = 'storage: {imageTag: 1.0}, schema: {imageTag: "1.0"}'.replace('1.0}', '"1.0"}');

const refusedClusters = table('cluster', false, [
  ['a misspelt field of spec', 'version: 2.5.5, replcas: 5'],
  ['a field of spec in capitals', 'version: 2.5.5, Version: 2.5.4'],
  ['a misspelt field two below spec', 'version: 2.5.5, upgrade: {preUpgradeSnapshots: true}'],
  ['a misspelt field three below spec', 'version: 2.5.5, upgrade: {blueGreen: {autopromote: false}}'],
  [
    'a misspelt field four below spec',
    'version: 2.5.5, upgrade: {blueGreen: {verification: {syncDuration: 1m}}}',
  ],
  [
    'a misspelt field five below spec',
    `version: 2.5.5, upgrade: {blueGreen: {verification: {prePromotionHook: {${hook}, timeout: 3}}}}`,
  ],
  ['a misspelt field in a list', `version: 2.5.5, selfInit: {requests: [{${entry}, date: {}}]}`],
  ['a misspelt field of metadata', 'version: 2.5.5', 'lables: {a: b}'],
  ['an unknown value of an enumeration', 'version: 2.5.5, deletionPolicy: Delete'],
  ['an enumeration in other letters', 'version: 2.5.5, upgrade: {strategy: bluegreen}'],
  ['an enumeration in a list', 'version: 2.5.5, selfInit: {requests: [{name: a, operation: Read, path: b}]}'],
  ['too small a number', 'version: 2.5.5, replicas: 0'],
  ['too large a number', 'version: 2.5.5, replicas: 100'],
  [
    'too large a number deep below',
    `version: 2.5.5, upgrade: {blueGreen: {verification: {prePromotionHook: {${hook}, timeoutSeconds: 86401}}}}`,
  ],
  ['too many items', `version: 2.5.5, tls: {extraSANs: [${many(65, (i) => `a${i}.test`).join()}]}`],
  ['too many entries', `version: 2.5.5, resources: {requests: {${many(17, (i) => `a${i}: "1"`).join()}}}`],
  ['too long a text', `version: 2.5.5, image: "${'a'.repeat(513)}"`],
  ['an empty text', 'version: 2.5.5, upgrade: {requests: {retry: ""}}'],
  ['an empty version', 'version: ""'],
  ['a number for a text', 'version: 2.5'],
  ['a text for a number', 'version: 2.5.5, replicas: "3"'],
  ['half a member', 'version: 2.5.5, replicas: 2.5'],
  ['a text for a yes or no', 'version: 2.5.5, paused: "yes"'],
  ['a number for a text in a map', 'version: 2.5.5, resources: {requests: {cpu: 1}}'],
  [
    'a number for a text in a list',
    `version: 2.5.5, upgrade: {blueGreen: {verification: {prePromotionHook: {${hook}, args: [1]}}}}`,
  ],
  [
    'nothing for a text in a list',
    `version: 2.5.5, upgrade: {blueGreen: {verification: {prePromotionHook: {${hook}, args: [null]}}}}`,
  ],
  ['a yes or no for a mapping', 'version: 2.5.5, tls: true'],
  ['a mapping for a list', `version: 2.5.5, selfInit: {requests: {${entry}}}`],
  ['a day for a time', 'version: 2.5.5, maintenance: {restartAt: 2026-11-01}'],
  ['a day that is in no calendar', 'version: 2.5.5, maintenance: {restartAt: "2026-02-30T10:00:00Z"}'],
  ['an hour that no day has', 'version: 2.5.5, maintenance: {restartAt: "2026-11-01T25:00:00Z"}'],
  ['a missing field', 'replicas: 3'],
  ['a required field that is empty', 'version: null'],
  ['a missing field in a list', 'version: 2.5.5, selfInit: {requests: [{name: a, operation: read}]}'],
  [
    'a missing field of a reference',
    'version: 2.5.5, backup: {target: {provider: s3, bucket: b, endpoint: e, caSecretRef: {}}}',
  ],
  ['two entries of one name', `version: 2.5.5, selfInit: {requests: [{${entry}}, {${entry}}]}`],
  ['the rule on TLS', 'version: 2.5.5, tls: {enabled: false}'],
  ['the rule on TLS, by another profile', 'version: 2.5.5, profile: Hardened, tls: {enabled: false}'],
  ['the rule on two names of an image', 'version: 2.5.5, upgrade: {image: "a/b:1", executorImage: "a/b:2"}'],
  ['the rule on a store without a provider', 'version: 2.5.5, backup: {target: {bucket: b, endpoint: e}}'],
  ['the rule on a store without a claim', 'version: 2.5.5, backup: {target: {provider: pvc}}'],
  ['the rule on a store without an endpoint', 'version: 2.5.5, backup: {target: {provider: s3, bucket: b}}'],
  ...['bucket', 'endpoint', 'region', 'pathPrefix'].map((field) => {
    const store = { provider: 's3', bucket: 'b', endpoint: 'e', [field]: 'a-$(AWS_SECRET_ACCESS_KEY)' };
    const target = JSON.stringify(store);
    return [
      `a reference to a variable as ${field} of a store (P2)`,
      `version: 2.5.5, backup: {target: ${target}}`,
    ] as const;
  }),
  ['the rule on a duration: minutes and seconds', 'version: 2.5.5, tls: {rotationPeriod: 1:30}'],
  ['the rule on a duration: no unit', 'version: 2.5.5, tls: {rotationPeriod: "60"}'],
  ['the rule on a duration: days', 'version: 2.5.5, tls: {rotationPeriod: 1d}'],
  ['the rule on a duration: nothing', 'version: 2.5.5, tls: {rotationPeriod: ""}'],
  [
    'the rule on a name in a list',
    'version: 2.5.5, selfInit: {requests: [{name: 1a, operation: read, path: b}]}',
  ],
  ['the rule on names of a certificate', 'version: 2.5.5, tls: {extraSANs: [a b]}'],
  ['a label that is a number', 'version: 2.5.5', 'labels: {release: 7}'],
  ['a label that is a yes or no', 'version: 2.5.5', 'labels: {release: yes}'],
  ['a label with a space', 'version: 2.5.5', 'labels: {release: a b}'],
  ['a label of 64 characters', 'version: 2.5.5', `labels: {release: ${'a'.repeat(64)}}`],
  ['a key of a label with a space', 'version: 2.5.5', 'labels: {a b: c}'],
  ['a key of a label with two slashes', 'version: 2.5.5', 'labels: {a/b/c: d}'],
  ['a key of a label of 64 characters', 'version: 2.5.5', `labels: {${'a'.repeat(64)}: b}`],
  ['labels that are a list', 'version: 2.5.5', 'labels: [a]'],
  ['an annotation that is a number', 'version: 2.5.5', 'annotations: {note: 1}'],
  ['an annotation that is a mapping', 'version: 2.5.5', 'annotations: {note: {a: b}}'],
  ['a key of an annotation with a space', 'version: 2.5.5', 'annotations: {a b: c}'],
  ['a finalizer that is no name', 'version: 2.5.5', 'finalizers: ["a b"]'],
  [
    'an owner without a uid',
    'version: 2.5.5',
    'ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: a}]',
  ],
  ...['transit', 'awskms', 'gcpckms', 'azurekeyvault', 'ocikms', 'kmip', 'pkcs11', 'kms'].flatMap(
    (type) =>
      [
        [`the rule on a seal without its settings: ${type}`, `version: 2.5.5, unseal: {type: ${type}}`],
        // And each setting that it needs.
        [`the rule on settings of another seal: ${type}`, `version: 2.5.5, unseal: {${type}: {}}`],
      ] as const,
  ),
  ...[
    ['plugin of a seal that needs none', `type: transit, transit: {${transit}}, plugin: {${plugin}}`],
    ['Secret of a key that is made', 'credentialsSecretRef: {name: a}'],
    [
      'entries of a Secret',
      `type: transit, transit: {${transit}}, credentialsSecretRef: {name: a, keys: [a/b]}`,
    ],
    ['address of a key service', 'type: transit, transit: {address: keys:8200, mountPath: a, keyName: b}'],
    ['name of a seal', `type: kms, kms: {name: A}, plugin: {${plugin}}`],
    ['name of a seal that has a type', `type: kms, kms: {name: awskms}, plugin: {${plugin}}`],
    ['plugin without what it is', 'type: kms, kms: {name: a}, plugin: {}'],
    [
      'plugin without its folder',
      `type: kms, kms: {name: a}, plugin: {command: a, version: v1, sha256sum: ${'a'.repeat(64)}}`,
    ],
    ['plugin of two places', `type: kms, kms: {name: a}, plugin: {${plugin}, image: b}`],
    [
      'plugin in no folder',
      `type: kms, kms: {name: a}, plugin: {command: a, directory: b, version: v1, sha256sum: c}`,
    ],
  ].map(([title, unseal]) => [`the rule on the ${title}`, `version: 2.6.2, unseal: {${unseal}}`] as const),
  ['a version that the gate refuses', 'version: latest'],
  ['an image that the gate refuses', 'version: 2.5.5, image: openbao/openbao:2.5.4'],
]);

const acceptedClusters = table('cluster', true, [
  ['a version alone', 'version: 2.5.5'],
  [
    'empty fields',
    'version: 2.5.5, paused: , image: ~, replicas: null, upgrade: {requests: }',
    'labels: , annotations: ',
  ],
  ['a misspelt field that is empty', 'version: 2.5.5, replcas: null', 'lables: '],
  ['an empty label', 'version: 2.5.5', 'labels: {a: ""}'],
  ['an octal number', 'version: 2.5.5, replicas: 0o3'],
  ['a number by its tag', 'version: 2.5.5, replicas: !!int "3"'],
  ['a number with a fraction of nothing', 'version: 2.5.5, replicas: 3.0'],
  ['words that look like numbers', 'version: 2.5.5', 'labels: {a: e6, b: E1, c: 12e9171}'],
  [
    'free data',
    `version: 2.5.5, selfInit: {requests: [{${entry}, data: {a: {b: [1, null, {c: d}]}, e: null}}]}`,
  ],
  [
    'free rules',
    'version: 2.5.5, network: {egressRules: [{to: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: 443}]}]}',
  ],
  ['a time with its zone', 'version: 2.5.5, maintenance: {restartAt: "2026-11-01T10:00:00.5+02:00"}'],
  ['times without quotes', 'version: 2.5.5, maintenance: {restartAt: 2026-11-01T10:00:00Z}'],
  ['a mapping that is empty', 'version: 2.5.5, upgrade: {}, backup: {}, tls: {}'],
  ['a store', 'version: 2.5.5, backup: {target: {provider: pvc, claimName: snapshots}}'],
  [
    'a store whose prefix has a dollar (P2)',
    'version: 2.5.5, backup: {target: {provider: s3, bucket: b, endpoint: e, pathPrefix: "a$b/(c)"}}',
  ],
  ['no TLS in development', 'version: 2.5.5, profile: Development, tls: {enabled: false}'],
  ['names of a certificate', 'version: 2.5.5, tls: {extraSANs: ["*.a.test", 10.0.0.1, "::1"]}'],
  [
    'durations',
    'version: 2.5.5, tls: {rotationPeriod: 1h30m}, configuration: {raft: {autopilotUpdateInterval: 500ms}}',
  ],
  [
    'a seal',
    `version: 2.5.5, unseal: {type: transit, transit: {${transit}}, credentialsSecretRef: {name: a, keys: [token]}}`,
  ],
  [
    'a plugin of a seal',
    `version: 2.7.0, unseal: {type: kms, kms: {name: a, config: {b: c}}, plugin: {${plugin}}}`,
  ],
  ['an owner', 'version: 2.5.5', 'ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: a, uid: b}]'],
  [
    'keys of labels and annotations',
    'version: 2.5.5',
    'labels: {a.b/c-D_e: F.g}, annotations: {A.b/c: "d e"}',
  ],
]);

const own = (accepted: boolean, title: string, text: string): ReviewCase => ({ title, text, accepted });
const spec = 'spec: {version: 2.5.5}\n';

const otherClusters: readonly ReviewCase[] = [
  own(false, 'a misspelt spec', `${file('cluster', 'version: 2.5.5')}Spec: {paused: true}\n`),
  own(false, 'no spec', `${kinds.cluster}\nmetadata: {name: NAME}\n`),
  own(
    false,
    'an unknown field of status',
    `${file('cluster', 'version: 2.5.5')}status: {currentVersions: 2.5.5}\n`,
  ),
  own(
    true,
    'a status of another type, which is dropped',
    `${file('cluster', 'version: 2.5.5')}status: {currentVersion: 2}\n`,
  ),
  own(
    false,
    'another version of the API',
    `${kinds.cluster.replace('v1alpha1', 'v1beta1')}\nmetadata: {name: NAME}\n${spec}`,
  ),
  own(false, 'a name in capitals', `${kinds.cluster}\nmetadata: {name: Prod}\n${spec}`),
  own(false, 'a name of 70 characters', `${kinds.cluster}\nmetadata: {name: ${'a'.repeat(70)}}\n${spec}`),
  own(false, 'a name of 41 characters', `${kinds.cluster}\nmetadata: {name: ${'a'.repeat(41)}}\n${spec}`),
  own(true, 'a name of 40 characters', `${kinds.cluster}\nmetadata: {name: ${'a'.repeat(40)}}\n${spec}`),
  own(false, 'a name with a dot', `${kinds.cluster}\nmetadata: {name: a.b}\n${spec}`),
  own(false, 'a name that ends with a dash', `${kinds.cluster}\nmetadata: {name: a-}\n${spec}`),
  own(
    false,
    'annotations of more than 256 KiB',
    file('cluster', 'version: 2.5.5', `annotations: {note: ${'x'.repeat(256 * 1024)}}`),
  ),
];

const refusedServices = table('services', false, [
  ['a misspelt field of a service', 'storage: {imageTag: a, imagetag: b}, schema: {imageTag: a}'],
  ['a missing service', 'storage: {imageTag: a}'],
  ['a missing tag', 'storage: {imageTag: a}, schema: {}'],
  ['the rule on tags', 'storage: {imageTag: a b}, schema: {imageTag: a}'],
  ['a tag that is a number', 'storage: {imageTag: 1e5}, schema: {imageTag: a}'],
  ['a variable that is a number', `${tags}, config: {PORT: 9005}`],
  ['too many pods', 'storage: {imageTag: a, replicas: 1001}, schema: {imageTag: a}'],
  ['port 0', 'storage: {imageTag: a, port: 0}, schema: {imageTag: a}'],
  ['the rule on a window', `${tags}, rollout: {gracePeriod: 2 minutes}`],
  ['secondary schema', 'storage: {imageTag: a}, schema: {imageTag: a, secondary: true}'],
]);

const acceptedServices = table('services', true, [
  ['tags', tags],
  ['tags that look like numbers', 'storage: {imageTag: 12e9171}, schema: {imageTag: 173e0ad}'],
  ['keys that look like numbers', `${tags}, config: {E1: a, E2: b, 1: c, yes: d}`],
  [
    'empty fields of a service',
    'storage: {imageTag: a, resources: , config: {A: }}, schema: {imageTag: a}, rollout: ',
  ],
]);

const refusedRestores = table('restore', false, [
  ['a misspelt confirm', 'cluster: a, snapshot: b, confirmed: a'],
  ['no snapshot', 'cluster: a'],
  ['an empty snapshot', 'cluster: a, snapshot: ""'],
  ['the rule on confirm', 'cluster: a, snapshot: b, confirm: c'],
  ['the rule on a sum', 'cluster: a, snapshot: b, sha256: abc'],
  ['the rule on its source', 'cluster: a, snapshot: b, source: {provider: s3}'],
  ['too long a name of a cluster', `cluster: ${'a'.repeat(64)}, snapshot: b`],
  ['force as a text', 'cluster: a, snapshot: b, force: "true"'],
]);

const acceptedRestores = table('restore', true, [
  ['a confirmed one', 'cluster: a, snapshot: b, confirm: a'],
  [
    'one with all fields',
    `cluster: a, snapshot: b, force: false, sha256: ${'a'.repeat(64)}, snapshotVersion: 2.5.5`,
  ],
]);

const update = (
  accepted: boolean,
  title: string,
  kind: keyof typeof kinds,
  [from, to]: readonly [string, string],
): ReviewCase => ({ title, stored: file(kind, from), text: file(kind, to), accepted });

const updates: readonly ReviewCase[] = [
  update(false, 'TLS taken away', 'cluster', [
    'version: 2.5.5, profile: Development',
    'version: 2.5.5, profile: Development, tls: {enabled: false}',
  ]),
  update(true, 'TLS written down as it was', 'cluster', [
    'version: 2.5.5',
    'version: 2.5.5, tls: {enabled: true}, replicas: 5',
  ]),
  update(false, 'another snapshot', 'restore', ['cluster: a, snapshot: b', 'cluster: a, snapshot: c']),
  update(false, 'another sum', 'restore', [
    'cluster: a, snapshot: b',
    `cluster: a, snapshot: b, sha256: ${'a'.repeat(64)}`,
  ]),
  update(true, 'a confirmation', 'restore', [
    'cluster: a, snapshot: b',
    'cluster: a, snapshot: b, confirm: a',
  ]),
  update(false, 'a misspelt field beside what was there', 'cluster', [
    'version: 2.5.5',
    'version: 2.5.5, maintenence: {enabled: true}',
  ]),
];

/** What is stored breaks bounds that the definition did not have once; what stays so is not refused again. */
export const ratcheted: readonly ReviewCase[] = [
  update(true, 'a bound that was broken before', 'cluster', [
    'version: 2.5.5, replicas: 200, tls: {extraSANs: [a b]}',
    'version: 2.5.5, replicas: 200, tls: {extraSANs: [a b]}, paused: true',
  ]),
  update(false, 'another value beyond the bound', 'cluster', [
    'version: 2.5.5, replicas: 200',
    'version: 2.5.5, replicas: 201',
  ]),
  update(false, 'a list without keys that grows beside a broken item', 'cluster', [
    'version: 2.5.5, tls: {extraSANs: [a b]}',
    'version: 2.5.5, tls: {extraSANs: [a b, c.test]}',
  ]),
  update(true, 'a list with keys that grows beside a broken item', 'cluster', [
    'version: 2.5.5, selfInit: {requests: [{name: 1a, operation: read, path: b}]}',
    'version: 2.5.5, selfInit: {requests: [{name: c, operation: read, path: b}, {name: 1a, operation: read, path: b}]}',
  ]),
];

const named = (cases: readonly ReviewCase[], prefix: string): readonly ReviewCase[] =>
  cases.map((each, index) => {
    const name = (text: string) => text.replace('NAME', `${prefix}-${index}`);
    return {
      ...each,
      text: name(each.text),
      ...(each.stored === undefined ? {} : { stored: name(each.stored) }),
    };
  });

/** Each with a name of its own. */
export const reviewCases: readonly ReviewCase[] = [
  ...named([...refusedClusters, ...acceptedClusters, ...otherClusters], 'cluster'),
  ...named([...refusedServices, ...acceptedServices], 'services'),
  ...named([...refusedRestores, ...acceptedRestores], 'restore'),
  ...named(updates, 'update'),
];

export const ratchetedCases = named(ratcheted, 'ratcheted');

/** The name of the object in a case. */
export const nameIn = (text: string): string => /name: (?<name>[^,}\n]+)/.exec(text)?.groups?.['name'] ?? '';

import { duration } from './fields.ts';
import type { StructuralSchema } from './structural.ts';

const reference = (description: string) =>
  ({
    type: 'object',
    description,
    additionalProperties: false,
    required: ['name'],
    properties: { name: { type: 'string', description: 'Its name.', minLength: 1, maxLength: 253 } },
  }) as const;

const request = (description: string) =>
  ({
    type: 'string',
    description: `${description} Any new value asks once, for example the current time.`,
    minLength: 1,
    maxLength: 128,
  }) as const;

const blueGreen = {
  type: 'object',
  description: 'How strategy BlueGreen goes about it.',
  additionalProperties: false,
  properties: {
    autoPromote: {
      type: 'boolean',
      description:
        'true when left out. false: once green is in sync, it waits for spec.upgrade.requests.promote.',
    },
    autoCleanup: {
      type: 'boolean',
      description:
        'true when left out. false: once green leads, it waits for spec.upgrade.requests.cleanup; until then a rollback is possible.',
    },
    preUpgradeSnapshot: {
      type: 'boolean',
      description: 'The same as spec.upgrade.preUpgradeSnapshot, for this strategy alone.',
    },
    maxJobFailures: {
      type: 'integer',
      format: 'int32',
      description: 'After that many failed Jobs in one phase it goes back; 3 when left out.',
      minimum: 1,
      maximum: 10,
    },
    verification: {
      type: 'object',
      description: 'What green must stand before it takes over, and before blue goes.',
      additionalProperties: false,
      properties: {
        minSyncDuration: duration('How long green stays in sync before it may take over; 0s when left out.'),
        cleanupDelay: duration('How long green leads before Cleanup begins; 0s when left out.'),
        prePromotionHook: {
          type: 'object',
          description:
            'A Job of your own that must succeed before green takes over. It runs once in each attempt; where its outcome is lost, a person decides.',
          additionalProperties: false,
          required: ['image'],
          properties: {
            image: { type: 'string', description: 'Its image.', minLength: 1, maxLength: 512 },
            command: {
              type: 'array',
              description: 'Its command.',
              maxItems: 64,
              items: { type: 'string', maxLength: 1024 },
            },
            args: {
              type: 'array',
              description: 'Its arguments.',
              maxItems: 64,
              items: { type: 'string', maxLength: 1024 },
            },
            timeoutSeconds: {
              type: 'integer',
              format: 'int32',
              description: 'How long it may take; 300 when left out.',
              minimum: 1,
              maximum: 86_400,
            },
          },
        },
      },
    },
    autoRollback: {
      type: 'object',
      description: 'When it goes back by itself; otherwise it holds and waits for a person.',
      additionalProperties: false,
      properties: {
        enabled: { type: 'boolean', description: 'true when left out. false: never.' },
        onJobFailure: {
          type: 'boolean',
          description: 'true when left out: after maxJobFailures, or when a step takes too long.',
        },
        onValidationFailure: {
          type: 'boolean',
          description: 'true when left out: when the hook before promotion fails.',
        },
      },
    },
  },
} as const satisfies StructuralSchema;

const upgrade = {
  type: 'object',
  description: 'How versions are changed.',
  additionalProperties: false,
  'x-kubernetes-validations': [
    {
      rule: '!has(self.image) || !has(self.executorImage) || self.image == self.executorImage',
      message:
        'upgrade.image is another name for upgrade.executorImage and says something else: leave it out',
    },
  ],
  properties: {
    strategy: {
      type: 'string',
      description:
        'RollingUpdate, when left out, replaces one pod after another, the highest ordinal first. BlueGreen lets a second set of pods of the new version join, moves votes and leadership to it, and removes the first; it needs twice the pods and volumes meanwhile.',
      enum: ['RollingUpdate', 'BlueGreen'],
    },
    executorImage: {
      type: 'string',
      description: "Image of the Jobs that carry out single steps; the controller's own when left out.",
      maxLength: 512,
    },
    image: { type: 'string', description: 'Another name for executorImage.', maxLength: 512 },
    jwtAuthRole: {
      type: 'string',
      description:
        'Role at auth/jwt-operator as which the Jobs log in, bound to the ServiceAccount <cluster>-upgrade-serviceaccount; rollguard-upgrade when left out. The default one is made at self-init; one named later you make yourself.',
      maxLength: 128,
    },
    preUpgradeSnapshot: {
      type: 'boolean',
      description: 'Takes and verifies a Raft snapshot before anything changes. Needs spec.backup.target.',
    },
    requests: {
      type: 'object',
      description: 'What a person asks for once.',
      additionalProperties: false,
      properties: {
        retry: request('Tries an upgrade again that holds, or a target that was given up.'),
        promote: request('Blue-green: lets the green half take over, where autoPromote is false.'),
        rollback: request('Blue-green: goes back to the blue half, as long as that is possible.'),
        cleanup: request('Blue-green: lets Cleanup begin, where autoCleanup is false.'),
      },
    },
    blueGreen,
  },
} as const satisfies StructuralSchema;

const backup = {
  type: 'object',
  description: 'Where snapshots go.',
  additionalProperties: false,
  properties: {
    target: {
      type: 'object',
      description: 'The store.',
      additionalProperties: false,
      // Not by `required`: the gate must go on reading what is stored without it.
      'x-kubernetes-validations': [
        { rule: 'has(self.provider)', message: 'needs provider: s3 or pvc' },
        {
          rule: "!has(self.provider) || self.provider != 'pvc' || (has(self.claimName) && self.claimName != '')",
          message: 'provider: pvc needs claimName, the PersistentVolumeClaim that holds the snapshots',
        },
        {
          rule: "!has(self.provider) || self.provider != 's3' || (has(self.bucket) && self.bucket != '' && has(self.endpoint) && self.endpoint != '')",
          message: 'provider: s3 needs bucket and endpoint, the URL of the store',
        },
      ],
      properties: {
        provider: {
          type: 'string',
          description: 's3: any S3-compatible store. pvc: a PersistentVolumeClaim.',
          enum: ['s3', 'pvc'],
        },
        endpoint: { type: 'string', description: 'URL of the S3 store.', maxLength: 512 },
        bucket: { type: 'string', description: 'Bucket.', maxLength: 63 },
        region: { type: 'string', description: 'Region; us-east-1 when left out.', maxLength: 64 },
        pathPrefix: {
          type: 'string',
          description: 'What the names of snapshots begin with.',
          maxLength: 256,
        },
        usePathStyle: { type: 'boolean', description: 'Bucket in the path instead of the host name.' },
        credentialsSecretRef: reference(
          'Secret with accessKeyId, secretAccessKey and, if needed, sessionToken.',
        ),
        caSecretRef: reference('Secret whose key ca.crt holds the CA of the endpoint.'),
        claimName: {
          type: 'string',
          description: 'For pvc: the PersistentVolumeClaim, in the namespace of the cluster.',
          maxLength: 253,
        },
      },
    },
    jwtAuthRole: {
      type: 'string',
      description:
        'Role at auth/jwt-operator as which snapshots are taken, bound to the ServiceAccount <cluster>-backup-serviceaccount; rollguard-backup when left out. The default one is made at self-init; one named later you make yourself.',
      maxLength: 128,
    },
  },
} as const satisfies StructuralSchema;

const selfInit = {
  type: 'object',
  description: 'How the cluster initializes itself, once, on pod 0.',
  additionalProperties: false,
  properties: {
    enabled: {
      type: 'boolean',
      description:
        'true when left out. false: somebody else initializes it and sets up auth/jwt-operator; until then it holds with SelfInitRequired.',
    },
    requests: {
      type: 'array',
      description: "Requests made with the first root token, after Rollguard's own and before it is revoked.",
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      maxItems: 64,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name', 'operation', 'path'],
        properties: {
          name: {
            type: 'string',
            description: 'Unique; letters, digits, _ and -, and no digit or - first.',
            minLength: 1,
            maxLength: 64,
            'x-kubernetes-validations': [
              {
                rule: "self.matches('^[A-Za-z_][A-Za-z0-9_-]*$')",
                message: 'must begin with a letter or _ and hold letters, digits, _ and - alone',
              },
            ],
          },
          operation: {
            type: 'string',
            description: 'What to do at the path.',
            enum: ['create', 'read', 'update', 'delete', 'list', 'patch'],
          },
          path: { type: 'string', description: 'API path without /v1/.', minLength: 1, maxLength: 256 },
          data: {
            type: 'object',
            description: 'Body of the request. It is stored in a ConfigMap: no secrets here.',
            'x-kubernetes-preserve-unknown-fields': true,
          },
          allowFailure: { type: 'boolean', description: 'Goes on when this one fails.' },
        },
      },
    },
  },
} as const satisfies StructuralSchema;

const tls = {
  type: 'object',
  description: 'Encryption of the API listener.',
  additionalProperties: false,
  properties: {
    enabled: {
      type: 'boolean',
      description: 'true when left out; false only in profile Development. It stays as it was at first.',
    },
    mode: {
      type: 'string',
      description:
        'OperatorManaged: a CA and a certificate of its own, rotated. External: the Secrets <cluster>-tls-ca (ca.crt) and <cluster>-tls-server (tls.crt, tls.key) are yours, and you renew them. With the cluster NAME in the namespace NS the certificate needs the names *.NAME.NS.svc, those of the Services NAME, NAME-public and NAME-active (such as NAME-active.NS.svc), localhost and 127.0.0.1.',
      enum: ['OperatorManaged', 'External'],
    },
    rotationPeriod: duration('How long before its end the certificate is replaced; 720h when left out.'),
    extraSANs: {
      type: 'array',
      description: 'Further DNS names and IP addresses of the certificate.',
      'x-kubernetes-list-type': 'atomic',
      maxItems: 64,
      items: {
        type: 'string',
        maxLength: 253,
        'x-kubernetes-validations': [
          {
            rule: "self.matches('^([*][.])?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$') || self.matches('^[0-9a-fA-F:.]+$')",
            message: 'must be a DNS name, at most one * as its first label, or an IP address',
          },
        ],
      },
    },
  },
} as const satisfies StructuralSchema;

const raft = {
  type: 'object',
  description:
    "Raft storage. What is left out has Rollguard's production values, not OpenBao's slow defaults.",
  additionalProperties: false,
  properties: {
    performanceMultiplier: {
      type: 'integer',
      format: 'int32',
      description: 'Scales heartbeat and election time-outs of 1 s; 1 when left out.',
      minimum: 1,
      maximum: 10,
    },
    autopilotReconcileInterval: duration('How often membership is adjusted; 1s when left out.'),
    autopilotUpdateInterval: duration('How often health is judged; 500ms when left out.'),
    serverStabilizationTime: duration(
      'How long a new member must be healthy to become a voter; 3s when left out. Set at self-init; later: sys/storage/raft/autopilot/configuration.',
    ),
  },
} as const satisfies StructuralSchema;

/** CEL: whether a spec does without TLS. */
const plain = (spec: 'self' | 'oldSelf') =>
  `(has(${spec}.tls) && has(${spec}.tls.enabled) && !${spec}.tls.enabled)` as const;

/** `OpenBaoCluster.spec`: what a person or Git asks for. */
export const openBaoClusterSpec = {
  type: 'object',
  description: 'What the cluster should be.',
  additionalProperties: false,
  required: ['version'],
  'x-kubernetes-validations': [
    {
      rule: `!${plain('self')} || (has(self.profile) && self.profile == 'Development')`,
      message: 'tls.enabled: false needs profile: Development',
    },
    {
      rule: `${plain('self')} == ${plain('oldSelf')}`,
      message:
        'tls.enabled cannot change, because members with and without TLS do not reach each other: put it back; for the other setting create another OpenBaoCluster and move the data there',
    },
  ],
  properties: {
    version: {
      type: 'string',
      description:
        'OpenBao version, a semantic version such as 2.5.5 (a leading v is allowed). It never goes back below a version that has run.',
      minLength: 1,
      maxLength: 128,
    },
    image: {
      type: 'string',
      description:
        'Container image; openbao/openbao:<version> when left out. A tag must say the same version (a + in the version is a _ in the tag).',
      maxLength: 512,
    },
    replicas: {
      type: 'integer',
      format: 'int32',
      description: 'Members of the Raft cluster; 3 when left out. An odd number survives the most failures.',
      minimum: 1,
      maximum: 99,
    },
    profile: {
      type: 'string',
      description: 'Hardened (when left out) requires TLS. Development allows tls.enabled: false.',
      enum: ['Hardened', 'Development'],
    },
    paused: {
      type: 'boolean',
      description: 'Starts no new step while true. Changing it is always allowed.',
    },
    breakGlassAck: {
      type: 'string',
      description: 'The value of status.breakGlass.nonce: the incident is repaired, automation may go on.',
      maxLength: 128,
    },
    maintenance: {
      type: 'object',
      description: 'Planned work by hand on the pods of this cluster.',
      additionalProperties: false,
      properties: {
        enabled: {
          type: 'boolean',
          description:
            'Pods carry the annotation openbao.org/maintenance=true while true, so that whoever has the verb "maintenance" may delete them.',
        },
        restartAt: {
          type: 'string',
          format: 'date-time',
          description: 'A new value restarts every pod, one after another, as an upgrade would.',
        },
      },
    },
    upgrade,
    backup,
    selfInit,
    tls,
    unseal: {
      type: 'object',
      description: 'How members unseal themselves.',
      additionalProperties: false,
      properties: {
        type: {
          type: 'string',
          description: 'static: with the key in the Secret <cluster>-unseal-key, made once. Back it up.',
          enum: ['static'],
        },
      },
    },
    storage: {
      type: 'object',
      description:
        'The volume of each member. Read when the StatefulSet is made; later changes have no effect. Enlarge at the PersistentVolumeClaim.',
      additionalProperties: false,
      properties: {
        size: { type: 'string', description: 'A quantity; 10Gi when left out.', maxLength: 32 },
        storageClassName: {
          type: 'string',
          description: "The cluster's default when left out.",
          maxLength: 253,
        },
      },
    },
    resources: {
      type: 'object',
      description: 'Of the OpenBao container. Quote numbers.',
      additionalProperties: false,
      properties: {
        requests: {
          type: 'object',
          description: 'What it is sure to get.',
          additionalProperties: { type: 'string' },
          maxProperties: 16,
        },
        limits: {
          type: 'object',
          description: 'What it may use at most.',
          additionalProperties: { type: 'string' },
          maxProperties: 16,
        },
      },
    },
    network: {
      type: 'object',
      description: 'What the NetworkPolicy of the cluster allows beyond its own needs.',
      additionalProperties: false,
      properties: {
        egressRules: {
          type: 'array',
          description:
            "NetworkPolicyEgressRules: further egress of the members, for example to an identity provider. Jobs are under no policy of Rollguard's.",
          'x-kubernetes-list-type': 'atomic',
          maxItems: 64,
          items: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        },
      },
    },
    configuration: {
      type: 'object',
      description: "OpenBao's own settings.",
      additionalProperties: false,
      properties: { raft },
    },
    deletionPolicy: {
      type: 'string',
      description:
        'What goes with the OpenBaoCluster. Retain (when left out): volumes and unseal key stay. DeletePVCs: volumes go. DeleteAll: the unseal key goes too, and with it every snapshot made with it. Under the last two the gate asks for a confirmation: the annotation rollguard.io/confirm-delete with the uid of the cluster.',
      enum: ['Retain', 'DeletePVCs', 'DeleteAll'],
    },
  },
} as const satisfies StructuralSchema;

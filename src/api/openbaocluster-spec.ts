import { argument, duration } from './fields.ts';
import type { StructuralSchema } from './structural.ts';
import { unseal } from './unseal.ts';

const reference = (description: string) =>
  ({
    type: 'object',
    description,
    additionalProperties: false,
    required: ['name'],
    properties: {
      name: { type: 'string', description: 'Name of the referenced object.', minLength: 1, maxLength: 253 },
    },
  }) as const;

const request = (description: string) =>
  ({
    type: 'string',
    description: `${description} Any new value, for example the current time, is one request.`,
    minLength: 1,
    maxLength: 128,
  }) as const;

const blueGreen = {
  type: 'object',
  description: 'Settings of the strategy BlueGreen.',
  additionalProperties: false,
  properties: {
    autoPromote: {
      type: 'boolean',
      description:
        'Whether the green pods are promoted as soon as they are in sync. If false, the upgrade waits for spec.upgrade.requests.promote. Defaults to true.',
    },
    autoCleanup: {
      type: 'boolean',
      description:
        'Whether the blue pods are removed as soon as a green member is the leader. If false, the upgrade waits for spec.upgrade.requests.cleanup, and a rollback is possible until then. Defaults to true.',
    },
    preUpgradeSnapshot: {
      type: 'boolean',
      description:
        'Whether a Raft snapshot is taken and verified before an upgrade with this strategy, even if spec.upgrade.preUpgradeSnapshot is false. Needs spec.backup.target. Defaults to false.',
    },
    maxJobFailures: {
      type: 'integer',
      format: 'int32',
      description:
        'Number of failed Jobs in one phase after which the upgrade is rolled back. Defaults to 3.',
      minimum: 1,
      maximum: 10,
    },
    verification: {
      type: 'object',
      description:
        'Checks that the green pods must pass before they are promoted and before the blue pods are removed.',
      additionalProperties: false,
      properties: {
        minSyncDuration: duration(
          'How long the green pods must stay in sync before they may be promoted. Defaults to 0s.',
        ),
        cleanupDelay: duration(
          'How long a green member must have been the leader before Cleanup begins. Defaults to 0s.',
        ),
        prePromotionHook: {
          type: 'object',
          description:
            'A Job of your own that must succeed before the green pods are promoted. It runs once in each attempt. If its outcome is lost, the upgrade is held until a person decides.',
          additionalProperties: false,
          required: ['image'],
          properties: {
            image: {
              type: 'string',
              description: 'Container image of the Job.',
              minLength: 1,
              maxLength: 512,
            },
            command: {
              type: 'array',
              description:
                'Command of the container, in which Kubernetes replaces $(NAME) by the value of a variable. Defaults to the entrypoint of the image.',
              maxItems: 64,
              items: { type: 'string', maxLength: 1024 },
            },
            args: {
              type: 'array',
              description:
                'Arguments of the command, in which Kubernetes replaces $(NAME) by the value of a variable. Defaults to the arguments of the image.',
              maxItems: 64,
              items: { type: 'string', maxLength: 1024 },
            },
            timeoutSeconds: {
              type: 'integer',
              format: 'int32',
              description: 'Number of seconds that the Job may take. Defaults to 300.',
              minimum: 1,
              maximum: 86_400,
            },
          },
        },
      },
    },
    autoRollback: {
      type: 'object',
      description:
        'When an upgrade is rolled back automatically. In all other cases it is held until a person acts.',
      additionalProperties: false,
      properties: {
        enabled: {
          type: 'boolean',
          description: 'Whether an upgrade is ever rolled back automatically. Defaults to true.',
        },
        onJobFailure: {
          type: 'boolean',
          description:
            'Whether an upgrade is rolled back after maxJobFailures failed Jobs, or when a step takes too long. Defaults to true.',
        },
        onValidationFailure: {
          type: 'boolean',
          description:
            'Whether an upgrade is rolled back when the pre-promotion hook fails. Defaults to true.',
        },
      },
    },
  },
} as const satisfies StructuralSchema;

const upgrade = {
  type: 'object',
  description: 'Settings for changes of the version.',
  additionalProperties: false,
  'x-kubernetes-validations': [
    {
      rule: '!has(self.image) || !has(self.executorImage) || self.image == self.executorImage',
      message: 'upgrade.image is another name for upgrade.executorImage and has another value: leave it out',
    },
  ],
  properties: {
    strategy: {
      type: 'string',
      description:
        'Strategy of upgrades. RollingUpdate replaces one pod after another, beginning with the highest ordinal. BlueGreen adds a second set of pods with the new version, moves votes and leadership to it, and removes the first set; meanwhile it needs twice the pods and volumes. Defaults to RollingUpdate.',
      enum: ['RollingUpdate', 'BlueGreen'],
    },
    executorImage: {
      type: 'string',
      description:
        'Container image of the Jobs that carry out single steps. Defaults to the image of the controller.',
      maxLength: 512,
    },
    image: {
      type: 'string',
      description: 'Another name for spec.upgrade.executorImage. Defaults to its value.',
      maxLength: 512,
    },
    jwtAuthRole: {
      type: 'string',
      description:
        'Role at auth/jwt-operator with which the Jobs log in, bound to the ServiceAccount <cluster>-upgrade-serviceaccount. The default role is created at self-init; create any other role yourself. Defaults to rollguard-upgrade.',
      maxLength: 128,
    },
    preUpgradeSnapshot: {
      type: 'boolean',
      description:
        'Whether a Raft snapshot is taken and verified before an upgrade changes anything. Needs spec.backup.target. Defaults to false.',
    },
    requests: {
      type: 'object',
      description: 'Requests of a person, each carried out once.',
      additionalProperties: false,
      properties: {
        retry: request('Retries an upgrade that is held, or a target that was rejected after a rollback.'),
        promote: request('Promotes the green pods of a blue-green upgrade whose autoPromote is false.'),
        rollback: request('Rolls a blue-green upgrade back to the blue pods, as long as that is possible.'),
        cleanup: request('Starts Cleanup of a blue-green upgrade whose autoCleanup is false.'),
      },
    },
    blueGreen,
  },
} as const satisfies StructuralSchema;

const backup = {
  type: 'object',
  description: 'Settings for snapshots of the cluster.',
  additionalProperties: false,
  properties: {
    target: {
      type: 'object',
      description: 'The store that snapshots are written to.',
      additionalProperties: false,
      // Not by `required`: the gate must go on reading what is stored without it.
      'x-kubernetes-validations': [
        { rule: 'has(self.provider)', message: 'provider is required: s3 or pvc' },
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
          description:
            'Kind of the store: s3 for any S3-compatible store, pvc for a PersistentVolumeClaim. Required.',
          enum: ['s3', 'pvc'],
        },
        endpoint: argument('URL of the S3 store. Required for s3.', 512),
        bucket: argument('Name of the S3 bucket. Required for s3.', 63),
        region: argument('Region of the S3 store. Defaults to us-east-1.', 64),
        pathPrefix: argument(
          'Path in the store that all snapshots are written below. Defaults to the root of the store.',
          256,
        ),
        usePathStyle: {
          type: 'boolean',
          description:
            'Whether requests carry the bucket in the URL path instead of the host name. Defaults to false.',
        },
        credentialsSecretRef: reference(
          'The Secret with the credentials of the S3 store: accessKeyId, secretAccessKey and, if needed, sessionToken.',
        ),
        caSecretRef: reference('The Secret whose key ca.crt holds the CA certificate of the endpoint.'),
        claimName: {
          type: 'string',
          description:
            'Name of the PersistentVolumeClaim, in the namespace of the cluster. Required for pvc.',
          maxLength: 253,
        },
      },
    },
    jwtAuthRole: {
      type: 'string',
      description:
        'Role at auth/jwt-operator with which snapshots are taken, bound to the ServiceAccount <cluster>-backup-serviceaccount. The default role is created at self-init; create any other role yourself. Defaults to rollguard-backup.',
      maxLength: 128,
    },
  },
} as const satisfies StructuralSchema;

const selfInit = {
  type: 'object',
  description: 'How the cluster is initialized, once, by pod 0.',
  additionalProperties: false,
  properties: {
    enabled: {
      type: 'boolean',
      description:
        'Whether the cluster initializes itself. If false, you initialize it and set up auth/jwt-operator; until then the cluster is held with the reason SelfInitRequired. Defaults to true.',
    },
    requests: {
      type: 'array',
      description:
        "Requests that are made with the initial root token, after Rollguard's own requests and before the token is revoked.",
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
            description:
              'Name of the request, unique in the list. It has letters, digits, _ and -, and does not begin with a digit or -.',
            minLength: 1,
            maxLength: 64,
            'x-kubernetes-validations': [
              {
                rule: "self.matches('^[A-Za-z_][A-Za-z0-9_-]*$')",
                message: 'must begin with a letter or _ and have only letters, digits, _ and -',
              },
            ],
          },
          operation: {
            type: 'string',
            description: 'Operation to perform at the path.',
            enum: ['create', 'read', 'update', 'delete', 'list', 'patch'],
          },
          path: {
            type: 'string',
            description: 'API path of the request, without /v1/.',
            minLength: 1,
            maxLength: 256,
          },
          data: {
            type: 'object',
            description: 'Body of the request. It is stored in a ConfigMap, so it must not contain secrets.',
            maxProperties: 64,
            'x-kubernetes-preserve-unknown-fields': true,
          },
          allowFailure: {
            type: 'boolean',
            description: 'Whether self-init continues if this request fails. Defaults to false.',
          },
        },
      },
    },
  },
} as const satisfies StructuralSchema;

const tls = {
  type: 'object',
  description: 'Settings for TLS of the API listener.',
  additionalProperties: false,
  properties: {
    enabled: {
      type: 'boolean',
      description:
        'Whether the API listener uses TLS. It can be false only in the profile Development, and cannot change later. Defaults to true.',
    },
    mode: {
      type: 'string',
      description:
        'Who provides the certificates. OperatorManaged: the controller creates a CA and a server certificate, and rotates them. External: you provide and renew the Secrets <cluster>-tls-ca (ca.crt) and <cluster>-tls-server (tls.crt, tls.key). For the cluster NAME in the namespace NS the server certificate needs the names *.NAME.NS.svc, those of the Services NAME, NAME-public and NAME-active (such as NAME-active.NS.svc), localhost and 127.0.0.1. Defaults to OperatorManaged.',
      enum: ['OperatorManaged', 'External'],
    },
    rotationPeriod: duration(
      'How long before its expiry the server certificate is replaced. Defaults to 720h.',
    ),
    extraSANs: {
      type: 'array',
      description: 'Additional DNS names and IP addresses of the server certificate.',
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
    "Settings of the Raft storage. If a setting is not set, it has Rollguard's value for production, not the slower one of OpenBao.",
  additionalProperties: false,
  properties: {
    performanceMultiplier: {
      type: 'integer',
      format: 'int32',
      description: 'Factor that the heartbeat and election timeouts of 1 s are multiplied by. Defaults to 1.',
      minimum: 1,
      maximum: 10,
    },
    autopilotReconcileInterval: duration('How often autopilot adjusts the membership. Defaults to 1s.'),
    autopilotUpdateInterval: duration(
      'How often autopilot evaluates the health of the members. Defaults to 500ms.',
    ),
    serverStabilizationTime: duration(
      'How long a new member must be healthy before it becomes a voter. It is set at self-init; change it later at sys/storage/raft/autopilot/configuration. Defaults to 3s.',
    ),
  },
} as const satisfies StructuralSchema;

/** CEL: whether a spec does without TLS. */
const plain = (spec: 'self' | 'oldSelf') =>
  `(has(${spec}.tls) && has(${spec}.tls.enabled) && !${spec}.tls.enabled)` as const;

/** `OpenBaoCluster.spec`: what a person or Git asks for. */
export const openBaoClusterSpec = {
  type: 'object',
  description: 'Desired state of the cluster.',
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
        'OpenBao version of the cluster, a semantic version such as 2.6.2 (a leading v is allowed). It cannot be lower than a version that has already run.',
      minLength: 1,
      maxLength: 128,
    },
    image: {
      type: 'string',
      description:
        'Container image of OpenBao. Its tag, if any, must name the same version as spec.version (a + in the version is a _ in the tag). Defaults to openbao/openbao:<version>.',
      maxLength: 512,
    },
    replicas: {
      type: 'integer',
      format: 'int32',
      description:
        'Number of members of the Raft cluster. An odd number tolerates the most failures. Defaults to 3.',
      minimum: 1,
      maximum: 99,
    },
    profile: {
      type: 'string',
      description:
        'Security profile of the cluster. Hardened requires TLS; Development allows tls.enabled: false. Defaults to Hardened.',
      enum: ['Hardened', 'Development'],
    },
    paused: {
      type: 'boolean',
      description:
        'Whether the controller starts no new step. Changing it is always allowed. Defaults to false.',
    },
    breakGlassAck: {
      type: 'string',
      description:
        'Acknowledgement of an incident: the value of status.breakGlass.nonce. It says that the incident is repaired and that automation may continue.',
      maxLength: 128,
    },
    maintenance: {
      type: 'object',
      description: 'Settings for manual maintenance of the pods of this cluster.',
      additionalProperties: false,
      properties: {
        enabled: {
          type: 'boolean',
          description:
            'Whether the pods carry the annotation openbao.org/maintenance=true, so that users with the verb "maintenance" may delete them; and whether upgrades and restarts may stop the last member that holds the keys of a sealable namespace. Defaults to false.',
        },
        restartAt: {
          type: 'string',
          format: 'date-time',
          description:
            'Request to restart every pod, one after another, as an upgrade does. Any new value is one request.',
        },
      },
    },
    upgrade,
    backup,
    selfInit,
    tls,
    unseal,
    storage: {
      type: 'object',
      description:
        'The volume of each member. It is read when a StatefulSet is created, also that of a blue-green upgrade, whose volumes are never smaller than the largest that there is; other changes have no effect. To enlarge a volume, edit its PersistentVolumeClaim.',
      additionalProperties: false,
      properties: {
        size: {
          type: 'string',
          description: 'Size of each volume, a quantity such as 10Gi. Defaults to 10Gi.',
          maxLength: 32,
        },
        storageClassName: {
          type: 'string',
          description:
            'Name of the StorageClass of the volumes. Defaults to the default StorageClass of the Kubernetes cluster.',
          maxLength: 253,
        },
      },
    },
    resources: {
      type: 'object',
      description:
        'Compute resources of the OpenBao container. Write numbers in quotes. A changed value waits for the next upgrade or restart (status.pendingRestart).',
      additionalProperties: false,
      properties: {
        requests: {
          type: 'object',
          description:
            'Compute resources that the container requests, by name. Defaults to a cpu of 100m and a memory of 256Mi, each where neither requests nor limits name it; 0 requests none. A LimitRange of the namespace may require other values.',
          additionalProperties: { type: 'string', maxLength: 64 },
          maxProperties: 16,
        },
        limits: {
          type: 'object',
          description:
            'Compute resources that the container may use at most, by name. Defaults to no limits. A member that needs more memory than its limit is killed.',
          additionalProperties: { type: 'string', maxLength: 64 },
          maxProperties: 16,
        },
      },
    },
    network: {
      type: 'object',
      description: 'Traffic that the NetworkPolicy of the cluster allows beyond what OpenBao needs.',
      additionalProperties: false,
      properties: {
        egressRules: {
          type: 'array',
          description:
            'Additional egress rules of the members (NetworkPolicyEgressRule), for example to an identity provider. They do not apply to Jobs, which no NetworkPolicy of Rollguard selects.',
          'x-kubernetes-list-type': 'atomic',
          maxItems: 64,
          items: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        },
      },
    },
    configuration: {
      type: 'object',
      description: 'Settings of the OpenBao configuration file.',
      additionalProperties: false,
      properties: { raft },
    },
    deletionPolicy: {
      type: 'string',
      description:
        'What is deleted together with the OpenBaoCluster. Retain: the volumes and the unseal key are kept. DeletePVCs: the volumes are deleted. DeleteAll: the unseal key of unseal.type static is deleted too, and without it no snapshot made with it can be opened. DeletePVCs and DeleteAll need a confirmation before the deletion: the annotation rollguard.io/confirm-delete with the uid of the cluster. Without it, or if the value was set after the deletion began, everything is kept. Defaults to Retain.',
      enum: ['Retain', 'DeletePVCs', 'DeleteAll'],
    },
  },
} as const satisfies StructuralSchema;

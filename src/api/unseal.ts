import type { StructuralSchema } from './structural.ts';

/**
 * `spec.unseal`. Fields are those of OpenBao's seal stanza, in camel case (`kmsKeyId` is `kms_key_id`); what is secret
 * is no field, but an entry of the Secret that `credentialsSecretRef` names.
 */

const setting = (description: string, maxLength = 256) =>
  ({ type: 'string', description, minLength: 1, maxLength }) as const;

const flag = (description: string) =>
  ({ type: 'boolean', description: `${description} Defaults to false.` }) as const;

/** Not by `required`: the gate must go on reading what another operator has stored without it. */
const needs = (...fields: readonly string[]) =>
  fields.map((field) => ({ rule: `has(self.${field})`, message: `${field} is required` }));

const transit = {
  type: 'object',
  description:
    'The seal transit: a key of the transit secrets engine of another OpenBao. Its token is the entry token of the Secret of credentialsSecretRef.',
  additionalProperties: false,
  'x-kubernetes-validations': needs('address', 'mountPath', 'keyName'),
  properties: {
    address: {
      ...setting('URL of the OpenBao that holds the key, such as https://bao.example:8200.', 512),
      'x-kubernetes-validations': [
        {
          rule: "self.matches('^https?://[^/?#@]+/?$')",
          message: 'must be a URL such as https://bao.example:8200',
        },
      ],
    },
    mountPath: setting('Path that the transit secrets engine is mounted at.', 128),
    keyName: setting('Name of the transit key.', 128),
    namespace: setting('Namespace of the transit secrets engine. Defaults to the root namespace.', 128),
    disableRenewal: flag('Whether the token is not renewed; it then ends with its TTL.'),
    tlsServerName: setting(
      'Name that the certificate of the address must have. Defaults to the host of the address.',
    ),
    tlsSkipVerify: flag('Whether the certificate of the address is not verified.'),
  },
} as const satisfies StructuralSchema;

const awskms = {
  type: 'object',
  description: 'The seal awskms: a key of AWS KMS.',
  additionalProperties: false,
  'x-kubernetes-validations': needs('kmsKeyId'),
  properties: {
    kmsKeyId: setting('ID, ARN or alias of the KMS key.', 400),
    region: setting('AWS region of the key. Defaults to us-east-1.', 64),
    endpoint: setting('URL of the KMS API. Defaults to the endpoint of the region.', 512),
  },
} as const satisfies StructuralSchema;

const gcpckms = {
  type: 'object',
  description: 'The seal gcpckms: a key of Google Cloud KMS.',
  additionalProperties: false,
  'x-kubernetes-validations': needs('project', 'region', 'keyRing', 'cryptoKey'),
  properties: {
    project: setting('ID of the Google Cloud project of the key.', 64),
    region: setting('Location of the key ring.', 64),
    keyRing: setting('Name of the key ring.', 64),
    cryptoKey: setting('Name of the key.', 64),
  },
} as const satisfies StructuralSchema;

const azurekeyvault = {
  type: 'object',
  description: 'The seal azurekeyvault: a key of Azure Key Vault.',
  additionalProperties: false,
  'x-kubernetes-validations': needs('vaultName', 'keyName'),
  properties: {
    vaultName: setting('Name of the key vault.', 128),
    keyName: setting('Name of the key in the vault.', 128),
    tenantId: setting('ID of the tenant. Defaults to the one of the managed identity.', 64),
    clientId: setting('ID of the client or managed identity. Defaults to the one of the node.', 64),
    environment: setting('Azure environment of the vault. Defaults to AZUREPUBLICCLOUD.', 64),
    resource: setting('DNS suffix of the vault. Defaults to vault.azure.net.'),
  },
} as const satisfies StructuralSchema;

const ocikms = {
  type: 'object',
  description: 'The seal ocikms: a key of Oracle Cloud Infrastructure KMS.',
  additionalProperties: false,
  'x-kubernetes-validations': needs('keyId', 'cryptoEndpoint', 'managementEndpoint'),
  properties: {
    keyId: setting('OCID of the key.'),
    cryptoEndpoint: setting('URL of the cryptographic endpoint of the vault.', 512),
    managementEndpoint: setting('URL of the management endpoint of the vault.', 512),
    authTypeApiKey: flag(
      'Whether members authenticate with an API key, by the entry config of the Secret of credentialsSecretRef, instead of as instances.',
    ),
  },
} as const satisfies StructuralSchema;

const kmip = {
  type: 'object',
  description: 'The seal kmip: a key of a server that speaks KMIP.',
  additionalProperties: false,
  'x-kubernetes-validations': needs('endpoint', 'kmsKeyId'),
  properties: {
    endpoint: setting('Host and port of the KMIP server, such as kmip.example:5696.', 512),
    kmsKeyId: setting('ID of the key.'),
    serverName: setting(
      'Name that the certificate of the server must have. Defaults to the host of the endpoint.',
    ),
    timeout: {
      type: 'integer',
      format: 'int32',
      description: 'Number of seconds that an operation may take. Defaults to 10.',
      minimum: 1,
      maximum: 60,
    },
    encryptAlg: {
      type: 'string',
      description: 'Algorithm of the encryption. Defaults to AES_GCM.',
      enum: ['AES_GCM', 'RSA_OAEP_SHA256', 'RSA_OAEP_SHA384', 'RSA_OAEP_SHA512'],
    },
    tls12Ciphers: setting(
      'Cipher suites of TLS 1.2, separated by commas. Defaults to those of the Go standard library.',
      1024,
    ),
  },
} as const satisfies StructuralSchema;

const pkcs11 = {
  type: 'object',
  description:
    'The seal pkcs11: a key of a hardware security module. It needs an image that has its library, and before OpenBao 2.7 an HSM build of OpenBao.',
  additionalProperties: false,
  'x-kubernetes-validations': [
    ...needs('lib', 'keyLabel'),
    { rule: 'has(self.slot) || has(self.tokenLabel)', message: 'slot or tokenLabel is required' },
  ],
  properties: {
    lib: setting("Path of the module's PKCS#11 library in the image.", 512),
    slot: setting('Number of the slot. Defaults to the slot of tokenLabel.', 32),
    tokenLabel: setting('Label of the token in the slot. Defaults to any label.'),
    keyLabel: setting('Label of the key.', 128),
    keyId: setting('Hexadecimal ID of the key. Defaults to any ID.', 128),
    mechanism: setting('Mechanism of the encryption. Defaults to the best that the module has.', 64),
    rsaOaepHash: setting('Hash algorithm of RSA-OAEP. Defaults to sha256.', 16),
    disableSoftwareEncryption: flag('Whether the module encrypts RSA too, instead of OpenBao itself.'),
  },
} as const satisfies StructuralSchema;

const kms = {
  type: 'object',
  description: 'The seal of a KMS plugin that has no type of its own, from OpenBao 2.6 on.',
  additionalProperties: false,
  'x-kubernetes-validations': needs('name'),
  properties: {
    name: {
      ...setting('Name of the seal, which is the name that its plugin is registered by.', 64),
      'x-kubernetes-validations': [
        {
          rule: "self.matches('^[a-z0-9][a-z0-9-]*$')",
          message: 'must have only lower-case letters, digits and -',
        },
        {
          rule: "!self.matches('^(static|shamir|transit|awskms|gcpckms|azurekeyvault|ocikms|kmip|pkcs11)$')",
          message: 'has a type of its own: set spec.unseal.type to it',
        },
      ],
    },
    config: {
      type: 'object',
      description:
        'Settings of the seal, by the names that the plugin knows. They stand in the template of the pods, so they must not contain secrets; the entries of the Secret of credentialsSecretRef are files in /bao/seal.',
      additionalProperties: { type: 'string', maxLength: 1024 },
      maxProperties: 32,
    },
  },
} as const satisfies StructuralSchema;

const plugin = {
  type: 'object',
  description:
    'The KMS plugin of the seal. OpenBao 2.7 has no awskms, gcpckms, azurekeyvault, ocikms and pkcs11 of its own: set it before that upgrade. From OpenBao 2.6 on it takes the place of the seal that is built in.',
  additionalProperties: false,
  'x-kubernetes-validations': [
    ...needs('version', 'sha256sum'),
    {
      rule: 'has(self.image) != has(self.command)',
      message:
        'one of image (OpenBao downloads the plugin) and command (the image of OpenBao has it) is needed',
    },
    {
      rule: 'has(self.image) == has(self.binaryName)',
      message: 'image needs binaryName, the file of the plugin in that image; command needs none',
    },
    {
      rule: 'has(self.command) == has(self.directory)',
      message: 'command needs directory, the folder of the file; image needs none',
    },
  ],
  properties: {
    image: setting('OCI image that members download the plugin from, without a tag.', 512),
    binaryName: setting('Name of the file of the plugin in its image.'),
    command: setting('Name of the file of the plugin in the image of OpenBao.'),
    directory: {
      ...setting('Absolute path of the folder of the command in the image of OpenBao.'),
      'x-kubernetes-validations': [
        { rule: "self.matches('^/[A-Za-z0-9._/-]+$')", message: 'must be an absolute path' },
      ],
    },
    version: setting('Version of the plugin, which is the tag of its image, such as v0.1.0.', 128),
    sha256sum: {
      ...setting('SHA-256 sum of the file of the plugin, in 64 hexadecimal digits.', 64),
      'x-kubernetes-validations': [
        { rule: "self.matches('^[0-9a-f]{64}$')", message: 'must be 64 lower-case hexadecimal digits' },
      ],
    },
  },
} as const satisfies StructuralSchema;

/** Each seal that has an object of its own in `spec.unseal`, under its own name. */
const objects = { transit, awskms, gcpckms, azurekeyvault, ocikms, kmip, pkcs11, kms } as const;

/** The types of `spec.unseal`. */
export const sealTypes = [
  'static',
  'transit',
  'awskms',
  'gcpckms',
  'azurekeyvault',
  'ocikms',
  'kmip',
  'pkcs11',
  'kms',
] as const;

export const unseal = {
  type: 'object',
  description: 'How the members of the cluster unseal themselves.',
  additionalProperties: false,
  'x-kubernetes-validations': [
    ...(Object.keys(objects) as readonly (keyof typeof objects)[]).flatMap((type) => [
      {
        rule: `!has(self.type) || self.type != '${type}' || has(self.${type})`,
        message: `type: ${type} needs spec.unseal.${type}`,
      },
      {
        rule: `!has(self.${type}) || (has(self.type) && self.type == '${type}')`,
        message: `spec.unseal.${type} is only for type: ${type}`,
      },
    ]),
    {
      rule: "!has(self.type) || self.type != 'kms' || has(self.plugin)",
      message: 'type: kms needs spec.unseal.plugin, the plugin that knows the seal',
    },
    {
      rule: "!has(self.plugin) || (has(self.type) && self.type != 'static' && self.type != 'transit' && self.type != 'kmip')",
      message: 'OpenBao has static, transit and kmip itself: leave spec.unseal.plugin out',
    },
    {
      rule: "!has(self.credentialsSecretRef) || (has(self.type) && self.type != 'static')",
      message:
        'the key of type: static is made by the controller, in the Secret <cluster>-unseal-key: leave spec.unseal.credentialsSecretRef out',
    },
  ],
  properties: {
    type: {
      type: 'string',
      description:
        'Type of the seal. static: with the key in the Secret <cluster>-unseal-key, which is created once and which you must back up. All others ask a key service at every start, by the object of the same name; kms is any other KMS plugin. It cannot change once the cluster is initialized. Defaults to static.',
      enum: sealTypes,
    },
    ...objects,
    plugin,
    credentialsSecretRef: {
      type: 'object',
      description:
        'The Secret with what the members log in to the key service with. Members read it at their start. A newline at the end of an entry is taken off.',
      additionalProperties: false,
      required: ['name'],
      properties: {
        name: { type: 'string', description: 'Name of the referenced object.', minLength: 1, maxLength: 253 },
        keys: {
          type: 'array',
          description:
            'Entries of the Secret that members get, each named as the field of the seal stanza that it is for; the Secret must have all of them. Defaults to token (transit), access_key and secret_key (awskms), credentials (gcpckms), client_secret (azurekeyvault), config (ocikms), client_cert and client_key (kmip) and pin (pkcs11).',
          'x-kubernetes-list-type': 'set',
          minItems: 1,
          maxItems: 16,
          items: {
            type: 'string',
            maxLength: 64,
            'x-kubernetes-validations': [
              {
                rule: "self.matches('^[A-Za-z0-9_][A-Za-z0-9._-]*$')",
                message: 'must have only letters, digits, . _ and -',
              },
            ],
          },
        },
      },
    },
    serviceAccountAnnotations: {
      type: 'object',
      description:
        "Annotations on the members' ServiceAccount, by which a cloud gives them an identity, such as eks.amazonaws.com/role-arn.",
      additionalProperties: { type: 'string', maxLength: 1024 },
      maxProperties: 16,
    },
  },
} as const satisfies StructuralSchema;

import type { OpenBaoClusterSpec } from '../../../src/api/openbaocluster.ts';
import type { SealType } from '../../../src/core/model/seal.ts';
import { fingerprint } from '../../../src/core/model/fingerprint.ts';

type Unseal = NonNullable<OpenBaoClusterSpec['unseal']>;

interface ExampleSeal {
  /** With every setting that the type has. */
  readonly unseal: Unseal;
  /** As OpenBao's documentation of the seal names it. */
  readonly stanza: object;
  /** Which key it is, as status and snapshots have it. */
  readonly id: string;
}

const keys = (...named: readonly string[]) => ({
  credentialsSecretRef: { name: 'keys', ...(named.length === 0 ? {} : { keys: [...named] }) },
});
const ovhcloud = { endpoint: 'https://eu.okms.example', token: 'file:///bao/seal/token' };

/** One of each type, whole. */
export const seals: Readonly<Record<SealType, ExampleSeal>> = {
  static: {
    unseal: { type: 'static' },
    stanza: { static: { current_key_id: 'rollguard-1', current_key: 'file:///etc/bao/unseal/key' } },
    id: 'rollguard-1',
  },
  transit: {
    unseal: {
      type: 'transit',
      transit: {
        address: 'https://keys.example:8200',
        mountPath: 'transit/',
        keyName: 'prod',
        namespace: 'team',
        disableRenewal: true,
        tlsServerName: 'keys',
        tlsSkipVerify: false,
      },
      ...keys('token', 'tls_ca_cert'),
    },
    stanza: {
      transit: {
        address: 'https://keys.example:8200',
        mount_path: 'transit/',
        key_name: 'prod',
        namespace: 'team',
        disable_renewal: 'true',
        tls_server_name: 'keys',
        tls_skip_verify: 'false',
        token: 'file:///bao/seal/token',
        tls_ca_cert: '/bao/seal/tls_ca_cert',
      },
    },
    id: 'transit namespace=team mount_path=transit key_name=prod',
  },
  awskms: {
    unseal: {
      type: 'awskms',
      awskms: { kmsKeyId: 'alias/prod', region: 'eu-west-1', endpoint: 'https://kms.example' },
      ...keys(),
    },
    stanza: {
      awskms: {
        kms_key_id: 'alias/prod',
        region: 'eu-west-1',
        endpoint: 'https://kms.example',
        access_key: 'file:///bao/seal/access_key',
        secret_key: 'file:///bao/seal/secret_key',
      },
    },
    id: 'awskms kms_key_id=alias/prod',
  },
  gcpckms: {
    unseal: {
      type: 'gcpckms',
      gcpckms: { project: 'p', region: 'europe', keyRing: 'ring', cryptoKey: 'key' },
      ...keys(),
    },
    stanza: {
      gcpckms: {
        project: 'p',
        region: 'europe',
        key_ring: 'ring',
        crypto_key: 'key',
        credentials: '/bao/seal/credentials',
      },
    },
    id: 'gcpckms project=p region=europe key_ring=ring crypto_key=key',
  },
  azurekeyvault: {
    unseal: {
      type: 'azurekeyvault',
      azurekeyvault: {
        vaultName: 'vault',
        keyName: 'key',
        tenantId: 't',
        clientId: 'c',
        environment: 'AZUREPUBLICCLOUD',
        resource: 'vault.azure.net',
      },
      ...keys(),
      serviceAccountAnnotations: { 'azure.workload.identity/client-id': 'c' },
    },
    stanza: {
      azurekeyvault: {
        vault_name: 'vault',
        key_name: 'key',
        tenant_id: 't',
        client_id: 'c',
        environment: 'AZUREPUBLICCLOUD',
        resource: 'vault.azure.net',
        client_secret: 'file:///bao/seal/client_secret',
      },
    },
    id: 'azurekeyvault vault_name=vault key_name=key',
  },
  ocikms: {
    unseal: {
      type: 'ocikms',
      ocikms: {
        keyId: 'ocid1.key',
        cryptoEndpoint: 'https://crypto.example',
        managementEndpoint: 'https://management.example',
        authTypeApiKey: true,
      },
      ...keys('config', 'key.pem'),
    },
    stanza: {
      ocikms: {
        key_id: 'ocid1.key',
        crypto_endpoint: 'https://crypto.example',
        management_endpoint: 'https://management.example',
        auth_type_api_key: 'true',
      },
    },
    id: 'ocikms key_id=ocid1.key',
  },
  kmip: {
    unseal: {
      type: 'kmip',
      kmip: {
        endpoint: 'kmip.example:5696',
        kmsKeyId: '7',
        serverName: 'kmip',
        timeout: 5,
        encryptAlg: 'AES_GCM',
        tls12Ciphers: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
      },
      ...keys('client_cert', 'client_key', 'ca_cert'),
    },
    stanza: {
      kmip: {
        endpoint: 'kmip.example:5696',
        kms_key_id: '7',
        server_name: 'kmip',
        timeout: '5',
        encrypt_alg: 'AES_GCM',
        tls12_ciphers: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
        client_cert: '/bao/seal/client_cert',
        client_key: '/bao/seal/client_key',
        ca_cert: '/bao/seal/ca_cert',
      },
    },
    id: 'kmip kms_key_id=7',
  },
  pkcs11: {
    unseal: {
      type: 'pkcs11',
      pkcs11: {
        lib: '/usr/lib/hsm.so',
        slot: '0',
        tokenLabel: 'bao',
        keyLabel: 'key',
        keyId: '0x01',
        mechanism: 'CKM_AES_GCM',
        rsaOaepHash: 'sha256',
        disableSoftwareEncryption: false,
      },
      ...keys(),
    },
    stanza: {
      pkcs11: {
        lib: '/usr/lib/hsm.so',
        slot: '0',
        token_label: 'bao',
        key_label: 'key',
        key_id: '0x01',
        mechanism: 'CKM_AES_GCM',
        rsa_oaep_hash: 'sha256',
        disable_software_encryption: 'false',
        pin: 'file:///bao/seal/pin',
      },
    },
    id: 'pkcs11 key_label=key key_id=0x01',
  },
  kms: {
    unseal: {
      type: 'kms',
      kms: { name: 'ovhcloud', config: ovhcloud },
      plugin: {
        image: 'registry.example/kms-ovhcloud',
        binaryName: 'kms-ovhcloud',
        version: 'v0.1.0',
        sha256sum: 'a'.repeat(64),
      },
    },
    stanza: { ovhcloud },
    id: `ovhcloud settings=${fingerprint(ovhcloud)}`,
  },
};

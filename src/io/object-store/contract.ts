import type { OpenBaoClusterSpec } from '../../api/openbaocluster.ts';

/** `spec.backup.target` of an OpenBaoCluster. */
export type StoreTarget = NonNullable<NonNullable<OpenBaoClusterSpec['backup']>['target']>;

/** What opens the store; which of it is needed depends on the provider. */
export interface StoreCredentials {
  /** Of the Secret that `credentialsSecretRef` names. */
  readonly accessKeyId?: string | undefined;
  readonly secretAccessKey?: string | undefined;
  readonly sessionToken?: string | undefined;
  /** PEM: the only CAs that may vouch for the endpoint. Without it, those that Node.js knows. */
  readonly ca?: string | undefined;
  /** For `pvc`: where the claim is mounted. */
  readonly folder?: string | undefined;
}

export interface StoreLimits {
  /** Milliseconds until a connection must stand. */
  readonly connectMs: number;
  /** Milliseconds without a byte moving after which a call fails as `Stalled`. */
  readonly stallMs: number;
  /** Bytes that are sent at a time, and held in memory. S3 wants 5 MiB or more, and takes 10 000 parts. */
  readonly partBytes: number;
}

export interface StoreOptions {
  /** Ends the call; it then throws the signal's reason. Give it a deadline. */
  readonly signal?: AbortSignal | undefined;
}

/** What was stored. */
export interface StoredObject {
  /** Bytes. */
  readonly size: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

export interface ObjectInfo {
  /** Bytes. */
  readonly size: number;
  /** When it was stored, RFC 3339. */
  readonly modifiedAt: string;
}

/**
 * Objects under keys such as `prefix/namespace/cluster/name.snap`.
 *
 * Each method throws StoreError, or the reason of its signal. What a failed call began is taken
 * back as far as the store answers.
 */
export interface ObjectStore {
  /**
   * Stores a stream of any length; nobody sees the object before it is whole. A folder refuses a key
   * that is there (`AlreadyExists`); S3 replaces the object.
   */
  put(key: string, content: AsyncIterable<Uint8Array>, options?: StoreOptions): Promise<StoredObject>;
  /** The content. The store is asked when it is first read. */
  get(key: string, options?: StoreOptions): AsyncIterable<Uint8Array>;
  /** Undefined when there is no such object. */
  head(key: string, options?: StoreOptions): Promise<ObjectInfo | undefined>;
  /** It is no error when there is no such object. */
  remove(key: string, options?: StoreOptions): Promise<void>;
  /** Whether all that a snapshot needs is allowed: stores, reads and removes a small object. */
  probe(options?: StoreOptions): Promise<void>;
  /** Drops the connections; calls under way fail. */
  close(): Promise<void>;
}

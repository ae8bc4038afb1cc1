import type { UserInfo } from './kubernetes.ts';
import { parser } from './parse.ts';

/** What the API server asks (admission.k8s.io/v1 AdmissionRequest), the fields that we read. */
export interface AdmissionRequest {
  readonly uid: string;
  readonly kind: GroupVersionKind;
  readonly resource: { readonly group: string; readonly version: string; readonly resource: string };
  readonly subResource?: string;
  /** Absent in a deletecollection, and on CREATE with generateName. */
  readonly name?: string;
  readonly namespace?: string;
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  readonly userInfo: UserInfo;
  readonly object?: object | null;
  readonly oldObject?: object | null;
  readonly dryRun?: boolean;
  /** DeleteOptions of a DELETE; other operations have other ones. */
  readonly options?: DeleteOptions | null;
}

/** How long what is deleted may take to end; 0 waits for nothing. */
export interface DeleteOptions {
  readonly gracePeriodSeconds?: number | null;
}

interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** What we answer (admission.k8s.io/v1 AdmissionResponse). `patch` and `patchType` come together or not at all. */
export interface AdmissionResponse {
  readonly uid: string;
  readonly allowed: boolean;
  readonly status?: { readonly code: number; readonly reason: string; readonly message: string };
  readonly warnings?: readonly string[];
  /** JSON Patch, base64. */
  readonly patch?: string;
  readonly patchType?: 'JSONPatch';
  readonly auditAnnotations?: Readonly<Record<string, string>>;
}

interface AdmissionReview {
  readonly apiVersion: 'admission.k8s.io/v1';
  readonly kind: 'AdmissionReview';
  readonly request: AdmissionRequest;
}

const text = { type: 'string' } as const;
const anyObject = { type: 'object', nullable: true } as const;
const deleteOptions = {
  type: 'object',
  nullable: true,
  properties: { gracePeriodSeconds: { type: 'integer', nullable: true } },
} as const;

/**
 * Reads an AdmissionReview. Fields that we do not know pass.
 *
 * @throws SchemaViolation naming the first wrong field
 */
export const parseAdmissionReview = parser<AdmissionReview>(
  {
    type: 'object',
    required: ['apiVersion', 'kind', 'request'],
    properties: {
      apiVersion: { type: 'string', enum: ['admission.k8s.io/v1'] },
      kind: { type: 'string', enum: ['AdmissionReview'] },
      request: {
        type: 'object',
        required: ['uid', 'kind', 'resource', 'operation', 'userInfo'],
        properties: {
          uid: { type: 'string', minLength: 1 },
          kind: {
            type: 'object',
            required: ['group', 'version', 'kind'],
            properties: { group: text, version: text, kind: text },
          },
          resource: {
            type: 'object',
            required: ['group', 'version', 'resource'],
            properties: { group: text, version: text, resource: text },
          },
          subResource: text,
          name: text,
          namespace: text,
          operation: { type: 'string', enum: ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'] },
          userInfo: {
            type: 'object',
            properties: {
              username: text,
              uid: text,
              groups: { type: 'array', items: text },
              extra: { type: 'object', additionalProperties: { type: 'array', items: text } },
            },
          },
          object: anyObject,
          oldObject: anyObject,
          dryRun: { type: 'boolean' },
          options: deleteOptions,
        },
      },
    },
  },
  'AdmissionReview',
);

/** What asks for an eviction (policy/v1), the fields that we read. */
interface Eviction {
  readonly deleteOptions?: DeleteOptions | null;
}

/** @throws SchemaViolation naming a field that has another type than it must */
export const parseEviction = parser<Eviction>({ type: 'object', properties: { deleteOptions } }, 'Eviction');

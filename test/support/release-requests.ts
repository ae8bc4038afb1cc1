import type { MetadataServices, MetadataServicesStatus } from '../../src/api/metadataservices.ts';
import { known } from '../../src/core/model/known.ts';
import { decide, type Policy } from '../../src/core/policies/policy.ts';
import type { ReleaseRequest } from '../../src/core/policies/release-request.ts';

export const record = (version: string, status: 'Active' | 'Superseded' | 'Failed') => ({
  version,
  strategy: 'blue' as const,
  storageTag: '1.0',
  schemaTag: '1.0',
  timestamp: '2026-01-02T03:04:05Z',
  status,
});
/** The release that serves, and one that failed after it. */
export const active = 'v20260102-030405-abcdef1';
export const failed = 'v20260102-040506-abcdef2';
export const served: MetadataServicesStatus = {
  activeReleaseVersion: active,
  deploymentPhase: 'Stable',
  releaseHistory: [record(active, 'Active'), record(failed, 'Failed')],
};
export const neverServed: MetadataServicesStatus = {
  deploymentPhase: 'Failed',
  releaseHistory: [record(failed, 'Failed')],
};

/** The MetadataServices autoscalingv2/sample1. */
export const services = (
  annotations: Record<string, string>,
  status?: MetadataServicesStatus,
): MetadataServices => ({
  apiVersion: 'e6data.io/v1alpha1',
  kind: 'MetadataServices',
  metadata: { name: 'sample1', namespace: 'autoscalingv2', annotations },
  spec: { storage: { imageTag: '1.1' }, schema: { imageTag: '1.1' } },
  ...(status === undefined ? {} : { status }),
});

export const backTo = (version: string) => ({ 'e6data.io/rollback-to': version });
/** An UPDATE by somebody who may, of what is stored with this status. */
export const update = (
  annotations: Record<string, string>,
  status: MetadataServicesStatus | undefined,
  before: Record<string, string> = {},
): ReleaseRequest => ({
  operation: 'UPDATE',
  object: services(annotations),
  oldObject: services(before, status),
  permission: known(true),
  mayActAs: known(true),
});

export const creation = (
  annotations: Record<string, string>,
  status?: MetadataServicesStatus,
): ReleaseRequest => ({
  operation: 'CREATE',
  object: services(annotations, status),
  permission: known(true),
  mayActAs: known(true),
});

/** What one rule says: reasons of its violations, and its warnings. */
export function saidBy(policy: Policy<ReleaseRequest>, request: ReleaseRequest) {
  const { violations, warnings } = decide([policy], request);
  return { reasons: violations.map(({ reason }) => reason), warnings };
}

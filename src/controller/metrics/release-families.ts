import { metadataServicesStatus, releaseSteps, type MetadataServices } from '../../api/metadataservices.ts';
import { recordOf } from '../../core/release/history.ts';
import { conditionsFamily, oneOf, secondsSince, single, type Family, type Sample } from './families.ts';

const info: Family<MetadataServices> = {
  name: 'rollguard_release_info',
  help: 'Always 1; the release that serves as labels; no series before the first one',
  labels: ['version', 'strategy', 'storage_tag', 'schema_tag'],
  samples({ status = {} }) {
    const active = recordOf(status, status.activeReleaseVersion);
    if (active === undefined) return [];
    const { version, strategy, storageTag: storage_tag, schemaTag: schema_tag } = active;
    return [{ labels: { version, strategy, storage_tag, schema_tag }, value: 1 }];
  },
};

const steps: Family<MetadataServices> = {
  name: 'rollguard_release_step',
  help: 'status.step: 1 for the one that it is in; no series while idle',
  labels: ['step'],
  samples: ({ status }) =>
    status?.step === undefined
      ? []
      : releaseSteps.map((step): Sample => ({ labels: { step }, value: Number(step === status.step) })),
};

/** Everything that is said of each MetadataServices. */
export const releaseFamilies: readonly Family<MetadataServices>[] = [
  info,
  {
    name: 'rollguard_release_phase',
    help: 'status.deploymentPhase: 1 for the one that it is in',
    labels: ['phase'],
    samples: ({ status }) =>
      oneOf(metadataServicesStatus.properties.deploymentPhase.enum, status?.deploymentPhase),
  },
  steps,
  conditionsFamily('rollguard_release_condition'),
  single('rollguard_release_paused', 'spec.paused', ({ spec }) => spec.paused ?? false),
  single(
    'rollguard_release_pending_seconds',
    'Seconds since the release under way began; no series while none is',
    ({ status }, now) => secondsSince(status?.pending?.startedAt, now),
  ),
];

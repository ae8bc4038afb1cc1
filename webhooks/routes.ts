import { mutateMetadataServices } from './mutating/metadataservices.ts';
import { mutateOpenBaoClusters } from './mutating/openbaoclusters.ts';
import { mutatePods } from './mutating/pods.ts';
import type { Route } from './route.ts';
import { validateEvictions } from './validating/evictions.ts';
import { validateMetadataServices } from './validating/metadataservices.ts';
import { validateOpenBaoClusters } from './validating/openbaoclusters.ts';
import { validateVolumes } from './validating/persistentvolumeclaims.ts';
import { validatePods } from './validating/pods.ts';

/** Every webhook that the server answers. `manifests/` registers each of them; a test holds the two equal. */
export const routes: readonly Route[] = [
  mutateMetadataServices,
  mutateOpenBaoClusters,
  mutatePods,
  validateMetadataServices,
  validateOpenBaoClusters,
  validatePods,
  validateEvictions,
  validateVolumes,
];

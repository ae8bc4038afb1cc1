import type { Deployment } from '../../api/kubernetes.ts';
import { isReady } from './failure.ts';
import { componentsOf, type ReleaseInputs } from './inputs.ts';
import type { ServiceComponent } from './names.ts';
import { componentOf, deploymentsOf, podsOf, type ReleaseObservation } from './observation.ts';

/** Components of a release whose Deployment is not there. */
export function missingComponents(
  observation: Pick<ReleaseObservation, 'deployments'>,
  version: string,
  inputs: ReleaseInputs,
): readonly ServiceComponent[] {
  const there = new Set(deploymentsOf(observation, version).map(componentOf));
  return componentsOf(inputs).filter((component) => !there.has(component));
}

/**
 * Why a release is not ready as a whole, in words; undefined when it is. A pod that is Ready is not enough: its
 * Deployment must have been looked at, and all its replicas be of this very template
 * (docs/facts/metadataservices.md, T10).
 */
export function whyNotReady(
  observation: ReleaseObservation,
  version: string,
  inputs: ReleaseInputs,
): string | undefined {
  const [missing] = missingComponents(observation, version, inputs);
  if (missing !== undefined) return `there is no Deployment of ${missing}`;
  return deploymentsOf(observation, version)
    .map((deployment) => whyDeploymentNotReady(deployment, observation, version))
    .find((why) => why !== undefined);
}

function whyDeploymentNotReady(
  { metadata, spec, status }: Deployment,
  observation: ReleaseObservation,
  version: string,
): string | undefined {
  const { name = '', generation = 0 } = metadata;
  const wanted = spec?.replicas ?? 1;
  if ((status?.observedGeneration ?? 0) < generation)
    return `the Deployment controller has not observed ${name} yet`;
  const { updatedReplicas = 0, availableReplicas = 0 } = status ?? {};
  if (updatedReplicas < wanted) return `${name} has ${updatedReplicas} of ${wanted} pods`;
  const component = componentOf({ metadata });
  const ready = podsOf(observation, version).filter(
    (pod) => componentOf(pod) === component && isReady(pod),
  ).length;
  const well = Math.min(availableReplicas, ready);
  return well < wanted ? `${name} has ${well} of ${wanted} pods ready` : undefined;
}

/** Components none of whose pods could answer. */
export function silentComponents(
  observation: Pick<ReleaseObservation, 'pods'>,
  version: string,
  inputs: ReleaseInputs,
): readonly ServiceComponent[] {
  const answering = new Set(podsOf(observation, version).filter(isReady).map(componentOf));
  return componentsOf(inputs).filter((component) => !answering.has(component));
}

import type { Known } from '../../../model/known.ts';
import { unknown } from '../../../model/known.ts';
import { appliedImage } from '../../../workload/applied-image.ts';
import type { StatefulSet } from '../../../../api/kubernetes.ts';
import type { BlueGreenUpgrade } from '../../../../api/openbaocluster.ts';
import { isGreenOnTarget } from '../../../model/blue-green.ts';
import { whyGreenFailed } from '../green-health.ts';
import { deadServerCleanupSet } from '../jobs.ts';
import { advance, fail, wait, type PhaseHandler, type PhaseInput } from '../phase.ts';

/**
 * DeployingGreen: the second StatefulSet is there, its pods run the target, or what blue runs where they are upgraded in
 * place later, and are unsealed, which is to say that they have joined. Autopilot removes no dead servers from here to the end: a slow member would be taken for one.
 */
export const deployingGreen: PhaseHandler = (input) => {
  const { green, blueGreen, observation } = input;
  const failed = whyGreenFailed(input);
  if (failed !== undefined) return fail(failed.reason, failed.message);
  const cleanup = blueGreen.deadServerCleanup === true ? deadServerCleanupSet(input, false) : undefined;
  if (cleanup !== undefined) return cleanup;
  const missing = whyNotInPlace(
    observation.greenStatefulSet ?? unknown('it has not been observed yet'),
    input,
  );
  if (missing !== undefined) return wait(missing);
  for (const { name, pod, member } of green) {
    if (pod === undefined) return wait(`${name} has no pod`);
    if (member.kind === 'unknown') return wait(`${name} did not answer: ${member.cause}`);
    if (!member.value.initialized) return wait(`${name} has not joined`);
    if (member.value.sealed) return wait(`${name} is sealed`);
  }
  return advance('JoiningMesh');
};

const startImageOf = (blueGreen: BlueGreenUpgrade) =>
  isGreenOnTarget(blueGreen) ? blueGreen.greenImage : blueGreen.blueImage;

function whyNotInPlace(
  statefulSet: Known<StatefulSet | undefined>,
  { blueGreen, halves }: PhaseInput,
): string | undefined {
  if (statefulSet.kind === 'unknown') return `the green StatefulSet could not be read: ${statefulSet.cause}`;
  const { value } = statefulSet;
  if (value === undefined) return 'the green StatefulSet to be created';
  if (value.metadata.deletionTimestamp !== undefined) return 'the green StatefulSet is being deleted';
  const image = appliedImage(value);
  if (image !== startImageOf(blueGreen)) return `the green StatefulSet has the image ${image}`;
  return value.spec?.replicas === halves.green.length
    ? undefined
    : `the green StatefulSet has ${value.spec?.replicas} replicas, not ${halves.green.length}`;
}

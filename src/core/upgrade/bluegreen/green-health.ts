import type { Pod } from '../../../api/kubernetes.ts';
import type { BlueGreenUpgrade } from '../../../api/openbaocluster.ts';
import { isGreenOnTarget } from '../../model/blue-green.ts';
import { imageOf, serverStatus } from '../../model/server-container.ts';
import { isSameVersion } from '../target.ts';
import type { PhaseFailure, PhaseInput } from './phase.ts';

/** What the kubelet calls a container that does not come up by itself (docs/facts/openbao-operator.md, 3.3). */
const hopeless = new Set([
  'CrashLoopBackOff',
  'ImagePullBackOff',
  'ErrImagePull',
  'ErrImageNeverPull',
  'InvalidImageName',
  'CreateContainerConfigError',
  'CreateContainerError',
]);

/** What its pods may say that they run: before its upgrade in place what blue runs, in its midst either. */
function versionsOf(blueGreen: BlueGreenUpgrade): readonly string[] {
  const { blueVersion = '', greenVersion = '', upgradesGreenInPlace } = blueGreen;
  if (!isGreenOnTarget(blueGreen)) return [blueVersion];
  return upgradesGreenInPlace === true ? [greenVersion, blueVersion] : [greenVersion];
}

/**
 * Why green is of no use: it crashes, is of another version, or of another cluster. Only early phases ask, and the one
 * that upgrades it in place.
 */
export function whyGreenFailed({ green, blueGreen, peers }: PhaseInput): PhaseFailure | undefined {
  if (peers.clusterIds.size > 1) {
    const ids = [...peers.clusterIds].map(([id, pods]) => `${id} (${pods.join(', ') || 'recorded'})`);
    return {
      reason: 'TwoClusters',
      message: `the members belong to different OpenBao clusters: ${ids.join(', ')}`,
    };
  }
  const expected = versionsOf(blueGreen);
  for (const { name, pod, member } of green) {
    const trouble = pod === undefined ? undefined : troubleOf(pod);
    if (trouble !== undefined) return { reason: 'GreenFailed', message: `${name}: ${trouble}` };
    const version = member.kind === 'known' ? member.value.version : undefined;
    if (version !== undefined && !expected.some((each) => isSameVersion(version, each))) {
      return {
        reason: 'VersionMismatch',
        message: `${name} reports version ${version}, not ${expected.join(' or ')}; its image is ${imageOf(pod?.spec)}`,
      };
    }
  }
  return undefined;
}

function troubleOf(pod: Pod): string | undefined {
  const { waiting } = serverStatus(pod)?.state ?? {};
  if (waiting?.reason === undefined || !hopeless.has(waiting.reason)) return undefined;
  return [waiting.reason, waiting.message].filter((word) => word !== undefined && word !== '').join(': ');
}

import type { Pod } from '../../../api/kubernetes.ts';
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

/** Why green is of no use: it crashes, is of another version, or of another cluster. Only early phases ask. */
export function whyGreenFailed({ green, blueGreen, peers }: PhaseInput): PhaseFailure | undefined {
  if (peers.clusterIds.size > 1) {
    const ids = [...peers.clusterIds].map(([id, pods]) => `${id} (${pods.join(', ') || 'recorded'})`);
    return {
      reason: 'TwoClusters',
      message: `the members belong to different OpenBao clusters: ${ids.join(', ')}`,
    };
  }
  for (const { name, pod, member } of green) {
    const trouble = pod === undefined ? undefined : troubleOf(pod);
    if (trouble !== undefined) return { reason: 'GreenFailed', message: `${name}: ${trouble}` };
    if (member.kind === 'known' && !isSameVersion(member.value.version, blueGreen.greenVersion ?? '')) {
      const { version } = member.value;
      return {
        reason: 'VersionMismatch',
        message: `${name} reports version ${version}, not ${blueGreen.greenVersion}; its image is ${imageOf(pod?.spec)}`,
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

import { jobFailure, jobHindrance, versionOf } from '../../jobs/job-outcome.ts';
import { failure, type Failure } from './failure.ts';
import type { Check } from './jobs.ts';
import type { PhaseInput } from './phase.ts';
import { jobLogs, remedy } from './remedy.ts';
import { isOlder, isSameVersion, type UpgradeTarget } from '../target.ts';

/**
 * What the target image's own word says: nothing when it holds the target version, else why not, or what
 * is waited for. A typo, a wrong digest or architecture stops here, before anything moves.
 */
export function judgeImage(
  input: Pick<PhaseInput, 'observation' | 'upgrade'>,
  check: Check,
  { version, image }: UpgradeTarget,
):
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'pending'; readonly reason: string }
  | undefined {
  const { name } = check;
  if (check.outcome === 'absent' || check.outcome === 'running') {
    // A pull that neither ends nor fails says nothing: the image is named in any case.
    const hindrance = jobHindrance(check.observed);
    return {
      kind: 'pending',
      reason: `Job ${name} (${hindrance === undefined ? image : `${image}: ${hindrance}`})`,
    };
  }
  if (check.outcome === 'failed') {
    const what = `image ${image} could not be run: ${jobFailure(check.observed)}`;
    return {
      kind: 'failed',
      failure: failure('TargetImageUnusable', what, remedy(input, 'correct spec.version or spec.image')),
    };
  }
  const said = versionOf(check.observed.message ?? '');
  if (said === undefined) {
    const what = `image ${image} did not report its version`;
    return {
      kind: 'failed',
      failure: failure('TargetImageUnusable', what, remedy(input, `read ${jobLogs(input, name)}`)),
    };
  }
  if (isSameVersion(said, version)) return undefined;
  const what = `image ${image} has version ${said}, not ${version}`;
  const isOpen = !isOlder(said, input.upgrade.fromVersion ?? '');
  const hint = isOpen
    ? `set spec.version to ${said}, or correct spec.image`
    : 'correct spec.version or spec.image';
  return { kind: 'failed', failure: failure('TargetImageUnusable', what, remedy(input, hint)) };
}

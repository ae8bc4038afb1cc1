import { releaseLabel } from '../../../src/api/labels.ts';
import type { ObjectEffect } from '../../../src/core/model/effect.ts';
import type { ReleaseDecision } from '../../../src/core/release/decision.ts';
import { endpointPropagationMs } from '../../../src/core/model/limits.ts';
import { recordOf } from '../../../src/core/release/history.ts';
import { wrongRelease } from '../../support/status-rules.ts';
import { SimulatedServices } from './simulated-services.ts';

/** Ends with an error as soon as a rule that must always hold is broken. */
export class WatchedServices extends SimulatedServices {
  readonly log: string[] = [];
  /** When a Service was last turned away from a release. */
  private readonly leftAt = new Map<string, number>();

  override pass(survives?: number): ReleaseDecision {
    const before = this.status;
    const decision = super.pass(survives);
    const after = this.status;
    const wrong = wrongRelease(this.resource);
    if (wrong !== undefined) this.fail(wrong);
    for (const { type, reason } of decision.events) this.log.push(`${this.seconds()} ${type} ${reason}`);
    const history = after.releaseHistory ?? [];
    if (history.length > 10) this.fail('more than ten releases in history');
    if (history.filter(({ status }) => status === 'Active').length > 1) this.fail('two active releases');
    if (new Set(history.map(({ version }) => version)).size < history.length) this.fail('a release twice');
    if (after.activeReleaseVersion !== undefined && recordOf(after, after.activeReleaseVersion) === undefined)
      this.fail('the active release is not in history');
    if (before.activeReleaseVersion !== undefined && after.activeReleaseVersion === undefined)
      this.fail('the active release is forgotten');
    if (before.pending?.version === after.pending?.version && before.pausedAt === undefined) {
      const [old, now] = [before.pending, after.pending];
      if (before.step === after.step && old?.readyDeadline !== now?.readyDeadline)
        this.fail('the clock of becoming ready starts again');
      if (old?.graceUntil !== undefined && old.graceUntil !== now?.graceUntil)
        this.fail('the clock of the grace period starts again');
    }
    return decision;
  }

  override remove(effect: Extract<ObjectEffect, { kind: 'delete' }>): void {
    const live = this.deployments.get(effect.target.name)?.object;
    const release = live?.metadata?.labels?.[releaseLabel];
    if (release !== undefined && effect.target.kind === 'Deployment') {
      if (release === this.status.activeReleaseVersion)
        this.fail(`${effect.target.name} of the active release is deleted`);
      if (release === this.served()) this.fail(`${effect.target.name} is deleted while it has traffic`);
      const agoMs = this.now - (this.leftAt.get(release) ?? -Infinity);
      if (agoMs < endpointPropagationMs)
        this.fail(`${effect.target.name} is deleted ${agoMs} ms after it had traffic`);
    }
    super.remove(effect);
  }

  override serve(name: string, service: Parameters<SimulatedServices['serve']>[1]): void {
    const [to, from] = [service, this.services.get(name)].map(
      (each) => each?.spec?.['selector'] as Record<string, string> | undefined,
    );
    if (
      to?.[releaseLabel] !== from?.[releaseLabel] &&
      !this.answers(to) &&
      (from === undefined || this.answers(from))
    )
      this.fail(`${name} moves to ${to?.[releaseLabel]}, none of whose pods is ready`);
    const former = from?.[releaseLabel];
    if (former !== undefined && former !== to?.[releaseLabel]) this.leftAt.set(former, this.now);
    super.serve(name, service);
  }

  /** Whether a pod that the selector selects is ready. */
  private answers(selector: Record<string, string> | undefined): boolean {
    return this.observe().pods.some(
      ({ metadata, status }) =>
        Object.entries(selector ?? {}).every(([label, value]) => metadata.labels?.[label] === value) &&
        status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
    );
  }

  seconds(): number {
    return (this.now - Date.UTC(2026, 0, 2, 3, 4, 5)) / 1000;
  }

  fail(what: string): never {
    throw new Error(
      `${what}\nat ${this.seconds()} s, after:\n  ${this.log.slice(-40).join('\n  ')}\nstatus: ${JSON.stringify(this.status)}`,
    );
  }
}

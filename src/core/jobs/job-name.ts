import { ordinalOf } from '../model/names.ts';
import type { JobStep } from './step.ts';

/** Longest name of a Job: it becomes the value of a label on its pod. */
const longest = 63;

/**
 * The name of the Job of a step: the same for the same step, another one for another operation, subject or attempt
 * (docs/facts/openbao-operator.md, 7.1, 6: a second try must never take the first one's outcome for its own). Reads
 * `<cluster>-<action>-<operation>[-<ordinal>][-a<attempt>]`, or about the halves of a blue-green upgrade
 * `upgrade-<cluster>-<action>-<operation>[-retry-<attempt>]` (specification, page 001); what is too long loses the
 * end of the cluster's name and gains a sum of the whole.
 */
export function jobName(cluster: string, wanted: JobStep): string {
  const { action, operationId, attempt } = wanted;
  const isAboutHalves = 'halves' in wanted;
  const again = attempt === undefined ? [] : [isAboutHalves ? `retry-${attempt}` : `a${attempt}`];
  const step = [action, operationId, ...subjectOf(cluster, wanted), ...again].join('-');
  const subject = isAboutHalves ? `upgrade-${cluster}` : cluster;
  const whole = `${subject}-${step}`;
  if (whole.length <= longest) return whole;
  const ending = `-${step.slice(0, longest - 20)}-${sum(whole)}`;
  return `${subject.slice(0, longest - ending.length).replace(/[-.]+$/, '')}${ending}`;
}

/** What tells a step from others of the same action and operation. */
function subjectOf(cluster: string, wanted: JobStep): readonly string[] {
  if (wanted.action === 'dead-server-cleanup') return [wanted.enabled ? 'on' : 'off'];
  return wanted.pod === undefined ? [] : [String(ordinalOf(cluster, wanted.pod) ?? wanted.pod)];
}

/** FNV-1a of 32 bits, in 7 letters and digits: tells names apart, keeps no secret. */
function sum(text: string): string {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return (hash >>> 0).toString(36).padStart(7, '0');
}

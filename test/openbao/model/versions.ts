import type { Node } from './state.ts';

/** Whether the node runs this version or a newer one. Pre-releases and builds count as their release. */
export function atLeast(node: Node, version: string): boolean {
  const own = numbersOf(node.settings.version);
  const other = numbersOf(version);
  const differing = own.findIndex((number, index) => number !== other[index]);
  return differing === -1 || (own[differing] ?? 0) > (other[differing] ?? 0);
}

/** From 2.5 on a standby answers reads from its own copy. */
export function servesReadsAsStandby(node: Node): boolean {
  return atLeast(node, '2.5.0');
}

/**
 * Whether one passes requests and heartbeats on to the other. The service for it has another name from 2.6 on, and
 * 2.6.0 to 2.6.2 and main of August 2026 know no old one (docs/facts/openbao-2.6-measured.md, section 2).
 */
export function canForward(from: Node, to: Node): boolean {
  return atLeast(from, '2.6.0') === atLeast(to, '2.6.0');
}

/** As version-history, autopilot and ha-status say it: a prerelease without its suffix. */
export function withoutSuffix({ settings }: Node): string {
  return settings.version.replace(/-.*$/, '');
}

function numbersOf(version: string): readonly number[] {
  return (/^v?(\d+)\.(\d+)\.(\d+)/.exec(version) ?? []).slice(1).map(Number);
}

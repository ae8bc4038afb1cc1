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

function numbersOf(version: string): readonly number[] {
  return (/^v?(\d+)\.(\d+)\.(\d+)/.exec(version) ?? []).slice(1).map(Number);
}

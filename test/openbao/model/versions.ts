import semver from 'semver';
import type { Node } from './state.ts';

/** Whether the node runs this version or a newer one. */
export function atLeast(node: Node, version: string): boolean {
  return semver.gte(node.settings.version, version);
}

/** From 2.5 on a standby answers reads from its own copy. */
export function servesReadsAsStandby(node: Node): boolean {
  return atLeast(node, '2.5.0');
}

import type { OpenBaoClusterSpec } from '../../api/openbaocluster.ts';

/** Without a tag. The controller may be told another. */
export const defaultRepository = 'openbao/openbao';

/**
 * What the pods of a spec run: its image, or that of its version. A tag cannot hold `+`, so it has `_` there
 * (docs/design.md, "Small decisions").
 *
 * @param repository without a tag, such as openbao/openbao
 */
export function effectiveImage(
  { image, version }: Pick<OpenBaoClusterSpec, 'image' | 'version'>,
  repository: string,
): string {
  // An empty text is no image, as for the gate.
  return image || `${repository}:${version.replace(/^v/, '').replaceAll('+', '_')}`;
}

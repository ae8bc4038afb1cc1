import type { Strategy } from '../../api/metadataservices.ts';

/** What a release consists of. All of them are one unit: each must be ready, and any can fail it. */
export const serviceComponents = ['storage', 'schema', 'storage-secondary'] as const;
export type ServiceComponent = (typeof serviceComponents)[number];

/** Which part of spec a component is made from. */
export const sourceOf = (component: ServiceComponent): 'storage' | 'schema' =>
  component === 'schema' ? 'schema' : 'storage';

/** Names of everything that belongs to a MetadataServices, once (docs/facts/metadataservices.md, section 3). */
export const releaseNames = (services: string) => ({
  deployment: (component: ServiceComponent, strategy: Strategy) => `${services}-${component}-${strategy}`,
  /** Storage and its secondary share one. */
  configMap: (source: 'storage' | 'schema', strategy: Strategy) => `${services}-${source}-config-${strategy}`,
  coloredService: (component: ServiceComponent, strategy: Strategy) => `${services}-${component}-${strategy}`,
  /** Of no color: consumers rely on it, and it follows the release that serves. Ours alone. */
  neutralService: (component: ServiceComponent) => `${services}-${component}`,
  /** The record of all that a release was made from. */
  revision: (version: string) => `${services}-${version}`,
});

export const otherStrategy = (strategy: Strategy | undefined): Strategy =>
  strategy === 'blue' ? 'green' : 'blue';

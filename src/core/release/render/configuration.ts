import type { KubernetesObject } from '../../../api/kubernetes.ts';
import { strategyLabel } from '../../../api/labels.ts';
import type { MetadataServices } from '../../../api/metadataservices.ts';
import type { ReleaseInForce } from '../in-force.ts';
import type { ReleaseInputs } from '../inputs.ts';
import { releaseNames } from '../names.ts';
import { child, labelsOf } from './metadata.ts';

/** The file of the ConfigMap (docs/facts/metadataservices.md, section 3). */
export const propertiesFile = 'config.properties';

/** The variables of one service: those of both, with its own over them. */
export const variablesOf = (
  inputs: ReleaseInputs,
  source: 'storage' | 'schema',
): readonly (readonly [string, string])[] =>
  Object.entries({ ...inputs.config, ...inputs[source].config }).toSorted(([a], [b]) => (a < b ? -1 : 1));

/** What a color is configured with. It holds no secret. */
export function configMaps(resource: MetadataServices, release: ReleaseInForce): readonly KubernetesObject[] {
  const { strategy, snapshot } = release;
  const names = releaseNames(resource.metadata.name ?? '');
  return (['storage', 'schema'] as const).map((source) =>
    child(
      resource,
      { apiVersion: 'v1', kind: 'ConfigMap', name: names.configMap(source, strategy) },
      { ...labelsOf(resource), [strategyLabel]: strategy },
      { data: { [propertiesFile]: properties(variablesOf(snapshot.inputs, source)) } },
    ),
  );
}

const properties = (variables: readonly (readonly [string, string])[]): string =>
  variables.map(([name, value]) => `${name}=${escaped(value)}\n`).join('');

/** A value of a Java properties file stays on its line. */
const escaped = (value: string): string =>
  value
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replace(/^[ \t\f]/, '\\$&');

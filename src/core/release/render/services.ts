import type { KubernetesObject } from '../../../api/kubernetes.ts';
import { releaseLabel, serviceComponentLabel } from '../../../api/labels.ts';
import type { MetadataServices } from '../../../api/metadataservices.ts';
import type { ReleaseInForce } from '../in-force.ts';
import { componentsOf } from '../inputs.ts';
import { releaseNames, type ServiceComponent } from '../names.ts';
import { portOf } from './deployment.ts';
import { child, colorSelector, labelsOf } from './metadata.ts';

/** One a component of a color (specification, page 003). Without pods when the color is not there. */
export function coloredServices(
  resource: MetadataServices,
  release: ReleaseInForce,
): readonly KubernetesObject[] {
  const names = releaseNames(resource.metadata.name ?? '');
  return componentsOf(release.snapshot.inputs).map((component) => {
    const selector = colorSelector(resource, component, release);
    const name = names.coloredService(component, release.strategy);
    return service(resource, release, component, name, selector, selector);
  });
}

/**
 * One a component, of no color: it sends its traffic to the pods of exactly one release, and one write moves it to
 * another. The release is in the selector, so that no pod left over from an older one of that color gets any.
 */
export function neutralServices(
  resource: MetadataServices,
  release: ReleaseInForce,
): readonly KubernetesObject[] {
  const names = releaseNames(resource.metadata.name ?? '');
  return componentsOf(release.snapshot.inputs).map((component) =>
    service(
      resource,
      release,
      component,
      names.neutralService(component),
      { ...colorSelector(resource, component, release), [releaseLabel]: release.version },
      { [serviceComponentLabel]: component },
    ),
  );
}

function service(
  resource: MetadataServices,
  { snapshot }: ReleaseInForce,
  component: ServiceComponent,
  name: string,
  selector: object,
  labels: Readonly<Record<string, string>>,
): KubernetesObject {
  const port = portOf(snapshot.inputs, component);
  return child(
    resource,
    { apiVersion: 'v1', kind: 'Service', name },
    { ...labelsOf(resource), ...labels },
    {
      spec: {
        type: 'ClusterIP',
        selector,
        ports: [{ name: 'http', port, targetPort: port, protocol: 'TCP' }],
      },
    },
  );
}

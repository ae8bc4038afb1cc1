import type { Deployment, KubernetesObject } from '../../../api/kubernetes.ts';
import { defaultPorts, type MetadataServices } from '../../../api/metadataservices.ts';
import { defined } from '../../../api/object-fields.ts';
import { canonicalQuantity } from '../../workload/quantity.ts';
import type { ReleaseInForce } from '../in-force.ts';
import type { ReleaseInputs } from '../inputs.ts';
import { releaseNames, sourceOf, type ServiceComponent } from '../names.ts';
import { componentOf } from '../observation.ts';
import { literal } from '../../model/literal.ts';
import { propertiesFile, variablesOf } from './configuration.ts';
import { child, colorSelector, releaseLabels } from './metadata.ts';

const configurationFolder = '/etc/e6data';
const deploymentKind = { apiVersion: 'apps/v1', kind: 'Deployment' } as const;

export const portOf = (inputs: ReleaseInputs, component: ServiceComponent): number =>
  inputs[sourceOf(component)].port ?? defaultPorts[sourceOf(component)];

/**
 * A Deployment of a release, whole. It is made once: another release makes it anew, so that no pod of another
 * template is ever behind its name (docs/facts/metadataservices.md, T10). Afterwards only `existingDeployment` is
 * applied.
 *
 * @param serving Deployments of the release that serves: a new color begins with as many pods
 */
export function newDeployment(
  resource: MetadataServices,
  release: ReleaseInForce,
  component: ServiceComponent,
  serving: readonly Deployment[],
): KubernetesObject {
  const names = releaseNames(resource.metadata.name ?? '');
  const labels = releaseLabels(resource, component, release);
  const alike = serving.find((each) => componentOf(each) === component);
  const replicas = resource.spec[sourceOf(component)].replicas ?? Math.max(1, alike?.spec?.replicas ?? 1);
  return child(resource, { ...deploymentKind, name: names.deployment(component, release.strategy) }, labels, {
    spec: {
      replicas,
      // Nothing rolls within it; another release has another Deployment.
      revisionHistoryLimit: 1,
      selector: { matchLabels: colorSelector(resource, component, release) },
      template: { metadata: { labels }, spec: podSpec(resource, release, component) },
    },
  });
}

/** What is kept right of a Deployment that is there: owner, labels, and replicas where spec says them. */
export function existingDeployment(
  resource: MetadataServices,
  release: ReleaseInForce,
  component: ServiceComponent,
): KubernetesObject {
  const { replicas } = resource.spec[sourceOf(component)];
  return child(
    resource,
    {
      ...deploymentKind,
      name: releaseNames(resource.metadata.name ?? '').deployment(component, release.strategy),
    },
    releaseLabels(resource, component, release),
    replicas === undefined ? {} : { spec: { replicas } },
  );
}

function podSpec(
  resource: MetadataServices,
  { strategy, snapshot }: ReleaseInForce,
  component: ServiceComponent,
): object {
  const { inputs, images } = snapshot;
  const source = sourceOf(component);
  const configMap = releaseNames(resource.metadata.name ?? '').configMap(source, strategy);
  const { imagePullSecrets, serviceAccountName } = inputs;
  return {
    ...defined({ serviceAccountName }),
    ...(imagePullSecrets === undefined
      ? {}
      : { imagePullSecrets: imagePullSecrets.map((name) => ({ name })) }),
    enableServiceLinks: false,
    securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: source,
        image: images[source],
        ports: [{ name: 'http', containerPort: portOf(inputs, component), protocol: 'TCP' }],
        env: variablesOf(inputs, source).map(([name, value]) => ({ name, value: literal(value) })),
        readinessProbe: readinessProbe(inputs, component),
        resources: resources(inputs, source),
        securityContext: { allowPrivilegeEscalation: false },
        volumeMounts: [{ name: 'config', mountPath: configurationFolder, readOnly: true }],
      },
    ],
    volumes: [
      {
        name: 'config',
        configMap: { name: configMap, items: [{ key: propertiesFile, path: propertiesFile }] },
      },
    ],
  };
}

function readinessProbe(inputs: ReleaseInputs, component: ServiceComponent): object {
  const { readinessPath: path } = inputs[sourceOf(component)];
  const port = 'http';
  return {
    ...(path === undefined ? { tcpSocket: { port } } : { httpGet: { path, port } }),
    periodSeconds: 5,
    timeoutSeconds: 3,
    failureThreshold: 3,
  };
}

/**
 * What a pod requests where spec does not say, so that it is not the first to be evicted: little, for what these
 * services need is not known. A Deployment is made once, so that another default here restarts nobody.
 */
const defaultRequests = { cpu: '100m', memory: '256Mi' } as const;

/** Memory that spec names is also the limit, as it cannot be taken back; processor time can. */
function resources(inputs: ReleaseInputs, source: 'storage' | 'schema'): object {
  const { memory, cpu } = inputs[source].resources ?? {};
  return {
    requests: {
      cpu: canonicalQuantity(cpu ?? defaultRequests.cpu),
      memory: canonicalQuantity(memory ?? defaultRequests.memory),
    },
    ...(memory === undefined ? {} : { limits: { memory: canonicalQuantity(memory) } }),
  };
}

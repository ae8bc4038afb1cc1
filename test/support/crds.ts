import { connect } from '../../src/io/kubernetes/kubernetes.ts';
import { until } from '../certs/recording-logger.ts';
import type { Ground } from '../cluster/test-cluster.ts';

interface Definition {
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[] | null;
  };
}

/** What kubectl asks for before it knows a kind. */
interface Discovery {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly versions: readonly { readonly resources: readonly { readonly resource: string }[] }[];
  }[];
}

/** Of all CRDs that Rollguard installs. */
export const crdNames = [
  'openbaoclusters.openbao.org',
  'openbaorestores.openbao.org',
  'metadataservices.e6data.io',
] as const;

/**
 * Waits until CRDs are served, and kubectl finds their kinds.
 *
 * @param names such as `openbaoclusters.openbao.org`
 */
export async function untilEstablished(ground: Ground, ...names: readonly string[]): Promise<void> {
  const client = connect({ kubeconfig: ground.kubeconfig });
  const isEstablished = async (name: string) => {
    const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`;
    // A CRD that nobody has looked at yet says `conditions: null`.
    const conditions = (await client.get<Definition>(path))?.status?.conditions ?? [];
    return conditions.some(({ type, status }) => type === 'Established' && status === 'True');
  };
  const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
  const isFound = (name: string, { items }: Discovery) =>
    items.some(({ metadata, versions }) =>
      versions.some(({ resources }) =>
        resources.some(({ resource }) => `${resource}.${metadata.name}` === name),
      ),
    );
  try {
    await until(`${names.join(' ')} established`, async () => {
      if (!(await Promise.all(names.map(isEstablished))).every(Boolean)) return false;
      const discovery = await client.request<Discovery>({ method: 'GET', path: '/apis', accept });
      return names.every((name) => isFound(name, discovery));
    });
  } finally {
    await client.close();
  }
}

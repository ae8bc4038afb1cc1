import { KubeConfig } from '@kubernetes/client-node';

/**
 * The namespace that kubectl would take where none is named: the context's, in a pod its own, else `default`.
 *
 * @throws Error when the kubeconfig cannot be read
 */
export function contextNamespace(kubeconfig?: string): string {
  const config = new KubeConfig();
  if (kubeconfig === undefined) config.loadFromDefault();
  else config.loadFromFile(kubeconfig);
  return config.getContextObject(config.getCurrentContext())?.namespace ?? 'default';
}

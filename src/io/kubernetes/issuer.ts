import { createPublicKey, type JsonWebKey } from 'node:crypto';
import type { TokenIssuer } from '../../core/model/observation.ts';
import type { KubernetesClient } from './kubernetes.ts';

/**
 * Reads the issuer from the API server (ServiceAccount issuer discovery, stable since Kubernetes 1.21).
 *
 * @throws ApiError when it does not answer; Error when it names no key
 */
export async function readIssuer(client: KubernetesClient): Promise<TokenIssuer> {
  const [discovery, keys] = await Promise.all([
    client.request<{ issuer?: string }>({ method: 'GET', path: '/.well-known/openid-configuration' }),
    client.request<{ keys?: readonly JsonWebKey[] }>({
      method: 'GET',
      path: '/openid/v1/jwks',
      accept: 'application/jwk-set+json', // Asked for plain JSON, the API server answers 406.
    }),
  ]);
  const publicKeys = (keys.keys ?? []).map((key) =>
    createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString(),
  );
  if (discovery.issuer === undefined || publicKeys.length === 0)
    throw new Error('the API server names no issuer or no key of its ServiceAccount tokens');
  return { url: discovery.issuer, publicKeys: [...new Set(publicKeys)].toSorted() };
}

/**
 * Asks for a token of a ServiceAccount that is good at OpenBao alone.
 *
 * @param seconds its lifetime; the API server's least is 600
 */
export async function requestToken(
  client: KubernetesClient,
  account: { readonly namespace: string; readonly name: string },
  audience: string,
  seconds: number,
): Promise<string> {
  const { status } = await client.create<{ status: { token: string } }>(
    `/api/v1/namespaces/${encodeURIComponent(account.namespace)}/serviceaccounts/${encodeURIComponent(account.name)}/token`,
    {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences: [audience], expirationSeconds: seconds },
    },
  );
  return status.token;
}

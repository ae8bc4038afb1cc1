import { generateKeyPairSync, sign } from 'node:crypto';

/** A ServiceAccount issuer made for a test: its public half goes into OpenBao's JWT auth. */
export interface TestIssuer {
  readonly url: string;
  /** PEM. */
  readonly publicKey: string;
  /** A token such as the kubelet projects. */
  token(subject: string, audience?: string): string;
}

export function createIssuer(url = 'https://kubernetes.default.svc'): TestIssuer {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  return {
    url,
    publicKey: String(publicKey.export({ type: 'spki', format: 'pem' })),
    token(subject, audience = 'openbao-internal') {
      const now = Math.floor(Date.now() / 1000);
      const claims = { iss: url, sub: subject, aud: [audience], iat: now, nbf: now - 60, exp: now + 3600 };
      const text = `${encode({ alg: 'ES256', typ: 'JWT' })}.${encode(claims)}`;
      const signature = sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' });
      return `${text}.${signature.toString('base64url')}`;
    },
  };
}

import { createPublicKey, verify, type KeyObject } from 'node:crypto';
import type { Claims, Outside } from '../model/context.ts';

/** Verifies signatures of tokens, as OpenBao does with `jwt_validation_pubkeys`. */
export const verifying: Outside = {
  verify: (jwt, publicKeys) => {
    const [header = '', payload = '', signature = ''] = jwt.split('.');
    const claims = decode(payload);
    if (decode(header) === undefined || claims === undefined) {
      return { error: 'error verifying token signature: the token cannot be read' };
    }
    const isSigned = publicKeys.some((pem) => isSignedBy(pem, `${header}.${payload}`, signature));
    return isSigned
      ? claims
      : { error: 'error verifying token signature: no known key successfully validated the token signature' };
  },
};

function decode(part: string): Claims | undefined {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString()) as Claims;
  } catch {
    return undefined;
  }
}

function isSignedBy(pem: string, signed: string, signature: string): boolean {
  try {
    const key = createPublicKey(pem);
    return verify(
      digestFor(key),
      Buffer.from(signed),
      { key, dsaEncoding: 'ieee-p1363' },
      Buffer.from(signature, 'base64url'),
    );
  } catch {
    return false;
  }
}

function digestFor(key: KeyObject): string | null {
  return key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
}

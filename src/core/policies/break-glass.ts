import { acknowledgement, storedStatus, type ClusterRequest } from './cluster-request.ts';

/** Whether automation waits for an acknowledgement now. */
export function breakGlassActive(request: Pick<ClusterRequest, 'oldObject'>): boolean {
  return storedStatus(request).breakGlass?.active === true;
}

/** Whether the acknowledgement is the nonce of the current incident. */
export function acknowledgesCurrent(request: ClusterRequest): boolean {
  const nonce = storedStatus(request).breakGlass?.nonce ?? '';
  return nonce !== '' && equalInConstantTime(acknowledgement(request.object), nonce);
}

/** Whether the acknowledgement is the nonce of an incident that is over. */
export function acknowledgesEarlier(request: Pick<ClusterRequest, 'object' | 'oldObject'>): boolean {
  const { nonce, active, history = [] } = storedStatus(request).breakGlass ?? {};
  // The nonce of now belongs to no incident that is over, wherever else it stands.
  const earlier = history.map((incident) => incident.nonce).filter((old) => active !== true || old !== nonce);
  if (nonce !== undefined && active !== true) earlier.push(nonce);
  // Every one is compared, so that the time does not tell which matched.
  return (
    earlier.filter((old) => old !== '' && equalInConstantTime(acknowledgement(request.object), old)).length >
    0
  );
}

/**
 * Compares two strings in a time that depends on the length of `given` alone, so that a
 * nonce cannot be guessed character by character.
 */
export function equalInConstantTime(given: string, secret: string): boolean {
  let difference = given.length ^ secret.length;
  for (let index = 0; index < given.length; index++) {
    difference |= given.charCodeAt(index) ^ secret.charCodeAt(index % Math.max(secret.length, 1));
  }
  return difference === 0;
}

/**
 * metav1.MicroTime, which wants exactly six digits of the second.
 *
 * @param ms milliseconds since the epoch
 */
export const microTime = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z');

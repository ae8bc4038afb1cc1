/** Webhook time-outs in the API are 1 to 30 s, 10 s where none is said (admissionregistration.k8s.io/v1). */
const defaultSeconds = 10;
const mostSeconds = 30;
/** Our own answer, with its reason, leaves this long before the API server would give up. */
const marginMs = 300;

/**
 * Milliseconds that reading facts may take, from the `timeout` that the API server sends
 * along (`?timeout=5s`, a Go duration).
 */
export function patienceMs(timeout: string | null): number {
  const seconds = Math.min(parseSeconds(timeout) ?? defaultSeconds, mostSeconds);
  return Math.max(seconds * 1000 - marginMs, 100);
}

function parseSeconds(timeout: string | null): number | undefined {
  const parts = [...(timeout ?? '').matchAll(/(\d+(?:\.\d+)?)(ms|s|m)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== timeout) return undefined;
  const units = { ms: 0.001, s: 1, m: 60 };
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * units[unit as keyof typeof units], 0);
}

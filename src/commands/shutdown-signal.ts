/** Raised when the process is asked to end: by its pod's deletion, or at a terminal. The same signal again ends it at once. */
export function shutdownSignal(): AbortSignal {
  const asked = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => asked.abort());
  return asked.signal;
}

/** What a promise is rejected with. @throws Error when it is not */
export async function failureOf(work: Promise<unknown>): Promise<Error & { reason?: string }> {
  let value: unknown;
  try {
    value = await work;
  } catch (error) {
    return error as Error & { reason?: string };
  }
  throw new Error(`it did not fail, but gave ${JSON.stringify(value)}`);
}

/**
 * A reading that is made once for all who ask for the same in one turn of the event loop: where much comes at a time,
 * much of it asks for the same. It begins after the last of them has asked, and who asks later reads anew, so nobody
 * gets what was true before they asked.
 */
export function readTogether<T>(read: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const asked = new Map<string, Promise<T>>();
  return (key) => {
    const waiting = asked.get(key);
    if (waiting !== undefined) return waiting;
    const reading = new Promise<void>((begin) => setImmediate(begin)).then(() => {
      asked.delete(key);
      return read(key);
    });
    asked.set(key, reading);
    return reading;
  };
}

/** What could be read, or `undefined` where it could not: for a check that can do without it. */
export async function optional<Value>(reading: Promise<Value>): Promise<Value | undefined> {
  try {
    return await reading;
  } catch {
    return undefined;
  }
}

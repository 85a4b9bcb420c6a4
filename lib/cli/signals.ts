const signals = ['SIGTERM', 'SIGINT'] as const;

/**
 * Resolves with the name of the first signal that asks this process to end. A second one ends it at once, as it would
 * without this.
 */
export function untilSignal(): Promise<string> {
  return new Promise((resolve) => {
    const listener = (signal: string): void => {
      for (const name of signals) process.off(name, listener);
      resolve(signal);
    };
    for (const name of signals) process.on(name, listener);
  });
}

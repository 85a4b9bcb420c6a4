/** What tells the time and wakes up later. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls a function once, after some milliseconds; gives what `clearTimeout` takes. */
  setTimeout(call: () => void, milliseconds: number): unknown;
  /** Takes back what `setTimeout` gave, so that the function is not called. */
  clearTimeout(timer: unknown): void;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (call, milliseconds) => setTimeout(call, milliseconds),
  clearTimeout: (timer) => {
    clearTimeout(timer as NodeJS.Timeout);
  },
};

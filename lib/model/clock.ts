/** Time, handed in so that tests own it. */
export interface Clock {
  /** Milliseconds since 1970 with fractions; never goes back while the process lives. */
  now(): number;
  /** Runs `action` once after so many milliseconds, unless the function that comes back is called before. */
  after(milliseconds: number, action: () => void): () => void;
}

/** Something that a running kube-ipvs did or met, as a line of `/v1/events` tells it. What there is not is `null`. */
export interface DaemonEvent {
  /** RFC 3339 in UTC. */
  readonly time: string;
  /**
   * - `change`: an entry of the kernel was made, removed or changed; `refused`: the kernel did not take it
   * - `drift`: an entry was found otherwise than it was left, and is repaired
   * - `drained`: a real server that was draining is gone; `contended`: several Services want one virtual server
   * - `failed`: a table could not be read or written, or a Service not be planned
   * - `dropped`: the reader was too slow, and `count` lines are missing here
   */
  readonly kind: 'change' | 'refused' | 'drift' | 'drained' | 'contended' | 'failed' | 'dropped';
  /** `+` made, `-` removed, `~` changed. */
  readonly action: '+' | '-' | '~' | null;
  readonly table: string | null;
  /** The entry: `TCP 10.96.0.10:80 -> 10.0.1.7:8080`. */
  readonly key: string | null;
  /** The Service that it is for, `namespace/name`, where that is known. */
  readonly service: string | null;
  /** What else there is to say, for a person. */
  readonly text: string;
  /** From the moment when kube-ipvs was told of the change until the kernel held it; `null` where nobody told. */
  readonly milliseconds: number | null;
  /** Of `dropped`. */
  readonly count: number | null;
}

/** Where a server of this program listens. */
export interface BindAddress {
  /** Canonical text; `0.0.0.0` and `::` both stand for every address of both families, as in Go. */
  readonly address: string;
  /** 1–65535. */
  readonly port: number;
}

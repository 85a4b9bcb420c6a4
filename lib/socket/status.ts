/**
 * What a running kube-ipvs tells of itself at `/v1/status`. Times are RFC 3339 in UTC, durations milliseconds; `null` is what
 * there is not, or not yet. Lists that could grow with the cluster end after `longestList` entries, with their whole number
 * beside them.
 */
export interface DaemonStatus {
  readonly apiVersion: typeof statusVersion;
  readonly kind: 'Status';
  /** When it was told. */
  readonly time: string;
  readonly versions: Versions;
  readonly process: ProcessStatus;
  readonly configuration: ConfigurationStatus;
  readonly source: SourceStatus;
  readonly node: NodeStatus;
  readonly health: HealthStatus;
  /** `null` until every service that there is has been read. */
  readonly programming: ProgrammingStatus | null;
}

/** The version of the documents that are told. */
export const statusVersion = 'kube-ipvs.io/v1alpha1';

/** Entries of one list that are told at most. */
export const longestList = 100;

/** What runs. */
export interface Versions {
  readonly kubeIpvs: string;
  readonly node: string;
  readonly kernel: string;
  readonly ipvs: string;
}

/** The process that tells it. */
export interface ProcessStatus {
  readonly pid: number;
  readonly started: string;
  /**
   * `starting`: not every service is known; `programming`: they are being brought into the kernel for the first time;
   * `running` after that.
   */
  readonly phase: 'starting' | 'programming' | 'running';
  /** As `-v` has it, or as it was set since. */
  readonly verbosity: number;
  readonly residentBytes: number;
}

/** What it was told to do, in short. */
export interface ConfigurationStatus {
  /** The first digits of a SHA-256 of all of it: equal where the configurations are. */
  readonly digest: string;
  readonly scheduler: string;
  readonly syncPeriod: number;
  readonly minSyncPeriod: number;
  readonly drainTimeout: number;
  /** Where health and metrics are served; `off` for nowhere. */
  readonly healthzBindAddress: string;
  readonly metricsBindAddress: string;
}

/** Where services come from. */
export interface SourceStatus {
  readonly kind: 'kubernetes' | 'manifests';
  /** The URL of the API server or its proxy, or the directory. */
  readonly place: string;
  /** Whether everything there is has been read once. */
  readonly synced: boolean;
  /** Services that are known, those without a cluster IP left out. */
  readonly services: number;
  /** Why the API server gives no answer. */
  readonly trouble: string | null;
  /** None for manifests. */
  readonly watches: readonly WatchStatus[];
}

/** One list and watch of the API server. */
export interface WatchStatus {
  /** `services`, `endpointslices`, `nodes`. */
  readonly resource: string;
  /** Whether it has been listed once. */
  readonly synced: boolean;
  /** Whether a watch is open. */
  readonly open: boolean;
  /** When the last event or bookmark came. */
  readonly lastEvent: string | null;
  readonly lastList: string | null;
  readonly events: number;
  readonly lists: number;
  /** How often everything had to be listed again, and why. */
  readonly relists: Readonly<Record<string, number>>;
  /** How often a list or watch ended otherwise than agreed, and why. */
  readonly troubles: Readonly<Record<string, number>>;
  /** What keeps it from watching now. */
  readonly trouble: string | null;
}

/** The machine, as services are planned for it. */
export interface NodeStatus {
  readonly name: string;
  readonly zone: string | null;
  readonly podCidrs: readonly string[];
  readonly families: readonly string[];
  /** Those that its Node object bears. */
  readonly statusAddresses: readonly string[];
  /** Those that node ports are served on. */
  readonly nodePortAddresses: readonly string[];
  /** All of its interfaces but `kube-ipvs0`, without loopback and link-local ones. */
  readonly localAddresses: readonly string[];
  /** Whether its Node is to get new connections: it is not being deleted, nor to be taken away. */
  readonly eligible: boolean;
}

/** What `/livez` judges by. */
export interface HealthStatus {
  readonly healthy: boolean;
  readonly reasons: readonly string[];
  /** When changes were last written or the kernel last read back. */
  readonly lastPass: string | null;
}

/** How the kernel stands to what services ask for. */
export interface ProgrammingStatus {
  /** Services that have something in the kernel. */
  readonly services: number;
  /** Services that wait to be planned. */
  readonly pendingServices: number;
  /** The last change that was asked for, and the last up to which everything is in the kernel. */
  readonly revision: number;
  readonly programmed: number;
  readonly tables: readonly TableStatus[];
  readonly refusedCount: number;
  readonly refused: readonly RefusedStatus[];
  readonly conflictCount: number;
  readonly conflicts: readonly ConflictStatus[];
  readonly planFailureCount: number;
  readonly planFailures: readonly { readonly service: string; readonly reason: string }[];
  readonly drainingCount: number;
  readonly draining: readonly DrainingStatus[];
  /** The last pass, and the last one that wrote anything. */
  readonly lastSync: PassStatus | null;
  readonly lastWrite: PassStatus | null;
  readonly lastAudit: AuditStatus | null;
  /** Of changes of endpoints, from their begin in the control plane to the kernel. */
  readonly latency: LatencyStatus;
}

/** One table of the kernel. */
export interface TableStatus {
  /** `virtualServers`, `realServers`, … */
  readonly table: string;
  /** Entries that are wanted. */
  readonly entries: number;
  /** Entries that wait to be written, refused ones included. */
  readonly pending: number;
  readonly refused: number;
  /** Changes written since the start. */
  readonly writes: number;
  /** Entries that audits found to be otherwise than they were left, since the start. */
  readonly drift: number;
  /** Why it cannot be read or written now. */
  readonly trouble: string | null;
}

/** An entry that the kernel refused, and that is tried again. */
export interface RefusedStatus {
  readonly table: string;
  readonly key: string;
  /** The Services that want it, `namespace/name`, as far as they are known. */
  readonly services: readonly string[];
  /** Symbolic errno, or a code of this project's own. */
  readonly code: string;
  /** What was tried: `add real server`. */
  readonly operation: string;
  readonly reason: string;
  readonly attempts: number;
  readonly nextTry: string;
}

/** A virtual server that several Services want. */
export interface ConflictStatus {
  readonly key: string;
  readonly winner: string;
  readonly losers: readonly string[];
}

/** A real server that is wanted no longer and kept for the connections that it has. */
export interface DrainingStatus {
  readonly key: string;
  readonly since: string;
  /** When it goes whatever connections it has; `null` for never. */
  readonly deadline: string | null;
  /** At the last look; `null` where they could not be read. */
  readonly connections: number | null;
}

/** One pass over changed services. */
export interface PassStatus {
  readonly ended: string;
  readonly services: number;
  readonly writes: number;
  readonly refusals: number;
  readonly milliseconds: number;
}

/** One reading back of the kernel. */
export interface AuditStatus {
  readonly ended: string;
  readonly milliseconds: number;
  readonly driftCount: number;
  readonly drift: readonly { readonly table: string; readonly key: string; readonly kind: string }[];
  /** Tables that could not be read. */
  readonly failures: readonly { readonly table: string; readonly reason: string }[];
}

/** How long changes of endpoints took. */
export interface LatencyStatus {
  /** Changes that were measured. */
  readonly count: number;
  /** Of all of them; `null` for none. */
  readonly meanMilliseconds: number | null;
  readonly last: {
    readonly service: string;
    readonly triggered: string;
    readonly milliseconds: number;
  } | null;
}

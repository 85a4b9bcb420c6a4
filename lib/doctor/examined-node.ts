import type { IptablesFlavour } from '../kernel/iptables-flavour.ts';
import type { SavedTables } from '../kernel/iptables-save.ts';
import type { NftTable } from '../kernel/nft-table.ts';
import type { IpFamily } from '../model/family.ts';
import type { BasePlan } from '../model/plan.ts';
import type { LocalTraffic } from '../model/planner-options.ts';
import type { TracedTables } from '../trace/traced-tables.ts';

/** Which kernel modules there are, by their names with underscores. */
export interface ModuleLists {
  /** Loaded, or a part of the kernel as far as it tells. */
  readonly there: ReadonlySet<string>;
  /** Those that can be loaded or are built in, by depmod's lists; `undefined` where these cannot be read. */
  readonly available: ReadonlySet<string> | undefined;
}

/** A network interface with its addresses. */
export interface NodeInterface {
  readonly name: string;
  /** `bridge`, `veth`, `dummy`, `vxlan`; `undefined` for hardware and loopback. */
  readonly kind: string | undefined;
  readonly up: boolean;
  readonly mtu: number;
  /** The name of the bridge or bond that it is part of. */
  readonly master: string | undefined;
  readonly addresses: readonly InterfacePrefix[];
  /** Whether a bridge sends frames back out of this port that came in by it; `undefined` where it is no port, or not known. */
  readonly hairpin: boolean | undefined;
  /** Whether a default route leads out of it. */
  readonly uplink: boolean;
}

/** An address and the length of its network's prefix. */
export interface InterfacePrefix {
  readonly address: string;
  readonly prefix: number;
}

/** What one flavour of iptables holds for one family. */
export interface SavedRules {
  readonly flavour: IptablesFlavour;
  readonly family: IpFamily;
  readonly tables: SavedTables;
  /** Of the hooks of the filter table: `DROP`. */
  readonly policies: ReadonlyMap<string, string>;
}

/** What IPVS says of itself. */
export interface IpvsFacts {
  /** Buckets of the connection table. */
  readonly buckets: number;
  /** Connections of all real servers. */
  readonly connections: number;
  /** Seconds that an idle TCP connection is remembered. */
  readonly tcpTimeout: number;
}

/** A program that looks like a service proxy, in the network of this node. */
export interface ProxyProcess {
  readonly pid: number;
  readonly program: 'kube-ipvs' | 'kube-proxy';
  readonly commandLine: string;
  /** Whether it is for certain in the network of this node: that takes a privilege to tell. */
  readonly here: boolean;
}

/** What became of an attempt to connect. */
export type Answer = 'connected' | 'refused' | 'silent' | 'unreachable';

/** A pod of this node behind a service. */
export interface LocalEndpoint {
  readonly service: string;
  readonly address: string;
}

/** A difference between what the kernel should hold and what it holds. */
export interface Difference {
  readonly table: string;
  readonly key: string;
  /** `+` is missing, `-` is too much, `~` is another. */
  readonly sign: '+' | '-' | '~';
  readonly text: string;
  /** Whether it is a real server that takes no new connections and goes when its last one does. */
  readonly draining: boolean;
}

/** What Services ask this node for. */
export interface Wanted {
  /** Where that was read: `manifests in /etc/kube-ipvs/manifests`. */
  readonly source: string;
  readonly differences: readonly Difference[];
  /** The schedulers that the configuration and Services name. */
  readonly schedulers: readonly string[];
  /** The pods of this node that Services choose, those in its own network left out. */
  readonly localEndpoints: readonly LocalEndpoint[];
  /** What is written in Services and not followed here. */
  readonly problems: readonly string[];
}

/** What the configuration alone asks for. */
export interface Basis {
  readonly plan: BasePlan;
  readonly localTraffic: LocalTraffic;
  /** Whether somebody told the configuration; it is the default one otherwise. */
  readonly told: boolean;
}

/** How a watch of the API server stands. */
export interface WatchFacts {
  readonly resource: string;
  readonly synced: boolean;
  /** Seconds since the server last said anything; `undefined` where that is not known. */
  readonly silentFor: number | undefined;
  /** What keeps it from being read now. */
  readonly trouble: string | undefined;
}

/** What a running kube-ipvs says of itself. */
export type DaemonFacts =
  /** No process and nothing that listens. */
  | { readonly state: 'absent' }
  /** It is there and does not answer in time. */
  | { readonly state: 'hung'; readonly asked: string }
  /** It runs, and nothing that could be asked is there. */
  | { readonly state: 'mute'; readonly why: string }
  | {
      readonly state: 'answers';
      readonly asked: string;
      readonly watches: readonly WatchFacts[];
      /** Entries that the kernel refuses and tables that cannot be written, in words. */
      readonly refusals: readonly string[];
      /** Why its health check fails; nothing where it does not. */
      readonly unhealthy: readonly string[];
    };

/** The clock of this node beside another. */
export interface ClockComparison {
  /** What it was compared with. */
  readonly with: string;
  /** Seconds that this node is ahead, within `within`. */
  readonly ahead: number;
  readonly within: number;
}

/**
 * A node that is examined. Everything is read when it is first asked for and once, so that what no check asks for costs
 * nothing. A method rejects where its subject cannot be read; the message says why.
 */
export interface ExaminedNode {
  readonly name: string;
  /** As `uname -r` tells it. */
  readonly kernelRelease: string;
  /** The scheduler of the configuration. */
  readonly scheduler: string;
  /** The command that brings this node up to date once, with the flags that it runs with. */
  readonly runOnce: string;
  /** The value of a setting, by its path under /proc/sys; `undefined` where the kernel has no such setting. */
  sysctl(key: string): Promise<string | undefined>;
  modules(): Promise<ModuleLists>;
  interfaces(): Promise<readonly NodeInterface[]>;
  tables(): Promise<TracedTables>;
  ipvs(): Promise<IpvsFacts>;
  rules(): Promise<readonly SavedRules[]>;
  /** Tables of nf_tables that filter at a hook and are not of iptables; rejects where nft is not there to tell them. */
  nftTables(): Promise<readonly NftTable[]>;
  /** Tables of nf_tables that a kube-proxy of another mode makes: `ip kube-proxy`. */
  proxyTables(): Promise<readonly string[]>;
  basis(): Promise<Basis>;
  wanted(): Promise<Wanted>;
  processes(): Promise<readonly ProxyProcess[]>;
  daemon(): Promise<DaemonFacts>;
  clock(): Promise<ClockComparison>;
  /** Tries to open a TCP connection, and closes it. */
  connect(address: string, port: number): Promise<Answer>;
}

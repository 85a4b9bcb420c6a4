import { z } from 'zod';
import { familyOf } from '../model/family.ts';
import { schedulers } from './schedulers.ts';
import {
  booleanSetting,
  cidrListSetting,
  durationSetting,
  integerSetting,
  interfaceSetting,
  nameSetting,
  settingIssue,
  textSetting,
} from './setting.ts';

const nodeCidrHint =
  'NodeCIDR needs the Node object of an API server; use ClusterCIDR with --cluster-cidr, BridgeInterface or InterfaceNamePrefix';

/** What serves node ports everywhere: every address of both families. */
const everywhere = ['0.0.0.0/0', '::/0'];

const settings = z.object({
  proxyMode: nameSetting(['ipvs'], {
    iptables: 'kube-ipvs serves through IPVS alone; run kube-proxy for iptables',
    nftables: 'kube-ipvs serves through IPVS alone; run kube-proxy for nftables',
  }).prefault('ipvs'),
  scheduler: nameSetting(Object.keys(schedulers)).prefault('rr'),
  syncPeriod: durationSetting().prefault('30s'),
  minSyncPeriod: durationSetting().prefault('0s'),
  excludeCidrs: cidrListSetting().prefault([]),
  strictArp: booleanSetting().prefault(false),
  tcpTimeout: durationSetting().prefault('0s'),
  tcpFinTimeout: durationSetting().prefault('0s'),
  udpTimeout: durationSetting().prefault('0s'),
  masqueradeAll: booleanSetting().prefault(false),
  masqueradeBit: integerSetting(0, 31).prefault(14),
  clusterCidrs: cidrListSetting().prefault([]),
  detectLocalMode: nameSetting(['ClusterCIDR', 'BridgeInterface', 'InterfaceNamePrefix'], {
    NodeCIDR: nodeCidrHint,
  }).prefault('ClusterCIDR'),
  bridgeInterface: interfaceSetting('the bridge that the pods are on').optional(),
  interfaceNamePrefix: interfaceSetting("what the names of the pods' interfaces begin with").optional(),
  nodePortAddresses: cidrListSetting(
    { all: everywhere },
    {
      primary: 'it needs the Node object of an API server; write the CIDRs of the addresses instead',
      localhost: 'IPVS cannot serve node ports on loopback addresses; leave it out',
    },
  ).prefault([]),
  nodeName: textSetting('the name of this node', 'give it as endpoints name it in nodeName').transform(
    (name) => name.toLowerCase(),
  ),
  manifests: textSetting('a directory', 'name a directory with Services and EndpointSlices').optional(),
  once: booleanSetting().prefault(false),
  traceNetlink: booleanSetting().prefault(false),
  loggingFormat: nameSetting(['text', 'json']).prefault('text'),
  verbosity: integerSetting(0, 10).prefault(0),
});

/** The setting that a way of telling local traffic cannot do without. */
const neededBy = { BridgeInterface: 'bridgeInterface', InterfaceNamePrefix: 'interfaceNamePrefix' } as const;

/** The settings that need one another, checked when each is right by itself. */
export const configurationSchema = settings.superRefine((configuration, context) => {
  const refuse = (field: keyof Configuration, expected: string, got: string, hint: string): void => {
    context.addIssue(settingIssue({ expected, got, hint }, configuration[field], [field]));
  };
  if (configuration.syncPeriod === 0) {
    refuse('syncPeriod', 'a duration above 0', '0', 'write how often to audit, such as 30s');
  } else if (configuration.minSyncPeriod > configuration.syncPeriod) {
    refuse(
      'minSyncPeriod',
      'at most --ipvs-sync-period',
      'a longer one',
      'shorten it, or lengthen the other',
    );
  }
  if (new Set(configuration.clusterCidrs.map(familyOf)).size < configuration.clusterCidrs.length) {
    const got = `"${configuration.clusterCidrs.join(',')}"`;
    refuse('clusterCidrs', 'at most one CIDR for each IP family', got, 'keep one for IPv4 and one for IPv6');
  }
  for (const [mode, field] of Object.entries(neededBy)) {
    if (configuration.detectLocalMode === mode && configuration[field] === undefined) {
      refuse(field, `a name, for --detect-local-mode=${mode}`, 'nothing', 'give it, or choose another mode');
    }
  }
});

/**
 * The whole configuration, valid, with every default filled in. Durations are milliseconds, CIDRs canonical, and an IPVS
 * timeout of 0 leaves the kernel's own in force.
 */
export type Configuration = z.output<typeof configurationSchema>;

/** The configuration as people write it: texts, each field of which may be left out. */
export type WrittenConfiguration = Readonly<Partial<Record<keyof Configuration, unknown>>>;

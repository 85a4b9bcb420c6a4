import { setting, shown } from './setting.ts';
import { suggestion } from './suggestion.ts';

/** What Kubernetes' feature gates of kube-proxy's IPVS mode come to here, where nothing is gated. */
const alwaysOn: readonly string[] = [
  'EndpointSlice',
  'EndpointSliceProxying',
  'EndpointSliceTerminatingCondition',
  'IPv6DualStack',
  'KubeProxyDrainingTerminatingNodes',
  'KubeProxyIPVS',
  'LoadBalancerIPMode',
  'MixedProtocolLBService',
  'PreferSameTrafficDistribution',
  'ProxyTerminatingEndpoints',
  'SCTPSupport',
  'ServiceInternalTrafficPolicy',
  'ServiceLBNodePortControl',
  'ServiceTrafficDistribution',
  'SupportIPVSProxyMode',
  'TopologyAwareHints',
];

/** Gates of other modes, of Windows, of kube-proxy's own pages and of its logging. */
const alwaysOff: readonly string[] = [
  'AllAlpha',
  'AllBeta',
  'ComponentFlagz',
  'ComponentSLIs',
  'ComponentStatusz',
  'ContextualLogging',
  'HyperVContainer',
  'KubeProxyNFTablesLocalhostNodePorts',
  'LoggingAlphaOptions',
  'LoggingBetaOptions',
  'MinimizeIPTablesRestore',
  'NFTablesProxyMode',
  'ServiceTopology',
  'WinDSR',
  'WinOverlay',
  'WindowsHostNetwork',
];

/** The gate that is followed: whoever has turned it off has shut external IPs out (KEP-5707, CVE-2020-8554). On unless told. */
export const externalIPsGate = 'AllowServiceExternalIPs';

const fixed: ReadonlyMap<string, boolean> = new Map([
  ...alwaysOn.map((name) => [name, true] as const),
  ...alwaysOff.map((name) => [name, false] as const),
]);

/** Every known feature gate by name, and whether what it gates is on here unless it is one that is followed. */
export const featureGates: ReadonlyMap<string, boolean> = new Map(
  [...fixed, [externalIPsGate, true] as const].sort(),
);

/** Feature gates by name, of what a person wrote. */
export type FeatureGates = Readonly<Record<string, boolean>>;

/** Feature gates as a map, or as on a command line: `A=true,B=false`. */
export function featureGatesSetting() {
  return setting<FeatureGates>({
    expected: 'feature gates, each true or false',
    json: { type: 'object', additionalProperties: { type: 'boolean' } },
    read: readGates,
    hint: () => 'write them as Name=true,Other=false; in a file as a map of names to true or false',
    wrongPart: (written) => (typeof written === 'object' ? firstWrong(written) : written),
  });
}

/** What a person is told of each gate that has no effect, or not the one they want. */
export function gateRemarks(gates: FeatureGates): string[] {
  return Object.entries(gates).flatMap(([name, wanted]) => {
    const here = featureGates.get(name);
    if (here === wanted || name === externalIPsGate) return [];
    if (here !== undefined) {
      return [
        `feature gate ${name}=${wanted}: it has no effect, what it gates is always ${here ? 'on' : 'off'}`,
      ];
    }
    const near = suggestion(name, [...featureGates.keys()]);
    return [
      `feature gate ${name}=${wanted}: nobody knows it here, and it has no effect` +
        (near === undefined ? '' : `; did you mean ${near}?`),
    ];
  });
}

function readGates(written: unknown): FeatureGates | undefined {
  const gates = Array.isArray(written) || typeof written === 'string' ? fromText(written) : written;
  if (typeof gates !== 'object' || gates === null) return undefined;
  const entries = Object.entries(gates);
  return entries.every(([, value]) => typeof value === 'boolean')
    ? Object.fromEntries(entries.sort())
    : undefined;
}

/** `A=true,B=false`, once or several times. */
function fromText(written: string | readonly unknown[]): Record<string, unknown> {
  const items = [written].flat().flatMap((text) => String(text).split(','));
  return Object.fromEntries(
    items
      .map((item) => item.trim())
      .filter((item) => item !== '')
      .map((item) => {
        const [, name = item, value] = /^([^=]+)=(true|false)$/i.exec(item) ?? [];
        return [name, value === undefined ? undefined : value.toLowerCase() === 'true'];
      }),
  );
}

function firstWrong(written: object | null): unknown {
  const wrong = Object.entries(written ?? {}).find(([, value]) => typeof value !== 'boolean');
  return wrong === undefined ? written : `${wrong[0]}: ${shown(wrong[1])}`;
}

/**
 * The fields of KubeProxyConfiguration that change nothing here, by their path in the file, each with the reason. One that
 * holds other fields stands for all of them.
 */
export const unusedFields: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'clientConnection.acceptContentTypes': 'the API server is spoken to in JSON',
    'clientConnection.contentType': 'the API server is spoken to in JSON',
    'clientConnection.qps': 'two lists, their watches and a few events need no limit',
    'clientConnection.burst': 'two lists, their watches and a few events need no limit',
    configSyncPeriod: 'changes come by watches, which begin anew by themselves',
    showHiddenMetricsForVersion: 'no metric is hidden',
    portRange: 'no mode uses it any more',
    udpIdleTimeout: 'it was of mode userspace; ipvs.udpTimeout is how long UDP is remembered',
    resourceContainer: 'the container of the process is its own affair',
    windowsRunAsService: 'it is of Windows',
    winkernel: 'it is of Windows',
    nftables: 'it is of mode nftables; the bit and masqueradeAll of mode ipvs stand under iptables',
    'iptables.localhostNodePorts': 'it is of mode iptables; IPVS serves no node ports on loopback addresses',
    'iptables.snatNodeInternalIP': 'masquerading takes the address that the route takes',
    'iptables.syncPeriod': 'it is of mode iptables; ipvs.syncPeriod is the one of mode ipvs',
    'iptables.minSyncPeriod': 'it is of mode iptables; ipvs.minSyncPeriod is the one of mode ipvs',
    'logging.flushFrequency': 'logs are written at once',
    'logging.vmodule': 'verbosity is one for the whole program',
    'logging.options': 'logs go to standard error, unbuffered',
  }),
);

/** The reason why a field, or one that it is in, changes nothing; undefined where it does, or is not known. */
export function reasonUnused(path: readonly string[]): string | undefined {
  for (let depth = path.length; depth > 0; depth -= 1) {
    const reason = unusedFields.get(path.slice(0, depth).join('.'));
    if (reason !== undefined) return reason;
  }
  return undefined;
}

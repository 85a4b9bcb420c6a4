const ofIptables = 'it is of mode iptables';
const ofLogFiles = 'logs go to standard error alone';
const ofBuffers = 'logs are written at once';
const ofRate = 'two lists, their watches and a few events need no limit';
const ofWindows = 'it is of Windows';
const ofUserspace = 'it was of mode userspace';
const ofMachine = 'the machine is not asked for its identity';

/** The flags of kube-proxy, of now and of earlier releases, that change nothing here, each with the reason. */
export const unusedFlags: ReadonlyMap<string, string> = new Map(
  Object.entries({
    '--add-dir-header': 'a log line names no source file',
    '--alsologtostderr': ofLogFiles,
    '--azure-container-registry-config': 'no image is pulled',
    '--boot-id-file': ofMachine,
    '--cleanup-ipvs': 'kube-ipvs cleanup removes what is ours and nothing else',
    '--config-sync-period': 'changes come by watches, which begin anew by themselves',
    '--enable-dsr': ofWindows,
    '--forward-healthcheck-vip': ofWindows,
    '--healthz-port': 'write the port with the address: --healthz-bind-address 0.0.0.0:10256',
    '--iptables-localhost-nodeports': `${ofIptables}; IPVS serves no node ports on loopback addresses`,
    '--iptables-min-sync-period': `${ofIptables}; --ipvs-min-sync-period is the one of mode ipvs`,
    '--iptables-sync-period': `${ofIptables}; --ipvs-sync-period is the one of mode ipvs`,
    '--kube-api-burst': ofRate,
    '--kube-api-content-type': 'the API server is spoken to in JSON',
    '--kube-api-qps': ofRate,
    '--log-backtrace-at': 'a log line names no source file',
    '--log-dir': ofLogFiles,
    '--log-file': ofLogFiles,
    '--log-file-max-size': ofLogFiles,
    '--log-flush-frequency': ofBuffers,
    '--log-json-info-buffer-size': ofBuffers,
    '--log-json-split-stream': ofLogFiles,
    '--log-text-info-buffer-size': ofBuffers,
    '--log-text-split-stream': ofLogFiles,
    '--logtostderr': ofLogFiles,
    '--machine-id-file': ofMachine,
    '--metrics-port': 'write the port with the address: --metrics-bind-address 127.0.0.1:10249',
    '--network-name': ofWindows,
    '--one-output': ofLogFiles,
    '--proxy-port-range': 'no mode uses it any more',
    '--resource-container': 'the container of the process is its own affair',
    '--root-hnsendpoint-name': ofWindows,
    '--show-hidden-metrics-for-version': 'no metric is hidden',
    '--skip-headers': 'write --logging-format json for lines without a header',
    '--skip-log-headers': ofLogFiles,
    '--source-vip': ofWindows,
    '--stderrthreshold': ofLogFiles,
    '--udp-timeout': `${ofUserspace}; --ipvs-udp-timeout is how long UDP is remembered`,
    '--vmodule': 'verbosity is one for the whole program',
    '--windows-service': ofWindows,
  }),
);

import { addressesCheck } from './checks/addresses.ts';
import { bridgesCheck } from './checks/bridges.ts';
import { clockCheck } from './checks/clock.ts';
import { connectionTableCheck } from './checks/connection-table.ts';
import { conntrackCheck } from './checks/conntrack.ts';
import { daemonCheck } from './checks/daemon.ts';
import { driftCheck } from './checks/drift.ts';
import { endpointsCheck } from './checks/endpoints.ts';
import { foreignRulesCheck } from './checks/foreign-rules.ts';
import { localTrafficCheck } from './checks/local-traffic.ts';
import { modulesCheck } from './checks/modules.ts';
import { mtuCheck } from './checks/mtu.ts';
import { nfTablesCheck } from './checks/nf-tables.ts';
import { otherProxiesCheck } from './checks/other-proxies.ts';
import { ownRulesCheck } from './checks/own-rules.ts';
import { setsCheck } from './checks/sets.ts';
import { sysctlsCheck } from './checks/sysctls.ts';
import { timeoutsCheck } from './checks/time-outs.ts';
import type { Check } from './finding.ts';

/** Every check, in the order in which they are told. */
export const allChecks: readonly Check[] = [
  modulesCheck,
  sysctlsCheck,
  daemonCheck,
  otherProxiesCheck,
  ownRulesCheck,
  foreignRulesCheck,
  nfTablesCheck,
  setsCheck,
  addressesCheck,
  driftCheck,
  localTrafficCheck,
  endpointsCheck,
  conntrackCheck,
  connectionTableCheck,
  timeoutsCheck,
  bridgesCheck,
  mtuCheck,
  clockCheck,
];

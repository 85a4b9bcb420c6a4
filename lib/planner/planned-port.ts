import type { IpFamily } from '../model/family.ts';
import type { ServicePort } from '../model/service.ts';
import type { PortEndpoint } from './endpoints.ts';
import type { Scheduling } from './scheduling.ts';

/** One port of a service in one family, with all that its virtual servers have in common. */
export interface PlannedPort {
  readonly family: IpFamily;
  readonly port: ServicePort;
  readonly scheduling: Scheduling;
  /** Those that traffic goes to. */
  readonly endpoints: readonly PortEndpoint[];
}

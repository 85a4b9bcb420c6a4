import {
  explain,
  type ExplainedFacts,
  type Explanation,
} from '../../../../lib/cli/explanation/explanation.ts';
import type { HeldService } from '../../../../lib/cli/explanation/way-view.ts';
import type { ServicePlan } from '../../../../lib/model/plan.ts';
import type { PlannerOptions } from '../../../../lib/model/planner-options.ts';
import { protocolNumbers } from '../../../../lib/model/protocol.ts';
import type { RealServer } from '../../../../lib/model/real-server.ts';
import type { ServiceState } from '../../../../lib/model/service-state.ts';
import { planService } from '../../../../lib/planner/service-plan.ts';
import { entriesOf, node, plannerOptions } from '../../fixtures.ts';

/** A kernel that holds what a plan asks for. */
export function heldOf(plan: ServicePlan): HeldService {
  return {
    servers: new Map(
      plan.virtualServers.map(({ server, realServers }) => [
        server.key,
        {
          service: {
            ...server,
            protocol: protocolNumbers[server.protocol],
            netmask: server.persistencePrefix,
          },
          destinations: realServers.toSorted(byAddress).map((one) => ({
            ...one,
            forwarding: 0,
            activeConnections: 2,
            inactiveConnections: 1,
          })),
        },
      ]),
    ),
    others: new Map(),
    setEntries: new Set(entriesOf(plan).map(({ key }) => key)),
    addresses: new Set(plan.addresses.map(({ key }) => key)),
  };
}

function byAddress(a: RealServer, b: RealServer): number {
  return a.address < b.address ? -1 : 1;
}

/** What else an explanation may be of. */
export interface ExplainedCase {
  readonly options?: Partial<PlannerOptions>;
  /** What the kernel holds, out of what it should hold. */
  readonly held?: (wanted: HeldService) => HeldService;
  readonly facts?: Partial<ExplainedFacts>;
}

/** Explains a Service on `node`, whose kernel holds what is wanted but for what is given. */
export function explained(state: ServiceState, { options, held, facts }: ExplainedCase = {}): Explanation {
  const planned = plannerOptions(options);
  const plan = planService(state, node, planned);
  const wanted = heldOf(plan);
  return explain({
    ...{ service: state.service, state, plan, node, options: planned },
    held: held === undefined ? wanted : held(wanted),
    winnerOf: () => plan.service,
    ...{ problems: [], healthAnswered: null, daemon: undefined },
    ...facts,
  });
}

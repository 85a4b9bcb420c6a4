import { setTimeout as sleep } from 'node:timers/promises';
import type { RealServer } from '../../model/real-server.ts';
import type { Answer, ExaminedNode } from '../examined-node.ts';
import type { Check, Found } from '../finding.ts';
import { counted, firstFew } from '../mend.ts';

type Name = 'endpoint-refuses' | 'endpoint-unreachable' | 'endpoint-silent';

/** Endpoints that are tried at most, and at the same time. */
const most = { all: 256, atOnce: 32 };

/** Milliseconds until an endpoint that refused is tried once more. */
const again = 300;

const names: Readonly<Record<Exclude<Answer, 'connected'>, Name>> = {
  refused: 'endpoint-refuses',
  unreachable: 'endpoint-unreachable',
  silent: 'endpoint-silent',
};

/** Whether endpoints answer this node. */
export const endpointsCheck: Check<Name> = {
  name: 'endpoints',
  about: `Whether the real servers of TCP answer this node: a connection is opened to each and closed, to ${most.all} at most, ${most.atOnce} at a time. --no-probe leaves it out.`,
  kinds: {
    'endpoint-refuses': {
      severity: 'error',
      meaning:
        'Nobody listens where Kubernetes says that an endpoint is ready, so its share of connections is refused.',
    },
    'endpoint-unreachable': {
      severity: 'error',
      meaning: 'This node has no way to an endpoint that is ready, so its share of connections fails.',
    },
    'endpoint-silent': {
      severity: 'warning',
      meaning:
        'An endpoint that is ready did not answer this node in time; a network policy may forbid it to.',
    },
  },
  async judge(node) {
    const { realServers } = await node.tables();
    const all = usableServers([...realServers.values()]);
    const tried = [...all].slice(0, most.all);
    const answers = await askAll(node, tried);
    const found = Object.entries(names).flatMap(([answer, name]) =>
      finding(
        name,
        answers.filter((one) => one.answer === answer),
      ),
    );
    return { found, seen: `${tried.length} of ${counted(all.size, 'endpoint')} of TCP` };
  },
};

/** An endpoint, by address and port, and the virtual servers that it is behind. */
type Asked = readonly [
  place: string,
  server: { readonly address: string; readonly port: number; readonly behind: string[] },
];

interface Answered {
  readonly place: string;
  readonly behind: readonly string[];
  readonly answer: Answer;
}

function usableServers(all: readonly RealServer[]): ReadonlyMap<string, Asked[1]> {
  const found = new Map<string, Asked[1]>();
  for (const { virtualServer, address, port, weight } of all) {
    if (virtualServer.protocol !== 'TCP' || weight === 0 || port === 0) continue;
    const place = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
    const known = found.get(place) ?? { address, port, behind: [] };
    known.behind.push(virtualServer.key);
    found.set(place, known);
  }
  return found;
}

async function askAll(node: ExaminedNode, asked: readonly Asked[]): Promise<readonly Answered[]> {
  const left = asked.values();
  const answers: Answered[] = [];
  const work = async (): Promise<void> => {
    for (const [place, { address, port, behind }] of left) {
      answers.push({ place, behind, answer: await ask(node, address, port) });
    }
  };
  await Promise.all(Array.from({ length: most.atOnce }, work));
  return answers.sort((a, b) => (a.place < b.place ? -1 : 1));
}

/** A pod that ends at this very moment refuses, and is no endpoint any more when it is asked again. */
async function ask(node: ExaminedNode, address: string, port: number): Promise<Answer> {
  const first = await node.connect(address, port);
  if (first !== 'refused') return first;
  await sleep(again);
  return node.connect(address, port);
}

function finding(name: Name, answered: readonly Answered[]): Found<Name>[] {
  const [first] = answered;
  if (first === undefined) return [];
  const evidence = answered.map(({ place, behind, answer }) => `${place} of ${behind[0] ?? ''}: ${answer}`);
  const pod = first.place.replace(/:\d+$/, '').replace(/[[\]]/g, '');
  const mend = [
    `kubectl get pods -A -o wide --field-selector status.podIP=${pod}`,
    '# see why it does not listen, or why its readiness probe does not notice',
  ];
  return [{ name, evidence: firstFew(evidence), mend }];
}

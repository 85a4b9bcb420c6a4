import { type Annotation, annotations } from '../lib/planner/annotations.ts';
import { table } from './markdown-table.ts';

const introduction = `# Annotations of a Service

What the configuration says for all services, an annotation says for one. \`make docs\` makes this page from the program.

\`\`\`sh
kubectl annotate service web kube-ipvs.io/scheduler=lc
\`\`\`

- A change counts at once. Connections that are open stay with their endpoint.
- An annotation that cannot be followed changes nothing. The log of each node says so, and an Event of the Service
  (\`InvalidAnnotation\`, or \`SchedulerUnavailable\` where a node's kernel does not have the scheduler): what was expected,
  what came, and what to do.
- kube-router's annotations are followed too. Where both ask for the same thing, those of \`kube-ipvs.io\` count.
- In manifests they stand where they do in Kubernetes, in \`metadata.annotations\`.
`;

function section({ name, expected, effect, example }: Annotation): string {
  return `## ${name}

${effect}

- Value: ${expected}
- Example: \`${name}: ${JSON.stringify(example)}\`
`;
}

/** Own ones first: the program reads them last, so that they count. */
function inOrder(): Annotation[] {
  const isOwn = ({ name }: Annotation): boolean => name.startsWith('kube-ipvs.io/');
  return [...annotations.filter(isOwn), ...annotations.filter((one) => !isOwn(one))];
}

/** All of them at a glance. */
function overview(): string {
  const rows = inOrder().map(({ name, expected, effect }) => [`\`${name}\``, expected, effect]);
  return `${table([['annotation', 'value', 'effect'], ...rows])}\n`;
}

/** The page of every annotation of a Service that is followed, in Markdown. */
export function annotationsReference(): string {
  return [introduction, overview(), ...inOrder().map(section)].join('\n');
}

import type { Board } from './board.ts';
import { node } from './node.ts';
import { overview } from './overview.ts';
import { services } from './services.ts';

/** Where the chart has them; the part of the name is that of the dashboard's uid. */
const folder = 'charts/kube-ipvs/dashboards';

/** Every dashboard by the file that holds it as Grafana imports it. */
export function dashboards(): Readonly<Record<string, Board>> {
  return Object.fromEntries(
    [overview(), node(), services()].map((dashboard) => [`${folder}/${dashboard.uid ?? ''}.json`, dashboard]),
  );
}

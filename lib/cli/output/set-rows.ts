import type { ElementView, SetView } from '../sets-view.ts';
import type { Rows } from './service-rows.ts';

/** One line for each set, as `get sets` shows them. `wide` says what it is for. */
export function setRows(views: readonly SetView[], wide: boolean): Rows {
  const headings = ['NAME', 'TYPE', 'FAMILY', 'ELEMENTS', 'MAXIMUM', 'REFERENCES'];
  return [
    wide ? [...headings, 'PURPOSE'] : headings,
    ...views.map(({ name, type, family, elements, maximum, references, purpose }) => [
      ...[
        name,
        type,
        family ?? '-',
        String(elements ?? '<unknown>'),
        String(maximum ?? '-'),
        String(references),
      ],
      ...(wide ? [purpose ?? '<foreign>'] : []),
    ]),
  ];
}

/** One line for each element of a set. */
export function elementRows(views: readonly ElementView[]): Rows {
  return [
    ['SET', 'ELEMENT', 'SERVICES'],
    ...views.map(({ set, element, services }) => [set, element, servicesText(services)]),
  ];
}

function servicesText(services: ElementView['services']): string {
  if (services === null) return '<unknown>';
  return services.length === 0 ? '<foreign>' : services.join(',');
}

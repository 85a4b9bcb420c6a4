import { expect } from 'chai';
import { sameService, sameSlice } from '../../../lib/catalog/equality.ts';
import { endpoint, service, servicePort, slice, slicePort } from '../fixtures.ts';

/** Every field of a value, each changed alone to something else of its type. */
function withEachFieldChanged<T extends object>(value: T): [field: string, changed: T][] {
  return Object.entries(value).map(([field, before]) => [field, { ...value, [field]: another(before) }]);
}

function another(value: unknown): unknown {
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'string') return `${value}x`;
  if (Array.isArray(value)) return value.slice(1);
  return {};
}

const port = servicePort();
const ingress = { address: '192.0.2.1', ipMode: 'VIP' } as const;
const full = service({
  externalIPs: ['192.0.2.7'],
  loadBalancerIngress: [ingress],
  loadBalancerSourceRanges: ['10.0.0.0/8'],
  annotations: { 'kube-ipvs.io/a': '1', 'kube-ipvs.io/b': '2' },
});

const one = endpoint('10.1.1.1', { zoneHints: ['a', 'b'], nodeHints: ['n'] });
const fullSlice = slice([one]);

describe('sameService', () => {
  it('finds a copy equal, in whatever order its annotations are', () => {
    const annotations = { 'kube-ipvs.io/b': '2', 'kube-ipvs.io/a': '1' };

    expect(sameService(full, { ...structuredClone(full), annotations })).to.equal(true);
  });

  const changes = [
    ...withEachFieldChanged(full),
    ...withEachFieldChanged(port).map(
      ([field, changed]) => [`ports.${field}`, { ...full, ports: [changed] }] as const,
    ),
    ...withEachFieldChanged(ingress).map(
      ([field, changed]) =>
        [`loadBalancerIngress.${field}`, { ...full, loadBalancerIngress: [changed] }] as const,
    ),
    ['an added port', { ...full, ports: [port, port] }] as const,
    [
      'an annotation’s value',
      { ...full, annotations: { 'kube-ipvs.io/a': '1', 'kube-ipvs.io/b': '3' } },
    ] as const,
    [
      'an annotation’s name',
      { ...full, annotations: { 'kube-ipvs.io/a': '1', 'kube-ipvs.io/c': '2' } },
    ] as const,
  ];
  for (const [field, changed] of changes) {
    it(`sees a change of ${field}`, () => {
      expect(sameService(full, changed)).to.equal(false);
      expect(sameService(changed, full)).to.equal(false);
    });
  }
});

describe('sameSlice', () => {
  it('finds a copy equal, whenever its change was triggered', () => {
    expect(sameSlice(fullSlice, { ...structuredClone(fullSlice), triggered: 9 })).to.equal(true);
  });

  const changes = [
    ...withEachFieldChanged(fullSlice).filter(([field]) => field !== 'triggered'),
    ...withEachFieldChanged(one).map(
      ([field, changed]) => [`endpoints.${field}`, { ...fullSlice, endpoints: [changed] }] as const,
    ),
    ...withEachFieldChanged(slicePort()).map(
      ([field, changed]) => [`ports.${field}`, { ...fullSlice, ports: [changed] }] as const,
    ),
    ['a zone’s name', { ...fullSlice, endpoints: [{ ...one, zoneHints: ['a', 'c'] }] }] as const,
  ];
  for (const [field, changed] of changes) {
    it(`sees a change of ${field}`, () => {
      expect(sameSlice(fullSlice, changed)).to.equal(false);
      expect(sameSlice(changed, fullSlice)).to.equal(false);
    });
  }
});

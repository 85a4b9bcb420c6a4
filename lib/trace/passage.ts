import type { Course } from './course.ts';
import type { Surroundings } from './surroundings.ts';
import type { Ending, Source } from './verdict.ts';

/** The source of a packet by now. */
export function sourceOf({ around, flight: { masqueraded, source, destination } }: Course): Source {
  if (!masqueraded) return { kind: 'kept', address: source };
  const known = around.route(destination)?.kind === 'way';
  return { kind: 'masqueraded', ...(known && { address: source }) };
}

/** The interface by which packets to an address leave; `undefined` where that is not known. */
export function interfaceTo(address: string, around: Surroundings): string | undefined {
  const route = around.route(address);
  return route?.kind === 'way' ? route.interface : undefined;
}

/** How a packet ends to which there is no way. */
export function routeMissing({ around }: Course, to: string): Ending | undefined {
  const route = around.route(to);
  return route?.kind === 'none'
    ? { kind: 'lost', why: { kind: 'no-route', to, code: route.code } }
    : undefined;
}

/** What the node sends to itself comes in on `lo`. The nat table and IPVS have seen it already. */
export function comeBack(course: Course): Ending | undefined {
  course.change({ inInterface: 'lo', outInterface: '', bridged: false });
  return course.pass('PREROUTING', 'raw', 'mangle') ?? course.pass('INPUT', 'mangle', 'filter', 'security');
}

/** What comes in for another machine and goes on, as far as the kernel forwards. */
export function forward(course: Course): Ending | undefined {
  const { destination } = course.flight;
  const closed = closedForwarding(course);
  if (closed !== undefined) return { kind: 'lost', why: { kind: 'not-forwarded', setting: closed } };
  course.change({ outInterface: interfaceTo(destination, course.around) });
  return routeMissing(course, destination) ?? course.pass('FORWARD', 'mangle', 'filter', 'security');
}

/** The setting by which the kernel does not forward what comes in on an interface. That of all interfaces sets each. */
function closedForwarding({ around, flight: { family, inInterface } }: Course): string | undefined {
  const all = family === 'IPv4' ? 'net/ipv4/ip_forward' : 'net/ipv6/conf/all/forwarding';
  const own = `net/ipv4/conf/${inInterface ?? ''}/forwarding`;
  if (around.sysctl(all) === '0') return all;
  return family === 'IPv4' && around.sysctl(own) === '0' ? own : undefined;
}

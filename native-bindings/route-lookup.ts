import { addressFamilies } from './address.ts';
import { address, u32 } from './attribute-types.ts';
import { attributes } from './attributes.ts';
import type { ByteWriter, Frame } from './byte-writer.ts';
import { readRouteHeader, routeHeader } from './default-route.ts';
import type { Message } from './message.ts';

/** Where the kernel sends what goes to an address. */
export interface FoundRoute {
  /** `RTN_*` (linux/rtnetlink.h): 1 to another machine, 2 to the host itself. */
  readonly type: number;
  /** Index of the interface that it leaves by. */
  readonly index: number;
  /** Canonical text; `undefined` where whoever has the address is reached directly. */
  readonly gateway: string | undefined;
  /** The address that the host sends from on this way, `undefined` where the kernel does not say. */
  readonly source: string | undefined;
}

/** `RTA_*`, as far as a look-up has them. */
export const lookupAttributes = attributes({
  destination: [1, address],
  interface: [4, u32],
  gateway: [5, address],
  source: [7, address],
});

/** Appends what asks for the way to an address of a family. */
export function writeRouteLookup(
  writer: ByteWriter,
  destination: string,
  family: keyof typeof addressFamilies,
): void {
  const at = writer.reserve(routeHeader);
  writer.view.setUint8(at, addressFamilies[family]);
  writer.view.setUint8(at + 1, family === 'IPv4' ? 32 : 128);
  lookupAttributes.encode(writer, { destination });
}

/** The way that a message describes. Throws `malformed`. */
export function decodeFoundRoute(frame: Frame, message: Message): FoundRoute {
  const { type } = readRouteHeader(frame, message);
  const values = lookupAttributes.decode(frame, message.payload + routeHeader, message.end);
  const { interface: index = 0, gateway, source } = values;
  return { type, index, gateway, source };
}

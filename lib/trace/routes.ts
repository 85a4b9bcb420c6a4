/** Where a kernel sends what goes to an address. */
export type RouteFound =
  | {
      readonly kind: 'way';
      /** That it leaves by; `lo` for an address of the node itself. */
      readonly interface: string;
      /** Left out where whoever has the address is reached directly. */
      readonly gateway?: string;
      /** The address that the node sends from on this way. */
      readonly source?: string;
    }
  /** There is none, by the kernel's code: `ENETUNREACH`. */
  | { readonly kind: 'none'; readonly code: string };

/** Asks a kernel for the way to an address, in canonical text. */
export type Routes = (address: string) => RouteFound;

/**
 * The order of ipvsadm's listings. It sorts by the difference of unsigned 32-bit numbers taken as a signed one, so that
 * 192.168.0.1 comes before 10.0.0.1, and the order of three addresses may be a circle. What it prints then depends on how
 * it sorts; so this sorts the way it does (the C library's merge sort, on the kernel's order).
 */

/** What ipvsadm sorts by. */
export interface IpvsadmSortKey {
  /** Firewall mark, 0 where the packet is matched by address. Always 0 for a real server. */
  readonly mark: number;
  /** `AF_INET` 2 or `AF_INET6` 10. */
  readonly family: number;
  /** IP protocol number. Always 0 for a real server. */
  readonly protocol: number;
  /** The address as numbers of 32 bits: one for IPv4, four for IPv6. */
  readonly words: readonly number[];
  readonly port: number;
}

/** Sorts values as ipvsadm lists virtual servers. */
export function sortVirtualServers<Value>(
  values: readonly Value[],
  keyOf: (value: Value) => IpvsadmSortKey,
): Value[] {
  return sortBy(
    values,
    keyOf,
    (a, b) =>
      (a.mark - b.mark) | 0 ||
      a.family - b.family ||
      a.protocol - b.protocol ||
      compareWords(a, b) ||
      a.port - b.port,
  );
}

/** Sorts values as ipvsadm lists the real servers of one virtual server. */
export function sortRealServers<Value>(
  values: readonly Value[],
  keyOf: (value: Value) => IpvsadmSortKey,
): Value[] {
  return sortBy(values, keyOf, (a, b) => compareWords(a, b) || a.port - b.port);
}

type Compare = (a: IpvsadmSortKey, b: IpvsadmSortKey) => number;

function sortBy<Value>(
  values: readonly Value[],
  keyOf: (value: Value) => IpvsadmSortKey,
  compare: Compare,
): Value[] {
  const keyed = values.map((value) => ({ value, key: keyOf(value) }));
  return mergeSort(keyed, (a, b) => compare(a.key, b.key)).map(({ value }) => value);
}

/** As many words as the family of the first has; an IPv4 address beside an IPv6 one has zeros behind it. */
function compareWords(a: IpvsadmSortKey, b: IpvsadmSortKey): number {
  for (const [index, word] of a.words.entries()) {
    const difference = (word - (b.words[index] ?? 0)) | 0;
    if (difference !== 0) return difference;
  }
  return 0;
}

function mergeSort<Item>(items: readonly Item[], compare: (a: Item, b: Item) => number): Item[] {
  if (items.length <= 1) return [...items];
  const middle = Math.floor(items.length / 2);
  const left = mergeSort(items.slice(0, middle), compare);
  const right = mergeSort(items.slice(middle), compare);
  const merged: Item[] = [];
  let [l, r] = [0, 0];
  for (let a = left[l], b = right[r]; a !== undefined && b !== undefined; a = left[l], b = right[r]) {
    const leftFirst = compare(a, b) <= 0;
    merged.push(leftFirst ? a : b);
    if (leftFirst) l += 1;
    else r += 1;
  }
  return [...merged, ...left.slice(l), ...right.slice(r)];
}

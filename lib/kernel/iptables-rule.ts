/**
 * Rules in the notation of iptables-save, compared by meaning. What is written and what iptables-save prints of it
 * differ in quotes, implied matches, default arguments and the notation of addresses and masks; the legacy and the nft
 * flavour and their versions differ among themselves. A rule is reduced to a form in which those differences are gone.
 */

/** Splits a rule into its words as iptables-restore does: at blanks, double quotes and backslashes as in a shell. */
export function splitRule(rule: string): string[] {
  return Array.from(rule.matchAll(/(?:"(?:\\.|[^"\\])*"|[^\s"])+/g), ([word]) =>
    word.replace(/"((?:\\.|[^"\\])*)"/g, (_, quoted: string) => quoted.replace(/\\(.)/g, '$1')),
  );
}

/** The chain or target that a rule leads to (`-j`, `-g`), `undefined` where it leads nowhere. */
export function ruleTarget(rule: string): string | undefined {
  const words = splitRule(rule);
  const index = words.findIndex((word) => ['-j', '--jump', '-g', '--goto'].includes(word));
  return index === -1 ? undefined : words[index + 1];
}

/** A form of a rule that is equal for two rules when they do the same and carry the same comment. */
export function canonicalRule(rule: string): string {
  const parts = partsOf(optionsOf(splitRule(rule)));
  addDefaults(parts);
  return parts
    .map((part) => [part.name, ...part.options.filter((option) => !matchesAll(option)).sort()].join(' '))
    .filter((text) => text !== packetPart)
    .sort()
    .join(' ; ');
}

/** What one rule says about one thing: the packet itself, one match (`-m`), or the target (`-j`). */
interface RulePart {
  readonly name: string;
  /** Each with its values, and `! ` before it when negated. */
  readonly options: string[];
}

/** Name of the part for the options that belong to no match and no target. */
const packetPart = 'packet';

const shortNames = new Map([
  ['--source', '-s'],
  ['--src', '-s'],
  ['--destination', '-d'],
  ['--dst', '-d'],
  ['--protocol', '-p'],
  ['--proto', '-p'],
  ['--in-interface', '-i'],
  ['--out-interface', '-o'],
  ['--jump', '-j'],
  ['--goto', '-g'],
  ['--match', '-m'],
]);

/** Matches that `-p` of the same name implies; their options are the packet's. */
const protocolMatches = new Set(['tcp', 'udp', 'sctp']);

/** Options that begin a part: those behind them are the part's. */
const partNames = new Set(['-m', '-j', '-g']);

/** Options of the packet, wherever they stand. */
const packetOptions = new Set(['-s', '-d', '-p', '-i', '-o', '--sport', '--dport']);

/** One option of a rule. */
interface RuleOption {
  /** `! ` or nothing. */
  readonly negation: string;
  /** In its short form where it has one: `-s`, `--match-set`. */
  readonly name: string;
  readonly value: string;
}

/** Groups the options of a rule by the part that they belong to. */
function partsOf(options: readonly RuleOption[]): RulePart[] {
  const packet: RulePart = { name: packetPart, options: [] };
  const parts = [packet];
  for (const { negation, name, value } of options) {
    const implied = name === '-m' && protocolMatches.has(value);
    if (implied) continue;
    if (partNames.has(name)) parts.push({ name: `${name} ${value}`, options: [] });
    else
      (packetOptions.has(name) ? packet : parts.at(-1))?.options.push(
        negation + canonicalOption(name, value),
      );
  }
  return parts;
}

/** Joins the words of a rule to options with their values. */
function optionsOf(words: readonly string[]): RuleOption[] {
  const options: RuleOption[] = [];
  for (let index = 0; index < words.length;) {
    const negation = words[index] === '!' ? '! ' : '';
    if (negation !== '') index += 1;
    const word = words[index] ?? '';
    const values = valuesOf(words, index);
    options.push({ negation, name: shortNames.get(word) ?? word, value: values.join(' ') });
    index += 1 + values.length;
  }
  return options;
}

/** The words behind an option up to the next option. A comment is one word, whatever it begins with. */
function valuesOf(words: readonly string[], index: number): readonly string[] {
  if (words[index] === '--comment') return words.slice(index + 1, index + 2);
  const rest = words.slice(index + 1);
  const end = rest.findIndex((word) => word === '!' || /^-[-a-z]/.test(word));
  return end === -1 ? rest : rest.slice(0, end);
}

/** An option as iptables-save of either flavour may or may not write it, in one form. */
function canonicalOption(name: string, value: string): string {
  const bits = markChange(name, value);
  if (bits !== undefined) return `--set-xmark ${bits.flip >>> 0}/${bits.clear >>> 0}`;
  return `${name} ${canonicalValues.get(name)?.(value) ?? value}`.trimEnd();
}

const protocolNames = new Map([
  ['6', 'tcp'],
  ['17', 'udp'],
  ['58', 'ipv6-icmp'],
  ['132', 'sctp'],
  ['icmpv6', 'ipv6-icmp'],
]);

/** Writes the value of an option in one form, by option. */
const canonicalValues = new Map<string, (value: string) => string>([
  ['-s', hostAddress],
  ['-d', hostAddress],
  ['--vaddr', hostAddress],
  ['-p', protocolName],
  ['--vproto', protocolName],
  ['--reject-with', (value) => value.replace(/^icmp6?-port/, 'port')],
  ['--ctstate', (value) => value.split(',').sort().join(',')],
  ['--mark', (value) => markAndMask(value).join('/')],
]);

/** An address without the mask of a single host. */
function hostAddress(value: string): string {
  return value.replace(value.includes(':') ? /\/128$/ : /\/32$/, '');
}

function protocolName(value: string): string {
  const name = value.toLowerCase();
  return protocolNames.get(name) ?? name;
}

/** A mark and its mask, every bit where no mask is written, as numbers. */
function markAndMask(value: string): [mark: number, mask: number] {
  const [mark = '', mask = '0xffffffff'] = value.split('/');
  return [Number(mark) >>> 0, Number(mask) >>> 0];
}

/** A change of a packet's mark: the bits to clear first and those to flip then. */
export interface MarkChange {
  readonly clear: number;
  readonly flip: number;
}

/** The change that an option of the target MARK asks for, `--set-xmark 0x4000/0x4000`; `undefined` for another option. */
export function markChange(option: string, value: string): MarkChange | undefined {
  return setMarkParts.get(option)?.(...markAndMask(value));
}

const setMarkParts = new Map<string, (mark: number, mask: number) => MarkChange>([
  ['--set-xmark', (mark, mask) => ({ flip: mark, clear: mask })],
  ['--set-mark', (mark, mask) => ({ flip: mark, clear: mark | mask })],
  ['--or-mark', (mark) => ({ flip: mark, clear: mark })],
  ['--xor-mark', (mark) => ({ flip: mark, clear: 0 })],
  ['--and-mark', (mark) => ({ flip: 0, clear: ~mark })],
]);

/** Adds what iptables-save spells out although nobody asked for it. */
function addDefaults(parts: readonly RulePart[]): void {
  const reject = parts.find((part) => part.name === '-j REJECT');
  if (reject?.options.length === 0) reject.options.push('--reject-with port-unreachable');
}

/** Whether an option says nothing, so that iptables-save leaves it out. */
function matchesAll(option: string): boolean {
  return ['-s 0.0.0.0/0', '-d 0.0.0.0/0', '-s ::/0', '-d ::/0'].includes(option);
}

import { parseArgs } from 'node:util';

/** Where the lab runs: in a kernel of its own, in namespaces of the running one, or whichever of the two can be had. */
export type Way = 'uml' | 'namespaces' | 'auto';

const ways: readonly Way[] = ['uml', 'namespaces', 'auto'];

/** What the launcher was asked for. */
export interface LabOptions {
  readonly way: Way;
  /** As the kernel takes it: `2G`. */
  readonly memory: string;
  /** Seconds until the lab is killed. */
  readonly timeout: number;
  /** The command gets a terminal and what is typed. */
  readonly interactive: boolean;
  /** Folders of the host that are writable inside; everything else is read-only or in memory. */
  readonly writable: readonly string[];
  /** `NAME=VALUE`, beside the few variables that are always handed on. */
  readonly environment: readonly string[];
  /** A tap device of the launcher's network namespace whose other end is `vec0` inside; only for a kernel of its own. */
  readonly tap: string | undefined;
  /** The processor on which a kernel of its own runs; that which the fewest other labs have unless told. */
  readonly processor: number | undefined;
  readonly command: readonly string[];
}

/** A command line that cannot be obeyed. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code = 'LAB_USAGE';
}

/** What `--help` prints. */
export const usage = `Runs a command as root in a lab: a Linux with IPVS that it cannot harm the host from.

  node test/lab/run.ts [OPTION]... -- COMMAND [ARGUMENT]...

  --in WAY          uml: boot User-Mode-Linux; namespaces: fresh ones of the running kernel, which needs IPVS and root;
                    auto (default): namespaces where they serve, else uml
  --mem SIZE        memory of the kernel that is booted (default 2G)
  --timeout SECONDS kill the lab after so long (default 900)
  --write FOLDER    a folder of the host that COMMAND may write to; may be repeated. All else is read-only or in memory
  --env NAME=VALUE  a variable for COMMAND; may be repeated
  --tap DEVICE      a tap device here that is the cable of \`vec0\` inside, for what must not share the lab's processor;
                    only with a kernel that is booted
  --processor N     where a kernel that is booted runs (default: where the fewest other labs do)
  --interactive     give COMMAND this terminal

Exits as COMMAND does, with 124 after the time limit and with 125 when the lab itself failed.
`;

/**
 * Reads the launcher's own arguments, those behind `node run.ts`.
 * @throws {UsageError} for anything that is not understood
 */
export function parseOptions(args: readonly string[]): LabOptions {
  const divider = args.indexOf('--');
  const command = divider < 0 ? [] : args.slice(divider + 1);
  if (command.length === 0) throw new UsageError('expected `-- COMMAND` at the end, got no command');
  const values = parseFlags(args.slice(0, divider));
  const way = ways.find((known) => known === values.in);
  if (way === undefined) throw new UsageError(`--in: expected ${ways.join(', ')}, got "${values.in}"`);
  if (!/^[1-9]\d*[MG]$/.test(values.mem))
    throw new UsageError(`--mem: expected a size like 2G or 512M, got "${values.mem}"`);
  const wrong = values.env.find((setting) => !/^[A-Za-z_]\w*=/.test(setting));
  if (wrong !== undefined) throw new UsageError(`--env: expected NAME=VALUE, got "${wrong}"`);
  if (values.tap !== undefined && (way !== 'uml' || !/^[a-z]\w{0,14}$/.test(values.tap)))
    throw new UsageError(
      `--tap: expected the name of a device and --in uml, got "${values.tap}" and --in ${way}`,
    );
  return {
    way,
    memory: values.mem,
    timeout: seconds(values.timeout),
    interactive: values.interactive,
    writable: values.write,
    environment: values.env,
    tap: values.tap,
    processor: processor(values.processor),
    command,
  };
}

function seconds(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new UsageError(`--timeout: expected seconds, got "${text}"`);
  return Number(text);
}

function processor(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,4}$/.test(text))
    throw new UsageError(`--processor: expected a processor's number, got "${text}"`);
  return Number(text);
}

/** The flags as they were written, with defaults. */
interface Flags {
  readonly in: string;
  readonly mem: string;
  readonly timeout: string;
  readonly interactive: boolean;
  readonly write: readonly string[];
  readonly env: readonly string[];
  readonly tap?: string | undefined;
  readonly processor?: string | undefined;
}

function parseFlags(args: readonly string[]): Flags {
  try {
    return parseArgs({
      args: [...args],
      options: {
        in: { type: 'string', default: 'auto' },
        mem: { type: 'string', default: '2G' },
        timeout: { type: 'string', default: '900' },
        interactive: { type: 'boolean', default: false },
        write: { type: 'string', multiple: true, default: [] },
        env: { type: 'string', multiple: true, default: [] },
        tap: { type: 'string' },
        processor: { type: 'string' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

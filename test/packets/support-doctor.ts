import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { program } from '../kernel/cli-program.ts';
import type { Node } from '../lab/node.ts';
import type { Output } from '../lab/processes.ts';

/** A finding of `kube-ipvs doctor -o json`. */
export interface Finding {
  readonly name: string;
  readonly severity: 'error' | 'warning' | 'info';
  readonly evidence: readonly string[];
  readonly mend: readonly string[];
}

/** What `kube-ipvs doctor -o json` prints, as far as it is looked at here, and how it ended. */
export interface Diagnosis {
  readonly status: number;
  readonly findings: readonly Finding[];
  readonly checks: readonly { readonly name: string; readonly state: string; readonly told: string }[];
}

/** A person at a node, who examines it and types what the examination says. */
export class Attendant {
  readonly #node: Node;
  readonly #bin: string;

  private constructor(node: Node, bin: string) {
    this.#node = node;
    this.#bin = bin;
  }

  /** Puts the programs in reach that the lab keeps elsewhere than a node does. */
  static async at(node: Node): Promise<Attendant> {
    const bin = await mkdtemp(join(tmpdir(), 'bin-'));
    const scripts = {
      'kube-ipvs': `exec node ${program} "$@"`,
      modprobe: 'exec /sbin/modprobe -d /run "$@"',
    };
    for (const [name, line] of Object.entries(scripts)) {
      await writeFile(join(bin, name), `#!/bin/sh\n${line}\n`, { mode: 0o755 });
    }
    await node.must(['mkdir', '-p', '/run/lib/modules']);
    await node.must(['sh', '-c', 'ln -s /usr/lib/uml/modules/$(uname -r) /run/lib/modules/']);
    return new Attendant(node, bin);
  }

  /** Runs a line of a shell on the node, whatever comes of it. */
  exec(line: string): Promise<Output> {
    return this.#node.exec('sh', ['-c', `PATH=${this.#bin}:$PATH; ${line}`]);
  }

  /** Runs a line of a shell on the node, which must succeed. */
  async type(line: string): Promise<string> {
    const { code, stdout, stderr } = await this.exec(line);
    if (code !== 0) throw new Error(`${line}: exit status ${code}: ${stderr || stdout}`);
    return stdout;
  }

  /** Runs a line of a shell beside all nodes, where the settings are that the kernel has once. */
  async typeOnMachine(line: string): Promise<void> {
    await promisify(execFile)('sh', ['-c', line]);
  }

  /** Examines the node. */
  async examine(...args: readonly string[]): Promise<Diagnosis> {
    const { code, stdout, stderr } = await this.exec(['kube-ipvs doctor -o json', ...args].join(' '));
    if (stdout === '') throw new Error(`doctor ended with ${code} and said nothing but: ${stderr}`);
    return { status: code, ...(JSON.parse(stdout) as Omit<Diagnosis, 'status'>) };
  }

  /** Where a connection goes, in the words of `kube-ipvs trace`, and where it is lost. */
  async verdict(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.exec(['kube-ipvs trace -o json', ...args].join(' '));
    if (stdout === '') throw new Error(`trace ended with ${code} and said nothing but: ${stderr}`);
    const { outcome, verdict } = JSON.parse(stdout) as { readonly outcome: string; readonly verdict: string };
    return `${outcome}: ${verdict}`;
  }

  /** Types every command that a finding of some name names. */
  async mend({ findings }: Diagnosis, name: string): Promise<void> {
    for (const line of commandsOf(findings, name)) await this.type(line);
  }

  async leave(): Promise<void> {
    await rm(this.#bin, { recursive: true });
  }
}

/** The commands that findings of a name name. */
export function commandsOf(findings: readonly Finding[], name: string): readonly string[] {
  const lines = findings.filter((one) => one.name === name).flatMap(({ mend }) => mend);
  return lines.filter((line) => !line.startsWith('#'));
}

/** The names of findings of some severities. */
export function namesOf({ findings }: Diagnosis, ...severities: readonly Finding['severity'][]): string[] {
  return findings.filter(({ severity }) => severities.includes(severity)).map(({ name }) => name);
}

import { rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { leaveNamespace } from '../kernel/own-namespace.ts';
import type { Shell } from './shell.ts';

/** The cable to the machine beside the lab, and this side's address on it. */
export interface Cable {
  readonly device: string;
  /** With prefix length. */
  readonly address: string;
}

/**
 * The network namespace that is measured in. Every measurement has a new one, whose tables are empty, and takes the
 * cable to the API server along: IPVS keeps removed real servers for two minutes and looks through all of them for each
 * one that is added, so tables that were emptied would not do.
 */
export class MeasuredNamespace {
  readonly #shell: Shell;
  readonly #cable: Cable;
  #entered = false;

  /** @param shell one that was started in the first namespace and stays there */
  constructor(shell: Shell, cable: Cable) {
    this.#shell = shell;
    this.#cable = cable;
  }

  /**
   * Goes on in a new namespace.
   * @param left entries that the old one holds: the kernel takes them apart in the background
   */
  async renew(left: number): Promise<void> {
    const { device, address } = this.#cable;
    if (this.#entered) await this.#here(`ip link set ${device} netns ${this.#shell.pid}`);
    leaveNamespace();
    this.#entered = true;
    await this.#shell.run(`ip link set ${device} netns ${process.pid}`);
    await this.#here('ip link set lo up');
    await this.#here(`ip address add ${address} dev ${device}`);
    await this.#here(`ip link set ${device} up`);
    await sleep(500 + left / 40);
  }

  /** Whether IPVS holds exactly these rules, sorted lines of `ipvsadm -Sn`. */
  async holds(rules: string): Promise<boolean> {
    const file = '/tmp/rules-wanted';
    writeFileSync(file, rules);
    const sorted = 'ipvsadm -Sn | sed "s/ *$//" | LC_ALL=C sort';
    const same = (await this.#shell.status(this.#command(`${sorted} | cmp - ${file} >&2`))) === 0;
    rmSync(file);
    return same;
  }

  /** Whether the node masquerades what is marked for it. */
  async masquerades(): Promise<boolean> {
    const rule = 'iptables-save -t nat | grep -q -- "-A KUBE-POSTROUTING .*-j MASQUERADE"';
    return (await this.#shell.status(this.#command(rule))) === 0;
  }

  #here(command: string): Promise<void> {
    return this.#shell.run(this.#command(command));
  }

  #command(command: string): string {
    return `nsenter --net=/proc/${process.pid}/ns/net -- sh -c '${command}'`;
  }
}

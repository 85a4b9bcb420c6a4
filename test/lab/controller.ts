import type { LogLine, Program } from './program.ts';

export type { LogLine };

/** How a controller is started. */
export interface ControllerOptions {
  /** Arguments of kube-ipvs: `['run', '--manifests', folder]`. */
  readonly args?: readonly string[];
  /** Runs this instead of kube-ipvs. */
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** The controller of a node. */
export type Controller = Program;

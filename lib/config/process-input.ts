/** What the process was started with: all that this program takes from its environment. */
export interface ProcessInput {
  /** The command line behind the program's name. */
  readonly args: readonly string[];
  /** `NODE_NAME`, as a DaemonSet sets it from `spec.nodeName`. */
  readonly nodeName: string | undefined;
}

/** Reads what this process was started with. */
export function processInput(): ProcessInput {
  const nodeName = process.env['NODE_NAME'];
  return {
    args: process.argv.slice(2),
    nodeName: nodeName === undefined || nodeName.trim() === '' ? undefined : nodeName,
  };
}

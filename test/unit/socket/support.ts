import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder for sockets, and what removes it. */
export interface SocketFolder {
  /** The path of a socket in it. */
  readonly path: (name: string) => string;
  readonly remove: () => void;
}

/** Makes an empty folder, with a short name: the path of a socket has at most 107 bytes. */
export function socketFolder(): SocketFolder {
  const folder = mkdtempSync(join(tmpdir(), 'ki-'));
  return {
    path: (name) => join(folder, name),
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

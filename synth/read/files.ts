import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Where YAML is read from: a disk, or a tree of git objects. Paths are absolute. */
export interface Files {
  /** Undefined for what is not there. */
  stat(path: string): { readonly kind: 'file' | 'folder' | 'other'; readonly size: number } | undefined;
  /** Throws where it cannot be read, as `list` and `real` do. */
  read(path: string): Buffer;
  list(folder: string): readonly string[];
  /** The path without links. */
  real(path: string): string;
  /** Whether the folder is the top of a git repository. */
  isRepository(folder: string): boolean;
}

export const onDisk: Files = {
  stat(path) {
    try {
      const stats = statSync(path, { throwIfNoEntry: false });
      return stats && { kind: stats.isDirectory() ? 'folder' : stats.isFile() ? 'file' : 'other', size: stats.size };
    } catch {
      // A link that leads round in a circle.
      return undefined;
    }
  },
  read: (path) => readFileSync(path),
  list: (folder) => readdirSync(folder),
  real: (path) => realpathSync(path),
  isRepository: (folder) => existsSync(join(folder, '.git')),
};

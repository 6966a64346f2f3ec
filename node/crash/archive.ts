// Keeps every segment that the nodes of a network ever write. A node removes what its snapshots make superfluous; a second name
// for the same file keeps it, follows what is appended to it, and costs nothing.

import { copyFileSync, existsSync, linkSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { segmentOf, snapshotOf } from '../../io/journal-format.ts';

/** Nodes whose data directories are looked after; each gets a folder of its name. */
export interface Archived {
  readonly nodes: readonly { readonly name: string; readonly data: string }[];
}

export class Archive {
  readonly folder: string;
  private readonly network: Archived;

  constructor(folder: string, network: Archived) {
    this.folder = folder;
    this.network = network;
    for (const node of network.nodes) mkdirSync(join(folder, node.name), { recursive: true });
  }

  /** To be called more often than a node removes segments. */
  collect(): void {
    for (const node of this.network.nodes) if (existsSync(node.data)) this.link(node);
  }

  /** When the nodes have ended: what belongs to the end of each journal, too. */
  complete(): void {
    this.collect();
    for (const node of this.network.nodes) {
      for (const name of readdirSync(node.data)) {
        if (snapshotOf(name) !== undefined || name === 'watermark' || name === 'seal') copyFileSync(join(node.data, name), join(this.folder, node.name, name));
      }
    }
  }

  private link(node: Archived['nodes'][number]): void {
    for (const name of readdirSync(node.data)) {
      if (segmentOf(name) === undefined) continue;
      const kept = join(this.folder, node.name, name);
      const inode = inodeOf(join(node.data, name));
      // A segment that held nothing whole is removed at the next start, and begun anew under its name.
      if (inode === undefined || inodeOf(kept) === inode) continue;
      rmSync(kept, { force: true });
      try {
        linkSync(join(node.data, name), kept);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
  }
}

const inodeOf = (file: string): number | undefined => statSync(file, { throwIfNoEntry: false })?.ino;

// Writes the data directory of every node of a simulated world as files: the very bytes that a live node would have on disk.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorldView } from '../io/sim/evidence.ts';

export const NODE_FOLDER: RegExp = /^node-\d{3,}$/;

export function dumpWorld(folder: string, world: WorldView): void {
  for (const node of world.nodes) {
    const home = join(folder, `node-${String(node.id).padStart(3, '0')}`);
    mkdirSync(home, { recursive: true });
    for (const [file, bytes] of Object.entries(node.files())) writeFileSync(join(home, file), bytes);
  }
}

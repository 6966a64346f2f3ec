// Keeps every segment that a node ever writes: it removes those that its snapshots make superfluous, and what happened at the
// beginning of a run must be judged too. A second name for the same file follows what is appended to it, and costs nothing.

import { existsSync, linkSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { segmentOf } from '../../io/journal-format.ts';

/** To be called before a node is stopped, which seals its journal, and again when it is gone. */
export function keepSegments(data: string, kept: string): void {
  if (!existsSync(data)) return;
  mkdirSync(kept, { recursive: true });
  for (const name of readdirSync(data)) {
    if (segmentOf(name) === undefined) continue;
    const inode = statSync(join(data, name), { throwIfNoEntry: false })?.ino;
    // A segment that held nothing whole is removed at the next start, and begun anew under its name.
    if (inode === undefined || statSync(join(kept, name), { throwIfNoEntry: false })?.ino === inode) continue;
    rmSync(join(kept, name), { force: true });
    linkSync(join(data, name), join(kept, name));
  }
}

/** Gives a node that has ended its removed segments back: its journal begins with its first event again. */
export function giveBack(data: string, kept: string): void {
  if (!existsSync(kept)) return;
  for (const name of readdirSync(kept)) if (!existsSync(join(data, name))) linkSync(join(kept, name), join(data, name));
  rmSync(kept, { recursive: true });
}

// One process per data directory. The lock is a file that names its holder; it is taken by linking, which fails if it is
// there. A lock whose holder is gone (killed, or of an earlier start of the machine) is taken over. A process id alone says
// little, since a container gives the same one to every start: the holder is named with the time it started.

import * as fs from 'node:fs';
import * as path from 'node:path';
import type { DiskResult } from '../ports.ts';

/** Directories that this process holds. */
const held: Set<string> = new Set();

export class DirectoryLock {
  private readonly directory: string;
  private readonly file: string;
  private holds = false;

  constructor(directory: string) {
    this.directory = path.resolve(directory);
    this.file = path.join(this.directory, 'lock');
  }

  take(): DiskResult {
    if (held.has(this.directory)) return this.refusal(`this process (${process.pid})`);
    const own = `${this.file}.${process.pid}`;
    fs.writeFileSync(own, identity(process.pid));
    try {
      // Two attempts: the second after a stale lock was moved away. If it fails too, somebody else was faster.
      for (let attempt = 0; attempt < 2; attempt++) {
        if (this.linked(own)) return { kind: 'done' };
        const holder = this.holder();
        if (holder !== undefined && isAlive(holder)) return this.refusal(`process ${holder.split(' ')[0]}`);
        if (holder !== undefined) this.moveAway(holder, own);
      }
    } finally {
      fs.rmSync(own, { force: true });
    }
    return this.refusal('another process');
  }

  release(): void {
    if (!this.holds) return;
    this.holds = false;
    held.delete(this.directory);
    fs.rmSync(this.file, { force: true });
  }

  private linked(own: string): boolean {
    try {
      fs.linkSync(own, this.file);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
      throw error;
    }
    this.holds = true;
    held.add(this.directory);
    return true;
  }

  /** Moves a stale lock away. If it is not the one that was judged, somebody took it meanwhile: then it is put back. */
  private moveAway(judged: string, own: string): void {
    const moved = `${own}.stale`;
    try {
      fs.renameSync(this.file, moved);
      if (fs.readFileSync(moved, 'utf8') !== judged) fs.linkSync(moved, this.file);
    } catch {
      // Another process moved it first, or took it: the next attempt to link finds out.
    }
    fs.rmSync(moved, { force: true });
  }

  private holder(): string | undefined {
    try {
      return fs.readFileSync(this.file, 'utf8');
    } catch {
      return undefined;
    }
  }

  private refusal(who: string): DiskResult {
    return { kind: 'failed', reason: 'locked', detail: `The data directory ${this.directory} is in use by ${who}: stop it, or give this node another directory.` };
  }
}

/** The id of the process that holds a data directory now; undefined if none does. Nothing is changed by asking. */
export function lockHolder(directory: string): string | undefined {
  if (held.has(path.resolve(directory))) return String(process.pid);
  try {
    const holder = fs.readFileSync(path.join(directory, 'lock'), 'utf8');
    return isAlive(holder) ? holder.split(' ')[0] : undefined;
  } catch {
    return undefined;
  }
}

/** The process id and, where the system tells, when it started. */
function identity(pid: number): string {
  return `${pid} ${started(pid)}`;
}

function isAlive(holder: string): boolean {
  const [pid, since] = holder.split(' ');
  if (!/^[1-9][0-9]*$/.test(pid ?? '')) return false;
  // In this process nobody holds it, or `held` would know: an earlier process had the same id.
  if (Number(pid) === process.pid) return false;
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  return since === undefined || since === '' || started(Number(pid)) === since;
}

/** Ticks since the machine started (proc(5), field 22), and which start of the machine; empty where there is no /proc. */
function started(pid: number): string {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return `${ticks}@${fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}`;
  } catch {
    return '';
  }
}

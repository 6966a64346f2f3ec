// A data directory of real files. Appends are followed by fdatasync, files that come, go or are replaced by an fsync of the
// directory. Requests for one file are done in order; a file whose sync failed takes no more, because the operating system
// may have dropped what it could not write and would report the next sync as a success.

import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Disk, DiskRequest, DiskResult } from '../ports.ts';
import { DirectoryLock } from './lock.ts';

const PARTIAL = '.new';
/** What was held back is written in such pieces, so that a process can end between two of them. */
const PIECE_BYTES = 4_096;
const DONE: DiskResult = { kind: 'done' };
/**
 * So few bytes are handed to the page cache right here, which takes some ten microseconds: less than a way to the thread pool
 * and back, on which the next step of a batch would wait. What takes time, the sync, is done there.
 */
const WRITTEN_AT_ONCE: number = 256 * 1_024;

interface Submission {
  readonly token: number;
  readonly request: DiskRequest;
}

/** One file: its open handle, and what waits to be done to it. */
class OpenFile {
  readonly waiting: Submission[] = [];
  handle: fs.promises.FileHandle | undefined;
  busy = false;
  broken: string | undefined;
  /** Appended and not written yet, if what is not synced is held back. */
  held: Uint8Array[] = [];
}

/**
 * `write`: what is appended is written at once, so it survives the process, though not the machine. `hold`: it stays in the memory
 * of the process until a sync is asked for, and goes with it when it is killed: the death of a process then loses what that of a
 * machine would, and a sync that is missing shows.
 */
export type Unsynced = 'write' | 'hold';

export class LiveDisk implements Disk {
  private readonly directory: string;
  private readonly completed: (token: number, result: DiskResult) => void;
  private readonly files: Map<string, OpenFile> = new Map();
  private readonly lock: DirectoryLock;
  private readonly unsynced: Unsynced;
  private underWay = 0;
  private closed = false;

  constructor(directory: string, completed: (token: number, result: DiskResult) => void, unsynced: Unsynced = 'write') {
    this.directory = directory;
    this.completed = completed;
    this.unsynced = unsynced;
    this.lock = new DirectoryLock(directory);
  }

  submit(token: number, request: DiskRequest): void {
    const name = request.kind === 'lock' || request.kind === 'list' ? '' : request.file;
    let file = this.files.get(name);
    if (file === undefined) this.files.set(name, (file = new OpenFile()));
    file.waiting.push({ token, request });
    this.underWay++;
    if (!file.busy) void this.work(name, file);
  }

  get idle(): boolean {
    return this.underWay === 0;
  }

  /** Writes what is held back, and lets go of every handle and of the lock. Nothing may be under way. */
  async close(): Promise<void> {
    this.closed = true;
    for (const [name, file] of this.files) {
      if (file.held.length > 0) await this.write(path.join(this.directory, name), file, file.held.splice(0));
      await file.handle?.close();
    }
    this.files.clear();
    this.lock.release();
  }

  private async work(name: string, file: OpenFile): Promise<void> {
    file.busy = true;
    for (let next = file.waiting.shift(); next !== undefined; next = file.waiting.shift()) {
      const result = await this.attempt(name, file, next.request);
      this.underWay--;
      if (!this.closed) this.completed(next.token, result);
    }
    file.busy = false;
    if (file.handle === undefined && file.broken === undefined && file.held.length === 0) this.files.delete(name);
  }

  private async attempt(name: string, file: OpenFile, request: DiskRequest): Promise<DiskResult> {
    if (file.broken !== undefined) return { kind: 'failed', reason: 'io', detail: file.broken };
    try {
      return await this.perform(name, file, request);
    } catch (error) {
      const failure = described(error);
      if (request.kind !== 'read' && failure.reason !== 'missing') file.broken = `${name || 'the directory'} failed before: ${failure.detail}`;
      return failure;
    }
  }

  private async perform(name: string, file: OpenFile, request: DiskRequest): Promise<DiskResult> {
    const full = path.join(this.directory, name);
    switch (request.kind) {
      case 'lock':
        makeFolder(this.directory);
        return this.lock.take();
      case 'list':
        return { kind: 'files', files: await listed(this.directory) };
      case 'read': {
        if (file.held.length > 0) await this.write(full, file, file.held.splice(0));
        const bytes = new Uint8Array(await fs.promises.readFile(full));
        return { kind: 'content', chunks: [{ weight: bytes.length, bytes: () => bytes }] };
      }
      case 'append':
        if (this.unsynced === 'hold') file.held.push(...pieces(request.chunk.bytes()));
        else await this.write(full, file, [request.chunk.bytes()]);
        if (!request.sync) return DONE;
        if (this.unsynced === 'hold') await this.write(full, file, file.held.splice(0));
        if (file.handle !== undefined) await synced(file.handle.fd);
        return DONE;
      case 'replace':
        await this.replace(full, file, request.chunk.bytes());
        return DONE;
      case 'truncate': {
        if (file.held.length > 0) await this.write(full, file, file.held.splice(0));
        await release(file);
        const handle = await fs.promises.open(full, 'r+');
        await handle.truncate(request.length);
        await handle.sync();
        await handle.close();
        return DONE;
      }
      case 'remove':
        await release(file);
        await fs.promises.unlink(full);
        await this.syncDirectory();
        return DONE;
    }
  }

  private async write(full: string, file: OpenFile, parts: readonly Uint8Array[]): Promise<void> {
    if (file.handle === undefined) {
      const existed = fs.existsSync(full);
      file.handle = await fs.promises.open(full, 'a');
      if (!existed) await this.syncDirectory();
    }
    const { handle } = file;
    const [first] = parts;
    if (parts.length === 1 && first !== undefined && first.length <= WRITTEN_AT_ONCE) {
      for (let written = 0; written < first.length; ) written += fs.writeSync(handle.fd, first, written);
      return;
    }
    for (const bytes of parts) {
      for (let written = 0; written < bytes.length; ) written += (await handle.write(bytes, written, bytes.length - written)).bytesWritten;
    }
  }

  /** Written beside it, made durable, and renamed over it: the old content or the new one is there, never a part. */
  private async replace(full: string, file: OpenFile, bytes: Uint8Array): Promise<void> {
    await release(file);
    const partial = full + PARTIAL;
    const handle = await fs.promises.open(partial, 'w');
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await fs.promises.rename(partial, full);
    await this.syncDirectory();
  }

  private async syncDirectory(): Promise<void> {
    const handle = await fs.promises.open(this.directory, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}

function synced(fd: number): Promise<void> {
  return new Promise((done, failed) => fs.fdatasync(fd, (error) => (error === null ? done() : failed(error))));
}

/**
 * Folder by folder, where Node's own recursion ends in a loop for ever: in a file system that answers ENOENT to whoever makes
 * something in a folder that is there (/proc does).
 */
function makeFolder(folder: string): void {
  const above = path.dirname(folder);
  if (above !== folder && !fs.existsSync(above)) makeFolder(above);
  try {
    fs.mkdirSync(folder);
  } catch (error) {
    if (!fs.existsSync(folder)) throw error;
  }
}

/** What is held back of a file that is replaced or removed goes with its old content. */
async function release(file: OpenFile): Promise<void> {
  file.held = [];
  await file.handle?.close();
  file.handle = undefined;
}

function pieces(bytes: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; start += PIECE_BYTES) parts.push(bytes.subarray(start, start + PIECE_BYTES));
  return parts;
}

/** Half-written replacements are nobody's files. */
async function listed(directory: string): Promise<string[]> {
  const names = await fs.promises.readdir(directory);
  return names.filter((name) => !name.endsWith(PARTIAL) && name !== 'lock').sort((a, b) => (a < b ? -1 : 1));
}

function described(error: unknown): { readonly kind: 'failed'; readonly reason: 'missing' | 'full' | 'io'; readonly detail: string } {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const detail = error instanceof Error ? error.message : String(error);
  if (code === 'ENOENT') return { kind: 'failed', reason: 'missing', detail };
  return { kind: 'failed', reason: code === 'ENOSPC' || code === 'EDQUOT' ? 'full' : 'io', detail };
}

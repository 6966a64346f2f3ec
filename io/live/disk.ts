// A data directory of real files. Appends are followed by fdatasync, files that come, go or are replaced by an fsync of the
// directory. Requests for one file are done in order; a file whose sync failed takes no more, because the operating system
// may have dropped what it could not write and would report the next sync as a success.

import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Disk, DiskRequest, DiskResult } from '../ports.ts';
import { DirectoryLock } from './lock.ts';

const PARTIAL = '.new';
const DONE: DiskResult = { kind: 'done' };

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
}

export class LiveDisk implements Disk {
  private readonly directory: string;
  private readonly completed: (token: number, result: DiskResult) => void;
  private readonly files: Map<string, OpenFile> = new Map();
  private readonly lock: DirectoryLock;
  private underWay = 0;
  private closed = false;

  constructor(directory: string, completed: (token: number, result: DiskResult) => void) {
    this.directory = directory;
    this.completed = completed;
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

  /** Lets go of every handle and of the lock. Nothing may be under way. */
  async close(): Promise<void> {
    this.closed = true;
    for (const file of this.files.values()) await file.handle?.close();
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
    if (file.handle === undefined && file.broken === undefined) this.files.delete(name);
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
        const bytes = new Uint8Array(await fs.promises.readFile(full));
        return { kind: 'content', chunks: [{ weight: bytes.length, bytes: () => bytes }] };
      }
      case 'append':
        await this.append(full, file, request.chunk.bytes(), request.sync);
        return DONE;
      case 'replace':
        await this.replace(full, file, request.chunk.bytes());
        return DONE;
      case 'truncate': {
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

  private async append(full: string, file: OpenFile, bytes: Uint8Array, sync: boolean): Promise<void> {
    if (file.handle === undefined) {
      const existed = fs.existsSync(full);
      file.handle = await fs.promises.open(full, 'a');
      if (!existed) await this.syncDirectory();
    }
    for (let written = 0; written < bytes.length; ) written += (await file.handle.write(bytes, written, bytes.length - written)).bytesWritten;
    if (sync) await file.handle.datasync();
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

async function release(file: OpenFile): Promise<void> {
  await file.handle?.close();
  file.handle = undefined;
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

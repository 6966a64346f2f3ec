// A content store of real files: one for each owner, named by owner and hash, written beside and renamed once it is durable. Each
// chunk stands behind a check of its own, so that a read of one need not read all, and a bit that flipped is found out. What no
// rename has finished is cleared away when the store is opened.

import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { clipped } from '../../kernel/base/codec.ts';
import { sha256 } from '../../kernel/base/hash.ts';
import { CHUNK_BYTES, chunkLength, isChunkOffset, MAX_CONTENT_BYTES, type ContentAnswer, type ContentRequest } from '../../kernel/content.ts';
import { MAX_REASON_BYTES, type ServiceOutcome } from '../../kernel/event.ts';
import type { ContentStore } from '../ports.ts';
import type { Answered } from './calls.ts';

/** Room for the contents of one node, if nobody says otherwise. */
export const STORE_BYTES: number = 1024 * 1024 * 1024;
/** Hexadecimal digits of the check before each chunk. */
const CHECK_BYTES = 32;
const NAME = /^(\d{1,5})-([0-9a-f]{64})$/;
const PARTIAL = '.new';
/** A content is made ready in such pieces, and others have their turn between two of them. */
const PIECE_BYTES: number = 64 * CHUNK_BYTES;

interface Kept {
  readonly file: string;
  readonly owner: number;
  readonly content: string;
  readonly length: number;
}

interface Call {
  readonly sequence: number;
  readonly index: number;
  readonly request: ContentRequest;
}

/** It is not known whether what was asked for has happened. */
class Unknown extends Error {}

export class LiveContent implements ContentStore {
  private readonly directory: string;
  private readonly answered: Answered;
  private readonly maxBytes: number;
  private readonly waiting: Call[] = [];
  private kept: Kept[] | undefined;
  private busy = false;
  private stopped = false;

  constructor(directory: string, answered: Answered, maxBytes: number = STORE_BYTES) {
    this.directory = directory;
    this.answered = answered;
    this.maxBytes = maxBytes;
  }

  call(sequence: number, index: number, request: ContentRequest): void {
    this.waiting.push({ sequence, index, request });
    if (!this.busy) void this.work();
  }

  /** From here on nothing is answered, and what waits is left undone. */
  stop(): void {
    this.stopped = true;
    this.waiting.length = 0;
  }

  get idle(): boolean {
    return !this.busy;
  }

  private async work(): Promise<void> {
    this.busy = true;
    // A step is over before anything that it asked for begins.
    await Promise.resolve();
    for (let call = this.waiting.shift(); call !== undefined; call = this.waiting.shift()) {
      const outcome = await this.attempt(call.request);
      if (!this.stopped) this.answered(call.sequence, call.index, outcome);
    }
    this.busy = false;
  }

  private async attempt(request: ContentRequest): Promise<ServiceOutcome> {
    try {
      this.kept ??= await this.open();
      return { kind: 'ok', answer: await this.handle(this.kept, request) };
    } catch (fault) {
      if (fault instanceof Unknown) return { kind: 'unknown' };
      return { kind: 'failed', reason: clipped(String((fault as Error).message ?? fault), MAX_REASON_BYTES) };
    }
  }

  /** What earlier processes left. A file of which a part is missing is found out when that part is read. */
  private async open(): Promise<Kept[]> {
    await fs.mkdir(this.directory, { recursive: true });
    const kept: Kept[] = [];
    for (const file of (await fs.readdir(this.directory)).toSorted()) {
      const [, owner, content] = NAME.exec(file) ?? [];
      if (file.endsWith(PARTIAL)) await fs.rm(path.join(this.directory, file), { force: true });
      if (owner === undefined || content === undefined) continue;
      const { size } = await fs.stat(path.join(this.directory, file));
      const chunks = Math.ceil(size / (CHUNK_BYTES + CHECK_BYTES));
      kept.push({ file, owner: Number(owner), content, length: Math.max(0, size - chunks * CHECK_BYTES) });
    }
    return kept;
  }

  private async handle(kept: Kept[], request: ContentRequest): Promise<ContentAnswer> {
    switch (request.ask) {
      case 'put':
        return this.put(kept, request.owner, request.content.bytes());
      case 'get':
        return this.get(kept, request.content, request.offset);
      case 'has': {
        const found = kept.find((one) => one.content === request.content);
        return found === undefined ? absent('missing') : { service: 'content', is: 'held', length: found.length };
      }
      case 'drop':
        await this.remove(kept, (one) => one.owner === request.owner);
        return { service: 'content', is: 'dropped' };
    }
  }

  private async put(kept: Kept[], owner: number, bytes: Uint8Array): Promise<ContentAnswer> {
    if (bytes.length === 0 || bytes.length > MAX_CONTENT_BYTES) throw new Error(`a content has 1 to ${MAX_CONTENT_BYTES} bytes, this one has ${bytes.length}`);
    const held = kept.reduce((sum, one) => sum + (one.owner === owner ? 0 : one.length), bytes.length);
    if (held > this.maxBytes) throw new Error(`no room for ${bytes.length} bytes: the contents of this node take ${this.maxBytes} at most`);
    const content = sha256(bytes);
    const file = `${owner}-${content}`;
    await this.write(file, content, bytes);
    try {
      await fs.rename(path.join(this.directory, file + PARTIAL), path.join(this.directory, file));
      await this.syncDirectory();
      const before = kept.findIndex((one) => one.file === file);
      if (before >= 0) kept.splice(before, 1);
      kept.push({ file, owner, content, length: bytes.length });
      await this.remove(kept, (one) => one.owner === owner && one.file !== file);
    } catch {
      this.kept = undefined;
      throw new Unknown();
    }
    return { service: 'content', is: 'stored', content, length: bytes.length };
  }

  private async write(file: string, content: string, bytes: Uint8Array): Promise<void> {
    const handle = await fs.open(path.join(this.directory, file + PARTIAL), 'w');
    try {
      for (let from = 0; from < bytes.length; from += PIECE_BYTES) await handle.write(framed(content, bytes, from));
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  private async syncDirectory(): Promise<void> {
    const handle = await fs.open(this.directory, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  private async remove(kept: Kept[], which: (one: Kept) => boolean): Promise<void> {
    for (const one of kept.filter(which)) {
      await fs.rm(path.join(this.directory, one.file), { force: true });
      kept.splice(kept.indexOf(one), 1);
    }
  }

  private async get(kept: Kept[], content: string, offset: number): Promise<ContentAnswer> {
    const found = kept.filter((one) => one.content === content);
    for (const one of found) {
      if (!isChunkOffset(one.length, offset)) throw new Error(`no chunk begins at ${offset} of ${one.length} bytes`);
      const bytes = await this.chunk(one, offset);
      if (bytes !== undefined) return { service: 'content', is: 'chunk', bytes };
    }
    return absent(found.length === 0 ? 'missing' : 'damaged');
  }

  /** Undefined if it is not what was written, or gone. */
  private async chunk({ file, content, length }: Kept, offset: number): Promise<Uint8Array | undefined> {
    const size = CHECK_BYTES + chunkLength(length, offset);
    const frame = new Uint8Array(size);
    let read = 0;
    try {
      const handle = await fs.open(path.join(this.directory, file), 'r');
      try {
        read = (await handle.read(frame, 0, size, (offset / CHUNK_BYTES) * (CHUNK_BYTES + CHECK_BYTES))).bytesRead;
      } finally {
        await handle.close();
      }
    } catch (fault) {
      if ((fault as NodeJS.ErrnoException).code !== 'ENOENT') throw fault;
    }
    const bytes = frame.slice(CHECK_BYTES);
    return read === size && checkOf(content, offset, bytes).every((byte, place) => byte === frame[place]) ? bytes : undefined;
  }
}

const absent = (why: 'missing' | 'damaged'): ContentAnswer => ({ service: 'content', is: 'absent', why });

/** Of this content, at this place: a whole chunk in another's place is damage, too. */
function checkOf(content: string, offset: number, bytes: Uint8Array): Uint8Array {
  return new TextEncoder().encode(sha256(`${content} ${offset} ${sha256(bytes)}`).slice(0, CHECK_BYTES));
}

/** A piece of a content, each chunk behind its check. */
function framed(content: string, bytes: Uint8Array, from: number): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let offset = from; offset < Math.min(bytes.length, from + PIECE_BYTES); offset += CHUNK_BYTES) {
    const chunk = bytes.subarray(offset, offset + CHUNK_BYTES);
    parts.push(checkOf(content, offset, chunk), chunk);
  }
  return Buffer.concat(parts);
}

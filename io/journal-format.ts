// The files of a data directory, and how their bytes are laid out.
//
//   journal-<first sequence>.log   a header record, then batches
//   snapshot-<sequence>            the whole state after that event
//   watermark                      what was durable, in a second place
//   seal                           present after a clean stop
//
// A record is (magic, format, length, payload, sha256 of all before it). A batch is a header with its own checksum, events with a
// length and a CRC-32C each, the kernel's digest after the last of them, and the sha256 of all of it; the header holds the
// hash of what stood before, so that the batches of a segment are a chain that begins with the segment's header record.
// Segments are joined by the kernel's digest, which each header repeats and every refold compares: a chain across them would
// need every byte ever written, and a simulated disk makes no bytes until somebody wants them.

import { decode, Refused, Reader, Writer, type Codec } from '../kernel/base/codec.ts';
import { sha256 } from '../kernel/base/hash.ts';
import { eventCodec, type Event } from '../kernel/event.ts';
import { crc32c, get32, get64, getHex, isHex, put32, put64, putHex } from './journal-bytes.ts';

export const FORMAT = 1;

export const WATERMARK_FILE = 'watermark';
export const SEAL_FILE = 'seal';

const PADDED = 16;
export const segmentFile = (first: number): string => `journal-${String(first).padStart(PADDED, '0')}.log`;
export const snapshotFile = (sequence: number): string => `snapshot-${String(sequence).padStart(PADDED, '0')}`;

/** The number in the name of a segment; undefined for any other file. */
export function segmentOf(file: string): number | undefined {
  const digits = /^journal-([0-9]{16})\.log$/.exec(file)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

export function snapshotOf(file: string): number | undefined {
  const digits = /^snapshot-([0-9]{16})$/.exec(file)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

// -- records ---------------------------------------------------------------------------------------------------------------

const RECORD_HEAD = 12;
const HASH_BYTES = 32;
const MAX_RECORD_BYTES = 0x40000000;

export const HEADER_MAGIC = 0x4c535347; // LSSG
export const WATERMARK_MAGIC = 0x4c53574d; // LSWM
export const SNAPSHOT_MAGIC = 0x4c53534e; // LSSN
export const SEAL_MAGIC = 0x4c53534c; // LSSL

export function wrapRecord<T>(magic: number, codec: Codec<T>, value: T): Uint8Array {
  const w = new Writer();
  codec.write(w, value);
  const payload = w.view();
  const bytes = new Uint8Array(RECORD_HEAD + payload.length + HASH_BYTES);
  put32(bytes, 0, magic);
  put32(bytes, 4, FORMAT);
  put32(bytes, 8, payload.length);
  bytes.set(payload, RECORD_HEAD);
  putHex(bytes, bytes.length - HASH_BYTES, sha256(bytes.subarray(0, bytes.length - HASH_BYTES)));
  return bytes;
}

/** The hash that ends a record. */
export const recordHash = (bytes: Uint8Array): string => getHex(bytes, bytes.length - HASH_BYTES, HASH_BYTES);

/** `foreign`: intact, and written by a program that uses another format. */
export type Unwrapped<T> =
  | { readonly ok: true; readonly value: T; readonly hash: string; readonly end: number }
  | { readonly ok: false; readonly reason: string; readonly foreign: boolean };

const broken = (reason: string): { readonly ok: false; readonly reason: string; readonly foreign: boolean } => ({ ok: false, reason, foreign: false });

/** Reads the record at `offset`. Never throws, whatever the bytes. */
export function unwrapRecord<T>(magic: number, codec: Codec<T>, bytes: Uint8Array, offset: number): Unwrapped<T> {
  if (bytes.length - offset < RECORD_HEAD + HASH_BYTES) return broken('it ends too early');
  if (get32(bytes, offset) !== magic) return broken('it is another kind of file');
  const length = get32(bytes, offset + 8);
  const end = offset + RECORD_HEAD + length + HASH_BYTES;
  if (length > MAX_RECORD_BYTES || end > bytes.length) return broken('it ends too early');
  const hash = sha256(bytes.subarray(offset, end - HASH_BYTES));
  if (!isHex(bytes, end - HASH_BYTES, hash)) return broken('its checksum does not match');
  const format = get32(bytes, offset + 4);
  if (format !== FORMAT) return { ok: false, reason: `it is written in format ${format}, and this program reads format ${FORMAT}`, foreign: true };
  const decoded = decode(codec, bytes.subarray(offset + RECORD_HEAD, end - HASH_BYTES), MAX_RECORD_BYTES);
  return decoded.ok ? { ok: true, value: decoded.value, hash, end } : broken(decoded.reason);
}

/** A file that is one record and nothing else. */
export function unwrapFile<T>(magic: number, codec: Codec<T>, bytes: Uint8Array): Unwrapped<T> {
  const unwrapped = unwrapRecord(magic, codec, bytes, 0);
  return unwrapped.ok && unwrapped.end !== bytes.length ? broken(`it has ${bytes.length - unwrapped.end} bytes too many`) : unwrapped;
}

// -- batches ---------------------------------------------------------------------------------------------------------------

const BATCH_MAGIC = 0x4c534254; // LSBT
const BATCH_HEAD = 68;
const EVENT_HEAD = 8;
const BATCH_TAIL = 40;
const FLAG_POISONED = 1;

/** What a batch says, apart from how it is kept in memory. */
export interface BatchContent {
  /** Its number in the life of the journal, from 1. */
  readonly ordinal: number;
  readonly events: readonly Event[];
  /** The kernel's digest after the last event. */
  readonly high: number;
  readonly low: number;
  /** The kernel failed on the last event: there is no digest, and the event is skipped on refold. */
  readonly poisoned: boolean;
}

/** Grows to the largest batch and is used by one encoding at a time. */
let scratch: Uint8Array = new Uint8Array(64 * 1024);
const eventWriter: Writer = new Writer();

function room(used: number, more: number): void {
  if (used + more <= scratch.length) return;
  const grown = new Uint8Array(Math.max(scratch.length * 2, used + more));
  grown.set(scratch.subarray(0, used));
  scratch = grown;
}

export function encodeBatch(batch: BatchContent, before: string): Uint8Array {
  let end = BATCH_HEAD;
  for (const event of batch.events) {
    eventWriter.clear();
    eventCodec.write(eventWriter, event);
    const bytes = eventWriter.view();
    room(end, EVENT_HEAD + bytes.length + BATCH_TAIL);
    put32(scratch, end, bytes.length);
    scratch.set(bytes, end + EVENT_HEAD);
    put32(scratch, end + 4, crc32c(scratch, end + EVENT_HEAD, end + EVENT_HEAD + bytes.length));
    end += EVENT_HEAD + bytes.length;
  }
  put32(scratch, end, batch.high);
  put32(scratch, end + 4, batch.low);
  putHead(batch, before, end + BATCH_TAIL);
  putHex(scratch, end + 8, sha256(scratch.subarray(0, end + 8)));
  return scratch.slice(0, end + BATCH_TAIL);
}

function putHead(batch: BatchContent, before: string, length: number): void {
  put32(scratch, 0, BATCH_MAGIC);
  put32(scratch, 4, length);
  put64(scratch, 8, batch.ordinal);
  put64(scratch, 16, (batch.events[0] as Event).sequence);
  put32(scratch, 24, batch.events.length);
  put32(scratch, 28, batch.poisoned ? FLAG_POISONED : 0);
  putHex(scratch, 32, before);
  put32(scratch, 64, crc32c(scratch, 0, 64));
}

export const batchHash = (bytes: Uint8Array): string => getHex(bytes, bytes.length - HASH_BYTES, HASH_BYTES);

interface BatchHead {
  readonly length: number;
  readonly ordinal: number;
  readonly first: number;
  readonly count: number;
  readonly flags: number;
}

function readHead(bytes: Uint8Array, offset: number): BatchHead | undefined {
  if (bytes.length - offset < BATCH_HEAD || get32(bytes, offset) !== BATCH_MAGIC) return undefined;
  if (crc32c(bytes, offset, offset + 64) !== get32(bytes, offset + 64)) return undefined;
  if (get32(bytes, offset + 8) > 0x1fffff || get32(bytes, offset + 16) > 0x1fffff) return undefined;
  return { length: get32(bytes, offset + 4), ordinal: get64(bytes, offset + 8), first: get64(bytes, offset + 16), count: get32(bytes, offset + 24), flags: get32(bytes, offset + 28) };
}

export type ParsedBatch =
  | { readonly ok: true; readonly content: BatchContent; readonly before: string; readonly hash: string; readonly end: number }
  | { readonly ok: false; readonly reason: string };

const damaged = (reason: string): ParsedBatch => ({ ok: false, reason });

/** Reads the batch at `offset`, strictly. Never throws, whatever the bytes. `expected`: the hash that should stand before it. */
export function parseBatch(bytes: Uint8Array, offset: number, expected = ''): ParsedBatch {
  const head = readHead(bytes, offset);
  if (head === undefined) return damaged('no batch begins here');
  const end = offset + head.length;
  if (head.length < BATCH_HEAD + BATCH_TAIL || end > bytes.length) return damaged('the batch ends too early');
  if (head.count === 0 || head.flags > FLAG_POISONED) return damaged('the batch has an impossible header');
  const events = readEvents(bytes, offset + BATCH_HEAD, end - BATCH_TAIL, head);
  if (typeof events === 'string') return damaged(events);
  const hash = sha256(bytes.subarray(offset, end - HASH_BYTES));
  if (!isHex(bytes, end - HASH_BYTES, hash)) return damaged('the hash of the batch does not match');
  const high = get32(bytes, end - BATCH_TAIL) | 0;
  const low = get32(bytes, end - BATCH_TAIL + 4) | 0;
  const content = { ordinal: head.ordinal, events, high, low, poisoned: head.flags === FLAG_POISONED };
  const before = expected !== '' && isHex(bytes, offset + 32, expected) ? expected : getHex(bytes, offset + 32, HASH_BYTES);
  return { ok: true, content, before, hash, end };
}

/** The events of a batch, or why there are none. */
function readEvents(bytes: Uint8Array, start: number, end: number, head: BatchHead): readonly Event[] | string {
  const events: Event[] = [];
  let offset = start;
  for (let i = 0; i < head.count; i++) {
    if (offset + EVENT_HEAD > end) return 'the batch has fewer events than it says';
    const stop = offset + EVENT_HEAD + get32(bytes, offset);
    if (stop > end) return 'an event is longer than its batch';
    if (crc32c(bytes, offset + EVENT_HEAD, stop) !== get32(bytes, offset + 4)) return `the checksum of event ${head.first + i} does not match`;
    const event = readEvent(bytes, offset + EVENT_HEAD, stop);
    if (typeof event === 'string') return event;
    if (event.sequence !== head.first + i) return `event ${head.first + i} is numbered ${event.sequence}`;
    events.push(event);
    offset = stop;
  }
  return offset === end ? events : 'the batch has more events than it says';
}

function readEvent(bytes: Uint8Array, start: number, end: number): Event | string {
  const r = new Reader(bytes, start, end);
  try {
    const event = eventCodec.read(r);
    return r.done ? event : 'an event is shorter than its record';
  } catch (error) {
    if (error instanceof Refused) return `an event cannot be read: ${error.message}`;
    throw error;
  }
}

/** Whether a batch with a number above `ordinal` begins anywhere from `offset` on: then that batch was durable before it. */
export function laterBatch(bytes: Uint8Array, offset: number, ordinal: number): boolean {
  for (let i = offset; i + BATCH_HEAD <= bytes.length; i++) {
    if (bytes[i] !== 0x4c) continue;
    const head = readHead(bytes, i);
    if (head !== undefined && head.ordinal > ordinal) return true;
  }
  return false;
}

// The tuple codec: events, journal, wire and state. Every value has exactly one encoding, a subset of MessagePack without
// maps, floats and extensions: so any MessagePack reader can open our files, and what is hashed or compared has one form.
// Decoding is strict: trailing bytes, non-minimal forms, unknown tags, ill-formed text, and anything deeper, longer or
// larger than its bound is refused with a reason. Inside a decoder a refusal is thrown; `decode` turns it into data.

export interface Codec<T> {
  readonly write: (w: Writer, value: T) => void;
  readonly read: (r: Reader) => T;
}

export type Decoded<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string; readonly offset: number };

export const MAX_DEPTH = 32;
/** An event holds at most this much; larger data goes to the content store first. */
export const MAX_EVENT_BYTES: number = 16 * 1024;

export class Refused extends Error {
  override readonly name = 'Refused';
}

export class Writer {
  private buffer: Uint8Array = new Uint8Array(1024);
  private end = 0;

  get length(): number {
    return this.end;
  }

  /** A copy of what was written. */
  bytes(): Uint8Array {
    return this.buffer.slice(0, this.end);
  }

  /** What was written, valid until the next write. */
  view(): Uint8Array {
    return this.buffer.subarray(0, this.end);
  }

  clear(): void {
    this.end = 0;
  }

  private room(bytes: number): void {
    if (this.end + bytes <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(this.buffer.length * 2, this.end + bytes));
    grown.set(this.buffer.subarray(0, this.end));
    this.buffer = grown;
  }

  nil(): void {
    this.room(1);
    this.buffer[this.end++] = 0xc0;
  }

  bool(value: boolean): void {
    this.room(1);
    this.buffer[this.end++] = value ? 0xc3 : 0xc2;
  }

  /** A non-negative safe integer. */
  uint(value: number): void {
    if (value < 0 || !Number.isSafeInteger(value)) throw new Refused(`not an unsigned safe integer: ${value}`);
    this.room(9);
    if (value < 0x80) this.buffer[this.end++] = value;
    else if (value < 0x100) this.tagged(0xcc, value, 1);
    else if (value < 0x10000) this.tagged(0xcd, value, 2);
    else if (value < 0x100000000) this.tagged(0xce, value, 4);
    else this.tagged(0xcf, value, 8);
  }

  /** Any safe integer. */
  int(value: number): void {
    if (value >= 0) return this.uint(value);
    if (!Number.isSafeInteger(value)) throw new Refused(`not a safe integer: ${value}`);
    this.room(9);
    if (value >= -0x20) this.buffer[this.end++] = value & 0xff;
    else if (value >= -0x80) this.tagged(0xd0, value + 0x100, 1);
    else if (value >= -0x8000) this.tagged(0xd1, value + 0x10000, 2);
    else if (value >= -0x80000000) this.tagged(0xd2, value + 0x100000000, 4);
    else {
      this.buffer[this.end++] = 0xd3;
      this.bigEndian(Math.floor(value / 4294967296) + 0x100000000, 4);
      this.bigEndian(value >>> 0, 4);
    }
  }

  text(value: string): void {
    const size = utf8Length(value);
    this.room(size + 5);
    if (size < 0x20) this.buffer[this.end++] = 0xa0 | size;
    else if (size < 0x100) this.tagged(0xd9, size, 1);
    else if (size < 0x10000) this.tagged(0xda, size, 2);
    else this.tagged(0xdb, size, 4);
    if (size === value.length) for (let i = 0; i < size; i++) this.buffer[this.end++] = value.charCodeAt(i);
    else this.utf8(value);
  }

  binary(value: Uint8Array): void {
    const size = value.length;
    this.room(size + 5);
    if (size < 0x100) this.tagged(0xc4, size, 1);
    else if (size < 0x10000) this.tagged(0xc5, size, 2);
    else this.tagged(0xc6, size, 4);
    this.buffer.set(value, this.end);
    this.end += size;
  }

  /** The head of a tuple or list of `length` values, which follow. */
  array(length: number): void {
    this.room(5);
    if (length < 0x10) this.buffer[this.end++] = 0x90 | length;
    else if (length < 0x10000) this.tagged(0xdc, length, 2);
    else this.tagged(0xdd, length, 4);
  }

  list<T>(codec: Codec<T>, values: readonly T[]): void {
    this.array(values.length);
    for (let i = 0; i < values.length; i++) codec.write(this, values[i] as T);
  }

  option<T>(codec: Codec<T>, value: T | undefined): void {
    if (value === undefined) this.nil();
    else codec.write(this, value);
  }

  private tagged(tag: number, value: number, size: number): void {
    this.buffer[this.end++] = tag;
    if (size === 8) {
      this.bigEndian(Math.floor(value / 4294967296), 4);
      this.bigEndian(value >>> 0, 4);
    } else this.bigEndian(value, size);
  }

  private bigEndian(value: number, size: number): void {
    for (let shift = (size - 1) * 8; shift >= 0; shift -= 8) this.buffer[this.end++] = (value >>> shift) & 0xff;
  }

  private utf8(value: string): void {
    for (const character of value) {
      const c = character.codePointAt(0) as number;
      if (c < 0x80) this.buffer[this.end++] = c;
      else if (c < 0x800) {
        this.buffer[this.end++] = 0xc0 | (c >> 6);
        this.buffer[this.end++] = 0x80 | (c & 0x3f);
      } else {
        if (c < 0x10000) this.buffer[this.end++] = 0xe0 | (c >> 12);
        else {
          this.buffer[this.end++] = 0xf0 | (c >> 18);
          this.buffer[this.end++] = 0x80 | ((c >> 12) & 0x3f);
        }
        this.buffer[this.end++] = 0x80 | ((c >> 6) & 0x3f);
        this.buffer[this.end++] = 0x80 | (c & 0x3f);
      }
    }
  }
}

function utf8Length(value: string): number {
  let size = 0;
  for (let i = 0; i < value.length; i++) {
    const c = value.charCodeAt(i);
    if (c < 0x80) size += 1;
    else if (c < 0x800) size += 2;
    else if (c < 0xd800 || c > 0xdfff) size += 3;
    else {
      const low = value.charCodeAt(i + 1);
      if (c > 0xdbff || !(low >= 0xdc00 && low <= 0xdfff)) throw new Refused('text with a lone surrogate');
      size += 4;
      i++;
    }
  }
  return size;
}

/** As much of a text as `maxBytes` hold, in a form that can be written: text from outside that nobody compares. */
export function clipped(value: string, maxBytes: number): string {
  let kept = value.toWellFormed().slice(0, maxBytes);
  // Cutting may have left half of a character.
  while (kept !== '' && (!kept.isWellFormed() || utf8Length(kept) > maxBytes)) kept = kept.slice(0, -1);
  return kept;
}

export class Reader {
  readonly bytes: Uint8Array;
  offset: number;
  private readonly end: number;
  private depth = 0;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.offset = start;
    this.end = end;
  }

  get done(): boolean {
    return this.offset === this.end;
  }

  private next(): number {
    if (this.offset >= this.end) throw new Refused('ends too early');
    return this.bytes[this.offset++] as number;
  }

  private bigEndian(size: number): number {
    let value = 0;
    for (let i = 0; i < size; i++) value = value * 256 + this.next();
    return value;
  }

  /** True, and consumes it, if the next value is nil. */
  isNil(): boolean {
    if (this.offset < this.end && this.bytes[this.offset] === 0xc0) {
      this.offset++;
      return true;
    }
    return false;
  }

  bool(): boolean {
    const tag = this.next();
    if (tag !== 0xc2 && tag !== 0xc3) throw new Refused('expected a boolean');
    return tag === 0xc3;
  }

  uint(max: number = Number.MAX_SAFE_INTEGER): number {
    const tag = this.next();
    let value = tag;
    if (tag >= 0x80) {
      if (tag === 0xcc) value = this.atLeast(this.next(), 0x80);
      else if (tag === 0xcd) value = this.atLeast(this.bigEndian(2), 0x100);
      else if (tag === 0xce) value = this.atLeast(this.bigEndian(4), 0x10000);
      else if (tag === 0xcf) value = this.atLeast(this.bigEndian(8), 0x100000000);
      else throw new Refused('expected an unsigned integer');
    }
    if (value > max) throw new Refused(`integer above ${max}`);
    return value;
  }

  int(): number {
    const tag = this.bytes[this.offset] as number;
    if (tag >= 0xe0) {
      this.next();
      return tag - 0x100;
    }
    if (tag < 0xd0 || tag > 0xd3 || this.offset >= this.end) return this.uint();
    this.next();
    if (tag === 0xd0) return -this.atLeast(0x100 - this.atLeast(this.next(), 0x80), 0x21);
    if (tag === 0xd1) return -this.atLeast(0x10000 - this.atLeast(this.bigEndian(2), 0x8000), 0x81);
    if (tag === 0xd2) return -this.atLeast(0x100000000 - this.atLeast(this.bigEndian(4), 0x80000000), 0x8001);
    const high = this.atLeast(this.bigEndian(4), 0x80000000) - 0x100000000;
    const value = high * 4294967296 + this.bigEndian(4);
    if (value >= -0x80000000 || !Number.isSafeInteger(value)) throw new Refused('integer not in its shortest form');
    return value;
  }

  private atLeast(value: number, least: number): number {
    if (value < least) throw new Refused('integer not in its shortest form');
    if (value > Number.MAX_SAFE_INTEGER) throw new Refused('integer above 2^53 - 1');
    return value;
  }

  private size(value: number, least: number, max: number): number {
    if (value < least) throw new Refused('length not in its shortest form');
    if (value > max) throw new Refused(`longer than ${max}`);
    if (value > this.end - this.offset) throw new Refused('ends too early');
    return value;
  }

  text(maxBytes: number): string {
    const tag = this.next();
    let size: number;
    if (tag >= 0xa0 && tag <= 0xbf) size = this.size(tag & 0x1f, 0, maxBytes);
    else if (tag === 0xd9) size = this.size(this.next(), 0x20, maxBytes);
    else if (tag === 0xda) size = this.size(this.bigEndian(2), 0x100, maxBytes);
    else if (tag === 0xdb) size = this.size(this.bigEndian(4), 0x10000, maxBytes);
    else throw new Refused('expected text');
    return this.utf8(size);
  }

  private utf8(size: number): string {
    const stop = this.offset + size;
    let out = '';
    while (this.offset < stop) {
      const a = this.bytes[this.offset++] as number;
      if (a < 0x80) {
        out += String.fromCharCode(a);
        continue;
      }
      const more = a >= 0xf0 ? 3 : a >= 0xe0 ? 2 : 1;
      if (a < 0xc2 || a > 0xf4 || this.offset + more > stop) throw new Refused('text is not UTF-8');
      let c = a & (0x3f >> more);
      for (let i = 0; i < more; i++) {
        const b = this.bytes[this.offset++] as number;
        if ((b & 0xc0) !== 0x80) throw new Refused('text is not UTF-8');
        c = (c << 6) | (b & 0x3f);
      }
      const least = more === 3 ? 0x10000 : more === 2 ? 0x800 : 0x80;
      if (c < least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) throw new Refused('text is not UTF-8');
      out += String.fromCodePoint(c);
    }
    return out;
  }

  binary(maxBytes: number): Uint8Array {
    const tag = this.next();
    let size: number;
    if (tag === 0xc4) size = this.size(this.next(), 0, maxBytes);
    else if (tag === 0xc5) size = this.size(this.bigEndian(2), 0x100, maxBytes);
    else if (tag === 0xc6) size = this.size(this.bigEndian(4), 0x10000, maxBytes);
    else throw new Refused('expected bytes');
    this.offset += size;
    // A copy, whatever kind of array it is read from: what is kept must not keep all that came with it.
    return new Uint8Array(this.bytes.subarray(this.offset - size, this.offset));
  }

  /** The head of a list of at most `max` values. Every value takes a byte or more, so a claimed length costs nothing. */
  array(max: number): number {
    const tag = this.next();
    if (tag >= 0x90 && tag <= 0x9f) return this.size(tag & 0x0f, 0, max);
    if (tag === 0xdc) return this.size(this.bigEndian(2), 0x10, max);
    if (tag === 0xdd) return this.size(this.bigEndian(4), 0x10000, max);
    throw new Refused('expected a list');
  }

  /** The head of a tuple of exactly `length` values. */
  tuple(length: number): void {
    const found = this.array(0xffff);
    if (found !== length) throw new Refused(`expected ${length} values, got ${found}`);
  }

  list<T>(codec: Codec<T>, max: number): T[] {
    const length = this.array(max);
    if (++this.depth > MAX_DEPTH) throw new Refused(`deeper than ${MAX_DEPTH}`);
    const out: T[] = [];
    for (let i = 0; i < length; i++) out.push(codec.read(this));
    this.depth--;
    return out;
  }

  option<T>(codec: Codec<T>): T | undefined {
    return this.isNil() ? undefined : codec.read(this);
  }
}

export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  const w = new Writer();
  codec.write(w, value);
  return w.bytes();
}

/** Never throws, whatever the bytes. Bugs of our own are not refusals and still surface. */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array, maxBytes: number = MAX_EVENT_BYTES): Decoded<T> {
  if (bytes.length > maxBytes) return { ok: false, reason: `${bytes.length} bytes, at most ${maxBytes} are allowed`, offset: 0 };
  const r = new Reader(bytes);
  try {
    const value = codec.read(r);
    if (!r.done) return { ok: false, reason: `${bytes.length - r.offset} bytes too many`, offset: r.offset };
    return { ok: true, value };
  } catch (error) {
    if (error instanceof Refused) return { ok: false, reason: error.message, offset: r.offset };
    throw error;
  }
}

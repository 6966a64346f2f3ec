// DAG-CBOR, strictly: a value has one form, and any other is refused with a reason. The library that others use accepts maps
// whose keys stand in any order, and `undefined` for null, and tells neither a float from an integer: what is signed and
// named by its hash must have one form only, so the form is checked here while it is read, and nothing is encoded again.
// (ipld.io/specs/codecs/dag-cbor: shortest integers and lengths, none indefinite; keys are text, in the order of their lengths,
// then of their bytes, none twice; 64-bit floats only, neither infinite nor NaN nor minus zero; no tag but 42.)

import { assert } from './assert.ts';

/** A content link: the bytes of a CID. */
export class Link {
  readonly cid: Uint8Array;

  constructor(cid: Uint8Array) {
    this.cid = cid;
  }
}

/** A number that was written as one with a fraction, whether it has one or not. */
export class Float {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

export type DagMap = ReadonlyMap<string, DagValue>;
/** Integers are numbers as far as those are exact, and bigints beyond. */
export type DagValue = null | boolean | number | bigint | Float | string | Uint8Array | Link | readonly DagValue[] | DagMap;

export type DagFault =
  | 'endsEarly' | 'trailingBytes' | 'tooManyBytes' | 'tooDeep' | 'tooManyItems' | 'longForm' | 'indefinite' | 'reserved' | 'unknownTag' | 'badLink' | 'notUtf8'
  | 'keyNotText' | 'keyOrder' | 'duplicateKey' | 'shortFloat' | 'noFiniteFloat' | 'minusZero' | 'unknownSimple';

export interface DagLimits {
  readonly bytes: number;
  readonly depth: number;
  /** Of values, keys left out: a byte of input may cost a hundred of memory. */
  readonly items: number;
}

export type DagDecoded<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: DagFault; readonly offset: number };

/** Where a value of a map lies in its bytes: [from its key, from its value, to). */
export interface Extent {
  readonly key: number;
  readonly from: number;
  readonly to: number;
}

class Refusal extends Error {
  readonly fault: DagFault;

  constructor(fault: DagFault) {
    super(fault);
    this.fault = fault;
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const TEXT = new TextEncoder();
/** Shorter text is put together here: a call into the host costs more. */
const SHORT_TEXT = 48;

/** Never throws, whatever the bytes. What it returns shares nothing with them. */
export function decodeDagCbor(bytes: Uint8Array, limits: DagLimits): DagDecoded<DagValue> {
  return read(bytes, limits, (reader) => reader.value());
}

/** A map whose entries' places matter too; `tooDeep` and the rest as above, `unknownSimple` for what is no map. */
export function decodeDagMap(bytes: Uint8Array, limits: DagLimits): DagDecoded<{ readonly map: DagMap; readonly extents: ReadonlyMap<string, Extent> } | undefined> {
  return read(bytes, limits, (reader) => {
    const extents = new Map<string, Extent>();
    const map = reader.value(extents);
    return map instanceof Map ? { map, extents } : undefined;
  });
}

function read<T>(bytes: Uint8Array, limits: DagLimits, take: (reader: Reader) => T): DagDecoded<T> {
  if (bytes.length > limits.bytes) return { ok: false, fault: 'tooManyBytes', offset: limits.bytes };
  const reader = new Reader(bytes, limits);
  try {
    const value = take(reader);
    if (reader.offset < bytes.length) return { ok: false, fault: 'trailingBytes', offset: reader.offset };
    return { ok: true, value };
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, fault: error.fault, offset: reader.offset };
    throw error;
  }
}

class Reader {
  offset = 0;
  private readonly bytes: Uint8Array;
  private depth: number;
  private items: number;

  constructor(bytes: Uint8Array, limits: DagLimits) {
    this.bytes = bytes;
    this.depth = limits.depth;
    this.items = limits.items;
  }

  value(extents?: Map<string, Extent>): DagValue {
    if (this.items-- <= 0) throw new Refusal('tooManyItems');
    const head = this.byte();
    const major = head >> 5;
    const info = head & 31;
    switch (major) {
      case 0:
        return this.argument(info);
      case 1: {
        const argument = this.argument(info);
        if (typeof argument === 'bigint') return -1n - argument;
        return argument === Number.MAX_SAFE_INTEGER ? -1n - BigInt(argument) : -1 - argument;
      }
      case 2:
        return this.slice(this.length(info));
      case 3:
        return this.text(this.length(info));
      case 4:
        return this.list(this.length(info));
      case 5:
        return this.map(this.length(info), extents);
      case 6:
        return this.link(info);
      default:
        return this.simple(info);
    }
  }

  private byte(): number {
    if (this.offset >= this.bytes.length) throw new Refusal('endsEarly');
    return this.bytes[this.offset++] as number;
  }

  private bigEndian(size: number): number {
    if (this.offset + size > this.bytes.length) throw new Refusal('endsEarly');
    let value = 0;
    for (let i = 0; i < size; i++) value = value * 256 + (this.bytes[this.offset++] as number);
    return value;
  }

  /** The shortest form of it, or none. */
  private argument(info: number): number | bigint {
    if (info < 24) return info;
    switch (info) {
      case 24:
        return this.atLeast(24, this.bigEndian(1));
      case 25:
        return this.atLeast(0x100, this.bigEndian(2));
      case 26:
        return this.atLeast(0x10000, this.bigEndian(4));
      case 27: {
        const high = this.bigEndian(4);
        const low = this.bigEndian(4);
        if (high === 0) throw new Refusal('longForm');
        return high < 0x200000 ? high * 0x100000000 + low : (BigInt(high) << 32n) | BigInt(low);
      }
      default:
        throw new Refusal(info === 31 ? 'indefinite' : 'reserved');
    }
  }

  private atLeast(least: number, value: number): number {
    if (value < least) throw new Refusal('longForm');
    return value;
  }

  /** Of something that takes a byte or more for each: so a claimed length costs nothing. */
  private length(info: number): number {
    const length = this.argument(info);
    if (length > this.bytes.length - this.offset) throw new Refusal('endsEarly');
    return Number(length);
  }

  private slice(length: number): Uint8Array {
    this.offset += length;
    // A copy, whatever kind of array it is read from.
    return new Uint8Array(this.bytes.subarray(this.offset - length, this.offset));
  }

  private text(length: number): string {
    const from = this.offset;
    const to = from + length;
    if (length <= SHORT_TEXT) {
      let text = '';
      let place = from;
      for (; place < to; place++) {
        const byte = this.bytes[place] as number;
        if (byte >= 0x80) break;
        text += String.fromCharCode(byte);
      }
      if (place === to) {
        this.offset = to;
        return text;
      }
    }
    try {
      const text = UTF8.decode(this.bytes.subarray(from, to));
      this.offset = to;
      return text;
    } catch {
      throw new Refusal('notUtf8');
    }
  }

  private list(length: number): DagValue[] {
    this.deeper();
    const out: DagValue[] = [];
    for (let i = 0; i < length; i++) out.push(this.value());
    this.depth++;
    return out;
  }

  private map(length: number, extents?: Map<string, Extent>): DagMap {
    this.deeper();
    const out = new Map<string, DagValue>();
    let last = -1;
    let lastLength = 0;
    for (let i = 0; i < length; i++) {
      const keyAt = this.offset;
      const head = this.byte();
      if (head >> 5 !== 3) throw new Refusal('keyNotText');
      const keyLength = this.length(head & 31);
      const start = this.offset;
      if (last >= 0) this.follows(last, lastLength, start, keyLength);
      const key = this.text(keyLength);
      const from = this.offset;
      out.set(key, this.value());
      extents?.set(key, { key: keyAt, from, to: this.offset });
      last = start;
      lastLength = keyLength;
    }
    this.depth++;
    return out;
  }

  private follows(last: number, lastLength: number, start: number, length: number): void {
    if (length > lastLength) return;
    if (length < lastLength) throw new Refusal('keyOrder');
    for (let i = 0; i < length; i++) {
      const before = this.bytes[last + i] as number;
      const after = this.bytes[start + i] as number;
      if (after > before) return;
      if (after < before) throw new Refusal('keyOrder');
    }
    throw new Refusal('duplicateKey');
  }

  private deeper(): void {
    if (--this.depth < 0) throw new Refusal('tooDeep');
  }

  private link(info: number): Link {
    if (this.argument(info) !== 42) throw new Refusal('unknownTag');
    const head = this.byte();
    if (head >> 5 !== 2) throw new Refusal('badLink');
    const bytes = this.slice(this.length(head & 31));
    if (bytes[0] !== 0 || !isCid(bytes, 1)) throw new Refusal('badLink');
    return new Link(bytes.slice(1));
  }

  private simple(info: number): null | boolean | Float {
    switch (info) {
      case 20:
        return false;
      case 21:
        return true;
      case 22:
        return null;
      case 25:
      case 26:
        throw new Refusal('shortFloat');
      case 27:
        return this.float();
      case 31:
        throw new Refusal('indefinite');
      default:
        throw new Refusal('unknownSimple');
    }
  }

  private float(): Float {
    if (this.offset + 8 > this.bytes.length) throw new Refusal('endsEarly');
    const value = new DataView(this.bytes.buffer, this.bytes.byteOffset + this.offset, 8).getFloat64(0);
    if (!Number.isFinite(value)) throw new Refusal('noFiniteFloat');
    if (Object.is(value, -0)) throw new Refusal('minusZero');
    this.offset += 8;
    return new Float(value);
  }
}

/** A CID of version 0 (sha2-256, 32 bytes) or 1 (codec, hash, length, digest; each number in its shortest form). */
function isCid(bytes: Uint8Array, from: number): boolean {
  const length = bytes.length - from;
  if (length === 34 && bytes[from] === 0x12 && bytes[from + 1] === 0x20) return true;
  if (length < 4 || bytes[from] !== 1) return false;
  let place = from + 1;
  let last = 0;
  for (let part = 0; part < 3; part++) {
    const start = place;
    last = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[place++];
      if (byte === undefined || place - start > 6) return false;
      last += (byte & 127) * scale;
      if (byte >= 128) continue;
      if (byte === 0 && place - start > 1) return false;
      break;
    }
  }
  return last > 0 && bytes.length - place === last;
}

/** The one form of a value. Text with half a character, a number that is no safe integer: such values are a bug of ours. */
export function encodeDagCbor(value: DagValue): Uint8Array {
  const writer = new Writer();
  writer.value(value);
  return writer.bytes();
}

class Writer {
  private buffer: Uint8Array = new Uint8Array(512);
  private end = 0;

  bytes(): Uint8Array {
    return this.buffer.slice(0, this.end);
  }

  private room(size: number): void {
    if (this.end + size <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(2 * this.buffer.length, this.end + size));
    grown.set(this.buffer.subarray(0, this.end));
    this.buffer = grown;
  }

  value(value: DagValue): void {
    if (value === null) this.raw(0xf6);
    else if (typeof value === 'boolean') this.raw(value ? 0xf5 : 0xf4);
    else if (typeof value === 'number') this.integer(value);
    else if (typeof value === 'bigint') this.wide(value);
    else if (typeof value === 'string') this.text(value);
    else if (value instanceof Uint8Array) this.binary(value);
    else if (value instanceof Link) this.link(value);
    else if (value instanceof Float) this.float(value.value);
    else if (value instanceof Map) this.map(value);
    else this.list(value as readonly DagValue[]);
  }

  private raw(byte: number): void {
    this.room(1);
    this.buffer[this.end++] = byte;
  }

  private head(major: number, argument: number): void {
    this.room(9);
    const tag = major << 5;
    if (argument < 24) this.buffer[this.end++] = tag | argument;
    else if (argument < 0x100) this.sized(tag | 24, argument, 1);
    else if (argument < 0x10000) this.sized(tag | 25, argument, 2);
    else if (argument < 0x100000000) this.sized(tag | 26, argument, 4);
    else {
      this.sized(tag | 27, Math.floor(argument / 0x100000000), 4);
      this.bigEndian(argument >>> 0, 4);
    }
  }

  private sized(tag: number, value: number, size: number): void {
    this.buffer[this.end++] = tag;
    this.bigEndian(value, size);
  }

  private bigEndian(value: number, size: number): void {
    for (let shift = (size - 1) * 8; shift >= 0; shift -= 8) this.buffer[this.end++] = (value >>> shift) & 0xff;
  }

  private integer(value: number): void {
    assert(Number.isSafeInteger(value) && !Object.is(value, -0), 'a number is a safe integer; others are a Float');
    if (value >= 0) this.head(0, value);
    else this.head(1, -1 - value);
  }

  private wide(value: bigint): void {
    const argument = value >= 0n ? value : -1n - value;
    assert(argument >> 64n === 0n, 'an integer of at most 64 bits');
    const major = value >= 0n ? 0 : 1;
    if (argument <= 0x1fffffffffffffn) return this.head(major, Number(argument));
    this.room(9);
    this.sized((major << 5) | 27, Number(argument >> 32n), 4);
    this.bigEndian(Number(argument & 0xffffffffn), 4);
  }

  private text(value: string): void {
    assert(value.isWellFormed(), 'text holds whole characters');
    const bytes = TEXT.encode(value);
    this.head(3, bytes.length);
    this.put(bytes);
  }

  private binary(value: Uint8Array): void {
    this.head(2, value.length);
    this.put(value);
  }

  private put(bytes: Uint8Array): void {
    this.room(bytes.length);
    this.buffer.set(bytes, this.end);
    this.end += bytes.length;
  }

  private link(link: Link): void {
    assert(isCid(link.cid, 0), 'a link is a CID');
    this.room(2);
    this.buffer[this.end++] = 0xd8;
    this.buffer[this.end++] = 42;
    this.head(2, link.cid.length + 1);
    this.raw(0);
    this.put(link.cid);
  }

  private float(value: number): void {
    assert(Number.isFinite(value) && !Object.is(value, -0), 'a finite float, and not minus zero');
    this.raw(0xfb);
    this.room(8);
    new DataView(this.buffer.buffer).setFloat64(this.end, value);
    this.end += 8;
  }

  private list(values: readonly DagValue[]): void {
    this.head(4, values.length);
    for (const value of values) this.value(value);
  }

  private map(map: DagMap): void {
    const entries = [...map].map(([key, value]) => ({ key: TEXT.encode(key), text: key, value })).sort((a, b) => inOrder(a.key, b.key));
    this.head(5, entries.length);
    for (const { text, value } of entries) {
      this.text(text);
      this.value(value);
    }
  }
}

/** The order of keys: shorter first, then by bytes. */
function inOrder(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) return a.length - b.length;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return (a[i] as number) - (b[i] as number);
  return 0;
}

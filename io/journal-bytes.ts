// Fixed-width integers, CRC-32C and hexadecimal text over byte arrays: what framing needs below the codec.

import { Refused } from '../kernel/base/codec.ts';

const POLYNOMIAL = 0x82f63b78;

/** Four tables of 256 words, so that four bytes fold at once (Kounavis and Berry, 2005). */
const TABLES: Int32Array = makeTables();

function makeTables(): Int32Array {
  const tables = new Int32Array(4 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let c = byte;
    for (let bit = 0; bit < 8; bit++) c = (c & 1) === 0 ? c >>> 1 : (c >>> 1) ^ POLYNOMIAL;
    tables[byte] = c;
  }
  for (let i = 256; i < 1024; i++) {
    const before = tables[i - 256] as number;
    tables[i] = (before >>> 8) ^ (tables[before & 0xff] as number);
  }
  return tables;
}

/** CRC-32C (Castagnoli; RFC 3720, appendix B.4) of bytes [start, end), as an unsigned word. */
export function crc32c(bytes: Uint8Array, start: number, end: number): number {
  let c = -1;
  let i = start;
  for (; i + 4 <= end; i += 4) {
    c ^= (bytes[i] as number) | ((bytes[i + 1] as number) << 8) | ((bytes[i + 2] as number) << 16) | ((bytes[i + 3] as number) << 24);
    c = (TABLES[768 + (c & 0xff)] as number) ^ (TABLES[512 + ((c >>> 8) & 0xff)] as number) ^ (TABLES[256 + ((c >>> 16) & 0xff)] as number) ^ (TABLES[c >>> 24] as number);
  }
  for (; i < end; i++) c = (TABLES[(c ^ (bytes[i] as number)) & 0xff] as number) ^ (c >>> 8);
  return (c ^ -1) >>> 0;
}

export function put32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 24;
  bytes[offset + 1] = value >>> 16;
  bytes[offset + 2] = value >>> 8;
  bytes[offset + 3] = value;
}

export function get32(bytes: Uint8Array, offset: number): number {
  return (((bytes[offset] as number) << 24) | ((bytes[offset + 1] as number) << 16) | ((bytes[offset + 2] as number) << 8) | (bytes[offset + 3] as number)) >>> 0;
}

/** A non-negative safe integer in eight bytes. */
export function put64(bytes: Uint8Array, offset: number, value: number): void {
  put32(bytes, offset, Math.floor(value / 4294967296));
  put32(bytes, offset + 4, value >>> 0);
}

export function get64(bytes: Uint8Array, offset: number): number {
  const high = get32(bytes, offset);
  if (high > 0x1fffff) throw new Refused('integer above 2^53 - 1');
  return high * 4294967296 + get32(bytes, offset + 4);
}

/** The text of each byte, and the value of each digit's character code. */
const TEXTS: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const VALUES: Uint8Array = new Uint8Array(128);
for (let digit = 0; digit < 16; digit++) VALUES['0123456789abcdef'.charCodeAt(digit)] = digit;

const byteOf = (hex: string, i: number): number => ((VALUES[hex.charCodeAt(i)] as number) << 4) | (VALUES[hex.charCodeAt(i + 1)] as number);

export function putHex(bytes: Uint8Array, offset: number, hex: string): void {
  for (let i = 0; i < hex.length; i += 2) bytes[offset + (i >> 1)] = byteOf(hex, i);
}

export function getHex(bytes: Uint8Array, offset: number, length: number): string {
  let hex = '';
  for (let i = offset; i < offset + length; i++) hex += TEXTS[bytes[i] as number] as string;
  return hex;
}

/** Whether `hex` is the text of the bytes at `offset`. */
export function isHex(bytes: Uint8Array, offset: number, hex: string): boolean {
  for (let i = 0; i < hex.length; i += 2) if (bytes[offset + (i >> 1)] !== byteOf(hex, i)) return false;
  return true;
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0] as Uint8Array;
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let end = 0;
  for (const part of parts) {
    whole.set(part, end);
    end += part.length;
  }
  return whole;
}

// A record as a program of a later format would write it: intact, and not for us to read.

import { get32, put32, putHex } from '../journal-bytes.ts';
import { FORMAT } from '../journal-format.ts';
import { sha256 } from '../../kernel/base/hash.ts';

const HEAD = 12;
const HASH = 32;

/** The file with its first record in the next format, under a checksum that is right. */
export function inLaterFormat(file: Uint8Array): Uint8Array {
  const bytes = file.slice();
  const end = HEAD + get32(bytes, 8) + HASH;
  put32(bytes, 4, FORMAT + 1);
  putHex(bytes, end - HASH, sha256(bytes.subarray(0, end - HASH)));
  return bytes;
}

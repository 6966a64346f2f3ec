// Content links as envelopes use them: CIDv1 over sha2-256, of raw bytes or of DAG-CBOR. In state and in facts a content is
// named by the 64 hexadecimal digits of its hash, as everywhere in the kernel.

import { assert } from '../base/assert.ts';
import { Link } from '../base/dag-cbor.ts';
import { sha256 } from '../base/hash.ts';

export const RAW = 0x55;
export const DAG_CBOR = 0x71;
const DIGITS = /^[0-9a-f]{64}$/;

/** The link to a content of that hash. */
export function linkTo(hash: string, codec: typeof RAW | typeof DAG_CBOR): Link {
  assert(DIGITS.test(hash), 'a hash has 64 hexadecimal digits');
  const cid = new Uint8Array(36);
  cid.set([1, codec, 0x12, 0x20]);
  for (let i = 0; i < 32; i++) cid[4 + i] = Number.parseInt(hash.slice(2 * i, 2 * i + 2), 16);
  return new Link(cid);
}

export const linkToBytes = (bytes: Uint8Array, codec: typeof RAW | typeof DAG_CBOR): Link => linkTo(sha256(bytes), codec);

/** The hash that a link names, if it is one of ours; undefined if it is of another kind. */
export function hashOf(link: Link, codec: typeof RAW | typeof DAG_CBOR): string | undefined {
  const { cid } = link;
  if (cid.length !== 36 || cid[0] !== 1 || cid[1] !== codec || cid[2] !== 0x12 || cid[3] !== 0x20) return undefined;
  return hex(cid.subarray(4));
}

const HEX: Uint8Array = new TextEncoder().encode('0123456789abcdef');
const TEXT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function hex(bytes: Uint8Array): string {
  const out = new Uint8Array(2 * bytes.length);
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    out[2 * i] = HEX[byte >> 4] as number;
    out[2 * i + 1] = HEX[byte & 15] as number;
  }
  return TEXT.decode(out);
}

// Everything of the host that the kernel may touch, and all of it is a pure function of its arguments. Only the kernel's
// own project reads this file (types: []), so whatever is not declared here does not exist for the kernel.

declare module 'node:crypto' {
  /** Used by base/hash.ts alone (lint and layers see to that): three to six times faster than SHA-256 in JavaScript. */
  export function hash(algorithm: 'sha256', data: Uint8Array | string, outputEncoding: 'buffer'): Uint8Array;
  export function hash(algorithm: 'sha256', data: Uint8Array | string, outputEncoding: 'hex'): string;
}

/** Turns a string into UTF-8. Lone surrogates become U+FFFD without a word: check isWellFormed() first. */
declare class TextEncoder {
  encode(input: string): Uint8Array<ArrayBuffer>;
  encodeInto(source: string, destination: Uint8Array): { read: number; written: number };
}

/** Turns UTF-8 into a string. Always fatal, and never swallowing a byte order mark: decoding is strict. */
declare class TextDecoder {
  constructor(label: 'utf-8', options: { fatal: true; ignoreBOM: true });
  decode(input: Uint8Array): string;
}

// What is too large for an event: bytes that a node keeps outside its journal, named by their hash, and reads again in chunks.
// The journal holds the hash, the length, and those chunks that the state was made of. Whose content it is says its owner: what
// an owner puts takes the place of what it put before, so that a store holds no more contents than there are owners.

import { Refused, type Codec, type Reader, type Writer } from './base/codec.ts';
import { hashText, mix, mixUint } from './base/digest.ts';

/** What one read brings, well below an event's 16 KiB. The last chunk of a content may be shorter; offsets are multiples of it. */
export const CHUNK_BYTES: number = 12 * 1024;
/** Longer contents there are not: more than a million records at their longest. */
export const MAX_CONTENT_BYTES: number = 256 * 1024 * 1024;

/** Bytes that need not exist yet: they are made when the store wants them, and never when a journal is refolded. */
export interface Content {
  /** One word for what it is. */
  readonly hash: number;
  bytes(): Uint8Array;
}

/** Requests of one node are handled in the order in which they were made. */
export type ContentRequest =
  /** Durable once it is answered, in place of what the owner put before. */
  | { readonly service: 'content'; readonly ask: 'put'; readonly owner: number; readonly content: Content }
  /** The chunk at the offset, of a content that is longer. */
  | { readonly service: 'content'; readonly ask: 'get'; readonly content: string; readonly offset: number }
  | { readonly service: 'content'; readonly ask: 'has'; readonly content: string }
  /** What the owner put. */
  | { readonly service: 'content'; readonly ask: 'drop'; readonly owner: number };

/** A content is named by its sha256, in hexadecimal. `absent` is an answer: it will not come back by itself. */
export type ContentAnswer =
  | { readonly service: 'content'; readonly is: 'stored'; readonly content: string; readonly length: number }
  | { readonly service: 'content'; readonly is: 'chunk'; readonly bytes: Uint8Array }
  | { readonly service: 'content'; readonly is: 'held'; readonly length: number }
  | { readonly service: 'content'; readonly is: 'dropped' }
  | { readonly service: 'content'; readonly is: 'absent'; readonly why: 'missing' | 'damaged' };

/** How long the chunk at an offset is. */
export const chunkLength = (length: number, offset: number): number => Math.min(CHUNK_BYTES, length - offset);

/** Is it where a chunk of a content of that length begins? */
export const isChunkOffset = (length: number, offset: number): boolean => offset < length && offset % CHUNK_BYTES === 0;

export function hashContentRequest(request: ContentRequest): number {
  switch (request.ask) {
    case 'put':
      return mixUint(mix(1, request.content.hash), request.owner);
    case 'get':
      return mixUint(mix(2, hashText(request.content)), request.offset);
    case 'has':
      return mix(3, hashText(request.content));
    case 'drop':
      return mixUint(4, request.owner);
  }
}

export function hashContentAnswer(answer: ContentAnswer): number {
  switch (answer.is) {
    case 'stored':
      return mixUint(mix(1, hashText(answer.content)), answer.length);
    case 'chunk':
      return mix(2, hashChunk(answer.bytes));
    case 'held':
      return mixUint(3, answer.length);
    case 'dropped':
      return 4;
    case 'absent':
      return answer.why === 'missing' ? 5 : 6;
  }
}

/** Four bytes at a time: a chunk is hashed whenever it is said, and whenever it is heard. */
export function hashChunk(bytes: Uint8Array): number {
  const whole = bytes.length & ~3;
  let h = bytes.length;
  for (let i = 0; i < whole; i += 4) {
    h = mix(h, (bytes[i] as number) | ((bytes[i + 1] as number) << 8) | ((bytes[i + 2] as number) << 16) | ((bytes[i + 3] as number) << 24));
  }
  for (let i = whole; i < bytes.length; i++) h = mix(h, bytes[i] as number);
  return h;
}

const NAME = /^[0-9a-f]{64}$/;

export function readContentName(r: Reader): string {
  const name = r.text(64);
  if (!NAME.test(name)) throw new Refused('the name of a content is a sha256 in hexadecimal');
  return name;
}

export function readContentLength(r: Reader): number {
  const length = r.uint(MAX_CONTENT_BYTES);
  if (length === 0) throw new Refused('an empty content');
  return length;
}

const ANSWERS = ['stored', 'chunk', 'held', 'dropped', 'absent'] as const;
const FIELDS = [2, 1, 1, 0, 1] as const;

/** An answer is a tuple (tag, fields...). */
export const contentAnswerCodec: Codec<ContentAnswer> = {
  write(w: Writer, answer: ContentAnswer): void {
    const tag = ANSWERS.indexOf(answer.is);
    w.array(1 + (FIELDS[tag] as number));
    w.uint(tag);
    switch (answer.is) {
      case 'stored':
        w.text(answer.content);
        return w.uint(answer.length);
      case 'chunk':
        return w.binary(answer.bytes);
      case 'held':
        return w.uint(answer.length);
      case 'dropped':
        return;
      case 'absent':
        return w.bool(answer.why === 'damaged');
    }
  },
  read(r: Reader): ContentAnswer {
    const length = r.array(3);
    const tag = r.uint(ANSWERS.length - 1);
    if (length !== 1 + (FIELDS[tag] as number)) throw new Refused(`an answer "${ANSWERS[tag]}" of another length`);
    switch (ANSWERS[tag] as ContentAnswer['is']) {
      case 'stored':
        return { service: 'content', is: 'stored', content: readContentName(r), length: readContentLength(r) };
      case 'chunk':
        return { service: 'content', is: 'chunk', bytes: r.binary(CHUNK_BYTES) };
      case 'held':
        return { service: 'content', is: 'held', length: readContentLength(r) };
      case 'dropped':
        return { service: 'content', is: 'dropped' };
      case 'absent':
        return { service: 'content', is: 'absent', why: r.bool() ? 'damaged' : 'missing' };
    }
  },
};

// Ops on the wire, in images and in files: runs of consecutive ops of one author in one thread, so that thread, author, number
// and time are said once for many. What follows from the rest (the id, the next number) is not said at all.

import { Refused, type Codec, type Reader, type Writer } from '../base/codec.ts';
import { KINDS, MAX_LAMPORT, MAX_SEQ, MAX_SIGNATURE_BYTES, op, readBody, readName, writeBody, type Op } from './op.ts';

/** An op of which every member knows that every member has it, and that later ones outdo: its id is all that is left. */
export interface Gone {
  readonly actor: string;
  readonly seq: number;
  readonly id: string;
  readonly body?: undefined;
}

export type Entry = Op | Gone;

export const isGone = (entry: Entry): entry is Gone => entry.body === undefined;

const GONE = KINDS.length;
const ID = /^[0-9a-f]{64}$/;

function writeRun(w: Writer, entries: readonly Entry[], from: number, end: number): void {
  const first = entries[from] as Entry;
  w.text(isGone(first) ? '' : first.thread);
  w.text(first.actor);
  w.uint(first.seq);
  w.array(end - from);
  let lamport = 0;
  let signed = false;
  for (let i = from; i < end; i++) {
    const entry = entries[i] as Entry;
    if (isGone(entry)) {
      w.uint(GONE);
      w.text(entry.id);
      continue;
    }
    writeBody(w, entry.body);
    // One more than the last: what an honest author says next.
    w.int(entry.lamport - lamport - 1);
    lamport = entry.lamport;
    if (entry.signature !== '') signed = true;
  }
  w.bool(signed);
  if (signed) for (let i = from; i < end; i++) w.text((entries[i] as Op).signature ?? '');
}

const follows = (last: Entry, next: Entry): boolean =>
  next.actor === last.actor && next.seq === last.seq + 1 && isGone(next) === isGone(last) && (isGone(next) || next.thread === (last as Op).thread);

const MAX_RUNS = 65_536;

export const batchCodec: Codec<readonly Entry[]> = {
  write(w: Writer, entries: readonly Entry[]): void {
    const starts: number[] = [];
    for (let i = 0; i < entries.length; i++) if (i === 0 || !follows(entries[i - 1] as Entry, entries[i] as Entry)) starts.push(i);
    w.array(starts.length);
    for (let i = 0; i < starts.length; i++) writeRun(w, entries, starts[i] as number, starts[i + 1] ?? entries.length);
  },
  read(r: Reader): readonly Entry[] {
    const entries: Entry[] = [];
    for (let runs = r.array(MAX_RUNS); runs > 0; runs--) readRun(r, entries);
    return entries;
  },
};

function readRun(r: Reader, entries: Entry[]): void {
  const thread = r.text(64);
  const actor = readName(r);
  const seq = r.uint(MAX_SEQ);
  const length = r.array(MAX_SEQ);
  if (length === 0 || seq === 0 || seq + length - 1 > MAX_SEQ) throw new Refused('a run of no ops, or beyond the last number');
  const start = entries.length;
  let lamport = 0;
  for (let i = 0; i < length; i++) {
    const tag = r.uint(GONE);
    if ((tag === GONE) !== (thread === '')) throw new Refused('an op belongs to a thread');
    if (tag === GONE) {
      const id = r.text(64);
      if (!ID.test(id)) throw new Refused('an id is a sha256 in hexadecimal');
      entries.push({ actor, seq: seq + i, id });
      continue;
    }
    const body = readBody(r, tag);
    lamport += r.int() + 1;
    if (lamport < 1 || lamport > MAX_LAMPORT) throw new Refused(`a time from 1 to ${MAX_LAMPORT}`);
    entries.push(op({ thread, actor, seq: seq + i, lamport, body }));
  }
  if (!r.bool()) return;
  for (let i = start; i < entries.length; i++) {
    const signature = r.text(MAX_SIGNATURE_BYTES);
    if (thread === '') throw new Refused('what is gone has no signature');
    entries[i] = { ...(entries[i] as Op), signature };
  }
}

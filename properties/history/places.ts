// Where an answer can be put together in one way only, and each piece of it was written by one operation only, that operation
// must have happened at its place: in no other state. Answers that can be read in several ways say nothing.

import type { Kind } from './machine.ts';

/** The operation left the first `length` characters of this answer behind. */
export interface Place {
  readonly answer: number;
  readonly length: number;
}

/** A place in an answer at which a piece ends: how it can be reached. */
interface Boundary {
  readonly at: number;
  ways: number;
  /** Where the last piece of the only way began; -1 for what was put. */
  from: number;
}

/** Look-ups of pieces; beyond that the remaining answers say nothing. */
const MOST_LOOKUPS = 8_000_000;

class Pieces {
  private readonly writer: Map<string, number> = new Map();
  readonly lengths: readonly number[];

  constructor(written: readonly string[], kinds: readonly Kind[], kind: Kind) {
    const lengths = new Set<number>();
    for (const [op, text] of written.entries()) {
      if (kinds[op] !== kind) continue;
      this.writer.set(text, this.writer.has(text) ? -1 : op);
      lengths.add(text.length);
    }
    this.lengths = [...lengths].toSorted((a, b) => a - b);
  }

  has(text: string): boolean {
    return this.writer.has(text);
  }

  /** Who wrote it, if only one did. */
  only(text: string): number | undefined {
    const op = this.writer.get(text) ?? -1;
    return op < 0 ? undefined : op;
  }
}

export interface Places {
  readonly places: ReadonlyMap<number, Place>;
  /** By what was appended: the answers of which it is a piece. Undefined if some answer can be read in no way, or in several. */
  readonly pieces: ReadonlyMap<string, readonly number[]> | undefined;
}

export const NO_PLACES: Places = { places: new Map(), pieces: undefined };

export function placesOf(answers: readonly string[], written: readonly string[], kinds: readonly Kind[]): Places {
  const places = new Map<number, Place>();
  const pieces = new Map<string, number[]>();
  let clear = true;
  const put = new Pieces(written, kinds, 'overwrites');
  const appended = new Pieces(written, kinds, 'extends');
  let lookups = 0;
  for (const [answer, text] of answers.entries()) {
    const boundaries = new Map<number, Boundary>();
    const waiting: number[] = [];
    const reach = (at: number, from: number, ways: number): void => {
      const known = boundaries.get(at);
      if (known !== undefined) known.ways = Math.min(2, known.ways + ways);
      else {
        boundaries.set(at, { at, ways, from });
        waiting.push(at);
      }
    };
    reach(0, -1, 1);
    for (const length of put.lengths) if (length <= text.length && put.has(text.slice(0, length))) reach(length, -1, 1);
    // In order of their places: all ways to one are known before it is gone on from.
    waiting.sort((a, b) => a - b);
    for (let at = takeLeast(waiting); at !== undefined; at = takeLeast(waiting)) {
      const { ways } = boundaries.get(at) as Boundary;
      lookups += appended.lengths.length;
      if (lookups > MOST_LOOKUPS) return { places, pieces: undefined };
      for (const length of appended.lengths) if (length > 0 && at + length <= text.length && appended.has(text.slice(at, at + length))) reach(at + length, at, ways);
    }
    clear = mark(answer, text, boundaries, appended, places, pieces) && clear;
  }
  return { places, pieces: clear ? pieces : undefined };
}

/** Walks back through the pieces of an answer that can be read in one way only. */
function mark(answer: number, text: string, boundaries: ReadonlyMap<number, Boundary>, appended: Pieces, places: Map<number, Place>, pieces: Map<string, number[]>): boolean {
  let boundary = boundaries.get(text.length);
  if (boundary?.ways !== 1) return false;
  for (; boundary !== undefined && boundary.from >= 0; boundary = boundaries.get(boundary.from)) {
    const { at, from }: Boundary = boundary;
    const piece = text.slice(from, at);
    const op = appended.only(piece);
    if (op !== undefined && !places.has(op)) places.set(op, { answer, length: at });
    const others = pieces.get(piece);
    if (others === undefined) pieces.set(piece, [answer]);
    else if (others.at(-1) !== answer) others.push(answer);
  }
  return true;
}

function takeLeast(waiting: number[]): number | undefined {
  if (waiting.length === 0) return undefined;
  let least = 0;
  for (let i = 1; i < waiting.length; i++) if ((waiting[i] as number) < (waiting[least] as number)) least = i;
  const [taken] = waiting.splice(least, 1);
  return taken;
}

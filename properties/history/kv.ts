// `kv`: by key a string, empty at first; `get`, `put`, and `append`. Only strings with which some answer begins can ever be
// seen. So a state is a place in those answers, sorted: the first of those that begin with the string, and its length. No
// string is ever put together.

import { IMPOSSIBLE, UNSEEN, type Beginning, type Kind, type Machine, type Model } from './machine.ts';
import { NEVER, type Operation, type Timeline, type Value } from './operation.ts';
import { NO_PLACES, placesOf, type Place } from './places.ts';
import { classesOf } from './value-register.ts';
import { contentOf, isNil, textOf } from './value-text.ts';

const MOST_ORIGINS = 8;
/** Answers that are looked at before a state is left: shorter ones first, which as a rule were given first. */
const MOST_DEMANDS = 64;
const MOST_BEGINNINGS = 256;
/** Characters that are looked through to find out which answers hold what was appended. Beyond that all may. */
const LOOKED_THROUGH = 1 << 28;

/** The answers from `first` to before `after` begin with the same `length` characters, and no others do. */
interface Prefix {
  readonly first: number;
  readonly after: number;
  readonly length: number;
  readonly needed: number;
  demands: readonly number[] | undefined;
}

const NOWHERE: Prefix = { first: 0, after: 0, length: 0, needed: -1, demands: [] };

class Strings implements Machine {
  readonly initial: number;
  readonly kinds: readonly Kind[];
  readonly classes: readonly number[];
  /** What gets answered, each once, by code units; and by operation the place of its answer in it. */
  private readonly answers: readonly string[];
  private readonly answerOf: Int32Array;
  /** By answer: the operations that got it, in order of their ends. */
  private readonly seers: number[][];
  private readonly written: readonly string[];
  private readonly states: Prefix[] = [NOWHERE];
  private readonly numbers: Map<number, number> = new Map();
  private readonly useful: Float64Array;
  private readonly originsOf: (readonly number[] | null | undefined)[] = [];
  private readonly timeline: Timeline;
  private readonly puts: Map<string, number[]> = new Map();
  private readonly putLengths: readonly number[];
  /** Operations that can only stand at one place of the answers. */
  private readonly places: ReadonlyMap<number, Place>;
  /** By what was appended: the answers of which it is a piece, if all of them can be read in one way only. */
  private readonly pieces: ReadonlyMap<string, readonly number[]> | undefined;
  private looked = 0;

  constructor(operations: readonly Operation[], timeline: Timeline, from: Beginning) {
    this.timeline = timeline;
    this.kinds = operations.map(({ f }) => (f === 'get' ? 'observes' : f === 'put' ? 'overwrites' : 'extends'));
    this.written = operations.map(({ f, argument }) => (f === 'get' ? '' : contentOf(argument) as string));
    this.classes = classesOf(operations.map(({ f, argument }) => `${f} ${f === 'get' ? '' : contentOf(argument)}`));
    const seen = operations.map(({ f, result }) => (f === 'get' && result !== undefined ? textOfAnswer(result) : undefined));
    this.answers = [...new Set(seen.filter((answer) => answer !== undefined))].toSorted(byCodeUnits);
    const placeOf = new Map(this.answers.map((answer, place) => [answer, place]));
    this.answerOf = Int32Array.from(seen, (answer) => (answer === undefined ? -1 : (placeOf.get(answer) as number)));
    this.seers = this.answers.map(() => []);
    for (const op of [...operations.keys()].toSorted((a, b) => (timeline.end[a] as number) - (timeline.end[b] as number) || a - b)) this.seers[this.answerOf[op] as number]?.push(op);
    for (const [op, text] of this.written.entries()) {
      if (this.kinds[op] !== 'overwrites') continue;
      const others = this.puts.get(text);
      if (others === undefined) this.puts.set(text, [op]);
      else others.push(op);
    }
    this.putLengths = [...new Set([...this.puts.keys()].map((text) => text.length))].toSorted((a, b) => a - b);
    this.useful = new Float64Array(operations.length).fill(NaN);
    this.initial = this.stateOf(0, this.answers.length, 0);
    const { places, pieces } = from === 'initial' ? placesOf(this.answers, this.written, this.kinds) : NO_PLACES;
    this.places = places;
    this.pieces = pieces;
  }

  beginnings(): readonly number[] | undefined {
    const appended = [...new Set(this.written.filter((_, op) => this.kinds[op] === 'extends'))].filter((text) => text !== '');
    const texts = new Set(this.answers);
    for (const text of texts) {
      for (const end of appended) if (text.endsWith(end)) texts.add(text.slice(0, text.length - end.length));
      if (texts.size > MOST_BEGINNINGS) return undefined;
    }
    return [UNSEEN, ...new Set([...texts].map((text) => this.after(0, this.answers.length, 0, text)).filter((state) => state !== UNSEEN))];
  }

  step(state: number, op: number): number {
    const kind = this.kinds[op];
    if (kind === 'observes') return this.sees(state, op) ? state : IMPOSSIBLE;
    if (kind === 'overwrites') return this.after(0, this.answers.length, 0, this.written[op] as string);
    if (state === UNSEEN) return this.places.has(op) ? IMPOSSIBLE : UNSEEN;
    const { first, after, length } = this.states[state] as Prefix;
    const next = this.after(first, after, length, this.written[op] as string);
    return this.fits(next, op) ? next : IMPOSSIBLE;
  }

  settled(state: number, op: number): boolean {
    return this.kinds[op] === 'observes' && this.sees(state, op);
  }

  neededUntil(state: number): number {
    return (this.states[state] as Prefix).needed;
  }

  usefulUntil(op: number): number {
    const known = this.useful[op] as number;
    if (!Number.isNaN(known)) return known;
    const until = this.kinds[op] === 'overwrites' ? this.neededUntil(this.step(UNSEEN, op)) : this.kinds[op] === 'extends' ? this.holdsUntil(this.written[op] as string) : -1;
    this.useful[op] = until;
    return until;
  }

  demands(state: number): readonly number[] {
    const prefix = this.states[state] as Prefix;
    return (prefix.demands ??= this.seersIn(prefix));
  }

  tellsAllDemands(state: number): boolean {
    const { first, after } = this.states[state] as Prefix;
    if (after - first > MOST_DEMANDS) return false;
    for (let answer = first; answer < after; answer++) if ((this.seers[answer] as number[]).length > MOST_DEMANDS) return false;
    return true;
  }

  serves(state: number, op: number): boolean {
    const { first, after } = this.states[state] as Prefix;
    const answer = this.answerOf[op] as number;
    return answer >= first && answer < after;
  }

  origins(op: number): readonly number[] | undefined {
    const answer = this.answerOf[op] as number;
    const known = this.originsOf[answer];
    if (known !== undefined) return known ?? undefined;
    const text = this.answers[answer] as string;
    const found: number[] = [];
    for (const length of this.putLengths) {
      if (length > text.length || found.length > MOST_ORIGINS) break;
      found.push(...(this.puts.get(text.slice(0, length)) ?? []).slice(0, MOST_ORIGINS + 1));
    }
    this.originsOf[answer] = found.length > MOST_ORIGINS ? null : found;
    return this.originsOf[answer] ?? undefined;
  }

  private fits(state: number, op: number): boolean {
    const place = this.places.get(op);
    if (place === undefined) return true;
    const { first, after, length } = this.states[state] as Prefix;
    return length === place.length && place.answer >= first && place.answer < after;
  }

  private sees(state: number, op: number): boolean {
    const { first, after, length } = this.states[state] as Prefix;
    const answer = this.answerOf[op] as number;
    return answer === first && first < after && (this.answers[answer] as string).length === length;
  }

  /** The state in which `text` stands behind the first `length` characters of the answers from `first` to `end`. */
  private after(first: number, end: number, length: number, text: string): number {
    const compare = (answer: string): number => byCodeUnits(answer.slice(length, length + text.length), text);
    const low = this.firstWhere(first, end, (answer) => compare(answer) >= 0);
    const high = this.firstWhere(low, end, (answer) => compare(answer) > 0);
    return low === high ? UNSEEN : this.stateOf(low, high, length + text.length);
  }

  private firstWhere(from: number, to: number, holds: (answer: string) => boolean): number {
    let low = from;
    let high = to;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (holds(this.answers[middle] as string)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  private stateOf(first: number, after: number, length: number): number {
    if (first === after) return UNSEEN;
    // Strings hold less than 2^30 characters.
    const name = first * 0x40000000 + length;
    const known = this.numbers.get(name);
    if (known !== undefined) return known;
    let needed = -1;
    for (let answer = first; answer < after; answer++) needed = Math.max(needed, this.lastSeen(answer));
    this.states.push({ first, after, length, needed, demands: undefined });
    this.numbers.set(name, this.states.length - 1);
    return this.states.length - 1;
  }

  /** The last event at which somebody got this answer. */
  private lastSeen(answer: number): number {
    return this.timeline.end[this.seers[answer]?.at(-1) as number] as number;
  }

  private seersIn({ first, after }: Prefix): number[] {
    const { end } = this.timeline;
    const found: number[] = [];
    for (let answer = first; answer < after && answer < first + MOST_DEMANDS; answer++) found.push(...(this.seers[answer] as number[]).slice(0, MOST_DEMANDS));
    return found.toSorted((a, b) => (end[a] as number) - (end[b] as number) || a - b);
  }

  private holdsUntil(text: string): number {
    let until = -1;
    if (this.pieces !== undefined && text !== '') {
      for (const place of this.pieces.get(text) ?? []) until = Math.max(until, this.lastSeen(place));
      return until;
    }
    for (const [place, answer] of this.answers.entries()) {
      const end = this.lastSeen(place);
      if (end <= until) continue;
      this.looked += answer.length;
      if (this.looked > LOOKED_THROUGH) return NEVER;
      if (answer.includes(text)) until = end;
    }
    return until;
  }
}

/** A key that nobody wrote is an empty string. */
const textOfAnswer = (result: Value): string => (isNil(result) ? '' : (contentOf(result) as string));

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export const kv: Model = {
  name: 'kv',
  functions: ['get', 'put', 'append'],
  reads: 'get',
  keyed: true,
  faultOfCall: (f, argument) => (f === 'get' || (contentOf(argument) !== undefined && !isNil(argument)) ? undefined : `"${f}" expects a string, got ${textOf(argument)}`),
  faultOfReturn: (f, _argument, result) => (f !== 'get' || contentOf(result) !== undefined ? undefined : `"get" returns a string, got ${textOf(result)}`),
  compile: (operations, timeline, from) => new Strings(operations, timeline, from),
};

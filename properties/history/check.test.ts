// The search against a brute-force oracle that tries every order (and every choice of what happened among the operations of
// unknown outcome), on small histories of every model.

import * as fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { checkHistory, judge } from './check.ts';
import type { Model } from './machine.ts';
import { MODELS } from './models.ts';
import { NEVER, type Operation, type Value } from './operation.ts';
import { since, smallestWindow, until, without } from './window.ts';

// The oracle tries up to eight factorial orders, on machines that may be busy.
vi.setConfig({ testTimeout: 120_000 });

const SEED = 20;
const LIMITS = { steps: 1e9, bytes: 1 << 28 };

/** What the specification says, written down without the model: the states that may follow if it happens now. */
type Rule = (state: string, op: Operation) => readonly string[];

const content = (value: Value): string => (value === 'nil' ? '' : (JSON.parse(value as string) as string));

const RULES: Readonly<Record<string, { readonly initial: string; readonly rule: Rule }>> = {
  register: { initial: 'nil', rule: (state, { f, argument, result }) => (f === 'write' ? [argument as string] : result === undefined || result === state ? [state] : []) },
  'cas-register': {
    initial: 'nil',
    rule: (state, { f, argument, result }) => {
      if (f === 'write') return [argument as string];
      if (f === 'read') return result === undefined || result === state ? [state] : [];
      return argument[0] === state ? [argument[1] as string] : [];
    },
  },
  kv: {
    initial: '',
    rule: (state, { f, argument, result }) => {
      if (f === 'get') return result === undefined || content(result) === state ? [state] : [];
      return [f === 'put' ? content(argument) : state + content(argument)];
    },
  },
  decide: {
    initial: 'unset',
    rule: (state, { f, argument, result, tooOld }) => {
      if (tooOld) return state === 'forgotten' ? [state] : [];
      const after = f === 'decide' && state === 'unset' && (result === undefined || result === argument) ? (argument as string) : state;
      if (result === undefined) return [after];
      return (after === 'unset' ? 'nil' : after) === result ? [after] : [];
    },
  },
};

/** Permutations, one by one: nothing is remembered, nothing is cut off but what real time forbids. */
function hasOrder(model: string, operations: readonly Operation[]): boolean {
  const { initial, rule } = RULES[model] as (typeof RULES)[string];
  const from = (left: readonly Operation[], state: string): boolean => {
    if (left.every((op) => op.returnedAt === NEVER)) return true;
    if (model === 'decide' && state !== 'forgotten' && left.some((op) => op.tooOld) && from(left, 'forgotten')) return true;
    const horizon = Math.min(...left.map((op) => op.returnedAt));
    return left.some((op) => op.calledAt < horizon && rule(state, op).some((next) => from(left.filter((other) => other !== op), next)));
  };
  return from(operations, initial);
}

interface Word {
  readonly f: string;
  readonly argument: Value;
  readonly result: Value;
  readonly tooOld: boolean;
}

const word = (f: string, argument: Value, result: Value, tooOld = false): Word => ({ f, argument, result, tooOld });
const two = fc.constantFrom('1', '2');
const three = fc.constantFrom('nil', '1', '2');
const short = fc.constantFrom('"a"', '"b"');
const long = fc.constantFrom('""', '"a"', '"b"', '"ab"', '"ba"', '"aa"', '"aab"', '"abb"', 'nil');

const WORDS: Readonly<Record<string, fc.Arbitrary<Word>>> = {
  register: fc.oneof(two.map((value) => word('write', value, value)), three.map((value) => word('read', 'nil', value))),
  'cas-register': fc.oneof(
    two.map((value) => word('write', value, value)),
    three.map((value) => word('read', 'nil', value)),
    fc.tuple(three, two).map((pair) => word('cas', pair, pair)),
  ),
  kv: fc.oneof(
    short.map((value) => word('put', value, value)),
    short.map((value) => word('append', value, value)),
    { arbitrary: long.map((value) => word('get', 'nil', value)), weight: 2 },
  ),
  decide: fc.oneof(
    { arbitrary: fc.tuple(two, three).map(([mine, theirs]) => word('decide', mine, theirs)), weight: 4 },
    { arbitrary: three.map((value) => word('get', 'nil', value)), weight: 3 },
    two.map((mine) => word('decide', mine, 'nil', true)),
    fc.constant(word('get', 'nil', 'nil', true)),
  ),
};

/** Operations at drawn times; some never return, and some of those nobody hears of. */
function historyOf(words: fc.Arbitrary<Word>, most: number): fc.Arbitrary<readonly Operation[]> {
  return fc.array(fc.record({ said: words, from: fc.nat(60), span: fc.nat(30), open: fc.nat(4) }), { minLength: 1, maxLength: most }).map((drawn) =>
    drawn.map(({ said, from, span, open }, process): Operation => {
      const calledAt = from * 100 + process;
      const unknown = open === 0;
      return {
        process, f: said.f, key: '', argument: said.argument, result: unknown ? undefined : said.result, tooOld: !unknown && said.tooOld,
        calledAt, returnedAt: unknown ? NEVER : (from + span) * 100 + 50 + process, calledLine: 1, returnedLine: unknown ? 0 : 1,
      };
    }));
}

interface Raw {
  readonly word: number;
  readonly one: number;
  readonly two: number;
  readonly from: number;
  readonly span: number;
  readonly effect: number;
  /** 0: nobody knows whether it happened; 1: and it did not. */
  readonly open: number;
}

/** Pieces of strings that can be put together to the same string in several ways. */
const PIECES = ['a', 'b', 'ab', 'ba', 'aa', 'bb', 'aba', 'bab'];
const ASKED: Readonly<Record<string, readonly string[]>> = { register: ['read', 'write'], 'cas-register': ['read', 'write', 'cas'], kv: ['get', 'get', 'put', 'append', 'append'], decide: ['get', 'get', 'decide', 'decide', 'forget'] };

function argumentOf(name: string, f: string, { one, two }: Raw, place: number, unique: boolean): Value {
  if (f === 'read' || f === 'get') return 'nil';
  if (name === 'kv') return JSON.stringify(unique ? PIECES[place] : PIECES[one]);
  const value = unique ? String(place + 1) : String(one + 1);
  return f === 'cas' ? [two === 0 ? 'nil' : String(two), value] : value;
}

/** Right by construction: each takes effect at one moment. Then the answers of two reads may be swapped. */
function told(name: string, raws: readonly Raw[], unique: boolean, swap: readonly [number, number] | undefined): readonly Operation[] {
  const { initial, rule } = RULES[name] as (typeof RULES)[string];
  const words = ASKED[name] as readonly string[];
  const drawn = raws.map((raw, place) => ({ raw, place, f: words[raw.word % words.length] as string, at: raw.from * 100 + (raw.span * 100 * raw.effect) / 10 + place }));
  const operations: Operation[] = [];
  let state = initial;
  for (const { raw, place, f } of drawn.toSorted((a, b) => a.at - b.at)) {
    if (f === 'forget') {
      state = 'forgotten';
      continue;
    }
    const argument = argumentOf(name, f, raw, place, unique);
    const base = { process: place, f, key: '', argument, tooOld: false, calledAt: raw.from * 100 + place, calledLine: 1, returnedLine: 1 };
    const unknown = { ...base, result: undefined, returnedAt: NEVER };
    if (raw.open === 1) {
      operations.push(unknown);
      continue;
    }
    const next = rule(state, unknown)[0];
    if (next === undefined) continue;
    state = next;
    const tooOld = state === 'forgotten';
    const shown = name === 'kv' ? JSON.stringify(state) : state === 'unset' || tooOld ? 'nil' : state;
    operations.push(raw.open === 0 ? unknown : { ...base, result: f === 'get' || f === 'read' || f === 'decide' ? shown : argument, tooOld, returnedAt: (raw.from + raw.span) * 100 + 50 + place });
  }
  const reads = operations.filter(({ f, result }) => (f === 'get' || f === 'read') && result !== undefined);
  if (swap === undefined || reads.length < 2) return operations;
  const [one, other] = [reads[swap[0] % reads.length] as Operation, reads[swap[1] % reads.length] as Operation];
  return operations.map((operation) => {
    const like = operation === one ? other : operation === other ? one : operation;
    return { ...operation, result: like.result, tooOld: like.tooOld };
  });
}

const raw = fc.record({ word: fc.nat(59), one: fc.nat(2), two: fc.nat(3), from: fc.nat(40), span: fc.nat(25), effect: fc.nat(9), open: fc.nat(9) });
const drawnHistory = (name: string, swapped: boolean): fc.Arbitrary<readonly Operation[]> =>
  fc.tuple(fc.array(raw, { minLength: 2, maxLength: 8 }), fc.boolean(), fc.tuple(fc.nat(9), fc.nat(9))).map(([raws, unique, swap]) => told(name, raws, unique, swapped ? swap : undefined));

describe.each(MODELS.map((model) => [model.name, model] as const))('%s', (name, model: Model) => {
  const history = historyOf(WORDS[name] as fc.Arbitrary<Word>, 7);

  test('agrees with trying every order', () => {
    const tally = { has: 0, hasNone: 0 };
    fc.assert(
      fc.property(history, (operations) => {
        const expected = hasOrder(name, operations);
        if (expected) tally.has++;
        else tally.hasNone++;
        expect(judge(model, operations, LIMITS).found).toBe(expected ? 'order' : 'none');
      }),
      { numRuns: 3_000, seed: SEED },
    );
    expect(Math.min(tally.has, tally.hasNone)).toBeGreaterThan(300);
  });

  test('agrees with trying every order of histories that are right, or nearly so', () => {
    const tally = { has: 0, hasNone: 0 };
    fc.assert(
      fc.property(drawnHistory(name, true), (operations) => {
        const expected = hasOrder(name, operations);
        if (expected) tally.has++;
        else tally.hasNone++;
        expect(judge(model, operations, LIMITS).found).toBe(expected ? 'order' : 'none');
      }),
      { numRuns: 2_000, seed: SEED },
    );
    expect(Math.min(tally.has, tally.hasNone)).toBeGreaterThan(100);
    fc.assert(fc.property(drawnHistory(name, false), (operations) => {
      expect(judge(model, operations, LIMITS).found).toBe('order');
    }), { numRuns: 1_000, seed: SEED });
  });

  test('any piece of a history that has an order has one', () => {
    fc.assert(
      fc.property(drawnHistory(name, false), fc.nat(8_000), fc.nat(8_000), fc.nat(6), fc.nat(6), (operations, one, other, from, count) => {
        const early = until(operations, Math.max(one, other), model);
        expect(judge(model, early, LIMITS).found).toBe('order');
        const piece = since(early, Math.min(one, other), model);
        expect(judge(model, piece, LIMITS, 'anything').found).not.toBe('none');
        expect(judge(model, without(model, operations, from, from + count), LIMITS).found).toBe('order');
        expect(judge(model, without(model, piece, from, from + count), LIMITS, 'anything').found).not.toBe('none');
      }),
      { numRuns: 1_000, seed: SEED },
    );
  });

  test('shows a window that has no order, and from which nothing can be left out', () => {
    let shown = 0;
    fc.assert(
      fc.property(history, (operations) => {
        if (hasOrder(name, operations)) return;
        const window = smallestWindow(model, operations, LIMITS, judge(model, operations, LIMITS));
        shown++;
        if (window.from === 'initial') expect(hasOrder(name, window.operations)).toBe(false);
        expect(judge(model, window.operations, LIMITS, window.from).found).toBe('none');
        expect(window.operations.length + window.leftOut).toBe(operations.length);
      }),
      { numRuns: 300, seed: SEED },
    );
    expect(shown).toBeGreaterThan(30);
  });

  test('judges every key by itself', () => {
    fc.assert(
      fc.property(history, history, (one, other) => {
        const both = [...one.map((op) => ({ ...op, key: 'x' })), ...other.map((op) => ({ ...op, key: 'y' }))];
        const checked = checkHistory(model, both, LIMITS);
        expect(checked.verdict).toBe(hasOrder(name, one) && hasOrder(name, other) ? 'linearizable' : 'not-linearizable');
        expect(checked.keys).toBe(2);
      }),
      { numRuns: 300, seed: SEED },
    );
  });
});

// The search against a brute-force oracle that tries every order (and every choice of what happened among the operations of
// unknown outcome), on small histories of every model.

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkHistory, judge } from './check.ts';
import type { Model } from './machine.ts';
import { MODELS } from './models.ts';
import { NEVER, type Operation, type Value } from './operation.ts';
import { smallestWindow } from './window.ts';

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
      { numRuns: 6_000 },
    );
    expect(Math.min(tally.has, tally.hasNone)).toBeGreaterThan(600);
  });

  test('shows a window that has no order, and from which nothing can be left out', () => {
    let shown = 0;
    fc.assert(
      fc.property(history, (operations) => {
        if (hasOrder(name, operations)) return;
        const window = smallestWindow(model, operations, LIMITS);
        shown++;
        if (window.from === 'initial') expect(hasOrder(name, window.operations)).toBe(false);
        expect(judge(model, window.operations, LIMITS, window.from).found).toBe('none');
        expect(window.operations.length + window.leftOut).toBe(operations.length);
      }),
      { numRuns: 600 },
    );
    expect(shown).toBeGreaterThan(60);
  });

  test('judges every key by itself', () => {
    fc.assert(
      fc.property(history, history, (one, other) => {
        const both = [...one.map((op) => ({ ...op, key: 'x' })), ...other.map((op) => ({ ...op, key: 'y' }))];
        const checked = checkHistory(model, both, LIMITS);
        expect(checked.verdict).toBe(hasOrder(name, one) && hasOrder(name, other) ? 'linearizable' : 'not-linearizable');
        expect(checked.keys).toBe(2);
      }),
      { numRuns: 300 },
    );
  });
});

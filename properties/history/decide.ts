// `decide`: by need a register that is written once and forgotten at last: unset, then one proposal for ever, then too old.
// `decide` proposes and returns what was decided, its own proposal or another; `get` returns what was decided, or nil. A nil
// return of `decide` says that it found the need unset and left it so.

import { IMPOSSIBLE, type Kind, type Machine, type Model } from './machine.ts';
import { NEVER, type Operation, type Timeline } from './operation.ts';
import { classesOf } from './value-register.ts';
import { isNil, textOf } from './value-text.ts';

const UNSET = 1;
const FORGOTTEN = 2;

class WrittenOnce implements Machine {
  readonly initial = UNSET;
  readonly kinds: readonly Kind[];
  readonly classes: readonly number[];
  /** By operation: the state it proposes, if it may have proposed anything, and the one it saw; undefined: nobody knows. */
  private readonly proposes: readonly (number | undefined)[];
  private readonly saw: readonly (number | undefined)[];
  private readonly values: readonly number[];
  /** By state: the last event at which somebody saw it. */
  private readonly seenUntil: Map<number, number> = new Map();

  constructor(operations: readonly Operation[], { end }: Timeline) {
    const numbers = new Map<string, number>();
    const numberOf = (text: string): number => {
      const known = numbers.get(text) ?? numbers.size + FORGOTTEN + 1;
      numbers.set(text, known);
      return known;
    };
    this.saw = operations.map(({ result, tooOld }) => (result === undefined ? undefined : tooOld ? FORGOTTEN : isNil(result) ? UNSET : numberOf(textOf(result))));
    this.proposes = operations.map(({ f, argument }) => (f === 'decide' ? numberOf(textOf(argument)) : f === FORGETTING ? FORGOTTEN : undefined));
    this.kinds = operations.map((_, op) => (this.proposes[op] !== undefined && (this.saw[op] === undefined || this.saw[op] === this.proposes[op]) ? 'depends' : 'observes'));
    this.classes = classesOf(operations.map((_, op) => `${this.proposes[op] ?? ''}>${this.saw[op] ?? ''}`));
    this.values = [...numbers.values()];
    for (const [op, state] of this.saw.entries()) if (state !== undefined) this.seenUntil.set(state, Math.max(this.seenUntil.get(state) ?? -1, end[op] as number));
  }

  beginnings(): readonly number[] {
    return [UNSET, FORGOTTEN, ...this.values];
  }

  step(state: number, op: number): number {
    const proposes = this.proposes[op];
    const saw = this.saw[op];
    if (proposes === FORGOTTEN) return FORGOTTEN;
    if (this.kinds[op] === 'observes') return state === saw ? state : IMPOSSIBLE;
    if (state === UNSET) return proposes as number;
    return state === saw ? state : IMPOSSIBLE;
  }

  settled(state: number, op: number): boolean {
    return state === this.saw[op] && (state !== UNSET || this.kinds[op] === 'observes');
  }

  neededUntil(): number {
    return NEVER;
  }

  usefulUntil(op: number): number {
    return this.seenUntil.get(this.proposes[op] as number) ?? -1;
  }

  demands(): readonly number[] {
    return [];
  }

  tellsAllDemands(): boolean {
    return false;
  }

  serves(): boolean {
    return true;
  }

  origins(): undefined {
    return undefined;
  }
}

/** What the register does by itself: no client asks for it, and it may happen at any time. */
const FORGETTING = 'forget';

function withForgetting(operations: readonly Operation[]): readonly Operation[] {
  const [first] = operations;
  if (first === undefined || !operations.some((operation) => operation.tooOld)) return operations;
  return [...operations, { ...first, f: FORGETTING, argument: 'nil', result: undefined, tooOld: false, calledAt: -1, returnedAt: NEVER }];
}

export const decide: Model = {
  name: 'decide',
  functions: ['decide', 'get'],
  reads: 'get',
  keyed: true,
  faultOfCall: (f, argument) => (f === 'get' || (typeof argument === 'string' && !isNil(argument)) ? undefined : `"decide" expects a proposal, got ${textOf(argument)}`),
  faultOfReturn: () => undefined,
  prepare: withForgetting,
  compile: (operations, timeline) => new WrittenOnce(operations, timeline),
};

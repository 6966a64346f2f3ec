// The exact rules for a write-once register, against a search over all orders (Wing and Gong), and the property around them.

import { describe, expect, test } from 'vitest';
import * as fc from 'fast-check';
import { groupId, type ProposalId } from '../kernel/base/ids.ts';
import { linearizability, unwritten, WriteOnce, type Call, type Observation } from './linearizability.ts';
import { N1, N2, recordOf, Stage } from './testing/stage.ts';

interface Op {
  readonly proposal: ProposalId | undefined;
  readonly seen: Observation;
  readonly begun: number;
  /** Infinity: it never ended. One that ended as unknown may still happen later. */
  readonly ended: number;
}

/** The register of the specification: unset (''), a proposal, or forgotten ('!'). What states may follow if `op` happens now? */
function steps(state: string, op: Op): string[] {
  const after = op.proposal !== undefined && state === '' ? op.proposal : state;
  switch (op.seen.kind) {
    case 'value':
      return after === op.seen.proposal ? [after] : [];
    case 'empty':
      return state === '' ? [''] : [];
    case 'tooOld':
      return state === '!' ? ['!'] : [];
    case 'unknown':
      return [after, state];
    case 'refused':
      return [state];
  }
}

/** Is there an order of the operations that keeps real time and that the register could have produced? */
function search(ops: readonly Op[]): boolean {
  const known = new Map<string, boolean>();
  const from = (left: readonly Op[], state: string): boolean => {
    if (left.every((op) => op.seen.kind === 'unknown' || op.seen.kind === 'refused')) return true;
    const key = `${left.map((op) => ops.indexOf(op)).join()}|${state}`;
    let found = known.get(key);
    if (found === undefined) {
      const horizon = Math.min(...left.map((op) => (op.seen.kind === 'unknown' ? Infinity : op.ended)));
      found = (state !== '!' && from(left, '!')) || left.some((op) => op.begun < horizon && steps(state, op).some((next) => from(left.filter((other) => other !== op), next)));
      known.set(key, found);
    }
    return found;
  };
  return from(ops, '');
}

const proposals = ['p', 'q'] as ProposalId[];
const seen: fc.Arbitrary<Observation> = fc.oneof(
  { arbitrary: fc.constantFrom(...proposals).map((proposal): Observation => ({ kind: 'value', proposal })), weight: 5 },
  { arbitrary: fc.constant<Observation>({ kind: 'empty' }), weight: 2 },
  { arbitrary: fc.constant<Observation>({ kind: 'tooOld', lowWater: 1 }), weight: 2 },
  { arbitrary: fc.constantFrom<Observation>({ kind: 'unknown' }, { kind: 'refused' }), weight: 2 },
);
const history: fc.Arbitrary<readonly Op[]> = fc
  .array(fc.record({ proposal: fc.constantFrom(undefined, ...proposals), seen, from: fc.nat(999), span: fc.nat(400), ends: fc.nat(9) }), { minLength: 1, maxLength: 6 })
  .map((drawn) => {
    const raw = drawn.map((op, k) => ({ ...op, begun: op.from * 16 + k, ended: (op.from + op.span) * 16 + 8 + k, open: op.ends === 0 }));
    return raw.map((op): Op => ({ proposal: op.proposal, seen: op.open ? { kind: 'unknown' } : op.seen, begun: op.begun, ended: op.open ? Infinity : op.ended }));
  });

/** Feeds the rules with the same history, in the order in which it happened. */
function judge(ops: readonly Op[]): boolean {
  const rules = new WriteOnce();
  const row = unwritten();
  const calls = new Map<Op, Call>();
  const moments = ops.flatMap((op) => [{ at: op.begun, op, begins: true }, { at: op.ended, op, begins: false }]).filter((moment) => moment.at < Infinity);
  for (const { op, begins } of moments.sort((a, b) => a.at - b.at)) {
    if (begins) calls.set(op, rules.begin(row, 0, groupId(0), op.proposal));
    else if (rules.end(calls.get(op) as Call, op.seen) !== undefined) return false;
  }
  return true;
}

describe('the rules of a write-once register', () => {
  test('agree with a search over all orders', () => {
    let accepted = 0;
    let refused = 0;
    fc.assert(
      fc.property(history, (ops) => {
        const linearizable = search(ops);
        if (linearizable) accepted++;
        else refused++;
        expect(judge(ops)).toBe(linearizable);
      }),
      { numRuns: 20_000 },
    );
    expect(Math.min(accepted, refused)).toBeGreaterThan(2_000);
  });

  test('forgetting counts for every need of the group', () => {
    const rules = new WriteOnce();
    const begin = (group: number): Call => rules.begin(unwritten(), 3, groupId(group), undefined);
    const before = begin(0);
    rules.end(begin(0), { kind: 'tooOld', lowWater: 4 });
    expect(rules.end(before, { kind: 'empty' })).toBe(undefined);
    expect(rules.end(begin(1), { kind: 'empty' })).toBe(undefined);
    expect(rules.end(begin(0), { kind: 'empty' })).toContain('after its epoch had been called too old');
    expect(rules.end(begin(0), { kind: 'tooOld', lowWater: 3 })).toContain('epoch 3 was called too old by a low-water mark of 3');
  });
});

describe('linearizability', () => {
  test('holds for a decide, a lost one, and reads', () => {
    const stage = new Stage(linearizability);
    const one = stage.decide('a', 'x');
    const two = stage.decide('a', 'y', N2);
    const early = stage.get('a');
    stage.answer(two, { kind: 'lost', record: recordOf('a', 'x') }).answer(early, { kind: 'none' }).answer(one, { kind: 'unknown', why: 'timeout' });
    expect(stage.answer(stage.get('a'), { kind: 'found', record: recordOf('a', 'x') }).judgement).toEqual({ verdict: 'held', checks: 3 });
  });

  test('catches a stale read', () => {
    const stage = new Stage(linearizability);
    stage.answer(stage.decide('a', 'x'), { kind: 'decided', record: recordOf('a', 'x') });
    expect(stage.answer(stage.get('a', N2), { kind: 'none' }).judgement.violation?.message).toBe('a need was found empty by an operation that began after an answer had named proposal "x"');
  });

  test('catches a proposal that nobody made, and one that was refused', () => {
    const stage = new Stage(linearizability);
    expect(stage.answer(stage.get('a'), { kind: 'found', record: recordOf('a', 'x') }).judgement.violation?.message).toContain('nobody had proposed it');
    const refused = new Stage(linearizability);
    const op = refused.decide('a', 'x');
    refused.answer(refused.get('a'), { kind: 'found', record: recordOf('a', 'x') });
    expect(refused.answer(op, { kind: 'refused', why: 'unreachable' }).judgement.violation?.message).toContain('was told that it had done nothing');
  });

  test('catches an answer that does not fit its question', () => {
    const message = (answer: (stage: Stage) => Stage): string => answer(new Stage(linearizability)).judgement.violation?.message ?? 'nothing';
    expect(message((stage) => stage.answer(stage.decide('a', 'x'), { kind: 'lost', record: recordOf('a', 'x') }))).toContain('with the wrong proposal');
    expect(message((stage) => {
      stage.decide('b', 'x');
      return stage.answer(stage.decide('a', 'x'), { kind: 'decided', record: recordOf('b', 'x') });
    })).toContain('the record of another need');
  });

  test('speaks of the client and the node that saw it', () => {
    const stage = new Stage(linearizability);
    stage.answer(stage.decide('a', 'x', N1), { kind: 'decided', record: recordOf('a', 'x') });
    stage.answer(stage.get('a', N2), { kind: 'found', record: recordOf('a', 'y') });
    expect(stage.judgement.violation?.nodes).toEqual([N2]);
    expect(stage.judgement.violation?.evidence?.[0]).toBe('need 0/a');
  });
});

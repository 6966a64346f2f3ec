import { describe, expect, test } from 'vitest';
import { LOOP_DEFAULTS } from '../io/loop-options.ts';
import { SCENARIOS } from './list.ts';
import { MAX_RUN_FILE_BYTES, readRunFile, writeRunFile } from './run-file-reading.ts';
import { resolve } from './run.ts';

const good = JSON.parse(writeRunFile(resolve(7, { faults: 'all' }))) as Record<string, unknown>;
const problemOf = (value: unknown): string => {
  const read = readRunFile(typeof value === 'string' ? value : JSON.stringify(value));
  return read.ok ? 'no problem' : read.problem;
};
const asked = { at: 1, client: 1, node: 1, kind: 'get', need: '0/n1' };
const episode = { kind: 'kill', from: 1, until: 2, nodes: [1], strength: 5 };

describe('a run file', () => {
  test('of every scenario, with every wish about faults, comes back as it was written', () => {
    for (const { name } of SCENARIOS) {
      for (const faults of ['default', 'none', 'all'] as const) {
        for (let seed = 1; seed <= 20; seed++) {
          const run = resolve(seed, { scenario: name, faults });
          expect(readRunFile(writeRunFile(run))).toEqual({ ok: true, run });
        }
      }
    }
  });

  test('of version 1 is read as what it is', () => {
    const read = readRunFile(JSON.stringify({ ...good, version: 1 }));
    expect(read).toMatchObject({ ok: true, run: { version: 1 } });
    expect(read.ok && 'operations' in read.run).toBe(false);
  });

  test('that names what its clients ask comes back as it was written', () => {
    const run = { ...good, operations: [asked, { ...asked, at: 2, kind: 'decide', proposal: 'p', kPlan: 2 }] };
    expect(readRunFile(JSON.stringify(run))).toEqual({ ok: true, run });
  });

  test('that is older than the bounds of inboxes has those of a live node', () => {
    const { inbox: _inbox, ...older } = good;
    expect(readRunFile(JSON.stringify(older))).toMatchObject({ ok: true, run: { inbox: LOOP_DEFAULTS.inbox } });
    expect(problemOf({ ...good, inbox: { urgent: 1, messages: 0, requests: 1 } })).toContain('"inbox.messages", found 0');
  });

  test.each([
    ['nothing', '', 'is not JSON'],
    ['half a file', JSON.stringify(good).slice(0, 400), 'is not JSON'],
    ['a list', [], 'expected a record at "the file", found []'],
    ['no version', { ...good, version: undefined }, 'expected "version": 2'],
    ['a later version', { ...good, version: 3 }, 'is of version 3, and this program reads versions 1 to 2'],
    ['operations in a version that had none', { ...good, version: 1, operations: [] }, 'a field "operations" that this version does not know'],
    ['operations that are none', { ...good, operations: 3 }, 'expected a list at "operations"'],
    ['an unknown operation', { ...good, operations: [{ ...asked, kind: 'gte' }] }, 'unknown operation "gte"'],
    ['an operation after the end', { ...good, operations: [{ ...asked, at: 1 + (good['forUs'] as number) }] }, '"operations[0].at"'],
    ['an operation at a node that is not there', { ...good, operations: [asked, { ...asked, node: 6 }] }, 'from 1 to 5 at "operations[1].node", found 6'],
    ['an operation of a client that is not there', { ...good, operations: [{ ...asked, client: 0 }] }, '"operations[0].client", found 0'],
    ['an operation about nothing', { ...good, operations: [{ ...asked, need: 'n1' }] }, 'a need id is <epoch>/<name>'],
    ['a decide without a proposal', { ...good, operations: [{ ...asked, kind: 'decide' }] }, 'a text at "operations[0].proposal", found nothing'],
    ['a read with a proposal', { ...good, operations: [{ ...asked, proposal: 'p' }] }, 'a field "operations[0].proposal"'],
    ['no seed', { ...good, seed: undefined }, '"seed", found nothing'],
    ['a seed that is no number', { ...good, seed: 'x' }, '"seed", found "x"'],
    ['an unknown scenario', { ...good, scenario: 'stead-decides' }, 'unknown scenario "stead-decides" (expected one of: steady-decides'],
    ['an unknown field', { ...good, colour: 1 }, 'a field "colour" that this version does not know'],
    ['no nodes', { ...good, nodes: 0 }, 'a whole number from 1 to 1000 at "nodes"'],
    ['more voters than nodes', { ...good, votersPerGroup: 6 }, '"votersPerGroup" (6) to be at most "nodes" (5)'],
    ['more voters than an event names', { ...good, nodes: 100, groups: 256, votersPerGroup: 17 }, 'at most 4096 voters in all'],
    ['healing after the end', { ...good, healAt: (good['forUs'] as number) + 1 }, 'to be at most "forUs"'],
    ['delays the wrong way round', { ...good, delayMinUs: 500, delayMaxUs: 100 }, '"delayMinUs" (500) to be at most "delayMaxUs" (100)'],
    ['a bound of the protocol missing', { ...good, raft: {} }, '"raft.heartbeatUs", found nothing'],
    ['a bound that is no bound', { ...good, decide: { ...(good['decide'] as object), maxOpen: -1 } }, '"decide.maxOpen", found -1'],
    ['a workload that is none', { ...good, workload: 5 }, 'expected a record at "workload", found 5'],
    ['faults that are none', { ...good, faults: {} }, 'expected a list at "faults"'],
    ['an unknown fault', { ...good, faults: [{ ...episode, kind: 'kil' }] }, 'unknown fault "kil"'],
    ['a fault that ends before it begins', { ...good, faults: [{ ...episode, from: 3 }] }, '"faults[0].from" (3) to be at most "until" (2)'],
    ['a fault after healing', { ...good, faults: [{ ...episode, until: good['forUs'] }] }, 'to be at most "healAt"'],
    ['a fault of a node that is not there', { ...good, faults: [{ ...episode, nodes: [6] }] }, 'nodes from 1 to 5'],
    ['a fault that names a node twice', { ...good, faults: [{ ...episode, nodes: [1, 1] }] }, 'every node once'],
    ['an impossible strength', { ...good, faults: [{ ...episode, strength: 1e12 }] }, '"faults[0].strength"'],
    ['an unknown point of the loop', { ...good, faults: [{ ...episode, point: 'lunch' }] }, 'unknown crash point "lunch"'],
    ['damage beyond the budget', { ...good, faults: [{ ...episode, kind: 'bit-rot', nodes: [1, 2, 3] }] }, 'half of the voters'],
    ['more than may be', `"${'x'.repeat(MAX_RUN_FILE_BYTES)}"`, 'at most'],
  ])('with %s is refused with one sentence', (_, value, problem) => {
    expect(problemOf(value)).toContain(problem);
    expect(problemOf(value)).not.toContain('\n');
  });
});

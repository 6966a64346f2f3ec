import { describe, expect, test } from 'vitest';
import { SCENARIOS } from './list.ts';
import { MAX_RUN_FILE_BYTES, readRunFile, writeRunFile } from './run-file-reading.ts';
import { resolve } from './run.ts';

const good = JSON.parse(writeRunFile(resolve(7, { faults: 'all' }))) as Record<string, unknown>;
const problemOf = (value: unknown): string => {
  const read = readRunFile(typeof value === 'string' ? value : JSON.stringify(value));
  return read.ok ? 'no problem' : read.problem;
};
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

  test.each([
    ['nothing', '', 'not complete JSON'],
    ['half a file', JSON.stringify(good).slice(0, 400), 'not complete JSON'],
    ['a list', [], 'expected an object'],
    ['a later version', { ...good, version: 2 }, 'version 2; this program reads version 1'],
    ['no seed', { ...good, seed: undefined }, 'seed is missing'],
    ['a seed that is no number', { ...good, seed: 'x' }, 'seed must be an integer'],
    ['an unknown scenario', { ...good, scenario: 'stead-decides' }, 'scenario must be one of steady-decides'],
    ['an unknown field', { ...good, colour: 1 }, 'there is no field colour'],
    ['no nodes', { ...good, nodes: 0 }, 'nodes must be an integer from 1'],
    ['more voters than nodes', { ...good, votersPerGroup: 6 }, 'votersPerGroup'],
    ['healing after the end', { ...good, healAt: (good['forUs'] as number) + 1 }, 'healAt'],
    ['an unknown fault', { ...good, faults: [{ ...episode, kind: 'kil' }] }, 'kind must be one of partition'],
    ['a fault that ends before it begins', { ...good, faults: [{ ...episode, from: 3 }] }, 'until must be an integer from 3'],
    ['a fault after healing', { ...good, faults: [{ ...episode, until: good['forUs'] }] }, 'until'],
    ['a fault of a node that is not there', { ...good, faults: [{ ...episode, nodes: [6] }] }, 'nodes are numbered from 1 to 5'],
    ['a fault that names a node twice', { ...good, faults: [{ ...episode, nodes: [1, 1] }] }, 'twice'],
    ['an impossible strength', { ...good, faults: [{ ...episode, strength: 1e12 }] }, 'strength'],
    ['an unknown point of the loop', { ...good, faults: [{ ...episode, point: 'lunch' }] }, 'point must be one of'],
    ['damage beyond the budget', { ...good, faults: [{ ...episode, kind: 'bit-rot', nodes: [1, 2, 3] }] }, 'half of the voters'],
    ['more than may be', `"${'x'.repeat(MAX_RUN_FILE_BYTES)}"`, 'at most'],
  ])('with %s is refused with one sentence', (_, value, problem) => {
    expect(problemOf(value)).toContain(problem);
    expect(problemOf(value)).not.toContain('\n');
  });
});

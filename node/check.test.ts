// What `lockstep check` prints and exits with, by running it; and its bounds.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { asEdn, asLog, historyOf, type HistorySpec } from '../bench/histories.ts';
import { checkHistory, judge } from '../properties/history/check.ts';
import { casRegister } from '../properties/history/cas-register.ts';
import { kv } from '../properties/history/kv.ts';
import { register } from '../properties/history/register.ts';
import { NEVER, type Operation } from '../properties/history/operation.ts';
import { renderCheck, type CheckReport } from '../reports/check-report.ts';
import { paintFor } from '../reports/paint.ts';
import { checkFile } from './check.ts';

// Processes are started here, on machines that may be busy.
vi.setConfig({ testTimeout: 120_000 });

const program = fileURLToPath(new URL('lockstep.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'lockstep-check-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const path = join(folder, 'history');
const BOUNDS = { forUs: 60e6, memoryMb: 256 };
const plain = paintFor(false, {});

function checked(model: typeof kv, text: string): CheckReport {
  writeFileSync(path, text);
  return checkFile(path, model, BOUNDS);
}

function lockstep(...args: readonly string[]): { readonly code: number | null; readonly out: string; readonly err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, 'check', path, ...args], { encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } });
  return { code: status, out: stdout, err: stderr };
}

const STALE = `{:process 0, :type :invoke, :f :put, :key "x", :value "1"}
{:process 2, :type :invoke, :f :put, :key "y", :value "7"}
{:process 0, :type :ok, :f :put, :key "x", :value "1"}
{:process 0, :type :invoke, :f :append, :key "x", :value "2"}
{:process 1, :type :invoke, :f :get, :key "x", :value nil}
{:process 1, :type :ok, :f :get, :key "x", :value "1"}
{:process 0, :type :ok, :f :append, :key "x", :value "2"}
{:process 1, :type :invoke, :f :get, :key "x", :value nil}
{:process 3, :type :invoke, :f :append, :key "x", :value "2"}
{:process 1, :type :ok, :f :get, :key "x", :value "1"}
`;

describe('the verb', () => {
  test('draws the smallest window without an order, and exits with 1', () => {
    writeFileSync(path, STALE);
    const { code, out, err } = lockstep('--model', 'kv');
    expect({ code, err }).toEqual({ code: 1, err: '' });
    expect(out.replace(/in [\d.]+ m?s\n$/, 'in a moment\n')).toBe(`The smallest window that has no order: 2 operations of key "x" on lines 4 to 10, whatever the state before
(3 more of this key make no difference; time goes from left to right)

  process 0  |---|                                                              append "2"                   lines 4-7
  process 1          |---|                                                      get -> "1"                   lines 8-10

No order of these that keeps real time explains what process 1 was told on line 10: get -> "1".

NOT LINEARIZABLE  6 operations of 2 keys, model kv, in a moment
`);
  });

  test('prints one JSON document: linearizable and exit 0, not linearizable and exit 1', () => {
    writeFileSync(path, STALE);
    const bad = lockstep('--model', 'kv', '--json');
    expect(bad.code).toBe(1);
    expect(JSON.parse(bad.out)).toMatchObject({
      verdict: 'not-linearizable', model: 'kv', operations: 6,
      counterexample: { key: '"x"', from: 'anything', lines: { from: 4, to: 10 }, operations: [{ process: 0, f: 'append', called: 4, returned: 7 }, { process: 1, f: 'get', result: '"1"', called: 8, returned: 10 }] },
    });
    writeFileSync(path, STALE.replace('{:process 1, :type :ok, :f :get, :key "x", :value "1"}\n{:process 0, :type :ok, :f :append', '{:process 0, :type :ok, :f :append').split('\n').slice(0, 6).join('\n'));
    const good = lockstep('--model', 'kv', '--json');
    expect({ code: good.code, err: good.err }).toEqual({ code: 0, err: '' });
    const report = JSON.parse(good.out) as CheckReport;
    expect(report).toMatchObject({ verdict: 'linearizable', model: 'kv', operations: 4 });
    expect(report.wallMs).toBeGreaterThan(0);
    expect(report).not.toHaveProperty('counterexample');
  });

  test('says unknown, which bound was reached, and exits with 3', () => {
    writeFileSync(path, historyOf({ seed: 1, model: 'cas-register', clients: 50, operations: 20_000, keys: 1, unknownPercent: 30 }).map(asLog).join('\n'));
    const { code, out } = lockstep('--model', 'cas-register', '--memory', '1', '--for', '10m');
    expect(code).toBe(3);
    expect(out).toMatch(/^unknown {2}20,000 operations of 1 key, .*: 1 MB are not enough for the \d+ operations of its one key \(--memory allows more\)\n$/);
  });
});

describe('what clients of the simulator were told', () => {
  const dumped = (seed: string, ...flags: readonly string[]): { readonly code: number | null; readonly out: string } => {
    const home = join(folder, `dump-${flags.length}-${flags[0]}`);
    spawnSync(process.execPath, [program, 'sim', '--seed', seed, '--scenario', 'leader-cut-off', '--dump', home, ...flags], { stdio: 'ignore' });
    const { status, stdout } = spawnSync(process.execPath, [program, 'check', join(home, 'history.jsonl'), '--model', 'decide'], { encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } });
    return { code: status, out: stdout };
  };

  test('is linearizable', () => expect(dumped('2', '--for', '5s')).toMatchObject({ code: 0, out: expect.stringMatching(/^linearizable {2}\d+ operations of \d+ keys, model decide/) }));

  test('is not, with a planted bug that reads what is stale', () => {
    const { code, out } = dumped('2', '--mutant', 'raft/stale-read');
    expect({ code, out }).toMatchObject({ code: 1, out: expect.stringMatching(/get -> nil\.\n\nNOT LINEARIZABLE/) });
  });
});

describe('histories that are right by construction', () => {
  const spec = (more: Partial<HistorySpec>): HistorySpec => ({ seed: 3, model: 'kv', clients: 8, operations: 1_500, keys: 4, unknownPercent: 5, ...more });

  test.each<[string, HistorySpec]>([
    ['ten keys and ten clients', spec({ clients: 10, keys: 10 })],
    ['one key, fifty clients, every fifth operation of unknown outcome', spec({ clients: 50, keys: 1, unknownPercent: 20 })],
    ['compare-and-set by fifty clients', spec({ model: 'cas-register', clients: 50, keys: 1, unknownPercent: 20 })],
  ])('%s: linearizable', (_what, one) => {
    const report = checked(one.model === 'kv' ? kv : casRegister, historyOf(one).map(one.model === 'kv' ? asEdn : asLog).join('\n'));
    expect(report).toMatchObject({ verdict: 'linearizable', operations: 1_500 });
  });

  test('with one stale read: not linearizable, in a window of a few operations', () => {
    for (const seed of [1, 2, 3]) {
      const report = checked(kv, historyOf(spec({ seed, keys: 2, staleReads: 1 })).map(asEdn).join('\n'));
      expect(report.verdict).toBe('not-linearizable');
      expect(report.counterexample?.operations.length).toBeLessThanOrEqual(12);
      expect(renderCheck(report, plain)).toContain('NOT LINEARIZABLE');
    }
  });
});

describe('bounds', () => {
  const writes = (count: number): Operation[] => Array.from({ length: count }, (_, i): Operation => ({ process: i, f: 'write', key: '', argument: String(i), result: 'nil', tooOld: false, calledAt: i, returnedAt: count + i, calledLine: i + 1, returnedLine: count + i + 1 }));
  const read = (value: string, at: number): Operation => ({ process: 9, f: 'read', key: '', argument: 'nil', result: value, tooOld: false, calledAt: at, returnedAt: at + 1, calledLine: at, returnedLine: at + 1 });

  test('a hundred thousand operations one after another overflow nothing', () => {
    const many = Array.from({ length: 100_000 }, (_, i): Operation => ({ ...read(String(i >> 1), 2 * i), ...(i % 2 === 0 ? { f: 'write', argument: String(i >> 1) } : {}) }));
    expect(checkHistory(register, many, { steps: 1e7, bytes: 1e9 })).toMatchObject({ verdict: 'linearizable' });
    expect(checkHistory(register, [...many, read('7', 1e6)], { steps: 1e7, bytes: 1e9 })).toMatchObject({ verdict: 'not-linearizable' });
  });

  test('time and memory that run out mean unknown, and say which it was', () => {
    const hard = historyOf({ seed: 2, model: 'kv', clients: 60, operations: 1_200, keys: 1, unknownPercent: 30 }).map(asEdn).join('\n');
    writeFileSync(path, hard);
    expect(checkFile(path, kv, { forUs: 1, memoryMb: 256 })).toMatchObject({ verdict: 'unknown', why: expect.stringContaining('--for allows more') });
    const puzzle = [...writes(30), ...Array.from({ length: 30 }, (_, i) => read(String((i * 7) % 30), 1_000 + 2 * i))];
    expect(checkHistory(register, puzzle, { steps: 20, bytes: 1e9 })).toMatchObject({ verdict: 'unknown', why: 'time' });
    expect(checkHistory(register, puzzle, { steps: 1e7, bytes: 50_000 })).toMatchObject({ verdict: 'unknown', why: 'memory' });
    expect(checkHistory(register, puzzle, { steps: 1e7, bytes: 1e9 })).toMatchObject({ verdict: 'not-linearizable' });
  });

  test('time is looked at by the work that is done: a step may be a long one', () => {
    const crowd = [...writes(20_000), ...Array.from({ length: 50 }, (_, i) => read(String((i * 7_919) % 20_000), 50_000 + 2 * i))];
    const { found, steps } = judge(register, crowd, { steps: 1e9, bytes: 1e9, goOn: () => false });
    expect({ found, few: steps < 10 }).toEqual({ found: 'out-of-time', few: true });
  });

  test('an easy violation is found beside a key that takes longer', () => {
    const slow = writes(40).map((operation) => ({ ...operation, key: 'slow' }));
    const bad = [{ ...read('1', 5_000), key: 'bad', returnedAt: NEVER - 1 }];
    expect(checkHistory(register, [...slow, ...bad], { steps: 10, bytes: 1e9 })).toMatchObject({ verdict: 'not-linearizable', key: 'bad' });
  });
});

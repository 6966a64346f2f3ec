// `sim --shrink` and `--why` as a person uses them, with a planted bug.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { CulpritReport } from '../reports/culprit-table.ts';
import type { MutantReport } from '../reports/mutant-table.ts';
import type { RunReport } from '../reports/run-report.ts';

// Processes are started here, on machines that may be busy.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const program = fileURLToPath(new URL('lockstep.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'lockstep-shrink-'));
const at = (name: string): string => join(folder, name);

interface Ran {
  readonly code: number | null;
  readonly out: string;
}

function lockstep(args: readonly string[], signalAfter?: string): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [program, ...args], { cwd: folder, env: { ...process.env, CI: '', NO_COLOR: '1' }, stdio: ['ignore', 'pipe', 'ignore'] });
    let out = '';
    let signalled = false;
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      if (signalled || signalAfter === undefined || !out.includes(signalAfter)) return;
      signalled = true;
      child.kill('SIGINT');
    });
    child.on('close', (code) => resolve({ code, out }));
  });
}

const reportOf = (ran: Ran): RunReport => JSON.parse(ran.out) as RunReport;
const signaturesOf = (report: RunReport): (string | undefined)[] => report.properties.filter((property) => property.verdict === 'violated').map((property) => property.violation?.signature);

const BUG = ['--mutant', 'journal/batch-not-synced'];
const FAILING = ['sim', '--seed', '1', '--scenario', 'contested-need', '--for', '10s', ...BUG];

let first: Ran;
let report: RunReport;

beforeAll(async () => {
  first = await lockstep([...FAILING, '--shrink', '--why', '--samples', '4', '--save', at('first.json'), '--json']);
  report = reportOf(first);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a run that fails', () => {
  test('is shrunk to one that fails alike, with far fewer decisions', () => {
    const { shrunk } = report;
    expect(first.code).toBe(1);
    expect(report.runFile).toBe(at('first.json'));
    expect(signaturesOf(report)).toContain(shrunk?.signature);
    expect(shrunk).toMatchObject({ verified: true, complete: true });
    expect(shrunk?.faults).toBeLessThanOrEqual(2);
    expect(shrunk?.operations).toBeLessThanOrEqual(4);
    expect(shrunk?.before.faults).toBeGreaterThan(4);
    expect(shrunk?.removed).toBeGreaterThan(0.9);
  });

  test('keeps its own document: what it was is said as without the flag', async () => {
    const { shrunk: _shrunk, why: _why, runFile: _file, wallMs: _wall, heapMb: _heap, ...kept } = report;
    const { wallMs: _otherWall, heapMb: _otherHeap, ...plain } = reportOf(await lockstep([...FAILING, '--json']));
    expect(kept).toEqual(plain);
  });

  test('fails from the saved file as it did when it was found, and holds there without the bug', async () => {
    const again = reportOf(await lockstep(['sim', '--run', at('first.json'), ...BUG, '--json']));
    expect(signaturesOf(again)).toContain(report.shrunk?.signature);
    expect(again.digest).toBe(report.shrunk?.digest);
    const { code, out } = await lockstep(['sim', '--run', at('first.json'), '--json']);
    expect({ code, violated: signaturesOf(JSON.parse(out) as RunReport) }).toEqual({ code: 0, violated: [] });
  });

  test('is shrunk to the same file every time, which gets a name if it has none', async () => {
    const { code, out } = await lockstep([...FAILING, '--shrink']);
    const name = 'shrunk-contested-need-1-journal-batch-not-synced.json';
    expect(code).toBe(1);
    expect(out).toContain(`${name}: executed from there, it fails alike`);
    expect(out.trim().split('\n').at(-1)).toContain(`--run ${name} --mutant journal/batch-not-synced`);
    expect(readFileSync(at(name), 'utf8')).toBe(readFileSync(at('first.json'), 'utf8'));
  });

  test('is asked why: the curve, and the entry with which it became inevitable', () => {
    const { why } = report;
    expect(signaturesOf(report)).toContain(why?.signature);
    expect(why?.moments.length).toBeGreaterThan(8);
    for (const moment of why?.moments ?? []) expect(moment.likelihood).toBeCloseTo(moment.failed / moment.samples, 2);
    expect(why?.inevitable.atUs).toBeLessThanOrEqual(why?.failedAtUs ?? 0);
    expect(why?.inevitable.within).toBe(1);
    expect(why?.inevitable.event.length).toBeGreaterThan(5);
  });

  test('and whose search is interrupted keeps the best so far, and says so', async () => {
    const { code, out } = await lockstep([...FAILING, '--shrink', '--budget', '30m', '--save', at('cut-short.json')], '\nagain ');
    expect(code).toBe(1);
    expect(out).toContain('the search was ended before');
    expect(out).toContain('executed from there, it fails alike');
    expect(existsSync(at('cut-short.json'))).toBe(true);
  });
});

test('a run that holds has nothing to shrink, and nothing is written', async () => {
  const before = readdirSync(folder).toSorted();
  const { code, out } = await lockstep(['sim', '--seed', '7', '--for', '3s', '--shrink', '--save', at('none.json')]);
  expect(code).toBe(0);
  expect(out).toContain('Nothing failed: there is nothing to shrink.');
  expect(readdirSync(folder).toSorted()).toEqual(before);
});

test('the table of planted bugs says how small the run of each is', async () => {
  const { out } = await lockstep(['mutants', 'raft/vote-before-durable', '--series', '1', '--jobs', '1', '--shrink', '--json']);
  const row = (JSON.parse(out) as MutantReport).mutants[0];
  expect(row).toMatchObject({ found: true, shrunk: { faults: 0, operations: 0 } });
  expect(row?.shrunk?.nodes).toBeLessThanOrEqual(5);
  expect(row?.removed).toBeGreaterThan(0.9);
});

test('the moment that why names is compared with the step at which the bug had to act', async () => {
  const { code, out } = await lockstep(['mutants', '--why', 'raft/vote-before-durable', '--samples', '6', '--json']);
  const { rows, near } = JSON.parse(out) as CulpritReport;
  expect(rows[0]).toMatchObject({ name: 'raft/vote-before-durable', property: 'barrier' });
  // It shows at the very step at which it acts.
  expect(rows[0]?.culpritAtUs).toBe(rows[0]?.failedAtUs);
  expect(rows[0]?.apart).toBeLessThan(0.05);
  expect([code, near]).toEqual([0, 1]);
});

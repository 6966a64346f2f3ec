// `lockstep explore` as people and scripts use it: it finds planted bugs by itself, by the shortest trace, and keeps to its budget.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test, vi } from 'vitest';
import type { ExploreReport } from '../reports/explore-report.ts';
import { estimateStates } from './explore-estimate.ts';

// Processes are started here, on machines that may be busy.
vi.setConfig({ testTimeout: 180_000 });

const program = fileURLToPath(new URL('lockstep.ts', import.meta.url));

function explore(words: string): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [program, 'explore', ...words.split(' ').filter((word) => word !== '')], { env: { ...process.env, NO_COLOR: '1' }, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => void (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => void (err += chunk.toString()));
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

async function explored(words: string): Promise<ExploreReport & { readonly code: number | null }> {
  const { code, out, err } = await explore(`${words} --json`);
  expect(err).toBe('');
  return { ...(JSON.parse(out) as ExploreReport), code };
}

const ENOUGH = '--budget 150s';

describe('a planted bug is found, by the shortest trace', () => {
  test.each<[string, string, string, number]>([
    ['raft/quorum-without-majority', '', 'kept-by-majority', 1],
    ['raft/votes-twice', '', 'one-vote', 3],
    ['raft/vote-forgotten', '', 'one-vote', 4],
    ['raft/commit-regress', '--terms 1 --crashes 0', 'nothing-back', 9],
    ['raft/truncates-what-agrees', '--terms 1 --crashes 0', 'kept-by-majority', 10],
    ['raft/commit-beyond-match', '--entries 0 --crashes 0', 'state-machine-safety', 10],
    ['raft/length-before-term', '--terms 3 --entries 1 --crashes 0 --heartbeats 0', 'leader-completeness', 14],
    ['raft/stale-read', '--entries 1 --crashes 0 --heartbeats 0 --reads 1', 'fresh-reads', 12],
    ['decide/last-proposal-wins', '--terms 1 --crashes 0 --heartbeats 0', 'single-decide', 9],
  ])('%s %s', async (mutant, bounds, claim, length) => {
    const report = await explored(`--mutant ${mutant} ${bounds} ${ENOUGH}`);
    expect(report).toMatchObject({ code: 1, ended: 'violated', mutant, trace: { length, shortest: true } });
    expect(report.properties.filter(({ verdict }) => verdict === 'violated').map(({ id }) => id)).toEqual([claim]);
    expect(report.trace?.steps).toHaveLength(length);
    expect(report.replay).toContain(`--mutant ${mutant}`);
  });
});

describe('without a bug', () => {
  test('a tiny world is visited to its end', async () => {
    const report = await explored(`--terms 1 --entries 1 --crashes 0 --heartbeats 0 ${ENOUGH}`);
    expect(report).toMatchObject({ code: 0, ended: 'complete', complete: true, states: 111, estimatedStates: 111 });
    expect(report.levels.slice(0, 4)).toEqual([1, 1, 2, 4]);
    expect(report.properties.map(({ verdict }) => verdict)).not.toContain('violated');
    expect(report.trace).toBeUndefined();
  });

  test('the budget ends the search, and it says how far it got', async () => {
    const { code, out, err } = await explore('--budget 400ms');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/all states within \d+ actions, and others; the budget of 400 ms is used up/);
    expect(out.trim().split('\n').at(-1)).toContain('npm run explore -- --budget 400ms');
  });

  test('so does a full table', async () => {
    expect(await explored(`--max-states 1000 ${ENOUGH}`)).toMatchObject({ code: 0, ended: 'memory', complete: false, states: 1_000 });
  });
});

describe('the estimate', () => {
  test('continues levels that grow ever more slowly', () => {
    // A bell: each level grows by 0.8 of what the one before grew by.
    const levels = [1];
    for (let growth = 3; levels.length < 30; growth *= 0.85) levels.push(Math.ceil((levels.at(-1) as number) * growth));
    const all = levels.filter((_, i) => i < 30).reduce((sum, states) => sum + states, 0);
    const estimated = estimateStates(levels.slice(0, 14)) as number;
    expect(estimated / all).toBeGreaterThan(0.3);
    expect(estimated / all).toBeLessThan(3);
  });

  test('says nothing where growth does not fall, or levels are few', () => {
    expect(estimateStates([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024])).toBeUndefined();
    expect(estimateStates([1, 3, 5])).toBeUndefined();
  });
});

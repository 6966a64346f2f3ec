// The harness proves its own determinism: one digest for a seed, whatever thread, process, engine or mode it runs in.

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SCENARIOS } from '../scenarios/list.ts';
import type { RunRequest } from './run-request.ts';
import { SecondProcess } from './second-process.ts';
import { executeRun, resolveRun } from './simulate.ts';
import { SimulatorThread } from './simulator-thread.ts';

const SEEDS = 21;
const SECONDS = 4;

/** Every scenario in turn; a hundred nodes for a shorter time. */
const requests: readonly RunRequest[] = Array.from({ length: SEEDS }, (_, seed) => {
  const { name } = SCENARIOS[seed % SCENARIOS.length] as (typeof SCENARIOS)[number];
  const forUs = (name === 'hundred-nodes' ? SECONDS / 4 : SECONDS) * 1_000_000;
  return { seed, options: { scenario: name, forUs, faults: 'all' }, checked: false, realCrypto: false };
});

function node22(): string | undefined {
  try {
    const manifest = createRequire(import.meta.url).resolve('node22-linux-x64/package.json');
    const binary = join(dirname(manifest), 'bin/node');
    return existsSync(binary) && (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version.startsWith('22.') ? binary : undefined;
  } catch {
    return undefined;
  }
}

const digestsIn = async (other: SecondProcess, checked: boolean): Promise<string[]> => {
  const out: string[] = [];
  for (const request of requests) out.push(await other.digestOf({ ...request, checked }));
  return out;
};

describe(`${SEEDS} seeds have the same digests`, () => {
  const digests: string[] = [];

  beforeAll(() => {
    for (const request of requests) digests.push(executeRun(request, resolveRun(request)).outcome.result.digest);
    expect(new Set(digests).size, 'and every seed another one').toBe(SEEDS);
  }, 120_000);

  test('on the main thread of another process', async () => {
    const other = new SecondProcess();
    expect(await digestsIn(other, false)).toEqual(digests);
    other.end();
  }, 120_000);

  test('in a worker thread', async () => {
    const thread = new SimulatorThread();
    const report = await thread.perform({ kind: 'batch', requests });
    await thread.end();
    expect(report.kind === 'batch' ? report.outcomes.map(({ result }) => result.digest) : []).toEqual(digests);
  }, 120_000);

  test('frozen, through the codec, snapshotted and restored at a random step', async () => {
    const other = new SecondProcess();
    expect(await digestsIn(other, true)).toEqual(digests);
    other.end();
  }, 240_000);

  const older = node22();
  test.skipIf(older === undefined)(`under Node 22 as under Node 24${older === undefined ? ' (skipped: the package node22-linux-x64 is not installed here)' : ''}`, async () => {
    const other = new SecondProcess(undefined, older as string);
    expect(await digestsIn(other, false)).toEqual(digests);
    other.end();
  }, 120_000);

  test('twice in a row on one thread', () => {
    const again = requests.slice(0, 5).map((request) => executeRun(request, resolveRun(request)).outcome.result.digest);
    expect(again).toEqual(digests.slice(0, 5));
  }, 60_000);

  afterAll(() => void digests.splice(0));
});

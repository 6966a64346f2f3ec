// One sweep over all scenarios, for CI: keeps the sweep's JSON in reports/out/ and saves each failing run as a run file,
// because a run file outlives the next commit and a bare seed does not.

import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** Enough to see whether it is one bug or many. */
const MAX_SAVED_RUNS = 20;
/** A failing run is done in seconds; saving it must not eat the job's time if it is not. */
const SAVE_TIMEOUT_MS = 120_000;

type Sweep = { runs: number; events: number; wallMs: number; failed: { seed: number; scenario: string; signature: string; replay: string }[] };

const root = fileURLToPath(new URL('..', import.meta.url));
const out = join(root, 'reports/out');

function sim(args: string[], timeout?: number): { code: number; stdout: string } {
  const { status, stdout } = spawnSync(process.execPath, ['node/launch.js', 'sim', ...args], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 2 ** 28,
    ...(timeout === undefined ? {} : { timeout }),
  });
  return { code: status ?? 70, stdout };
}

const { values } = parseArgs({ options: { from: { type: 'string' }, seeds: { type: 'string' } } });
const from = Number(values.from);
const seeds = Number(values.seeds);
if (!Number.isSafeInteger(from) || !(seeds > 0) || !Number.isSafeInteger(from + seeds)) {
  console.error('sweep: expected --from SEED --seeds COUNT, both whole numbers.');
  process.exit(2);
}

mkdirSync(out, { recursive: true });
const { code, stdout } = sim(['--seeds', `${from}..${from + seeds - 1}`, '--scenario', 'all', '--json']);
writeFileSync(join(out, 'sweep.json'), stdout);
if (stdout.trim() === '') process.exit(code === 0 ? 70 : code); // it said on standard error why there is no result

const sweep = JSON.parse(stdout) as Sweep;
console.log(`${sweep.runs} runs, ${sweep.events} events, ${(sweep.wallMs / 1000).toFixed(0)} s, ${sweep.failed.length} failed`);
for (const { seed, scenario, signature, replay } of sweep.failed.slice(0, MAX_SAVED_RUNS)) {
  console.log(`${signature}\n    ${replay}`);
  sim(['--seed', String(seed), '--scenario', scenario, '--save', join(out, `${scenario}-${seed}.json`), '--json'], SAVE_TIMEOUT_MS);
}
process.exitCode = code;

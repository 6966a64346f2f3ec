// `npm test`: every check of the project in one command, cheapest first, so that a mistake shows early. At most two
// processes run at once, because two cores is what a small CI machine has. The last line is `N passed, N failed, N skipped`,
// where each stage counts as one, and vitest's tests count one each.

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pc from 'picocolors';

type Tally = { passed: number; failed: number; skipped: number };
type Outcome = { code: number; output: string };
type Stage = { name: string; args: string[]; tally?: (outcome: Outcome) => Tally };

const root = fileURLToPath(new URL('..', import.meta.url));
const cache = join(root, '.cache');
const vitestReport = join(cache, 'vitest.json');
const tool = (path: string): string => join(root, 'node_modules', path);

/** No stage takes minutes; one that hangs fails instead of holding up the rest. */
const STAGE_TIMEOUT_MS = 480_000;

const program = join(root, 'node/lockstep.ts');
const sweep: Stage = { name: 'sweep of 40 seeds', args: [program, 'sim', '--seeds', '1..40', '--scenario', 'all', '--json'] };

/** Groups run one after another; the stages of a group run side by side. A group that fails does not stop the next. */
const groups: Stage[][] = [
  [
    { name: 'types', args: [tool('typescript/bin/tsc'), '-p', 'tsconfig.json', '--pretty', 'false'] },
    { name: 'types of the kernel', args: [tool('typescript/bin/tsc'), '-p', 'kernel/tsconfig.json', '--pretty', 'false'] },
  ],
  [
    { name: 'types of the page', args: [tool('typescript/bin/tsc'), '-p', 'reports/page/tsconfig.json', '--pretty', 'false'] },
    { name: 'lint', args: [tool('oxlint/bin/oxlint'), '--deny-warnings', '--ignore-pattern', '.tidy/fixtures'] },
  ],
  [{ name: 'layers', args: ['.tidy/check-layers.ts'] }],
  [
    {
      name: 'tests',
      args: [tool('vitest/vitest.mjs'), 'run', '--reporter=dot', '--reporter=json', `--outputFile.json=${vitestReport}`],
      tally: tallyVitest,
    },
  ],
  [sweep],
];

function run(args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1' },
      timeout: STAGE_TIMEOUT_MS,
    });
    let output = '';
    const collect = (chunk: Buffer): void => void (output += chunk.toString());
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', (error) => resolve({ code: 1, output: String(error) }));
    child.on('close', (code, signal) => {
      if (signal !== null) output += `\nended by ${signal}; a stage may take ${STAGE_TIMEOUT_MS / 1000} s`;
      resolve({ code: code ?? 1, output });
    });
  });
}

/** One for the stage, and one for each test. A run that reports no test at all has failed: nothing was checked. */
function tallyVitest({ code }: Outcome): Tally {
  if (!existsSync(vitestReport)) return { passed: 0, failed: 1, skipped: 0 };
  const report = JSON.parse(readFileSync(vitestReport, 'utf8')) as {
    numPassedTests: number;
    numFailedTests: number;
    numPendingTests: number;
    numTodoTests: number;
  };
  const stagePassed = code === 0 && report.numPassedTests > 0;
  return {
    passed: report.numPassedTests + (stagePassed ? 1 : 0),
    failed: report.numFailedTests + (stagePassed ? 0 : 1),
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

function tallyByExitCode({ code }: Outcome): Tally {
  return code === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 };
}

async function runStage(stage: Stage): Promise<Tally> {
  const startedMs = performance.now();
  const outcome = await run(stage.args);
  const tally = (stage.tally ?? tallyByExitCode)(outcome);
  const seconds = `${((performance.now() - startedMs) / 1000).toFixed(1)} s`.padStart(8);
  const detail = stage.tally === undefined ? '' : `  (${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped)`;
  console.log(`${tally.failed === 0 ? pc.green('ok  ') : pc.red('FAIL')} ${seconds}  ${stage.name}${detail}`);
  if (tally.failed > 0) console.log(outcome.output.trimEnd());
  return tally;
}

mkdirSync(cache, { recursive: true });
rmSync(vitestReport, { force: true });
const total: Tally = { passed: 0, failed: 0, skipped: 0 };
for (const group of groups) {
  for (const tally of await Promise.all(group.map(runStage))) {
    total.passed += tally.passed;
    total.failed += tally.failed;
    total.skipped += tally.skipped;
  }
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed === 0 ? 0 : 1;

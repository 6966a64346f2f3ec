// `lockstep sim --shrink`: the smaller run is searched on a thread, saved, read back, and executed once more on a fresh thread,
// as anybody would who gets the file.

import type { RunFile } from '../io/sim/run-file.ts';
import { grouped, plural } from '../reports/quantities.ts';
import type { ShrunkReport } from '../reports/run-report.ts';
import type { Shrunk, ShrinkProgress } from '../scenarios/shrinking.ts';
import { Progress } from './progress.ts';
import { replayCommand } from './run-again.ts';
import { loadRunFile, saveRunFile } from './run-files.ts';
import { reportOf } from './run-outcome.ts';
import type { RunRequest } from './run-request.ts';
import type { OneRun } from './sim-options.ts';
import { SimulatorThread } from './simulator-thread.ts';

export interface Saved {
  readonly report: ShrunkReport;
  readonly run: RunFile;
  readonly path: string;
}

/** The run must have failed. Undefined if it was ended before anything could be tried. */
export async function shrinkAndSave(asked: OneRun, request: RunRequest, thread: SimulatorThread): Promise<Saved | undefined> {
  const started = performance.now();
  const shrunk = await searched(asked, request, thread);
  if (shrunk === undefined) return undefined;
  const path = asked.save ?? defaultPath(asked, request.options.scenario ?? asked.runFile?.scenario ?? shrunk.run.scenario);
  saveRunFile(path, shrunk.run);
  const { failure, digest, before, after, removed, trials, complete } = shrunk;
  const report: ShrunkReport = {
    ...after, before, removed: Math.round(removed * 1e4) / 1e4, property: failure.property, signature: failure.signature, message: failure.message, atUs: failure.at, digest, trials,
    wallMs: Math.round(performance.now() - started), complete, verified: await failsAlike(asked, path, shrunk), replay: replayCommand(shrunk.run.seed, shrunk.run.scenario, asked, path),
  };
  return { report, run: shrunk.run, path };
}

async function searched(asked: OneRun, request: RunRequest, thread: SimulatorThread): Promise<Shrunk | undefined> {
  let now: ShrinkProgress | undefined;
  const progress = new Progress(() => (now === undefined ? '' : `shrinking: ${plural(now.faults, 'fault')}, ${plural(now.operations, 'operation')}, ${plural(now.nodes, 'node')}  ${grouped(now.trials)} trials  ${now.doing}`));
  try {
    const answer = await thread.perform(
      { kind: 'shrink', request, ...(asked.properties === undefined ? {} : { judged: asked.properties }), ...(asked.budgetMs === undefined ? {} : { budgetMs: asked.budgetMs }) },
      (early) => {
        if (early.kind === 'shrinking') now = early.progress;
      },
    );
    return answer.kind === 'shrunk' ? answer.shrunk : undefined;
  } finally {
    progress.end();
  }
}

/** From the file, and nothing else. */
async function failsAlike(asked: OneRun, path: string, shrunk: Shrunk): Promise<boolean> {
  const runFile = loadRunFile(path);
  const thread = new SimulatorThread(asked.mutant);
  try {
    const answer = await thread.perform({ kind: 'one', request: { seed: runFile.seed, options: {}, checked: asked.checked, realCrypto: asked.realCrypto, runFile } });
    if (answer.kind !== 'ran' || answer.outcome.result.digest !== shrunk.digest) return false;
    const report = reportOf(answer.outcome, asked);
    return shrunk.failure.property === 'assertion' ? report.broke !== undefined : report.properties.some((property) => property.violation?.signature === shrunk.failure.signature);
  } finally {
    await thread.end();
  }
}

function defaultPath(asked: OneRun, scenario: string): string {
  const bug = asked.mutant === undefined ? '' : `-${asked.mutant.replaceAll(/[^\w.-]+/g, '-')}`;
  return `shrunk-${scenario}-${asked.seed}${bug}.json`;
}

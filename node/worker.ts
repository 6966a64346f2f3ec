// A thread that simulates: one run with its progress, or batch after batch of a sweep. It lives as long as the command does,
// because the first ten runs of a thread are its slowest.

import { parentPort, workerData } from 'node:worker_threads';
import { SHARED, type RunOutcome, type WorkerReport, type WorkerSettings, type WorkerTask } from './run-request.ts';

const { mutant, switched, shared } = workerData as WorkerSettings;
const cells = new Float64Array(shared);
const tell = (report: WorkerReport): void => parentPort?.postMessage(report);

if (mutant !== undefined) {
  const { plantByName, plantSwitched } = await import('./mutant-hook.ts');
  await (switched === true ? plantSwitched(mutant) : plantByName(mutant));
}
const { attemptsOf, executeRun, resolveRun, retainedHeapMb } = await import('./simulate.ts');

/** How far a search goes that nobody gave a time: about ten seconds of simulating, and the same on every machine. */
const SHRINK_EVENTS = 3_000_000;
const WHY_EVENTS = 6_000_000;
const TRIALS_PER_LINE = 8;

/** Called inside the simulation: numbers in shared memory are all that it may touch. */
function progress(nowUs: number, events: number): boolean {
  cells[SHARED.simulatedUs] = nowUs;
  cells[SHARED.events] = events;
  return cells[SHARED.stop] === 0;
}

async function one(task: WorkerTask & { readonly kind: 'one' }): Promise<void> {
  const runFile = resolveRun(task.request);
  tell({ kind: 'resolved', runFile });
  const recorded = task.timeline === true ? await import('./record-run.ts') : undefined;
  const recording = recorded?.recordingOf();
  const history = task.dump === undefined ? undefined : new (await import('./history/history-record.ts')).HistoryRecord();
  const { outcome, world } = executeRun(task.request, runFile, progress, [recording, history].filter((one) => one !== undefined));
  if (task.dump !== undefined) (await import('./dump.ts')).dumpWorld(task.dump, world.view());
  history?.save(task.dump as string);
  const timeline = recording === undefined ? undefined : recorded?.timelineOfRun(recording, runFile, outcome.result);
  tell({ kind: 'ran', outcome: { ...outcome, heapMb: retainedHeapMb() }, ...(timeline === undefined ? {} : { timeline }) });
  // The world is part of what is kept.
  void world;
}

function batch(task: WorkerTask & { readonly kind: 'batch' }): void {
  const outcomes: RunOutcome[] = [];
  for (const request of task.requests) {
    if (cells[SHARED.stop] !== 0) break;
    cells[SHARED.seed] = request.seed;
    outcomes.push(executeRun(request, resolveRun(request), progress).outcome);
  }
  tell({ kind: 'batch', outcomes });
}

async function shrinkRun(task: WorkerTask & { readonly kind: 'shrink' }): Promise<void> {
  const { shrink } = await import('../scenarios/shrinking.ts');
  const attempt = attemptsOf(task.request, task.judged, progress);
  const run = resolveRun(task.request);
  const first = attempt(run);
  if (first.failures.length === 0) return tell({ kind: 'shrunk', shrunk: undefined });
  const deadline = task.budgetMs === undefined ? Infinity : performance.now() + task.budgetMs;
  const shrunk = shrink(run, first, attempt, {
    events: task.budgetMs === undefined ? SHRINK_EVENTS : Infinity,
    goOn: (now) => {
      if (now.trials % TRIALS_PER_LINE === 0) tell({ kind: 'shrinking', progress: now });
      return cells[SHARED.stop] === 0 && performance.now() < deadline;
    },
  });
  tell({ kind: 'shrunk', shrunk });
}

async function askWhy(task: WorkerTask & { readonly kind: 'why' }): Promise<void> {
  const { why } = await import('../scenarios/why.ts');
  const attempt = attemptsOf(task.request, task.judged, progress);
  const run = resolveRun(task.request);
  const first = attempt(run);
  if (first.failures.length === 0) return tell({ kind: 'why', why: undefined });
  const deadline = task.budgetMs === undefined ? Infinity : performance.now() + task.budgetMs;
  const found = why(run, first, attempt, {
    samples: task.samples,
    events: task.budgetMs === undefined ? WHY_EVENTS : Infinity,
    goOn: (now) => {
      if (now.runs % TRIALS_PER_LINE === 0) tell({ kind: 'asking', progress: now });
      return cells[SHARED.stop] === 0 && performance.now() < deadline;
    },
  });
  tell({ kind: 'why', why: found });
}

async function findCulprit(task: WorkerTask & { readonly kind: 'culprit' }): Promise<void> {
  const { culpritOf } = await import('../scenarios/culprit.ts');
  const { BUG_IS_OFF } = await import('../nemesis/mutants/culprits.ts');
  const attempt = attemptsOf(task.request, undefined, progress);
  const run = resolveRun(task.request);
  const first = attempt(run);
  const culprit = first.failures.length === 0 ? undefined : culpritOf(run, first, attempt, (on) => void ((globalThis as Record<string, unknown>)[BUG_IS_OFF] = !on));
  tell({ kind: 'culprit', culprit });
}

parentPort?.on('message', (task: WorkerTask) => {
  if (task.kind === 'batch') return batch(task);
  if (task.kind === 'shrink') return shrinkRun(task);
  if (task.kind === 'why') return askWhy(task);
  if (task.kind === 'culprit') return findCulprit(task);
  // A rejection ends the thread with this error, and whoever waits for the report hears of it.
  return one(task);
});

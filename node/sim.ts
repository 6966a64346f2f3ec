// `lockstep sim`: one run of a seed, from what it drew to what came of it. Sweeps are in sweep.ts, lists in sim-list.ts.

import { writeFileSync } from 'node:fs';
import type { RunFile } from '../io/sim/run-file.ts';
import { renderJunit } from '../reports/junit.ts';
import { paintFor, type Paint } from '../reports/paint.ts';
import { duration, short } from '../reports/quantities.ts';
import { renderShrunk } from '../reports/shrink-report.ts';
import { renderWhy } from '../reports/why-report.ts';
import { renderPlan, renderRun } from '../reports/terminal.ts';
import type { Timeline, WhyCurve } from '../reports/timeline/timeline.ts';
import type { WhyReport } from '../reports/run-report.ts';
import { EXIT } from './complaint.ts';
import { Interruption } from './interruption.ts';
import { kernelHash } from './kernel-hash.ts';
import { isOperatorName } from './operators/names.ts';
import { bar, Progress } from './progress.ts';
import { saveFile, saveRunFile } from './run-files.ts';
import { exitCodeOfRun, reportOf } from './run-outcome.ts';
import type { RunOutcome, RunRequest } from './run-request.ts';
import { shrinkAndSave } from './shrink.ts';
import { readSimFlags, type OneRun, type SimFlags } from './sim-options.ts';
import { SimulatorThread } from './simulator-thread.ts';
import { VERSION } from './version.ts';
import { whyOf } from './why.ts';
import { catalogue } from './catalogue.ts';

export async function sim(flags: SimFlags): Promise<number> {
  if (flags.list === true) return (await import('./sim-list.ts')).list(flags.json === true);
  const asked = readSimFlags(flags, catalogue());
  if (asked.mutant !== undefined && isOperatorName(asked.mutant)) (await import('./operators/drawn.ts')).requireSite(asked.mutant);
  return asked.kind === 'one' ? runOne(asked) : (await import('./sweep.ts')).sweep(asked);
}

async function runOne(asked: OneRun): Promise<number> {
  const print = (text: string): void => void (asked.json || process.stdout.write(`${text}\n`));
  const paint = paintFor(process.stdout.isTTY, process.env);
  const thread = new SimulatorThread(asked.mutant);
  // One for all that is done on the thread: between two of its tasks a signal drains too.
  const interruption = new Interruption(() => thread.stop());
  try {
    return await runAndExplain(asked, thread, print, paint);
  } finally {
    interruption.forget();
    await thread.end();
  }
}

async function runAndExplain(asked: OneRun, thread: SimulatorThread, print: (text: string) => void, paint: Paint): Promise<number> {
  const request: RunRequest = { seed: asked.seed, options: asked.options, checked: asked.checked, realCrypto: asked.realCrypto, ...(asked.runFile === undefined ? {} : { runFile: asked.runFile }) };
  const { outcome, timeline } = await simulate(asked, request, thread, (runFile) => {
    if (asked.save !== undefined && !asked.shrink) saveRunFile(asked.save, runFile);
    print(`${renderPlan({ version: VERSION, kernel: kernelHash(), seed: runFile.seed, scenario: runFile.scenario, about: aboutScenario(runFile.scenario), mode: modeWords(asked), runFile }, paint)}\n`);
  });
  const files = { ...(asked.runPath === undefined ? {} : { runPath: asked.runPath }), ...(asked.save === undefined || asked.shrink ? {} : { saved: asked.save }), ...(asked.report === undefined ? {} : { page: asked.report }) };
  const plain = reportOf(outcome, asked, files);
  if (asked.junit !== undefined) writeFileSync(asked.junit, renderJunit([plain]));
  print(renderRun(plain, paint));
  const code = exitCodeOfRun(plain);
  const saved = asked.shrink && code !== EXIT.held && !thread.stopping ? await shrinkAndSave(asked, request, thread) : undefined;
  if (saved !== undefined) print(`\n${renderShrunk(saved.report, saved.run, saved.path, paint)}`);
  const why = asked.why && code !== EXIT.held && !thread.stopping ? await whyOf(asked, request, thread) : undefined;
  if (why !== undefined) print(`\n${renderWhy(why, paint)}`);
  if (asked.report !== undefined && timeline !== undefined) saveFile(asked.report, (await import('../reports/page-file.ts')).renderPage(plain, why === undefined ? timeline : { ...timeline, why: curveOf(why) }));
  if ((asked.shrink || asked.why) && code === EXIT.held && !outcome.stopped) print(`\nNothing failed: there is nothing to ${asked.shrink ? 'shrink' : 'explain'}.`);
  if (asked.json) process.stdout.write(`${JSON.stringify({ ...plain, ...(saved === undefined ? {} : { runFile: saved.path, shrunk: saved.report }), ...(why === undefined ? {} : { why }) })}\n`);
  if (saved?.report.verified === false) return EXIT.notDeterministic;
  return outcome.stopped && code !== EXIT.ourBug && code !== EXIT.violated ? EXIT.held : code;
}

/** How a page draws it. */
function curveOf({ moments, inevitable }: WhyReport): WhyCurve {
  return { points: moments.map(({ atUs, likelihood }) => ({ atUs, likelihood })), jumpAtUs: inevitable.atUs, label: inevitable.event };
}

interface Simulated {
  readonly outcome: RunOutcome;
  readonly timeline?: Timeline;
}

/** On a thread of its own, so that the line of progress moves and signals are heard. */
async function simulate(asked: OneRun, request: RunRequest, thread: SimulatorThread, resolved: (runFile: RunFile) => void): Promise<Simulated> {
  let forUs = 0;
  const started = performance.now();
  const progress = new Progress(() => {
    const seconds = (performance.now() - started) / 1_000;
    if (forUs === 0 || thread.events === 0) return '';
    return `${bar(thread.simulatedUs / forUs, 24)} ${duration(thread.simulatedUs)} of ${duration(forUs)}  ${short(thread.events)} events  ${short(thread.simulatedUs / 1e6 / seconds)}x`;
  });
  try {
    const report = await thread.perform({ kind: 'one', request, ...(asked.dump === undefined ? {} : { dump: asked.dump }), timeline: asked.report !== undefined }, (early) => {
      if (early.kind !== 'resolved') return;
      forUs = early.runFile.forUs;
      resolved(early.runFile);
    });
    if (report.kind !== 'ran') throw new Error(`the simulator thread answered "${report.kind}" to one run`);
    return report;
  } finally {
    progress.end();
  }
}

function aboutScenario(name: string): string {
  return catalogue().scenarios.find((scenario) => scenario.name === name)?.about ?? '';
}

function modeWords(asked: OneRun): string[] {
  return [
    asked.mutant === undefined ? '' : `planted bug ${asked.mutant}`,
    asked.checked ? 'checked' : '',
    asked.realCrypto ? 'real signatures' : '',
    asked.runPath === undefined ? '' : `run file ${asked.runPath}`,
  ].filter((word) => word !== '');
}

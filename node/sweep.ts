// `lockstep sim --seeds`: many runs over worker threads that live as long as the sweep and pull batches of seeds. It proves
// three things about itself: that a run in another process ends with the same digest, that the canary is caught, and that
// every property had something to judge.

import { writeFileSync } from 'node:fs';
import { renderJunit } from '../reports/junit.ts';
import { paintFor } from '../reports/paint.ts';
import { duration, grouped, plural, short } from '../reports/quantities.ts';
import type { RunReport } from '../reports/run-report.ts';
import { SweepTally, type Disagreement, type SweepReport } from '../reports/sweep-report.ts';
import { renderSweep } from '../reports/terminal-sweep.ts';
import { catalogue } from './catalogue.ts';
import { EXIT } from './complaint.ts';
import { Interruption } from './interruption.ts';
import { kernelHash } from './kernel-hash.ts';
import { isKnown } from './known-failures.ts';
import { bar, Progress } from './progress.ts';
import { reportOf } from './run-outcome.ts';
import type { RunOutcome, RunRequest } from './run-request.ts';
import { SecondProcess } from './second-process.ts';
import type { RunMode, Sweep } from './sim-options.ts';
import { SimulatorThread } from './simulator-thread.ts';
import { VERSION } from './version.ts';

/** One run in this many is executed again in another process; every second one of those in checked mode. */
const REPEAT_EVERY = 50;
/** A sweep of all scenarios this large must have exercised every property. */
const LARGE = 200;
const LARGEST_BATCH = 16;
const BATCH_MS = 250;

/** Scenarios that take twenty times as long as the others: in a sweep they have their turn in every fifth round only. */
const LONG = ['hundred-nodes'];
const ROUNDS = 5;

/** The turns in which the seeds of a sweep of all scenarios meet them. */
function rotation(scenarios: readonly string[]): readonly string[] {
  const short = scenarios.filter((name) => !LONG.includes(name));
  return [...Array.from({ length: ROUNDS }, () => short).flat(), ...scenarios.filter((name) => LONG.includes(name))];
}

/** Which run is the `index`th of a sweep. Every seed meets one scenario in turn; few seeds meet every scenario. */
export function runsOf(asked: Sweep, scenarios: readonly string[]): { readonly count: number; at(index: number): RunRequest } {
  const seeds = asked.seeds.to - asked.seeds.from + 1;
  const names = asked.scenario === 'all' ? scenarios : [asked.scenario];
  const each = seeds < names.length;
  const turns = asked.scenario === 'all' ? rotation(names) : names;
  const at = (index: number): RunRequest => {
    const seed = asked.seeds.from + (each ? Math.floor(index / names.length) : index);
    const scenario = (each ? names[index % names.length] : turns[seed % turns.length]) as string;
    return { seed, options: { ...asked.options, scenario }, checked: asked.checked, realCrypto: asked.realCrypto };
  };
  return { count: each ? seeds * names.length : seeds, at };
}

/** A run with nothing asked for. */
export function plainMode(mutant?: string, checked: boolean = false): RunMode {
  return { options: {}, checked, realCrypto: false, json: true, ...(mutant === undefined ? {} : { mutant }) };
}

/** What a seed is in a sweep of all scenarios: one that is wide enough for the seed to meet its one scenario. */
export function drawnBy(seed: number, scenarios: readonly string[], checked: boolean = false): RunRequest {
  const seeds = { from: seed, to: seed + scenarios.length - 1 };
  return runsOf({ ...plainMode(undefined, checked), kind: 'sweep', seeds, scenario: 'all', jobs: 1, stopOnFailure: false, known: [] }, scenarios).at(0);
}

export async function sweep(asked: Sweep): Promise<number> {
  const paint = paintFor(process.stdout.isTTY, process.env);
  const names = catalogue().scenarios.map((scenario) => scenario.name);
  const runs = runsOf(asked, names);
  if (!asked.json) {
    process.stdout.write(`${paint.bold(`seeds ${asked.seeds.from}..${asked.seeds.to}`)}  ${paint.bold(asked.scenario)}  ${paint.dim(`lockstep ${VERSION}, kernel ${kernelHash().slice(0, 12)}`)}\n${paint.dim(`${plural(runs.count, 'run')} over ${plural(asked.jobs, 'thread')}${asked.mutant === undefined ? '' : `, planted bug ${asked.mutant}`}${asked.checked ? ', checked' : ''}`)}\n\n`);
  }
  const sweeping = new Sweeping(asked, runs);
  const report = await sweeping.run(asked.scenario === 'all' ? names : [asked.scenario]);
  if (asked.junit !== undefined) writeFileSync(asked.junit, renderJunit(sweeping.reports));
  process.stdout.write(asked.json ? `${JSON.stringify(report)}\n` : `${renderSweep(report, paint)}\n`);
  return exitCodeOfSweep(report);
}

export function exitCodeOfSweep(report: SweepReport): number {
  if (report.failed.some((failure) => failure.kind === 'safety')) return EXIT.violated;
  if (report.failed.some((failure) => failure.kind === 'broke')) return EXIT.ourBug;
  if (report.repeated.disagreements.length > 0) return EXIT.notDeterministic;
  if (report.canary?.caught === false || report.neverExercised.length + report.neverHit.length > 0) return EXIT.violated;
  return report.failed.length > 0 ? EXIT.notLive : EXIT.held;
}

class Sweeping {
  /** Every run, if a report of every run was asked for. */
  readonly reports: RunReport[] = [];
  private readonly asked: Sweep;
  private readonly runs: ReturnType<typeof runsOf>;
  private readonly tally: SweepTally;
  private readonly started = performance.now();
  private threads: readonly SimulatorThread[] = [];
  private next = 0;
  private stopping = false;
  private repeated = 0;
  private checkedRuns = 0;
  private readonly disagreements: Disagreement[] = [];
  private readonly comparisons: Promise<void>[] = [];
  private twin: SecondProcess | undefined;

  constructor(asked: Sweep, runs: ReturnType<typeof runsOf>) {
    this.asked = asked;
    this.runs = runs;
    this.tally = new SweepTally((failure) => isKnown(failure, asked.known));
  }

  async run(scenarios: readonly string[]): Promise<SweepReport> {
    const jobs = Math.min(this.asked.jobs, this.runs.count);
    this.threads = Array.from({ length: jobs }, () => new SimulatorThread(this.asked.mutant));
    this.twin = new SecondProcess(this.asked.mutant);
    const interruption = new Interruption(() => this.stop());
    const progress = new Progress(() => this.line());
    try {
      await Promise.all(this.threads.map((thread) => this.feed(thread)));
      const wallMs = performance.now() - this.started;
      if (!interruption.came) await Promise.all(this.comparisons);
      const canary = this.asked.mutant === undefined && !interruption.came ? await this.canary() : undefined;
      return this.report(scenarios, jobs, wallMs, interruption.came, canary);
    } finally {
      progress.end();
      interruption.forget();
      this.twin.end();
      await Promise.all(this.threads.map((thread) => thread.end()));
    }
  }

  private stop(): void {
    this.stopping = true;
    for (const thread of this.threads) thread.stop();
  }

  /** Batches last about as long as a person waits for a line to move, and shrink towards the end, so that the threads end together. */
  private async feed(thread: SimulatorThread): Promise<void> {
    let size = 1;
    while (!this.stopping && this.next < this.runs.count) {
      const fair = Math.ceil((this.runs.count - this.next) / (this.threads.length * 4));
      const first = this.next;
      this.next = Math.min(this.runs.count, first + Math.min(size, fair));
      const requests = Array.from({ length: this.next - first }, (_, i) => this.runs.at(first + i));
      const started = performance.now();
      const outcomes = await this.perform(thread, requests);
      for (const [i, outcome] of outcomes.entries()) this.take(outcome, first + i);
      const each = (performance.now() - started) / requests.length;
      size = Math.max(1, Math.min(LARGEST_BATCH, 2 * size, Math.floor(BATCH_MS / each)));
    }
  }

  private async perform(thread: SimulatorThread, requests: readonly RunRequest[]): Promise<readonly RunOutcome[]> {
    try {
      const answer = await thread.perform({ kind: 'batch', requests });
      return answer.kind === 'batch' ? answer.outcomes : [];
    } catch (error) {
      throw new Error(`seed ${thread.seed}: ${(error as Error).message}`, { cause: error });
    }
  }

  private take(outcome: RunOutcome, index: number): void {
    if (outcome.stopped) return;
    const report = reportOf(outcome, this.asked);
    this.tally.add(report);
    if (this.asked.junit !== undefined) this.reports.push(report);
    if (this.asked.stopOnFailure && this.tally.failed.length > 0) this.stop();
    if (index % REPEAT_EVERY === 0 && report.broke === undefined) this.comparisons.push(this.compare(outcome, report, this.repeated++));
  }

  private async compare(outcome: RunOutcome, report: RunReport, nth: number): Promise<void> {
    const checked = nth % 2 === 0 ? !outcome.request.checked : outcome.request.checked;
    if (checked) this.checkedRuns += 1;
    const digest = await this.twin?.digestOf({ ...outcome.request, checked });
    if (digest === undefined || digest === report.digest) return;
    this.disagreements.push({ seed: report.seed, scenario: report.scenario, digest: report.digest, digestElsewhere: digest, replay: report.replay });
  }

  /** One run with the canary planted: if it is not caught, the alarm is broken. */
  private async canary(): Promise<{ caught: boolean; by: string[] }> {
    const thread = new SimulatorThread('canary');
    try {
      // Whatever was asked for, all properties are on the watch: the canary is not planted for some of them.
      const { properties: _few, ...mode } = this.asked;
      const report = reportOf(oneOutcome(await this.perform(thread, [this.runs.at(0)])), mode);
      const by = report.properties.filter((property) => property.verdict === 'violated').map((property) => property.id);
      return { caught: by.length > 0, by };
    } finally {
      await thread.end();
    }
  }

  private report(scenarios: readonly string[], jobs: number, wallMs: number, stopped: boolean, canary: SweepReport['canary']): SweepReport {
    const sums = this.tally.sums();
    const large = this.asked.scenario === 'all' && sums.runs >= LARGE && scenarios.length > 1 && !stopped;
    return {
      version: VERSION,
      kernel: kernelHash(),
      scenario: this.asked.scenario,
      seeds: this.asked.seeds,
      planned: this.runs.count,
      ...sums,
      wallMs: Math.round(wallMs),
      jobs,
      repeated: { runs: this.repeated, checkedRuns: this.checkedRuns, disagreements: this.disagreements },
      ...(canary === undefined ? {} : { canary }),
      neverExercised: large ? sums.properties.filter((property) => property.runsExercised === 0).map((property) => property.id) : [],
      neverHit: large ? sums.marks.missed : [],
      stopped,
    };
  }

  private line(): string {
    const seconds = (performance.now() - this.started) / 1_000;
    const { runs, failed, events } = this.tally;
    const left = runs === 0 ? '' : `  ${duration(Math.round((seconds / runs) * (this.runs.count - runs)) * 1_000_000)} left`;
    const failures = failed.length === 0 ? '' : `  ${grouped(failed.length)} failed`;
    return `${bar(runs / this.runs.count, 24)} ${grouped(runs)} of ${grouped(this.runs.count)} runs  ${short(runs / seconds)}/s  ${short(events / seconds)} events/s${left}${failures}`;
  }
}

function oneOutcome(outcomes: readonly RunOutcome[]): RunOutcome {
  const [outcome] = outcomes;
  if (outcome === undefined) throw new Error('the simulator thread answered nothing to one run');
  return outcome;
}


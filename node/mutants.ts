// `lockstep mutants`: for every planted bug, how many seeds it takes until a property is violated. Seeds are drawn exactly as
// in a sweep of all scenarios, in several series, and the same draws without the bug must raise no alarm.

import { availableParallelism } from 'node:os';
import { renderMutants, type MutantReport, type MutantRow } from '../reports/mutant-table.ts';
import { paintFor } from '../reports/paint.ts';
import { grouped } from '../reports/quantities.ts';
import { failureOf, type FailedRun } from '../reports/sweep-report.ts';
import { readCount, readDuration, readSeed, readWord } from './arguments.ts';
import { catalogue } from './catalogue.ts';
import { Complaint, EXIT } from './complaint.ts';
import { Interruption } from './interruption.ts';
import { kernelHash } from './kernel-hash.ts';
import { Progress } from './progress.ts';
import type { Shrunk } from '../scenarios/shrinking.ts';
import { reportOf } from './run-outcome.ts';
import type { RunRequest } from './run-request.ts';
import type { RunMode } from './sim-options.ts';
import { SimulatorThread } from './simulator-thread.ts';
import { drawnBy, plainMode } from './sweep.ts';

const CANARY = 'canary';
const CANARY_RUNS = 20;

export interface MutantFlags {
  readonly seed: string;
  readonly series: string;
  readonly limit?: string;
  readonly jobs?: string;
  readonly shrink?: boolean;
  readonly budget?: string;
  readonly samples?: string;
  readonly json?: boolean;
}

interface Hunt {
  readonly seed: number;
  readonly series: number;
  readonly limit: number;
  /** Whether, and for how long, to look for a smaller run of each. */
  readonly shrink: boolean;
  readonly budgetMs?: number;
}

/** One series: how many seeds it took, and what the last of them violated. */
interface Series {
  readonly seeds: number;
  readonly failure: FailedRun | undefined;
  readonly cpuMs: number;
}

export async function mutants(names: readonly string[], flags: MutantFlags): Promise<number> {
  const known = catalogue().mutants.filter((mutant) => mutant.name !== CANARY);
  const chosen = names.length === 0 ? known : names.map((name) => readWord(name, 'mutant', known.map((mutant) => mutant.name))).map((name) => known.find((mutant) => mutant.name === name) as (typeof known)[number]);
  const hunt: Hunt = { seed: readSeed(flags.seed), series: readCount(flags.series, '--series', 1, 100), limit: readCount(flags.limit ?? '1000', '--limit', 1, 1_000_000), shrink: flags.shrink === true, ...(flags.budget === undefined ? {} : { budgetMs: readDuration(flags.budget, '--budget') / 1_000 }) };
  if (flags.budget !== undefined && flags.shrink !== true) throw new Complaint('--budget goes with --shrink');
  if (flags.samples !== undefined) throw new Complaint('--samples goes with --why: that asks each moment so often');
  const jobs = flags.jobs === undefined ? availableParallelism() : readCount(flags.jobs, '--jobs', 1, 256);
  const hunting = new Hunting(hunt);
  const report = await hunting.run(chosen, jobs);
  process.stdout.write(flags.json === true ? `${JSON.stringify(report)}\n` : `${renderMutants(report, paintFor(process.stdout.isTTY, process.env))}\n`);
  if (hunting.interrupted) return EXIT.held;
  return report.mutants.every((row) => row.found) && report.canary.caught && report.falseAlarms === 0 ? EXIT.held : EXIT.violated;
}

class Hunting {
  interrupted = false;
  private readonly hunt: Hunt;
  private readonly scenarios: readonly string[] = catalogue().scenarios.map((scenario) => scenario.name);
  private readonly active = new Set<SimulatorThread>();
  private runs = 0;
  private doing = '';
  /** Whether a draw fails without any bug, by seed. Each thread that asks takes the next one of the pool, which stays warm. */
  private readonly clean = new Map<number, Promise<boolean>>();
  private readonly idle: SimulatorThread[] = [];

  constructor(hunt: Hunt) {
    this.hunt = hunt;
  }

  async run(chosen: readonly { name: string; family: string; about: string }[], jobs: number): Promise<MutantReport> {
    const started = performance.now();
    const interruption = new Interruption(() => this.stop());
    const progress = new Progress(() => `${this.doing}  ${grouped(this.runs)} runs`);
    try {
      const rows: MutantRow[] = [];
      const queue = [...chosen];
      await Promise.all(Array.from({ length: jobs }, async () => {
        for (let mutant = queue.shift(); mutant !== undefined && !this.interrupted; mutant = queue.shift()) rows.push(await this.row(mutant));
      }));
      rows.sort((a, b) => chosen.findIndex((mutant) => mutant.name === a.name) - chosen.findIndex((mutant) => mutant.name === b.name));
      const canary = { caught: (await this.canaryCaught()) === CANARY_RUNS, runs: CANARY_RUNS };
      const { falseAlarms, falseAlarmRuns } = await this.falseAlarms(rows, jobs);
      const { seed, series, limit } = this.hunt;
      return { kernel: kernelHash(), seed, series, limit, mutants: rows, canary, falseAlarms, falseAlarmRuns, wallMs: Math.round(performance.now() - started) };
    } finally {
      progress.end();
      interruption.forget();
      await Promise.all(this.idle.map((thread) => thread.end()));
    }
  }

  private stop(): void {
    this.interrupted = true;
    for (const thread of this.active) thread.stop();
  }

  private async row(mutant: { name: string; family: string; about: string }): Promise<MutantRow> {
    this.doing = mutant.name;
    let shrunk: Awaited<ReturnType<Hunting['smaller']>>;
    const all = await this.withThread(mutant.name, async (thread) => {
      const out: Series[] = [];
      for (let series = 0; series < this.hunt.series && !this.interrupted; series++) out.push(await this.series(thread, mutant.name, this.firstSeed(series)));
      shrunk = this.hunt.shrink ? await this.smaller(thread, out.find((series) => series.failure !== undefined)) : undefined;
      return out;
    });
    const found = all.filter((series) => series.failure !== undefined);
    const seeds = all.map((series) => series.seeds).toSorted((a, b) => a - b);
    const first = found[0]?.failure;
    return {
      name: mutant.name,
      family: mutant.family,
      about: mutant.about,
      found: found.length === this.hunt.series,
      seedsMedian: seeds[Math.floor(seeds.length / 2)] ?? 0,
      seedsWorst: seeds.at(-1) ?? 0,
      seeds: all.map((series) => series.seeds),
      property: mostFrequent(found.map((series) => series.failure?.properties[0] ?? 'assertion')),
      scenario: mostFrequent(found.map((series) => series.failure?.scenario ?? '')),
      shrunk: shrunk?.after ?? null,
      removed: shrunk?.removed ?? null,
      shrinkMs: shrunk?.ms ?? null,
      cpuMs: Math.round(all.reduce((sum, series) => sum + series.cpuMs, 0)),
      replay: first?.replay ?? null,
    };
  }

  /** The first run that found it, as small as it can be made; nothing of it is written to disk. */
  private async smaller(thread: SimulatorThread, series: Series | undefined): Promise<{ after: Shrunk['after']; removed: number; ms: number } | undefined> {
    if (series?.failure === undefined || this.interrupted) return undefined;
    const started = performance.now();
    const request = this.requestOf(series.failure.seed);
    const answer = await thread.perform({ kind: 'shrink', request, ...(this.hunt.budgetMs === undefined ? {} : { budgetMs: this.hunt.budgetMs }) });
    if (answer.kind !== 'shrunk' || answer.shrunk === undefined) return undefined;
    const { after, removed } = answer.shrunk;
    return { after, removed: Math.round(removed * 1e4) / 1e4, ms: Math.round(performance.now() - started) };
  }

  private requestOf(seed: number): RunRequest {
    return drawnBy(seed, this.scenarios);
  }

  /** Series start far enough from each other that none meets a seed of another. */
  private firstSeed(series: number): number {
    return this.hunt.seed + series * this.hunt.limit;
  }

  private async series(thread: SimulatorThread, mutant: string, from: number): Promise<Series> {
    const mode = plainMode(mutant);
    let cpuMs = 0;
    for (let seeds = 1; seeds <= this.hunt.limit && !this.interrupted; seeds++) {
      const run = await this.oneRun(thread, from + seeds - 1, mode);
      const { failure } = run;
      cpuMs += run.cpuMs;
      if (failure !== undefined && !(await this.failsAnyway(from + seeds - 1))) return { seeds, failure, cpuMs };
    }
    return { seeds: this.hunt.limit, failure: undefined, cpuMs };
  }

  private async oneRun(thread: SimulatorThread, seed: number, mode: RunMode): Promise<{ failure: FailedRun | undefined; cpuMs: number }> {
    const request = this.requestOf(seed);
    const answer = await thread.perform({ kind: 'batch', requests: [request] });
    const outcome = answer.kind === 'batch' ? answer.outcomes[0] : undefined;
    // A run that a person ended early proves nothing.
    if (outcome === undefined || outcome.stopped) return { failure: undefined, cpuMs: 0 };
    this.runs += 1;
    return { failure: failureOf(reportOf(outcome, mode)), cpuMs: outcome.cpuMs };
  }

  /** The same draw fails without the bug as well: then the alarm is false, and the bug was not found. */
  private failsAnyway(seed: number): Promise<boolean> {
    let known = this.clean.get(seed);
    if (known === undefined) {
      known = this.fails(seed);
      this.clean.set(seed, known);
    }
    return known;
  }

  private async fails(seed: number): Promise<boolean> {
    const thread = this.idle.pop() ?? this.open(undefined);
    const { failure } = await this.oneRun(thread, seed, plainMode());
    this.idle.push(thread);
    return failure !== undefined;
  }

  private async canaryCaught(): Promise<number> {
    this.doing = 'the canary';
    return this.withThread(CANARY, async (thread) => {
      let caught = 0;
      for (let i = 0; i < CANARY_RUNS && !this.interrupted; i++) if ((await this.oneRun(thread, this.hunt.seed + i, plainMode(CANARY))).failure !== undefined) caught += 1;
      return caught;
    });
  }

  /** The draws that found the bugs, without them. */
  private async falseAlarms(rows: readonly MutantRow[], jobs: number): Promise<{ falseAlarms: number; falseAlarmRuns: number }> {
    this.doing = 'the same seeds without a planted bug';
    const seeds: number[] = [];
    for (let series = 0; series < this.hunt.series; series++) {
      const most = Math.max(0, ...rows.filter((row) => row.found).map((row) => row.seeds[series] ?? 0));
      for (let i = 0; i < most; i++) seeds.push(this.firstSeed(series) + i);
    }
    await Promise.all(Array.from({ length: jobs }, async () => {
      for (let seed = seeds.pop(); seed !== undefined && !this.interrupted; seed = seeds.pop()) await this.failsAnyway(seed);
    }));
    const failed = await Promise.all(this.clean.values());
    return { falseAlarms: failed.filter(Boolean).length, falseAlarmRuns: failed.length };
  }

  private async withThread<T>(mutant: string | undefined, use: (thread: SimulatorThread) => Promise<T>): Promise<T> {
    const thread = this.open(mutant);
    try {
      return await use(thread);
    } finally {
      this.active.delete(thread);
      await thread.end();
    }
  }

  private open(mutant: string | undefined): SimulatorThread {
    const thread = new SimulatorThread(mutant);
    this.active.add(thread);
    return thread;
  }
}

function mostFrequent(words: readonly string[]): string | null {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))[0]?.[0] ?? null;
}

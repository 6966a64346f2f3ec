// `lockstep mutants --operators N`: unbiased power. N slips of the hand, drawn from all places in the code that the claims are
// about, run under the draws of a sweep of all scenarios until something objects. What survives is listed: either it changes
// nothing that anybody could see, or it is a hole in the draws or in the properties.

import { availableParallelism } from 'node:os';
import { explanationOf } from '../../nemesis/mutants/survivors.ts';
import { renderOperators, type OperatorReport, type OperatorRow } from '../../reports/operator-table.ts';
import { paintFor } from '../../reports/paint.ts';
import { grouped } from '../../reports/quantities.ts';
import { failureOf } from '../../reports/sweep-report.ts';
import { readCount, readSeed } from '../arguments.ts';
import { catalogue } from '../catalogue.ts';
import { Complaint, EXIT } from '../complaint.ts';
import { Interruption } from '../interruption.ts';
import { kernelHash } from '../kernel-hash.ts';
import { Progress } from '../progress.ts';
import { replayCommand } from '../run-again.ts';
import { reportOf } from '../run-outcome.ts';
import { SimulatorThread } from '../simulator-thread.ts';
import { drawnBy, plainMode } from '../sweep.ts';
import { drawn, sourceOf } from './drawn.ts';
import type { Site } from './sites.ts';

const MAX_DRAWN = 100_000;
/** Two rounds through the scenarios. */
const SEEDS = 24;
/** Every so many runs everything passes through the codecs, and a state is restored from its image. */
const CHECKED_EVERY = 5;
/** A run that takes so much longer than the same one with nothing changed, and so long at least, goes round in circles. */
const HANGS_AFTER = 20;
const HANGS_AFTER_MS = 20_000;
/** Longer than any run takes, and what a timer can hold. */
const FOR_EVER_MS = 2 ** 31 - 1;
/** At least so many of a hundred have to be noticed. */
const GOAL = 0.85;

export interface OperatorFlags {
  readonly operators: string;
  readonly seed: string;
  readonly limit?: string;
  readonly jobs?: string;
  readonly shrink?: boolean;
  readonly budget?: string;
  readonly json?: boolean;
}

/** What came of one run: who objected, if anybody did, and otherwise the digest of all that was seen. */
type Verdict = { readonly wallMs: number } & ({ readonly by: string; readonly scenario: string } | { readonly by: undefined; readonly digest: string });

export async function operators(names: readonly string[], flags: OperatorFlags): Promise<number> {
  if (names.length > 0) throw new Complaint('--operators draws what it tries: leave out the names of mutants');
  if (flags.shrink === true || flags.budget !== undefined) throw new Complaint(`--operators and ${flags.shrink === true ? '--shrink' : '--budget'} do not go together: one of what it draws is shrunk by "lockstep sim --seed N --mutant NAME --shrink"`);
  const count = readCount(flags.operators, '--operators', 1, MAX_DRAWN);
  const seed = readSeed(flags.seed);
  const limit = flags.limit === undefined ? SEEDS : readCount(flags.limit, '--limit', 1, 1_000_000);
  const jobs = flags.jobs === undefined ? availableParallelism() : readCount(flags.jobs, '--jobs', 1, 256);
  const { places, sites } = await draw(count, seed);
  const trying = new Trying(seed, limit);
  const report = await trying.run(sites, places, jobs);
  process.stdout.write(flags.json === true ? `${JSON.stringify(report)}\n` : `${renderOperators(report, paintFor(process.stdout.isTTY, process.env))}\n`);
  if (trying.interrupted) return EXIT.held;
  return report.killRate >= GOAL && report.falseAlarms === 0 ? EXIT.held : EXIT.violated;
}

async function draw(count: number, seed: number): Promise<ReturnType<typeof drawn>> {
  try {
    return drawn(count, seed);
  } catch (error) {
    throw new Complaint(`the sources cannot be read for slips: ${error instanceof Error ? error.message : String(error)}`);
  }
}

class Trying {
  interrupted = false;
  private readonly seed: number;
  private readonly limit: number;
  private readonly scenarios: readonly string[] = catalogue().scenarios.map((scenario) => scenario.name);
  private readonly active = new Set<SimulatorThread>();
  private readonly idle: SimulatorThread[] = [];
  /** By seed: the same run with nothing changed. */
  private readonly unchanged = new Map<number, Promise<Verdict>>();
  private done = 0;
  private noticed = 0;
  private runs = 0;

  constructor(seed: number, limit: number) {
    this.seed = seed;
    this.limit = limit;
  }

  async run(sites: readonly Site[], places: number, jobs: number): Promise<OperatorReport> {
    const started = performance.now();
    const interruption = new Interruption(() => this.stop());
    const progress = new Progress(() => `${this.done} of ${sites.length} slips tried, ${this.noticed} noticed  ${grouped(this.runs)} runs`);
    const rows: OperatorRow[] = [];
    try {
      const queue = [...sites];
      await Promise.all(Array.from({ length: jobs }, async () => {
        for (let site = queue.shift(); site !== undefined && !this.interrupted; site = queue.shift()) {
          const row = await this.row(site);
          if (this.interrupted) return;
          rows.push(row);
          this.done++;
          if (row.killedBy !== null) this.noticed++;
        }
      }));
      const falseAlarms = (await Promise.all(this.unchanged.values())).filter((verdict) => verdict.by !== undefined).length;
      const place = new Map(sites.map((site, at) => [site.name, at]));
      rows.sort((a, b) => (place.get(a.name) ?? 0) - (place.get(b.name) ?? 0));
      return {
        kernel: kernelHash(), seed: this.seed, limit: this.limit, places, drawn: rows.length, killed: this.noticed, killRate: rows.length === 0 ? 0 : this.noticed / rows.length,
        mutants: rows, falseAlarms, falseAlarmRuns: this.unchanged.size, wallMs: Math.round(performance.now() - started),
      };
    } finally {
      progress.end();
      interruption.forget();
      await Promise.all(this.idle.map((thread) => thread.end()));
    }
  }

  private stop(): void {
    this.interrupted = true;
    for (const thread of this.active) void thread.end();
  }

  private async row(site: Site): Promise<OperatorRow> {
    const source = sourceOf(site.file);
    const line = source.split('\n')[site.line - 1] ?? '';
    const base = { name: site.name, operator: site.operator, file: site.file, line: site.line, was: source.slice(site.from, site.to), is: site.replacement, context: line.trim() };
    const thread = this.open(site.name);
    let differs = false;
    try {
      for (let runs = 1; runs <= this.limit; runs++) {
        const seed = this.seed + runs - 1;
        const expected = await this.plain(seed);
        const verdict = await this.oneRun(thread, seed, site.name, Math.max(HANGS_AFTER_MS, HANGS_AFTER * expected.wallMs));
        if (this.interrupted) break;
        if (verdict.by !== undefined && expected.by === undefined) {
          return { ...base, killedBy: verdict.by, runs, differs: true, why: null, replay: replayCommand(seed, verdict.scenario, plainMode(site.name, this.isChecked(seed))) };
        }
        if (verdict.by === undefined && expected.by === undefined && verdict.digest !== expected.digest) differs = true;
      }
      return { ...base, killedBy: null, runs: this.limit, differs, why: explanationOf(site.file, base.context, site.operator) ?? null, replay: null };
    } finally {
      this.active.delete(thread);
      await thread.end();
    }
  }

  private plain(seed: number): Promise<Verdict> {
    let known = this.unchanged.get(seed);
    if (known === undefined) {
      const thread = this.idle.pop() ?? this.open(undefined);
      known = this.oneRun(thread, seed, undefined, FOR_EVER_MS).then((verdict) => {
        this.idle.push(thread);
        return verdict;
      });
      this.unchanged.set(seed, known);
    }
    return known;
  }

  /** A thread that dies, or never comes back, has noticed something too. */
  private async oneRun(thread: SimulatorThread, seed: number, mutant: string | undefined, patienceMs: number): Promise<Verdict> {
    const request = drawnBy(seed, this.scenarios, this.isChecked(seed));
    const scenario = request.options.scenario ?? '';
    const started = performance.now();
    const objected = (by: string): Verdict => ({ by, scenario, wallMs: performance.now() - started });
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<'hangs'>((resolve) => (timer = setTimeout(() => resolve('hangs'), patienceMs)));
    try {
      const answer = await Promise.race([thread.perform({ kind: 'batch', requests: [request] }), patience]);
      this.runs++;
      if (answer === 'hangs') return objected('goes on for ever');
      const outcome = answer.kind === 'batch' ? answer.outcomes[0] : undefined;
      if (outcome === undefined) return objected('no run');
      const failure = failureOf(reportOf(outcome, plainMode(mutant)));
      if (failure !== undefined) return objected(failure.properties[0] ?? 'assertion');
      return { by: undefined, digest: outcome.result.digest, wallMs: performance.now() - started };
    } catch {
      return objected('the simulator throws');
    } finally {
      clearTimeout(timer);
    }
  }

  private isChecked(seed: number): boolean {
    return (seed - this.seed) % CHECKED_EVERY === CHECKED_EVERY - 1;
  }

  private open(mutant: string | undefined): SimulatorThread {
    const thread = new SimulatorThread(mutant);
    this.active.add(thread);
    return thread;
  }
}

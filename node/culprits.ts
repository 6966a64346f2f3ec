// `lockstep mutants --why`: how near is the moment that `sim --why` names to the step at which a planted bug had to act? That step
// is found with the bug itself, switched off in the middle of the run, of which `why` knows nothing.

import { CULPRITS, type Culprit } from '../nemesis/mutants/culprits.ts';
import { renderCulprits, type CulpritReport, type CulpritRow } from '../reports/culprit-table.ts';
import { paintFor } from '../reports/paint.ts';
import type { Why } from '../scenarios/why.ts';
import { readCount, readSeed, readWord } from './arguments.ts';
import { catalogue } from './catalogue.ts';
import { Complaint, EXIT } from './complaint.ts';
import { Interruption } from './interruption.ts';
import { kernelHash } from './kernel-hash.ts';
import { Progress } from './progress.ts';
import type { RunRequest } from './run-request.ts';
import { DEFAULT_SAMPLES } from './sim-options.ts';
import { SimulatorThread } from './simulator-thread.ts';
import { drawnBy } from './sweep.ts';

/** Of the run until it failed: a moment that is no further from the culprit has found it. */
const NEAR = 0.05;
/** The part of the bugs of which the moment has to be near. */
const ENOUGH = 0.8;

/** Seeds until a bug fails a run, at most. */
const SEEDS = '200';

export interface CulpritFlags {
  readonly seed: string;
  readonly samples?: string;
  readonly jobs?: string;
  readonly json?: boolean;
  readonly series?: string;
  readonly limit?: string;
  readonly shrink?: boolean;
  readonly budget?: string;
  readonly operators?: string;
}

export async function culprits(names: readonly string[], flags: CulpritFlags): Promise<number> {
  for (const other of ['shrink', 'budget', 'operators'] as const) if (flags[other] !== undefined) throw new Complaint(`--why and --${other} do not go together`);
  const known = CULPRITS.map((one) => one.name);
  const chosen = names.length === 0 ? known : names.map((name) => readWord(name, 'mutant with a known culprit', known));
  const samples = readCount(flags.samples ?? DEFAULT_SAMPLES, '--samples', 4, 1_000);
  const jobs = flags.jobs === undefined ? 1 : readCount(flags.jobs, '--jobs', 1, 256);
  const report = await new Measuring(samples, readSeed(flags.seed), readCount(flags.limit ?? SEEDS, '--limit', 1, 1_000_000)).measure(CULPRITS.filter((one) => chosen.includes(one.name)), jobs);
  process.stdout.write(flags.json === true ? `${JSON.stringify(report)}\n` : `${renderCulprits(report, paintFor(process.stdout.isTTY, process.env))}\n`);
  return report.interrupted || report.near >= ENOUGH * report.rows.length ? EXIT.held : EXIT.violated;
}

class Measuring {
  private readonly samples: number;
  private readonly from: number;
  private readonly limit: number;
  private readonly active: Set<SimulatorThread> = new Set();
  private readonly scenarios: readonly string[] = catalogue().scenarios.map((scenario) => scenario.name);
  private interrupted = false;
  private doing = '';

  constructor(samples: number, from: number, limit: number) {
    this.samples = samples;
    this.from = from;
    this.limit = limit;
  }

  async measure(chosen: readonly Culprit[], jobs: number): Promise<CulpritReport> {
    const started = performance.now();
    const rows: CulpritRow[] = [];
    const interruption = new Interruption(() => this.stop());
    const progress = new Progress(() => this.doing);
    const queue = [...chosen];
    try {
      await Promise.all(Array.from({ length: jobs }, async () => {
        for (let one = queue.shift(); one !== undefined && !this.interrupted; one = queue.shift()) rows.push(await this.row(one));
      }));
    } finally {
      progress.end();
      interruption.forget();
    }
    rows.sort((a, b) => chosen.findIndex((one) => one.name === a.name) - chosen.findIndex((one) => one.name === b.name));
    const near = rows.filter((row) => row.apart !== null && row.apart <= NEAR).length;
    return { kernel: kernelHash(), samples: this.samples, rows, near, limit: NEAR, interrupted: this.interrupted, wallMs: Math.round(performance.now() - started) };
  }

  private stop(): void {
    this.interrupted = true;
    for (const thread of this.active) thread.stop();
  }

  private async row({ name }: Culprit): Promise<CulpritRow> {
    const started = performance.now();
    const { request, why } = await this.withThread(name, false, (thread) => this.explained(thread, name));
    this.doing = `${name}: the culprit`;
    const culprit = why === undefined ? undefined : await this.withThread(name, true, async (thread) => {
      const answer = await thread.perform({ kind: 'culprit', request });
      return answer.kind === 'culprit' ? answer.culprit : undefined;
    });
    const apart = why === undefined || culprit === undefined ? null : Math.round((1e4 * Math.abs(why.turn.at - culprit.at)) / why.failure.at) / 1e4;
    return {
      name, replay: replayOf(request, name), property: why?.failure.property ?? null, failedAtUs: why?.failure.at ?? null, culpritAtUs: culprit?.at ?? null,
      namedAtUs: why?.turn.at ?? null, apart, event: why?.turn.event ?? null, runs: why?.runs ?? 0, wallMs: Math.round(performance.now() - started),
    };
  }

  /** The first run that the bug fails, and why it does. */
  private async explained(thread: SimulatorThread, name: string): Promise<{ readonly request: RunRequest; readonly why: Why | undefined }> {
    for (let seed = this.from; ; seed++) {
      this.doing = `${name}: seed ${seed}`;
      const request = drawnBy(seed, this.scenarios);
      const answer = await thread.perform({ kind: 'why', request, samples: this.samples });
      if (answer.kind === 'why' && answer.why !== undefined) return { request, why: answer.why };
      if (seed + 1 >= this.from + this.limit || this.interrupted) return { request, why: undefined };
    }
  }

  private async withThread<T>(mutant: string, switched: boolean, use: (thread: SimulatorThread) => Promise<T>): Promise<T> {
    const thread = new SimulatorThread(mutant, switched);
    this.active.add(thread);
    try {
      return await use(thread);
    } finally {
      this.active.delete(thread);
      await thread.end();
    }
  }
}

const replayOf = (request: RunRequest, mutant: string): string => `npm run sim -- --scenario ${request.options.scenario} --seed ${request.seed} --mutant ${mutant} --why`;

// Makes a failing run smaller while it fails alike: the same property, with the same signature. Each step tries an edit of the
// run file; what is left to chance in a run (latencies, election timeouts) is drawn anew with every edit anyway, so an edit is
// tried under several seeds before it is given up. Everything follows from the run and the bounds: no step looks at a clock.
//
// First the end is cut off, and what the clients asked is written down, so that it can be cut too. Then the beginning, groups
// and nodes, faults, and operations, the large pieces first, until nothing more can go; last, what is left is made milder,
// shorter and closer together.

import { Random } from '../kernel/base/random.ts';
import { MS, type Micros } from '../kernel/base/time.ts';
import type { RunFile } from '../io/sim/run-file.ts';
import type { Failure } from './failure.ts';
import { isWithinBudget } from './run-file-reading.ts';
import { alone, asking, beginningAt, CALM_US, endingAt, endingWith, healingLate, milder, momentsOf, onTopology, renumbered, tighterBounds, withFault, withoutFaults, withoutOperations, withoutPause, withSeed } from './smaller-runs.ts';
import type { Attempt, Trial } from './trial.ts';

export interface Size {
  readonly faults: number;
  readonly operations: number;
  readonly nodes: number;
}

export interface ShrinkProgress extends Size {
  readonly trials: number;
  readonly doing: string;
}

export interface ShrinkBounds {
  /** Queue entries of all trials together: a bound that is the same on every machine. */
  readonly events: number;
  /** False ends the search with what was found so far. */
  goOn(progress: ShrinkProgress): boolean;
}

export interface Shrunk {
  readonly run: RunFile;
  readonly failure: Failure;
  /** Of its execution. */
  readonly digest: string;
  readonly before: Size;
  readonly after: Size;
  /** Of all faults and operations, the share that is gone. */
  readonly removed: number;
  readonly trials: number;
  readonly events: number;
  /** Nothing more could go: the search was not ended before. */
  readonly complete: boolean;
}

/** How many seeds, and queue entries after the second of them, an edit is worth. */
interface Effort {
  readonly tries: number;
  readonly events: number;
}

/** What saves the most is worth the most. */
const GREAT: Effort = { tries: 40, events: 160_000 };
const FAIR: Effort = { tries: 12, events: 50_000 };
const SMALL: Effort = { tries: 6, events: 25_000 };
const LEAST: Effort = { tries: 3, events: 10_000 };
const LEAST_TRIES = 2;
const ROUNDS = 4;
/** So few operations can be read at a glance. */
const ENOUGH = 3;
/** The failure may come that much later than before, besides a sixteenth. */
const LATER_US: Micros = 300 * MS;
/** Pauses shorter than this are left alone. */
const PAUSE_US: Micros = 60 * MS;

/** The run must fail: `first` says how it did. */
export function shrink(run: RunFile, first: Trial, attempt: Attempt, bounds: ShrinkBounds): Shrunk {
  return new Shrinking(run, first, attempt, bounds).shrink();
}

class Shrinking {
  private readonly attempt: Attempt;
  private readonly bounds: ShrinkBounds;
  private readonly original: RunFile;
  private readonly first: Trial;
  /** The execution that `failure` is of. */
  private latest: Trial;
  private readonly seeds: Random;
  private best: RunFile;
  private failure: Failure;
  private trials = 0;
  private events = 0;
  private doing = '';
  private over = false;

  constructor(run: RunFile, first: Trial, attempt: Attempt, bounds: ShrinkBounds) {
    this.original = run;
    this.first = first;
    this.latest = first;
    this.attempt = attempt;
    this.bounds = bounds;
    this.failure = first.failures[0] as Failure;
    this.best = cut(run, this.failure);
    this.seeds = Random.of(run.seed, 'shrink');
  }

  shrink(): Shrunk {
    this.nameOperations(SMALL);
    this.doing = 'what is outside';
    if (this.best.followsParent || this.best.gpuPollUs > 0) this.accepts(alone(this.best), FAIR);
    for (let round = 0; round < ROUNDS && !this.over; round++) {
      const before = JSON.stringify(this.best);
      // While a run is long, only what saves most of it is tried.
      this.cutBeginning([15 / 16, 3 / 4, 1 / 2], LEAST);
      this.reduceTopology();
      this.cutBeginning();
      this.thinFaults();
      this.nameOperations(FAIR);
      this.cutBeginning();
      this.thinOperations();
      if (JSON.stringify(this.best) === before) break;
    }
    this.nameOperations(GREAT);
    this.tightenBounds();
    this.makeMilder();
    this.closeUp();
    this.thinFaults();
    this.thinOperations();
    const { digest } = this.attempt(this.best);
    const before = sizeOf(this.original, this.first.operations.length);
    const after = this.size;
    return {
      run: this.best, failure: this.failure, digest, before, after, removed: 1 - (after.faults + after.operations) / Math.max(1, before.faults + before.operations),
      trials: this.trials, events: this.events, complete: !this.over,
    };
  }

  private get size(): Size {
    return sizeOf(this.best, this.latest.operations.length);
  }

  /** True if the failure came before everything was healed: then nothing after it matters. */
  private get early(): boolean {
    return this.failure.at < this.best.healAt;
  }

  private mayGoOn(): boolean {
    this.over ||= this.events >= this.bounds.events || !this.bounds.goOn({ ...this.size, trials: this.trials, doing: this.doing });
    return !this.over;
  }

  /** Tries an edit under several seeds. `earlier`: by how much it should bring the failure forward. */
  private accepts(candidate: RunFile, effort: Effort, earlier: Micros = 0): boolean {
    if (candidate === this.best || !isWithinBudget(candidate)) return false;
    const enough = this.events + effort.events;
    for (let i = 0; i < effort.tries && (i < LEAST_TRIES || this.events < enough) && this.mayGoOn(); i++) {
      if (this.fails(i === 0 ? candidate : withSeed(candidate, this.seeds.word() >>> 0), earlier)) return true;
    }
    return false;
  }

  private fails(candidate: RunFile, earlier: Micros): boolean {
    const due = this.failure.at - earlier;
    const endAt = due + LATER_US + Math.floor(due / 16);
    const run = this.early ? healingLate(candidate, endAt) : candidate;
    const trial = this.attempt(run, this.early ? { endAt } : {});
    this.trials++;
    this.events += trial.events;
    const failure = trial.failures.find((one) => one.signature === this.failure.signature);
    if (failure === undefined) return false;
    this.failure = failure;
    this.latest = trial;
    this.best = cut(run, failure);
    return true;
  }

  /** What the clients asked becomes part of the file: a thing that can be taken out. */
  private nameOperations(effort: Effort): void {
    if (this.best.operations !== undefined) return;
    this.doing = 'naming what clients asked';
    this.accepts(asking(this.best, this.latest.operations), effort);
  }

  /** The later the run begins, the less is left of it, and the sooner every further trial is over. */
  private cutBeginning(all: readonly number[] = [15 / 16, 7 / 8, 3 / 4, 1 / 2, 1 / 4], effort: Effort = FAIR): void {
    this.doing = 'the beginning';
    for (let shares = all; ; ) {
      const share = shares.find((one) => {
        // What fails after healing needs the time until then, and something that went wrong before.
        const begin = Math.floor(Math.min(this.failure.at, this.best.healAt) * one);
        return begin - CALM_US > CALM_US / 8 && this.accepts(beginningAt(this.best, begin), effort, begin - CALM_US);
      });
      if (share === undefined) return;
      // A bolder cut has failed just now.
      shares = shares.filter((one) => one <= share);
    }
  }

  private reduceTopology(): void {
    this.doing = 'groups and nodes';
    const { groups, nodes } = this.best;
    for (const fewer of [1, 2, groups >> 4, groups >> 2, groups >> 1]) {
      if (fewer >= 1 && fewer < groups && this.accepts(onTopology(this.inFront(), nodes, fewer, this.best.votersPerGroup), GREAT)) break;
    }
    for (const fewer of [3, 4, 5, 7, 10, nodes >> 2, nodes >> 1]) {
      if (fewer >= 1 && fewer < nodes && this.accepts(onTopology(this.inFront(), fewer, this.best.groups, this.best.votersPerGroup), FAIR)) break;
    }
  }

  /** With the nodes numbered so that the group of the failure, if one is named, stands on the first of them: they stay. */
  private inFront(): RunFile {
    const group = / group (\d+)/.exec(this.failure.message)?.[1];
    const first = group === undefined ? 0 : Math.floor((Number(group) * this.best.nodes) / this.best.groups);
    return renumbered(this.best, first);
  }

  private thinFaults(): void {
    this.doing = 'faults';
    this.thin(() => this.best.faults.length, (from, to) => withoutFaults(this.best, from, to));
  }

  private thinOperations(): void {
    this.doing = 'operations';
    while (this.halveOperations()) continue;
    this.thin(() => this.best.operations?.length ?? 0, (from, to) => withoutOperations(this.best, from, to));
  }

  /** Where half of them is not enough to get there, it may be with a bound that is reached sooner. */
  private halveOperations(): boolean {
    const count = this.best.operations?.length ?? 0;
    if (count <= 4 * ENOUGH) return false;
    const half = (run: RunFile): RunFile => withoutOperations(run, 0, count >> 1);
    return this.accepts(half(this.best), FAIR) || tighterBounds(this.best).some((tighter) => this.accepts(half(tighter(this.best)), LEAST));
  }

  /** Takes out pieces of half the list, then of a quarter, and so on down to one. */
  private thin(count: () => number, without: (from: number, to: number) => RunFile): void {
    for (let piece = count(); piece >= 1; piece = piece === 1 ? 0 : Math.min(count(), Math.ceil(piece / 2))) {
      for (let place = 0; place < count() && !this.over; ) {
        if (!this.accepts(without(place, Math.min(count(), place + piece)), piece > 4 ? FAIR : SMALL)) place += piece;
      }
    }
  }

  /** What is reached only after much has been asked is reached sooner where bounds are tight. Kept where it saves operations. */
  private tightenBounds(): void {
    this.doing = 'bounds';
    for (const tighter of tighterBounds(this.best)) {
      const { best, failure, latest } = this;
      const before = this.size.operations;
      if (before <= ENOUGH || this.over) return;
      if (!this.accepts(tighter(best), SMALL)) continue;
      this.thinOperations();
      if (this.size.operations < before) continue;
      this.best = best;
      this.failure = failure;
      this.latest = latest;
    }
  }

  private makeMilder(): void {
    this.doing = 'strengths and durations';
    for (let place = 0; place < this.best.faults.length && !this.over; place++) {
      for (let again = true; again; ) {
        const episode = this.best.faults[place];
        again = episode !== undefined && milder(episode).some((change) => this.accepts(withFault(this.best, place, change), LEAST));
      }
    }
  }

  /** Brings what happens closer together. */
  private closeUp(): void {
    this.doing = 'pauses';
    for (const share of [1, 2]) {
      for (let place = 0; !this.over; ) {
        const moments = momentsOf(this.best);
        const from = moments[place];
        const to = moments[place + 1];
        if (from === undefined || to === undefined) break;
        const by = Math.floor((to - from - PAUSE_US / 2) / share);
        const ends = to > this.failure.at;
        if (ends || by < PAUSE_US || !this.accepts(withoutPause(this.best, from, by), LEAST, by)) place++;
      }
    }
  }
}

function sizeOf(run: RunFile, operations: number): Size {
  return { faults: run.faults.length, operations: run.operations?.length ?? operations, nodes: run.nodes };
}

/** The same run, without what it does after it has failed. */
function cut(run: RunFile, failure: Failure): RunFile {
  if (failure.at < run.healAt) return endingAt(run, failure.at);
  return failure.at < run.forUs ? endingWith(run, failure.at + 1) : run;
}

// When did a failure become inevitable? The same run is executed up to some moment, and from there on everything that is left
// to chance is drawn anew, several times: how often does it still fail in the same way, in about the same time? Where that
// share jumps for the last time, what was handled there decided it. The jitter of the kernels is part of their state, as it is
// of a live node that is restored; the faults, and the operations that the run file names, come as they would have come.
//
// Everything follows from the run and the bounds. A moment is a count of queue entries: between two of them nothing happens.

import { Random } from '../kernel/base/random.ts';
import { MS, type Micros } from '../kernel/base/time.ts';
import type { RunFile } from '../io/sim/run-file.ts';
import type { Failure } from './failure.ts';
import { endingAt, endingWith, healingLate } from './smaller-runs.ts';
import { Telling } from './telling.ts';
import type { Attempt, Trial } from './trial.ts';

export interface Moment {
  /** So many queue entries were handled as they were. */
  readonly after: number;
  readonly at: Micros;
  readonly samples: number;
  /** Of these, how many failed. */
  readonly failed: number;
}

export interface WhyProgress {
  readonly runs: number;
  readonly moments: number;
  readonly doing: string;
}

export interface WhyBounds {
  /** Samples of a moment at most. */
  readonly samples: number;
  /** Queue entries of all executions together. */
  readonly events: number;
  goOn(progress: WhyProgress): boolean;
}

export interface Why {
  readonly failure: Failure;
  /** In order. */
  readonly moments: readonly Moment[];
  /** The entry with which the failure became inevitable: how likely it was before and after, and what was handled. */
  readonly turn: {
    readonly entry: number;
    readonly at: Micros;
    readonly before: number;
    readonly after: number;
    readonly event: string;
    /** Everything that was seen while the entry was handled. */
    readonly seen: readonly string[];
    /** The search could not get closer than this many entries. */
    readonly within: number;
  };
  readonly runs: number;
}

const POINTS = 16;
/** Before a moment is judged. */
const FEWEST = 6;
const LATER_US: Micros = 300 * MS;

/** The run must fail: `first` says how it did. */
export function why(run: RunFile, first: Trial, attempt: Attempt, bounds: WhyBounds): Why {
  return new Asking(run, first, attempt, bounds).why();
}

class Asking {
  private readonly run: RunFile;
  private readonly failure: Failure;
  private readonly attempt: Attempt;
  private readonly bounds: WhyBounds;
  private readonly endAt: Micros | undefined;
  /** Entries until it failed. */
  private readonly last: number;
  private readonly moments: Map<number, Moment> = new Map();
  private runs = 0;
  private events = 0;
  private doing = '';
  private over = false;

  constructor(run: RunFile, first: Trial, attempt: Attempt, bounds: WhyBounds) {
    this.failure = first.failures[0] as Failure;
    this.attempt = attempt;
    this.bounds = bounds;
    this.last = first.events;
    const { at } = this.failure;
    // The failure may come a little later than it did; much later it would be another one.
    const late = at + LATER_US + Math.floor(at / 16);
    if (at < run.healAt) {
      this.run = healingLate(endingAt(run, late), late);
      this.endAt = late;
    } else {
      this.run = at < run.forUs ? endingWith(run, Math.min(run.forUs, late)) : run;
      this.endAt = at < run.forUs ? Math.min(run.forUs, late) : undefined;
    }
  }

  why(): Why {
    this.doing = 'the curve';
    const from = this.sampled(0);
    for (let point = 1; point < POINTS; point++) this.sampled(Math.floor((this.last * point) / POINTS));
    this.moments.set(this.last, { after: this.last, at: this.failure.at, samples: 1, failed: 1 });
    this.doing = 'the moment';
    const [low, high] = this.narrowed(share(from));
    this.doing = 'its name';
    return { failure: this.failure, moments: this.ordered(), turn: this.named(low, high), runs: this.runs };
  }

  private ordered(): Moment[] {
    return [...this.moments.values()].toSorted((a, b) => a.after - b.after);
  }

  /** The last two moments between which the likelihood passes the middle, with nothing between them that could be asked. */
  private narrowed(base: number): readonly [Moment, Moment] {
    const middle = (Math.min(base, 0.8) + 1) / 2;
    const curve = this.ordered();
    let place = curve.length - 1;
    while (place > 1 && share(curve[place - 1] as Moment) >= middle) place--;
    let high = curve[place] as Moment;
    let low = curve[place - 1] as Moment;
    while (high.after - low.after > 1 && !this.over) {
      const between = this.sampled(low.after + ((high.after - low.after) >> 1), middle);
      if (between.samples === 0) break;
      if (share(between) >= middle) high = between;
      else low = between;
    }
    return [low, high];
  }

  /** `against`: stop asking once it is clear on which side of this share the moment is. */
  private sampled(after: number, against?: number): Moment {
    const known = this.moments.get(after);
    if (known !== undefined) return known;
    const seeds = Random.of(this.run.seed, 'why', after);
    const enough = against === undefined ? Math.ceil(this.bounds.samples / 2) : this.bounds.samples;
    let at: Micros = 0;
    let samples = 0;
    let failed = 0;
    while (samples < enough && this.mayGoOn() && !isClear(failed, samples, against)) {
      const trial = this.attempt(this.run, { ...(this.endAt === undefined ? {} : { endAt: this.endAt }), reroll: { after, seed: seeds.word() >>> 0 } });
      this.runs++;
      this.events += trial.events;
      if (this.over) break;
      at = trial.rerolledAt ?? at;
      samples++;
      if (trial.failures.some((one) => one.signature === this.failure.signature)) failed++;
    }
    const moment: Moment = { after, at, samples, failed };
    if (samples > 0) this.moments.set(after, moment);
    return moment;
  }

  private mayGoOn(): boolean {
    this.over ||= this.events >= this.bounds.events || !this.bounds.goOn({ runs: this.runs, moments: this.moments.size, doing: this.doing });
    return !this.over;
  }

  /** What is seen in the entries after `low`, up to `high`: mostly one. */
  private named(low: Moment, high: Moment): Why['turn'] {
    const before = new Telling();
    const upTo = low.after === 0 ? undefined : this.attempt(this.run, { endAfter: low.after, listeners: [before] });
    const telling = new Telling();
    const trial = this.attempt(this.run, { endAfter: high.after, listeners: [telling] });
    const seen = telling.after(upTo === undefined ? 0 : before.count);
    const quiet = trial.attending === 0 ? 'time passed' : `node ${trial.attending} took its turn, and nothing of it was seen outside`;
    return {
      entry: high.after, at: high.at, before: share(low), after: share(high), event: telling.foremost(seen) ?? quiet, seen: seen.map((one) => one.text), within: high.after - low.after,
    };
  }
}

const share = (moment: Moment): number => moment.failed / Math.max(1, moment.samples);

/** More than two standard deviations away from `against`, in squares; after a few that all went one way, that is enough. */
function isClear(failed: number, samples: number, against: number | undefined): boolean {
  if (against === undefined || samples < FEWEST) return false;
  const off = failed - samples * against;
  return off * off > 4 * samples * against * (1 - against);
}

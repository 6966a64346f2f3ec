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
  /** Continuations of a moment, at most. */
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
  /** What counted as this failure. */
  readonly sameness: Sameness;
  readonly runs: number;
}

const POINTS = 12;
/** The first look back from the failure, as a part of the run. */
const FIRST_LOOK = 512;
/** The failure is still the same one if it comes so much earlier or later, or a fiftieth of the run. */
const ABOUT_US: Micros = 150 * MS;
/**
 * A moment is asked until this much more speaks for "in 92 of 100 cases" than for "in 60", or the other way round: each failure
 * counts one, each case without it four (a sequential test; both errors below one in eight).
 */
const ENOUGH = 5;
const AGAINST = 4;

/** A run up to a little after it failed, and when to end it if it does not. */
export interface Framed {
  readonly run: RunFile;
  readonly end: { readonly endAt?: Micros };
}

/** How much earlier or later the failure is still the same one. */
const about = (at: Micros): Micros => ABOUT_US + Math.floor(at / 50);

export function isAlike(one: Failure, failure: Failure): boolean {
  return one.signature === failure.signature && Math.abs(one.at - failure.at) <= about(failure.at);
}

/** What counts as the failure that is asked about: one in the same words (need, entry, term, nodes), or that and at the same moment. */
export type Sameness = 'said alike' | 'the very one';

const AT_ONCE_US: Micros = MS;

function isSame(one: Failure, failure: Failure, sameness: Sameness): boolean {
  if (!isAlike(one, failure) || one.message !== failure.message) return false;
  return sameness !== 'the very one' || Math.abs(one.at - failure.at) <= AT_ONCE_US;
}

export function framed(run: RunFile, at: Micros): Framed {
  const late = at + about(at);
  if (at < run.healAt) return { run: healingLate(endingAt(run, late), late), end: { endAt: late } };
  return at < run.forUs ? { run: endingWith(run, Math.min(run.forUs, late)), end: { endAt: Math.min(run.forUs, late) } } : { run, end: {} };
}

/** The run must fail: `first` says how it did. */
export function why(run: RunFile, first: Trial, attempt: Attempt, bounds: WhyBounds): Why {
  return new Asking(run, first, attempt, bounds).why();
}

class Asking {
  private readonly seed: number;
  private readonly failure: Failure;
  private readonly attempt: Attempt;
  private readonly bounds: WhyBounds;
  private readonly frame: Framed;
  private sameness: Sameness = 'said alike';
  /** Entries until it failed. */
  private readonly last: number;
  private readonly endedAt: Micros;
  private readonly moments: Map<number, Moment> = new Map();
  private runs = 0;
  private events = 0;
  private doing = '';
  private over = false;

  constructor(run: RunFile, first: Trial, attempt: Attempt, bounds: WhyBounds) {
    this.seed = run.seed;
    this.failure = first.failures[0] as Failure;
    this.attempt = attempt;
    this.bounds = bounds;
    this.last = first.events;
    this.endedAt = first.endedAt;
    this.frame = framed(run, this.failure.at);
  }

  why(): Why {
    const certain: Moment = { after: this.last, at: this.endedAt, samples: 1, failed: 1 };
    let [low, high] = this.searched('said alike', certain);
    // Such a failure comes whatever chance brings, of a bug that acts all the time: when was it clear that it would be this one?
    if (high.after === 0 && !this.over) [low, high] = this.searched('the very one', certain);
    this.doing = 'the curve';
    for (const moment of [low, high]) if (moment !== certain) this.more(moment.after, this.bounds.samples);
    for (let point = 0; point < POINTS; point++) this.more(Math.floor((this.last * point) / POINTS), this.bounds.samples >> 1);
    this.doing = 'its name';
    return { failure: this.failure, moments: this.ordered(), turn: this.named(this.moment(low), this.moment(high)), sameness: this.sameness, runs: this.runs };
  }

  private searched(sameness: Sameness, certain: Moment): readonly [Moment, Moment] {
    this.sameness = sameness;
    this.moments.clear();
    this.moments.set(this.last, certain);
    return this.narrowed(...this.lookedBack(certain));
  }

  private ordered(): Moment[] {
    return [...this.moments.values()].toSorted((a, b) => a.after - b.after);
  }

  private moment(known: Moment): Moment {
    return this.moments.get(known.after) ?? known;
  }

  /** From the failure back, in steps that double, to a moment at which it was not inevitable, and the one looked at before. */
  private lookedBack(certain: Moment): readonly [Moment, Moment] {
    this.doing = 'looking back';
    let high = certain;
    for (let step = Math.max(1, Math.ceil(this.last / FIRST_LOOK)); ; step *= 2) {
      const after = Math.max(0, this.last - step);
      const score = this.asked(after);
      const moment = this.moments.get(after);
      if (moment === undefined || this.over) return [moment ?? { after: 0, at: 0, samples: 0, failed: 0 }, high];
      if (score < 0 || after === 0) return [moment, score < 0 ? high : moment];
      high = moment;
    }
  }

  /** The moments closest to each other of which the failure was inevitable in the second alone. */
  private narrowed(from: Moment, to: Moment): readonly [Moment, Moment] {
    this.doing = 'the moment';
    let low = from;
    let high = to;
    while (high.after - low.after > 1 && !this.over) {
      const after = low.after + ((high.after - low.after) >> 1);
      const score = this.asked(after);
      const between = this.moments.get(after);
      if (between === undefined || this.over) break;
      if (score < 0) low = between;
      else high = between;
    }
    return [low, high];
  }

  /** Below zero: from there it was not inevitable. */
  private asked(after: number): number {
    let score = 0;
    for (let i = 0; i < this.bounds.samples && Math.abs(score) < ENOUGH && this.mayGoOn(); i++) score += this.sample(after) ? 1 : -AGAINST;
    return score;
  }

  private more(after: number, samples: number): void {
    while ((this.moments.get(after)?.samples ?? 0) < samples && this.mayGoOn()) this.sample(after);
  }

  /** One more continuation from there. Each has a seed of its own, which follows from the run and the moment. */
  private sample(after: number): boolean {
    const known = this.moments.get(after) ?? { after, at: 0, samples: 0, failed: 0 };
    const seed = Random.of(this.seed, 'why', after, known.samples).word() >>> 0;
    const trial = this.attempt(this.frame.run, { ...this.frame.end, reroll: { after, seed } });
    this.runs++;
    this.events += trial.events;
    // A run that was ended from outside says nothing.
    if (!this.mayGoOn()) return false;
    const failed = trial.failures.some((one) => isSame(one, this.failure, this.sameness));
    this.moments.set(after, { after, at: trial.rerolledAt ?? known.at, samples: known.samples + 1, failed: known.failed + (failed ? 1 : 0) });
    return failed;
  }

  private mayGoOn(): boolean {
    this.over ||= this.events >= this.bounds.events || !this.bounds.goOn({ runs: this.runs, moments: this.moments.size, doing: this.doing });
    return !this.over;
  }

  /** What is seen in the entries after `low`, up to `high`: mostly one. */
  private named(low: Moment, high: Moment): Why['turn'] {
    if (high.after === 0) return { entry: 0, at: 0, before: share(high), after: share(high), event: 'the run begins: its faults and what its clients ask are enough, whatever chance brings', seen: [], within: 1 };
    const before = new Telling();
    const upTo = low.after === 0 ? undefined : this.attempt(this.frame.run, { endAfter: low.after, listeners: [before] });
    const telling = new Telling();
    const trial = this.attempt(this.frame.run, { endAfter: high.after, listeners: [telling] });
    const seen = telling.after(upTo === undefined ? 0 : before.count);
    const quiet = trial.attending === 0 ? 'time passed' : `node ${trial.attending} took its turn, and nothing of it was seen outside`;
    return {
      entry: high.after, at: high.at, before: share(low), after: share(high), event: telling.foremost(seen) ?? quiet, seen: seen.map((one) => one.text), within: high.after - low.after,
    };
  }
}

const share = (moment: Moment): number => moment.failed / Math.max(1, moment.samples);

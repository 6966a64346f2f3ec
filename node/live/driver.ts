// Gives a loop its turns. Turns run in bounded bursts, so that sockets, timers and completions of the disk are never kept
// waiting for long: the event loop of the process stays responsive whatever arrives.

/** What of a loop the driver needs. */
export interface Turning {
  readonly hasWork: boolean;
  turn(): boolean;
}

/** A burst ends after this long at the latest, and is looked at that often: a turn takes microseconds, reading a clock too. */
const BURST_MS = 4;
const TURNS_PER_LOOK = 16;

export class Driver {
  private readonly loop: Turning;
  /** Called after every burst: turns, and how long they took. */
  private readonly after: (turns: number, tookMs: number) => void;
  private scheduled = false;
  private ended = false;

  constructor(loop: Turning, after: (turns: number, tookMs: number) => void) {
    this.loop = loop;
    this.after = after;
  }

  /** To be called whenever the loop was given something. */
  readonly wake = (): void => {
    if (this.scheduled || this.ended) return;
    this.scheduled = true;
    setImmediate(this.burst);
  };

  end(): void {
    this.ended = true;
  }

  private readonly burst = (): void => {
    this.scheduled = false;
    if (this.ended) return;
    const began = performance.now();
    let turns = 0;
    let more = this.loop.hasWork;
    let took = 0;
    while (more) {
      more = this.loop.turn();
      if (++turns % TURNS_PER_LOOK !== 0) continue;
      took = performance.now() - began;
      if (took >= BURST_MS) break;
    }
    this.after(turns, performance.now() - began);
    if (more) this.wake();
  };
}

// Rates and latencies of the last ten seconds, for people who look at a node. Bounded: of a busy second only a sample is kept.

const SECONDS = 10;
const SAMPLES_PER_SECOND = 512;
const SORT_EVERY_MS = 200;

interface Second {
  /** Which second this is; what is older than the window is empty. */
  at: number;
  answered: number;
  decided: number;
  readonly tookMs: Float64Array;
}

export interface Quantiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

export class Figures {
  decided = 0;
  answered = 0;
  private readonly now: () => number;
  private sorted: { readonly untilMs: number; readonly quantiles: Quantiles } = { untilMs: -1, quantiles: { p50: 0, p95: 0, p99: 0 } };
  private readonly seconds: readonly Second[] = Array.from({ length: SECONDS + 1 }, () => ({ at: -1, answered: 0, decided: 0, tookMs: new Float64Array(SAMPLES_PER_SECOND) }));

  constructor(now: () => number = () => performance.now()) {
    this.now = now;
  }

  answer(tookMs: number): void {
    const second = this.current();
    // Of the n-th answer's place a later one takes possession: early and late answers of a second are kept alike.
    second.tookMs[second.answered % SAMPLES_PER_SECOND] = tookMs;
    second.answered++;
    this.answered++;
  }

  decide(): void {
    this.current().decided++;
    this.decided++;
  }

  perSecond(): { readonly answered: number; readonly decided: number } {
    let answered = 0;
    let decided = 0;
    for (const second of this.past()) {
      answered += second.answered;
      decided += second.decided;
    }
    return { answered: answered / SECONDS, decided: decided / SECONDS };
  }

  /** Sorted at most a few times a second, however often somebody asks. */
  latencyMs(): Quantiles {
    const now = this.now();
    if (now >= this.sorted.untilMs) this.sorted = { untilMs: now + SORT_EVERY_MS, quantiles: this.quantiles() };
    return this.sorted.quantiles;
  }

  private quantiles(): Quantiles {
    const all: number[] = [];
    const current = this.current();
    for (const second of [...this.past(), current]) for (let i = 0; i < Math.min(second.answered, SAMPLES_PER_SECOND); i++) all.push(second.tookMs[i] as number);
    all.sort((a, b) => a - b);
    const at = (share: number): number => Math.round((all[Math.min(all.length - 1, Math.floor(share * all.length))] ?? 0) * 1_000) / 1_000;
    return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
  }

  /** The whole seconds before this one. */
  private past(): Second[] {
    const at = Math.floor(this.now() / 1_000);
    return this.seconds.filter((second) => second.at < at && second.at >= at - SECONDS);
  }

  private current(): Second {
    const at = Math.floor(this.now() / 1_000);
    const second = this.seconds[at % (SECONDS + 1)] as Second;
    if (second.at !== at) {
      second.at = at;
      second.answered = 0;
      second.decided = 0;
    }
    return second;
  }
}

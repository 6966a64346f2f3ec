// A quarter of an hour of steady load. Memory has to be flat once epochs begin to be forgotten as fast as they are filled; the
// journals have to refold to what the nodes were; and the event loops have to stay responsive all the while.

import { load } from './live/load.ts';
import { figuresOf, type LiveNetwork, type LiveSpec, type NodeFigures } from './live/network.ts';
import { row, type Bench, type Row, type Subject } from './row.ts';

const LIMIT = { rate: 1_000, growth: 0.1, delayMs: 20 } as const;
const FOR_US = 900_000_000;
/** Records are kept for three epochs; caches and code have found their size long before. */
const SETTLES = 1 / 3;
const SETTLES_AT_MOST_MS = 300_000;
const SAMPLE_MS = 5_000;
/** One sample says when the collector ran last; so many together say how much is held. */
const TOGETHER = 6;
const SPEC: LiveSpec = { epochUs: 60_000_000, snapshotEvery: 250_000 };
const CONNECTIONS = 192;
const PROCESSES = 2;
const WARM_UP_MS = 5_000;

interface Sample {
  readonly atMs: number;
  /** Of all nodes together. */
  readonly residentMb: number;
  readonly heapMb: number;
}

async function measure(subject: Subject): Promise<Row[]> {
  const forMs = (subject.forUs ?? FOR_US) / 1_000;
  return subject.live(SPEC, async (network) => {
    const samples = new Samples(network);
    const result = await load({ dialect: 'lockstep', targets: network.nodes, processes: PROCESSES, connections: CONNECTIONS, rate: LIMIT.rate, warmUpMs: WARM_UP_MS, forMs });
    samples.end();
    const figures = await Promise.all(network.nodes.map(figuresOf));
    await network.stop();
    const { events, wallMs } = await subject.refold(network.folder);
    const settledMs = Math.min(SETTLES * forMs, SETTLES_AT_MOST_MS);
    const [first, last] = samples.ends(settledMs);
    const growth = last.residentMb / first.residentMb - 1;
    const delay = Math.max(...figures.map((one) => one.delayP99Ms));
    const minutes = (forMs / 60_000).toFixed(1);
    return [
      row('endurance/decides', result.perSecond, `decides per second over ${minutes} minutes, p95 ${result.p95.toFixed(1)} ms`, `${LIMIT.rate} offered, of ${result.begun} begun ${result.decided} decided`, result.perSecond / LIMIT.rate),
      // A shrinking memory is flat enough.
      row('endurance/memory-growth', growth, `from ${(settledMs / 60_000).toFixed(1)} minutes to the end (${Math.round(first.residentMb)} to ${Math.round(last.residentMb)} MB resident, heap ${Math.round(first.heapMb)} to ${Math.round(last.heapMb)} MB, of three nodes)`, String(LIMIT.growth), LIMIT.growth / Math.max(growth, 0.001)),
      row('endurance/loop-delay-p99-ms', delay, 'ms, the worst of three nodes since it started', String(LIMIT.delayMs), LIMIT.delayMs / Math.max(delay, 0.001)),
      row('endurance/refolded', events, `events of three journals match what the nodes were, refolded in ${(wallMs / 1_000).toFixed(1)} s`, 'every digest of the journals', 1),
    ];
  });
}

class Samples {
  private readonly network: LiveNetwork;
  private readonly taken: Sample[] = [];
  private readonly beganMs: number = performance.now();
  private readonly timer: NodeJS.Timeout;

  constructor(network: LiveNetwork) {
    this.network = network;
    this.timer = setInterval(() => void this.take(), SAMPLE_MS);
  }

  end(): void {
    clearInterval(this.timer);
  }

  /** Memory as it was after `settledMs`, and at the end: the median of some samples each. */
  ends(settledMs: number): readonly [Sample, Sample] {
    const settled = this.taken.filter((sample) => sample.atMs >= settledMs);
    if (settled.length < 2) throw new Error(`a run has to be long enough for two samples of memory after it has settled: at least ${Math.ceil((4 * SAMPLE_MS) / 1_000)} s`);
    const count = Math.min(TOGETHER, Math.ceil(settled.length / 2));
    return [median(settled.slice(0, count)), median(settled.slice(-count))];
  }

  private async take(): Promise<void> {
    const figures = await Promise.all(this.network.nodes.map(figuresOf)).catch(() => undefined);
    if (figures === undefined) return;
    const sum = (of: (one: NodeFigures) => number): number => figures.reduce((total, one) => total + of(one), 0);
    this.taken.push({ atMs: performance.now() - this.beganMs, residentMb: sum((one) => one.residentMb), heapMb: sum((one) => one.heapMb) });
  }
}

function median(samples: readonly Sample[]): Sample {
  const middle = Math.floor(samples.length / 2);
  const of = (number: (sample: Sample) => number): number => samples.map(number).toSorted((a, b) => a - b)[middle] as number;
  return { atMs: (samples[middle] as Sample).atMs, residentMb: of((sample) => sample.residentMb), heapMb: of((sample) => sample.heapMb) };
}

export const ENDURANCE: readonly Bench[] = [
  { rows: ['endurance/decides', 'endurance/memory-growth', 'endurance/loop-delay-p99-ms', 'endurance/refolded'], about: 'steady load for a quarter of an hour', onlyByName: true, measure },
];

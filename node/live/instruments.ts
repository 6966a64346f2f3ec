// The metrics of a node, in the Prometheus format. Counters that something else keeps anyway are read when somebody asks;
// only what has a distribution is observed as it happens.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Histogram, Registry, type CollectFunction } from 'prom-client';
import type { Answer } from '../../kernel/effect.ts';

const SECONDS_FAST = [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const SECONDS_STEP = [0.000_001, 0.000_002_5, 0.000_005, 0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.001, 0.01, 0.1];
const COUNTS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024];

/** How often the delay of the event loop is sampled. */
const DELAY_RESOLUTION_MS = 10;

/** Numbers that are read when somebody asks. A label makes one line for each entry. */
export interface Read {
  readonly name: string;
  readonly help: string;
  readonly kind: 'gauge' | 'counter';
  readonly label?: string;
  value(): number | Readonly<Record<string, number>>;
}

export class Instruments {
  readonly registry: Registry = new Registry();
  private readonly answers: Counter;
  private readonly latency: Histogram;
  private readonly step: Histogram;
  private readonly sync: Histogram;
  private readonly barrier: Histogram;
  private readonly batch: Histogram;
  private readonly delay: ReturnType<typeof monitorEventLoopDelay>;

  constructor(node: number) {
    const registry = this.registry;
    registry.setDefaultLabels({ node: String(node) });
    const registers = [registry];
    this.answers = new Counter({ name: 'lockstep_answers_total', help: 'Answers to clients of this node', labelNames: ['operation', 'answer'], registers });
    this.latency = new Histogram({ name: 'lockstep_request_seconds', help: 'From taking a request on to its answer', labelNames: ['operation'], buckets: SECONDS_FAST, registers });
    this.step = new Histogram({ name: 'lockstep_step_seconds', help: 'Mean time of a turn of the loop (stamp, journal, step), by burst', buckets: SECONDS_STEP, registers });
    this.sync = new Histogram({ name: 'lockstep_fsync_seconds', help: 'From submitting a durable write to its completion', buckets: SECONDS_FAST, registers });
    this.barrier = new Histogram({ name: 'lockstep_barrier_seconds', help: 'From writing a batch until its effects could leave', buckets: SECONDS_FAST, registers });
    this.batch = new Histogram({ name: 'lockstep_batch_events', help: 'Events made durable by one sync', buckets: COUNTS, registers });
    this.delay = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });
    this.delay.enable();
    this.reads([
      { name: 'lockstep_event_loop_delay_seconds', help: 'How late the event loop was, since the process started', kind: 'gauge', label: 'quantile', value: () => this.loopDelay() },
      { name: 'process_resident_memory_bytes', help: 'Memory of the process', kind: 'gauge', value: () => process.memoryUsage.rss() },
      { name: 'process_heap_used_bytes', help: 'JavaScript heap in use', kind: 'gauge', value: () => process.memoryUsage().heapUsed },
      { name: 'process_cpu_seconds_total', help: 'Processor time', kind: 'counter', value: () => (process.cpuUsage().user + process.cpuUsage().system) / 1e6 },
    ]);
  }

  reads(reads: readonly Read[]): void {
    for (const read of reads) {
      const { name, help, label } = read;
      const labelNames = label === undefined ? [] : [label];
      const collect: CollectFunction<Gauge> = function (this: Gauge): void {
        const value = read.value();
        if (typeof value === 'number') return this.set(value);
        for (const [entry, number] of Object.entries(value)) this.set({ [label as string]: entry }, number);
      };
      if (read.kind === 'gauge') new Gauge({ name, help, labelNames, registers: [this.registry], collect });
      else new Counter({ name, help, labelNames, registers: [this.registry], collect: counting(read) });
    }
  }

  answered(answer: Answer, isDecide: boolean, tookMs: number): void {
    const operation = isDecide ? 'decide' : 'get';
    this.answers.inc({ operation, answer: answer.kind });
    this.latency.observe({ operation }, tookMs / 1_000);
  }

  burst(turns: number, tookMs: number): void {
    if (turns > 0) this.step.observe(tookMs / 1_000 / turns);
  }

  synced(tookMs: number): void {
    this.sync.observe(tookMs / 1_000);
  }

  durable(events: number, waitedMs: number): void {
    this.batch.observe(events);
    this.barrier.observe(waitedMs / 1_000);
  }

  /** In seconds. The histogram counts in nanoseconds, the sampling interval included. */
  loopDelay(): Readonly<Record<string, number>> {
    const over = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e9 - DELAY_RESOLUTION_MS / 1_000);
    return { 0.5: over(this.delay.percentile(50)), 0.99: over(this.delay.percentile(99)), 1: over(this.delay.max) };
  }

  end(): void {
    this.delay.disable();
  }
}

/** A counter of the library can only be added to: what is added is what came since somebody last asked. */
function counting(read: Read): CollectFunction<Counter> {
  return function (this: Counter): void {
    const value = read.value();
    this.reset();
    if (typeof value === 'number') return this.inc(value);
    for (const [entry, number] of Object.entries(value)) this.inc({ [read.label as string]: entry }, number);
  };
}

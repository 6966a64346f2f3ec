// Load from processes of their own, against several servers at once; and what became of it, added up.

import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { quantileMs, summed } from './latency.ts';
import { nowMs, SLICE_MS, type Dialect, type Plan, type Report, type Target } from './plan.ts';

const PROGRAM: string = fileURLToPath(new URL('./client-process.ts', import.meta.url));
/** Between telling a process its plan and the first request: it starts, and opens its connections. */
const START_MS = 2_000;

export interface LoadSpec {
  readonly dialect: Dialect;
  readonly targets: readonly Target[];
  readonly processes: number;
  /** Over all processes and targets: connections, and requests a second (undefined: closed loop). */
  readonly connections: number;
  readonly rate: number | undefined;
  readonly warmUpMs: number;
  readonly forMs: number;
}

export interface LoadResult {
  readonly begun: number;
  readonly decided: number;
  readonly others: Readonly<Record<string, number>>;
  readonly open: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** The longest time without any decide. */
  readonly stallMs: number;
  readonly clientsCpuMs: number;
}

let loads = 0;

export async function load(spec: LoadSpec): Promise<LoadResult> {
  const { dialect, processes, rate } = spec;
  const beginsMs = nowMs() + START_MS;
  const countsMs = beginsMs + spec.warmUpMs;
  const run = `${process.pid}-${loads++}`;
  const reports = await Promise.all(shares(spec).map(({ targets, connections }, place) => {
    const plan: Plan = {
      dialect, targets, connections, name: `${run}-${place}`, rate: rate === undefined ? undefined : rate / processes,
      // Processes take turns with their requests.
      beginsMs: beginsMs + (rate === undefined ? 0 : (place * 1_000) / rate), countsMs, endsMs: countsMs + spec.forMs,
    };
    return carriedOut(plan);
  }));
  return added(reports, spec.forMs);
}

/** A few clients are spread over the targets one by one; many, evenly. */
function shares({ targets, connections, processes }: LoadSpec): { readonly targets: readonly Target[]; readonly connections: number }[] {
  if (connections < processes * targets.length) return Array.from({ length: connections }, (_, place) => ({ targets: [targets[place % targets.length] as Target], connections: 1 }));
  return Array.from({ length: processes }, () => ({ targets, connections: Math.round(connections / processes / targets.length) }));
}

function carriedOut(plan: Plan): Promise<Report> {
  return new Promise((resolve, reject) => {
    const child = fork(PROGRAM, [], { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    let report: Report | undefined;
    child.once('message', (message) => (report = message as Report));
    child.once('exit', (code) => (report === undefined ? reject(new Error(`a process of clients ended with exit code ${code} and no report`)) : resolve(report)));
    child.send(plan);
  });
}

function added(reports: readonly Report[], forMs: number): LoadResult {
  const sum = (of: (report: Report) => number): number => reports.reduce((total, report) => total + of(report), 0);
  const latency = summed(reports.map((report) => report.latency));
  const slices = summed(reports.map((report) => report.slices));
  const others: Record<string, number> = {};
  for (const report of reports) for (const [status, count] of Object.entries(report.others)) others[status] = (others[status] ?? 0) + count;
  let stall = 0;
  for (let place = 0, empty = 0; place < slices.length; place++) stall = Math.max(stall, (empty = slices[place] === 0 ? empty + 1 : 0));
  return {
    begun: sum((report) => report.begun), decided: sum((report) => report.decided), others, open: sum((report) => report.open),
    perSecond: slices.reduce((total, count) => total + count, 0) / (forMs / 1_000),
    p50: quantileMs(latency, 0.5), p95: quantileMs(latency, 0.95), p99: quantileMs(latency, 0.99), stallMs: stall * SLICE_MS, clientsCpuMs: sum((report) => report.cpuMs),
  };
}

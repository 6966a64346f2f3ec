// A figure that means something: beside it stands the limit or the peer it was measured against, in the same run.

import type { LiveNetwork, LiveSpec } from './live/network.ts';

export interface Row {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The limit or the peer, with its own figure. */
  readonly against: string;
  /** Above 1: ahead of, or within, what it is measured against. */
  readonly ratio: number;
}

export function row(name: string, value: number, unit: string, against: string, ratio: number): Row {
  return { name, value: round(value), unit, against, ratio: round(ratio) };
}

/** Four significant digits: more would be noise. */
function round(value: number): number {
  return Number(value.toPrecision(4));
}

/** One measurement that yields one or several rows. */
export interface Bench {
  readonly rows: readonly string[];
  readonly about: string;
  /** It takes minutes, or loads the machine for something else than speed: only who names it gets it. */
  readonly onlyByName?: true;
  measure(subject: Subject): Promise<readonly Row[]>;
}

/** One run as measured from outside. */
export interface Measured {
  readonly simulatedUs: number;
  readonly wallMs: number;
  readonly events: number;
  readonly steps: number;
  readonly heapMb: number;
  /** Milliseconds since the start of the run at which the simulated time passed each of the asked moments. */
  readonly passedMs: readonly number[];
}

export interface RunSpec {
  readonly seed: number;
  readonly scenario: string;
  readonly nodes?: number;
  readonly forUs?: number;
  readonly faults?: 'none' | 'all';
  readonly checked?: boolean;
}

/** What is measured; the program passes it in, so that bench/ depends on none of it. */
export interface Subject {
  /** One run on a thread of its own, warmed up by `warmUp` runs of the same kind. */
  simulate(spec: RunSpec, moments?: readonly number[]): Promise<Measured>;
  /** Many runs on `jobs` warm threads: runs and events per second of wall time, measured after the warm-up. */
  sweep(specs: readonly RunSpec[], jobs: number): Promise<{ readonly runs: number; readonly events: number; readonly wallMs: number }>;
  /** Runs once, dumps every journal as files, and hands the folder over. It is removed afterwards. */
  dumped<T>(spec: RunSpec, use: (folder: string) => Promise<T>): Promise<T>;
  /** Refolds every journal under a folder: events, and the milliseconds it took. */
  refold(folder: string): Promise<{ readonly events: number; readonly wallMs: number }>;
  /** Checks a history by the program, in a process of its own; the time is what that process says of reading and judging. */
  check(history: string, model: string): Promise<{ readonly verdict: string; readonly wallMs: number }>;
  /** Starts three live nodes as processes of this machine, hands them over when all are ready, and seals and removes them afterwards. */
  live<T>(spec: LiveSpec, use: (network: LiveNetwork) => Promise<T>): Promise<T>;
  /** How long the command says a measurement with a duration of its own should take. */
  readonly forUs: number | undefined;
  /** The reference queue on `jobs` threads at once: operations per second of all of them. */
  queueRate(jobs: number): Promise<number>;
}

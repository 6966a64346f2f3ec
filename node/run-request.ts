// What the program asks of a thread that simulates, and what it hears back. Everything here is plain data: it crosses
// between threads and processes.

import type { RunFile } from '../io/sim/run-file.ts';
import type { Timeline } from '../reports/timeline/timeline.ts';
import type { Culprit } from '../scenarios/culprit.ts';
import type { RunOptions, RunResult } from '../scenarios/scenario.ts';
import type { Shrunk, ShrinkProgress } from '../scenarios/shrinking.ts';
import type { Why, WhyProgress } from '../scenarios/why.ts';

/** A run to be drawn from a seed, or one that was saved. */
export interface RunRequest {
  readonly seed: number;
  readonly options: RunOptions;
  readonly checked: boolean;
  readonly realCrypto: boolean;
  /** Instead of drawing one. */
  readonly runFile?: RunFile;
}

/** What is told to a worker thread when it starts. */
export interface WorkerSettings {
  /** Name of the bug that is planted before the simulator is loaded. */
  readonly mutant?: string;
  /** It can be switched off in the middle of a run. */
  readonly switched?: boolean;
  /** [0]: the worker should stop as soon as it can. [1]: seed of the run it is at; [2]: simulated time; [3]: events of that run. */
  readonly shared: SharedArrayBuffer;
}

export const SHARED = { stop: 0, seed: 1, simulatedUs: 2, events: 3, words: 4 } as const;

export type WorkerTask =
  /** `timeline`: with what a page shows of the run. */
  | { readonly kind: 'one'; readonly request: RunRequest; readonly dump?: string; readonly timeline?: boolean }
  | { readonly kind: 'batch'; readonly requests: readonly RunRequest[] }
  | { readonly kind: 'shrink'; readonly request: RunRequest; readonly judged?: readonly string[]; readonly budgetMs?: number }
  | { readonly kind: 'why'; readonly request: RunRequest; readonly judged?: readonly string[]; readonly budgetMs?: number; readonly samples: number }
  /** Of a switched bug: the step at which it had to act. */
  | { readonly kind: 'culprit'; readonly request: RunRequest };

export type WorkerReport =
  /** What the seed drew: sent before the run begins. */
  | { readonly kind: 'resolved'; readonly runFile: RunFile }
  | { readonly kind: 'ran'; readonly outcome: RunOutcome; readonly timeline?: Timeline }
  | { readonly kind: 'batch'; readonly outcomes: readonly RunOutcome[] }
  | { readonly kind: 'shrinking'; readonly progress: ShrinkProgress }
  | { readonly kind: 'asking'; readonly progress: WhyProgress }
  | { readonly kind: 'why'; readonly why: Why | undefined }
  /** Undefined: the run does not fail, or without the bug as well. */
  | { readonly kind: 'culprit'; readonly culprit: Culprit | undefined }
  /** Undefined: the run did not fail. */
  | { readonly kind: 'shrunk'; readonly shrunk: Shrunk | undefined }
  | { readonly kind: 'complaint'; readonly sentence: string };

export interface RunOutcome {
  readonly request: RunRequest;
  readonly result: RunResult;
  readonly wallMs: number;
  /** Of its thread alone; the wall time where the runtime cannot tell. */
  readonly cpuMs: number;
  readonly heapMb: number;
  readonly goodputFloor: number;
  /** It was ended early, by a person. */
  readonly stopped: boolean;
}

// A story: a topology, a workload, what may go wrong, and how much must come of it for the run to have tested anything. A
// scenario resolves a seed and the options of the command line to a run file; executing run files is the same for all.

import type { Micros } from '../kernel/base/time.ts';
import type { KernelImage } from '../kernel/image.ts';
import type { Parameters } from '../kernel/parameters.ts';
import type { DirectoryCopy } from '../io/sim/disk.ts';
import type { RunFile } from '../io/sim/run-file.ts';
import type { Evidence, Judgement } from '../io/sim/evidence.ts';
import type { Scheme } from '../io/sim/scheme.ts';
import type { Draw } from '../nemesis/draw.ts';
import type { Beginning } from './workload.ts';

/** What a person may say on the command line. Everything absent is the scenario's own choice. */
export interface RunOptions {
  readonly scenario?: string;
  readonly nodes?: number;
  readonly forUs?: Micros;
  /** `default`: what the scenario itself draws. */
  readonly faults?: 'default' | 'none' | 'all' | readonly string[];
}

export interface Scenario {
  readonly name: string;
  readonly about: string;
  resolve(seed: number, options: RunOptions, draw: Draw): RunFile;
}

export interface PropertyResult extends Judgement {
  readonly id: string;
  readonly claim: string;
  readonly kind: 'safety' | 'liveness';
}

/** Everything that is said about one run, but for what only the program knows (wall time, the kernel's hash, files). */
export interface RunResult {
  readonly seed: number;
  readonly scenario: string;
  readonly nodes: number;
  readonly simulatedUs: Micros;
  /** Entries taken from the queue, and steps taken by kernels. */
  readonly events: number;
  readonly steps: number;
  readonly operations: { readonly invoked: number; readonly ok: number; readonly failed: number; readonly unknown: number };
  readonly messages: {
    readonly sent: number; readonly delivered: number; readonly dropped: number; readonly duplicated: number; readonly corrupted: number;
  };
  /** How often each fault really happened. */
  readonly faults: Readonly<Record<string, number>>;
  readonly digest: string;
  readonly properties: readonly PropertyResult[];
  readonly marks: { readonly hit: readonly string[]; readonly missed: readonly string[] };
  /** Set if the run was ended by an exception of our own code: a bug, whatever the properties say. */
  readonly broke?: { readonly message: string; readonly stack: string; readonly at: Micros; readonly node: number };
}

/** Called now and then during a run: for a progress line, and to end it early. */
export interface RunHooks {
  /** Every so many queue entries; false ends the run. */
  progress?(nowUs: Micros, events: number): boolean;
}

/** Nodes that were in these states before, by id from 1, and what they had agreed on. */
export interface RunPast {
  readonly parameters: Parameters;
  readonly images: readonly KernelImage[];
  readonly disks: readonly DirectoryCopy[];
  /** The epoch at which clients go on, a word that stands in the names of their needs, and needs that they know of. */
  readonly beginning: Beginning;
}

export interface ExecuteOptions {
  /** Freeze, encode, snapshot-and-restore: slower, with the same digest. */
  readonly checked: boolean;
  readonly hooks?: RunHooks;
  /** Listeners that judge nothing: they hear everything before the properties do. */
  readonly listeners?: readonly Evidence[];
  /** What the run goes on from, instead of empty disks. */
  readonly past?: RunPast;
  /** End the run there, as a person would who has seen enough. */
  readonly endAt?: Micros;
  /** The same after so many queue entries. */
  readonly endAfter?: number;
  /** After so many queue entries, everything that is left to chance is drawn anew, from this seed. */
  readonly reroll?: { readonly after: number; readonly seed: number };
  /** After so many queue entries, this happens. It may reach nothing of the run but what it knows by itself. */
  readonly interject?: { readonly after: number; act(): void };
  /** Go on after the first violation. */
  readonly keepGoing?: boolean;
  /** What every segment of every journal names as its version. */
  readonly kernelVersion: string;
  /** Another signature scheme than the stand-in. */
  scheme?(seed: number, nodes: number): Scheme;
}

// What there is to say about a run: the document that `sim --json` prints, and everything the renderers here know. Its
// fields are a contract with scripts; new ones may be added, none may change.

import type { RunFile } from '../io/sim/run-file.ts';

export type Verdict = 'held' | 'violated' | 'not-exercised';

export interface Violation {
  /** What was expected and what was got, in one sentence. */
  readonly message: string;
  /** The same for violations that are most likely one bug: the message without its numbers and names. */
  readonly signature: string;
  /** Simulated time at which it was seen. */
  readonly atUs: number;
  /** Who it is about; empty if nobody in particular. */
  readonly nodes: readonly number[];
  /** The place in the journal of the first of `nodes`, where there is one. */
  readonly step?: number;
  /** The lines that prove it. */
  readonly evidence: readonly string[];
}

export interface PropertyReport {
  readonly id: string;
  readonly claim: string;
  readonly kind: 'safety' | 'liveness';
  readonly verdict: Verdict;
  /** How often decisive evidence was judged. */
  readonly checks: number;
  readonly violation?: Violation;
}

export interface OperationCounts {
  readonly invoked: number;
  readonly ok: number;
  readonly failed: number;
  readonly unknown: number;
}

export interface MessageCounts {
  readonly sent: number;
  readonly delivered: number;
  readonly dropped: number;
  readonly duplicated: number;
  readonly corrupted: number;
}

export interface Goodput {
  /** Acknowledged operations per simulated second, and the least at which the scenario counts as exercised. */
  readonly perSecond: number;
  readonly floor: number;
}

export interface RunSize {
  readonly faults: number;
  readonly operations: number;
  readonly nodes: number;
}

export interface ShrunkReport extends RunSize {
  readonly before: RunSize;
  /** Of all faults and operations, the share that is gone: 0.9 is nine in ten. */
  readonly removed: number;
  readonly property: string;
  readonly signature: string;
  readonly message: string;
  /** When the smaller run fails. */
  readonly atUs: number;
  readonly digest: string;
  /** Executions that it took. */
  readonly trials: number;
  readonly wallMs: number;
  /** Nothing more could go. False: the search was ended before. */
  readonly complete: boolean;
  /** The saved file was read back, executed, and failed alike. */
  readonly verified: boolean;
  readonly replay: string;
}

export interface WhyMoment {
  /** Up to here, after so many entries of the queue, the run is what it was; then chance is drawn anew. */
  readonly atUs: number;
  readonly entry: number;
  readonly samples: number;
  readonly failed: number;
  /** The share of samples that failed. */
  readonly likelihood: number;
}

/** How likely the failure was from each moment, and the entry with which it became inevitable. */
export interface WhyReport {
  readonly property: string;
  readonly signature: string;
  readonly failedAtUs: number;
  readonly moments: readonly WhyMoment[];
  readonly inevitable: {
    readonly atUs: number;
    readonly entry: number;
    readonly before: number;
    readonly after: number;
    /** What was handled there, in a line, and everything that was seen of it. */
    readonly event: string;
    readonly seen: readonly string[];
    /** The entry is one of the last so many: 1 if the search came to its end. */
    readonly within: number;
  };
  /** What counted as this failure: one in the same words, or that and at the same moment. */
  readonly sameness: 'said alike' | 'the very one';
  readonly samples: number;
  readonly runs: number;
  readonly wallMs: number;
}

export interface RunReport {
  readonly version: string;
  readonly kernel: string;
  readonly seed: number;
  readonly scenario: string;
  readonly nodes: number;
  readonly simulatedUs: number;
  readonly wallMs: number;
  readonly events: number;
  /** Steps taken by kernels; an event of the world may be none, or lead to several. */
  readonly steps: number;
  readonly operations: OperationCounts;
  readonly messages: MessageCounts;
  readonly faults: Readonly<Record<string, number>>;
  readonly digest: string;
  readonly properties: readonly PropertyReport[];
  readonly marks: { readonly hit: readonly string[]; readonly missed: readonly string[] };
  readonly goodput: Goodput;
  readonly heapMb?: number;
  readonly mutant?: string;
  readonly runFile?: string;
  /** The page that shows it. */
  readonly page?: string;
  /** Set if our own code threw: then of what is said of the properties only violations of safety count. */
  readonly broke?: { readonly message: string; readonly node: number; readonly atUs: number; readonly stack: string };
  /** What is left of it, if it failed and was shrunk; `runFile` is where. */
  readonly shrunk?: ShrunkReport;
  /** When its failure became inevitable, if that was asked. */
  readonly why?: WhyReport;
  /** It was ended early, by a person. */
  readonly stopped?: boolean;
  /** The command that shows this run again. */
  readonly replay: string;
}

/** What was resolved from the seed before the run began, for people: printed first. */
export interface RunPlan {
  readonly version: string;
  readonly kernel: string;
  readonly seed: number;
  readonly scenario: string;
  readonly about: string;
  /** What is unusual about how it is run: "checked", "mutant raft/stale-read". */
  readonly mode: readonly string[];
  readonly runFile: RunFile;
}

/** 0 all held, 1 a safety property was violated, 3 only liveness failed. */
export function exitCodeOf(properties: readonly PropertyReport[]): 0 | 1 | 3 {
  const violated = properties.filter((property) => property.verdict === 'violated');
  if (violated.some((property) => property.kind === 'safety')) return 1;
  return violated.length > 0 ? 3 : 0;
}

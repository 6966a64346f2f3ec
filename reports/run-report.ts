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

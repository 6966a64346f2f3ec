// A run as a file: what a seed drew, as labelled decisions that a person can edit and a shrinker can cut. Executing it needs no
// further choice from the schedule; what is left to chance within it (latencies, which frame is lost) comes from streams split
// by label under its seed.

import type { Micros } from '../../kernel/base/time.ts';
import type { DecideParameters, RaftParameters, SwarmParameters } from '../../kernel/parameters.ts';
import type { InboxLimits } from '../loop-inbox.ts';
import type { CrashPoint } from '../ports.ts';

/** Version 1 could not name the operations of the clients. */
export const RUN_FILE_VERSION = 2;

/** One episode of one fault. What `strength` means, and its unit, is said where the fault is defined. */
export interface FaultEpisode {
  readonly kind: string;
  readonly from: Micros;
  /** The fault has ended by then; never later than `healAt`. */
  readonly until: Micros;
  readonly nodes: readonly number[];
  readonly strength: number;
  /** For crashes: where in the loop. Without it: between two turns. */
  readonly point?: CrashPoint;
}

/** A workload: rates in operations per 1,000 simulated seconds, over all nodes; shares in per mille. */
export interface WorkloadPlan {
  readonly decidesPer1000s: number;
  readonly getsPer1000s: number;
  readonly clients: number;
  /** Of the needs: how many are contested. Each proposal counts as a decide. */
  readonly contestedPerMille: number;
  /** Proposals per contested need. */
  readonly rivals: number;
  /** Of all operations: how many name a need of an epoch that is over or far ahead. */
  readonly strayPerMille: number;
  /** Of the decides that returned `unknown` or `refused`: how many are tried again, with the same proposal, at any node. */
  readonly retryPerMille: number;
  /** Of all operations: how many go to one node, which is another one every few seconds. */
  readonly hotPerMille: number;
  /** Of the reads: how many ask for one of the needs that were decided last. */
  readonly freshPerMille: number;
  readonly timeoutUs: Micros;
  /** Below this many acknowledged operations per 1,000 simulated seconds, the run tested nothing. */
  readonly goodputPer1000s: number;
}

/** Actors that publish envelopes at any node: a rate per 1,000 simulated seconds, shares in per mille. */
export interface EnvelopePlan {
  readonly per1000s: number;
  readonly actors: number;
  /** Of all: how many are said again, to another node or much later. */
  readonly againPerMille: number;
  /** Of all: how many break a rule: of their kind, of logical time, of age, of form, or of who signs. */
  readonly mischiefPerMille: number;
  readonly swarm: SwarmParameters;
}

/** What one client asked one node, and when. */
export interface ClientOperation {
  readonly at: Micros;
  readonly client: number;
  readonly node: number;
  readonly kind: 'decide' | 'get';
  readonly need: string;
  /** Of a decide. */
  readonly proposal?: string;
  readonly kPlan?: number;
}

export interface RunFile {
  readonly version: number;
  readonly seed: number;
  readonly scenario: string;
  readonly nodes: number;
  readonly groups: number;
  readonly votersPerGroup: number;
  readonly forUs: Micros;
  /** Where the safety phase ends and the liveness phase begins. */
  readonly healAt: Micros;
  /** One-way delay of a message: uniform between the two. */
  readonly delayMinUs: Micros;
  readonly delayMaxUs: Micros;
  /** Duration of an fsync: uniform between the two. */
  readonly syncMinUs: Micros;
  readonly syncMaxUs: Micros;
  readonly raft: RaftParameters;
  readonly decide: DecideParameters;
  /** Events between two snapshots of a node. */
  readonly snapshotEvery: number;
  /** What may wait for its turn at a node, by class; more is dropped. */
  readonly inbox: InboxLimits;
  readonly gpuPollUs: Micros;
  readonly followsParent: boolean;
  /** How often nodes compare their plans; absent: they do not. */
  readonly planSyncUs?: Micros;
  /** The node whose journal is refolded from `boot` alongside the run. */
  readonly shadow: number;
  readonly workload: WorkloadPlan;
  /** Without it nobody publishes any. */
  readonly envelopes?: EnvelopePlan;
  readonly faults: readonly FaultEpisode[];
  /**
   * Exactly what the clients ask, in place of what the workload would draw; nobody asks twice. Only the reads at the very end
   * are still drawn, from what was acknowledged.
   */
  readonly operations?: readonly ClientOperation[];
}

// Every claim that a run is judged by, in the order in which they are listed.

import type { Property } from '../io/sim/evidence.ts';
import { answers } from './answers.ts';
import { barrier } from './barrier.ts';
import { configurations } from './configurations.ts';
import { deterministicReplay } from './deterministic-replay.ts';
import { durability } from './durability.ts';
import { electionSafety } from './election-safety.ts';
import { envelopes } from './envelopes.ts';
import { exactlyOnce } from './exactly-once.ts';
import { facts } from './facts.ts';
import { freshEffects } from './fresh-effects.ts';
import { goodput } from './goodput.ts';
import { gpuInventory } from './gpu-inventory.ts';
import { housekeeping } from './housekeeping.ts';
import { incarnations } from './incarnations.ts';
import { leaderCompleteness } from './leader-completeness.ts';
import { linearizability } from './linearizability.ts';
import { liveness } from './liveness.ts';
import { logMatching } from './log-matching.ts';
import { monotonicTime } from './monotonic-time.ts';
import { parentChain } from './parent-chain.ts';
import { planConvergence } from './plan-convergence.ts';
import { promptness } from './promptness.ts';
import { silence } from './silence.ts';
import { singleDecide } from './single-decide.ts';
import { snapshotTransfer } from './snapshot-transfer.ts';
import { stateMachineSafety } from './state-machine-safety.ts';

export const properties: readonly Property[] = [
  singleDecide, deterministicReplay, electionSafety, logMatching, leaderCompleteness, configurations, stateMachineSafety, exactlyOnce, durability,
  linearizability, barrier, freshEffects, monotonicTime, incarnations, facts, snapshotTransfer, parentChain, gpuInventory, answers, housekeeping, envelopes, planConvergence, liveness, goodput,
  promptness, silence,
];

// Every planted bug there is.

import { CANARY } from './canary.ts';
import { CONTENT_MUTANTS } from './content.ts';
import { DECIDE_MUTANTS } from './decide.ts';
import { JOURNAL_MUTANTS } from './journal.ts';
import { LOOP_MUTANTS } from './loop.ts';
import type { Mutant } from './mutant.ts';
import { MEMBERSHIP_MUTANTS } from './membership.ts';
import { PEERS_MUTANTS } from './peers.ts';
import { PLAN_MUTANTS } from './plan.ts';
import { RAFT_MUTANTS } from './raft.ts';
import { SWARM_MUTANTS } from './swarm.ts';

export const MUTANTS: readonly Mutant[] = [...RAFT_MUTANTS, ...MEMBERSHIP_MUTANTS, ...CONTENT_MUTANTS, ...LOOP_MUTANTS, ...JOURNAL_MUTANTS, ...PEERS_MUTANTS, ...DECIDE_MUTANTS, ...SWARM_MUTANTS, ...PLAN_MUTANTS, CANARY];

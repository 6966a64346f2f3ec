// Every story there is, in the order in which they are listed. The first one is told if nobody says which.

import { burst } from './burst.ts';
import { contestedNeed } from './contested-need.ts';
import { envelopeFlood } from './envelope-flood.ts';
import { farBehind } from './far-behind.ts';
import { hundredNodes } from './hundred-nodes.ts';
import { leaderCutOff } from './leader-cut-off.ts';
import { lostDisk } from './lost-disk.ts';
import { manyGroups } from './many-groups.ts';
import { manyPlanners } from './many-planners.ts';
import { membershipChange } from './membership-change.ts';
import { restoredBackup } from './restored-backup.ts';
import { overload } from './overload.ts';
import { parentAndGpu } from './parent-and-gpu.ts';
import { rollingRestarts } from './rolling-restarts.ts';
import type { Scenario } from './scenario.ts';
import { slowDisk } from './slow-disk.ts';
import { steadyDecides } from './steady-decides.ts';

export const SCENARIOS: readonly Scenario[] = [
  steadyDecides, contestedNeed, leaderCutOff, rollingRestarts, slowDisk, hundredNodes, parentAndGpu, membershipChange, lostDisk, restoredBackup, manyGroups, overload, burst, farBehind,
  envelopeFlood, manyPlanners,
];

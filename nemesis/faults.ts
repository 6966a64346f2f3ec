// Every fault there is, in the order in which they are listed.

import { oldBackup } from './backup.ts';
import { falseAnswers, falseContent, garbage, oldFrames } from './byzantine.ts';
import { clockFreeze, clockJump, clockSkew, wallJump } from './clock.ts';
import { contentBroken, contentRot, snapshotCut } from './content.ts';
import { bitRot, diskFull, diskLost, diskTorn, fsyncError, misdirected, readError, slowFsync, staleRead } from './disk.ts';
import type { Fault } from './fault.ts';
import { leaderCut, leaderKilled, leaderPaused } from './leader-once.ts';
import { behead, hunt } from './leaders.ts';
import { burst } from './load.ts';
import { handOver, lostDisk, reconfigure } from './membership.ts';
import { clog, corrupt, drop, duplicate, flap, forgedHello, narrow, oneWay, partition, reorder, reset, slow } from './network.ts';
import { callDoubt, gpuLost, parentOutage, parentReorg } from './outside.ts';
import { planEdits } from './plan.ts';
import { blackout, bootStorm, kill, otherSet, pause, restart, slowNode } from './process.ts';

export const FAULTS: readonly Fault[] = [
  partition, oneWay, flap, slow, clog, drop, duplicate, reorder, corrupt, forgedHello, kill, restart, pause, blackout, bootStorm, slowNode, clockSkew, clockJump, clockFreeze, wallJump, diskLost, diskTorn, slowFsync, readError, fsyncError, diskFull, bitRot, misdirected, staleRead, oldBackup,
  hunt, behead, reconfigure, handOver, lostDisk,
  narrow, reset, leaderKilled, leaderPaused, leaderCut, burst,
  parentOutage, parentReorg, gpuLost, callDoubt,
  contentBroken, contentRot, snapshotCut,
  planEdits,
  oldFrames, garbage, falseAnswers, falseContent, otherSet,
];

export function faultNamed(name: string): Fault | undefined {
  return FAULTS.find((fault) => fault.name === name);
}

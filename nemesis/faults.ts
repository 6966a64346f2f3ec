// Every fault there is, in the order in which they are listed.

import { oldBackup } from './backup.ts';
import { clockJump, clockSkew } from './clock.ts';
import { contentBroken, contentRot, snapshotCut } from './content.ts';
import { bitRot, diskLost, diskTorn, slowFsync } from './disk.ts';
import type { Fault } from './fault.ts';
import { leaderCut, leaderKilled, leaderPaused } from './leader-once.ts';
import { behead, hunt } from './leaders.ts';
import { handOver, lostDisk, reconfigure } from './membership.ts';
import { corrupt, drop, duplicate, forgedHello, narrow, oneWay, partition, reorder, reset, slow } from './network.ts';
import { gpuLost, parentOutage, parentReorg } from './outside.ts';
import { kill, pause, restart } from './process.ts';

export const FAULTS: readonly Fault[] = [
  partition, oneWay, slow, drop, duplicate, reorder, corrupt, forgedHello, kill, restart, pause, clockSkew, clockJump, diskLost, diskTorn, slowFsync, bitRot, oldBackup,
  hunt, behead, reconfigure, handOver, lostDisk,
  narrow, reset, leaderKilled, leaderPaused, leaderCut,
  parentOutage, parentReorg, gpuLost,
  contentBroken, contentRot, snapshotCut,
];

export function faultNamed(name: string): Fault | undefined {
  return FAULTS.find((fault) => fault.name === name);
}

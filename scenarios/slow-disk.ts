// Disks that stall: syncs take up to three seconds on some nodes, so heartbeats grow stale before they may leave, and what was
// written waits for a sync when the power fails.

import { MS, SECOND, type Micros } from '../kernel/base/time.ts';
import type { FaultEpisode, RunFile } from '../io/sim/run-file.ts';
import type { Draw } from '../nemesis/draw.ts';
import type { RunOptions, Scenario } from './scenario.ts';
import { STEADY, tell, type Story } from './story.ts';

/** Two of five nodes at a time at most: with three slow disks nothing is decided, and nothing is tested. */
function stalls(draw: Draw, healAt: Micros, nodes: number): FaultEpisode[] {
  const out: FaultEpisode[] = [];
  let from = 1_500 * MS;
  while (from < healAt - SECOND) {
    const until = Math.min(healAt, from + draw.between(2 * SECOND, 8 * SECOND));
    const count = draw.between(1, Math.max(1, Math.floor((nodes - 1) / 2)));
    out.push({ kind: 'slow-fsync', from, until, nodes: draw.nodes(count, nodes), strength: draw.between(50 * MS, draw.pick([300, 1_000, 3_000]) * MS) });
    from = until + draw.between(100 * MS, 2 * SECOND);
  }
  return out;
}

const STORY: Story = {
  name: 'slow-disk', nodes: 5, groups: 4, votersPerGroup: 5, forUs: 60 * SECOND,
  workload: { ...STEADY, decidesPer1000s: 50_000, goodputPer1000s: 8_000 },
  faults: ['disk-lost', 'disk-torn', 'kill', 'partition', 'slow', 'reorder', 'pause', 'clock-skew', 'hunt', 'bit-rot', 'read-error', 'fsync-error', 'disk-full', 'misdirected', 'stale-read'],
  gapUs: 8 * SECOND,
  own: stalls,
};

export const slowDisk: Scenario = {
  name: 'slow-disk',
  about: 'syncs stall for up to three seconds, and the power fails in the middle of them',
  resolve: (seed: number, options: RunOptions, draw: Draw): RunFile => tell(STORY, seed, options, draw),
};

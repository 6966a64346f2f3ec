// Whoever leads is cut off: one node after the other is isolated, both ways or one way, for long enough that others must take
// over, while it still believes that it leads, and its clients still ask it.

import { MS, SECOND, type Micros } from '../kernel/base/time.ts';
import type { FaultEpisode, RunFile } from '../io/sim/run-file.ts';
import type { Draw } from '../nemesis/draw.ts';
import type { RunOptions, Scenario } from './scenario.ts';
import { STEADY, tell, type Story } from './story.ts';

/** Each node in turn, in drawn order: leaders are among them, for some group, nearly always. */
function isolations(draw: Draw, healAt: Micros, nodes: number): FaultEpisode[] {
  const out: FaultEpisode[] = [];
  let from = 1_500 * MS;
  while (from < healAt - SECOND) {
    const length = draw.between(700 * MS, 4 * SECOND);
    const until = Math.min(healAt, from + length);
    const kind = draw.pick(['partition', 'partition', 'one-way', 'pause']);
    out.push({ kind, from, until, nodes: draw.nodes(1, nodes), strength: kind === 'partition' ? 1 : draw.between(1, 2) });
    from = until + draw.between(100 * MS, 1_500 * MS);
  }
  return out;
}

const STORY: Story = {
  name: 'leader-cut-off', nodes: 5, groups: 4, votersPerGroup: 5, forUs: 60 * SECOND,
  workload: { ...STEADY, decidesPer1000s: 40_000, getsPer1000s: 40_000, goodputPer1000s: 10_000 },
  faults: ['slow', 'drop', 'reorder', 'duplicate', 'clock-skew', 'clock-jump', 'kill', 'slow-fsync', 'hunt', 'behead', 'old-backup', 'flap', 'slow-node', 'clock-freeze', 'wall-jump'],
  certain: ['hunt'],
  gapUs: 8 * SECOND,
  own: isolations,
};

export const leaderCutOff: Scenario = {
  name: 'leader-cut-off',
  about: 'one node after the other is cut off while it may lead, and reads must not be stale',
  resolve: (seed: number, options: RunOptions, draw: Draw): RunFile => tell(STORY, seed, options, draw),
};

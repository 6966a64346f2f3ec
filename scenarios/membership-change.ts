// Groups move: an operator adds voters, removes them and replaces them, one at a time and all at once, while leaders are cut
// off and crash, so that changes meet changes of leader.

import { SECOND } from '../kernel/base/time.ts';
import type { RunFile } from '../io/sim/run-file.ts';
import type { Draw } from '../nemesis/draw.ts';
import type { RunOptions, Scenario } from './scenario.ts';
import { STEADY, tell, type Story } from './story.ts';

const STORY: Story = {
  name: 'membership-change', nodes: 6, groups: 2, votersPerGroup: 3, forUs: 60 * SECOND,
  workload: { ...STEADY, decidesPer1000s: 40_000, goodputPer1000s: 8_000 },
  faults: ['reconfigure', 'hand-over', 'partition', 'one-way', 'slow', 'drop', 'duplicate', 'reorder', 'kill', 'restart', 'pause', 'disk-lost', 'hunt', 'behead'],
  certain: ['reconfigure'],
  gapUs: 5 * SECOND,
};

export const membershipChange: Scenario = {
  name: 'membership-change',
  about: 'voters are added, removed and replaced, while leaders change',
  resolve: (seed: number, options: RunOptions, draw: Draw): RunFile => tell(STORY, seed, options, draw),
};

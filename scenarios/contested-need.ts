// Many proposers, one need: almost every need has rivals at different nodes within milliseconds, retries go elsewhere, and
// the network is at its worst meanwhile.

import { SECOND } from '../kernel/base/time.ts';
import type { RunFile } from '../io/sim/run-file.ts';
import type { Draw } from '../nemesis/draw.ts';
import type { RunOptions, Scenario } from './scenario.ts';
import { STEADY, tell, type Story } from './story.ts';

const STORY: Story = {
  name: 'contested-need', nodes: 5, groups: 2, votersPerGroup: 5, forUs: 60 * SECOND,
  workload: { ...STEADY, decidesPer1000s: 60_000, getsPer1000s: 20_000, contestedPerMille: 900, rivals: 6, retryPerMille: 1_000, goodputPer1000s: 16_000 },
  faults: ['partition', 'one-way', 'slow', 'drop', 'duplicate', 'reorder', 'kill', 'pause', 'disk-lost', 'hunt', 'behead', 'flap', 'clog', 'slow-node', 'clock-freeze'],
  gapUs: 5 * SECOND,
};

export const contestedNeed: Scenario = {
  name: 'contested-need',
  about: 'six rivals propose for one need, again and again, while links fail and nodes crash',
  resolve: (seed: number, options: RunOptions, draw: Draw): RunFile => tell(STORY, seed, options, draw),
};

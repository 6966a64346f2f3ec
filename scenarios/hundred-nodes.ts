// A hundred nodes, twenty groups of five voters, and the load of five nodes twenty times over: what is cheap among five must not
// be dear among a hundred.

import { SECOND } from '../kernel/base/time.ts';
import type { RunFile } from '../io/sim/run-file.ts';
import type { Draw } from '../nemesis/draw.ts';
import type { RunOptions, Scenario } from './scenario.ts';
import { STEADY, tell, type Story } from './story.ts';

const STORY: Story = {
  name: 'hundred-nodes', nodes: 100, groups: 20, votersPerGroup: 5, forUs: 60 * SECOND, tuned: false,
  workload: { ...STEADY, decidesPer1000s: 2_000_000, getsPer1000s: 300_000, clients: 400, goodputPer1000s: 400_000 },
  faults: ['partition', 'one-way', 'slow', 'drop', 'duplicate', 'reorder', 'kill', 'restart', 'pause', 'clock-skew', 'disk-lost', 'disk-torn', 'slow-fsync', 'hunt', 'behead', 'false-answers', 'garbage'],
  gapUs: 10 * SECOND,
};

export const hundredNodes: Scenario = {
  name: 'hundred-nodes',
  about: 'a hundred nodes in twenty groups of five voters, with the load in proportion',
  resolve: (seed: number, options: RunOptions, draw: Draw): RunFile => tell(STORY, seed, options, draw),
};

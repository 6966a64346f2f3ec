// The everyday story: five nodes, four groups, a hundred decides a second, some of them contested, and reads between them.
// A seed brings some faults by itself. It is the story that everything else is measured by.

import { SECOND } from '../kernel/base/time.ts';
import type { RunFile } from '../io/sim/run-file.ts';
import type { Draw } from '../nemesis/draw.ts';
import type { RunOptions, Scenario } from './scenario.ts';
import { STEADY, tell, type Story } from './story.ts';

const STORY: Story = {
  name: 'steady-decides', nodes: 5, groups: 4, votersPerGroup: 5, forUs: 30 * SECOND, workload: STEADY, tuned: false,
  faults: ['partition', 'one-way', 'slow', 'drop', 'duplicate', 'reorder', 'kill', 'pause', 'clock-skew', 'disk-lost', 'disk-torn', 'slow-fsync', 'hunt', 'flap', 'clog', 'blackout', 'fsync-error'],
  gapUs: 15 * SECOND,
};

export const steadyDecides: Scenario = {
  name: 'steady-decides',
  about: 'five nodes, a hundred decides a second, and what faults the seed brings',
  resolve: (seed: number, options: RunOptions, draw: Draw): RunFile => tell(STORY, seed, options, draw),
};

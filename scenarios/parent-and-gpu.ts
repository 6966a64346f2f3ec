// The two ports that are no messages: nodes follow a parent chain that forks, goes silent and is lied about, and list GPUs
// that fall off the bus under a driver that fails or says nothing, while they decide as ever.

import { SECOND } from '../kernel/base/time.ts';
import type { RunFile } from '../io/sim/run-file.ts';
import type { Draw } from '../nemesis/draw.ts';
import type { RunOptions, Scenario } from './scenario.ts';
import { STEADY, tell, type Story } from './story.ts';

const STORY: Story = {
  name: 'parent-and-gpu', nodes: 5, groups: 4, votersPerGroup: 5, forUs: 60 * SECOND,
  workload: { ...STEADY, decidesPer1000s: 20_000, goodputPer1000s: 6_000 },
  faults: ['parent-outage', 'parent-reorg', 'gpu-lost', 'kill', 'disk-lost', 'pause', 'partition', 'slow', 'old-backup', 'bit-rot', 'call-doubt', 'misdirected', 'wall-jump'],
  certain: ['parent-outage', 'parent-reorg', 'gpu-lost'],
  gapUs: 3 * SECOND, gpuPollUs: 2 * SECOND, followsParent: true,
};

export const parentAndGpu: Scenario = {
  name: 'parent-and-gpu',
  about: 'the parent chain forks and falls silent, GPUs are lost and found, and nodes crash meanwhile',
  resolve: (seed: number, options: RunOptions, draw: Draw): RunFile => tell(STORY, seed, options, draw),
};

// As many groups as there are buckets, and little to do for each: most of them rest most of the time. What is asked for wakes
// one up; leaders that are gone for good while their group rests are missed by whoever asks next.

import { SECOND } from '../kernel/base/time.ts';
import type { RunFile } from '../io/sim/run-file.ts';
import type { Draw } from '../nemesis/draw.ts';
import type { RunOptions, Scenario } from './scenario.ts';
import { STEADY, tell, type Story } from './story.ts';

const STORY: Story = {
  name: 'many-groups', nodes: 5, groups: 256, votersPerGroup: 3, forUs: 60 * SECOND,
  workload: { ...STEADY, decidesPer1000s: 12_000, getsPer1000s: 6_000, goodputPer1000s: 4_000 },
  faults: ['partition', 'one-way', 'slow', 'drop', 'duplicate', 'kill', 'restart', 'pause', 'disk-lost', 'bit-rot', 'false-answers'],
  certain: ['bit-rot'],
  gapUs: 12 * SECOND,
  tuned: false,
  raft: { restAfterUs: SECOND / 2 },
  decide: { epochUs: 30 * SECOND },
};

export const manyGroups: Scenario = {
  name: 'many-groups',
  about: '256 groups, most of them at rest: what is asked wakes one up, whoever is gone meanwhile',
  resolve: (seed: number, options: RunOptions, draw: Draw): RunFile => tell(STORY, seed, options, draw),
};

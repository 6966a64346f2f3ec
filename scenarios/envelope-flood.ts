// Actors publish signed envelopes at all nodes, many times as many as there are decides: some twice, some long after, some that
// lie about time, break a rule of their kind, say two things at one moment, or were signed by somebody else. Filters are
// so small that senders are forgotten, and nodes crash in between.

import { SECOND } from '../kernel/base/time.ts';
import type { RunFile } from '../io/sim/run-file.ts';
import type { Draw } from '../nemesis/draw.ts';
import type { RunOptions, Scenario } from './scenario.ts';
import { STEADY, tell, type Story } from './story.ts';

const STORY: Story = {
  name: 'envelope-flood', nodes: 5, groups: 1, votersPerGroup: 5, forUs: 60 * SECOND,
  workload: { ...STEADY, decidesPer1000s: 10_000, getsPer1000s: 2_000, goodputPer1000s: 3_500 },
  faults: ['partition', 'one-way', 'slow', 'drop', 'duplicate', 'reorder', 'corrupt', 'kill', 'pause', 'clock-skew', 'disk-lost', 'disk-torn', 'wall-jump'],
  certain: ['duplicate', 'reorder', 'kill', 'wall-jump'],
  gapUs: 2 * SECOND,
  envelopes: (draw) => ({
    per1000s: draw.pick([50_000, 100_000]), actors: draw.pick([6, 24]), againPerMille: 250, mischiefPerMille: 250,
    swarm: { senders: draw.pick([4, 16, 64]), window: draw.pick([2, 8, 64]), freshUs: draw.pick([5, 60]) * SECOND, aheadUs: draw.pick([1, 30]) * SECOND },
  }),
};

export const envelopeFlood: Scenario = {
  name: 'envelope-flood',
  about: 'signed envelopes by the hundred: twice, late, forged, from liars about time, over crashes and bad links',
  resolve: (seed: number, options: RunOptions, draw: Draw): RunFile => tell(STORY, seed, options, draw),
};

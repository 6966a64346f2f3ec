// Ten nodes edit one plan at once while links between them fail in every way and processes crash, in the middle of an exchange
// or of forgetting too. When all has healed, all mean the same, and it is what a fold of their ops says.

import { MS, SECOND, type Micros } from '../kernel/base/time.ts';
import type { FaultEpisode, RunFile } from '../io/sim/run-file.ts';
import type { Draw } from '../nemesis/draw.ts';
import type { RunOptions, Scenario } from './scenario.ts';
import { STEADY, tell, type Story } from './story.ts';



/** All the time, and one node is away for most of it. */
function edits(draw: Draw, healAt: Micros, nodes: number): FaultEpisode[] {
  const all = draw.nodes(nodes, nodes);
  const from = Math.min(SECOND, Math.floor(healAt / 2));
  const away = { kind: 'partition', from: Math.floor(healAt / 8), until: Math.max(Math.floor(healAt / 8) + 1, healAt - Math.floor(healAt / 10)), nodes: draw.nodes(1, nodes), strength: 1 };
  return [{ kind: 'plan-edits', from, until: healAt, nodes: all, strength: draw.pick([40, 80, 120]) * MS }, away];
}

const STORY: Story = {
  name: 'many-planners', nodes: 10, groups: 2, votersPerGroup: 5, forUs: 60 * SECOND,
  workload: { ...STEADY, decidesPer1000s: 20_000, getsPer1000s: 4_000, goodputPer1000s: 5_000 },
  faults: ['partition', 'one-way', 'flap', 'slow', 'drop', 'duplicate', 'reorder', 'corrupt', 'kill', 'restart', 'pause', 'blackout', 'disk-lost', 'disk-torn', 'lost-disk', 'clock-jump'],
  certain: ['drop', 'duplicate', 'reorder', 'kill'],
  gapUs: 4 * SECOND,
  planSyncUs: 700 * MS,
  own: edits,
};

export const manyPlanners: Scenario = {
  name: 'many-planners',
  about: 'ten nodes edit one plan at once over links that lose, double and reorder, one of them away for most of the time',
  resolve: (seed: number, options: RunOptions, draw: Draw): RunFile => tell(STORY, seed, options, draw),
};

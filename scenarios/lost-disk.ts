// One node after the other loses its disk with all that was on it. Each comes back with nothing, in another life; its seat is
// taken from the life that is over, and it gets it again once it has caught up. Only then the next disk may go.

import { SECOND } from '../kernel/base/time.ts';
import type { FaultEpisode, RunFile } from '../io/sim/run-file.ts';
import type { Draw } from '../nemesis/draw.ts';
import { lostDisk as fault } from '../nemesis/membership.ts';
import type { RunOptions, Scenario } from './scenario.ts';
import { STEADY, tell, type Story } from './story.ts';

function losses(draw: Draw, healAt: number, nodes: number): FaultEpisode[] {
  const out: FaultEpisode[] = [];
  const first = draw.below(nodes);
  for (let turn = 0, from = 2 * SECOND; from < healAt - 2 * SECOND; turn++) {
    const episode = fault.draw(draw, { nodes, from, healAt, lengthUs: SECOND });
    out.push({ ...episode, nodes: [1 + ((first + turn) % nodes)] });
    from = episode.until + draw.between(4, 9) * SECOND;
  }
  return out;
}

const STORY: Story = {
  name: 'lost-disk', nodes: 5, groups: 3, votersPerGroup: 5, forUs: 60 * SECOND,
  workload: { ...STEADY, decidesPer1000s: 40_000, goodputPer1000s: 8_000 },
  faults: ['partition', 'slow', 'drop', 'duplicate', 'reorder', 'kill', 'restart', 'pause', 'clock-jump', 'behead', 'hand-over'],
  gapUs: 9 * SECOND,
  own: losses,
};

export const lostDisk: Scenario = {
  name: 'lost-disk',
  about: 'one node after the other loses its disk, and comes back as a learner in another life',
  resolve: (seed: number, options: RunOptions, draw: Draw): RunFile => tell(STORY, seed, options, draw),
};

// Somebody puts an old backup of a node's data back. Its peers remember more of it than it does itself: they refuse it, and it
// begins another life, as a learner first.

import { SECOND } from '../kernel/base/time.ts';
import type { FaultEpisode, RunFile } from '../io/sim/run-file.ts';
import type { Draw } from '../nemesis/draw.ts';
import { oldBackup } from '../nemesis/backup.ts';
import type { RunOptions, Scenario } from './scenario.ts';
import { STEADY, tell, type Story } from './story.ts';

/** Fewer than half of each group's voters: no more may forget what they acknowledged. */
function restores(draw: Draw, healAt: number, nodes: number, votersPerGroup: number): FaultEpisode[] {
  const out: FaultEpisode[] = [];
  const victims = draw.nodes(Math.max(0, Math.ceil(votersPerGroup / 2) - 1), nodes);
  let from = 2 * SECOND + draw.below(4 * SECOND);
  for (const victim of victims) {
    if (from >= healAt - SECOND) break;
    const episode = oldBackup.draw(draw, { nodes, from, healAt, lengthUs: SECOND });
    out.push({ ...episode, nodes: [victim] });
    from = episode.until + draw.between(8, 14) * SECOND;
  }
  return out;
}

const STORY: Story = {
  name: 'restored-backup', nodes: 5, groups: 3, votersPerGroup: 5, forUs: 60 * SECOND,
  workload: { ...STEADY, decidesPer1000s: 40_000, goodputPer1000s: 8_000 },
  faults: ['slow', 'drop', 'duplicate', 'reorder', 'kill', 'restart', 'pause', 'clock-jump', 'hand-over', 'behead'],
  gapUs: 9 * SECOND,
  own: restores,
};

export const restoredBackup: Scenario = {
  name: 'restored-backup',
  about: 'an old backup is put back: its node is refused as itself, and comes back as a learner in another life',
  resolve: (seed: number, options: RunOptions, draw: Draw): RunFile => tell(STORY, seed, options, draw),
};

// Followers fall far behind, again and again: each is cut off until the log no longer holds what it lacks, and gets a snapshot of
// many chunks, while stores are broken, contents rot, and either end of the transfer crashes in the middle of it.

import { MS, SECOND, type Micros } from '../kernel/base/time.ts';
import type { FaultEpisode, RunFile } from '../io/sim/run-file.ts';
import type { Draw } from '../nemesis/draw.ts';
import type { RunOptions, Scenario } from './scenario.ts';
import { STEADY, tell, type Story } from './story.ts';

/** One node after the other, each for long enough that hundreds of entries are decided without it. */
function absences(draw: Draw, healAt: Micros, nodes: number): FaultEpisode[] {
  const out: FaultEpisode[] = [];
  let from = 1_500 * MS;
  while (from < healAt - 2 * SECOND) {
    const until = Math.min(healAt, from + draw.between(1_000 * MS, 3_000 * MS));
    out.push({ kind: 'partition', from, until, nodes: draw.nodes(1, nodes), strength: 1 });
    from = until + draw.between(100 * MS, 1_200 * MS);
  }
  return out;
}

const STORY: Story = {
  name: 'far-behind', nodes: 5, groups: 1, votersPerGroup: 5, forUs: 60 * SECOND,
  workload: { ...STEADY, decidesPer1000s: 120_000, goodputPer1000s: 10_000 },
  faults: ['content-broken', 'content-rot', 'false-content', 'snapshot-cut', 'drop', 'duplicate', 'reorder', 'slow', 'kill', 'restart', 'behead', 'lost-disk'],
  certain: ['content-rot', 'snapshot-cut', 'duplicate'],
  gapUs: 6 * SECOND,
  raft: { keepEntries: 64 },
  content: true,
  own: absences,
};

export const farBehind: Scenario = {
  name: 'far-behind',
  about: 'followers that lack what the log no longer holds get snapshots in chunks, of stores that fail and contents that rot',
  resolve: (seed: number, options: RunOptions, draw: Draw): RunFile => tell(STORY, seed, options, draw),
};

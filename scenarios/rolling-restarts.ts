// An operator restarts one node after the other, some cleanly and some not, faster than is wise; now and then the power fails
// for one that had just come back.

import { MS, SECOND, type Micros } from '../kernel/base/time.ts';
import type { FaultEpisode, RunFile } from '../io/sim/run-file.ts';
import type { Draw } from '../nemesis/draw.ts';
import { faultNamed } from '../nemesis/faults.ts';
import type { RunOptions, Scenario } from './scenario.ts';
import { STEADY, tell, type Story } from './story.ts';

function rounds(draw: Draw, healAt: Micros, nodes: number): FaultEpisode[] {
  const out: FaultEpisode[] = [];
  let from = 1_500 * MS;
  for (let turn = 0; from < healAt - SECOND; turn++) {
    const fault = faultNamed(draw.pick(['restart', 'restart', 'kill', 'disk-lost', 'disk-torn']));
    if (fault === undefined) break;
    const episode = fault.draw(draw, { nodes, from, healAt, lengthUs: SECOND });
    out.push({ ...episode, nodes: [1 + (turn % nodes)] });
    from += draw.between(400 * MS, 2_500 * MS);
  }
  return out;
}

const STORY: Story = {
  name: 'rolling-restarts', nodes: 5, groups: 4, votersPerGroup: 5, forUs: 60 * SECOND,
  workload: { ...STEADY, decidesPer1000s: 50_000, goodputPer1000s: 10_000 },
  faults: ['partition', 'slow', 'drop', 'reorder', 'clock-jump', 'slow-fsync', 'old-backup', 'bit-rot', 'forged-hello', 'behead', 'read-error', 'disk-full', 'stale-read', 'boot-storm', 'blackout', 'call-doubt', 'other-set', 'old-frames', 'garbage'],
  gapUs: 10 * SECOND,
  own: rounds,
};

export const rollingRestarts: Scenario = {
  name: 'rolling-restarts',
  about: 'one node after the other is restarted, crashed or loses its power',
  resolve: (seed: number, options: RunOptions, draw: Draw): RunFile => tell(STORY, seed, options, draw),
};

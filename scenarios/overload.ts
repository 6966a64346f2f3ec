// More comes than fits: most clients ask one node, which stands still now and then and finds everything at once when it goes
// on; its inbox is small, and so are the registers. What is over a bound is turned away and said so; what was taken in is kept.

import { MS, SECOND, type Micros } from '../kernel/base/time.ts';
import type { FaultEpisode, RunFile } from '../io/sim/run-file.ts';
import type { Draw } from '../nemesis/draw.ts';
import type { RunOptions, Scenario } from './scenario.ts';
import { STEADY, tell, type Story } from './story.ts';

/** One node after the other stands still for long enough that more waits for it than it may take in. */
function standstills(draw: Draw, healAt: Micros, nodes: number): FaultEpisode[] {
  const out: FaultEpisode[] = [];
  let from = 1_500 * MS;
  while (from < healAt - SECOND) {
    const until = Math.min(healAt, from + draw.between(SECOND, 3 * SECOND));
    out.push({ kind: 'pause', from, until, nodes: draw.nodes(1, nodes), strength: 1 });
    from = until + draw.between(500 * MS, 2 * SECOND);
  }
  return out;
}

const STORY: Story = {
  name: 'overload', nodes: 5, groups: 2, votersPerGroup: 5, forUs: 60 * SECOND,
  workload: { ...STEADY, decidesPer1000s: 120_000, getsPer1000s: 30_000, clients: 100, goodputPer1000s: 40_000 },
  faults: ['partition', 'slow', 'drop', 'reorder', 'duplicate', 'kill', 'slow-fsync', 'behead', 'burst', 'slow-node', 'disk-full'],
  gapUs: 6 * SECOND,
  own: standstills,
};

/** Three epochs' worth of needs are more than the registers hold. */
const EPOCH_US: Micros = 5 * SECOND;

export const overload: Scenario = {
  name: 'overload',
  about: 'more comes than fits: small inboxes and registers, one node that most clients ask, and standstills',
  resolve: (seed: number, options: RunOptions, draw: Draw): RunFile => {
    const run = tell(STORY, seed, options, draw);
    const bounds = draw.split('bounds');
    return {
      ...run,
      inbox: { ...run.inbox, messages: bounds.pick([64, 256]), requests: bounds.pick([16, 64]) },
      decide: { ...run.decide, epochUs: EPOCH_US, maxRecords: bounds.pick([200, 400]) },
      workload: { ...run.workload, hotPerMille: bounds.pick([600, 800]) },
    };
  },
};

// Bursts of requests, just when the network is least able to serve them: a node is slow, a disk stalls, a link is clogged. Then
// all of it ends, and goodput has to return by itself, before the next time.

import { MS, SECOND, type Micros } from '../kernel/base/time.ts';
import type { FaultEpisode, RunFile } from '../io/sim/run-file.ts';
import type { Draw } from '../nemesis/draw.ts';
import type { RunOptions, Scenario } from './scenario.ts';
import { STEADY, tell, type Story } from './story.ts';

/** The bound for liveness, and some seconds in which goodput is judged. */
const QUIET_US: Micros = 15 * SECOND;
const TROUBLE: readonly { readonly kind: string; readonly strengths: readonly number[] }[] = [
  { kind: 'slow-node', strengths: [800, 5_000, 20_000] },
  { kind: 'slow-fsync', strengths: [20 * MS, 200 * MS, 1_000 * MS] },
  { kind: 'clog', strengths: [150 * MS, 700 * MS] },
  { kind: 'pause', strengths: [1] },
];

function bursts(draw: Draw, healAt: Micros, nodes: number): FaultEpisode[] {
  const out: FaultEpisode[] = [];
  for (let from = 2 * SECOND; from < healAt - SECOND; from += QUIET_US) {
    const until = Math.min(healAt, from + draw.between(800, 1_500) * MS);
    const kinds = draw.nodes(draw.between(2, 3), TROUBLE.length).map((place) => TROUBLE[place - 1] as (typeof TROUBLE)[number]);
    for (const { kind, strengths } of kinds) out.push({ kind, from, until, nodes: draw.nodes(draw.between(1, Math.max(1, (nodes - 1) >> 1)), nodes), strength: draw.pick(strengths) });
    out.push({ kind: 'burst', from, until, nodes: draw.nodes(nodes, nodes), strength: draw.pick([800, 2_000, 4_000]) });
    from = until;
  }
  return out;
}

const STORY: Story = {
  name: 'burst', nodes: 5, groups: 4, votersPerGroup: 5, forUs: 62 * SECOND,
  workload: { ...STEADY, decidesPer1000s: 60_000, clients: 200, goodputPer1000s: 20_000 },
  faults: [], gapUs: 15 * SECOND,
  own: bursts,
};

export const burst: Scenario = {
  name: 'burst',
  about: 'many times the load comes at the worst moments, and is asked again; once it is over, goodput returns',
  resolve: (seed: number, options: RunOptions, draw: Draw): RunFile => tell(STORY, seed, options, draw),
};

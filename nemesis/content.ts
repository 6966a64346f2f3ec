// Faults of snapshots on their way: a content store that is broken, contents that are lost or rot, and crashes in the middle of
// a transfer, of which most are over too soon for chance to hit them.

import { MS, type Micros } from '../kernel/base/time.ts';
import { Random } from '../kernel/base/random.ts';
import type { World } from '../io/sim/world.ts';
import { lasting, some, type Fault } from './fault.ts';
import { again, leaderOf } from './leaders.ts';

export const contentBroken: Fault = {
  name: 'content-broken',
  about: 'content stores fail, do not know whether they did what was asked, are late, or say nothing',
  unit: 'per mille of requests',
  strongest: 1_000,
  needs: 'content',
  draw: (draw, site) => ({ kind: 'content-broken', from: site.from, until: lasting(draw, site), nodes: some(draw, site), strength: draw.pick([100, 400, 1_000]) }),
  begin: (world, episode) => {
    const stores = episode.nodes.map((node) => world.host(node).services.content);
    for (const store of stores) store.brokenPerMille = episode.strength;
    return () => {
      for (const store of stores) store.brokenPerMille = 0;
    };
  },
  happened: (world) => world.hosts.reduce((sum, host) => sum + host.services.content.failures, 0),
};

export const contentRot: Fault = {
  name: 'content-rot',
  about: 'contents that a node keeps are lost, or a bit of them flips, which the store finds out when it reads, or does not',
  unit: 'per mille of contents that are put meanwhile; one of those that are there goes at once',
  strongest: 1_000,
  needs: 'content',
  draw: (draw, site) => ({ kind: 'content-rot', from: site.from, until: lasting(draw, site), nodes: some(draw, site), strength: draw.pick([200, 500, 900]) }),
  begin: (world, episode) => {
    const stores = episode.nodes.map((node) => world.host(node).services.content);
    for (const store of stores) {
      store.strike();
      store.rotPerMille = episode.strength;
    }
    return () => {
      for (const store of stores) store.rotPerMille = 0;
    };
  },
  happened: (world) => world.hosts.reduce((sum, host) => sum + host.services.content.rotted, 0),
};

const LOOKS: readonly Micros[] = [1 * MS, 4 * MS, 15 * MS];
const DOWN: readonly Micros[] = [1 * MS, 30 * MS, 400 * MS];

/** Strikes once at most of two looks, so that some transfers come to an end. */
export const snapshotCut: Fault = {
  name: 'snapshot-cut',
  about: 'a node that has got part of a snapshot crashes, or the one that sends it does',
  unit: 'microseconds between two looks',
  strongest: 1_000 * MS,
  needs: 'content',
  draw: (draw, site) => ({ kind: 'snapshot-cut', from: site.from, until: lasting(draw, site), nodes: some(draw, site), strength: draw.pick(LOOKS) }),
  begin: (world, episode) => {
    const random = Random.of(world.seed, 'snapshot-cut', episode.from);
    return again(world, episode, () => {
      const victim = underWay(world, random);
      if (victim === undefined || random.below(2) === 0) return undefined;
      if (world.crash(world.host(victim), 'kept', random.pick(DOWN))) world.count('snapshot-cut', 1);
      return random.pick(DOWN);
    });
  },
};

/** One end of a transfer of which a part has arrived. */
function underWay(world: World, random: Random): number | undefined {
  for (const node of world.ids) {
    const raft = world.host(node).loop?.kernel.groups.find((one) => one.receiving > 0);
    if (raft === undefined) continue;
    const group = world.parameters.groups.find((one) => one.id === raft.group);
    const leader = group === undefined ? undefined : leaderOf(world, group);
    return leader !== undefined && random.below(2) === 0 ? leader : node;
  }
  return undefined;
}

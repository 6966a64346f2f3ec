// Faults that strike whoever leads a group, once: it is killed, stands still, or is cut off. Unlike those of leaders.ts they do
// not go after the next one, so a live network can be given the very same. Node n of an episode stands for the n-th group.

import { MS } from '../kernel/base/time.ts';
import { nodeId, type NodeId } from '../kernel/base/ids.ts';
import type { LinkFault } from '../io/sim/network.ts';
import type { FaultEpisode } from '../io/sim/run-file.ts';
import type { World } from '../io/sim/world.ts';
import type { Draw } from './draw.ts';
import { lasting, type Fault, type Site } from './fault.ts';
import { groupOf, leaderOf } from './leaders.ts';

/** While a group has no leader, somebody looks for one this often. */
const LOOK_US = 10 * MS;

const drawn = (kind: string, strength: (draw: Draw) => number) => (draw: Draw, site: Site): FaultEpisode => ({
  kind, from: site.from, until: lasting(draw, site), nodes: draw.nodes(1, site.nodes), strength: strength(draw),
});

/** Calls `strike` with the leader as soon as there is one; what `strike` returns ends the episode. */
function once(world: World, episode: FaultEpisode, strike: (leader: NodeId) => () => void): () => void {
  const group = groupOf(world, episode);
  let over = false;
  let end: (() => void) | undefined;
  const look = (): void => {
    if (over) return;
    const leader = leaderOf(world, group);
    if (leader === undefined) return world.at(world.now + LOOK_US, look);
    world.count(episode.kind, 1);
    end = strike(leader);
  };
  look();
  return () => {
    over = true;
    end?.();
  };
}

export const leaderKilled: Fault = {
  name: 'leader-killed',
  about: 'whoever leads a group is killed',
  unit: 'microseconds until it is started again',
  strongest: 30_000 * MS,
  draw: drawn('leader-killed', (draw) => draw.pick([300, 1_500, 4_000]) * MS),
  begin: (world, episode) => once(world, episode, (leader) => {
    const host = world.host(leader);
    world.crash(host, 'kept', Math.max(1, Math.min(episode.strength, episode.until - world.now)));
    return () => {
      if (host.state === 'down') host.start();
    };
  }),
};

export const leaderPaused: Fault = {
  name: 'leader-paused',
  about: 'whoever leads a group stands still',
  unit: 'always 1',
  strongest: 1,
  draw: drawn('leader-paused', () => 1),
  begin: (world, episode) => once(world, episode, (leader) => {
    const host = world.host(leader);
    world.pause(host, false);
    return () => world.resume(host, false);
  }),
};

export const leaderCut: Fault = {
  name: 'leader-cut',
  about: 'whoever leads a group and all others cannot hear each other',
  unit: 'always 1',
  strongest: 1,
  draw: drawn('leader-cut', () => 1),
  begin: (world, episode) => once(world, episode, (leader) => {
    const others = world.ids.filter((id) => id !== leader).map((id) => nodeId(id));
    const cut: readonly LinkFault[] = [{ kind: 'partition', from: [leader], to: others, strength: 1 }, { kind: 'partition', from: others, to: [leader], strength: 1 }];
    for (const fault of cut) world.network.begin(fault);
    return () => {
      for (const fault of cut) world.network.end(fault);
    };
  }),
};

// Faults that follow whoever leads. Chance seldom hits a leader at the moment that matters: just elected, not yet heard by a
// quorum, with entries that nobody else holds. These look at who leads a group and strike there, again and again; what they
// look at is no evidence, and no property sees it.

import { MS, type Micros } from '../kernel/base/time.ts';
import { nodeId, type NodeId } from '../kernel/base/ids.ts';
import type { GroupParameters } from '../kernel/parameters.ts';
import type { Raft } from '../kernel/raft/raft.ts';
import type { FaultEpisode } from '../io/sim/run-file.ts';
import type { LinkFault } from '../io/sim/network.ts';
import type { World } from '../io/sim/world.ts';
import type { Draw } from './draw.ts';
import type { Fault, Site } from './fault.ts';

/** How long a leader may be left alone: short, and its first entry reaches nobody; long, and clients get answers from it. */
const PATIENCE: readonly Micros[] = [1 * MS, 3 * MS, 10 * MS, 100 * MS, 400 * MS, 1_200 * MS];
const STRONGEST: Micros = 5_000 * MS;
/** The clock of a leader that is cut off runs slow, so that it believes in itself for longer. In parts per million. */
const SLOW_CLOCK = 400_000;
/** Votes under way that long meet those of rivals. */
const SLOW_VOTES: Micros = 40 * MS;

/** Long enough for an election or three, whatever the schedule thinks of other faults. */
const drawn = (kind: string, patience: readonly Micros[]) => (draw: Draw, site: Site): FaultEpisode => {
  const until = Math.min(site.healAt, site.from + draw.between(1_500 * MS, 5_000 * MS));
  return { kind, from: site.from, until, nodes: draw.nodes(1, site.nodes), strength: draw.pick(patience) };
};

/** Node n stands for the n-th group, going round. */
export function groupOf(world: World, episode: FaultEpisode): GroupParameters {
  const { groups } = world.parameters;
  return groups[((episode.nodes[0] ?? 1) - 1) % groups.length] as GroupParameters;
}

export function memberOf(world: World, node: number, group: GroupParameters): Raft | undefined {
  return world.host(node).loop?.kernel.member(group.id);
}

/** Who leads in the latest term. One that is cut off may believe that it leads in an earlier one. */
export function leaderOf(world: World, group: GroupParameters): NodeId | undefined {
  let latest: Raft | undefined;
  for (let node = 1; node <= world.parameters.nodes; node++) {
    const raft = memberOf(world, node, group);
    if (raft?.role === 'leader' && raft.term > (latest?.term ?? 0)) latest = raft;
  }
  return latest?.self;
}

/** Looks every `strength` until the episode is over, or again after so long as the look itself says. */
export function again(world: World, episode: FaultEpisode, look: () => Micros | undefined): () => void {
  let over = false;
  const turn = (): void => {
    if (over) return;
    const rest = look() ?? 0;
    world.at(world.now + Math.max(1, episode.strength, rest), turn);
  };
  turn();
  return () => {
    over = true;
  };
}

export const hunt: Fault = {
  name: 'hunt',
  about: 'whoever leads a group is cut off, and its clock runs slow, until another one leads and is cut off instead',
  unit: 'microseconds between two looks at who leads',
  strongest: STRONGEST,
  milder: 'larger',
  draw: drawn('hunt', PATIENCE),
  begin: (world, episode) => {
    const group = groupOf(world, episode);
    let quarry: NodeId | undefined;
    let cut: readonly LinkFault[] = [];
    const release = (): void => {
      for (const fault of cut) world.network.end(fault);
      cut = [];
      if (quarry !== undefined) world.host(quarry).clock.drift(0);
    };
    const stop = again(world, episode, () => {
      const leader = leaderOf(world, group);
      if (leader === undefined || leader === quarry) return undefined;
      release();
      quarry = leader;
      const others = world.ids.filter((id) => id !== leader).map((id) => nodeId(id));
      cut = [{ kind: 'partition', from: [leader], to: others, strength: 1 }, { kind: 'partition', from: others, to: [leader], strength: 1 }];
      for (const fault of cut) world.network.begin(fault);
      world.host(leader).clock.drift(-SLOW_CLOCK);
      world.count('hunt', 1);
      // The others follow it until they have heard nothing for so long: nobody is elected before.
      return Math.floor(world.parameters.raft.electionMinUs / 2);
    });
    return () => {
      stop();
      release();
    };
  },
};

export const behead: Fault = {
  name: 'behead',
  about: 'votes of a group take long, and whoever stands for election or leads crashes and is soon back',
  unit: 'microseconds between two looks at who stands or leads; a victim is down for as long',
  strongest: STRONGEST,
  milder: 'larger',
  draw: drawn('behead', PATIENCE.slice(1, 4)),
  begin: (world, episode) => {
    const group = groupOf(world, episode);
    const last = Math.max(1, episode.until - world.now);
    const slow: LinkFault = { kind: 'slow', from: group.voters, to: group.voters, strength: SLOW_VOTES };
    world.network.begin(slow);
    const stop = again(world, episode, () => {
      for (const voter of world.ids) {
        const role = memberOf(world, voter, group)?.role;
        if (role !== 'candidate' && role !== 'leader') continue;
        if (world.crash(world.host(voter), 'kept', Math.min(episode.strength, last))) world.count('behead', 1);
      }
      return undefined;
    });
    return () => {
      stop();
      world.network.end(slow);
    };
  },
};

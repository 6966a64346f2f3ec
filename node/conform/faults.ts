// The faults of a run file, done to a live network: those that a proxy and a signal can do. Each does what its namesake does
// to the simulated network (nemesis/), with the same strength.

import { nodeId, type NodeId } from '../../kernel/base/ids.ts';
import { MS, type Micros } from '../../kernel/base/time.ts';
import type { LinkFault, LinkFaultKind } from '../../io/sim/network.ts';
import type { FaultEpisode } from '../../io/sim/run-file.ts';
import type { Links } from './links.ts';

/** What a fault can reach of a live network. Processes are ended and started in the order in which that was asked for. */
export interface LiveWorld {
  readonly now: Micros;
  readonly ids: readonly NodeId[];
  readonly links: Links;
  at(time: Micros, task: () => void): void;
  kill(node: NodeId, downUs: Micros): void;
  stop(node: NodeId, downUs: Micros): void;
  /** Starts the process if it is down. */
  start(node: NodeId): void;
  pause(node: NodeId): void;
  resume(node: NodeId): void;
  /** Who leads the group, as soon as somebody does; never if `givenUp` says true before. */
  leader(group: number, givenUp: () => boolean): Promise<NodeId | undefined>;
  count(fault: string, times: number): void;
}

type Begin = (world: LiveWorld, episode: FaultEpisode) => () => void;

const ids = (nodes: readonly number[]): NodeId[] => nodes.map((node) => nodeId(node));
const rest = (world: LiveWorld, nodes: readonly number[]): NodeId[] => world.ids.filter((id) => !nodes.includes(id));

function disturb(world: LiveWorld, faults: readonly LinkFault[]): () => void {
  for (const fault of faults) world.links.begin(fault);
  world.count((faults[0] as LinkFault).kind, 1);
  return () => {
    for (const fault of faults) world.links.end(fault);
  };
}

const outgoing = (kind: LinkFaultKind): Begin => (world, episode) => disturb(world, [{ kind, from: ids(episode.nodes), to: world.ids, strength: episode.strength }]);

function apart(world: LiveWorld, nodes: readonly number[]): LinkFault[] {
  const others = rest(world, nodes);
  return [{ kind: 'partition', from: ids(nodes), to: others, strength: 1 }, { kind: 'partition', from: others, to: ids(nodes), strength: 1 }];
}

/** Strikes the leader of the group that the episode's node stands for; what `strike` returns ends it. */
const leaderOnce = (strike: (world: LiveWorld, leader: NodeId, episode: FaultEpisode) => () => void): Begin => (world, episode) => {
  let over = false;
  let end: (() => void) | undefined;
  void world.leader((episode.nodes[0] ?? 1) - 1, () => over).then((leader) => {
    if (over || leader === undefined) return;
    world.count(episode.kind, 1);
    end = strike(world, leader, episode);
  });
  return () => {
    over = true;
    end?.();
  };
};

const LEAST_BETWEEN_RESETS: Micros = 120 * MS;

const BEGINS: Readonly<Record<string, Begin>> = {
  partition: (world, episode) => disturb(world, apart(world, episode.nodes)),
  'one-way': (world, episode) => {
    const one = ids(episode.nodes);
    const other = rest(world, episode.nodes);
    const mute = episode.strength === 1;
    return disturb(world, [{ kind: 'one-way', from: mute ? one : other, to: mute ? other : one, strength: 1 }]);
  },
  slow: outgoing('slow'),
  drop: outgoing('drop'),
  narrow: outgoing('narrow'),
  reset: (world, episode) => {
    let over = false;
    const again = (): void => {
      if (over) return;
      world.count('reset', world.links.reset(episode.nodes));
      world.at(world.now + Math.max(LEAST_BETWEEN_RESETS, episode.strength), again);
    };
    again();
    return () => {
      over = true;
    };
  },
  kill: (world, episode) => {
    for (const node of ids(episode.nodes)) world.kill(node, episode.strength);
    world.count('kill', episode.nodes.length);
    return () => {
      for (const node of ids(episode.nodes)) world.start(node);
    };
  },
  restart: (world, episode) => {
    for (const node of ids(episode.nodes)) world.stop(node, episode.strength);
    world.count('restart', episode.nodes.length);
    return () => {
      for (const node of ids(episode.nodes)) world.start(node);
    };
  },
  pause: (world, episode) => {
    for (const node of ids(episode.nodes)) world.pause(node);
    world.count('pause', episode.nodes.length);
    return () => {
      for (const node of ids(episode.nodes)) world.resume(node);
    };
  },
  'leader-killed': leaderOnce((world, leader, episode) => {
    world.kill(leader, episode.strength);
    return () => world.start(leader);
  }),
  'leader-paused': leaderOnce((world, leader) => {
    world.pause(leader);
    return () => world.resume(leader);
  }),
  'leader-cut': leaderOnce((world, leader) => {
    const cut = apart(world, [leader]);
    for (const fault of cut) world.links.begin(fault);
    return () => {
      for (const fault of cut) world.links.end(fault);
    };
  }),
};

/** Faults that a live network can be given. */
export const LIVE_FAULTS: readonly string[] = Object.keys(BEGINS);

export function beginLive(world: LiveWorld, episode: FaultEpisode): () => void {
  const begin = BEGINS[episode.kind];
  if (begin === undefined) throw new Error(`a live network cannot be given the fault ${episode.kind}`);
  return begin(world, episode);
}

/** Why a run cannot be told to a live network; undefined if it can. */
export function notLive(episode: FaultEpisode): string | undefined {
  if (!LIVE_FAULTS.includes(episode.kind)) return `the fault "${episode.kind}" can be done to a simulated network only (both worlds know ${LIVE_FAULTS.join(', ')})`;
  if (episode.point !== undefined) return `a crash at "${episode.point}" can be done to a simulated process only`;
  if (episode.kind === 'partition' && episode.strength > 1) return 'a bridge or a ring (partition of strength 2 to 4) can be simulated only: live links are cut between two sides';
  if (episode.kind === 'pause' && episode.strength === 2) return 'a suspended machine (pause of strength 2) can be simulated only: a live process that stands still has a clock that goes on';
  return undefined;
}


// What befalls the membership of groups: an operator who moves them from node to node faster than is wise, and who lets another
// member lead; and a disk that is lost with all that was on it, so that its node may only come back in another life. Whom the
// operator picks is drawn from a stream of the episode's own. What it looks at is no evidence, and no property sees it.

import { MS, SECOND, type Micros } from '../kernel/base/time.ts';
import { nodeId, type GroupId, type NodeId } from '../kernel/base/ids.ts';
import { Random } from '../kernel/base/random.ts';
import type { Raft } from '../kernel/raft/raft.ts';
import type { FaultEpisode } from '../io/sim/run-file.ts';
import type { World } from '../io/sim/world.ts';
import type { Draw } from './draw.ts';
import { lasting, type Fault } from './fault.ts';
import { again, groupOf, leaderOf, memberOf } from './leaders.ts';

/** How long the operator waits between two orders: less than an election takes, or long enough for learners to catch up. */
const PATIENCE: readonly Micros[] = [3 * MS, 20 * MS, 150 * MS, 1_000 * MS];
const STRONGEST: Micros = 60 * SECOND;
/** So many orders come one after the other; then the operator looks for a while what has come of them. */
const BURST = 8;
const REST_US: Micros = 200 * MS;
const LEAST_VOTERS = 3;
const MOST_VOTERS = 5;

/** Every member that believes it leads. */
function leadersOf(world: World, group: GroupId): Raft[] {
  const out: Raft[] = [];
  for (let id = 1; id <= world.parameters.nodes; id++) {
    const raft = world.host(id).loop?.kernel.member(group);
    if (raft?.role === 'leader') out.push(raft);
  }
  return out;
}

/** Nodes that were never damaged: others may be away for good. */
function whole(world: World): NodeId[] {
  return world.ids.filter((id) => !world.host(id).damaged && world.host(id).state !== 'out').map((id) => nodeId(id));
}

function drawVoters(world: World, random: Random): NodeId[] {
  const among = whole(world);
  const count = Math.min(among.length, random.between(LEAST_VOTERS, MOST_VOTERS));
  return random.shuffled(among).slice(0, count).sort((a, b) => a - b);
}

/** Mostly one comes or goes: two leaders that each know of another such step are what the rules of changing are for. */
function drawGoal(world: World, random: Random, raft: Raft): { voters: NodeId[]; learners: NodeId[] } {
  const held = raft.electorate.configuration.goal.voters;
  const among = whole(world);
  const others = among.filter((node) => !held.includes(node));
  const staying = held.filter((node) => among.includes(node));
  const what = random.below(4);
  let voters: NodeId[];
  if (what === 0 && others.length > 0 && held.length < MOST_VOTERS) voters = [...staying, random.pick(others)];
  else if (what === 1 && staying.length > LEAST_VOTERS) voters = staying.filter((node) => node !== random.pick(staying));
  else if (what === 2 && others.length > 0 && staying.length > 0) voters = [...staying.slice(1), random.pick(others)];
  else voters = drawVoters(world, random);
  if (voters.length < Math.min(LEAST_VOTERS, among.length)) voters = drawVoters(world, random);
  const spare = among.filter((node) => !voters.includes(node));
  const learners = spare.length > 0 && random.below(4) === 0 ? [random.pick(spare)] : [];
  return { voters: voters.sort((a, b) => a - b), learners };
}

export const reconfigure: Fault = {
  name: 'reconfigure',
  about: 'an operator moves a group from node to node: voters come, go and are replaced, at leaders old and new',
  unit: 'microseconds between two orders',
  strongest: STRONGEST,
  milder: 'larger',
  draw: (draw, site) => ({ kind: 'reconfigure', from: site.from, until: lasting(draw, { ...site, lengthUs: 4 * SECOND }), nodes: draw.nodes(1, site.nodes), strength: draw.pick(PATIENCE) }),
  begin: (world, episode) => {
    const group = groupOf(world, episode).id;
    const random = Random.of(world.seed, 'reconfigure', episode.from);
    let left = BURST;
    return again(world, episode, () => {
      for (const raft of leadersOf(world, group)) {
        world.operator.order(raft.self, group, { kind: 'change', number: raft.electorate.configuration.number, goal: drawGoal(world, random, raft) });
        world.count('reconfigure', 1);
        left--;
      }
      if (left > 0) return undefined;
      left = BURST;
      return REST_US;
    });
  },
};

export const handOver: Fault = {
  name: 'hand-over',
  about: 'an operator lets another member of a group lead, again and again',
  unit: 'microseconds between two orders',
  strongest: STRONGEST,
  milder: 'larger',
  draw: (draw, site) => ({ kind: 'hand-over', from: site.from, until: lasting(draw, site), nodes: draw.nodes(1, site.nodes), strength: draw.pick([50, 400, 1_500]) * MS }),
  begin: (world, episode) => {
    const group = groupOf(world, episode).id;
    const random = Random.of(world.seed, 'hand-over', episode.from);
    return again(world, episode, () => {
      const leader = leadersOf(world, group).at(-1);
      if (leader === undefined) return undefined;
      const { voters } = leader.electorate.configuration;
      world.operator.order(nodeId(1 + random.below(world.parameters.nodes)), group, { kind: 'handOver', to: random.pick(voters).node });
      world.count('hand-over', 1);
      return undefined;
    });
  },
};

/** Every group has the voters it wants, and each of them is up and is the one that was given its seat. */
function isWhole(world: World): boolean {
  return world.parameters.groups.every((group) => {
    const leader = leaderOf(world, group);
    if (leader === undefined) return false;
    const { voters, outgoing, goal } = (memberOf(world, leader, group) as Raft).electorate.configuration;
    return outgoing.length === 0 && voters.length === goal.voters.length && voters.every((seat) => memberOf(world, seat.node, group) !== undefined);
  });
}

export const lostDisk: Fault = {
  name: 'lost-disk',
  about: 'a disk is lost with all that was on it; its node gets an empty one, and may only come back in another life',
  unit: 'microseconds until the machine is started again',
  strongest: STRONGEST,
  damages: true,
  guarded: true,
  draw: (draw: Draw, site) => {
    const down = Math.min(draw.pick([50, 800, 3_000]) * MS, Math.max(1, site.healAt - site.from));
    return { kind: 'lost-disk', from: site.from, until: Math.min(site.healAt, site.from + down + MS), nodes: draw.nodes(1, site.nodes), strength: down };
  },
  begin: (world: World, episode: FaultEpisode) => {
    for (const node of episode.nodes) {
      const host = world.host(node);
      const isFirst = world.hosts.every((one) => !one.damaged);
      if (host.loop === undefined || (!isFirst && !isWhole(world))) continue;
      world.crash(host, 'kept', episode.strength);
      host.disk.replace();
      host.services.content.wipe();
      host.rejoins = true;
      world.count('lost-disk', 1);
      world.wasDamaged(host, false);
    }
    return () => {
      for (const node of episode.nodes) if (world.host(node).state === 'down') world.host(node).start();
    };
  },
};

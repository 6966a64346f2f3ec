import { describe, expect, test } from 'vitest';
import { SECOND } from '../kernel/base/time.ts';
import { nodeId, type NodeId } from '../kernel/base/ids.ts';
import type { GroupParameters } from '../kernel/parameters.ts';
import type { Raft } from '../kernel/raft/raft.ts';
import { execute, resolve } from './run.ts';
import { groupsOf } from './topology.ts';
import { SeededDraw } from '../nemesis/draw.ts';
import { bearsDamage } from '../nemesis/budget.ts';
import { FAULTS, faultNamed } from '../nemesis/faults.ts';
import { leaderOf, memberOf } from '../nemesis/leaders.ts';
import { affordable, compose, type ScheduleOptions } from '../nemesis/schedule.ts';

const ALL = FAULTS.map((fault) => fault.name);
const options = (nodes: number, healAt: number, certain: readonly string[] = ALL): ScheduleOptions => ({
  nodes, groups: groupsOf(nodes, 4, 5), healAt, among: ALL, certain, parent: true, gpu: true, content: true, gapUs: 5 * SECOND,
});

describe('a schedule', () => {
  test('is the same for the same seed, and another for another', () => {
    const of = (seed: number): string => JSON.stringify(compose(new SeededDraw(String(seed)), options(5, 60 * SECOND)));
    expect(of(1)).toBe(of(1));
    expect(of(1)).not.toBe(of(2));
  });

  test('has every fault that must come, in order, and all are over when the network heals', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const healAt = (5 + seed) * SECOND;
      const episodes = compose(new SeededDraw(String(seed)), options(5, healAt));
      // Damage has a budget, and what only a story brings is not drawn.
      const drawn = FAULTS.filter((fault) => fault.damages !== true && fault.needs !== 'plan');
      for (const { name } of drawn) expect(episodes.some((episode) => episode.kind === name)).toBe(true);
      expect(episodes.every((episode) => episode.until <= healAt)).toBe(true);
      expect(episodes.map((episode) => episode.from)).toEqual(episodes.map((episode) => episode.from).sort((a, b) => a - b));
    }
  });

  test('chooses three kinds or more by itself, and not always the same', () => {
    const chosen = new Set<string>();
    for (let seed = 1; seed <= 40; seed++) {
      const kinds = new Set(compose(new SeededDraw(String(seed)), options(5, 60 * SECOND, [])).map((episode) => episode.kind));
      expect(kinds.size).toBeGreaterThanOrEqual(2);
      chosen.add([...kinds].sort().join());
    }
    expect(chosen.size).toBeGreaterThan(30);
  });

  test('never damages what half of a group or more acknowledged', () => {
    for (let seed = 1; seed <= 200; seed++) {
      for (const nodes of [1, 2, 3, 4, 5, 7]) {
        const damaged = new Set(compose(new SeededDraw(String(seed)), options(nodes, 30 * SECOND)).filter((one) => faultNamed(one.kind)?.damages === true).flatMap((one) => one.nodes));
        for (const group of groupsOf(nodes, 4, 5)) expect(2 * group.voters.filter((voter) => damaged.has(voter)).length).toBeLessThan(group.voters.length);
      }
    }
  });

  test('counts damage by group', () => {
    const groups = groupsOf(10, 2, 5);
    expect(affordable(groups, new Set([1]), [2])).toBe(true);
    expect(affordable(groups, new Set([1, 2]), [3])).toBe(false);
    expect(affordable(groups, new Set([1, 2]), [7])).toBe(true);
  });

  test('counts damage by the voters that a group has by then', () => {
    const { world } = execute(resolve(1, { forUs: 3 * SECOND, faults: 'none' }), [], { checked: false, kernelVersion: 'test' });
    const group = world.parameters.groups[0] as GroupParameters;
    world.host(1).damaged = true;
    expect([2, 3, 4, 5].map((node) => bearsDamage(world, nodeId(node)))).toEqual([true, true, true, true]);
    const leader = leaderOf(world, group) as NodeId;
    const { number } = (memberOf(world, leader, group) as Raft).electorate.configuration;
    world.operator.order(leader, group.id, { kind: 'change', number, goal: { voters: [1, 2, 3].map((node) => nodeId(node)), learners: [] } });
    world.run(world.now + 2 * SECOND, 1_000_000);
    expect([2, 3, 4, 5].map((node) => bearsDamage(world, nodeId(node)))).toEqual([false, false, true, true]);
  });
});

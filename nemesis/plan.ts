// People and programs who edit a shared plan at all nodes at once, without asking each other: tasks that others name too, links that
// close cycles together, states that go forward and are reopened. It breaks nothing by itself; what it meets does.

import { MS, SECOND, type Micros } from '../kernel/base/time.ts';
import { nodeId } from '../kernel/base/ids.ts';
import { Random } from '../kernel/base/random.ts';
import type { Body } from '../kernel/plan/op.ts';
import type { Fault } from './fault.ts';
import { again } from './leaders.ts';

const STRONGEST: Micros = 60 * SECOND;
const PACES: readonly Micros[] = [20 * MS, 50 * MS, 120 * MS];
const THREADS = ['north', 'south'];
const TASKS = 24;
const KEYS = 3;
/** What is said of generations that have not begun, or are over. */
const GENERATIONS = 12;

/** Few names, so that what is said here meets what is said elsewhere; and now and then what a task is about is its own. */
function drawBody(random: Random, generationOf: (task: string) => number): Body {
  const number = random.below(TASKS);
  const task = `t${number}`;
  const artifact = `a${random.below(2) === 0 ? number : random.below(TASKS)}`;
  const generation = random.below(3) > 0 ? generationOf(task) : random.below(GENERATIONS);
  switch (random.below(12)) {
    case 0:
    case 1:
      return { kind: 'ADD_TASK', task, title: `title ${random.below(4)}` };
    case 2:
    case 3:
      return { kind: 'LINK', parent: task, child: `t${random.below(TASKS)}` };
    case 5:
      return { kind: 'REQUIRES', task, artifact };
    case 6:
      return { kind: 'PRODUCES', task, artifact };
    case 7:
    case 8:
      return { kind: 'REOPEN', task, generation };
    case 4:
    case 9:
      return { kind: 'STATE', task, generation, rank: random.below(4) };
    default:
      return { kind: 'ANNOTATE', task, key: `k${random.below(KEYS)}`, value: `value ${random.below(1_000)}` };
  }
}

export const planEdits: Fault = {
  name: 'plan-edits',
  about: 'at the nodes named, the plan is edited by many at once who do not wait for each other',
  unit: 'microseconds between two edits',
  strongest: STRONGEST,
  milder: 'larger',
  needs: 'plan',
  draw: (draw, site) => ({ kind: 'plan-edits', from: site.from, until: Math.min(site.healAt, site.from + site.lengthUs), nodes: draw.nodes(site.nodes, site.nodes), strength: draw.pick(PACES) }),
  begin: (world, episode) => {
    const random = Random.of(world.seed, 'plan-edits', episode.from);
    return again(world, episode, () => {
      const node = nodeId(random.pick(episode.nodes));
      const thread = random.pick(THREADS);
      const generationOf = (task: string): number => world.host(node).loop?.kernel.plan?.of(thread)?.task(task)?.generation ?? 0;
      world.operator.edit(node, thread, drawBody(random, generationOf));
      world.count('plan-edits', 1);
      return undefined;
    });
  },
};

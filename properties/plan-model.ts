// What a set of ops means, worked out from the start: sorted, then folded one after the other, cycles found by a plain search.
// It shares nothing with the kernel's plan but the shape of an op.

import type { Op } from '../kernel/plan/op.ts';

interface Task {
  added: Op | undefined;
  generation: number;
  rank: number;
  readonly notes: Map<string, string>;
  readonly requires: Set<string>;
  readonly produces: Set<string>;
}

/** One thread, as lines for a person: tasks by name, then links in their order, then what is ready. */
export type Lines = readonly string[];

export const before = (a: Op, b: Op): number => {
  if (a.lamport !== b.lamport) return a.lamport - b.lamport;
  if (a.actor !== b.actor) return a.actor < b.actor ? -1 : 1;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
};

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const VERIFIED = 2;

export function foldThread(thread: string, all: readonly Op[]): Lines {
  const ops = all.filter((op) => op.thread === thread).sort(before);
  const tasks: Map<string, Task> = new Map();
  const task = (name: string): Task => {
    const known = tasks.get(name);
    if (known !== undefined) return known;
    const fresh: Task = { added: undefined, generation: 0, rank: 0, notes: new Map(), requires: new Set(), produces: new Set() };
    tasks.set(name, fresh);
    return fresh;
  };
  const held: { readonly parent: string; readonly child: string }[] = [];
  const links: string[] = [];
  for (const op of ops) {
    const body = op.body;
    if (body.kind === 'LINK') {
      task(body.parent);
      task(body.child);
      const closes = reaches(held, body.child, body.parent);
      if (!closes) held.push(body);
      links.push(linkLine(op.id, body.parent, body.child, !closes));
    } else apply(task(body.task), op);
  }
  for (const [name, one] of tasks) standing(name, one, ops);
  const lines = [...tasks].sort((a, b) => byText(a[0], b[0])).map(([name, one]) => taskLine(name, one.added?.id, one.generation, one.rank, [...one.notes], [...one.requires], [...one.produces]));
  const ready = [...tasks].filter(([name, one]) => one.added !== undefined && one.rank === 0 && !waits(tasks, held, name, one));
  ready.sort((a, b) => before(a[1].added as Op, b[1].added as Op));
  return [...lines, ...links, readyLine(ready.map(([name]) => name))];
}

function apply(task: Task, op: Op): void {
  const body = op.body;
  if (body.kind === 'ADD_TASK') task.added ??= op;
  else if (body.kind === 'ANNOTATE') task.notes.set(body.key, body.value);
  else if (body.kind === 'REQUIRES') task.requires.add(body.artifact);
  else if (body.kind === 'PRODUCES') task.produces.add(body.artifact);
}

/** The generation follows from those that were ended, without gaps; the state is the furthest that was said within it. */
function standing(name: string, task: Task, ops: readonly Op[]): void {
  const ended = new Set<number>();
  for (const { body } of ops) if (body.kind === 'REOPEN' && body.task === name) ended.add(body.generation);
  while (ended.has(task.generation)) task.generation++;
  for (const { body } of ops) if (body.kind === 'STATE' && body.task === name && body.generation === task.generation) task.rank = Math.max(task.rank, body.rank);
}

function reaches(links: readonly { readonly parent: string; readonly child: string }[], from: string, to: string): boolean {
  const seen = new Set([from]);
  for (const name of seen) {
    if (name === to) return true;
    for (const link of links) if (link.parent === name) seen.add(link.child);
  }
  return false;
}

function waits(tasks: ReadonlyMap<string, Task>, held: readonly { readonly parent: string; readonly child: string }[], name: string, task: Task): boolean {
  const done = (other: string): boolean => (tasks.get(other) as Task).rank >= VERIFIED;
  if (held.some((link) => link.child === name && !done(link.parent))) return true;
  for (const artifact of task.requires) {
    const others = [...tasks].filter(([other, one]) => other !== name && one.produces.has(artifact));
    if (others.length > 0 && !others.some(([other]) => done(other))) return true;
  }
  return false;
}

export function taskLine(
  name: string, added: string | undefined, generation: number, rank: number, notes: readonly (readonly [string, string])[], requires: readonly string[], produces: readonly string[],
): string {
  const said = notes.map(([key, value]) => `${key}=${value}`).sort(byText).join(',');
  return `task ${name} of ${added ?? 'nobody'}: generation ${generation}, state ${rank}; ${said}; requires ${[...requires].sort(byText).join(',')}; produces ${[...produces].sort(byText).join(',')}`;
}

export const linkLine = (id: string, parent: string, child: string, holds: boolean): string => `link ${id}: ${parent} before ${child}${holds ? '' : ', rejected'}`;

export const readyLine = (names: readonly string[]): string => `ready: ${names.join(',')}`;

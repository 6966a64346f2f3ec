// When all faults have ended and nodes have compared their plans, all of them have the same ops and mean the same to the byte;
// and it is what a fold from the start says of those ops, as they crossed the wire. What a node promised to a client is among
// them, unless that node's own disk was damaged; and a node's promises never go back in time.

import type { Property, RunView, Watch, WorldView } from '../io/sim/evidence.ts';
import type { Frame } from '../io/ports.ts';
import type { NodeId } from '../kernel/base/ids.ts';
import { SECOND, type Micros } from '../kernel/base/time.ts';
import { sha256 } from '../kernel/base/hash.ts';
import type { Answer } from '../kernel/effect.ts';
import type { RequestId } from '../kernel/event.ts';
import { meaning } from '../kernel/plan/image.ts';
import type { Op } from '../kernel/plan/op.ts';
import type { Plan } from '../kernel/plan/plan.ts';
import type { Thread } from '../kernel/plan/thread.ts';
import { before, foldThread, linkLine, readyLine, taskLine, type Lines } from './plan-model.ts';
import { Verdicts } from './verdict.ts';

/** Ops that are remembered; a run with more is judged by convergence alone. */
const MOST_OPS = 20_000;
const ALL = 1_000_000;

interface Promised {
  readonly node: NodeId;
  readonly id: string;
}

class PlanConvergence extends Verdicts {
  /** By id: what was said on the wire. */
  private readonly ops: Map<string, Op> = new Map();
  private promised: Promised[] = [];
  private readonly times: number[] = [];
  private tooMany = false;
  private healedAt: Micros | undefined;

  constructor(run: RunView) {
    super('plan-convergence', run);
  }

  sent(frame: Frame): void {
    const message = frame.message;
    if (message.kind !== 'planOps') return;
    for (const entry of message.entries) {
      if (entry.body === undefined || this.ops.has(entry.id)) continue;
      if (this.ops.size < MOST_OPS) this.ops.set(entry.id, entry);
      else this.tooMany = true;
    }
  }

  replied(node: NodeId, _request: RequestId, answer: Answer, now: Micros): void {
    if (answer.kind !== 'planned') return;
    this.checks++;
    if (this.promised.length < MOST_OPS) this.promised.push({ node, id: answer.id });
    if (answer.lamport <= (this.times[node] ?? 0)) this.violated(now, [node], `node ${node} promised an op at time ${answer.lamport}, after one at ${this.times[node]}`);
    this.times[node] = answer.lamport;
  }

  damaged(node: NodeId): void {
    this.promised = this.promised.filter((promise) => promise.node !== node);
    this.times[node] = 0;
  }

  healed(now: Micros): void {
    this.healedAt = now;
  }

  /** Every node has compared its plan with every other one, however long the first of them took to be heard. */
  private hadTime(now: Micros): boolean {
    const { nodes, planSyncUs } = this.run.parameters;
    return planSyncUs > 0 && this.healedAt !== undefined && now - this.healedAt >= (nodes + 2) * planSyncUs + 2 * SECOND;
  }

  finished(world: WorldView): void {
    const nodes = world.nodes.filter((node) => node.up && !node.out && node.kernel?.outcast !== true);
    const plans = nodes.flatMap(({ id, kernel }) => (kernel?.plan === undefined ? [] : [{ id, plan: kernel.plan }]));
    const [first, ...others] = plans;
    if (first === undefined || others.length === 0 || this.promised.length === 0 || !this.hadTime(world.now)) return;
    const ids = new Set([...first.plan.entries()].map((entry) => entry.id));
    const meant = sha256(meaning(first.plan));
    for (const { id, plan } of others) {
      this.checks++;
      if (sha256(meaning(plan)) !== meant) return this.differ(world.now, first, { id, plan });
    }
    const lost = this.promised.find((promise) => !ids.has(promise.id));
    if (lost !== undefined) return this.violated(world.now, [lost.node], `node ${lost.node} promised an op that nobody has`, [lost.id]);
    if (!this.tooMany) this.fold(world.now, plans, ids);
  }

  private differ(now: Micros, a: { readonly id: NodeId; readonly plan: Plan }, b: { readonly id: NodeId; readonly plan: Plan }): void {
    const idsOf = (plan: Plan): Set<string> => new Set([...plan.entries()].map((entry) => entry.id));
    const [mine, theirs] = [idsOf(a.plan), idsOf(b.plan)];
    const only = (some: ReadonlySet<string>, not: ReadonlySet<string>): number => [...some].filter((id) => !not.has(id)).length;
    const lines = a.plan.all.flatMap((thread) => linesOf(thread));
    const others = new Set(b.plan.all.flatMap((thread) => linesOf(thread)));
    const evidence = [`${only(mine, theirs)} ops only at node ${a.id}, ${only(theirs, mine)} only at node ${b.id}`, ...lines.filter((line) => !others.has(line)).slice(0, 3)];
    this.violated(now, [a.id, b.id], `the plans of node ${a.id} and node ${b.id} differ after everything has healed`, evidence);
  }

  /** Views are kept as ops arrive, and they came to every node in another order: each node's are looked at. */
  private fold(now: Micros, plans: readonly { readonly id: NodeId; readonly plan: Plan }[], ids: ReadonlySet<string>): void {
    const ops: Op[] = [];
    for (const id of ids) {
      const op = this.ops.get(id);
      if (op === undefined) return this.violated(now, [], 'all nodes have an op that never crossed the wire', [id]);
      ops.push(op);
    }
    ops.sort(before);
    for (const name of new Set(ops.map((op) => op.thread))) {
      const folded = foldThread(name, ops);
      for (const { id, plan } of plans) {
        const thread = plan.of(name);
        const shown = thread === undefined ? [] : linesOf(thread);
        this.checks++;
        const place = folded.findIndex((line, i) => line !== shown[i]);
        if (place >= 0 || shown.length !== folded.length) return this.violated(now, [id], `the plan of thread "${name}" is not what its ops mean`, [`node ${id} shows: ${shown[place]}`, `its ops mean: ${folded[place]}`]);
      }
    }
  }
}

function linesOf(thread: Thread): Lines {
  const value = (op: Op): string => (op.body.kind === 'ANNOTATE' ? op.body.value : '');
  const tasks = [...thread.tasks].sort((a, b) => (a.name < b.name ? -1 : 1)).map((task) =>
    taskLine(task.name, task.added?.id, task.generation, task.rank, [...task.notes].map(([key, op]) => [key, value(op)] as const), [...task.requires.keys()], [...task.produces.keys()]));
  const { links } = thread;
  const name = (place: number): string => thread.tasks[place]?.name ?? '';
  const shown = links.inOrder().map((link) => linkLine(links.ops[link]?.id ?? '', name(links.tails[link] as number), name(links.heads[link] as number), links.holds(link)));
  return [...tasks, ...shown, readyLine(thread.readyTasks(ALL).map((task) => task.name))];
}

export const planConvergence: Property = {
  id: 'plan-convergence',
  claim: 'After healing, the plans of all nodes are the same to the byte, hold what was promised, and are what a fold of their ops says',
  kind: 'safety',
  scope: 'global',
  watch: (run: RunView): Watch => new PlanConvergence(run),
};

// Planted bugs of the plan store.

import type { Mutant } from './mutant.ts';

const THREAD = 'kernel/plan/thread.ts';
const LINKS = 'kernel/plan/links.ts';
const LOG = 'kernel/plan/log.ts';
const PLAN = 'kernel/plan/plan.ts';
const EXCHANGE = 'kernel/plan/exchange.ts';

const planted = (name: string, about: string, file: string, anchor: string, replacement: string): Mutant => ({ name: `plan/${name}`, family: 'plan', about, edits: [{ file, anchor, replacement }] });

export const PLAN_MUTANTS: readonly Mutant[] = [
  planted('last-arrival-wins', 'of two notes under one key the one that arrived last stands', THREAD, 'if (held !== undefined && compareOps(held, it) > 0) return this.outdone(it, held);', ''),
  planted('rank-goes-back', 'a state that arrives later takes the place of a higher one', THREAD, 'rankOf(held) > rankOf(it) ? [held, it] : [it, held]', 'rankOf(held) < 0 ? [held, it] : [it, held]'),
  planted('state-of-any-generation', 'a state that was said of a generation to come counts at once', THREAD, 'if (generation > task.generation) {', 'if (generation > task.generation && task.rank > 3) {'),
  planted('reopen-forgets-later', 'what was said of a generation before it began is forgotten when it begins', THREAD, 'task.reached = task.later?.get(task.generation);', 'task.reached = undefined;'),
  planted('reopened-holds-nobody-up', 'a task that is reopened does not hold up its children again', THREAD, 'this.block(this.links.heads[link] as number, is ? -1 : 1);', 'this.block(this.links.heads[link] as number, is && (this.tasks[this.links.heads[link] as number] as Task).blocked > 0 ? -1 : 0);'),
  planted('waits-for-itself', 'a task waits for an artifact that it alone will produce', THREAD, 'const waits = artifact.producers.size - own > 0', 'const waits = artifact.producers.size > 0'),
  planted('first-link-to-arrive-wins', 'a link that closes a cycle with links that arrived before it is rejected, whatever their order', LINKS, "return this.closedByEarlier(link) ? 'rejected' : 'movesLater';", "return 'rejected';"),
  planted('links-as-they-came', 'late links are considered in the order in which they arrived', LINKS, 'late.sort(this.byOrder);', 'late.sort((a, b) => a - b);'),
  planted('cycles-hold', 'a link holds although it closes a cycle', LINKS, 'if (this.seen[tail] === this.stamp) return false;', ''),
  planted('forgets-the-id', 'of an op that is forgotten not even the id stays', LOG, 'this.slots[op.seq - 1] = gone;', 'this.slots[op.seq - 1] = undefined;'),
  planted('twice-is-two', 'an op that arrives twice is folded twice', LOG, 'return first.id === entry.id ? DUPLICATE : this.fork(first, entry);', 'return first.id === entry.id ? NEW : this.fork(first, entry);'),
  planted('time-stands-still', 'what was heard does not move the time of an author', PLAN, 'if (entry.lamport > this.lamport) this.lamport = Math.min(entry.lamport, MAX_LAMPORT - 1);', ''),
  planted('forgets-the-winner', 'of two ops the one that outdoes the other is forgotten', PLAN, 'if (everybodyHas(pair.loser) && everybodyHas(pair.winner)) this.drop(pair.loser);', 'if (everybodyHas(pair.loser) && everybodyHas(pair.winner)) this.drop((this.logs.get(pair.winner.actor) as ActorLog).entries(pair.winner.seq - 1).next().value as Op);'),
  planted('one-short', 'of what another one lacks the first op is left out', PLAN, 'yield* log.entries(seen.get(log.actor) ?? 0);', 'yield* log.entries((seen.get(log.actor) ?? 0) + 1);'),
  planted('asks-nobody', 'a node tells what is new, and never asks what it missed', EXCHANGE, 'ctx.send(nodeId(this.partner), planVector(this.current.vector(), true));', ''),
];

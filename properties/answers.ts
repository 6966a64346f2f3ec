// What a node has journalled that somebody waits for, it answers: once, with an answer that fits the question, and no later than
// it gives up, whatever happens in the network. A restart goes on with what was open, but an answer may have been lost with the
// process; so a node owes only what it was asked in this life. Asked to stop, it does, whether or not anybody takes over from it.
// Its own time counts, not the world's.

import type { Property, RunView, Watch } from '../io/sim/evidence.ts';
import type { NodeId } from '../kernel/base/ids.ts';
import { MS, NEVER, type Micros } from '../kernel/base/time.ts';
import type { Answer } from '../kernel/effect.ts';
import type { Cause, Event, RequestId } from '../kernel/event.ts';
import type { Goal } from '../kernel/raft/configuration.ts';
import type { Wish } from '../kernel/raft/message.ts';
import { Verdicts } from './verdict.ts';

type Question = Extract<Cause, { kind: 'request' | 'order' }>;

interface Owed {
  readonly question: Question;
  readonly at: Micros;
  readonly sequence: number;
}

/** Answers remembered per node, to know a second one. */
const REMEMBERED = 64;

class Desk {
  /** In the order in which they were journalled. */
  readonly owed: Map<string, Owed> = new Map();
  /** The latest answered ones, in a ring. */
  readonly answered: string[] = [];
  private next = 0;
  /** An event of the last batch bears this stamp: all deadlines before it have been seen to. */
  horizon: Micros = 0;
  /** When it was to stop; NEVER if it is not. One event may come after that. */
  stopsBy: Micros = NEVER;

  remember(key: string): void {
    this.answered[this.next++ % REMEMBERED] = key;
  }

  /** Its process ended, and what it was about to say with it. */
  close(): void {
    this.owed.clear();
    this.answered.length = 0;
    this.horizon = 0;
    this.stopsBy = NEVER;
  }
}

class Answers extends Verdicts {
  private readonly desks: readonly Desk[];
  /** A call is looked at every retry time at least. */
  private readonly boundUs: Micros;

  constructor(run: RunView) {
    super('answers', run);
    const { nodes, decide } = run.parameters;
    this.desks = Array.from({ length: nodes + 1 }, () => new Desk());
    this.boundUs = decide.giveUpUs + decide.retryUs + MS;
  }

  crashed(node: NodeId): void {
    this.desk(node).close();
  }

  stopped(node: NodeId): void {
    this.desk(node).close();
  }

  refused(node: NodeId): void {
    this.desk(node).close();
  }

  refolded(node: NodeId): void {
    this.desk(node).close();
  }

  /** What the batch before this one led to has left. */
  durable(node: NodeId, events: readonly Event[], _high: number, _low: number, now: Micros): void {
    const desk = this.desk(node);
    for (const { question, at, sequence } of desk.owed.values()) {
      if (at + this.boundUs >= desk.horizon) break;
      return this.violated(now, [node], `node ${node} has not answered for ${desk.horizon - at} us what it was asked, and gives up after ${this.run.parameters.decide.giveUpUs} us`, [describe(question)], sequence);
    }
    if (desk.horizon > desk.stopsBy) return this.violated(now, [node], `node ${node} was asked to stop, and goes on ${desk.horizon - desk.stopsBy} us after it should have`);
    for (let k = 0; k < events.length; k++) {
      const { cause, at, sequence } = events[k] as Event;
      if (cause.kind === 'drain') desk.stopsBy = at + this.run.parameters.raft.electionMaxUs + MS;
      if (cause.kind === 'request' || cause.kind === 'order') desk.owed.set(keyOf(cause.request), { question: cause, at, sequence });
      if (cause.kind !== 'deadline') desk.horizon = at;
    }
  }

  replied(node: NodeId, request: RequestId, answer: Answer, now: Micros): void {
    const desk = this.desk(node);
    const key = keyOf(request);
    const owed = desk.owed.get(key);
    if (owed === undefined) {
      if (desk.answered.includes(key)) this.violated(now, [node], `node ${node} answered one question twice`, [`request ${request.number} of client ${request.client}`, `the second time: ${answer.kind}`]);
      return;
    }
    desk.owed.delete(key);
    desk.remember(key);
    this.checks++;
    const wrong = owed.question.kind === 'order' ? unfitToOrder(owed.question.wish, answer) : unfitToRequest(owed.question.operation.kind, answer);
    if (wrong !== undefined) this.violated(now, [node], `node ${node} gave an answer that fits no such question: ${wrong}`, [describe(owed.question), `answered: ${answer.kind}`], owed.sequence);
  }

  private desk(node: NodeId): Desk {
    return this.desks[node] as Desk;
  }
}

const keyOf = (request: RequestId): string => `${request.client}/${request.number}`;

function describe(question: Question): string {
  const what = question.kind === 'order' ? `an operator's order for group ${question.group}: ${question.wish.kind}` : `${question.operation.kind} ${question.operation.need}`;
  return `request ${question.request.number} of client ${question.request.client}: ${what}`;
}

/** Reads change nothing: they are never in doubt. */
function unfitToRequest(kind: 'decide' | 'get', answer: Answer): string | undefined {
  const fitting: readonly Answer['kind'][] = kind === 'get' ? ['found', 'none', 'tooOld', 'refused'] : ['decided', 'lost', 'tooOld', 'tooNew', 'full', 'unknown', 'refused'];
  return fitting.includes(answer.kind) ? undefined : `"${answer.kind}" to a ${kind}`;
}

function unfitToOrder(wish: Wish, answer: Answer): string | undefined {
  if (answer.kind === 'refused') return undefined;
  if (answer.kind === 'unknown') return wish.kind === 'members' ? 'a question changes nothing, and was called unknown' : undefined;
  if (answer.kind !== 'ordered') return `"${answer.kind}" to an order`;
  const { verdict, configuration } = answer;
  if (wish.kind === 'members') return verdict === 'done' ? undefined : `"${verdict}" to a question`;
  if (wish.kind === 'handOver') {
    const votes = configuration.voters.some((seat) => seat.node === wish.to);
    return verdict === 'done' || (verdict === 'impossible' && !votes) ? undefined : `"${verdict}" to an order that node ${wish.to} shall lead`;
  }
  const isThere = sameNodes(wish.goal.voters, configuration.goal.voters) && sameNodes(wish.goal.learners, configuration.goal.learners);
  if (verdict === 'done') return isThere ? undefined : '"done", and the group has another goal';
  if (verdict === 'superseded') return configuration.number === wish.number ? '"superseded", and the configuration is the one that the order names' : undefined;
  return isSensible(wish.goal) ? '"impossible" to a goal that a group can have' : undefined;
}

const sameNodes = (a: readonly NodeId[], b: readonly NodeId[]): boolean => a.length === b.length && a.every((node, place) => node === b[place]);

/** No more than any group of these runs has, and nobody twice. */
function isSensible({ voters, learners }: Goal): boolean {
  const all = [...voters, ...learners];
  const ascends = (nodes: readonly NodeId[]): boolean => nodes.every((node, place) => place === 0 || (nodes[place - 1] as number) < node);
  return voters.length > 0 && all.length <= 8 && new Set(all).size === all.length && ascends(voters) && ascends(learners);
}

export const answers: Property = {
  id: 'answers',
  claim: 'What a node was asked it answers once, fittingly, and no later than it gives up',
  kind: 'safety',
  scope: 'local',
  watch: (run: RunView): Watch => new Answers(run),
};

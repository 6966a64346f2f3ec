// Global properties over journals that were collected from several nodes. The journals are merged into one order in which nothing
// is heard before it was said, and shown to the very properties that judge simulated runs: what was sent and answered is what the
// refold of each journal gives, and what was heard is what stands in the journals of those who heard it.

import type { Invocation, Evidence, Judgement, Property, RunView, Violation, Watch } from '../../io/sim/evidence.ts';
import type { NodeId } from '../../kernel/base/ids.ts';
import type { Micros } from '../../kernel/base/time.ts';
import type { Effect } from '../../kernel/effect.ts';
import type { Event } from '../../kernel/event.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { Parameters } from '../../kernel/parameters.ts';
import { deterministicReplay } from '../../properties/deterministic-replay.ts';
import { electionSafety } from '../../properties/election-safety.ts';
import { exactlyOnce } from '../../properties/exactly-once.ts';
import { incarnations } from '../../properties/incarnations.ts';
import { leaderCompleteness } from '../../properties/leader-completeness.ts';
import { logMatching } from '../../properties/log-matching.ts';
import { monotonicTime } from '../../properties/monotonic-time.ts';
import { singleDecide } from '../../properties/single-decide.ts';
import { stateMachineSafety } from '../../properties/state-machine-safety.ts';
import type { CollectedJournal, Step } from './collected-journal.ts';
import { Said } from './said.ts';

/** What needs no clock but the order of cause and effect. The others want to know what happened at the same moment. */
const JUDGED: readonly Property[] = [singleDecide, electionSafety, logMatching, leaderCompleteness, stateMachineSafety, exactlyOnce, incarnations, monotonicTime];

export interface Judged {
  readonly id: string;
  readonly claim: string;
  readonly judgement: Judgement;
}

const SAID = { id: 'said-was-durable', claim: 'Whatever one node heard of another has its cause in the journal of the one that said it' };

export class Audit {
  private readonly journals: readonly CollectedJournal[];
  private readonly byNode: readonly (CollectedJournal | undefined)[];
  private readonly watches: { readonly property: Property; readonly watch: Watch }[] = [];
  private readonly sinks: readonly Evidence[];
  private readonly parameters: Parameters;
  private readonly said = new Said();
  private saidWrong: Violation | undefined;
  private now: Micros = 0;
  private asked = 0;
  events = 0;

  /** Of one network each, and of different nodes. */
  constructor(journals: readonly CollectedJournal[], parameters: Parameters) {
    this.journals = journals;
    this.parameters = parameters;
    const byNode: (CollectedJournal | undefined)[] = [];
    for (const journal of journals) byNode[journal.node] = journal;
    this.byNode = byNode;
    const heardFirst: Evidence[] = [];
    const run: RunView = { seed: 0, scenario: 'collected', parameters, livenessBoundUs: 10 * parameters.raft.electionMaxUs, listen: (evidence) => void heardFirst.push(evidence), violated: () => undefined };
    for (const property of JUDGED) this.watches.push({ property, watch: property.watch(run) });
    this.sinks = [...heardFirst, ...this.watches.map((one) => one.watch)];
  }

  run(): readonly Judged[] {
    for (const { node, base } of this.journals) if (base !== undefined) this.begin(node, base);
    this.passOverUnseen();
    for (let journal = this.next(); journal !== undefined; journal = this.next()) this.step(journal, journal.take());
    for (const { node, ended } of this.journals) if (ended?.kind === 'refolded') this.holds(node, ended.kernel);
    return [this.replayed(), ...this.watches.map(({ property: { id, claim }, watch }) => ({ id, claim, judgement: watch.judge() })), this.heard()];
  }

  private tell(evidence: (sink: Evidence) => void): void {
    for (const sink of this.sinks) evidence(sink);
  }

  /** A journal that was compacted begins in the middle. */
  private begin(node: NodeId, base: Kernel): void {
    this.tell((sink) => sink.refolded?.(node, base.sequence, base.digestHigh, base.digestLow, 0));
    for (const { group, term } of base.groups) this.tell((sink) => sink.beginsAmid?.(node, group, term));
    this.holds(node, base);
  }

  /** Of a group with a voter whose journal is not here, it is not known who voted and what was acknowledged. */
  private passOverUnseen(): void {
    for (const { id, voters } of this.parameters.groups) {
      const missing = voters.find((voter) => this.byNode[voter] === undefined);
      if (missing !== undefined) this.tell((sink) => sink.beginsAmid?.(missing, id, Number.MAX_SAFE_INTEGER));
    }
  }

  private holds(node: NodeId, kernel: Kernel): void {
    for (const group of kernel.image().groups) for (const record of group.machine.records) this.tell((sink) => sink.holds?.(node, record, this.now));
  }

  /** Of the journals whose next event may come now, the one that is furthest behind by the calendar. */
  private next(): CollectedJournal | undefined {
    let chosen: CollectedJournal | undefined;
    let waiting: CollectedJournal | undefined;
    for (const journal of this.journals) {
      const event = journal.peek()?.event;
      if (event === undefined) continue;
      if (!this.mayCome(event)) waiting ??= journal;
      else if (chosen === undefined || event.wall < (chosen.peek() as Step).event.wall) chosen = journal;
    }
    return chosen ?? waiting;
  }

  /** Nothing is heard before it was said; unless whoever said it has no such place. */
  private mayCome({ cause }: Event): boolean {
    if (cause.kind !== 'message') return true;
    const sender = this.byNode[cause.from];
    return sender === undefined || sender.place >= cause.sent || sender.peek() === undefined;
  }

  private step(journal: CollectedJournal, step: Step): void {
    const { node } = journal;
    const { event, high, low } = step;
    const { cause } = event;
    this.events++;
    if (event.wall > this.now) this.now = event.wall;
    const now = this.now;
    if (cause.kind === 'recovered' && event.sequence > 2) this.tell((sink) => sink.restarted?.(node, now));
    if (cause.kind === 'message') this.check(node, cause, event.sequence);
    if (cause.kind === 'request') this.invoked(node, cause, now);
    const batch = [event];
    this.tell((sink) => sink.durable?.(node, batch, high, low, now));
    this.said.step(node, step);
    step.effects.forEach((effect, index) => this.effect(node, step, effect, index));
    // The last event before a start is where the process ended.
    if (journal.peek()?.event.cause.kind === 'recovered') this.tell((sink) => sink.crashed?.(node, 'betweenTurns', now));
  }

  private check(node: NodeId, cause: Extract<Event['cause'], { kind: 'message' }>, sequence: number): void {
    const sender = this.byNode[cause.from];
    if (sender === undefined || this.saidWrong !== undefined || sender.ended?.kind === 'refused') return;
    const lost = sender.place < cause.sent && sender.peek() === undefined;
    const wrong = lost ? `node ${node} heard "${cause.message.kind}" from node ${cause.from}, caused at place ${cause.sent} of its journal, which ends at place ${sender.place}` : this.said.heard(node, cause);
    if (wrong !== undefined) this.saidWrong = { message: wrong, at: this.now, nodes: [node, cause.from], sequence };
  }

  private invoked(node: NodeId, { request, operation }: Extract<Event['cause'], { kind: 'request' }>, now: Micros): void {
    const slot = this.asked++ & 0xffff;
    const invocation: Invocation = { client: request.client, number: request.number, slot, node, operation, invokedAt: now, final: false };
    this.tell((sink) => sink.invoked?.(invocation));
  }

  private effect(node: NodeId, { event, incarnation }: Step, effect: Effect, index: number): void {
    const now = this.now;
    switch (effect.kind) {
      case 'send': {
        const frame = { from: node, to: effect.to, incarnation, sequence: event.sequence, index, message: effect.message };
        return this.tell((sink) => sink.sent?.(frame, now, event.at));
      }
      case 'reply':
        return this.tell((sink) => sink.replied?.(node, effect.request, effect.answer, now));
      case 'call':
      case 'fact':
        return undefined;
    }
  }

  /** P2 of journals at rest: every batch and every snapshot is what the events before it give. */
  private replayed(): Judged {
    const { id, claim } = deterministicReplay;
    let checks = 0;
    let violation: Violation | undefined;
    for (const { node, ended, snapshotsCompared, wrongSnapshot } of this.journals) {
      checks += snapshotsCompared + (ended?.kind === 'refolded' ? ended.counts.batches : 0);
      if (ended?.kind === 'refused') violation ??= { message: ended.text, at: this.now, nodes: [node], ...(ended.first === undefined ? {} : { sequence: ended.first }) };
      if (wrongSnapshot !== undefined) violation ??= { message: `the snapshot of node ${node} after event ${wrongSnapshot} is not the state that the events before it give`, at: this.now, nodes: [node], sequence: wrongSnapshot };
    }
    return { id, claim, judgement: judgement(checks, violation) };
  }

  private heard(): Judged {
    return { ...SAID, judgement: judgement(this.said.checks, this.saidWrong) };
  }
}

function judgement(checks: number, violation: Violation | undefined): Judgement {
  if (violation !== undefined) return { verdict: 'violated', checks, violation };
  return { verdict: checks === 0 ? 'not-exercised' : 'held', checks };
}

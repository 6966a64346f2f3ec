// From the recording of a run to the timeline that a page shows. Steps and arrows are joined by what stands in both: the place
// in the sender's journal, and the content of the message. A node's own clock is not the world's, so the moment at which a
// step was taken is estimated from the messages that it heard at about that time.

import type { GroupId, NodeId } from '../../kernel/base/ids.ts';
import type { Effect } from '../../kernel/effect.ts';
import type { Event, RequestId } from '../../kernel/event.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { Message } from '../../kernel/message.ts';
import type { Frame } from '../../io/ports.ts';
import type { Recording, Shown, StepShown } from '../../io/sim/recording.ts';
import { pathOf, type Told } from './causes.ts';
import { BEFELL, CAUSES, EFFECTS, FATES, FIELDS, ROLES, type Arrows, type CausalPath, type EffectRow, type Fate, type MessageRow, type Operations, type Steps, type Timeline } from './timeline.ts';
import { answerWords, callWords, causeWords, factWords, messageWords, operationWords } from './words.ts';

/** A page stays below this many bytes; a longer run is shown from later on. */
const MOST_BYTES = 2_600_000;
const FEWEST_STEPS = 200;

export interface TimelineOptions {
  readonly nodes: number;
  readonly endUs: number;
  readonly violations: readonly Told[];
}

/** The longest window at the end of the run that fits into a page. */
export function timelineOf(recording: Recording, options: TimelineOptions): Timeline {
  for (;;) {
    const timeline = new Building(recording, options).build();
    const bytes = Buffer.byteLength(JSON.stringify(timeline));
    const kept = recording.stepsKept;
    if (bytes <= MOST_BYTES || kept <= FEWEST_STEPS) return timeline;
    recording.shorten(Math.max(FEWEST_STEPS, Math.floor((kept * MOST_BYTES * 0.95) / bytes)));
  }
}

/** Values with a number each, in the order in which they were first seen. */
class Table<T> {
  readonly rows: T[] = [];
  private readonly places = new Map<string, number>();

  place(key: string, make: () => T): number {
    let place = this.places.get(key);
    if (place === undefined) {
      place = this.rows.push(make()) - 1;
      this.places.set(key, place);
    }
    return place;
  }
}

const frameKey = (frame: Frame): string => `${frame.from} ${frame.to} ${frame.incarnation} ${frame.sequence} ${frame.index}`;
const heardKey = (to: number, from: number, incarnation: number, sent: number, hash: number): string => `${to} ${from} ${incarnation} ${sent} ${hash}`;
const requestKey = (request: RequestId): string => `${request.client} ${request.number}`;

class Building {
  private readonly recording: Recording;
  private readonly options: TimelineOptions;
  private readonly texts = new Table<string>();
  private readonly needs = new Table<string>();
  private readonly kinds = new Table<string>();
  private readonly messages = new Table<MessageRow>();
  /** Each message object once: most are seen several times. */
  private readonly known = new Map<Message, number>();
  private readonly steps: Steps = { node: [], sequence: [], at: [], out: [], cause: [], from: [], about: [], need: [], source: [], effects: [], changes: [] };
  private readonly arrows: Arrows = { from: [], to: [], fromStep: [], toStep: [], sentAt: [], endAt: [], fate: [], copy: [], message: [] };
  private readonly operations: Operations = { client: [], node: [], text: [], need: [], invokedAt: [], step: [], replyStep: [], repliedAt: [], returnedAt: [], answer: [] };
  private readonly befell: (readonly [number, number, number, number])[] = [];
  /** What the steps were, for whoever looks for causes. */
  private readonly events: Event[] = [];
  private readonly effects: (readonly Effect[])[] = [];
  /** By arrow: the place in the sender's journal. */
  private readonly places: number[] = [];

  private readonly stepAt = new Map<string, number>();
  /** Frames under way, and those that have arrived and were not yet handled. */
  private readonly flying = new Map<string, number[]>();
  private readonly arrived = new Map<string, number[]>();
  private readonly asked = new Map<string, number>();
  private readonly fields: (number[] | undefined)[] = [];
  private readonly votes: (number[] | undefined)[] = [];
  private fromUs = -1;
  private healedAt = -1;
  private readonly groups = new Table<GroupId>();

  constructor(recording: Recording, options: TimelineOptions) {
    this.recording = recording;
    this.options = options;
  }

  build(): Timeline {
    const beginnings = this.recording.beginnings(this.options.nodes);
    const start = beginnings.slice(1).map(({ up, kernel }, place) => {
      if (kernel !== undefined) this.resume(place + 1, kernel);
      return { up, fields: kernel === undefined ? null : this.changed(place + 1, kernel, [], undefined) };
    });
    for (const item of this.recording.unfold()) this.show(item);
    this.place();
    const { steps, arrows, operations, befell } = this;
    const fromUs = Math.max(0, this.fromUs);
    const relative = (times: number[]): void => times.forEach((time, place) => (times[place] = time < 0 ? -1 : time - fromUs));
    for (const times of [steps.at, steps.out, arrows.sentAt, arrows.endAt, operations.invokedAt, operations.repliedAt, operations.returnedAt]) relative(times);
    const faults = this.recording.faults.filter(({ until }) => until === undefined || until >= fromUs).map(({ kind, nodes, from, until }) => [this.text(kind), nodes, Math.max(0, from - fromUs), until === undefined ? -1 : until - fromUs] as const);
    const scene = { steps, arrows, operations, events: this.events, effects: this.effects, places: this.places, fromUs };
    return {
      nodes: this.options.nodes, fromUs, toUs: this.options.endUs, healedAt: this.healedAt < 0 ? -1 : this.healedAt - fromUs, stepsOfRun: this.recording.steps,
      paths: this.options.violations.map((told): CausalPath => pathOf(told, scene)),
      texts: this.texts.rows, needs: this.needs.rows, kinds: this.kinds.rows, groups: this.groups.rows, messages: this.messages.rows, start, steps, arrows, operations,
      befell: befell.map(([node, at, kind, text]) => [node, at - fromUs, kind, text] as const), faults,
    };
  }

  private show(item: Shown): void {
    if (this.fromUs < 0) this.fromUs = item.at;
    switch (item.kind) {
      case 'step':
        return this.step(item);
      case 'sent':
        return this.fly(item.frame, item.at, false);
      case 'duplicated':
        return this.fly(item.frame, item.at, true);
      case 'delivered':
        return this.land(item.frame, item.at, 'delivered');
      case 'lost':
        return this.land(item.frame, item.at, item.why);
      case 'invoked':
        return this.asks(item);
      case 'replied': {
        const place = this.asked.get(requestKey(item.request));
        if (place !== undefined) this.operations.repliedAt[place] = item.at;
        return;
      }
      case 'returned': {
        const place = this.asked.get(requestKey(item.invocation));
        if (place === undefined) return;
        this.operations.returnedAt[place] = item.at;
        this.operations.answer[place] = this.text(answerWords(item.answer));
        return;
      }
      case 'refolded':
        return this.resume(item.node, item.kernel);
      case 'healed':
        this.healedAt = item.at;
        return;
      default:
        this.befell.push([item.node, item.at, BEFELL.indexOf(item.kind), this.text(item.detail)]);
    }
  }

  private text(text: string): number {
    return this.texts.place(text, () => text);
  }

  private need(need: string): number {
    return this.needs.place(need, () => need);
  }

  private message(message: Message): number {
    const known = this.known.get(message);
    if (known !== undefined) return known;
    const words = messageWords(message);
    const row: MessageRow = [
      this.kinds.place(message.kind, () => message.kind), 'group' in message ? message.group : -1, this.text(words.text),
      [...new Set(words.needs)].map((need) => this.need(need)), words.entries.map((entry) => this.text(entry)),
    ];
    const place = this.messages.place(JSON.stringify(row), () => row);
    this.known.set(message, place);
    return place;
  }

  // -- messages ------------------------------------------------------------------------------------------------------------

  private fly(frame: Frame, at: number, copy: boolean): void {
    const arrow = this.arrow(frame, at, copy, this.stepAt.get(`${frame.from} ${frame.sequence}`) ?? -1);
    push(this.flying, frameKey(frame), arrow);
    if (copy || (this.arrows.fromStep[arrow] as number) < 0) return;
    const sender = this.steps.effects[this.arrows.fromStep[arrow] as number];
    const row = sender?.[frame.index];
    if (sender !== undefined && sender !== null && row !== undefined) (sender as EffectRow[])[frame.index] = [row[0], row[1], row[2], arrow];
  }

  private arrow(frame: Frame, sentAt: number, copy: boolean, fromStep: number): number {
    const { arrows } = this;
    this.places.push(frame.sequence);
    arrows.from.push(frame.from);
    arrows.to.push(frame.to);
    arrows.fromStep.push(fromStep);
    arrows.toStep.push(-1);
    arrows.sentAt.push(sentAt);
    arrows.endAt.push(-1);
    arrows.fate.push(FATES.indexOf('under way'));
    arrows.copy.push(copy ? 1 : 0);
    return arrows.message.push(this.message(frame.message)) - 1;
  }

  /** Of two copies the first one sent is the first to arrive: the other was given more time. */
  private land(frame: Frame, at: number, fate: Fate): void {
    const arrow = this.flying.get(frameKey(frame))?.shift() ?? this.arrow(frame, -1, false, -1);
    this.arrows.endAt[arrow] = at;
    this.arrows.fate[arrow] = FATES.indexOf(fate);
    if (fate === 'delivered') push(this.arrived, heardKey(frame.to, frame.from, frame.incarnation, frame.sequence, frame.message.hash), arrow);
  }

  // -- clients -------------------------------------------------------------------------------------------------------------

  private asks({ invocation, at }: Shown & { readonly kind: 'invoked' }): void {
    const { operations } = this;
    operations.client.push(invocation.client);
    operations.node.push(invocation.node);
    operations.text.push(this.text(operationWords(invocation.operation)));
    operations.need.push(this.need(invocation.operation.need));
    operations.invokedAt.push(at);
    for (const later of [operations.step, operations.replyStep, operations.repliedAt, operations.returnedAt, operations.answer]) later.push(-1);
    this.asked.set(requestKey(invocation), operations.client.length - 1);
  }

  // -- steps ---------------------------------------------------------------------------------------------------------------

  private step({ node, event, at, kernel, effects }: StepShown): void {
    const { steps } = this;
    const { cause } = event;
    const place = steps.node.push(node) - 1;
    const [from, about, need, source] = this.causeOf(node, event, place);
    steps.sequence.push(event.sequence);
    steps.at.push(event.at);
    steps.out.push(at);
    steps.cause.push(CAUSES.indexOf(cause.kind));
    steps.from.push(from);
    steps.about.push(about);
    steps.need.push(need);
    steps.source.push(source);
    steps.effects.push(effects?.map((effect) => this.effect(effect, place)) ?? null);
    steps.changes.push(kernel === undefined ? null : this.changed(node, kernel, effects ?? [], event));
    if (kernel === undefined) this.fields[node] = undefined;
    this.events.push(event);
    this.effects.push(effects ?? []);
    this.stepAt.set(`${node} ${event.sequence}`, place);
  }

  private causeOf(node: NodeId, { cause }: Event, place: number): readonly [from: number, about: number, need: number, source: number] {
    if (cause.kind === 'message') {
      const arrow = this.arrived.get(heardKey(node, cause.from, cause.incarnation, cause.sent, cause.message.hash))?.shift() ?? -1;
      if (arrow >= 0) this.arrows.toStep[arrow] = place;
      return [cause.from, this.message(cause.message), -1, arrow];
    }
    const about = this.text(causeWords(cause));
    if (cause.kind === 'order') return [cause.request.client, about, -1, -1];
    if (cause.kind !== 'request') return [0, about, -1, -1];
    const operation = this.asked.get(requestKey(cause.request)) ?? -1;
    if (operation >= 0) this.operations.step[operation] = place;
    return [cause.request.client, about, this.need(cause.operation.need), operation];
  }

  private effect(effect: Effect, step: number): EffectRow {
    const kind = EFFECTS.indexOf(effect.kind);
    switch (effect.kind) {
      case 'send':
        return [kind, effect.to, this.message(effect.message), -1];
      case 'reply': {
        const operation = this.asked.get(requestKey(effect.request));
        if (operation !== undefined) this.operations.replyStep[operation] = step;
        return [kind, effect.request.client, this.text(answerWords(effect.answer)), operation ?? -1];
      }
      case 'call':
        return [kind, -1, this.text(callWords(effect)), -1];
      case 'fact':
        return [kind, -1, this.text(factWords(effect.fact)), -1];
    }
  }

  // -- state ---------------------------------------------------------------------------------------------------------------

  private groupPlace(group: GroupId): number {
    return this.groups.place(String(group), () => group);
  }

  /** A process holds this state from now on; what it differs in from the one before shows at its next step. */
  private resume(node: number, kernel: Kernel | undefined): void {
    const votes: number[] = [];
    if (kernel !== undefined) {
      const image = kernel.image();
      const ids = image.parameters.groups.map(({ id }) => id).sort((a, b) => a - b);
      ids.forEach((id, place) => (votes[this.groupPlace(id)] = image.groups[place]?.vote ?? 0));
    }
    this.votes[node] = votes;
  }

  /** Field and value of everything that is not as it was. */
  private changed(node: number, kernel: Kernel, effects: readonly Effect[], event: Event | undefined): number[] {
    const out: number[] = [];
    const fields = (this.fields[node] ??= []);
    const votes = (this.votes[node] ??= []);
    if (event?.cause.kind === 'boot') votes.length = 0;
    for (const effect of effects) this.vote(node, votes, effect);
    const set = (place: number, field: number, value: number): void => {
      const slot = place * FIELDS.length + field;
      if ((fields[slot] ?? 0) === value) return;
      fields[slot] = value;
      out.push(slot, value);
    };
    const members = kernel.groups;
    for (const group of members) {
      const place = this.groupPlace(group.group);
      const before = fields[place * FIELDS.length + 1] ?? 0;
      const values = [
        ROLES.indexOf(group.role), group.term, group.leader, votes[place] ?? 0, group.commit, group.applied, group.firstIndex, group.lastIndex,
        group.isAsleep ? 1 : 0, group.isHalted ? 1 : 0,
      ];
      if (event !== undefined && before !== group.term && !votedNow(effects, group.group)) values[3] = votes[place] = 0;
      values.forEach((value, field) => set(place, field, value));
    }
    this.groups.rows.forEach((group, place) => {
      if ((fields[place * FIELDS.length] ?? 0) > 0 && !members.some((member) => member.group === group)) set(place, 0, 0);
    });
    return out;
  }

  /** A vote shows in what is sent: a request for votes is one for oneself. */
  private vote(node: number, votes: number[], effect: Effect): void {
    const given = votedIn(effect);
    if (given !== undefined && effect.kind === 'send') votes[this.groupPlace(given)] = effect.message.kind === 'vote' ? node : effect.to;
  }

  // -- time ----------------------------------------------------------------------------------------------------------------

  /**
   * From the node's time to the world's. Nothing is handled before it arrives: in each batch the message that was handled
   * soonest tells how far the two are apart. Nothing is durable before it is handled.
   */
  private place(): void {
    const { steps, arrows } = this;
    const apart: number[] = [];
    const latest: number[] = [];
    for (let first = 0; first < steps.node.length; ) {
      const [node, out] = [steps.node[first] as number, steps.out[first] as number];
      let end = first;
      let offset: number | undefined;
      for (; end < steps.node.length && steps.node[end] === node && steps.out[end] === out; end++) {
        const source = steps.cause[end] === MESSAGE ? (steps.source[end] as number) : -1;
        if (source >= 0) offset = Math.max(offset ?? Number.MIN_SAFE_INTEGER, (arrows.endAt[source] as number) - (steps.at[end] as number));
      }
      offset ??= apart[node] ?? out - (steps.at[end - 1] as number);
      apart[node] = offset;
      for (; first < end; first++) {
        const at = Math.min(out, Math.max(latest[node] ?? 0, (steps.at[first] as number) + offset));
        steps.at[first] = latest[node] = at;
      }
    }
    // What became durable first may have been handled before anything was recorded.
    for (const at of steps.at) this.fromUs = Math.min(this.fromUs, at);
  }
}

const MESSAGE = CAUSES.indexOf('message');

/** The group in which this effect gives a vote of the node. */
function votedIn(effect: Effect): GroupId | undefined {
  if (effect.kind !== 'send') return undefined;
  const { message } = effect;
  if (message.kind === 'vote') return message.pre ? undefined : message.group;
  return message.kind === 'voteReply' && message.granted && !message.pre ? message.group : undefined;
}

const votedNow = (effects: readonly Effect[], group: GroupId): boolean => effects.some((effect) => votedIn(effect) === group);

function push(map: Map<string, number[]>, key: string, value: number): void {
  const there = map.get(key);
  if (there === undefined) map.set(key, [value]);
  else there.push(value);
}

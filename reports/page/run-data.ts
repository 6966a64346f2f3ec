// What stands in the page as data, and what can be looked up in it: steps by node, state at a step, what a message names.

import type { RunReport } from '../run-report.ts';
import type { MessageRow, Timeline } from '../timeline/timeline.ts';

/** The tables that the columns refer to; they travel with the data, so that the page knows no list of its own. */
export interface Tables {
  readonly fates: readonly string[];
  readonly causes: readonly string[];
  readonly effects: readonly string[];
  readonly fields: readonly string[];
  readonly roles: readonly string[];
  readonly befell: readonly string[];
}

export interface PageData {
  readonly run: RunReport;
  readonly timeline: Timeline;
  readonly tables: Tables;
}

export class RunData {
  readonly run: RunReport;
  readonly line: Timeline;
  readonly tables: Tables;
  readonly endUs: number;
  /** By node: its steps, in order. */
  readonly stepsOf: readonly (readonly number[])[];
  /** By step: its place among those of its node. */
  readonly rank: readonly number[];
  /** The place in `effects` and friends. */
  readonly messageCause: number;
  readonly requestCause: number;
  /** Violated properties first in the order of the run; of each its path, if there is one. */
  readonly violated: RunReport['properties'];
  /** Something was violated, or our own code threw. */
  readonly failed: boolean;

  constructor(data: PageData) {
    this.run = data.run;
    this.line = data.timeline;
    this.tables = data.tables;
    this.endUs = Math.max(1, this.line.toUs - this.line.fromUs);
    this.messageCause = this.tables.causes.indexOf('message');
    this.requestCause = this.tables.causes.indexOf('request');
    this.violated = this.run.properties.filter((property) => property.verdict === 'violated');
    this.failed = this.violated.length > 0 || this.run.broke !== undefined;
    const stepsOf: number[][] = Array.from({ length: this.line.nodes + 1 }, () => []);
    const rank: number[] = [];
    this.line.steps.node.forEach((node, step) => rank.push((stepsOf[node] as number[]).push(step) - 1));
    this.stepsOf = stepsOf;
    this.rank = rank;
  }

  text(place: number): string {
    return this.line.texts[place] ?? '';
  }

  message(place: number): MessageRow {
    return this.line.messages[place] as MessageRow;
  }

  kindOf(message: number): string {
    return this.line.kinds[this.message(message)[0]] as string;
  }

  /** `append of group 2: term 5, ...` */
  messageText(message: number): string {
    const [, group, text] = this.message(message);
    return `${this.kindOf(message)}${group < 0 ? '' : ` of group ${group}`}: ${this.text(text)}`;
  }

  isMessage(step: number): boolean {
    return this.line.steps.cause[step] === this.messageCause;
  }

  eventText(step: number): string {
    const { steps } = this.line;
    const about = steps.about[step] as number;
    if (this.isMessage(step)) return `from node ${steps.from[step]}: ${this.messageText(about)}`;
    return steps.cause[step] === this.requestCause ? `client ${steps.from[step]}: ${this.text(about)}` : this.text(about);
  }

  /** Places in `needs` of what the step heard; what it says is looked at only if asked for. */
  needsOfStep(step: number): readonly number[] {
    const { steps } = this.line;
    if (this.isMessage(step)) return this.message(steps.about[step] as number)[3];
    const need = steps.need[step] as number;
    return need < 0 ? [] : [need];
  }

  /** The steps of a node that come right before and after, or -1. */
  neighbour(step: number, by: number): number {
    const node = this.line.steps.node[step] as number;
    return this.stepsOf[node]?.[(this.rank[step] as number) + by] ?? -1;
  }

  /** Where a step comes from: the step that sent its message, or that which a client asked. */
  causeOf(step: number): number {
    const arrow = this.line.steps.source[step] as number;
    return this.isMessage(step) && arrow >= 0 ? (this.line.arrows.fromStep[arrow] as number) : -1;
  }

  /** Values by slot before and after a step; undefined where nobody knows. */
  stateAround(step: number): { readonly before: readonly number[] | undefined; readonly after: readonly number[] | undefined } {
    const node = this.line.steps.node[step] as number;
    let state: number[] | undefined = [];
    const start = this.line.start[node - 1]?.fields ?? null;
    if (start === null) state = this.line.steps.sequence[(this.stepsOf[node] as readonly number[])[0] as number] === 1 ? [] : undefined;
    else apply(state, start);
    let before: number[] | undefined;
    for (const at of this.stepsOf[node] as readonly number[]) {
      const changes = this.line.steps.changes[at] ?? null;
      if (at === step) before = state?.slice();
      // The first values after a gap are all of them.
      state = changes === null ? undefined : apply(state ?? [], changes);
      if (at === step) break;
    }
    return { before, after: state };
  }

  seconds(us: number, digits = 6): string {
    return `${((this.line.fromUs + us) / 1e6).toFixed(digits)} s`;
  }

  /** First step of a sorted list of places whose time is not before. */
  firstStepAt(node: number, us: number): number {
    const list = this.stepsOf[node] as readonly number[];
    const { at } = this.line.steps;
    let low = 0;
    let high = list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((at[list[middle] as number] as number) < us) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function apply(state: number[], changes: readonly number[]): number[] {
  for (let i = 0; i < changes.length; i += 2) state[changes[i] as number] = changes[i + 1] as number;
  return state;
}

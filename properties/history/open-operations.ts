// Which operations are under way at an event. The search moves back and forth in time; this follows it event by event.

import { NEVER, type Timeline } from './operation.ts';

export class OpenOperations {
  /** Those that will return, in no particular order. */
  readonly list: number[] = [];
  private readonly place: Int32Array;
  private readonly timeline: Timeline;
  private now = 0;

  constructor(timeline: Timeline) {
    this.timeline = timeline;
    this.place = new Int32Array(timeline.begin.length);
  }

  /** Goes to just before `event`. */
  moveTo(event: number): void {
    while (this.now < event) this.apply(this.timeline.events[this.now++] as number, true);
    while (this.now > event) this.apply(this.timeline.events[--this.now] as number, false);
  }

  private apply(event: number, forward: boolean): void {
    const op = event >= 0 ? event : ~event;
    if (this.timeline.end[op] === NEVER) return;
    if ((event >= 0) === forward) {
      this.place[op] = this.list.length;
      this.list.push(op);
      return;
    }
    const last = this.list.pop() as number;
    if (last === op) return;
    const hole = this.place[op] as number;
    this.list[hole] = last;
    this.place[last] = hole;
  }
}

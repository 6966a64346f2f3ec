// The shadow of a live node: a thread that folds the node's journal from its files, compares every digest, and makes the
// snapshots, so that the node never stands still for one. Here are the node's side of it, and when the thread is told what: it is
// told how far the journal is durable when that is many events further, or a moment later, one request at a time.

import { Worker } from 'node:worker_threads';
import type { Writing } from '../journal-records.ts';
import type { Chunk, Shadow } from '../ports.ts';

export interface ShadowTask {
  readonly directory: string;
  readonly writing: Writing;
  readonly begins: { readonly sequence: number; readonly high: number; readonly low: number };
}

export type ShadowAnswer =
  | { readonly kind: 'followed'; readonly sequence: number; readonly compared: number }
  | { readonly kind: 'snapshot'; readonly sequence: number; readonly bytes: Uint8Array; readonly tookMs: number }
  | { readonly kind: 'differs'; readonly sequence: number; readonly text: string };

/** What the shadow tells the node it belongs to. */
export interface ShadowHears {
  imaged(sequence: number, chunk: Chunk): void;
  /** The journal is folded up to here, and every digest up to here agreed. */
  agreed(sequence: number): void;
  /** The node's state is not what its journal says; or the shadow itself failed, and nobody can say any more. */
  differed(sequence: number, text: string): void;
}

const TOLD_AFTER_MS = 25;
const TOLD_AFTER_EVENTS = 2_048;

export class LiveShadow implements Shadow {
  /** The last event that it folded, and how many batches had the right digest. */
  folded = 0;
  compared = 0;
  snapshots = 0;
  /** Set once something differed. */
  difference: string | undefined;
  private readonly directory: string;
  private readonly writing: Writing;
  private readonly hears: ShadowHears;
  private thread: Worker | undefined;
  private durableTo = 0;
  /** The thread was told to follow to here, and has not answered yet. */
  private toldTo = 0;
  private timer: NodeJS.Timeout | undefined;
  private ended = false;

  constructor(directory: string, writing: Writing, hears: ShadowHears) {
    this.directory = directory;
    this.writing = writing;
    this.hears = hears;
  }

  /** The node goes on after this event. Its files hold everything up to there, and only the node adds to them from now on. */
  begin(sequence: number, high: number, low: number): void {
    const task: ShadowTask = { directory: this.directory, writing: this.writing, begins: { sequence, high, low } };
    this.folded = this.toldTo = this.durableTo = sequence;
    const thread = new Worker(new URL('./shadow-thread.ts', import.meta.url), { workerData: task });
    this.thread = thread;
    thread.unref();
    thread.on('message', (answer: ShadowAnswer) => this.answered(answer));
    thread.on('error', (error) => this.differ(this.folded, `The thread that folds the journal beside the node has failed (${error.message}): nobody checks any more that the node's state is what its journal says.`));
  }

  /** The journal is durable up to this event. */
  durable(sequence: number): void {
    this.durableTo = sequence;
    if (this.folded < this.toldTo || this.ended) return;
    if (sequence - this.toldTo >= TOLD_AFTER_EVENTS) this.tell();
    else this.timer ??= setTimeout(() => this.tell(), TOLD_AFTER_MS).unref();
  }

  snapshot(sequence: number): void {
    this.thread?.postMessage({ snapshot: sequence });
  }

  /** Events that are durable and not folded yet. */
  get behind(): number {
    return this.durableTo - this.folded;
  }

  async end(): Promise<void> {
    this.ended = true;
    clearTimeout(this.timer);
    await this.thread?.terminate();
  }

  private tell(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.ended || this.durableTo <= this.toldTo) return;
    this.toldTo = this.durableTo;
    this.thread?.postMessage({ follow: this.toldTo });
  }

  private answered(answer: ShadowAnswer): void {
    if (this.ended) return;
    if (answer.kind === 'differs') return this.differ(answer.sequence, answer.text);
    if (answer.kind === 'snapshot') {
      const { sequence, bytes } = answer;
      this.snapshots++;
      return this.hears.imaged(sequence, { weight: bytes.length, bytes: () => bytes });
    }
    this.folded = answer.sequence;
    this.compared = answer.compared;
    this.hears.agreed(answer.sequence);
    if (this.durableTo > this.toldTo) this.durable(this.durableTo);
  }

  private differ(sequence: number, text: string): void {
    if (this.difference !== undefined || this.ended) return;
    this.difference = text;
    this.hears.differed(sequence, text);
  }
}

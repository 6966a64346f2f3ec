// What crossed the ports of a run, kept to be shown afterwards: the last so many steps of its nodes, and everything that
// happened meanwhile. Of what lies before, it keeps what the nodes had become by then: their states, folded from what was
// durable. It listens only; a run that is recorded has the digest of one that is not.

import { Kernel } from '../../kernel/kernel.ts';
import type { NodeId } from '../../kernel/base/ids.ts';
import type { Micros } from '../../kernel/base/time.ts';
import type { Answer, Effect } from '../../kernel/effect.ts';
import type { Event, RequestId } from '../../kernel/event.ts';
import type { KernelImage } from '../../kernel/image.ts';
import type { CrashPoint, Frame } from '../ports.ts';
import type { Evidence, Invocation, LostWhy, WorldView } from './evidence.ts';

/** Something that befell the process of a node. */
export type Befell = 'crashed' | 'stopped' | 'restarted' | 'refused' | 'damaged';

type Recorded = { readonly at: Micros } & (
  | { readonly kind: 'sent' | 'delivered' | 'duplicated'; readonly frame: Frame }
  | { readonly kind: 'lost'; readonly frame: Frame; readonly why: LostWhy }
  | { readonly kind: 'invoked'; readonly invocation: Invocation }
  | { readonly kind: 'returned'; readonly invocation: Invocation; readonly answer: Answer }
  | { readonly kind: 'replied'; readonly node: NodeId; readonly request: RequestId }
  | { readonly kind: 'durable'; readonly node: NodeId; readonly events: readonly Event[] }
  /** A process that starts holds this state; undefined: it has not booted yet. */
  | { readonly kind: 'refolded'; readonly node: NodeId; readonly image: KernelImage | undefined }
  | { readonly kind: Befell; readonly node: NodeId; readonly detail: string }
  | { readonly kind: 'healed' }
);

export interface FaultShown {
  readonly kind: string;
  readonly nodes: readonly NodeId[];
  readonly from: Micros;
  /** Undefined while it lasts. */
  until: Micros | undefined;
}

/** The state of a node where the window begins. */
export interface Beginning {
  readonly up: boolean;
  /** Undefined: it has not booted, or nobody knows (an assertion of its own had failed). */
  readonly kernel: Kernel | undefined;
}

/** A step of a node. `at`: when the event was durable, which is when its effects could leave. */
export interface StepShown {
  readonly kind: 'step';
  readonly at: Micros;
  readonly node: NodeId;
  readonly event: Event;
  /** After the event; it changes with the next one. Undefined where the event is not one of a journal that is known. */
  readonly kernel: Kernel | undefined;
  readonly effects: readonly Effect[] | undefined;
}

export type Shown =
  | StepShown
  | { readonly kind: 'refolded'; readonly at: Micros; readonly node: NodeId; readonly kernel: Kernel | undefined }
  | Exclude<Recorded, { readonly kind: 'durable' | 'refolded' }>;

/** Many times what a page can show: a network in which nothing becomes durable ends here. */
const MAX_RECORDED = 400_000;
const MAX_FAULTS = 2_000;
const FORGET_AT_ONCE = 50_000;

export class Recording implements Evidence {
  /** Events that were durable, over the whole run. */
  steps = 0;
  readonly faults: FaultShown[] = [];

  private readonly most: number;
  private readonly kernels: (Kernel | undefined)[] = [];
  private readonly up: boolean[] = [];
  /** From `head` on; what stands before is forgotten now and then. */
  private kept: Recorded[] = [];
  private head = 0;
  private keptSteps = 0;
  private look: (() => WorldView) | undefined;

  /** `most`: steps that are kept. */
  constructor(most: number) {
    this.most = most;
  }

  get stepsKept(): number {
    return this.keptSteps;
  }

  /** Forgets the oldest until no more than `most` steps are left. */
  shorten(most: number): void {
    while (this.head < this.kept.length && this.keptSteps > most) this.forget();
  }

  /** By node id: what it was before the first thing that is kept. */
  beginnings(nodes: number): readonly Beginning[] {
    return Array.from({ length: nodes + 1 }, (_, node) => ({ up: this.up[node] ?? true, kernel: this.stateBefore(node) }));
  }

  /** What is kept, in the order in which it happened, with each event that became durable as a step of its node. */
  *unfold(): Generator<Shown> {
    const kernels = this.kernels.map((_, node) => this.stateBefore(node));
    for (let place = this.head; place < this.kept.length; place++) {
      const item = this.kept[place] as Recorded;
      if (item.kind === 'durable') {
        for (const event of item.events) {
          const step = stepped(kernels[item.node], event);
          kernels[item.node] = step?.kernel;
          yield { kind: 'step', node: item.node, event, at: item.at, kernel: step?.kernel, effects: step?.effects };
        }
        continue;
      }
      if (item.kind === 'refolded') kernels[item.node] = item.image === undefined ? undefined : Kernel.restore(item.image);
      yield item.kind === 'refolded' ? { kind: 'refolded', node: item.node, at: item.at, kernel: kernels[item.node] } : item;
    }
  }

  /** A copy: what is unfolded is not changed by it. */
  private stateBefore(node: number): Kernel | undefined {
    const kernel = this.kernels[node];
    return kernel === undefined ? undefined : Kernel.restore(kernel.image());
  }

  goesOnFrom(images: readonly KernelImage[]): void {
    for (const image of images) this.kernels[image.self] = Kernel.restore(image);
  }

  began(look: () => WorldView): void {
    this.look = look;
  }

  sent(frame: Frame, now: Micros): void {
    this.keep({ kind: 'sent', frame, at: now });
  }

  delivered(frame: Frame, now: Micros): void {
    this.keep({ kind: 'delivered', frame, at: now });
  }

  lost(frame: Frame, why: LostWhy, now: Micros): void {
    this.keep({ kind: 'lost', frame, why, at: now });
  }

  duplicated(frame: Frame, now: Micros): void {
    this.keep({ kind: 'duplicated', frame, at: now });
  }

  invoked(invocation: Invocation): void {
    this.keep({ kind: 'invoked', invocation, at: invocation.invokedAt });
  }

  returned(invocation: Invocation, answer: Answer, now: Micros): void {
    this.keep({ kind: 'returned', invocation, answer, at: now });
  }

  replied(node: NodeId, request: RequestId, _answer: Answer, now: Micros): void {
    this.keep({ kind: 'replied', node, request, at: now });
  }

  durable(node: NodeId, events: readonly Event[], _high: number, _low: number, now: Micros): void {
    this.steps += events.length;
    this.keptSteps += events.length;
    this.keep({ kind: 'durable', node, events, at: now });
  }

  refolded(node: NodeId, sequence: number, _high: number, _low: number, now: Micros): void {
    const kernel = sequence === 0 ? undefined : this.look?.().nodes[node - 1]?.kernel;
    this.keep({ kind: 'refolded', node, image: kernel?.image(), at: now });
  }

  crashed(node: NodeId, point: CrashPoint | 'betweenTurns', now: Micros): void {
    this.keep({ kind: 'crashed', node, detail: point, at: now });
  }

  stopped(node: NodeId, now: Micros): void {
    this.keep({ kind: 'stopped', node, detail: '', at: now });
  }

  restarted(node: NodeId, now: Micros): void {
    this.keep({ kind: 'restarted', node, detail: '', at: now });
  }

  refused(node: NodeId, reason: string, now: Micros): void {
    this.keep({ kind: 'refused', node, detail: reason, at: now });
  }

  damaged(node: NodeId, now: Micros): void {
    this.keep({ kind: 'damaged', node, detail: '', at: now });
  }

  healed(now: Micros): void {
    this.keep({ kind: 'healed', at: now });
  }

  faultBegan(kind: string, nodes: readonly NodeId[], now: Micros): void {
    if (this.faults.length === MAX_FAULTS) this.faults.shift();
    this.faults.push({ kind, nodes, from: now, until: undefined });
  }

  /** The oldest of its kind that still lasts. */
  faultEnded(kind: string, nodes: readonly NodeId[], now: Micros): void {
    const began = this.faults.find((fault) => fault.until === undefined && fault.kind === kind && sameNodes(fault.nodes, nodes));
    if (began !== undefined) began.until = now;
  }

  private keep(item: Recorded): void {
    this.kept.push(item);
    while (this.keptSteps > this.most || this.kept.length - this.head > MAX_RECORDED) this.forget();
    if (this.head <= FORGET_AT_ONCE) return;
    this.kept = this.kept.slice(this.head);
    this.head = 0;
  }

  private forget(): void {
    const item = this.kept[this.head++] as Recorded;
    if (item.kind === 'durable') {
      this.keptSteps -= item.events.length;
      this.kernels[item.node] = folded(this.kernels[item.node], item.events);
    } else if (item.kind === 'refolded') {
      this.kernels[item.node] = item.image === undefined ? undefined : Kernel.restore(item.image);
    } else if (item.kind === 'crashed' || item.kind === 'stopped' || item.kind === 'refused') this.up[item.node] = false;
    else if (item.kind === 'restarted') this.up[item.node] = true;
  }
}

const sameNodes = (a: readonly NodeId[], b: readonly NodeId[]): boolean => a.length === b.length && a.every((node, place) => node === b[place]);

/** The kernel after these events; undefined if nobody can say what became of it. */
function folded(before: Kernel | undefined, events: readonly Event[]): Kernel | undefined {
  let kernel = before;
  for (const event of events) kernel = stepped(kernel, event)?.kernel;
  return kernel;
}

/** The same kernel after one more event. Undefined where it belongs to another journal, or where an assertion failed. */
function stepped(before: Kernel | undefined, event: Event): { readonly kernel: Kernel; readonly effects: readonly Effect[] } | undefined {
  const kernel = event.sequence === 1 ? new Kernel() : before;
  if (kernel === undefined || kernel.sequence !== event.sequence - 1) return undefined;
  try {
    return { kernel, effects: kernel.step(event) };
  } catch {
    return undefined;
  }
}

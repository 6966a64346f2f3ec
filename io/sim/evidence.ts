// What properties are shown of a run: everything that crossed a port, as it crossed it. A property subscribes to the methods
// it implements; the world sorts the listeners by method once, before the run. Times called `now` are the world's own, which
// no node can see. Arguments are immutable; a listener that keeps them keeps them alive, so it keeps what it needs only.

import type { Kernel } from '../../kernel/kernel.ts';
import type { GroupId, NodeId } from '../../kernel/base/ids.ts';
import type { Micros } from '../../kernel/base/time.ts';
import type { DecideRecord } from '../../kernel/decide/record.ts';
import type { Answer } from '../../kernel/effect.ts';
import type { Event, Operation, RequestId, ServiceRequest } from '../../kernel/event.ts';
import type { Fact } from '../../kernel/fact.ts';
import type { KernelImage } from '../../kernel/image.ts';
import type { Parameters } from '../../kernel/parameters.ts';
import type { CrashPoint, Frame } from '../ports.ts';

/** One operation of one simulated client. The same object is passed to `invoked` and `returned`. */
export interface Invocation {
  readonly client: number;
  readonly number: number;
  /** A small number that no other operation has while this one is open: a place for it in tables. */
  readonly slot: number;
  /** The node it was sent to. */
  readonly node: NodeId;
  readonly operation: Operation;
  readonly invokedAt: Micros;
  /** From the final round: reads of acknowledged needs after everything has healed. */
  readonly final: boolean;
}

export type LostWhy = 'cut' | 'dropped' | 'corrupted' | 'down' | 'paused';

export interface Evidence {
  /** Before anything happens: the run does not begin with empty disks, but with nodes that were in these states. */
  goesOnFrom?(images: readonly KernelImage[]): void;
  /** Before anything happens: how to look at the nodes later. */
  began?(look: () => WorldView): void;
  /** A frame leaves its sender, whose own monotonic clock shows `senderClock`. */
  sent?(frame: Frame, now: Micros, senderClock: Micros): void;
  /** A frame reaches the loop of a node that is up. In checked runs it is another object than the one sent. */
  delivered?(frame: Frame, now: Micros): void;
  lost?(frame: Frame, why: LostWhy, now: Micros): void;
  duplicated?(frame: Frame, now: Micros): void;

  /** A client sends an operation. It may never reach the node. */
  invoked?(invocation: Invocation): void;
  /** The one answer, from the node or, after the client's own time-out (`unknown`, `timeout`), from nobody. */
  returned?(invocation: Invocation, answer: Answer, now: Micros): void;
  /** An answer leaves a node, whether or not a client still waits for it. */
  replied?(node: NodeId, request: RequestId, answer: Answer, now: Micros): void;
  /** A call leaves a node for one of its services; (sequence, index) is the id of the effect. */
  called?(node: NodeId, sequence: number, index: number, request: ServiceRequest, now: Micros): void;

  /**
   * A batch of a node became durable: its events, and the kernel's digest after the last of them. One that survived a crash
   * before the loop heard of it is told when the node has refolded it, before `refolded`.
   */
  durable?(node: NodeId, events: readonly Event[], high: number, low: number, now: Micros): void;
  /** The collected journal of a node begins in the middle, when this group of it was in `term`: what was before is not known. */
  beginsAmid?(node: NodeId, group: GroupId, term: number): void;
  /** A record in the state that a node's journal begins or ends with: seen where journals are collected, not while a world runs. */
  holds?(node: NodeId, record: DecideRecord, now: Micros): void;
  /** A process ended without warning: at a point of its loop, or between two turns. */
  crashed?(node: NodeId, point: CrashPoint | 'betweenTurns', now: Micros): void;
  /** A process was asked to stop and sealed its journal. */
  stopped?(node: NodeId, now: Micros): void;
  restarted?(node: NodeId, now: Micros): void;
  /** A restarted node refolded its journal up to `sequence`, with this digest, before it says anything. */
  refolded?(node: NodeId, sequence: number, high: number, low: number, now: Micros): void;
  /** A node did not start, or stopped taking part: what it had acknowledged is damaged, or older than it was. */
  refused?(node: NodeId, reason: string, now: Micros): void;
  /**
   * A fault damaged what a node had acknowledged (bit rot, a restored backup). It may not come back as itself; and if it can
   * notice by itself, it must refuse to start.
   */
  damaged?(node: NodeId, now: Micros, noticeable: boolean): void;
  /** A second kernel, fed from `boot` with what became durable, compared at each durable batch of the node it shadows. */
  shadowed?(node: NodeId, sequence: number, same: boolean, now: Micros): void;
  /** A fact as the kernel claims it. Not evidence: to be cross-checked with what crossed a port. `at` is the node's own time. */
  fact?(node: NodeId, fact: Fact, at: Micros, now: Micros): void;

  faultBegan?(kind: string, nodes: readonly NodeId[], now: Micros): void;
  faultEnded?(kind: string, nodes: readonly NodeId[], now: Micros): void;
  /** Every fault has ended and a quorum of every group is up: from here the liveness bound counts. */
  healed?(now: Micros): void;
  /** The workload is over, every answer is in or timed out. */
  finished?(world: WorldView): void;
}

export interface NodeView {
  readonly id: NodeId;
  readonly up: boolean;
  /** Refused, or damaged so that it may not come back. */
  readonly out: boolean;
  /** Undefined while the process is down. Properties read its digest and its groups at the end of a run only. */
  readonly kernel: Kernel | undefined;
  /** The files of its data directory, byte for byte, as a crash now (losing nothing) would leave them. */
  files(): Readonly<Record<string, Uint8Array>>;
}

export interface WorldView {
  readonly now: Micros;
  readonly nodes: readonly NodeView[];
}

/** What a property knows of a run before it begins, and how it ends it. */
export interface RunView {
  readonly seed: number;
  readonly scenario: string;
  readonly parameters: Parameters;
  /** After healing, every group must serve its clients within this time: ten maximum election timeouts. */
  readonly livenessBoundUs: Micros;
  /** Adds a listener that judges nothing itself. It hears everything before any property does. */
  listen(evidence: Evidence): void;
  /** Reports the first violation of a property. The run ends at the next event, unless it was told to go on. */
  violated(property: string, violation: Violation): void;
}

export interface Violation {
  /** One sentence: what was expected, what was got. */
  readonly message: string;
  readonly at: Micros;
  /** Who is concerned, where that is known. */
  readonly nodes: readonly NodeId[];
  /** The place in the journal of `nodes[0]`, where there is one. */
  readonly sequence?: number;
  /** The evidence, a line each, for a person. */
  readonly evidence?: readonly string[];
}

export type Verdict = 'held' | 'violated' | 'not-exercised';

/** What is said of a property after a run. `checks` counts decisive evidence only. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly checks: number;
  readonly violation?: Violation;
}

/** A property during one run. */
export interface Watch extends Evidence {
  judge(): Judgement;
}

/** A claim. It makes a fresh watch for every run. */
export interface Property {
  readonly id: string;
  readonly claim: string;
  /** A violated liveness property has an exit code of its own. */
  readonly kind: 'safety' | 'liveness';
  /** Local: also a live monitor of one node. Global: checked over a simulated world, or over collected journals. */
  readonly scope: 'local' | 'global';
  watch(run: RunView): Watch;
}

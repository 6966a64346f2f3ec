// What the world offers a node. Every port is submit-and-completion: a call returns at once, and what comes of it arrives
// later through the loop's inputs. `io/sim` and `io/live` implement these, and pass the same suites in `io/contract`.

import type { NodeId } from '../kernel/base/ids.ts';
import type { Micros } from '../kernel/base/time.ts';
import type { ContentRequest } from '../kernel/content.ts';
import type { Answer } from '../kernel/effect.ts';
import type { Event, GpuDevice, RequestId, ServiceRequest } from '../kernel/event.ts';
import type { Fact } from '../kernel/fact.ts';
import type { Message } from '../kernel/message.ts';

/** A message under way. (sequence, index) is the id of the effect that sent it: the place in the sender's journal. */
export interface Frame {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly incarnation: number;
  readonly sequence: number;
  readonly index: number;
  readonly message: Message;
}

/** Point-to-point, unreliable: a frame may be lost, delayed, doubled or overtaken. Arrivals come in as `Loop.heard`. */
export interface Network {
  send(frame: Frame): void;
}

export interface Clock {
  /** Monotonic, from an arbitrary origin. It stands still or runs on while the process is down; the loop does not rely on either. */
  now(): Micros;
  /** The calendar, as far as this machine knows it. */
  wall(): Micros;
  /** Asks for one `Loop.alarm` at `now() >= at`, or soon after. A later call replaces an earlier one; NEVER clears it. */
  wakeAt(at: Micros): void;
}

/** Bytes that need not exist yet: a simulated disk keeps the reference until a fault, a dump or a test wants bytes. */
export interface Chunk {
  /** What the bytes are charged as. It is the same number whether or not they were ever made. */
  readonly weight: number;
  bytes(): Uint8Array;
}

export type DiskRequest =
  | { readonly kind: 'lock' }
  | { readonly kind: 'list' }
  | { readonly kind: 'read'; readonly file: string }
  /** Appended to the file (made if missing) and, if `sync`, durable with everything appended to it before. */
  | { readonly kind: 'append'; readonly file: string; readonly chunk: Chunk; readonly sync: boolean }
  /** The file holds exactly this, durably and atomically: the old content or the new one is found after a crash. */
  | { readonly kind: 'replace'; readonly file: string; readonly chunk: Chunk }
  /** Cuts the file to `length` bytes, durably. */
  | { readonly kind: 'truncate'; readonly file: string; readonly length: number }
  | { readonly kind: 'remove'; readonly file: string };

export type DiskResult =
  | { readonly kind: 'done' }
  | { readonly kind: 'files'; readonly files: readonly string[] }
  /** The content in order. Chunks that were never damaged may come back as the very objects that were appended. */
  | { readonly kind: 'content'; readonly chunks: readonly Chunk[] }
  | { readonly kind: 'failed'; readonly reason: 'locked' | 'missing' | 'full' | 'io'; readonly detail: string };

/** One data directory. Requests complete in any order, except that two for the same file complete in the order submitted. */
export interface Disk {
  submit(token: number, request: DiskRequest): void;
}

/** Fresh, secret randomness: never journalled except where the loop says so (boot seed, incarnation tag). */
export interface Entropy {
  /** 32 unpredictable bits. */
  word(): number;
}

/** Answers calls to outside services (signer, gpu, content) through `Loop.answered`, once each, or never. */
export interface Services {
  call(sequence: number, index: number, request: ServiceRequest): void;
}

/**
 * Keeps contents outside the journal, by their hash; answers through `Loop.answered`, as all services do. Requests are handled
 * in the order in which they come. It holds one content of each owner, and no more bytes than it was given room for.
 */
export interface ContentStore {
  call(sequence: number, index: number, request: ContentRequest): void;
}

/** A head of the parent chain, as its endpoint reports it. */
export interface ParentHead {
  readonly number: number;
  readonly hash: string;
  readonly parent: string;
}

/** Final heads of a parent chain arrive as `Loop.parentHead`, in order and none skipped, once each unless a node starts again. */
export interface Chain {
  follow(): void;
  stop(): void;
}

/** The driver of this machine's accelerators. It may fail, and it may say nothing for ever. */
export interface Gpu {
  inventory(): Promise<readonly GpuDevice[]>;
}

/** Where answers to clients go. */
export interface Clients {
  reply(request: RequestId, answer: Answer): void;
}

/** Verifies what a message claims before it may become an event. */
export interface Verifier {
  verify(frame: Frame): boolean;
}

/** Folds the journal beside the node and makes its snapshots (rule 10): `Loop.imaged` brings one, `Loop.differed` what is wrong. */
export interface Shadow {
  /** Asks for the snapshot after this event. It will end a batch, and its segment; it need not be durable yet. */
  snapshot(sequence: number): void;
}

/** Points of the loop at which a crash driver may stop the process. The simulator throws here; live nodes leave it out. */
export type CrashPoint =
  | 'beforeAppend' | 'afterAppend' | 'afterStep' | 'beforeSync' | 'beforeRelease' | 'halfwayReleasing' | 'afterRelease'
  | 'duringRecovery' | 'duringSnapshot';

/** What an observer of the loop may see: metrics live, evidence and crash points in simulation. It changes nothing. */
export interface Observer {
  passed?(point: CrashPoint): void;
  fact?(fact: Fact, at: Micros): void;
  dropped?(why: DropReason): void;
  /** A batch became durable: its events, and the kernel's digest after the last of them. */
  durable?(events: readonly Event[], high: number, low: number): void;
  /** Refolded up to `sequence` (before `recovered` is journalled), with this digest. */
  refolded?(sequence: number, high: number, low: number): void;
  /** The snapshot after this event is on the disk. */
  snapshotWritten?(sequence: number): void;
}

export type DropReason = 'inboxFull' | 'unverified' | 'stale' | 'notReady' | 'notTakenOn';

export interface Ports {
  readonly network: Network;
  readonly clock: Clock;
  readonly disk: Disk;
  readonly entropy: Entropy;
  readonly services: Services;
  readonly clients: Clients;
  readonly verifier: Verifier;
  readonly observer: Observer;
  /** Without one the node stands still while it takes an image of itself. */
  readonly shadow?: Shadow;
}

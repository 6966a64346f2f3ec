// The stream on which we speak to one peer: opened when the network starts and again whenever it is lost, with exponential
// backoff and jitter. Small frames that were sent in the same turn of the event loop leave in one write. While the peer reads
// slowly the outbox fills and drops its oldest; while the peer is away only the newest few frames are kept for it.

import type { Libp2p, PeerId, Stream } from '@libp2p/interface';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { Drops } from './drops.ts';
import { Outbox, type OutboxBounds } from './outbox.ts';

export const FRAMES_PROTOCOL = '/lockstep/1/frames';

export interface OutboundOptions {
  readonly outbox: OutboxBounds;
  /** Frames kept while there is no stream: enough to start talking, too few to matter when they are out of date. */
  readonly keptWhileAway: number;
  readonly backoffMs: { readonly least: number; readonly most: number };
  readonly dialTimeoutMs: number;
  /** A stream that takes nothing for so long is given up, with its connection. */
  readonly stalledMs: number;
}

/** One write becomes one yamux frame and one noise message, which holds at most 65,519 bytes. */
const WRITE_BYTES = 65_000;
/** A stream that lived so long was good: the next attempt starts from the least backoff. */
const GOOD_AFTER_MS = 2_000;

type State =
  | { readonly phase: 'idle' }
  | { readonly phase: 'dialling' }
  | { readonly phase: 'waiting'; readonly timer: NodeJS.Timeout }
  | { readonly phase: 'open'; readonly stream: Stream; readonly sinceMs: number }
  | { readonly phase: 'stopped' };

export class Outbound {
  readonly peer: PeerId;
  reconnects = 0;
  frames = 0;
  writes = 0;

  private readonly node: Libp2p;
  private readonly listed: Multiaddr[];
  private readonly options: OutboundOptions;
  private readonly drops: Drops;
  private readonly outbox: Outbox;
  private readonly stopping: AbortController = new AbortController();
  private state: State = { phase: 'idle' };
  private attempt = 0;
  private flushing = false;
  /** When the stream last refused to take more; 0: it takes. */
  private blockedMs = 0;

  /** `listed`: where the member list says that the peer is found. */
  constructor(node: Libp2p, peer: PeerId, listed: Multiaddr[], options: OutboundOptions, drops: Drops) {
    this.node = node;
    this.listed = listed;
    this.peer = peer;
    this.options = options;
    this.drops = drops;
    this.outbox = new Outbox(options.outbox);
  }

  get open(): boolean {
    return this.state.phase === 'open';
  }

  get waitingBytes(): number {
    return this.outbox.bytes;
  }

  send(bytes: Uint8Array, droppable: boolean): void {
    const dropped = this.outbox.put(bytes, droppable);
    if (dropped > 0) this.drops.count('outboxFull', dropped);
    if (this.state.phase !== 'open') {
      const away = this.outbox.shrink(this.options.keptWhileAway);
      if (away > 0) this.drops.count('peerAway', away);
      return;
    }
    if (this.flushing || this.blockedMs !== 0) return;
    this.flushing = true;
    queueMicrotask(() => {
      this.flushing = false;
      this.flush();
    });
  }

  private flush(): void {
    if (this.state.phase !== 'open') return;
    const stream = this.state.stream;
    while (this.outbox.length > 0 && stream.status === 'open' && stream.writeStatus === 'writable') {
      if (stream.writableNeedsDrain) {
        if (this.blockedMs === 0) this.blockedMs = performance.now();
        return;
      }
      const before = this.outbox.length;
      const batch = this.outbox.take(WRITE_BYTES) as Uint8Array;
      this.frames += before - this.outbox.length;
      this.writes++;
      try {
        stream.send(batch);
      } catch {
        return; // The stream has just been lost; `close` says so, and what it took with it is lost like any frame.
      }
    }
    this.blockedMs = 0;
  }

  /** Connects now, if there is no stream: the peer was seen, so waiting any longer makes no sense. */
  connect(): void {
    if (this.state.phase === 'waiting') clearTimeout(this.state.timer);
    if (this.state.phase !== 'idle' && this.state.phase !== 'waiting') return;
    this.state = { phase: 'dialling' };
    const signal = AbortSignal.any([this.stopping.signal, AbortSignal.timeout(this.options.dialTimeoutMs)]);
    this.dial(signal).then(
      (stream) => this.opened(stream),
      () => this.later(),
    );
  }

  /** What a peer tells of itself when it is identified takes the place of what is known of it: the list is always tried too. */
  private async dial(signal: AbortSignal): Promise<Stream> {
    if (this.listed.length > 0) await this.node.peerStore.merge(this.peer, { multiaddrs: this.listed });
    return this.node.dialProtocol(this.peer, FRAMES_PROTOCOL, { signal });
  }

  private opened(stream: Stream): void {
    if (this.state.phase !== 'dialling') return stream.abort(new Error('the node stops'));
    if (stream.status !== 'open') return this.later();
    this.state = { phase: 'open', stream, sinceMs: performance.now() };
    this.blockedMs = 0;
    stream.addEventListener('drain', () => this.flush());
    stream.addEventListener('close', () => this.lost(stream));
    // The peer never speaks on this stream; what it says anyway is not kept.
    stream.addEventListener('message', () => stream.abort(new Error('nothing is expected here')));
    this.flush();
  }

  private lost(stream: Stream): void {
    if (this.state.phase !== 'open' || this.state.stream !== stream) return;
    if (performance.now() - this.state.sinceMs >= GOOD_AFTER_MS) this.attempt = 0;
    this.reconnects++;
    const away = this.outbox.shrink(this.options.keptWhileAway);
    if (away > 0) this.drops.count('peerAway', away);
    this.later();
  }

  private later(): void {
    if (this.state.phase === 'stopped') return;
    const { least, most } = this.options.backoffMs;
    const full = Math.min(most, least * 2 ** Math.min(this.attempt++, 20));
    const delay = full / 2 + Math.random() * (full / 2);
    this.state = { phase: 'waiting', timer: setTimeout(() => this.connect(), delay) };
  }

  /** Called at intervals: gives up a stream on which nothing moves, since TCP alone would take minutes to notice. */
  watch(nowMs: number): void {
    if (this.state.phase !== 'open' || this.blockedMs === 0 || nowMs - this.blockedMs < this.options.stalledMs) return;
    for (const connection of this.node.getConnections(this.peer)) connection.abort(new Error('nothing moves'));
  }

  stop(): void {
    const was = this.state;
    this.state = { phase: 'stopped' };
    this.stopping.abort();
    if (was.phase === 'waiting') clearTimeout(was.timer);
    if (was.phase === 'open') was.stream.abort(new Error('the node stops'));
  }
}

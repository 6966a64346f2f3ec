// The simulated network: point to point, in order on each link while nothing disturbs it. Faults cut links (one way or both),
// lose, double, corrupt, hold up, clog or shuffle frames. What a link does to a frame is drawn from a stream of that link alone,
// and only while a fault that needs the draw is on.

import { decode, encode } from '../../kernel/base/codec.ts';
import { hashBytes } from '../../kernel/base/digest.ts';
import { Random } from '../../kernel/base/random.ts';
import type { NodeId } from '../../kernel/base/ids.ts';
import type { Micros } from '../../kernel/base/time.ts';
import { assert } from '../../kernel/base/assert.ts';
import { frameCodec, MAX_FRAME_BYTES } from '../frame.ts';
import { holdsTheSame } from '../loop-checks.ts';
import type { Frame, Network } from '../ports.ts';
import type { LostWhy } from './evidence.ts';
import { Samples } from './samples.ts';

export type LinkFaultKind = 'partition' | 'one-way' | 'slow' | 'drop' | 'duplicate' | 'reorder' | 'corrupt' | 'narrow' | 'clog';

export const LINK_FAULTS: readonly LinkFaultKind[] = ['partition', 'one-way', 'slow', 'drop', 'duplicate', 'reorder', 'corrupt', 'narrow', 'clog'];

const KINDS: number = LINK_FAULTS.length;

/** One disturbance of all links from any of `from` to any of `to`. Delays and periods in microseconds, likelihoods per million, widths in bytes per second. */
export interface LinkFault {
  readonly kind: LinkFaultKind;
  readonly from: readonly NodeId[];
  readonly to: readonly NodeId[];
  readonly strength: number;
  /** Strikes also where other disturbances are kept away. */
  readonly own?: boolean;
}

/** Somebody at a sender's end of the wire. */
export type Tap = (frame: Frame) => Frame | undefined;

/** What the network needs of the world. */
export interface NetworkWorld {
  readonly now: Micros;
  deliverAt(at: Micros, frame: Frame): void;
  sent(frame: Frame): void;
  lost(frame: Frame, why: LostWhy): void;
  duplicated(frame: Frame): void;
}

/** How much longer than `strength / 8` a slow link takes: one frame in twelve takes much longer. */
const HEAVY_TAIL: readonly number[] = [1, 2, 2, 3, 4, 4, 6, 8, 8, 12, 24, 96];
/** What the layers below add to a frame on the wire. */
const ENVELOPE_BYTES = 60;
const NARROW = 7;
const CLOG = 8;

export class SimNetwork implements Network {
  sentCount = 0;
  delivered = 0;
  dropped = 0;
  doubled = 0;
  corrupted = 0;
  /** How many frames each kind of fault touched, in the order of LINK_FAULTS. */
  readonly touched: Float64Array = new Float64Array(LINK_FAULTS.length);

  private readonly world: NetworkWorld;
  private seed: number;
  private readonly stride: number;
  private readonly minUs: Micros;
  private readonly spanUs: number;
  private readonly encoded: boolean;
  private readonly samples: Samples = new Samples();
  private random: (Random | undefined)[] = [];
  private readonly lastArrival: Float64Array;
  /** Per link and kind of fault: its strength, 0 where it is off; and by link whether any is on. */
  private readonly strengths: Int32Array;
  private readonly disturbed: Uint8Array;
  /** Per link: when what was sent through it while it was narrow has gone out. */
  private readonly narrowFree: Float64Array;
  private readonly active: LinkFault[] = [];
  /** Each is shown every frame that leaves its sender, and says what goes on from there: it, another one, or nothing. */
  private readonly taps: Set<Tap> = new Set();
  /** Nodes whose links nothing disturbs but what is meant for them. */
  private readonly spared: Set<NodeId> = new Set();

  constructor(world: NetworkWorld, seed: number, nodes: number, minUs: Micros, maxUs: Micros, encoded: boolean) {
    assert(minUs >= 1 && maxUs >= minUs, 'a message takes some time');
    this.world = world;
    this.seed = seed;
    this.stride = nodes + 1;
    this.minUs = minUs;
    this.spanUs = maxUs - minUs + 1;
    this.encoded = encoded;
    this.lastArrival = new Float64Array(this.stride * this.stride);
    this.strengths = new Int32Array(this.stride * this.stride * KINDS);
    this.disturbed = new Uint8Array(this.stride * this.stride);
    this.narrowFree = new Float64Array(this.stride * this.stride);
  }

  send(frame: Frame): void {
    this.sentCount++;
    this.world.sent(frame);
    if (this.taps.size === 0) return this.carry(frame);
    let passed: Frame | undefined = frame;
    for (const tap of this.taps) passed = passed === undefined ? undefined : tap(passed);
    if (passed === undefined) this.lose(frame, 'dropped');
    else this.carry(passed);
  }

  private carry(frame: Frame): void {
    const link = frame.from * this.stride + frame.to;
    let carried = frame;
    if (this.encoded) carried = throughCodec(frame);
    else if (this.samples.takes(frame.message.kind)) assert(holdsTheSame(throughCodec(frame), frame), 'the bytes of a frame hold all of it');
    const random = this.random[link] ?? this.stream(link, frame);
    if (this.disturbed[link] === 1) return this.sendDisturbed(carried, link, random);
    this.deliver(carried, link, this.minUs + random.below(this.spanUs), true);
  }

  /** Every fault that is on, applied in the order of LINK_FAULTS. */
  private sendDisturbed(frame: Frame, link: number, random: Random): void {
    let delay = this.minUs + random.below(this.spanUs);
    if (this.on(0, link) > 0 || this.on(1, link) > 0) {
      this.touch(this.on(0, link) > 0 ? 0 : 1);
      return this.lose(frame, 'cut');
    }
    const slow = this.on(2, link);
    if (slow > 0) {
      this.touch(2);
      delay += Math.floor((slow * random.pick(HEAVY_TAIL)) / 8);
    }
    const width = this.on(NARROW, link);
    if (width > 0) delay += this.squeeze(frame, link, width);
    const period = this.on(CLOG, link);
    if (period > 0) delay += this.untilOpen(period);
    if (random.chance(this.on(3, link))) {
      this.touch(3);
      return this.lose(frame, 'dropped');
    }
    if (random.chance(this.on(6, link))) return this.corrupt(frame, random);
    const shuffled = this.on(5, link);
    if (shuffled > 0) {
      this.touch(5);
      delay += random.below(shuffled);
    }
    this.deliver(frame, link, delay, shuffled === 0);
    if (!random.chance(this.on(4, link))) return;
    this.touch(4);
    this.doubled++;
    this.world.duplicated(frame);
    this.deliver(frame, link, delay + 1 + random.below(8 * this.spanUs), false);
  }

  /** How long the frame waits for those before it, and takes itself. */
  private squeeze(frame: Frame, link: number, bytesPerSecond: number): Micros {
    this.touch(NARROW);
    const bytes = encode(frameCodec, frame).length + ENVELOPE_BYTES;
    const now = this.world.now;
    const free = Math.max(now, this.narrowFree[link] as number) + Math.ceil((bytes * 1_000_000) / bytesPerSecond);
    this.narrowFree[link] = free;
    return free - now;
  }

  /** A link that is clogged lets everything that waits pass at one moment, and then nothing until the next. */
  private untilOpen(period: Micros): Micros {
    this.touch(CLOG);
    return period - (this.world.now % period);
  }

  private deliver(frame: Frame, link: number, delay: Micros, inOrder: boolean): void {
    let at = this.world.now + delay;
    if (inOrder) {
      const last = this.lastArrival[link] as number;
      if (at < last) at = last;
      this.lastArrival[link] = at;
    }
    this.world.deliverAt(at, frame);
  }

  /** A flipped bit under way. The transport's checksum does not fit any more, so the frame is refused before it is decoded. */
  private corrupt(frame: Frame, random: Random): void {
    const bytes = encode(frameCodec, frame);
    const sum = hashBytes(bytes);
    const place = random.below(bytes.length);
    bytes[place] = (bytes[place] as number) ^ (1 << random.below(8));
    assert(hashBytes(bytes) !== sum, 'a checksum detects a flipped bit');
    this.touch(6);
    this.corrupted++;
    this.lose(frame, 'corrupted');
  }

  reroll(seed: number): void {
    this.seed = seed;
    this.random = [];
  }

  lose(frame: Frame, why: LostWhy): void {
    this.dropped++;
    this.world.lost(frame, why);
  }

  begin(fault: LinkFault): void {
    this.active.push(fault);
    this.apply();
  }

  end(fault: LinkFault): void {
    const place = this.active.indexOf(fault);
    assert(place >= 0, 'a fault that ends was on');
    this.active.splice(place, 1);
    this.apply();
  }

  /** What a decoder makes of a frame of which the bytes were spoilt: another one, or nothing. */
  understood(frame: Frame, spoil: (bytes: Uint8Array) => Uint8Array): Frame | undefined {
    const decoded = decode(frameCodec, spoil(encode(frameCodec, frame)), MAX_FRAME_BYTES);
    return decoded.ok ? decoded.value : undefined;
  }

  /** Until what is returned is called. */
  tap(tap: Tap): () => void {
    this.taps.add(tap);
    return () => void this.taps.delete(tap);
  }

  get tapped(): boolean {
    return this.taps.size > 0;
  }

  isSpared(node: NodeId): boolean {
    return this.spared.has(node);
  }

  /** Nothing disturbs the links of this node from now on; what is still on its way holds up nothing that is sent later. */
  spare(node: NodeId): void {
    this.spared.add(node);
    for (let other = 1; other < this.stride; other++) {
      this.lastArrival[node * this.stride + other] = 0;
      this.lastArrival[other * this.stride + node] = 0;
    }
    this.apply();
  }

  spareNoMore(node: NodeId): void {
    this.spared.delete(node);
    this.apply();
  }

  /** Where several faults of a kind are on, the highest strength counts. */
  private apply(): void {
    this.strengths.fill(0);
    this.disturbed.fill(0);
    for (const fault of this.active) {
      const kind = LINK_FAULTS.indexOf(fault.kind);
      for (const from of fault.from) {
        for (const to of fault.to) {
          if (fault.own !== true && (this.spared.has(from) || this.spared.has(to))) continue;
          const link = from * this.stride + to;
          this.strengths[link * KINDS + kind] = Math.max(this.on(kind, link), fault.strength);
          this.disturbed[link] = 1;
        }
      }
    }
  }

  private on(kind: number, link: number): number {
    return this.strengths[link * KINDS + kind] as number;
  }

  private touch(kind: number): void {
    this.touched[kind] = (this.touched[kind] as number) + 1;
  }

  private stream(link: number, frame: Frame): Random {
    const random = Random.of(this.seed, 'link', frame.from, frame.to);
    this.random[link] = random;
    return random;
  }
}

/** Checked runs: what arrives was decoded from bytes, and is no object of the sender's. */
function throughCodec(frame: Frame): Frame {
  const decoded = decode(frameCodec, encode(frameCodec, frame), MAX_FRAME_BYTES);
  assert(decoded.ok, 'a frame survives its codec');
  assert(decoded.value.message.hash === frame.message.hash, 'a message has its hash from its content');
  return decoded.value;
}

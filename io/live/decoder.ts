// The gate between bytes and messages. Only this file makes a `Verified` frame: decoded strictly, from the peer whose key the
// connection proved, for us, and with a good signature where a message carries one.
//
// Where the work is done was measured (two cores, Node 24). Decoding a frame of 107 bytes takes 3 us here; handing it to a
// worker thread and the result back takes 29-41 us one by one and 4.5-7.5 us in batches of 16-64, most of it cloning on this
// very thread. So frames are decoded here. Verifying a signature takes 180 us here, and 48 us of this thread when
// `node:crypto` does it on its thread pool. So signatures go there, and what the peer sent afterwards waits: order is kept.

import { createPublicKey, verify, type KeyObject } from 'node:crypto';
import { decode } from '../../kernel/base/codec.ts';
import type { NodeId } from '../../kernel/base/ids.ts';
import { bucketOf } from '../../kernel/decide/record.ts';
import { helloText, type Hello } from '../../kernel/hello.ts';
import type { Submit } from '../../kernel/raft/message.ts';
import { genesisOf } from '../../kernel/swarm/envelope.ts';
import type { EnvelopeMessage } from '../../kernel/swarm/message.ts';
import { frameCodec, MAX_FRAME_BYTES } from '../frame.ts';
import type { Frame, Verifier } from '../ports.ts';
import type { Members } from './members.ts';
import { signatureBytes } from './signer.ts';

declare const verified: unique symbol;
/** Something from outside whose form and signatures were checked. Only this file makes one. */
export type Verified<T> = T & { readonly [verified]: true };

export type DecodeFault = 'garbage' | 'forged' | 'misdirected' | 'unsigned';

export type Decision =
  | { readonly kind: 'frame'; readonly frame: Verified<Frame> }
  | { readonly kind: 'refused'; readonly why: DecodeFault }
  /** `settled` calls back once, later, with one of the other two. */
  | { readonly kind: 'pending'; readonly settled: (settle: (decision: Decision) => void) => void };

/** A need that claims another bucket than its own would be decided by another group, and perhaps a second time. */
function isPlaced({ body }: Submit): boolean {
  return body.kind !== 'decide' || body.proposal.bucket === bucketOf(body.proposal.need);
}

/** What stands before the 32 bytes of an Ed25519 key in a SubjectPublicKeyInfo (RFC 8410). */
const SPKI_HEAD: Buffer = Buffer.from('302a300506032b6570032100', 'hex');
const MAX_SENDERS = 4_096;

/** Keys of the senders heard last: to make one of its bytes takes as long as to decode an envelope. */
export class SenderKeys {
  private readonly keys: Map<string, KeyObject> = new Map();

  /** Undefined if no such key can be. */
  key(sender: string): KeyObject | undefined {
    const known = this.keys.get(sender);
    if (known !== undefined) return known;
    let made: KeyObject;
    try {
      made = createPublicKey({ key: Buffer.concat([SPKI_HEAD, Buffer.from(sender, 'hex')]), format: 'der', type: 'spki' });
    } catch {
      return undefined;
    }
    if (this.keys.size >= MAX_SENDERS) this.keys.delete(this.keys.keys().next().value as string);
    this.keys.set(sender, made);
    return made;
  }
}

export class FrameDecoder implements Verifier {
  private readonly network: string;
  private readonly self: NodeId;
  private readonly members: Members;
  private readonly maxBytes: number;
  /** Per peer, the last hello that was good: peers repeat theirs. */
  private readonly known: (string | undefined)[] = [];
  private readonly passed: WeakSet<Frame> = new WeakSet();
  private readonly genesis: string;
  private readonly senders: SenderKeys = new SenderKeys();

  constructor(network: string, self: NodeId, members: Members, maxBytes: number = MAX_FRAME_BYTES) {
    this.network = network;
    this.genesis = genesisOf(network);
    this.self = self;
    this.members = members;
    this.maxBytes = maxBytes;
  }

  /** `from` is whom the connection has proved to be at the other end. */
  decide(bytes: Uint8Array, from: NodeId): Decision {
    const decoded = decode(frameCodec, bytes, this.maxBytes);
    if (!decoded.ok) return { kind: 'refused', why: 'garbage' };
    const frame = decoded.value;
    if (frame.from !== from) return { kind: 'refused', why: 'forged' };
    if (frame.to !== this.self) return { kind: 'refused', why: 'misdirected' };
    if (frame.message.kind === 'hello') return this.hello(frame, frame.message);
    if (frame.message.kind === 'envelope') return this.envelope(frame, frame.message);
    if (frame.message.kind === 'submit' && !isPlaced(frame.message)) return { kind: 'refused', why: 'forged' };
    return { kind: 'frame', frame: frame as Verified<Frame> };
  }

  private hello(frame: Frame, message: Hello): Decision {
    const text = helloText(this.network, frame.from, message.incarnation, message.tag, message.resumed, message.lives, message.born);
    const claim = `${message.signature} ${text}`;
    if (this.known[frame.from] === claim) return this.good(frame);
    const signature = signatureBytes(message.signature);
    if (signature === undefined) return { kind: 'refused', why: 'unsigned' };
    const settled = (settle: (decision: Decision) => void): void => {
      verify(null, Buffer.from(text, 'utf8'), this.members.key(frame.from), signature, (error, good) => {
        if (error !== null || !good) return settle({ kind: 'refused', why: 'unsigned' });
        this.known[frame.from] = claim;
        settle(this.good(frame));
      });
    };
    return { kind: 'pending', settled };
  }

  /** The key is the sender's name: who relays an envelope is not asked who signed it. */
  private envelope(frame: Frame, { genesis, envelope, signed }: EnvelopeMessage): Decision {
    if (genesis !== this.genesis) return { kind: 'refused', why: 'forged' };
    const key = this.senders.key(envelope.sender);
    if (key === undefined) return { kind: 'refused', why: 'unsigned' };
    const settled = (settle: (decision: Decision) => void): void => {
      verify(null, signed, key, envelope.signature, (error, good) => settle(error === null && good ? this.good(frame) : { kind: 'refused', why: 'unsigned' }));
    };
    return { kind: 'pending', settled };
  }

  private good(frame: Frame): Decision {
    this.passed.add(frame);
    return { kind: 'frame', frame: frame as Verified<Frame> };
  }

  /** The loop asks once more before a frame becomes an event: what this decoder did not make is not let in. */
  verify(frame: Frame): boolean {
    return (frame.message.kind !== 'hello' && frame.message.kind !== 'envelope') || this.passed.has(frame);
  }
}

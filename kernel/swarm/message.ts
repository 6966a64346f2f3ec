// What nodes say to each other about envelopes: the envelope itself, byte for byte as its sender signed it, and that one was
// refused, and why. The genesis goes along, so that bytes alone say which id they have.

import { Refused, type Codec, type Reader, type Writer } from '../base/codec.ts';
import { finish, hashBytes, hashText, mix, mixUint } from '../base/digest.ts';
import { decodeEnvelope, type Envelope, type EnvelopeFault } from './envelope.ts';
import { hex } from './link.ts';
import { unhex } from './schema.ts';

export interface EnvelopeMessage {
  readonly kind: 'envelope';
  readonly genesis: string;
  readonly bytes: Uint8Array;
  /** What the bytes say, and what their signature covers. */
  readonly envelope: Envelope;
  readonly signed: Uint8Array;
  readonly hash: number;
}

/** To whom the envelope came from. */
export interface EnvelopeRefused {
  readonly kind: 'envelopeRefused';
  readonly id: string;
  readonly reason: string;
  /** The receiver's logical time: who was refused for being behind or ahead can set its own by it. */
  readonly lamport: number;
  readonly hash: number;
}

export type SwarmMessage = EnvelopeMessage | EnvelopeRefused;

/** What a frame and an event have room for beside their own fields; larger payloads are content, and are named by their hash. */
export const MAX_CARRIED_BYTES: number = 15 * 1024;
export const MAX_WHY_BYTES = 128;

export type Carried = { readonly ok: true; readonly message: EnvelopeMessage } | { readonly ok: false; readonly fault: EnvelopeFault | 'tooLargeToCarry' };

/** Never throws, whatever the bytes. */
export function carry(bytes: Uint8Array, genesis: string): Carried {
  if (bytes.length > MAX_CARRIED_BYTES) return { ok: false, fault: 'tooLargeToCarry' };
  const decoded = decodeEnvelope(bytes, genesis);
  if (!decoded.ok) return decoded;
  const { envelope, signed } = decoded;
  const hash = finish(mix(mix(30, hashText(envelope.id)), hashBytes(envelope.signature)));
  return { ok: true, message: { kind: 'envelope', genesis, bytes, envelope, signed, hash } };
}

export function envelopeRefused(id: string, reason: string, lamport: number): EnvelopeRefused {
  return { kind: 'envelopeRefused', id, reason, lamport, hash: finish(mixUint(mix(mix(31, hashText(id)), hashText(reason)), lamport)) };
}

export const envelopeMessageCodec: Codec<EnvelopeMessage> = {
  write(w: Writer, message: EnvelopeMessage): void {
    w.array(2);
    w.binary(unhex(message.genesis));
    w.binary(message.bytes);
  },
  read(r: Reader): EnvelopeMessage {
    r.tuple(2);
    const genesis = r.binary(32);
    if (genesis.length !== 32) throw new Refused('a genesis is a hash of 32 bytes');
    const carried = carry(r.binary(MAX_CARRIED_BYTES), hex(genesis));
    if (!carried.ok) throw new Refused(`no envelope: ${carried.fault}`);
    return carried.message;
  },
};

const ID = /^[0-9a-f]{64}$/;

export const swarmMessageCodec: Codec<SwarmMessage> = {
  write(w: Writer, message: SwarmMessage): void {
    w.array(2);
    if (message.kind === 'envelope') {
      w.uint(0);
      return envelopeMessageCodec.write(w, message);
    }
    w.uint(1);
    w.array(3);
    w.text(message.id);
    w.text(message.reason);
    w.uint(message.lamport);
  },
  read(r: Reader): SwarmMessage {
    r.tuple(2);
    if (r.uint(1) === 0) return envelopeMessageCodec.read(r);
    r.tuple(3);
    const id = r.text(64);
    if (!ID.test(id)) throw new Refused('the id of an envelope is a sha256 in hexadecimal');
    return envelopeRefused(id, r.text(MAX_WHY_BYTES), r.uint());
  },
};

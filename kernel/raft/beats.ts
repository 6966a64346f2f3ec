// Heartbeats of many groups in one message, and the answers to them in another (rule 4 of the loop). Each beat is the message that
// it would be alone, with its own term, indices and round, and is handled as if it had come alone: nothing is shared but the way.

import { Refused, type Codec, type Reader, type Writer } from '../base/codec.ts';
import { finish, mix } from '../base/digest.ts';
import type { NodeId } from '../base/ids.ts';
import type { Micros } from '../base/time.ts';
import { groupMessageCodec, type Append, type AppendReply, type GroupMessage, type Rest } from './message.ts';

/** What is said so often, and is so short, that it is worth to be said together. */
export type Beat = Append | AppendReply | Rest;

export interface Beats {
  readonly kind: 'beats';
  readonly beats: readonly Beat[];
  readonly hash: number;
}

/** More than one, and so many that they fit into an event. */
export const MAX_BEATS = 192;

export const isBeat = (message: GroupMessage): message is Beat => (message.kind === 'append' && message.entries.length === 0) || message.kind === 'appendReply' || message.kind === 'rest';

export function beats(together: readonly Beat[]): Beats {
  let h = mix(18, together.length);
  for (const beat of together) h = mix(h, beat.hash);
  return { kind: 'beats', beats: together, hash: finish(h) };
}

const beatCodec: Codec<Beat> = {
  write: (w: Writer, beat: Beat): void => groupMessageCodec.write(w, beat),
  read(r: Reader): Beat {
    const message = groupMessageCodec.read(r);
    if (!isBeat(message)) throw new Refused(`a "${message.kind}" is no heartbeat`);
    return message;
  },
};

export const beatsCodec: Codec<Beats> = {
  write: (w: Writer, message: Beats): void => w.list(beatCodec, message.beats),
  read(r: Reader): Beats {
    const together = r.list(beatCodec, MAX_BEATS);
    if (together.length < 2) throw new Refused('fewer than two heartbeats');
    return beats(together);
  },
};

/** What a step says to one node, and until when it holds. */
interface Gathered {
  readonly place: number;
  readonly to: NodeId;
  readonly validUntil: Micros;
  readonly beats: Beat[];
}

/** The beats of one step, by where they go. The effect of the first stands for all of them. */
export class Gathering {
  private readonly gathered: Gathered[] = [];

  /** False if it is the first of its kind: its effect will stand at `place`. */
  joins(to: NodeId, validUntil: Micros, beat: Beat, place: number): boolean {
    const found = this.gathered.find((one) => one.to === to && one.validUntil === validUntil && one.beats.length < MAX_BEATS);
    if (found === undefined) this.gathered.push({ place, to, validUntil, beats: [beat] });
    else found.beats.push(beat);
    return found !== undefined;
  }

  /** Those that are several, and where they stand. */
  take(each: (place: number, to: NodeId, validUntil: Micros, message: Beats) => void): void {
    for (const { place, to, validUntil, beats: together } of this.gathered) if (together.length > 1) each(place, to, validUntil, beats(together));
    this.gathered.length = 0;
  }
}

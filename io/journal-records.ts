// The small records of a data directory, and the snapshot.

import { type Codec, type Reader, type Writer } from '../kernel/base/codec.ts';
import { nodeId, type NodeId } from '../kernel/base/ids.ts';
import { kernelImageCodec, type KernelImage } from '../kernel/image.ts';

/** Whose journal it is, and which program writes it. */
export interface Writing {
  readonly network: string;
  readonly self: NodeId;
  /** Hash of the kernel's source: what refolds to the same state. */
  readonly version: string;
  /** The JavaScript engine; for people who compare digests that differ. */
  readonly engine: string;
}

/** A place in the journal: after the event `sequence`, which ends the batch `ordinal`. */
export interface Place {
  readonly sequence: number;
  readonly ordinal: number;
  readonly high: number;
  readonly low: number;
}

export interface SegmentHead extends Writing {
  /** Where the segment goes on from. */
  readonly after: Place;
}

/** Everything up to here was durable. The hash is that of the last batch; empty before the first. */
export interface Watermark {
  readonly sequence: number;
  readonly ordinal: number;
  readonly hash: string;
}

export interface Seal extends Writing {
  readonly at: Place;
}

export interface Snapshot extends Writing {
  readonly after: Place;
  readonly incarnation: number;
  readonly image: KernelImage;
}

/** What a program may call its network, itself and its engine, in bytes. */
export const MAX_WRITING_BYTES = 128;

function writeWriting(w: Writer, writing: Writing): void {
  w.text(writing.network);
  w.uint(writing.self);
  w.text(writing.version);
  w.text(writing.engine);
}

const readWriting = (r: Reader): Writing => ({ network: r.text(MAX_WRITING_BYTES), self: nodeId(r.uint(0xffff)), version: r.text(MAX_WRITING_BYTES), engine: r.text(MAX_WRITING_BYTES) });

function writePlace(w: Writer, place: Place): void {
  w.uint(place.sequence);
  w.uint(place.ordinal);
  w.uint(place.high >>> 0);
  w.uint(place.low >>> 0);
}

const readPlace = (r: Reader): Place => ({ sequence: r.uint(), ordinal: r.uint(), high: r.uint(0xffffffff) | 0, low: r.uint(0xffffffff) | 0 });

export const segmentHeadCodec: Codec<SegmentHead> = {
  write(w: Writer, head: SegmentHead): void {
    w.array(8);
    writeWriting(w, head);
    writePlace(w, head.after);
  },
  read(r: Reader): SegmentHead {
    r.tuple(8);
    return { ...readWriting(r), after: readPlace(r) };
  },
};

export const watermarkCodec: Codec<Watermark> = {
  write(w: Writer, mark: Watermark): void {
    w.array(3);
    w.uint(mark.sequence);
    w.uint(mark.ordinal);
    w.text(mark.hash);
  },
  read(r: Reader): Watermark {
    r.tuple(3);
    return { sequence: r.uint(), ordinal: r.uint(), hash: r.text(64) };
  },
};

export const sealCodec: Codec<Seal> = {
  write(w: Writer, seal: Seal): void {
    w.array(8);
    writeWriting(w, seal);
    writePlace(w, seal.at);
  },
  read(r: Reader): Seal {
    r.tuple(8);
    return { ...readWriting(r), at: readPlace(r) };
  },
};

export const snapshotCodec: Codec<Snapshot> = {
  write(w: Writer, snapshot: Snapshot): void {
    w.array(10);
    writeWriting(w, snapshot);
    writePlace(w, snapshot.after);
    w.uint(snapshot.incarnation);
    kernelImageCodec.write(w, snapshot.image);
  },
  read(r: Reader): Snapshot {
    r.tuple(10);
    return { ...readWriting(r), after: readPlace(r), incarnation: r.uint(), image: kernelImageCodec.read(r) };
  },
};

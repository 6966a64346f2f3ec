// A frame as bytes: what crosses the wire between two nodes, before a transport adds its own envelope.

import { MAX_EVENT_BYTES, type Codec, type Reader, type Writer } from '../kernel/base/codec.ts';
import { nodeId } from '../kernel/base/ids.ts';
import { messageCodec } from '../kernel/message.ts';
import type { Frame } from './ports.ts';

/** The event that a frame becomes is at most 44 bytes longer than the frame, so that every frame fits into the journal. */
export const MAX_FRAME_BYTES: number = MAX_EVENT_BYTES - 44;

/** A tuple (from, to, incarnation, sequence, index, message). Decode it with MAX_FRAME_BYTES. */
export const frameCodec: Codec<Frame> = {
  write(w: Writer, frame: Frame): void {
    w.array(6);
    w.uint(frame.from);
    w.uint(frame.to);
    w.uint(frame.incarnation);
    w.uint(frame.sequence);
    w.uint(frame.index);
    messageCodec.write(w, frame.message);
  },
  read(r: Reader): Frame {
    r.tuple(6);
    return { from: nodeId(r.uint(0xffff)), to: nodeId(r.uint(0xffff)), incarnation: r.uint(), sequence: r.uint(), index: r.uint(0xffff), message: messageCodec.read(r) };
  },
};

// A frame as bytes: what a transport carries. Transports authenticate and check their bytes before these are decoded; decoding
// is strict all the same.

import { type Codec, type Reader, type Writer } from '../kernel/base/codec.ts';
import { nodeId } from '../kernel/base/ids.ts';
import { messageCodec } from '../kernel/message.ts';
import type { Frame } from './ports.ts';

/** A frame is a tuple (from, to, incarnation, sequence, index, message). */
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
    return {
      from: nodeId(r.uint(0xffff)), to: nodeId(r.uint(0xffff)), incarnation: r.uint(), sequence: r.uint(), index: r.uint(0xffffffff),
      message: messageCodec.read(r),
    };
  },
};

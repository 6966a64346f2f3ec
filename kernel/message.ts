// Everything one node can say to another.

import { Refused, type Codec, type Reader, type Writer } from './base/codec.ts';
import { helloCodec, type Hello } from './hello.ts';
import { beatsCodec, type Beats } from './raft/beats.ts';
import { planMessageCodec, type PlanMessage } from './plan/message.ts';
import { groupMessageCodec, type GroupMessage } from './raft/message.ts';
import { swarmMessageCodec, type SwarmMessage } from './swarm/message.ts';

export type Message = GroupMessage | Beats | Hello | SwarmMessage | PlanMessage;

/** What concerns one group alone. */
export const isOfGroup = (message: Message): message is GroupMessage =>
  message.kind !== 'hello' && message.kind !== 'beats' && !isOfSwarm(message) && !isAboutPlan(message);

export const isOfSwarm = (message: Message): message is SwarmMessage => message.kind === 'envelope' || message.kind === 'envelopeRefused';

export const isAboutPlan = (message: Message): message is PlanMessage =>
  message.kind === 'planVector' || message.kind === 'planOps' || message.kind === 'planBlocks';

/** A tuple (family, message). */
export const messageCodec: Codec<Message> = {
  write(w: Writer, message: Message): void {
    w.array(2);
    if (message.kind === 'hello') {
      w.uint(1);
      helloCodec.write(w, message);
    } else if (message.kind === 'beats') {
      w.uint(2);
      beatsCodec.write(w, message);
    } else if (isOfSwarm(message)) {
      w.uint(3);
      swarmMessageCodec.write(w, message);
    } else if (isAboutPlan(message)) {
      w.uint(4);
      planMessageCodec.write(w, message);
    } else {
      w.uint(0);
      groupMessageCodec.write(w, message);
    }
  },
  read(r: Reader): Message {
    r.tuple(2);
    const family = r.uint();
    if (family === 0) return groupMessageCodec.read(r);
    if (family === 1) return helloCodec.read(r);
    if (family === 2) return beatsCodec.read(r);
    if (family === 3) return swarmMessageCodec.read(r);
    if (family === 4) return planMessageCodec.read(r);
    throw new Refused(`unknown message family ${family}`);
  },
};

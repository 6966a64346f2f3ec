// What the loop relies on a network for. It may lose, delay, double and reorder; while nothing disturbs it, it does not.

import { nodeId, type NodeId } from '../../kernel/base/ids.ts';
import { groupId } from '../../kernel/base/ids.ts';
import { readRequest } from '../../kernel/raft/message.ts';
import type { NeedId } from '../../kernel/base/ids.ts';
import type { Frame, Network } from '../ports.ts';
import { expect, expectSame, type Claim } from './contract.ts';

/** The network as node 1 sees it; nodes 2 and 3 are there, and `absent` is a member that is not. */
export interface NetworkSubject {
  readonly network: Network;
  readonly absent: NodeId;
  /** What has arrived at a node, in order. */
  received(node: NodeId): readonly Frame[];
  /** Waits until nothing is under way. */
  settle(): Promise<void>;
}

const SELF = nodeId(1);
const PEER = nodeId(2);
const OTHER = nodeId(3);

const frame = (to: NodeId, sequence: number): Frame => ({
  from: SELF, to, incarnation: 1, sequence, index: 0, message: readRequest(groupId(0), sequence, `0/need-${sequence}` as NeedId),
});

const places = (frames: readonly Frame[]): number[] => frames.map((one) => one.sequence);

export const networkContract: readonly Claim<NetworkSubject>[] = [
  {
    claim: 'nothing arrives inside send',
    async check(subject) {
      subject.network.send(frame(PEER, 1));
      expectSame(subject.received(PEER).length, 0, 'frames that arrived before send returned');
      await subject.settle();
      expectSame(subject.received(PEER).length, 1, 'frames that arrived');
    },
  },
  {
    claim: 'what arrives is what was sent',
    async check(subject) {
      const sent = frame(PEER, 7);
      subject.network.send(sent);
      await subject.settle();
      expectSame(subject.received(PEER)[0], sent, 'the frame');
    },
  },
  {
    claim: 'a frame arrives where it was sent to, and nowhere else',
    async check(subject) {
      subject.network.send(frame(PEER, 1));
      subject.network.send(frame(OTHER, 2));
      await subject.settle();
      expectSame(places(subject.received(PEER)), [1], 'at one node');
      expectSame(places(subject.received(OTHER)), [2], 'at the other');
    },
  },
  {
    claim: 'while nothing disturbs it, every frame of a link arrives once, in order',
    async check(subject) {
      for (let i = 1; i <= 200; i++) subject.network.send(frame(PEER, i));
      await subject.settle();
      expectSame(places(subject.received(PEER)), Array.from({ length: 200 }, (_, i) => i + 1), 'the frames');
    },
  },
  {
    claim: 'sending to a node that is not there is no error, and disturbs nobody else',
    async check(subject) {
      subject.network.send(frame(subject.absent, 1));
      subject.network.send(frame(PEER, 2));
      await subject.settle();
      expect(subject.received(subject.absent).length === 0, 'nobody is there');
      expectSame(places(subject.received(PEER)), [2], 'at a node that is there');
    },
  },
];

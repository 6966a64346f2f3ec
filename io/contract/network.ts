// What the loop relies on a network for: very little, so that protocols do not come to rely on more.

import { groupId, nodeId, type NodeId } from '../../kernel/base/ids.ts';
import { appendReply } from '../../kernel/raft/message.ts';
import type { Frame, Network } from '../ports.ts';
import { expect, expectSame, type Claim } from './contract.ts';

/** Nodes 1 to 3, connected, and nothing disturbs them. */
export interface NetworkSubject {
  network(node: NodeId): Network;
  /** What node has heard, in order. */
  heard(node: NodeId): readonly Frame[];
  /** Waits until what was sent has arrived or is lost. */
  settle(): Promise<void>;
  /** Takes a node away, and brings it back. */
  away(node: NodeId): Promise<void>;
  back(node: NodeId): Promise<void>;
}

const one = nodeId(1);
const two = nodeId(2);
const three = nodeId(3);

function frame(from: NodeId, to: NodeId, sequence: number): Frame {
  return { from, to, incarnation: 3, sequence, index: 1, message: appendReply(groupId(0), 7, true, sequence, 2) };
}

const sequences = (frames: readonly Frame[], from: NodeId): number[] => frames.filter((heard) => heard.from === from).map((heard) => heard.sequence);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

export const networkContract: readonly Claim<NetworkSubject>[] = [
  {
    claim: 'nothing arrives inside send',
    async check(subject) {
      subject.network(one).send(frame(one, two, 1));
      expectSame(subject.heard(two).length, 0, 'frames heard before send has returned');
      await subject.settle();
      expectSame(subject.heard(two).length, 1, 'frames heard');
    },
  },
  {
    claim: 'what arrives is what was sent, to the node it was sent to and to no other',
    async check(subject) {
      subject.network(one).send(frame(one, two, 5));
      subject.network(three).send(frame(three, one, 6));
      await subject.settle();
      expectSame(subject.heard(two), [frame(one, two, 5)], 'node 2 hears');
      expectSame(subject.heard(one), [frame(three, one, 6)], 'node 1 hears');
      expectSame(subject.heard(three), [], 'node 3 hears');
    },
  },
  {
    claim: 'while nothing disturbs a link, its frames arrive once each and in order',
    async check(subject) {
      for (let n = 1; n <= 500; n++) for (const from of [one, two, three]) for (const to of [one, two, three]) if (from !== to) subject.network(from).send(frame(from, to, n));
      await subject.settle();
      for (const to of [one, two, three]) for (const from of [one, two, three]) if (from !== to) expectSame(sequences(subject.heard(to), from), upTo(500), `from ${from} to ${to}`);
    },
  },
  {
    claim: 'a node that is away costs its frames and nothing else; when it is back it hears again',
    async check(subject) {
      await subject.away(two);
      for (let n = 1; n <= 1_000; n++) {
        subject.network(one).send(frame(one, two, n));
        subject.network(one).send(frame(one, three, n));
      }
      await subject.settle();
      expectSame(sequences(subject.heard(three), one), upTo(1_000), 'node 3 hears');
      await subject.back(two);
      subject.network(one).send(frame(one, two, 2_000));
      await subject.settle();
      const late = sequences(subject.heard(two), one);
      expectSame(late.at(-1), 2_000, 'the last that node 2 hears');
      expect(late.every((sequence, i) => i === 0 || sequence > (late[i - 1] as number)), 'whatever else arrives comes in order');
    },
  },
];

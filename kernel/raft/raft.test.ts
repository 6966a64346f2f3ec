import { describe, expect, test } from 'vitest';
import { SECOND } from '../base/time.ts';
import type { NeedId, ProposalId, SessionId } from '../base/ids.ts';
import { decideBody } from '../decide/command.ts';
import { bucketOf, makeProposal } from '../decide/record.ts';
import { RAFT_DEFAULTS } from '../parameters.ts';
import { openRequest, readRequest, submit, type OpenReply } from './message.ts';
import { Cluster, GROUP } from './testing/cluster.ts';
import { nodeId } from '../base/ids.ts';

const GATEWAY = 9;
const decide = (name: string, by: string) => decideBody(makeProposal(`0/${name}` as NeedId, bucketOf(`0/${name}` as NeedId), by as ProposalId, nodeId(GATEWAY), 1, 0));

function leaderOf(cluster: Cluster): number {
  const leader = cluster.leader;
  expect(leader).toBeDefined();
  return (leader as NonNullable<typeof leader>).self;
}

function openSession(cluster: Cluster, nonce: number): SessionId {
  cluster.ask(GATEWAY, leaderOf(cluster), openRequest(GROUP, nonce));
  cluster.run(SECOND / 10);
  const opened = cluster.answers.find((answer) => answer.message.kind === 'opened' && answer.message.nonce === nonce);
  return (opened?.message as OpenReply).session;
}

describe('a healthy group', () => {
  for (const size of [1, 2, 3, 5]) {
    test(`of ${size} elects one leader, decides, and answers reads`, () => {
      const cluster = new Cluster(size, 1, RAFT_DEFAULTS);
      cluster.run(3 * SECOND);
      expect(cluster.members.filter((m) => m.raft.role === 'leader')).toHaveLength(1);
      const session = openSession(cluster, 7);
      for (let i = 1; i <= 100; i++) cluster.ask(GATEWAY, leaderOf(cluster), submit(GROUP, session, i, i, decide(`n${i}`, 'a')));
      cluster.run(SECOND);
      expect(cluster.answers.filter((a) => a.message.kind === 'submitted')).toHaveLength(100);
      cluster.ask(GATEWAY, leaderOf(cluster), readRequest(GROUP, 1, '0/n5' as NeedId));
      cluster.run(SECOND);
      const read = cluster.answers.find((a) => a.message.kind === 'readReply');
      expect(read?.message).toMatchObject({ lookup: { kind: 'found', record: { lamport: 5 } } });
      const images = cluster.members.map((m) => m.image().machine);
      for (const image of images) expect(image).toEqual(images[0]);
    });
  }
});

import { describe, expect, test } from 'vitest';
import { nodeId, sessionId, type NeedId, type ProposalId } from '../base/ids.ts';
import { MS, SECOND } from '../base/time.ts';
import { decideBody } from '../decide/command.ts';
import { bucketOf, makeProposal } from '../decide/record.ts';
import type { Body } from '../machine.ts';
import { RAFT_DEFAULTS } from '../parameters.ts';
import { openRequest, readRequest, submit } from './message.ts';
import { Cluster, GROUP, TIGHT, type Frame } from './testing/cluster.ts';

// Each story is kept as text beside the code. `vitest -u` writes them anew; read the difference before you commit it.

const GATEWAY = 9;
const need = (name: string): NeedId => `0/${name}` as NeedId;
const decide = (name: string, by: string): Body => decideBody(makeProposal(need(name), bucketOf(need(name)), by as ProposalId, nodeId(GATEWAY), 1, 0));
const without = (node: number) => (frame: Frame): boolean => frame.from <= 3 && frame.to <= 3 && (frame.from === node || frame.to === node);

/** Three members, a leader (node 1 with this seed) and an open session, which has the index 2. */
function begin(parameters = RAFT_DEFAULTS): Cluster {
  const cluster = new Cluster(3, 3, parameters);
  cluster.run(1_500 * MS);
  cluster.ask(GATEWAY, cluster.leader?.self ?? 0, openRequest(GROUP, 1));
  cluster.run(300 * MS);
  expect(cluster.answers.at(-1)?.message).toMatchObject({ kind: 'opened', session: 2 });
  return cluster;
}

const read = async (cluster: Cluster, name: string): Promise<void> => {
  await expect(`${(cluster.trace ?? []).join('\n')}\n`).toMatchFileSnapshot(`testdata/${name}.txt`);
};

describe('a story to read', () => {
  test('election: pre-vote, vote, and the first entry of the term', async () => {
    const cluster = new Cluster(3, 3, RAFT_DEFAULTS);
    cluster.trace = [];
    cluster.run(1_000 * MS);
    expect(cluster.leader?.raft.commit).toBe(1);
    await read(cluster, 'election');
  });

  test('repair: a leader that was cut off loses what it could not commit', async () => {
    const cluster = begin();
    const old = cluster.leader?.self ?? 0;
    for (let i = 1; i <= 3; i++) cluster.ask(GATEWAY, old, submit(GROUP, sessionId(2), i, 1, decide(`lost${i}`, 'old')));
    cluster.run(10 * MS, without(old));
    expect(cluster.member(old).raft).toMatchObject({ lastIndex: 5, commit: 2 });
    cluster.run(2 * SECOND, without(old));
    const next = cluster.leader?.self ?? 0;
    expect(next).not.toBe(old);
    cluster.ask(GATEWAY, next, submit(GROUP, sessionId(2), 1, 1, decide('kept', 'new')));
    cluster.run(10 * MS, without(old));
    cluster.trace = [];
    cluster.run(300 * MS);
    for (const member of cluster.members) expect(member.image().machine.records.map((record) => record.proposal.need)).toEqual(['0/kept']);
    await read(cluster, 'repair');
  });

  test('snapshot: a follower that was down for too long gets the state in chunks, and then the log', async () => {
    const cluster = begin(TIGHT);
    const leader = cluster.leader?.self ?? 0;
    const sleeper = cluster.member(leader % 3 + 1);
    sleeper.crash();
    for (let i = 1; i <= 100; i++) {
      cluster.ask(GATEWAY, leader, submit(GROUP, sessionId(2), i, i, decide(`n${i}`, 'a')));
      cluster.drain();
    }
    cluster.run(1_500 * MS);
    cluster.trace = [];
    sleeper.restart();
    cluster.run(300 * MS);
    expect(sleeper.image().machine.records).toHaveLength(100);
    expect(sleeper.image().sessions).toEqual(expect.arrayContaining([expect.objectContaining({ row: cluster.member(leader).image().sessions[0]?.row })]));
    await read(cluster, 'snapshot');
  });

  test('read-index: one round proves the leadership for all reads before it; who is cut off answers none', async () => {
    const cluster = begin();
    const leader = cluster.leader?.self ?? 0;
    cluster.ask(GATEWAY, leader, submit(GROUP, sessionId(2), 1, 1, decide('x', 'a')));
    cluster.drain();
    cluster.trace = [];
    cluster.ask(GATEWAY, leader, readRequest(GROUP, 1, need('x')));
    cluster.ask(GATEWAY, leader, readRequest(GROUP, 2, need('y')));
    cluster.drain();
    expect(cluster.answers.slice(-2).map((answer) => answer.message.kind)).toEqual(['readReply', 'readReply']);
    cluster.ask(GATEWAY, leader, readRequest(GROUP, 3, need('x')));
    cluster.run(1_400 * MS, without(leader));
    expect(cluster.answers.filter((answer) => answer.message.kind === 'readReply')).toHaveLength(2);
    expect(cluster.answers.at(-1)?.message).toMatchObject({ kind: 'redirect', why: 'notLeader', answers: 'read', number: 3 });
    await read(cluster, 'read-index');
  });
});

import { describe, expect, test } from 'vitest';
import { nodeId, type NeedId } from '../base/ids.ts';
import { MINUTE, MS, SECOND } from '../base/time.ts';
import { DECIDE_DEFAULTS, RAFT_DEFAULTS } from '../parameters.ts';
import { openRequest, readRequest, rest, voteRequest } from './message.ts';
import { Cluster, GROUP, type Frame, type Member } from './testing/cluster.ts';

const GATEWAY = 9;
const SLOW_EPOCHS = { ...DECIDE_DEFAULTS, epochUs: 60 * MINUTE };

/** Three members, elected, and at rest. */
function resting(): Cluster {
  const cluster = new Cluster(3, 3, { ...RAFT_DEFAULTS, restAfterUs: SECOND }, SLOW_EPOCHS);
  cluster.run(5 * SECOND);
  expect(cluster.members.map((member) => member.raft.isAsleep)).toEqual([true, true, true]);
  return cluster;
}

function leader(cluster: Cluster): Member {
  if (cluster.leader === undefined) throw new Error('nobody leads');
  return cluster.leader;
}

const follower = (cluster: Cluster): Member => cluster.members.find((member) => member.raft.role !== 'leader') as Member;

/** How many frames a cluster sends in a while. */
function frames(cluster: Cluster, forUs: number): number {
  let count = 0;
  cluster.run(forUs, (_frame: Frame) => {
    count++;
    return false;
  });
  return count;
}

describe('a group at rest', () => {
  test('says nothing, and keeps its leader', () => {
    const cluster = resting();
    const first = leader(cluster);
    const { term } = first.raft;
    expect(frames(cluster, 30 * MINUTE)).toBe(0);
    expect(leader(cluster)).toBe(first);
    expect(first.raft.term).toBe(term);
  });

  test('still advances its epochs in time', () => {
    const cluster = resting();
    cluster.run(2 * 60 * MINUTE + MINUTE);
    expect(cluster.members.map((member) => member.image().machine.epoch)).toEqual([2, 2, 2]);
    expect(cluster.members.every((member) => member.raft.isAsleep)).toBe(true);
  });

  test('wakes up when a member begins another life, which has no seat yet', () => {
    const cluster = resting();
    const [leading, reborn] = [leader(cluster), follower(cluster)];
    leading.step('hears of nothing new', (raft) => raft.reseat(leading));
    expect(leading.raft.isAsleep).toBe(true);
    reborn.crash();
    reborn.rejoin();
    leading.step('hears of another life', (raft) => raft.reseat(leading));
    leading.flush();
    expect(leading.raft.isAsleep).toBe(false);
    cluster.run(2 * SECOND);
    expect(reborn.raft.isMember).toBe(true);
    expect(reborn.raft.voters).toContain(reborn.self);
  });

  test('wakes up when its leader is asked, and answers', () => {
    const cluster = resting();
    cluster.ask(GATEWAY, leader(cluster).self, openRequest(GROUP, 1));
    cluster.ask(GATEWAY, leader(cluster).self, readRequest(GROUP, 1, '0/n' as NeedId));
    cluster.run(100 * MS);
    expect(cluster.answers.map(({ message }) => message.kind).sort()).toEqual(['opened', 'readReply']);
    expect(cluster.members.every((member) => !member.raft.isAsleep)).toBe(true);
  });

  test('wakes up when a follower is asked, and its leader goes on leading', () => {
    const cluster = resting();
    const first = leader(cluster);
    cluster.ask(GATEWAY, follower(cluster).self, openRequest(GROUP, 1));
    cluster.run(3 * SECOND);
    expect(cluster.answers.at(-1)?.message).toMatchObject({ kind: 'redirect', leader: first.self });
    expect(leader(cluster)).toBe(first);
    expect(first.raft.term).toBe(1);
  });

  test('whose leader is gone gets another one once anybody is asked', () => {
    const cluster = resting();
    const first = leader(cluster);
    first.crash();
    expect(frames(cluster, MINUTE)).toBe(0);
    cluster.ask(GATEWAY, follower(cluster).self, openRequest(GROUP, 1));
    cluster.run(3 * SECOND);
    expect(leader(cluster)).not.toBe(first);
    expect(leader(cluster).raft.term).toBe(2);
  });

  test('wakes up when a member starts again, and keeps its leader', () => {
    const cluster = resting();
    const first = leader(cluster);
    const other = follower(cluster);
    other.crash();
    cluster.run(MINUTE);
    other.restart();
    cluster.run(3 * SECOND);
    expect(leader(cluster)).toBe(first);
    expect(first.raft.term).toBe(1);
    expect(other.raft.leader).toBe(first.self);
  });

  test('is not begun while a member does not answer', () => {
    const cluster = new Cluster(3, 3, { ...RAFT_DEFAULTS, restAfterUs: SECOND }, SLOW_EPOCHS);
    cluster.run(SECOND);
    follower(cluster).crash();
    cluster.run(10 * SECOND);
    expect(leader(cluster).raft.isAsleep).toBe(false);
  });

  test('never begins where it is not wanted', () => {
    const cluster = new Cluster(3, 3, { ...RAFT_DEFAULTS, restAfterUs: 0 }, SLOW_EPOCHS);
    cluster.run(MINUTE);
    expect(cluster.members.some((member) => member.raft.isAsleep)).toBe(false);
  });

  test('is for those who hold the whole log of that very leader', () => {
    const cluster = new Cluster(3, 3, { ...RAFT_DEFAULTS, restAfterUs: 0 }, SLOW_EPOCHS);
    cluster.run(2 * SECOND);
    const first = leader(cluster);
    const other = follower(cluster);
    const third = cluster.members.find((member) => member !== first && member !== other) as Member;
    const tell = (from: number, message: Parameters<Cluster['ask']>[2] | ReturnType<typeof rest> | ReturnType<typeof voteRequest>): void => {
      cluster.handOver({ from: nodeId(from), to: other.self, message, validUntil: Number.MAX_SAFE_INTEGER })?.flush();
    };
    tell(third.self, rest(GROUP, first.raft.term, other.raft.lastIndex));
    tell(first.self, rest(GROUP, first.raft.term, other.raft.lastIndex + 1));
    tell(first.self, rest(GROUP, first.raft.term - 1, other.raft.lastIndex));
    expect(other.raft.isAsleep).toBe(false);
    tell(first.self, rest(GROUP, first.raft.term, other.raft.lastIndex));
    expect(other.raft.isAsleep).toBe(true);
    // Who stands is refused once: the leader may be there, and is asked.
    cluster.at += MINUTE;
    cluster.wire = [];
    tell(third.self, voteRequest(GROUP, true, first.raft.term + 1, other.raft.lastIndex, first.raft.term));
    expect(cluster.wire.map((frame) => [frame.to, frame.message.kind])).toEqual([[first.self, 'wake'], [third.self, 'voteReply']]);
    expect(cluster.wire[1]?.message).toMatchObject({ granted: false });
  });
});

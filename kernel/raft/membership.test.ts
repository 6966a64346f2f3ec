import { describe, expect, test } from 'vitest';
import { nodeId, type NeedId, type NodeId, type ProposalId, type SessionId } from '../base/ids.ts';
import { MS, SECOND } from '../base/time.ts';
import { decideBody } from '../decide/command.ts';
import { bucketOf, makeProposal } from '../decide/record.ts';
import { DECIDE_DEFAULTS, RAFT_DEFAULTS } from '../parameters.ts';
import { configuration, differByOne, Electorate, founding, isSound, type Configuration, type Seat } from './configuration.ts';
import { configure, makeEntry, noop } from './entry.ts';
import { append, appendReply, openRequest, order, submit, takeOver, voteReply, voteRequest, type AnswerMessage, type GroupMessage, type OrderReply, type Wish } from './message.ts';
import { nextStep } from './steps.ts';
import { Cluster, GROUP, type Frame, type Member } from './testing/cluster.ts';

const OPERATOR = 9;
const seats = (...nodes: readonly number[]): Seat[] => nodes.map((node) => ({ node: nodeId(node), life: 0 }));
const ids = (...nodes: readonly number[]): NodeId[] => nodes.map((node) => nodeId(node));
const voters = (c: Configuration): number[] => c.voters.map((seat) => seat.node);

/** Six nodes, of which the first three are the group; one of these leads. */
function elected(founders = 3, size = 6): Cluster {
  const cluster = new Cluster(size, 3, RAFT_DEFAULTS, DECIDE_DEFAULTS, founders);
  cluster.run(2 * SECOND);
  return cluster;
}

function leader(cluster: Cluster): Member {
  if (cluster.leader === undefined) throw new Error('nobody leads');
  return cluster.leader;
}

const inForce = (member: Member): Configuration => member.raft.electorate.configuration;
const answers = (cluster: Cluster): OrderReply[] => cluster.answers.map(({ message }) => message).filter((message): message is OrderReply => message.kind === 'ordered');

let token = 0;
function ordered(cluster: Cluster, wish: Wish, to: number = leader(cluster).self): AnswerMessage | undefined {
  cluster.ask(OPERATOR, to, order(GROUP, ++token, wish));
  cluster.drain();
  return answers(cluster).find((answer) => answer.token === token);
}

function change(cluster: Cluster, nodes: readonly number[], learners: readonly number[] = []): void {
  ordered(cluster, { kind: 'change', number: inForce(leader(cluster)).number, goal: { voters: ids(...nodes), learners: ids(...learners) } });
}

/** The cluster decides something now: `within` it is applied by every voter. */
function decides(cluster: Cluster, name: string): boolean {
  cluster.ask(OPERATOR, leader(cluster).self, openRequest(GROUP, 1_000 + ++token));
  cluster.run(100 * MS);
  const session = cluster.answers.map(({ message }) => message).findLast((message) => message.kind === 'opened')?.session as SessionId;
  const need = `0/${name}` as NeedId;
  cluster.ask(OPERATOR, leader(cluster).self, submit(GROUP, session, 1, 1, decideBody(makeProposal(need, bucketOf(need), name as ProposalId, nodeId(OPERATOR), 1, 0))));
  cluster.run(300 * MS);
  return inForce(leader(cluster)).voters.every(({ node }) => cluster.member(node).image().machine.records.some((record) => record.proposal.need === need));
}

function tell(cluster: Cluster, to: number, from: number, message: GroupMessage): readonly GroupMessage[] {
  cluster.wire = [];
  cluster.handOver({ from: nodeId(from), to: nodeId(to), message, validUntil: Number.MAX_SAFE_INTEGER })?.flush();
  return cluster.wire.splice(0).map((frame) => frame.message);
}

describe('a configuration', () => {
  test('needs a majority of its voters, and while joint one of those before too', () => {
    const plain = new Electorate(founding(ids(1, 2, 3)));
    const says = (electorate: Electorate, ...nodes: readonly number[]): boolean => electorate.agree((place) => nodes.includes(electorate.nodes[place] as number));
    expect([says(plain, 1), says(plain, 1, 3)]).toEqual([false, true]);
    const joint = new Electorate(configuration(1, seats(3, 4, 5), seats(1, 2, 3), seats(6), { voters: ids(3, 4, 5), learners: [] }));
    expect([says(joint, 4, 5), says(joint, 1, 2), says(joint, 1, 3, 4), says(joint, 4, 5, 6, 1, 2), says(joint, 3, 4, 6)]).toEqual([false, false, true, true, false]);
  });

  test('seats a life of a node, and no other', () => {
    const electorate = new Electorate(configuration(1, [{ node: nodeId(1), life: 7 }], [], [], { voters: ids(1), learners: [] }));
    expect([electorate.isVoter(nodeId(1), 7), electorate.isVoter(nodeId(1), 0), electorate.isVoter(nodeId(1), 8)]).toEqual([true, false, false]);
  });

  test('from outside is refused if no leader makes it', () => {
    const goal = { voters: ids(1), learners: [] };
    expect(isSound(configuration(1, seats(1, 2), [], seats(3), goal))).toBe(true);
    for (const wrong of [
      configuration(1, [], [], seats(3), goal), configuration(1, seats(2, 1), [], [], goal), configuration(1, seats(1, 1), [], [], goal), configuration(1, seats(0), [], [], goal),
      configuration(1, seats(1), [], seats(1), goal), configuration(1, seats(1), seats(2), seats(2), goal), configuration(1, seats(1), [{ node: nodeId(1), life: 3 }], [], goal),
      configuration(1, seats(1), [], [], { voters: [], learners: [] }), configuration(1, seats(1), [], [], { voters: ids(1), learners: ids(1) }),
    ]) expect(isSound(wrong)).toBe(false);
  });

  test('of a step in one differs by one voter, or is joint', () => {
    const sight = { lifeOf: () => 0, hasCaughtUp: () => true };
    let found = founding(ids(1, 2, 3));
    found = configuration(found.number, found.voters, [], [], { voters: ids(3, 4, 5), learners: ids(6) });
    const steps: Configuration[] = [];
    for (let step = nextStep(found, sight); step !== undefined; step = nextStep(step, sight)) steps.push(step);
    expect(steps.map((c) => [voters(c), c.outgoing.map((seat) => seat.node), c.learners.map((seat) => seat.node)])).toEqual([
      [[1, 2, 3], [], [4, 5, 6]], [[3, 4, 5], [1, 2, 3], [6]], [[3, 4, 5], [], [6]],
    ]);
    expect(differByOne(seats(1, 2, 3), seats(1, 2, 3, 4))).toBe(true);
    expect(differByOne(seats(1, 2, 3), seats(1, 2, 4))).toBe(false);
  });
});

describe('a change of members', () => {
  test('lets a new voter learn first, and vote once it has caught up', () => {
    const cluster = elected();
    for (let k = 0; k < 3; k++) expect(decides(cluster, `before${k}`)).toBe(true);
    const cut = (frame: Frame): boolean => frame.to === 4;
    cluster.ask(OPERATOR, leader(cluster).self, order(GROUP, ++token, { kind: 'change', number: 0, goal: { voters: ids(1, 2, 3, 4), learners: [] } }));
    cluster.run(SECOND, cut);
    expect(inForce(leader(cluster))).toMatchObject({ voters: seats(1, 2, 3), learners: seats(4) });
    cluster.run(SECOND);
    expect(inForce(leader(cluster))).toMatchObject({ voters: seats(1, 2, 3, 4), learners: [] });
    expect(inForce(cluster.member(4))).toEqual(inForce(leader(cluster)));
    expect(decides(cluster, 'after')).toBe(true);
  });

  test('to other nodes altogether goes through a joint configuration; the old leader leads out, and leaves', () => {
    const cluster = elected();
    const seen = new Set<string>();
    change(cluster, [4, 5, 6]);
    for (let k = 0; k < 40; k++) {
      const c = inForce(leader(cluster));
      seen.add(`${voters(c).join('')}/${c.outgoing.map((seat) => seat.node).join('')}`);
      cluster.run(50 * MS);
    }
    expect([...seen]).toEqual(['123/', '456/']);
    expect(cluster.facts.some(({ fact }) => fact.kind === 'configured' && fact.configuration.outgoing.length === 3)).toBe(true);
    expect(voters(inForce(leader(cluster)))).toEqual([4, 5, 6]);
    expect(cluster.facts.some(({ fact }) => fact.kind === 'steppedDown' && fact.why === 'removed')).toBe(true);
    expect(decides(cluster, 'elsewhere')).toBe(true);
  });

  test('does not let those who left disturb the others', () => {
    const cluster = elected();
    change(cluster, [4, 5, 6]);
    cluster.run(2 * SECOND);
    const term = leader(cluster).raft.term;
    cluster.run(10 * SECOND);
    expect(leader(cluster).raft.term).toBe(term);
    for (const node of [1, 2, 3]) expect(cluster.member(node).raft.role).not.toBe('leader');
  });

  test('is done once, however often it is asked for; one that builds on another configuration is turned away', () => {
    const cluster = elected();
    change(cluster, [1, 2, 3, 4]);
    cluster.run(2 * SECOND);
    const number = inForce(leader(cluster)).number;
    expect(ordered(cluster, { kind: 'change', number: 0, goal: { voters: ids(1, 2, 3, 4), learners: [] } })).toMatchObject({ verdict: 'done' });
    expect(inForce(leader(cluster)).number).toBe(number);
    expect(ordered(cluster, { kind: 'change', number: 0, goal: { voters: ids(1, 2, 5), learners: [] } })).toMatchObject({ verdict: 'superseded', configuration: { number } });
    for (const goal of [{ voters: [], learners: [] }, { voters: ids(1, 1), learners: [] }, { voters: ids(1), learners: ids(1) }, { voters: ids(2, 1), learners: [] }]) {
      expect(ordered(cluster, { kind: 'change', number, goal })).toMatchObject({ verdict: 'impossible' });
    }
    const follower = [1, 2, 3].find((node) => node !== leader(cluster).self) as number;
    cluster.ask(OPERATOR, follower, order(GROUP, ++token, { kind: 'members' }));
    cluster.drain();
    expect(cluster.answers.at(-1)?.message).toMatchObject({ kind: 'redirect', why: 'notLeader', leader: leader(cluster).self, answers: 'order', configured: number, members: ids(1, 2, 3, 4) });
  });

  test('waits until an entry of the own term is committed, and until the last change is', () => {
    const cluster = new Cluster(4, 3, RAFT_DEFAULTS, DECIDE_DEFAULTS, 3);
    const member = cluster.member(1);
    cluster.at = 10 * SECOND;
    while (member.raft.role === 'follower') cluster.fire()?.flush();
    tell(cluster, 1, 2, voteReply(GROUP, true, member.raft.term + 1, true));
    tell(cluster, 1, 2, voteReply(GROUP, false, member.raft.term, true));
    expect(member.raft.role).toBe('leader');
    const wish: Wish = { kind: 'change', number: 0, goal: { voters: ids(1, 2), learners: [] } };
    tell(cluster, 1, 8, order(GROUP, 1, wish));
    expect(cluster.answers.at(-1)?.message ?? 'nothing').toMatchObject({});
    expect(member.raft).toMatchObject({ lastIndex: 1 });
    tell(cluster, 1, 2, appendReply(GROUP, member.raft.term, true, 1, 0));
    tell(cluster, 1, 8, order(GROUP, 2, wish));
    expect(member.raft).toMatchObject({ lastIndex: 2, commit: 1 });
    tell(cluster, 1, 8, order(GROUP, 3, { kind: 'change', number: 1, goal: { voters: ids(1, 3), learners: [] } }));
    expect(member.raft).toMatchObject({ lastIndex: 2 });
  });

  test('is taken back with the entry that held it', () => {
    const cluster = new Cluster(4, 1, RAFT_DEFAULTS, DECIDE_DEFAULTS, 3);
    const c = configuration(1, seats(1, 2), [], [], { voters: ids(1, 2), learners: [] });
    tell(cluster, 1, 2, append(GROUP, 1, 0, 0, [makeEntry(1, noop), makeEntry(1, configure(c))], 0, 0));
    expect(voters(inForce(cluster.member(1)))).toEqual([1, 2]);
    tell(cluster, 1, 3, append(GROUP, 2, 1, 1, [makeEntry(2, noop)], 0, 0));
    expect(voters(inForce(cluster.member(1)))).toEqual([1, 2, 3]);
    cluster.member(1).reload();
    expect(voters(inForce(cluster.member(1)))).toEqual([1, 2, 3]);
  });

  test('that names nodes of no network is not taken in', () => {
    const cluster = new Cluster(4, 1, RAFT_DEFAULTS, DECIDE_DEFAULTS, 3);
    const c = configuration(1, seats(1, 60_000), [], [], { voters: ids(1), learners: [] });
    expect(tell(cluster, 1, 2, append(GROUP, 1, 0, 0, [makeEntry(1, configure(c))], 0, 0))).toEqual([]);
  });

  test('a learner neither stands nor counts', () => {
    const cluster = elected();
    change(cluster, [1, 2, 3], [4]);
    cluster.run(SECOND);
    const first = leader(cluster);
    const others = [1, 2, 3].filter((node) => node !== first.self);
    for (const node of others) cluster.member(node).crash();
    const commit = first.raft.commit;
    cluster.ask(OPERATOR, first.self, openRequest(GROUP, 77));
    cluster.run(300 * MS);
    expect(first.raft.lastIndex).toBeGreaterThan(commit);
    expect(cluster.member(4).raft.lastIndex).toBe(first.raft.lastIndex);
    expect(first.raft.commit).toBe(commit);
    cluster.run(5 * SECOND);
    expect(cluster.leader).toBeUndefined();
    expect(cluster.member(4).raft.role).toBe('follower');
  });
});

describe('a node in a new life', () => {
  test('loses its seat, learns, and gets its seat again', () => {
    const cluster = elected();
    for (let k = 0; k < 3; k++) decides(cluster, `n${k}`);
    const victim = [1, 2, 3].find((node) => node !== leader(cluster).self) as number;
    cluster.member(victim).crash();
    cluster.run(SECOND);
    cluster.member(victim).rejoin();
    expect(cluster.member(victim).raft).toMatchObject({ term: 0, lastIndex: 0 });
    cluster.run(3 * SECOND);
    expect(inForce(leader(cluster)).voters).toContainEqual({ node: victim, life: 1 });
    expect(inForce(leader(cluster)).voters).toHaveLength(3);
    const went = cluster.facts.flatMap(({ fact }) => (fact.kind === 'configured' ? [fact.configuration] : [])).filter((c) => c.voters.length === 2);
    expect(went.length).toBeGreaterThan(0);
    expect(decides(cluster, 'again')).toBe(true);
  });

  test('is not counted for the seat of the old one: neither its votes nor its acknowledgements', () => {
    const cluster = new Cluster(3, 3);
    const member = cluster.member(1);
    cluster.at = 10 * SECOND;
    while (member.raft.role === 'follower') cluster.fire()?.flush();
    cluster.lives[2] = 5;
    tell(cluster, 1, 2, voteReply(GROUP, true, member.raft.term + 1, true));
    expect(member.raft.role).toBe('preCandidate');
    tell(cluster, 1, 3, voteReply(GROUP, true, member.raft.term + 1, true));
    tell(cluster, 1, 2, voteReply(GROUP, false, member.raft.term, true));
    expect(member.raft.role).toBe('candidate');
    tell(cluster, 1, 3, voteReply(GROUP, false, member.raft.term, true));
    expect(member.raft.role).toBe('leader');
    tell(cluster, 1, 2, appendReply(GROUP, member.raft.term, true, 1, 0));
    expect(member.raft.commit).toBe(0);
  });

  test('takes no part in elections of a group that has not seated it', () => {
    const cluster = elected();
    const victim = [1, 2, 3].find((node) => node !== leader(cluster).self) as number;
    const rest = [1, 2, 3].filter((node) => node !== victim);
    for (const node of rest) cluster.member(node).crash();
    cluster.member(victim).crash();
    cluster.member(victim).rejoin();
    cluster.run(5 * SECOND);
    expect(cluster.member(victim).raft).toMatchObject({ role: 'follower', term: 0 });
  });
});

describe('handing over', () => {
  test('makes the other lead at once, without a silence, and nothing is begun meanwhile', () => {
    const cluster = elected();
    const first = leader(cluster);
    const heir = [1, 2, 3].find((node) => node !== first.self) as number;
    const term = first.raft.term;
    ordered(cluster, { kind: 'handOver', to: nodeId(heir) });
    expect(cluster.leader?.self).toBe(heir);
    expect(leader(cluster).raft.term).toBe(term + 1);
    expect(ordered(cluster, { kind: 'handOver', to: nodeId(heir) })).toMatchObject({ verdict: 'done' });
    expect(ordered(cluster, { kind: 'handOver', to: nodeId(5) })).toMatchObject({ verdict: 'impossible' });
  });

  test('is given up when the other does not answer', () => {
    const cluster = elected();
    const first = leader(cluster);
    const heir = [1, 2, 3].find((node) => node !== first.self) as number;
    cluster.member(heir).crash();
    ordered(cluster, { kind: 'handOver', to: nodeId(heir) });
    expect(first.raft.isHandingOver).toBe(true);
    tell(cluster, first.self, OPERATOR - 4, openRequest(GROUP, 5));
    cluster.run(2 * SECOND);
    expect(leader(cluster).self).toBe(first.self);
    expect(first.raft.isHandingOver).toBe(false);
  });

  test('is asked by the leader of the term only, and of voters only', () => {
    const cluster = elected();
    const first = leader(cluster);
    const other = [1, 2, 3].filter((node) => node !== first.self);
    expect(tell(cluster, other[0] as number, other[1] as number, takeOver(GROUP, first.raft.term))).toEqual([]);
    expect(tell(cluster, other[0] as number, first.self, takeOver(GROUP, first.raft.term - 1))).toEqual([]);
    expect(tell(cluster, 4, first.self, takeOver(GROUP, first.raft.term))).toEqual([]);
    // A follower that hears from its leader votes for nobody, but for whom that leader has asked to stand.
    const ask = (handed: boolean): readonly GroupMessage[] => tell(cluster, other[0] as number, other[1] as number, voteRequest(GROUP, false, first.raft.term + 1, 99, first.raft.term, handed));
    expect(ask(false)).toMatchObject([{ granted: false }]);
    expect(ask(true)).toMatchObject([{ granted: true }]);
  });

  test('when a node drains, whoever is furthest takes over', () => {
    const cluster = elected();
    const first = leader(cluster);
    first.step('drains', (raft) => void raft.drain(first));
    first.flush();
    cluster.drain();
    expect(leader(cluster).self).not.toBe(first.self);
  });
});

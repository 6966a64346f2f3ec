// The kernel as its users see it: events in, effects out. What the groups do among themselves is tested in raft/, and in the
// simulator; here stand the promises of the modules around them.

import { describe, expect, it } from 'vitest';
import { groupId, nodeId, sessionId, type NeedId, type NodeId, type ProposalId } from './base/ids.ts';
import { MS, SECOND } from './base/time.ts';
import { advanceBody, decideBody, type Outcome } from './decide/command.ts';
import { bucketOf, makeProposal, makeRecord } from './decide/record.ts';
import type { Answer, Effect } from './effect.ts';
import type { Cause, GpuDevice, Operation } from './event.ts';
import { hello, helloCodec, NOTHING_REMEMBERED, type Remembered } from './hello.ts';
import { kernelImageCodec } from './image.ts';
import { Kernel } from './kernel.ts';
import type { Message } from './message.ts';
import { DECIDE_DEFAULTS, RAFT_DEFAULTS, SWARM_DEFAULTS, type Parameters } from './parameters.ts';
import { decode, encode } from './base/codec.ts';
import { beats } from './raft/beats.ts';
import { append, appendReply, openReply, readReply, redirect, submit as submitTo, submitReply, voteReply, voteRequest, type Append, type AppendReply, type Submit } from './raft/message.ts';

const VOTERS = [nodeId(1), nodeId(2), nodeId(3)];
const GROUP = groupId(0);
const SELF = nodeId(4);
const PARAMETERS: Parameters = {
  network: 'test', nodes: 4, groups: [{ id: GROUP, voters: VOTERS }], raft: RAFT_DEFAULTS, decide: { ...DECIDE_DEFAULTS, maxOpen: 3 }, swarm: SWARM_DEFAULTS, gpuPollUs: 0, followsParent: true, planSyncUs: 0,
};
const NEED = '0/need' as NeedId;
const decide = (proposal: string): Operation => ({ kind: 'decide', need: NEED, bucket: bucketOf(NEED), proposal: proposal as ProposalId, kPlan: 1 });
const get: Operation = { kind: 'get', need: NEED, bucket: bucketOf(NEED) };

/** A node that is told things, and what it wants done about them. It checks on the way that a restored copy does the same. */
class Told {
  kernel = new Kernel();
  at = 0;
  /** The last question to the GPU driver. */
  asked = { sequence: 0, index: 0 };

  constructor(parameters: Parameters = PARAMETERS, self: NodeId = SELF) {
    this.tell({ kind: 'boot', self, seed: 7, parameters, version: 'v' });
    const [call] = this.tell({ kind: 'recovered', incarnation: 1, tag: 11, reborn: false }).filter((effect) => effect.kind === 'call');
    expect(call).toMatchObject({ request: { service: 'signer', bytes: `hello test ${self} 1 11 2` } });
    this.tell({ kind: 'outcome', sequence: 2, index: 0, outcome: { kind: 'ok', answer: { service: 'signer', signature: 'signed' } } });
  }

  tell(cause: Cause, waitUs = 1): readonly Effect[] {
    this.at += waitUs;
    const event = { sequence: this.kernel.sequence + 1, at: this.at, wall: 5, cause };
    if (cause.kind === 'boot') return this.kernel.step(event);
    const image = decode(kernelImageCodec, encode(kernelImageCodec, this.kernel.image()), 1 << 20);
    if (!image.ok) throw new Error(image.reason);
    const copy = Kernel.restore(image.value);
    const effects = this.kernel.step(event);
    const index = effects.findIndex((effect) => effect.kind === 'call' && effect.request.service === 'gpu');
    if (index >= 0) this.asked = { sequence: event.sequence, index };
    expect(copy.step(event)).toEqual(effects);
    expect(copy.digest()).toBe(this.kernel.digest());
    expect(encode(kernelImageCodec, copy.image())).toEqual(encode(kernelImageCodec, this.kernel.image()));
    return effects;
  }

  hear(from: NodeId, message: Message, sent = 10, incarnation = 1): readonly Effect[] {
    return this.tell({ kind: 'message', from, incarnation, sent, message });
  }

  /** Makes the voters known. */
  introduce(): this {
    for (const voter of VOTERS) this.hear(voter, hello(1, voter, 2, 's', false, false, 0), 3);
    return this;
  }

  ask(number: number, operation: Operation): readonly Effect[] {
    return this.tell({ kind: 'request', request: { client: 1, number }, operation });
  }

  /** Lets deadlines pass until `until`, and collects what is done about them. */
  wait(until: number): Effect[] {
    const out: Effect[] = [];
    while (this.kernel.nextDeadline() <= until) {
      const due = Math.max(this.kernel.nextDeadline(), this.at);
      out.push(...this.tell({ kind: 'deadline' }, due - this.at));
    }
    return out;
  }
}

const sent = (effects: readonly Effect[], kind: Message['kind']): { to: NodeId; message: Message }[] =>
  effects.flatMap((effect) => (effect.kind === 'send' && effect.message.kind === kind ? [{ to: effect.to, message: effect.message }] : []));
const answers = (effects: readonly Effect[]): Answer[] => effects.flatMap((effect) => (effect.kind === 'reply' ? [effect.answer] : []));

/** A gateway with an open session (index 5) and the decide `p` on its way. */
function submitted(): { node: Told; submit: Submit; leader: NodeId } {
  const node = new Told().introduce();
  const [open] = sent(node.ask(1, decide('p')), 'open');
  if (open?.message.kind !== 'open') throw new Error('no session asked for');
  const [out] = sent(node.hear(open.to, openReply(GROUP, open.message.nonce, sessionId(5))), 'submit');
  if (out?.message.kind !== 'submit') throw new Error('nothing submitted');
  return { node, submit: out.message, leader: out.to };
}

describe('the gateway', () => {
  it('opens a session, submits, and hands the outcome to the client once', () => {
    const { node, submit, leader } = submitted();
    if (submit.body.kind !== 'decide') throw new Error('not a decide');
    expect(submit).toMatchObject({ session: 5, sequence: 1, answered: 1, body: { proposal: { need: NEED, proposal: 'p', decider: SELF } } });
    const reply = submitReply(GROUP, submit.session, 1, { kind: 'decided', record: makeRecord(submit.body.proposal, 9) });
    expect(answers(node.hear(leader, reply))).toMatchObject([{ kind: 'decided', record: { lamport: 9 } }]);
    expect(answers(node.hear(leader, reply))).toEqual([]);
  });

  it('retries as many requests as may be open in one step, at the member of its own node too', () => {
    const maxOpen = 400;
    const node = new Told({ ...PARAMETERS, decide: { ...DECIDE_DEFAULTS, maxOpen } }, nodeId(1));
    const kernel = node.kernel;
    const tell = (cause: Cause, at: number): readonly Effect[] => kernel.step({ sequence: kernel.sequence + 1, at, wall: 5, cause });
    let at = node.at;
    for (let number = 1; number <= maxOpen; number++) tell({ kind: 'request', request: { client: 1, number }, operation: get }, ++at);
    const replies: Answer[] = [];
    while (kernel.nextDeadline() <= node.at + 2 * DECIDE_DEFAULTS.giveUpUs) replies.push(...answers(tell({ kind: 'deadline' }, (at = Math.max(at, kernel.nextDeadline())))));
    expect(replies).toEqual(Array.from({ length: maxOpen }, () => ({ kind: 'refused', why: 'unreachable' })));
  });

  it('retries with the same session, sequence and content, at another member, also after a restart', () => {
    const { node, submit, leader } = submitted();
    const again = sent(node.wait(node.at + DECIDE_DEFAULTS.retryUs + 100 * MS), 'submit');
    expect(again.map((out) => out.message)).toEqual([submit]);
    expect(again[0]?.to).not.toBe(leader);
    node.tell({ kind: 'recovered', incarnation: 2, tag: 12, reborn: false });
    expect(sent(node.wait(node.at + 10 * MS), 'submit').map((out) => out.message)).toEqual([submit]);
  });

  it('gives no client an answer that does not fit its question', () => {
    const { node, submit, leader } = submitted();
    const other = makeProposal('0/other' as NeedId, 3, 'p' as ProposalId, SELF, 1, 5);
    const rival = makeProposal(NEED, bucketOf(NEED), 'q' as ProposalId, SELF, 1, 5);
    const told = (outcome: Outcome): Answer[] => answers(node.hear(leader, submitReply(GROUP, submit.session, 1, outcome)));
    expect(told({ kind: 'decided', record: makeRecord(other, 9) })).toEqual([]);
    expect(told({ kind: 'decided', record: makeRecord(rival, 9) })).toEqual([]);
    expect(told({ kind: 'advanced', epoch: 1 })).toEqual([]);
    expect(told({ kind: 'lost', record: makeRecord(rival, 9) })).toMatchObject([{ kind: 'lost' }]);
  });

  it('stays with a leader that works, though another member does not answer', () => {
    const { node, submit, leader } = submitted();
    const dead = VOTERS.find((voter) => voter !== leader) as NodeId;
    node.hear(leader, redirect(GROUP, 'notLeader', dead, 'submit', submit.sequence));
    const [second] = sent(node.ask(2, decide('q')), 'submit');
    expect(second?.to).toBe(dead);
    if (second?.message.kind !== 'submit' || second.message.body.kind !== 'decide') throw new Error('nothing submitted');
    node.hear(leader, submitReply(GROUP, submit.session, 2, { kind: 'decided', record: makeRecord(second.message.body.proposal, 3) }));
    const again = sent(node.wait(node.at + DECIDE_DEFAULTS.retryUs + 100 * MS), 'submit');
    expect(again.map(({ to }) => to)).toEqual([leader]);
  });

  it('takes an answer from a voter of the group only', () => {
    const node = new Told({ ...PARAMETERS, nodes: 5 }).introduce();
    node.hear(nodeId(5), hello(1, 5, 2, 's', false, false, 0), 3);
    const [out] = sent(node.ask(1, get), 'read');
    if (out?.message.kind !== 'read') throw new Error('nothing asked');
    const reply = readReply(GROUP, out.message.token, { kind: 'none' });
    expect(answers(node.hear(nodeId(5), reply))).toEqual([]);
    expect(answers(node.hear(nodeId(3), reply))).toEqual([{ kind: 'none' }]);
  });

  it('asks for a new session after a long silence, while nothing is under way', () => {
    const { node, submit, leader } = submitted();
    if (submit.body.kind !== 'decide') throw new Error('not a decide');
    node.hear(leader, submitReply(GROUP, submit.session, 1, { kind: 'decided', record: makeRecord(submit.body.proposal, 9) }));
    node.tell({ kind: 'outcome', sequence: 1, index: 0, outcome: { kind: 'unknown' } }, RAFT_DEFAULTS.sessionIdleUs / 2 + SECOND);
    const effects = node.ask(2, decide('q'));
    expect(sent(effects, 'submit')).toEqual([]);
    expect(sent(effects, 'open')).toHaveLength(1);
  });

  it('follows redirects at once, but not in circles', () => {
    const { node, leader } = submitted();
    let hops = 0;
    let at = leader;
    for (let i = 0; i < 10; i++) {
      const to = VOTERS.find((voter) => voter !== at) as NodeId;
      const out = sent(node.hear(at, redirect(GROUP, 'notLeader', to, 'submit', 1)), 'submit');
      if (out.length === 0) break;
      expect(out[0]?.to).toBe(to);
      at = to;
      hops++;
    }
    expect(hops).toBe(3);
  });

  it('answers unknown for a decide that was sent, refused for one that was not, and refused for a read', () => {
    const { node } = submitted();
    node.ask(2, get);
    const late = answers(node.wait(node.at + DECIDE_DEFAULTS.giveUpUs + SECOND));
    expect(late).toEqual([{ kind: 'unknown', why: 'timeout' }, { kind: 'refused', why: 'unreachable' }]);
    const mute = new Told().introduce();
    mute.ask(1, decide('p'));
    expect(answers(mute.wait(mute.at + DECIDE_DEFAULTS.giveUpUs + SECOND))).toEqual([{ kind: 'refused', why: 'unreachable' }]);
    expect(mute.kernel.nextDeadline()).toBeGreaterThan(mute.at);
  });

  it('answers unknown when the session has expired, and opens another for the next', () => {
    const { node, leader } = submitted();
    expect(answers(node.hear(leader, redirect(GROUP, 'sessionExpired', nodeId(0), 'submit', 1)))).toEqual([{ kind: 'unknown', why: 'sessionExpired' }]);
    expect(sent(node.ask(2, decide('q')), 'open')).toHaveLength(1);
  });

  it('refuses more than it can hold', () => {
    const node = new Told().introduce();
    for (let i = 1; i <= 3; i++) expect(answers(node.ask(i, get))).toEqual([]);
    expect(answers(node.ask(4, get))).toEqual([{ kind: 'refused', why: 'overloaded' }]);
  });

  it('serves the other groups while one does not answer', () => {
    const groups = [{ id: GROUP, voters: VOTERS }, { id: groupId(1), voters: VOTERS }];
    const node = new Told({ ...PARAMETERS, groups, decide: { ...DECIDE_DEFAULTS, maxOpen: 4 } }).introduce();
    const inGroup = (group: number): Operation => {
      for (let i = 0; ; i++) {
        const need = `0/n${i}` as NeedId;
        if (bucketOf(need) % 2 === group) return { kind: 'get', need, bucket: bucketOf(need) };
      }
    };
    expect([1, 2].flatMap((i) => answers(node.ask(i, inGroup(0))))).toEqual([]);
    expect(answers(node.ask(3, inGroup(0)))).toEqual([{ kind: 'refused', why: 'overloaded' }]);
    expect(answers(node.ask(4, inGroup(1)))).toEqual([]);
  });

  it('hands a read to its own client', () => {
    const node = new Told().introduce();
    const [read] = sent(node.ask(1, get), 'read');
    if (read?.message.kind !== 'read') throw new Error('no read');
    expect(answers(node.hear(read.to, readReply(GROUP, read.message.token, { kind: 'none' })))).toEqual([{ kind: 'none' }]);
  });
});

describe('a group', () => {
  const OTHER = groupId(1);
  const groups = [{ id: GROUP, voters: VOTERS }, { id: OTHER, voters: VOTERS }];

  it('takes a decide only if the bucket of its need is its own, whoever asks', () => {
    const node = new Told({ ...PARAMETERS, groups }, nodeId(1));
    node.hear(nodeId(2), hello(1, 2, 2, 's', false, false, 0), 3);
    const bucket = bucketOf(NEED);
    const body = decideBody(makeProposal(NEED, bucket, 'p' as ProposalId, SELF, 1, 5));
    const [owner, stranger] = bucket % 2 === 0 ? [GROUP, OTHER] : [OTHER, GROUP];
    const told = (group: typeof GROUP, sequence: number, asked = body): unknown => sent(node.hear(nodeId(2), submitTo(group, sessionId(5), sequence, 1, asked)), 'redirect');
    expect(told(owner, 1)).toMatchObject([{ to: 2, message: { why: 'notLeader', group: owner, number: 1 } }]);
    expect(told(stranger, 2)).toMatchObject([{ to: 2, message: { why: 'notOwner', group: stranger, answers: 'submit', number: 2 } }]);
    expect(told(owner, 3, advanceBody(1))).toMatchObject([{ message: { why: 'notOwner', number: 3 } }]);
  });

  it('that does not own a need leaves it in doubt: its gateway goes on asking until it gives up', () => {
    const { node, leader } = submitted();
    expect(node.hear(leader, redirect(GROUP, 'notOwner', nodeId(0), 'submit', 1))).toEqual([]);
    expect(answers(node.wait(node.at + DECIDE_DEFAULTS.giveUpUs + SECOND))).toEqual([{ kind: 'unknown', why: 'timeout' }]);
  });
});

describe('a member of many groups', () => {
  const GROUPS = Array.from({ length: 40 }, (_, place) => ({ id: groupId(place), voters: VOTERS }));
  const MANY: Parameters = { ...PARAMETERS, groups: GROUPS, raft: { ...RAFT_DEFAULTS, restAfterUs: 0 } };
  const replyTo = (m: Append): AppendReply => appendReply(m.group, m.term, true, m.prevIndex + m.entries.length, m.round);

  /** What two obliging peers answer, and what comes of that, until there is nothing to say. */
  function oblige(node: Told, effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind !== 'send' || effect.message.kind === 'hello') continue;
      const { to, message } = effect;
      if (message.kind === 'vote') oblige(node, node.hear(to, voteReply(message.group, message.pre, message.term, true)));
      else if (message.kind === 'append') oblige(node, node.hear(to, replyTo(message)));
      else if (message.kind === 'beats') oblige(node, node.hear(to, beats(message.beats.map((beat) => replyTo(beat as Append)))));
    }
  }

  it('sends each peer one message an interval for all groups in which nothing else is to be said', () => {
    const node = new Told(MANY, nodeId(1)).introduce();
    while (node.at < 3 * SECOND) oblige(node, node.wait(node.kernel.nextDeadline()));
    expect(node.kernel.groups.map((group) => group.role)).toEqual(GROUPS.map(() => 'leader'));
    const said: Message[][] = [[], [], [], []];
    while (node.at < 4 * SECOND) {
      const effects = node.wait(node.kernel.nextDeadline());
      for (const effect of effects) if (effect.kind === 'send') (said[effect.to] as Message[]).push(effect.message);
      oblige(node, effects);
    }
    for (const peer of [2, 3]) {
      const messages = said[peer] as Message[];
      expect(messages.map((message) => message.kind)).toEqual(messages.map(() => 'beats'));
      expect(messages.length).toBeGreaterThanOrEqual(SECOND / MANY.raft.heartbeatUs - 1);
      expect(messages.length).toBeLessThanOrEqual(SECOND / MANY.raft.heartbeatUs + 1);
      for (const message of messages) expect(message.kind === 'beats' && message.beats.map((beat) => beat.group).toSorted((a, b) => a - b)).toEqual(GROUPS.map((group) => group.id));
    }
    expect(node.kernel.groups.map((group) => group.role)).toEqual(GROUPS.map(() => 'leader'));
  });

  it('hears each beat as if it had come alone, and answers all of them in one message', () => {
    const [together, alone] = [new Told(MANY, nodeId(1)).introduce(), new Told(MANY, nodeId(1)).introduce()];
    // Of each group another term, and a round of its own; one group lacks the entry that the beat stands after.
    const said = GROUPS.map(({ id }) => append(id, 1 + id, id === 7 ? 3 : 0, id === 7 ? 1 : 0, [], 0, id));
    const answered = sent(together.hear(nodeId(2), beats(said)), 'beats');
    expect(answered).toHaveLength(1);
    const one = said.flatMap((message) => sent(alone.hear(nodeId(2), message), 'appendReply'));
    expect(answered[0]?.message).toMatchObject({ beats: one.map(({ message }) => message) });
    expect(one.map(({ message }) => message.kind === 'appendReply' && message.ok)).toEqual(GROUPS.map(({ id }) => id !== 7));
    expect(together.kernel.groups.map((group) => [group.term, group.leader])).toEqual(alone.kernel.groups.map((group) => [group.term, group.leader]));
  });
});

describe('peers', () => {
  it('are not heard before they have said hello, and are asked to', () => {
    const node = new Told();
    node.at += 2 * SECOND;
    const out = node.hear(nodeId(1), redirect(GROUP, 'notLeader', nodeId(2), 'open', 1));
    expect(sent(out, 'hello')).toMatchObject([{ to: 1, message: { greet: true } }]);
  });

  it('are not heard as nobody: not as node 0, and not in incarnation 0', () => {
    const node = new Told();
    const { submit } = submitted();
    node.ask(1, decide('p'));
    for (const [from, incarnation] of [[1, 0], [0, 0], [0, 1]] as const) {
      expect(node.hear(nodeId(from), hello(incarnation, 0, 2, 's', true, false, 0), 3, incarnation)).toEqual([]);
      expect(node.hear(nodeId(from), openReply(GROUP, 1, submit.session), 10, incarnation)).toEqual([]);
    }
  });

  it('are refused when they come back older than they were heard', () => {
    const node = new Told().introduce();
    node.hear(nodeId(1), redirect(GROUP, 'notLeader', nodeId(2), 'open', 1), 500);
    const out = node.hear(nodeId(1), hello(2, 77, 400, 's', true, false, 0), 400, 2);
    expect(sent(out, 'hello')).toMatchObject([{ to: 1, message: { refused: true, answers: 2, remembered: { incarnation: 1, tag: 1, heard: 500, born: 0 } } }]);
    expect(out).toContainEqual({ kind: 'fact', fact: { kind: 'peerRefused', peer: 1, why: 'cameBackOlder' } });
    const welcome = node.hear(nodeId(1), hello(2, 78, 501, 's', true, false, 0), 501, 2);
    expect(sent(welcome, 'hello')).toMatchObject([{ to: 1, message: { refused: false } }]);
  });

  it('are refused when two of them live the same incarnation', () => {
    const node = new Told().introduce();
    const out = node.hear(nodeId(1), hello(1, 999, 2, 's', false, false, 0), 5);
    expect(out).toContainEqual({ kind: 'fact', fact: { kind: 'peerRefused', peer: 1, why: 'sameIncarnationTwice' } });
  });

  it('silence a node that was refused: it asks for nothing and answers no client', () => {
    const node = new Told(PARAMETERS, nodeId(1));
    const forgotten: Remembered = { incarnation: 2, tag: 3, heard: 90, born: 0 };
    expect(node.hear(nodeId(2), hello(1, 2, 2, 's', false, true, 9, [], forgotten), 3)).toEqual([]);
    node.hear(nodeId(2), hello(1, 2, 2, 's', false, true, 1, [], forgotten), 3);
    expect(node.kernel.outcast).toBe(true);
    expect(answers(node.ask(1, get))).toEqual([{ kind: 'refused', why: 'unreachable' }]);
    expect(node.wait(node.at + 10 * SECOND)).toEqual([]);
  });

  // The node lived once before, as incarnation 1 from place 2 on; this life is incarnation 3, and begins at place 4.
  it.each<[string, Remembered, boolean]>([
    ['nothing', NOTHING_REMEMBERED, false],
    ['this very life', { incarnation: 3, tag: 12, heard: 900, born: 0 }, false],
    ['its earlier life, up to where this one began', { incarnation: 1, tag: 11, heard: 3, born: 0 }, false],
    ['more of its earlier life than it knows', { incarnation: 1, tag: 11, heard: 4, born: 0 }, true],
    ['a life between the two', { incarnation: 2, tag: 5, heard: 1, born: 0 }, true],
    ['another life of the same number', { incarnation: 3, tag: 13, heard: 2, born: 0 }, true],
    ['a later life', { incarnation: 4, tag: 5, heard: 1, born: 0 }, true],
  ])('that refuse a node and remember %s', (_what, remembered, silenced) => {
    const node = new Told(PARAMETERS, nodeId(1));
    node.tell({ kind: 'recovered', incarnation: 3, tag: 12, reborn: false });
    expect(node.kernel.image().peers).toMatchObject({ resumed: 4, lives: [{ incarnation: 1, from: 2 }] });
    const effects = node.hear(nodeId(2), hello(1, 2, 2, 's', false, true, 3, [], remembered), 3);
    expect(node.kernel.outcast).toBe(silenced);
    expect(effects).toEqual([{ kind: 'fact', fact: { kind: silenced ? 'refusedByPeer' : 'refusalIgnored', peer: 2 } }]);
  });

  it.each([['no more than it goes on from', 0, false], ['more than it knows', 1, true]])('that refuse a node for an earlier life that said %s', (_what, beyond, silenced) => {
    const node = new Told(PARAMETERS, nodeId(1));
    node.wait(node.at + 3 * SECOND);
    node.tell({ kind: 'recovered', incarnation: 7, tag: 12, reborn: false });
    const remembered: Remembered = { incarnation: 1, tag: 11, heard: node.kernel.sequence - 1 + beyond, born: 0 };
    node.hear(nodeId(2), hello(1, 2, 2, 's', false, true, 7, [], remembered), 3);
    expect(node.kernel.outcast).toBe(silenced);
  });

  it('say what they remember in a refusal only', () => {
    const refusal = hello(1, 2, 2, 's', false, true, 1, [], { incarnation: 3, tag: 4, heard: 5, born: 0 });
    const bytes = encode(helloCodec, refusal);
    expect(decode(helloCodec, bytes)).toEqual({ ok: true, value: refusal });
    expect(refusal.hash).not.toBe(hello(1, 2, 2, 's', false, true, 1).hash);
    bytes[bytes.length - 8] = 0xc2;
    expect(decode(helloCodec, bytes)).toMatchObject({ ok: false, reason: 'only a refusal says what it rests on' });
  });

  it('hear a hello that is signed late: the signer is asked again until it answers', () => {
    const node = new Kernel();
    const step = (at: number, cause: Cause): readonly Effect[] => node.step({ sequence: node.sequence + 1, at, wall: 0, cause });
    step(1, { kind: 'boot', self: SELF, seed: 7, parameters: PARAMETERS, version: 'v' });
    step(2, { kind: 'recovered', incarnation: 1, tag: 1, reborn: false });
    expect(step(3, { kind: 'outcome', sequence: 2, index: 0, outcome: { kind: 'failed', reason: 'locked' } })).toEqual([]);
    expect(step(node.nextDeadline(), { kind: 'deadline' })).toMatchObject([{ kind: 'call', request: { service: 'signer' } }]);
    const out = step(node.at + 1, { kind: 'outcome', sequence: 4, index: 0, outcome: { kind: 'ok', answer: { service: 'signer', signature: 's' } } });
    expect(sent(out, 'hello').map(({ to }) => to)).toEqual([1, 2, 3]);
  });
});

describe('a node that starts again', () => {
  const vote = (node: Told, from: NodeId, term: number): boolean =>
    sent(node.hear(from, voteRequest(GROUP, false, term, 0, 0)), 'voteReply').some(({ message }) => message.kind === 'voteReply' && message.granted);
  const answered = (node: Told, from: NodeId, answers: number): unknown => node.hear(from, hello(1, from, 2, 's', false, false, answers), 3);

  /** A voter in its second life. Its hello is out. */
  function again(): Told {
    const node = new Told(PARAMETERS, nodeId(1)).introduce();
    node.tell({ kind: 'recovered', incarnation: 2, tag: 12, reborn: false });
    const signed = node.tell({ kind: 'outcome', sequence: node.kernel.sequence, index: 0, outcome: { kind: 'ok', answer: { service: 'signer', signature: 'signed' } } });
    expect(sent(signed, 'hello')[0]?.message).toMatchObject({ incarnation: 2, lives: [{ incarnation: 1, from: 2 }] });
    return node;
  }

  it('takes part at once in its first life: it has forgotten nothing', () => {
    expect(vote(new Told(PARAMETERS, nodeId(1)).introduce(), nodeId(2), 1)).toBe(true);
  });

  it('neither votes nor follows before the other voters have answered this very hello', () => {
    const node = again();
    expect(vote(node, nodeId(2), 1)).toBe(false);
    answered(node, nodeId(2), 2);
    answered(node, nodeId(3), 1);
    expect(vote(node, nodeId(2), 1)).toBe(false);
    expect(sent(node.hear(nodeId(2), append(GROUP, 1, 0, 0, [], 0, 0)), 'appendReply')).toEqual([]);
    answered(node, nodeId(3), 2);
    expect(vote(node, nodeId(2), 1)).toBe(true);
  });

  it('waits no longer than the longest election timeout once a majority has answered', () => {
    const node = again();
    answered(node, nodeId(2), 2);
    const over = node.at + RAFT_DEFAULTS.electionMaxUs;
    node.wait(over - 10 * MS);
    node.at = over - 10 * MS;
    expect(vote(node, nodeId(2), 1)).toBe(false);
    node.at = over;
    expect(vote(node, nodeId(2), 1)).toBe(true);
  });

  it('says hello again to those who have not answered, stands for nothing, and does not stop waiting while nobody does', () => {
    const node = again();
    const effects = node.wait(node.at + 10 * SECOND);
    expect(sent(effects, 'vote')).toEqual([]);
    expect(new Set(sent(effects, 'hello').map(({ to }) => to))).toEqual(new Set([2, 3]));
    expect(vote(node, nodeId(2), 1)).toBe(false);
    answered(node, nodeId(2), 2);
    const later = node.wait(node.at + 3 * SECOND);
    expect(sent(later, 'vote').length).toBeGreaterThan(0);
    expect(sent(node.wait(node.at + 5 * SECOND), 'hello')).toEqual([]);
  });
});

describe('a hello', () => {
  const refused = (effects: readonly Effect[]): string[] => effects.flatMap((effect) => (effect.kind === 'fact' && effect.fact.kind === 'peerRefused' ? [effect.fact.why] : []));
  /** Node 1 is known in its second life, up to place 50. */
  function known(): Told {
    const node = new Told().introduce();
    expect(refused(node.hear(nodeId(1), hello(2, 8, 20, 's', true, false, 0, [{ incarnation: 1, from: 2 }]), 20, 2))).toEqual([]);
    node.hear(nodeId(1), redirect(GROUP, 'notLeader', nodeId(2), 'open', 1), 50, 2);
    return node;
  }

  it('is welcomed if the life that is known is one of those it names, and lasted as long as it was heard', () => {
    const lives = [{ incarnation: 1, from: 2 }, { incarnation: 2, from: 20 }];
    const node = known();
    expect(sent(node.hear(nodeId(1), hello(3, 9, 51, 's', true, false, 0, lives), 51, 3), 'hello')).toMatchObject([{ message: { refused: false, answers: 3 } }]);
    expect(refused(known().hear(nodeId(1), hello(3, 9, 50, 's', true, false, 0, lives), 50, 3))).toEqual(['cameBackOlder']);
    const between = [...lives, { incarnation: 3, from: 60 }];
    expect(refused(known().hear(nodeId(1), hello(4, 9, 70, 's', true, false, 0, between), 70, 4))).toEqual([]);
    const tooSoon = [...lives, { incarnation: 3, from: 40 }];
    expect(refused(known().hear(nodeId(1), hello(4, 9, 70, 's', true, false, 0, tooSoon), 70, 4))).toEqual(['cameBackOlder']);
  });

  it('is refused if the life that is known is none of its own, however far it has come since', () => {
    const restored = [{ incarnation: 1, from: 2 }, { incarnation: 3, from: 15 }];
    expect(refused(known().hear(nodeId(1), hello(4, 9, 5_000, 's', true, false, 0, restored), 5_000, 4))).toEqual(['cameBackOlder']);
    expect(refused(known().hear(nodeId(1), hello(4, 9, 2, 's', true, false, 0), 2, 4))).toEqual(['cameBackOlder']);
  });

  it('is asked for again when a life is heard that is not the one known', () => {
    const node = known();
    node.at += 2 * SECOND;
    expect(sent(node.hear(nodeId(1), redirect(GROUP, 'notLeader', nodeId(2), 'open', 1), 60, 1), 'hello')).toMatchObject([{ to: 1, message: { greet: true, refused: false } }]);
  });
});

describe('the parent chain', () => {
  it('is followed head by head; a contradiction or a gap is refused and reported', () => {
    const node = new Told();
    const head = (number: number, hash: string, parent: string): unknown => node.tell({ kind: 'parentHead', number, hash, parent }).map((effect) => effect.kind === 'fact' && effect.fact);
    expect(head(10, 'a', '-')).toEqual([{ kind: 'parentFinalised', number: 10, hash: 'a' }]);
    expect(head(11, 'b', 'a')).toEqual([{ kind: 'parentFinalised', number: 11, hash: 'b' }]);
    expect(head(11, 'b', 'a')).toEqual([]);
    expect(head(11, 'c', 'a')).toEqual([{ kind: 'parentRefused', number: 11, hash: 'c', why: 'conflict' }]);
    expect(head(12, 'd', 'c')).toEqual([{ kind: 'parentRefused', number: 12, hash: 'd', why: 'conflict' }]);
    expect(head(13, 'e', 'd')).toEqual([{ kind: 'parentRefused', number: 13, hash: 'e', why: 'gap' }]);
    expect(head(12, 'f', 'b')).toEqual([{ kind: 'parentFinalised', number: 12, hash: 'f' }]);
  });
});

describe('the inventory', () => {
  it('reports what was found and lost, takes a failing driver as a loss, and ignores answers to old questions', () => {
    const node = new Told({ ...PARAMETERS, gpuPollUs: SECOND });
    const device = (id: string): GpuDevice => ({ id, memoryMb: 8000, usedMb: 0 });
    const found = (id: string): unknown => ({ kind: 'fact', fact: { kind: 'gpuFound', device: id, memoryMb: 8000 } });
    const lost = (id: string): unknown => ({ kind: 'fact', fact: { kind: 'gpuLost', device: id } });
    const answer = (...ids: string[]): readonly Effect[] => node.tell({ kind: 'outcome', ...node.asked, outcome: { kind: 'ok', answer: { service: 'gpu', devices: ids.map(device) } } });
    expect(answer('A', 'B')).toEqual([found('A'), found('B')]);
    expect(answer('C')).toEqual([]);
    node.wait(node.at + SECOND);
    expect(answer('B')).toEqual([lost('A')]);
    node.wait(node.at + SECOND);
    expect(node.tell({ kind: 'outcome', ...node.asked, outcome: { kind: 'unknown' } })).toEqual([]);
    node.wait(node.at + SECOND);
    expect(node.tell({ kind: 'outcome', ...node.asked, outcome: { kind: 'failed', reason: 'XID 79' } })).toEqual([lost('B')]);
  });
});

describe('signals', () => {
  const CALLS = 300;
  const parameters: Parameters = { ...PARAMETERS, nodes: 3, decide: { ...DECIDE_DEFAULTS, maxOpen: 2 * CALLS } };

  /** Node 1 at the head of the group of three. */
  function leading(): Told {
    const node = new Told(parameters, nodeId(1));
    for (const peer of [nodeId(2), nodeId(3)]) node.hear(peer, hello(1, peer, 2, 's', false, false, 0), 3);
    node.wait(node.at + SECOND);
    node.hear(nodeId(2), voteReply(GROUP, true, 1, true));
    node.hear(nodeId(2), voteReply(GROUP, false, 1, true));
    node.hear(nodeId(2), appendReply(GROUP, 1, true, 1, 0));
    expect(node.kernel.groups[0]?.role).toBe('leader');
    return node;
  }

  it('as many answers as clients wait for may be due in one step', () => {
    const node = leading();
    for (let number = 1; number <= CALLS; number++) node.ask(number, get);
    const once = answers(node.hear(nodeId(2), appendReply(GROUP, 1, true, 1, 1)));
    const rest = answers(node.hear(nodeId(2), appendReply(GROUP, 1, true, 1, 2)));
    expect([once.length, rest.length]).toEqual([1, CALLS - 1]);
  });

  it('as many calls as are open may be tried again in one step', () => {
    const node = leading();
    for (let number = 1; number <= CALLS; number++) node.ask(number, get);
    node.tell({ kind: 'recovered', incarnation: 2, tag: 12, reborn: false });
    expect(answers(node.wait(node.at + 10 * SECOND))).toHaveLength(CALLS);
  });
});

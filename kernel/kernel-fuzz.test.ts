// A peer must never make us throw. A node hears drawn messages from drawn peers: of every kind, at the edges of what it knows
// (its own terms and indices, one beside them, and the largest numbers there are), between honest ones that take it into
// office and out again. Everything it hears has passed the codec, so a peer could have sent it; and whatever state that
// leads to must have an image that decodes to the same state, or the node could not start again.

import { describe, expect, it } from 'vitest';
import { assert } from './base/assert.ts';
import { decode, encode } from './base/codec.ts';
import { sha256 } from './base/hash.ts';
import { groupId, nodeId, sessionId, type NeedId, type NodeId, type ProposalId } from './base/ids.ts';
import { Random } from './base/random.ts';
import { MS } from './base/time.ts';
import { CHUNK_BYTES, MAX_CONTENT_BYTES, type ContentAnswer } from './content.ts';
import { advanceBody, decideBody, type Body, type Lookup, type Outcome } from './decide/command.ts';
import { bucketOf, makeProposal, makeRecord, type DecideRecord } from './decide/record.ts';
import type { Effect } from './effect.ts';
import { eventCodec, type Cause, type Operation, type ServiceOutcome } from './event.ts';
import { hello, NOTHING_REMEMBERED } from './hello.ts';
import { kernelImageCodec } from './image.ts';
import { Kernel } from './kernel.ts';
import { isOfGroup, type Message } from './message.ts';
import { DECIDE_DEFAULTS, RAFT_DEFAULTS, SWARM_DEFAULTS, type Parameters } from './parameters.ts';
import { beats, isBeat } from './raft/beats.ts';
import { configuration, founding, isSound, type Configuration, type Seat } from './raft/configuration.ts';
import { asked } from './raft/steps.ts';
import { applyCommand, configure, expireSessions, makeEntry, noop, openSession, ownCommand, type Command, type Entry } from './raft/entry.ts';
import {
  append, appendReply, GROUP_MESSAGES, openReply, openRequest, order, orderReply, readReply, readRequest, redirect, rest, snapshotChunk, snapshotReply, submit, submitReply, takeOver, voteReply, voteRequest, wake,
  type SessionRow,
} from './raft/message.ts';
import type { Raft } from './raft/raft.ts';
import { SnapshotContent } from './raft/transfer.ts';

const SELF = nodeId(1);
const NODES = 5;
const group = (id: number, ...voters: number[]) => ({ id: groupId(id), voters: voters.map(nodeId) });
const PARAMETERS: Parameters = {
  network: 'fuzz', nodes: NODES, groups: [group(0, 1, 2, 3), group(1, 2, 3, 4), group(2, 1), group(3, 1, 2, 3, 4, 5)],
  raft: { ...RAFT_DEFAULTS, keepEntries: 8, maxSessions: 4, maxUncommitted: 32, maxPendingReads: 8, sessionIdleUs: 3_000 * MS },
  decide: { ...DECIDE_DEFAULTS, epochUs: 400 * MS, maxRecords: 24 }, swarm: { ...SWARM_DEFAULTS, senders: 3, window: 2 }, gpuPollUs: 900 * MS, followsParent: true, planSyncUs: 700 * MS,
};
const HUGE = [0xffffffff, 0x100000000, 0xffffffffffff, 0x1000000000000, 0x1000000000001, Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER];
const PERCENT = 10_000;
const SEEDS = 240;
const TURNS = 400;

const within = (value: number): number => Math.min(Math.max(0, value), Number.MAX_SAFE_INTEGER);

/** Draws what a peer might say to this kernel. */
class Drawn {
  private readonly random: Random;
  private readonly kernel: Kernel;

  constructor(random: Random, kernel: Kernel) {
    this.random = random;
    this.kernel = kernel;
  }

  /** A number near something the group knows, or anything. */
  private number(raft: Raft | undefined): number {
    const r = this.random;
    if (raft === undefined || r.chance(15 * PERCENT)) return r.chance(30 * PERCENT) ? r.pick(HUGE) : r.below(6);
    const known = r.pick([raft.term, raft.commit, raft.applied, raft.lastIndex, raft.firstIndex, raft.round]);
    return within(known + r.between(-2, 2));
  }

  private term(raft: Raft | undefined): number {
    const r = this.random;
    if (r.chance(PERCENT / 4)) return r.pick(HUGE);
    const now = raft?.term ?? 0;
    return r.chance(80 * PERCENT) ? now : within(now + r.between(-2, 1));
  }

  private need(): NeedId {
    const r = this.random;
    return `${r.chance(5 * PERCENT) ? 999_999_999 : r.below(8)}/n${r.below(12)}` as NeedId;
  }

  private record(): DecideRecord {
    const need = this.need();
    return makeRecord(makeProposal(need, this.random.below(256), `p${this.random.below(3)}` as ProposalId, this.node(), 1, 0), this.number(undefined));
  }

  private body(): Body {
    const r = this.random;
    return r.chance(80 * PERCENT) ? decideBody(this.record().proposal) : advanceBody(r.chance(10 * PERCENT) ? r.pick(HUGE) : r.below(8));
  }

  private outcome(): Outcome {
    const r = this.random;
    return r.pick<Outcome>([
      { kind: 'decided', record: this.record() }, { kind: 'lost', record: this.record() }, { kind: 'tooOld', lowWater: r.below(9) },
      { kind: 'tooNew', epoch: r.pick(HUGE) }, { kind: 'full' }, { kind: 'advanced', epoch: r.below(9) },
    ]);
  }

  private lookup(): Lookup {
    return this.random.pick<Lookup>([{ kind: 'found', record: this.record() }, { kind: 'none' }, { kind: 'tooOld', lowWater: this.random.pick(HUGE) }]);
  }

  node(): NodeId {
    const r = this.random;
    return nodeId(r.chance(90 * PERCENT) ? r.between(1, NODES) : r.pick([0, NODES + 1, NODES + 2, 0xffff]));
  }

  private session(raft: Raft | undefined): number {
    const held = raft?.replica.sessions.all ?? [];
    return held.length > 0 && this.random.chance(80 * PERCENT) ? this.random.pick(held).id : this.number(raft);
  }

  private command(raft: Raft | undefined): Command {
    const r = this.random;
    switch (r.below(6)) {
      case 0:
        return noop;
      case 5:
        return configure(this.configuration(raft));
      case 1:
        return openSession(this.node(), r.below(4));
      case 2:
        return expireSessions(Array.from({ length: r.below(4) }, () => sessionId(this.session(raft))));
      case 3:
        return ownCommand(this.body());
      default:
        return applyCommand(sessionId(this.session(raft)), within(this.number(undefined) + r.below(70)), this.number(undefined), this.body());
    }
  }

  /** One in two is what an honest leader might have made of the configuration in force. */
  private configuration(raft: Raft | undefined): Configuration {
    const r = this.random;
    const held = raft?.electorate.configuration ?? founding([nodeId(1), nodeId(2), nodeId(3)]);
    if (r.chance(50 * PERCENT)) return asked(held, { voters: [nodeId(1 + r.below(3))], learners: [] });
    const seats = (most: number): Seat[] => Array.from({ length: r.below(most + 1) }, (_, k) => ({ node: nodeId(1 + 2 * k + r.below(2)), life: r.below(2) }));
    const voters = seats(2);
    const drawn = configuration(this.number(raft), voters, r.chance(30 * PERCENT) ? held.voters : [], r.chance(30 * PERCENT) ? seats(1) : [], held.goal);
    return isSound(drawn) ? drawn : held;
  }

  private entries(raft: Raft | undefined): Entry[] {
    return Array.from({ length: this.random.below(5) }, () => makeEntry(this.term(raft), this.command(raft)));
  }

  private row(): SessionRow {
    const r = this.random;
    const from = r.chance(10 * PERCENT) ? r.pick(HUGE) - 4 : r.below(4);
    const outcomes = Array.from({ length: r.below(3) }, (_, i) => ({ sequence: within(from + i * r.pick([1, 1, 1, 0])), outcome: this.outcome() }));
    const session = r.below(5) + 1;
    return { session: sessionId(session), opener: this.node(), nonce: r.below(4), used: session + r.below(4), answered: from, outcomes };
  }

  /** A message of the group; one in two is of a kind that goes with its role. */
  group(): Message {
    const r = this.random;
    const groups = this.kernel.groups;
    const raft = groups.length > 0 && r.chance(95 * PERCENT) ? r.pick(groups) : undefined;
    const id = raft?.group ?? groupId(r.pick([1, 4, 0xffff]));
    const n = (): number => this.number(raft);
    switch (r.below(GROUP_MESSAGES)) {
      case 0:
        return voteRequest(id, r.chance(50 * PERCENT), this.term(raft), n(), this.term(raft));
      case 1:
        return voteReply(id, r.chance(50 * PERCENT), within(this.term(raft) + (r.chance(40 * PERCENT) ? 1 : 0)), r.chance(80 * PERCENT));
      case 2:
        return append(id, this.term(raft), n(), this.term(raft), this.entries(raft), n(), n());
      case 3:
        return appendReply(id, this.term(raft), r.chance(60 * PERCENT), n(), n());
      case 4: {
        const records = Array.from({ length: r.below(3) }, () => this.record());
        const sessions = Array.from({ length: r.below(3) }, () => this.row());
        const index = n();
        const indexTerm = this.term(raft);
        const inside = (of: number): number => (r.chance(90 * PERCENT) ? of : n());
        const machine = { lamport: n(), epoch: n(), lowWater: n(), named: n(), records };
        const bytes = new SnapshotContent(id, { index: inside(index), term: inside(indexTerm), configuration: this.configuration(raft), machine, rows: sessions }).bytes();
        if (r.chance(10 * PERCENT)) bytes[r.below(bytes.length)] = r.below(256);
        // One in two makes believe that it is the first of two chunks.
        const two = r.chance(20 * PERCENT);
        const chunk = two ? new Uint8Array(CHUNK_BYTES) : bytes;
        const content = r.chance(90 * PERCENT) ? sha256(bytes) : sha256('another');
        return snapshotChunk({ group: id, term: this.term(raft), index, indexTerm, content, length: chunk.length + (two ? 1 : 0), offset: 0, bytes: chunk, round: n() });
      }
      case 5:
        return snapshotReply(id, this.term(raft), n(), r.pick([sha256('another'), raft?.image().offer?.content ?? '']), r.pick([0, CHUNK_BYTES, n()]), r.pick(['wanting', 'done', 'damaged'] as const), n());
      case 6:
        return openRequest(id, r.chance(5 * PERCENT) ? r.pick(HUGE) : r.below(6));
      case 7:
        return openReply(id, r.below(40), sessionId(n()));
      case 8:
        return submit(id, sessionId(this.session(raft)), within(this.number(undefined) + r.below(70)), this.number(undefined), decideBody(this.record().proposal));
      case 9:
        return submitReply(id, sessionId(n()), r.below(40), this.outcome());
      case 10:
        return readRequest(id, r.below(30), this.need());
      case 11:
        return readReply(id, r.below(40), this.lookup());
      case 12:
        return redirect(
          id, r.pick(['notLeader', 'busy', 'sessionExpired'] as const), this.node(), r.pick(['open', 'submit', 'read', 'order'] as const), r.below(40), r.below(3),
          Array.from({ length: r.below(3) }, () => this.node()),
        );
      case 13:
        return r.chance(50 * PERCENT) ? takeOver(id, this.term(raft)) : r.chance(50 * PERCENT) ? wake(id, this.term(raft)) : rest(id, raft?.term ?? n(), raft?.lastIndex ?? n());
      case 14:
        return order(id, n(), r.pick([{ kind: 'members' } as const, { kind: 'handOver', to: this.node() } as const, { kind: 'change', number: n(), goal: this.configuration(raft).goal } as const]));
      default:
        return orderReply(id, r.below(4), r.pick(['done', 'superseded', 'impossible'] as const), this.configuration(raft));
    }
  }

  /** What an honest leader of several groups, or one of its followers, says at intervals; and what nobody would. */
  beats(): Message {
    const drawn = Array.from({ length: this.random.between(2, 5) }, () => {
      for (;;) {
        const message = this.group();
        if (isOfGroup(message) && isBeat(message)) return message;
      }
    });
    return beats(drawn);
  }

  serviceOutcome(): ServiceOutcome {
    const r = this.random;
    const answer = r.pick<ContentAnswer>([
      { service: 'content', is: 'stored', content: sha256('stored'), length: r.pick([1, CHUNK_BYTES, 2 * CHUNK_BYTES, MAX_CONTENT_BYTES]) }, { service: 'content', is: 'dropped' },
      { service: 'content', is: 'chunk', bytes: new Uint8Array(r.pick([0, 1, CHUNK_BYTES])) }, { service: 'content', is: 'held', length: r.pick([1, CHUNK_BYTES]) },
      { service: 'content', is: 'absent', why: r.pick(['missing', 'damaged'] as const) },
    ]);
    return r.pick<ServiceOutcome>([{ kind: 'unknown' }, { kind: 'failed', reason: 'no' }, { kind: 'ok', answer }, { kind: 'ok', answer }]);
  }

  hello(): Message {
    const r = this.random;
    const refused = r.chance(PERCENT / 20);
    const remembered = refused ? { incarnation: r.below(3), tag: r.below(2), heard: this.number(undefined), born: 0 } : NOTHING_REMEMBERED;
    return hello(r.chance(90 * PERCENT) ? 1 : this.number(undefined), r.chance(95 * PERCENT) ? 1 : r.pick(HUGE), this.number(undefined), 'signed', r.chance(50 * PERCENT), refused, refused ? r.below(3) : 0, [], remembered);
  }

  operation(): Operation {
    const need = this.need();
    const bucket = bucketOf(need);
    return this.random.chance(50 * PERCENT) ? { kind: 'get', need, bucket } : { kind: 'decide', need, bucket, proposal: `p${this.random.below(3)}` as ProposalId, kPlan: 1 };
  }
}

/** One life of a node among such peers. */
class Life {
  readonly kinds = new Set<string>();
  readonly roles = new Set<string>();
  installed = 0;
  private kernel = new Kernel();
  private at = 0;
  private incarnation = 1;
  private readonly random: Random;

  constructor(seed: number) {
    this.random = Random.of(seed, 'kernel fuzz');
    this.tell({ kind: 'boot', self: SELF, seed, parameters: PARAMETERS, version: 'v' });
    this.start();
    for (let peer = 2; peer <= NODES; peer++) this.hear(nodeId(peer), 1, hello(1, 1, 2, 'signed', false, false, 0));
  }

  private start(): void {
    const sequence = this.kernel.sequence + 1;
    this.tell({ kind: 'recovered', incarnation: this.incarnation++, tag: 1, reborn: false });
    this.tell({ kind: 'outcome', sequence, index: 0, outcome: { kind: 'ok', answer: { service: 'signer', signature: 'signed' } } });
  }

  private tell(cause: Cause): void {
    const passed = decode(eventCodec, encode(eventCodec, { sequence: this.kernel.sequence + 1, at: this.at, wall: this.at, cause }));
    // What cannot be decoded does not arrive.
    if (!passed.ok && cause.kind === 'message') return;
    assert(passed.ok, 'what is drawn could have arrived');
    for (const effect of this.kernel.step(passed.value)) this.saw(effect);
  }

  private saw(effect: Effect): void {
    if (effect.kind === 'fact' && effect.fact.kind === 'snapshotInstalled') this.installed++;
    if (effect.kind === 'reply') this.kinds.add(effect.answer.kind);
  }

  private hear(from: NodeId, incarnation: number, message: Message): void {
    this.kinds.add(message.kind);
    this.tell({ kind: 'message', from, incarnation, sent: this.random.chance(99 * PERCENT) ? 3 : this.random.pick(HUGE), message });
  }

  /** A store or a driver answers what it was asked, or says anything. */
  private answer(drawn: Drawn): void {
    const r = this.random;
    const open = this.kernel.groups.flatMap((member) => member.image().offer?.asked ?? []).at(-1);
    const [sequence, index] = open !== undefined && r.chance(90 * PERCENT) ? [open.sequence, open.place] : [r.below(20), r.below(2)];
    this.tell({ kind: 'outcome', sequence, index, outcome: drawn.serviceOutcome() });
  }

  private deadlines(): void {
    while (this.kernel.nextDeadline() <= this.at) this.tell({ kind: 'deadline' });
  }

  turn(): void {
    const r = this.random;
    const drawn = new Drawn(r, this.kernel);
    this.at += r.chance(90 * PERCENT) ? r.below(2 * MS) : r.below(400 * MS);
    this.deadlines();
    const what = r.below(100);
    if (what < 4) this.hear(drawn.node(), 1, drawn.beats());
    else if (what < 88) this.hear(drawn.node(), r.chance(99 * PERCENT) ? 1 : r.pick([0, 2, ...HUGE]), drawn.group());
    else if (what < 90) {
      const message = drawn.hello();
      this.hear(drawn.node(), r.chance(80 * PERCENT) && message.kind === 'hello' ? message.incarnation : 1, message);
    } else if (what < 97) this.tell({ kind: 'request', request: { client: 1, number: r.below(1_000) }, operation: drawn.operation() });
    else if (what === 97) this.answer(drawn);
    else if (what === 98) this.tell({ kind: 'parentHead', number: r.chance(90 * PERCENT) ? r.below(9) : r.pick(HUGE), hash: `h${r.below(9)}`, parent: `h${r.below(9)}` });
    else if (r.chance(20 * PERCENT)) this.start();
    for (const raft of this.kernel.groups) this.roles.add(raft.role);
  }

  /** The state as it would be found after a restart. */
  restart(): void {
    const bytes = encode(kernelImageCodec, this.kernel.image());
    const image = decode(kernelImageCodec, bytes, bytes.length);
    if (!image.ok) throw new Error(`the image does not decode: ${image.reason}`);
    const copy = Kernel.restore(image.value);
    expect(Buffer.compare(encode(kernelImageCodec, copy.image()), bytes)).toBe(0);
    this.kernel = copy;
  }

  get outcast(): boolean {
    return this.kernel.outcast;
  }
}

describe('no peer can make a node throw', () => {
  it('whatever drawn peers say, in whatever role it meets the node', () => {
    const kinds = new Set<string>();
    const roles = new Set<string>();
    let installed = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const life = new Life(seed);
      for (let turn = 1; turn <= TURNS && !life.outcast; turn++) {
        try {
          life.turn();
          if (turn % 100 === 0) life.restart();
        } catch (error) {
          throw new Error(`seed ${seed}, turn ${turn}: ${(error as Error).message}`, { cause: error });
        }
      }
      for (const kind of life.kinds) kinds.add(kind);
      for (const role of life.roles) roles.add(role);
      installed += life.installed;
    }
    expect([...roles].toSorted()).toEqual(['candidate', 'follower', 'leader', 'preCandidate']);
    expect(kinds.size).toBeGreaterThanOrEqual(GROUP_MESSAGES + 5);
    expect(installed).toBeGreaterThan(50);
  }, 60_000);
});

// One member of the small world: the real Raft with the real register, driven one deed at a time. A deed is an event handled,
// made durable, and its effects released, all in one: effects leave only once the event that caused them is durable, so an
// event that was handled and then lost in a crash is one that never arrived.
//
// Clocks. Members' clocks are independent, so any deadline may come due before any frame arrives, and a member's image is put
// back to one moment after every deed. At that moment a follower heard from its leader long ago (it may stand, and denies
// nobody its vote for the leader's sake: a vote denied is a frame lost), and a leader heard from everybody just now (it does not
// step down for silence; a restart does the same) and sent to nobody for a while (its tick sends heartbeats).

import { groupId, nodeId, sessionId, type GroupId, type NeedId, type NodeId, type ProposalId } from '../../kernel/base/ids.ts';
import { Random } from '../../kernel/base/random.ts';
import { MS, SECOND, type Micros } from '../../kernel/base/time.ts';
import type { Context } from '../../kernel/context.ts';
import { decideBody } from '../../kernel/decide/command.ts';
import { bucketOf, makeProposal } from '../../kernel/decide/record.ts';
import { Register } from '../../kernel/decide/register.ts';
import type { Message } from '../../kernel/message.ts';
import { DECIDE_DEFAULTS, RAFT_DEFAULTS, type RaftParameters } from '../../kernel/parameters.ts';
import { makeEntry, openSession } from '../../kernel/raft/entry.ts';
import type { RaftImage } from '../../kernel/raft/image.ts';
import { readRequest, submit, voteReply, type ClientMessage, type GroupMessage, type RaftMessage } from '../../kernel/raft/message.ts';
import { Raft } from '../../kernel/raft/raft.ts';
import type { Bounds } from './bounds.ts';

export const GROUP: GroupId = groupId(0);
/** The gateway that all commands and reads come from. It stands on no member. */
export const CLIENT: NodeId = nodeId(9);
/** All proposals are for one need: whichever is committed first wins. */
export const NEED: NeedId = '0/need' as NeedId;
const SESSION = sessionId(1);
/** Before anything happens: a term in which the client's session was opened, and everybody has applied that. */
export const FIRST_TERM = 1;
export const FIRST_INDEX = 1;

const NOW: Micros = 10 * SECOND;
const SLOTS = { election: 0, heartbeat: 1 };

export type Deed =
  /** Nothing at all. */
  | { readonly kind: 'idle' }
  | { readonly kind: 'stand' }
  | { readonly kind: 'beat' }
  | { readonly kind: 'crash' }
  | { readonly kind: 'propose'; readonly number: number }
  | { readonly kind: 'read'; readonly number: number }
  | { readonly kind: 'deliver'; readonly from: NodeId; readonly message: GroupMessage };

export interface Sent {
  readonly to: NodeId;
  readonly message: GroupMessage;
}

export interface Done {
  readonly image: RaftImage;
  readonly sent: readonly Sent[];
  /** What an assertion of the kernel claimed, if one failed. */
  readonly failed: string | undefined;
}

/** An election timeout is not drawn, and nothing happens for time alone but what the explorer says. */
function parametersOf(bounds: Bounds): RaftParameters {
  return {
    ...RAFT_DEFAULTS, heartbeatUs: 100 * MS, electionMinUs: SECOND, electionMaxUs: SECOND, maxEntriesPerAppend: bounds.batch, restAfterUs: 0, sessionIdleUs: 1_000 * SECOND,
  };
}

const proposalName = (number: number): ProposalId => `p${number}` as ProposalId;
export const proposalNumber = (name: string): number => Number(name.slice(1));

export class Member implements Context {
  readonly self: NodeId;
  readonly at: Micros = NOW;
  readonly wall: Micros = NOW;
  readonly sequence = 1;
  readonly random: Random = new Random([1, 2, 3, 4]);
  private readonly bounds: Bounds;
  private raft: Raft;
  private sent: Sent[] = [];

  constructor(bounds: Bounds, self: NodeId) {
    this.bounds = bounds;
    this.self = self;
    this.raft = this.makeRaft();
  }

  private makeRaft(): Raft {
    const voters = Array.from({ length: this.bounds.nodes }, (_, place) => nodeId(place + 1));
    const lives = { lifeOf: (): number => 0, knows: (node: NodeId): boolean => node >= 1 && node <= this.bounds.nodes };
    return new Raft({ id: GROUP, voters }, this.self, parametersOf(this.bounds), new Register(DECIDE_DEFAULTS), SLOTS, lives);
  }

  /** As everybody is at first: the client's session is open, nobody leads, and nobody has a vote to remember in a later term. */
  first(): RaftImage {
    const row = { session: SESSION, opener: CLIENT, nonce: 1, used: FIRST_INDEX, answered: 0, outcomes: [] };
    this.raft.restore({
      ...this.raft.image(), term: FIRST_TERM, commit: FIRST_INDEX, applied: FIRST_INDEX,
      entries: [makeEntry(FIRST_TERM, openSession(CLIENT, row.nonce))], sessions: [{ row, touchedAt: NOW, inLog: [] }],
    });
    this.raft.recovered(this);
    return atOneMoment(this.raft.image());
  }

  perform(image: RaftImage, deed: Deed): Done {
    this.sent = [];
    try {
      this.raft.restore(image);
      this.act(deed);
      return { image: atOneMoment(this.raft.image()), sent: this.sent, failed: undefined };
    } catch (error) {
      this.raft = this.makeRaft();
      return { image, sent: [], failed: error instanceof Error ? error.message : String(error) };
    }
  }

  private act(deed: Deed): void {
    const raft = this.raft;
    switch (deed.kind) {
      case 'idle':
        return;
      case 'stand':
        return this.stand();
      case 'beat':
        return raft.heartbeatDue(this);
      case 'crash':
        return raft.recovered(this);
      case 'propose':
        return raft.receive(this, CLIENT, submit(GROUP, SESSION, deed.number, 1, decideBody(makeProposal(NEED, bucketOf(NEED), proposalName(deed.number), CLIENT, 1, 0))));
      case 'read':
        return raft.receive(this, CLIENT, readRequest(GROUP, deed.number, NEED));
      case 'deliver':
        return raft.receive(this, deed.from, deed.message as RaftMessage | ClientMessage);
    }
  }

  private stand(): void {
    this.raft.electionDue(this);
    if (this.bounds.preVotes) return;
    const term = this.raft.term + 1;
    for (let peer = 1; peer <= this.bounds.nodes && this.raft.role === 'preCandidate'; peer++) {
      if (peer !== this.self) this.raft.receive(this, nodeId(peer), voteReply(GROUP, true, term, true));
    }
    this.sent = this.sent.filter(({ message }) => message.kind !== 'vote' || !message.pre);
  }

  send(to: NodeId, message: Message): void {
    if ('group' in message) this.sent.push({ to, message });
  }

  fact(): void {}

  signal(): void {}

  deadline(): void {}

  reply(): void {}

  call(): number {
    return 0;
  }
}

function atOneMoment(image: RaftImage): RaftImage {
  return {
    ...image, heardAt: 0, quietSince: NOW - image.timeoutUs, ownAt: NOW, busyAt: 0, handingUntil: 0,
    sessions: image.sessions.map((session) => ({ ...session, touchedAt: NOW })),
    progress: image.progress.map((p) => ({ ...p, sentAt: 0, heardAt: NOW })),
  };
}

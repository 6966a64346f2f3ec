// What the members of a group, and the clients of its leader, say to each other. Messages are built here only, so that each
// carries the hash of its content. Section numbers are those of Ongaro's dissertation (2014).

import { Refused, type Codec, type Reader, type Writer } from '../base/codec.ts';
import { finish, hashText, mix, mixUint } from '../base/digest.ts';
import { CHUNK_BYTES, chunkLength, hashChunk, isChunkOffset, readContentLength, readContentName } from '../content.ts';
import { groupId, nodeId, sessionId, type GroupId, type NeedId, type NodeId, type SessionId } from '../base/ids.ts';
import { readNeed } from '../decide/record.ts';
import { bodyCodec, hashOutcome, outcomeCodec, type Body, type Lookup, type Outcome } from '../machine.ts';
import { configurationCodec, goalCodec, MAX_SEATS, nodeCodec, type Configuration, type Goal } from './configuration.ts';
import { entryCodec, type Entry } from './entry.ts';
import { MAX_NUMBER } from './bounds.ts';

interface Head {
  readonly group: GroupId;
  readonly hash: number;
}

/** Asks for a vote in `term`; a pre-vote (9.6) asks whether one would be granted and changes nothing. */
export interface VoteRequest extends Head {
  readonly kind: 'vote';
  readonly pre: boolean;
  /** The leader asked it to stand (3.10): who hears from that leader may vote all the same. */
  readonly handed: boolean;
  readonly term: number;
  readonly lastIndex: number;
  readonly lastTerm: number;
}
export interface VoteReply extends Head {
  readonly kind: 'voteReply';
  readonly pre: boolean;
  /** The voter's term if it refuses, the candidate's if it grants. */
  readonly term: number;
  readonly granted: boolean;
}
/** Entries after (prevIndex, prevTerm); empty: a heartbeat. `round` numbers the leader's confirmation rounds (6.4). */
export interface Append extends Head {
  readonly kind: 'append';
  readonly term: number;
  readonly prevIndex: number;
  readonly prevTerm: number;
  readonly entries: readonly Entry[];
  readonly commit: number;
  readonly round: number;
}
/** `match` is the last index known to agree with the leader if `ok`; otherwise where the follower suggests to go on from. */
export interface AppendReply extends Head {
  readonly kind: 'appendReply';
  readonly term: number;
  readonly ok: boolean;
  readonly match: number;
  readonly round: number;
}
/** A command that was applied, by its sequence in the session, and what it yielded. */
export interface Done {
  readonly sequence: number;
  readonly outcome: Outcome;
}
/** One client's entry in the session table: which sequences were applied, and what they yielded. */
export interface SessionRow {
  readonly session: SessionId;
  readonly opener: NodeId;
  readonly nonce: number;
  /** Index of the last entry that used it: the least recently used is expired when the table is full. */
  readonly used: number;
  /** Every sequence below it was applied and its answer received. */
  readonly answered: number;
  readonly outcomes: readonly Done[];
}
/** The leader asks a follower that has its whole log to stand for election at once (3.10). */
export interface TakeOver extends Head {
  readonly kind: 'takeOver';
  readonly term: number;
}
/** Nothing is open in the group and nobody asks: who holds the whole log waits for no heartbeats until somebody speaks. */
export interface Rest extends Head {
  readonly kind: 'rest';
  readonly term: number;
  readonly lastIndex: number;
}
/** To the leader, from a member that was asked for something, or spoken to: the group rests no more. */
export interface Wake extends Head {
  readonly kind: 'wake';
  readonly term: number;
}
/** A chunk of the state at `index`, which as a whole is the content of that name and length. */
export interface SnapshotChunk extends Head {
  readonly kind: 'snapshot';
  readonly term: number;
  readonly index: number;
  readonly indexTerm: number;
  readonly content: string;
  readonly length: number;
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly round: number;
}
/**
 * How far the receiver has got with the content: the offset that it wants next. `done`: it holds all up to `index`. `damaged`:
 * it had all of the content, which is not what its name says, and begins anew.
 */
export interface SnapshotReply extends Head {
  readonly kind: 'snapshotReply';
  readonly term: number;
  readonly index: number;
  readonly content: string;
  readonly offset: number;
  readonly is: 'wanting' | 'done' | 'damaged';
  readonly round: number;
}
/** From a gateway to the leader. */
export interface OpenRequest extends Head {
  readonly kind: 'open';
  readonly nonce: number;
}
export interface OpenReply extends Head {
  readonly kind: 'opened';
  readonly nonce: number;
  readonly session: SessionId;
}
export interface Submit extends Head {
  readonly kind: 'submit';
  readonly session: SessionId;
  readonly sequence: number;
  readonly answered: number;
  readonly body: Body;
}
export interface SubmitReply extends Head {
  readonly kind: 'submitted';
  readonly session: SessionId;
  readonly sequence: number;
  readonly outcome: Outcome;
}
export interface ReadRequest extends Head {
  readonly kind: 'read';
  readonly token: number;
  readonly need: NeedId;
}
export interface ReadReply extends Head {
  readonly kind: 'readReply';
  readonly token: number;
  readonly lookup: Lookup;
}
/** What an operator wants of a group. Asked again, each says the same: nothing is done twice. */
export type Wish =
  | { readonly kind: 'members' }
  /** From the configuration of that number towards the goal; refused if another one is in force by then. */
  | { readonly kind: 'change'; readonly number: number; readonly goal: Goal }
  /** Another member shall lead; 0: any that can. */
  | { readonly kind: 'handOver'; readonly to: NodeId };
/** From a gateway to the leader. */
export interface Order extends Head {
  readonly kind: 'order';
  readonly token: number;
  readonly wish: Wish;
}
/**
 * `done`: it is so, or it is committed that it shall be. `superseded`: another configuration is in force. `impossible`: no
 * such member, or no such configuration.
 */
export interface OrderReply extends Head {
  readonly kind: 'ordered';
  readonly token: number;
  readonly verdict: 'done' | 'superseded' | 'impossible';
  readonly configuration: Configuration;
}
/** The answer of a member that is not the leader, that cannot take the request now, or whose group it is not for. Nothing was done. */
export interface Redirect extends Head {
  readonly kind: 'redirect';
  readonly why: 'notLeader' | 'busy' | 'sessionExpired' | 'halted' | 'notOwner';
  /** Who may be the leader; 0 if unknown. */
  readonly leader: NodeId;
  /** What it answers: the nonce, sequence or token of the request. */
  readonly answers: 'open' | 'submit' | 'read' | 'order';
  readonly number: number;
  /** Whom it knows to be members, and by which configuration. */
  readonly configured: number;
  readonly members: readonly NodeId[];
}

/** Between members of a group. */
export type RaftMessage = VoteRequest | VoteReply | Append | AppendReply | SnapshotChunk | SnapshotReply | TakeOver | Rest | Wake;
/** From a gateway to a member. */
export type ClientMessage = OpenRequest | Submit | ReadRequest | Order;
/** From a member to a gateway. */
export type AnswerMessage = OpenReply | SubmitReply | ReadReply | Redirect | OrderReply;
export type GroupMessage = RaftMessage | ClientMessage | AnswerMessage;

const start = (tag: number, group: GroupId): number => mix(mix(0x67, tag), group);

export function voteRequest(group: GroupId, pre: boolean, term: number, lastIndex: number, lastTerm: number, handed: boolean = false): VoteRequest {
  const hash = finish(mixUint(mixUint(mixUint(mix(start(0, group), (pre ? 1 : 0) + (handed ? 2 : 0)), term), lastIndex), lastTerm));
  return { kind: 'vote', group, pre, handed, term, lastIndex, lastTerm, hash };
}

export function voteReply(group: GroupId, pre: boolean, term: number, granted: boolean): VoteReply {
  const hash = finish(mixUint(mix(start(1, group), (pre ? 1 : 0) + (granted ? 2 : 0)), term));
  return { kind: 'voteReply', group, pre, term, granted, hash };
}

export function append(group: GroupId, term: number, prevIndex: number, prevTerm: number, entries: readonly Entry[], commit: number, round: number): Append {
  let h = mixUint(mixUint(mixUint(mixUint(mixUint(start(2, group), term), prevIndex), prevTerm), commit), round);
  for (let i = 0; i < entries.length; i++) h = mix(h, (entries[i] as Entry).hash);
  return { kind: 'append', group, term, prevIndex, prevTerm, entries, commit, round, hash: finish(h) };
}

export function appendReply(group: GroupId, term: number, ok: boolean, match: number, round: number): AppendReply {
  const hash = finish(mixUint(mixUint(mixUint(mix(start(3, group), ok ? 1 : 0), term), match), round));
  return { kind: 'appendReply', group, term, ok, match, round, hash };
}

export function snapshotChunk(chunk: Omit<SnapshotChunk, 'kind' | 'hash'>): SnapshotChunk {
  let h = mixUint(mixUint(mixUint(start(4, chunk.group), chunk.term), chunk.index), chunk.indexTerm);
  h = mixUint(mixUint(mixUint(mix(h, hashText(chunk.content)), chunk.length), chunk.offset), chunk.round);
  return { kind: 'snapshot', ...chunk, hash: finish(mix(h, hashChunk(chunk.bytes))) };
}

export function hashSessionRow(row: SessionRow): number {
  let h = mixUint(mixUint(mixUint(mixUint(mix(7, row.opener), row.session), row.nonce), row.used), row.answered);
  for (const done of row.outcomes) h = mix(mixUint(h, done.sequence), hashOutcome(done.outcome));
  return finish(h);
}

const PROGRESSES = ['wanting', 'done', 'damaged'] as const;

export function snapshotReply(group: GroupId, term: number, index: number, content: string, offset: number, is: SnapshotReply['is'], round: number): SnapshotReply {
  const hash = finish(mixUint(mixUint(mix(mixUint(mixUint(mix(start(5, group), PROGRESSES.indexOf(is)), term), index), hashText(content)), offset), round));
  return { kind: 'snapshotReply', group, term, index, content, offset, is, round, hash };
}

export const openRequest = (group: GroupId, nonce: number): OpenRequest => ({ kind: 'open', group, nonce, hash: finish(mixUint(start(6, group), nonce)) });

export const openReply = (group: GroupId, nonce: number, session: SessionId): OpenReply => ({
  kind: 'opened', group, nonce, session, hash: finish(mixUint(mixUint(start(7, group), nonce), session)),
});

export function submit(group: GroupId, session: SessionId, sequence: number, answered: number, body: Body): Submit {
  const hash = finish(mixUint(mixUint(mixUint(mix(start(8, group), body.hash), session), sequence), answered));
  return { kind: 'submit', group, session, sequence, answered, body, hash };
}

export function submitReply(group: GroupId, session: SessionId, sequence: number, outcome: Outcome): SubmitReply {
  const hash = finish(mixUint(mixUint(mix(start(9, group), hashOutcome(outcome)), session), sequence));
  return { kind: 'submitted', group, session, sequence, outcome, hash };
}

export const readRequest = (group: GroupId, token: number, need: NeedId): ReadRequest => ({
  kind: 'read', group, token, need, hash: finish(mixUint(mix(start(10, group), hashText(need)), token)),
});

export const readReply = (group: GroupId, token: number, lookup: Lookup): ReadReply => ({
  kind: 'readReply', group, token, lookup, hash: finish(mixUint(mix(start(11, group), hashOutcome(lookup)), token)),
});

const WHYS = ['notLeader', 'busy', 'sessionExpired', 'halted', 'notOwner'] as const;
const ANSWERS = ['open', 'submit', 'read', 'order'] as const;

export function redirect(
  group: GroupId, why: Redirect['why'], leader: NodeId, answers: Redirect['answers'], number: number, configured: number = 0, members: readonly NodeId[] = [],
): Redirect {
  let h = mixUint(mixUint(mix(mix(mix(start(12, group), WHYS.indexOf(why)), ANSWERS.indexOf(answers)), leader), number), configured);
  for (let k = 0; k < members.length; k++) h = mix(h, members[k] as NodeId);
  return { kind: 'redirect', group, why, leader, answers, number, configured, members, hash: finish(h) };
}

export const takeOver = (group: GroupId, term: number): TakeOver => ({ kind: 'takeOver', group, term, hash: finish(mixUint(start(13, group), term)) });

export const rest = (group: GroupId, term: number, lastIndex: number): Rest => ({ kind: 'rest', group, term, lastIndex, hash: finish(mixUint(mixUint(start(16, group), term), lastIndex)) });

export const wake = (group: GroupId, term: number): Wake => ({ kind: 'wake', group, term, hash: finish(mixUint(start(17, group), term)) });

export const order = (group: GroupId, token: number, wish: Wish): Order => ({ kind: 'order', group, token, wish, hash: finish(mixUint(mix(start(14, group), hashWish(wish)), token)) });

const VERDICTS = ['done', 'superseded', 'impossible'] as const;

export function orderReply(group: GroupId, token: number, verdict: OrderReply['verdict'], configuration: Configuration): OrderReply {
  const hash = finish(mixUint(mix(mix(start(15, group), VERDICTS.indexOf(verdict)), configuration.hash), token));
  return { kind: 'ordered', group, token, verdict, configuration, hash };
}

export function hashWish(wish: Wish): number {
  if (wish.kind === 'members') return 1;
  if (wish.kind === 'handOver') return mix(2, wish.to);
  let h = mixUint(3, wish.number);
  for (const nodes of [wish.goal.voters, wish.goal.learners]) {
    h = mix(h, nodes.length);
    for (const node of nodes) h = mix(h, node);
  }
  return finish(h);
}

const WISHES = ['members', 'change', 'handOver'] as const;

/** A wish is a tuple (tag, fields...). */
export const wishCodec: Codec<Wish> = {
  write(w: Writer, wish: Wish): void {
    w.array(wish.kind === 'change' ? 3 : wish.kind === 'handOver' ? 2 : 1);
    w.uint(WISHES.indexOf(wish.kind));
    if (wish.kind === 'handOver') w.uint(wish.to);
    if (wish.kind !== 'change') return;
    w.uint(wish.number);
    goalCodec.write(w, wish.goal);
  },
  read(r: Reader): Wish {
    const fields = r.array(3);
    const kind = WISHES[r.uint(WISHES.length - 1)];
    if (kind === 'members' && fields === 1) return { kind };
    if (kind === 'handOver' && fields === 2) return { kind, to: nodeId(r.uint(0xffff)) };
    if (kind === 'change' && fields === 3) return { kind, number: r.uint(), goal: goalCodec.read(r) };
    throw new Refused(`a wish "${kind}" has not ${fields} fields`);
  },
};

export const MAX_ENTRIES_PER_APPEND = 64;
export const MAX_OUTCOMES_PER_ROW = 64;

const doneCodec: Codec<Done> = {
  write(w: Writer, done: Done): void {
    w.array(2);
    w.uint(done.sequence);
    outcomeCodec.write(w, done.outcome);
  },
  read(r: Reader): Done {
    r.tuple(2);
    return { sequence: r.uint(), outcome: readOutcome(r) };
  },
};

export const sessionRowCodec: Codec<SessionRow> = {
  write(w: Writer, row: SessionRow): void {
    w.array(6);
    w.uint(row.session);
    w.uint(row.opener);
    w.uint(row.nonce);
    w.uint(row.used);
    w.uint(row.answered);
    w.list(doneCodec, row.outcomes);
  },
  read(r: Reader): SessionRow {
    r.tuple(6);
    return { session: sessionId(r.uint()), opener: nodeId(r.uint(0xffff)), nonce: r.uint(), used: r.uint(), answered: r.uint(), outcomes: r.list(doneCodec, MAX_OUTCOMES_PER_ROW) };
  },
};

function readOutcome(r: Reader): Outcome {
  const outcome = outcomeCodec.read(r);
  if (outcome.kind === 'found' || outcome.kind === 'none') throw new Refused('a lookup is no outcome');
  return outcome;
}

/** Epochs are the leader's to advance: a client that could would make others' needs too old. */
function readClientBody(r: Reader): Body {
  const body = bodyCodec.read(r);
  if (body.kind !== 'decide') throw new Refused('a client submits decides');
  return body;
}

function readLookup(r: Reader): Lookup {
  const lookup = outcomeCodec.read(r);
  if (lookup.kind === 'found' || lookup.kind === 'none' || lookup.kind === 'tooOld') return lookup;
  throw new Refused('an outcome is no lookup');
}

/** Of a term, an index, a round or a count: what no honest member reaches is refused before it becomes an event. */
const readNumber = (r: Reader): number => r.uint(MAX_NUMBER);

/** Every chunk but the last is full: one of another length fits nowhere. */
function readChunk(r: Reader, group: GroupId): SnapshotChunk {
  const term = readNumber(r);
  const index = readNumber(r);
  const indexTerm = readNumber(r);
  const content = readContentName(r);
  const length = readContentLength(r);
  const offset = readNumber(r);
  const bytes = r.binary(CHUNK_BYTES);
  if (!isChunkOffset(length, offset) || bytes.length !== chunkLength(length, offset)) throw new Refused('no chunk of a content');
  return snapshotChunk({ group, term, index, indexTerm, content, length, offset, bytes, round: readNumber(r) });
}

/** How many fields follow the tag, in the order of the tags. */
const FIELDS = [6, 4, 7, 5, 9, 7, 2, 3, 5, 4, 3, 3, 7, 2, 3, 4, 3, 2] as const;
const KINDS = [
  'vote', 'voteReply', 'append', 'appendReply', 'snapshot', 'snapshotReply', 'open', 'opened', 'submit', 'submitted', 'read', 'readReply', 'redirect',
  'takeOver', 'order', 'ordered', 'rest', 'wake',
] as const;
export const GROUP_MESSAGES: number = KINDS.length;

/** A message is a tuple (tag, group, fields...). */
export const groupMessageCodec: Codec<GroupMessage> = {
  write(w: Writer, m: GroupMessage): void {
    const tag = KINDS.indexOf(m.kind);
    w.array(1 + (FIELDS[tag] as number));
    w.uint(tag);
    w.uint(m.group);
    switch (m.kind) {
      case 'vote':
        w.bool(m.pre);
        w.uint(m.term);
        w.uint(m.lastIndex);
        w.uint(m.lastTerm);
        return w.bool(m.handed);
      case 'voteReply':
        w.bool(m.pre);
        w.uint(m.term);
        return w.bool(m.granted);
      case 'append':
        w.uint(m.term);
        w.uint(m.prevIndex);
        w.uint(m.prevTerm);
        w.list(entryCodec, m.entries);
        w.uint(m.commit);
        return w.uint(m.round);
      case 'appendReply':
        w.uint(m.term);
        w.bool(m.ok);
        w.uint(m.match);
        return w.uint(m.round);
      case 'snapshot':
        w.uint(m.term);
        w.uint(m.index);
        w.uint(m.indexTerm);
        w.text(m.content);
        w.uint(m.length);
        w.uint(m.offset);
        w.binary(m.bytes);
        return w.uint(m.round);
      case 'snapshotReply':
        w.uint(m.term);
        w.uint(m.index);
        w.text(m.content);
        w.uint(m.offset);
        w.uint(PROGRESSES.indexOf(m.is));
        return w.uint(m.round);
      case 'open':
        return w.uint(m.nonce);
      case 'opened':
        w.uint(m.nonce);
        return w.uint(m.session);
      case 'submit':
        w.uint(m.session);
        w.uint(m.sequence);
        w.uint(m.answered);
        return bodyCodec.write(w, m.body);
      case 'submitted':
        w.uint(m.session);
        w.uint(m.sequence);
        return outcomeCodec.write(w, m.outcome);
      case 'read':
        w.uint(m.token);
        return w.text(m.need);
      case 'readReply':
        w.uint(m.token);
        return outcomeCodec.write(w, m.lookup);
      case 'redirect':
        w.uint(WHYS.indexOf(m.why));
        w.uint(m.leader);
        w.uint(ANSWERS.indexOf(m.answers));
        w.uint(m.number);
        w.uint(m.configured);
        return w.list(nodeCodec, m.members);
      case 'takeOver':
      case 'wake':
        return w.uint(m.term);
      case 'rest':
        w.uint(m.term);
        return w.uint(m.lastIndex);
      case 'order':
        w.uint(m.token);
        return wishCodec.write(w, m.wish);
      case 'ordered':
        w.uint(m.token);
        w.uint(VERDICTS.indexOf(m.verdict));
        return configurationCodec.write(w, m.configuration);
    }
  },
  read(r: Reader): GroupMessage {
    const length = r.array(17);
    const tag = r.uint(KINDS.length - 1);
    if (length !== 1 + (FIELDS[tag] as number)) throw new Refused(`a ${KINDS[tag]} message has ${FIELDS[tag]} fields`);
    const group = groupId(r.uint(0xffff));
    switch (KINDS[tag] as GroupMessage['kind']) {
      case 'vote':
        return voteRequest(group, r.bool(), readNumber(r), readNumber(r), readNumber(r), r.bool());
      case 'voteReply':
        return voteReply(group, r.bool(), readNumber(r), r.bool());
      case 'append':
        return append(group, readNumber(r), readNumber(r), readNumber(r), r.list(entryCodec, MAX_ENTRIES_PER_APPEND), readNumber(r), readNumber(r));
      case 'appendReply':
        return appendReply(group, readNumber(r), r.bool(), readNumber(r), readNumber(r));
      case 'snapshot':
        return readChunk(r, group);
      case 'snapshotReply':
        return snapshotReply(group, readNumber(r), readNumber(r), readContentName(r), readNumber(r), PROGRESSES[r.uint(PROGRESSES.length - 1)] as SnapshotReply['is'], readNumber(r));
      case 'open':
        return openRequest(group, r.uint());
      case 'opened':
        return openReply(group, r.uint(), sessionId(r.uint()));
      case 'submit':
        return submit(group, sessionId(r.uint()), r.uint(), r.uint(), readClientBody(r));
      case 'submitted':
        return submitReply(group, sessionId(r.uint()), r.uint(), readOutcome(r));
      case 'read':
        return readRequest(group, r.uint(), readNeed(r));
      case 'readReply':
        return readReply(group, r.uint(), readLookup(r));
      case 'redirect':
        return redirect(
          group, WHYS[r.uint(WHYS.length - 1)] as Redirect['why'], nodeId(r.uint(0xffff)), ANSWERS[r.uint(3)] as Redirect['answers'], r.uint(), r.uint(), r.list(nodeCodec, 3 * MAX_SEATS),
        );
      case 'takeOver':
        return takeOver(group, r.uint());
      case 'rest':
        return rest(group, r.uint(), r.uint());
      case 'wake':
        return wake(group, r.uint());
      case 'order':
        return order(group, r.uint(), wishCodec.read(r));
      case 'ordered':
        return orderReply(group, r.uint(), VERDICTS[r.uint(2)] as OrderReply['verdict'], configurationCodec.read(r));
    }
  },
};

// Every state that a member was ever found in, every frame that was ever sent, and what each deed does to each state: each is
// worked out once, by the real kernel, and has a number from then on. There are far fewer of them than states of the world,
// which is why a search can go through millions of those.
//
// A state, and a frame, has a hash for each way to rename the members, so that a world can be hashed under all of them.

import { Writer, encode } from '../../kernel/base/codec.ts';
import { Digest, finish, mix, mixUint } from '../../kernel/base/digest.ts';
import { nodeId, type NodeId } from '../../kernel/base/ids.ts';
import { raftImageCodec, type RaftImage } from '../../kernel/raft/image.ts';
import { groupMessageCodec, type GroupMessage } from '../../kernel/raft/message.ts';
import { MODES, type ProgressImage } from '../../kernel/raft/progress.ts';
import type { Bounds } from './bounds.ts';
import type { Sight, Violation } from './claims.ts';
import { CLIENT, Member, proposalNumber, type Deed, type Sent } from './member.ts';
import { Pairs } from './pairs.ts';
import { anyPastRequest, isPastAnswer, isPastRequest } from './past.ts';
import { renamings, type Renaming } from './renamings.ts';

export interface Frame {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly message: GroupMessage;
}

export interface MemberState {
  readonly image: RaftImage;
  readonly sight: Sight;
  /** The last term it has voted in, and for whom. */
  readonly votedTerm: number;
  readonly votedFor: number;
}

export interface Step {
  /** The number of the state it leads to. */
  readonly next: number;
  /** Numbers of the frames that leave. */
  readonly frames: readonly number[];
  /** Answers to the client: the proposal that won, 0 for none. */
  readonly told: readonly number[];
  readonly reads: readonly { readonly number: number; readonly winner: number }[];
  readonly violation: Violation | undefined;
}

/** What makes a state: the image, and what only the claims remember. */
interface Remembered {
  readonly image: RaftImage;
  readonly votedTerm: number;
  readonly votedFor: number;
  readonly led: number;
  readonly learnt: readonly number[];
}

/** Codes of deeds that are not deliveries; a delivery's is DELIVER and the number of the frame. */
export const STAND = 0;
export const BEAT = 1;
export const CRASH = 2;
export const PROPOSE = 8;
export const READ = 16;
export const DELIVER = 32;

export class Members {
  readonly renamings: readonly Renaming[];
  readonly states: MemberState[] = [];
  readonly frames: Frame[] = [];
  readonly steps: Step[] = [];
  /** Two hash words for each renaming: of states, and of frames. */
  readonly stateHashes: number[] = [];
  readonly frameHashes: number[] = [];
  /** Steps in which somebody voted. */
  votes = 0;
  /** A frame whose time was over was heeded, or a time came back: all of them have to be kept. */
  heedsPast = false;
  /** Frames that were tried so. */
  tried = 0;
  private readonly late: boolean;
  /** By node: its states, and the frames to it. */
  private readonly statesOf: readonly number[][];
  private readonly framesTo: readonly number[][];
  /** By frame: the one that stands for it once its time is over. */
  private readonly standIns: number[] = [];
  private readonly byPlace: readonly Member[];
  private readonly known = new Pairs();
  private readonly stepOf = new Pairs();
  private readonly triedPast = new Pairs();
  private readonly frameOf = new Map<string, number>();
  private readonly writer = new Writer();

  constructor(bounds: Bounds) {
    this.late = bounds.late;
    this.statesOf = Array.from({ length: bounds.nodes + 1 }, () => []);
    this.framesTo = Array.from({ length: bounds.nodes + 1 }, () => []);
    this.renamings = renamings(bounds.nodes, bounds.symmetry);
    this.byPlace = Array.from({ length: bounds.nodes }, (_, place) => new Member(bounds, nodeId(place + 1)));
  }

  /** The numbers of the states that members begin in. */
  first(): readonly number[] {
    return this.byPlace.map((member) => this.intern(member.self, { image: member.first(), votedTerm: 0, votedFor: 0, led: 0, learnt: [0, 1] }));
  }

  step(state: number, code: number): Step {
    const known = this.stepOf.find(state, code);
    if (known >= 0) return this.steps[known] as Step;
    const made = this.take(this.states[state] as MemberState, this.deedOf(code));
    this.stepOf.add(state, code);
    this.steps.push(made);
    return made;
  }

  deedOf(code: number): Deed {
    if (code >= DELIVER) {
      const { from, message } = this.frames[code - DELIVER] as Frame;
      return { kind: 'deliver', from, message };
    }
    if (code >= READ) return { kind: 'read', number: code - READ };
    if (code >= PROPOSE) return { kind: 'propose', number: code - PROPOSE };
    return { kind: code === STAND ? 'stand' : code === BEAT ? 'beat' : 'crash' };
  }

  private take(before: MemberState, deed: Deed): Step {
    const { node } = before.sight;
    const { image, sent, failed } = (this.byPlace[node - 1] as Member).perform(before.image, deed);
    const votes = voted(before, node, sent);
    if (votes.given) this.votes++;
    const led = image.role === 'leader' ? before.sight.led | (1 << image.term) : before.sight.led;
    const learnt = before.sight.learnt.slice();
    while (learnt.length <= image.commit) learnt.push(image.term);
    const next = this.intern(node, { image, votedTerm: votes.term, votedFor: votes.candidate, led, learnt });
    if (this.sightOf(next).stands && !before.sight.stands && image.term === before.sight.term) this.heedsPast = true;
    const frames: number[] = [];
    const told: number[] = [];
    const reads: Step['reads'][number][] = [];
    for (const { to, message } of sent) {
      if (message.kind === 'submitted') told.push('record' in message.outcome ? proposalNumber(message.outcome.record.proposal.proposal) : 0);
      else if (message.kind === 'readReply') reads.push({ number: message.token, winner: message.lookup.kind === 'found' ? proposalNumber(message.lookup.record.proposal.proposal) : 0 });
      else if (to !== CLIENT) frames.push(this.frame(nodeId(node), to, message));
    }
    const violation = failed === undefined ? (votes.violation ?? goneBack(before.sight, this.sightOf(next)) ?? misdecided(image, node)) : { claim: 'assertions', text: `node ${node}: an assertion of the kernel failed: ${failed}` };
    return { next, frames, told, reads, violation };
  }

  sightOf(state: number): Sight {
    return (this.states[state] as MemberState).sight;
  }

  private frame(from: NodeId, to: NodeId, message: GroupMessage): number {
    const bytes = encode(groupMessageCodec, message);
    const key = `${from}>${to}:${String.fromCharCode(...bytes)}`;
    const known = this.frameOf.get(key);
    if (known !== undefined) return known;
    const digest = new Digest();
    for (const byte of bytes) digest.word(byte);
    for (const renamed of this.renamings) {
      const ends = (renamed[from] as number) * 16 + (renamed[to] as number);
      this.frameHashes.push(finish(mix(mix(0x66726d, digest.high), ends)), finish(mix(mix(0x77696e, digest.low), ends)));
    }
    const number = this.frames.push({ from, to, message }) - 1;
    this.frameOf.set(key, number);
    (this.framesTo[to] as number[]).push(number);
    for (const state of this.statesOf[to] as number[]) this.tryPast(state, number);
    return number;
  }

  /** The frame that stands for a request once its time is over. */
  standIn(frame: number): number {
    const { from, to, message } = this.frames[frame] as Frame;
    return (this.standIns[frame] ??= this.frame(from, to, anyPastRequest(message)));
  }

  /** Of a request whose time is over, or a stand-in of such: it may arrive again and again. */
  isStandIn(frame: number): boolean {
    const { message } = this.frames[frame] as Frame;
    return (message.kind === 'append' || message.kind === 'vote') && message.term === 0;
  }

  /** Is a frame whose time is over heeded in this state? What differs in names only is tried once. */
  private tryPast(state: number, frame: number): void {
    if (this.late) return;
    const { sight } = this.states[state] as MemberState;
    const { from, message } = this.frames[frame] as Frame;
    const request = isPastRequest(message, sight) && !this.isStandIn(frame);
    if (!request && !isPastAnswer(message, sight)) return;
    if (!this.isNew(state, frame)) return;
    this.tried++;
    const expected: Deed = request ? { kind: 'deliver', from, message: anyPastRequest(message) } : { kind: 'idle' };
    if (this.reaction(state, { kind: 'deliver', from, message }) !== this.reaction(state, expected)) this.heedsPast = true;
  }

  private isNew(state: number, frame: number): boolean {
    const words = this.renamings.length * 2;
    let high = 0;
    let low = 0;
    for (let word = 0; word < words; word += 2) {
      const h = ((this.stateHashes[state * words + word] as number) + (this.frameHashes[frame * words + word] as number)) | 0;
      const l = ((this.stateHashes[state * words + word + 1] as number) + (this.frameHashes[frame * words + word + 1] as number)) | 0;
      if (word === 0 || h < high || (h === high && l < low)) {
        high = h;
        low = l;
      }
    }
    if (this.triedPast.find(high, low) >= 0) return false;
    this.triedPast.add(high, low);
    return true;
  }

  /** What a member becomes and says, as a text. */
  private reaction(state: number, deed: Deed): string {
    const known = this.states[state] as MemberState;
    const { node, led, learnt } = known.sight;
    const { image, sent, failed } = (this.byPlace[node - 1] as Member).perform(known.image, deed);
    const words = this.hash(node, { ...known, image, led, learnt }, this.renamings[0] as Renaming);
    return [words.join(' '), ...sent.map((one) => `${one.to}: ${one.message.hash}`), ...(failed === undefined ? [] : [failed])].join('; ');
  }

  private intern(node: number, one: Remembered): number {
    const core = this.coreOf(one);
    const peers = peerWords(one.image);
    const [high, low] = this.hash(node, one, this.renamings[0] as Renaming, core, peers);
    const known = this.known.find(high, low);
    if (known >= 0) return known;
    this.known.add(high, low);
    for (const renamed of this.renamings) this.stateHashes.push(...this.hash(node, one, renamed, core, peers));
    const { image, votedTerm, votedFor, led, learnt } = one;
    const number = this.states.push({ image, votedTerm, votedFor, sight: sightOf(node, image, led, learnt) }) - 1;
    (this.statesOf[node] as number[]).push(number);
    for (const frame of this.framesTo[node] as number[]) this.tryPast(number, frame);
    return number;
  }

  private hash(node: number, one: Remembered, renamed: Renaming, core: Digest = this.coreOf(one), peers: readonly number[] = peerWords(one.image)): readonly [high: number, low: number] {
    const { vote, leader } = one.image;
    const names = (((renamed[node] as number) * 16 + (renamed[vote] as number)) * 16 + (renamed[leader] as number)) * 16 + (renamed[one.votedFor] as number);
    let sumHigh = 0;
    let sumLow = 0;
    for (let place = 0; place < peers.length; place += 2) {
      const peer = renamed[(place >> 1) + 1] as number;
      sumHigh = (sumHigh + finish(mix(peers[place] as number, peer))) | 0;
      sumLow = (sumLow + finish(mix(peers[place + 1] as number, peer))) | 0;
    }
    return [finish(mix(mix(mix(0x68, core.high), names), sumHigh)), finish(mix(mix(mix(0x6c, core.low), names), sumLow))];
  }

  /** All of a state that does not change when members are renamed. */
  private coreOf({ image, votedTerm, led, learnt }: Remembered): Digest {
    const writer = this.writer;
    writer.clear();
    raftImageCodec.write(writer, { ...image, vote: nodeId(0), leader: nodeId(0), granted: [], progress: [] });
    const digest = new Digest();
    const bytes = writer.view();
    for (let i = 0; i < bytes.length; i++) digest.word(bytes[i] as number);
    digest.word(votedTerm);
    digest.word(led);
    for (const term of learnt) digest.word(term);
    return digest;
  }
}

/** Two words for each peer: what it granted, and what a leader knows of it. */
function peerWords(image: RaftImage): readonly number[] {
  const words: number[] = [];
  const places = Math.max(image.granted.length, image.progress.length);
  for (let place = 0; place < places; place++) {
    const seed = image.granted.length === 0 ? 2 : image.granted[place] === true ? 1 : 0;
    const progress = image.progress[place];
    words.push(progress === undefined ? mix(0x70, seed) : hashProgress(mix(0x70, seed), progress), progress === undefined ? mix(0x71, seed) : hashProgress(mix(0x71, seed), progress));
  }
  return words;
}

/** All of it but times, which are the same in all states. */
function hashProgress(seed: number, p: ProgressImage): number {
  let h = mix(mix(seed, MODES.indexOf(p.mode)), p.waiting ? 1 : 0);
  for (const value of [p.match, p.next, p.round, p.snapshotIndex, p.offset, p.sentTo, p.wanted ? 1 : 0, p.inFlight.length, ...p.inFlight]) h = mixUint(h, value);
  return h;
}

function sightOf(node: number, image: RaftImage, led: number, learnt: readonly number[]): Sight {
  const terms = [0];
  const prefixes = [0];
  let prefix = 0;
  for (const entry of image.entries) {
    prefix = finish(mix(prefix, entry.hash));
    terms.push(entry.term);
    prefixes.push(prefix);
  }
  const record = image.machine.records[0];
  return { node, term: image.term, leads: image.role === 'leader', stands: image.role === 'candidate', led, terms, prefixes, commit: image.commit, learnt, winner: record === undefined ? 0 : proposalNumber(record.proposal.proposal) };
}

/** Whom it has voted for by what leaves it: a granted vote, and for itself where it asks for votes. */
function voted(before: MemberState, node: number, sent: readonly Sent[]): { readonly term: number; readonly candidate: number; readonly given: boolean; readonly violation?: Violation } {
  let { votedTerm: term, votedFor: candidate } = before;
  let given = false;
  for (const { to, message } of sent) {
    const asks = message.kind === 'vote' && !message.pre;
    if (!asks && !(message.kind === 'voteReply' && !message.pre && message.granted)) continue;
    given = true;
    const chosen = asks ? node : to;
    if (message.term < term) return { term, candidate, given, violation: { claim: 'one-vote', text: `node ${node} votes in term ${message.term}, after it has voted in term ${term}` } };
    if (message.term === term && chosen !== candidate) return { term, candidate, given, violation: { claim: 'one-vote', text: `node ${node} votes for ${chosen} in term ${term}, after it has voted for ${candidate} in it` } };
    term = message.term;
    candidate = chosen;
  }
  return { term, candidate, given };
}

function goneBack(before: Sight, after: Sight): Violation | undefined {
  const { node, commit } = before;
  if (after.term < before.term) return { claim: 'nothing-back', text: `node ${node} goes back from term ${before.term} to ${after.term}` };
  if (after.commit < commit) return { claim: 'nothing-back', text: `the commit index of node ${node} goes back from ${commit} to ${after.commit}` };
  if (after.prefixes[commit] !== before.prefixes[commit]) return { claim: 'nothing-back', text: `what node ${node} had committed up to ${commit} is another now` };
  return undefined;
}

/** The first proposal in what is applied has won. */
function misdecided(image: RaftImage, node: number): Violation | undefined {
  let first = 0;
  for (let index = 1; index <= image.applied && first === 0; index++) {
    const command = image.entries[index - 1]?.command;
    if (command?.kind === 'apply' && command.body.kind === 'decide') first = proposalNumber(command.body.proposal.proposal);
  }
  const held = image.machine.records.map((record) => proposalNumber(record.proposal.proposal));
  if (held.length === (first === 0 ? 0 : 1) && (held[0] ?? 0) === first) return undefined;
  return { claim: 'single-decide', text: `node ${node} has applied proposal ${first} first, and its register holds ${held.join(' and ') || 'nothing'}` };
}

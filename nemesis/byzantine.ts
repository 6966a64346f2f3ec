// Peers that lie, against what claims to bear it: the hello is signed, who answers a group must have a seat in it, what is of
// an earlier incarnation is not heard, a content is what its name says, a session is its opener's, and bytes that make no sense
// are refused. Voters fail by crashing: none of these faults lets one lie about votes or entries.

import { nodeId, type GroupId, type NeedId, type NodeId, type ProposalId } from '../kernel/base/ids.ts';
import { Random } from '../kernel/base/random.ts';
import { MS, type Micros } from '../kernel/base/time.ts';
import { placement } from '../kernel/decide/buckets.ts';
import { decideBody } from '../kernel/decide/command.ts';
import { bucketOf, makeProposal } from '../kernel/decide/record.ts';
import type { Message } from '../kernel/message.ts';
import { appendReply, snapshotChunk, snapshotReply, submit, takeOver, voteReply, type Submit } from '../kernel/raft/message.ts';
import type { Raft } from '../kernel/raft/raft.ts';
import type { Frame } from '../io/ports.ts';
import type { Host } from '../io/sim/host.ts';
import type { World } from '../io/sim/world.ts';
import { lasting, some, type Fault } from './fault.ts';

/** So many frames are remembered. A new one takes the place of any of them, so that some of them become old. */
const REMEMBERED = 128;

/** Frames of the nodes named, as somebody would know them who listens to all they say. */
class Listener {
  readonly frames: Frame[] = [];
  private readonly random: Random;
  private readonly forget: () => void;

  constructor(world: World, nodes: readonly number[], random: Random) {
    this.random = random;
    this.forget = world.network.tap((frame) => {
      if (nodes.includes(frame.from)) this.remember(frame);
      return frame;
    });
  }

  private remember(frame: Frame): void {
    if (this.frames.length < REMEMBERED) this.frames.push(frame);
    else this.frames[this.random.below(4 * REMEMBERED)] = frame;
    this.frames.length = Math.min(this.frames.length, REMEMBERED);
  }

  end(): void {
    this.forget();
  }
}

/** A node that faults pass by now, or that is not what it was: what was said before is no play with time there. */
const isApart = (world: World, node: NodeId): boolean => world.network.isSpared(node) || world.host(node).spared || world.host(node).damaged;

/** Calls `act` at intervals until what is returned is called. */
function repeatedly(world: World, everyUs: Micros, act: () => void): () => void {
  let over = false;
  const turn = (): void => {
    if (over) return;
    act();
    world.at(world.now + Math.max(1, everyUs), turn);
  };
  world.at(world.now + Math.max(1, everyUs), turn);
  return () => {
    over = true;
  };
}

/** The nodes named start again once on the way, so that some of what is said again is of an earlier incarnation. */
const DOWN_US: Micros = 20 * MS;

export const oldFrames: Fault = {
  name: 'old-frames',
  about: 'what the nodes named said is said again in their name, in any order, much later, and after they have started again; nobody may believe it twice',
  unit: 'microseconds between two old frames',
  strongest: 1_000 * MS,
  milder: 'larger',
  draw: (draw, site) => ({ kind: 'old-frames', from: site.from, until: lasting(draw, site), nodes: some(draw, site), strength: draw.pick([1, 5, 30]) * MS }),
  begin: (world, episode) => {
    const random = Random.of(world.seed, 'old-frames', episode.from);
    const listener = new Listener(world, episode.nodes, random);
    const struck = random.pick(episode.nodes);
    world.at(world.now + ((episode.until - episode.from) >> 1), () => {
      const host = world.host(struck);
      if (host.loop?.phase === 'running') world.crash(host, 'kept', DOWN_US);
    });
    const stop = repeatedly(world, episode.strength, () => {
      if (listener.frames.length === 0) return;
      const frame = random.pick(listener.frames);
      if (isApart(world, frame.from) || isApart(world, frame.to)) return;
      world.count('old-frames', 1);
      world.intrude(world.now + 1, frame);
    });
    return () => {
      stop();
      listener.end();
    };
  },
};

export const garbage: Fault = {
  name: 'garbage',
  about: 'bytes arrive that are no frame, or nearly one; the decoder refuses them, and what it takes for a frame comes of somebody who is no node of the network',
  unit: 'microseconds between two of them',
  strongest: 1_000 * MS,
  milder: 'larger',
  draw: (draw, site) => ({ kind: 'garbage', from: site.from, until: lasting(draw, site), nodes: some(draw, site), strength: draw.pick([2, 10, 50]) * MS }),
  begin: (world, episode) => {
    const random = Random.of(world.seed, 'garbage', episode.from);
    const listener = new Listener(world, episode.nodes, random);
    const stop = repeatedly(world, episode.strength, () => {
      if (listener.frames.length === 0) return;
      const frame = random.pick(listener.frames);
      const understood = world.network.understood(frame, (bytes) => spoilt(bytes, random));
      world.count('garbage', 1);
      if (understood !== undefined) world.intrude(world.now + 1, { ...understood, from: nodeId(world.parameters.nodes + 1), to: frame.to });
    });
    return () => {
      stop();
      listener.end();
    };
  },
};

/** Some bytes are others, or missing, or there are more of them; now and then nothing is left of what it was. */
function spoilt(bytes: Uint8Array, random: Random): Uint8Array {
  const kind = random.below(8);
  if (kind === 0) return Uint8Array.from({ length: random.below(64) }, () => random.below(256));
  if (kind === 1) return bytes.slice(0, random.below(bytes.length));
  if (kind === 2) return Uint8Array.of(...bytes, ...bytes.subarray(random.below(bytes.length)));
  const out = bytes.slice();
  for (let flips = 1 + random.below(4); flips > 0; flips--) out[random.below(out.length)] = random.below(256);
  return out;
}

export const falseAnswers: Fault = {
  name: 'false-answers',
  about: 'nodes answer groups in which they have no seat: they hold everything, they grant every vote, they took the snapshot, others should take over; and they use the sessions of others',
  unit: 'microseconds between two attempts, each at one member of one group',
  strongest: 10_000 * MS,
  milder: 'larger',
  draw: (draw, site) => ({ kind: 'false-answers', from: site.from, until: lasting(draw, site), nodes: some(draw, site), strength: draw.pick([1, 4, 20]) * MS }),
  begin: (world, episode) => {
    const random = Random.of(world.seed, 'false-answers', episode.from);
    const heard = new Map<GroupId, Frame & { readonly message: Submit }>();
    const deaf = world.network.tap((frame) => {
      const { message } = frame;
      if (message.kind === 'submit') heard.set(message.group, { ...frame, message });
      return frame;
    });
    const stop = repeatedly(world, episode.strength, () => {
      const to = world.host(random.pick(world.ids));
      const from = world.host(random.pick(episode.nodes));
      const groups = to.loop?.phase === 'running' ? to.loop.kernel.groups : [];
      if (groups.length === 0 || from === to || from.loop?.phase !== 'running' || isApart(world, to.id)) return;
      const member = random.pick(groups);
      if (hasSeat(world, member, from)) return;
      world.count('false-answers', 1);
      const last = heard.get(member.group);
      const stolen = last === undefined || last.from === from.id ? [] : [theft(world, last.message, from.id)];
      // From the beginning of its journal: what is said in vain must not make anybody remember more of it than there is.
      for (const message of [...answersOf(member, random), ...stolen]) world.intrude(world.now + 1, { from: from.id, to: to.id, incarnation: from.loop.incarnation, sequence: 1, index: 0, message });
    });
    return () => {
      stop();
      deaf();
    };
  },
};

/** As far as any member knows, or once knew: a lie of one that will be given a seat would be a lie of a voter. */
function hasSeat(world: World, member: Raft, host: Host): boolean {
  const knows = (one: Raft | undefined): boolean => {
    const configuration = one?.electorate.configuration;
    if (configuration === undefined) return false;
    const { voters, outgoing, learners, goal } = configuration;
    return [voters, outgoing, learners].some((seats) => seats.some((seat) => seat.node === host.id)) || goal.voters.includes(host.id);
  };
  return world.hosts.some((one) => one.id > 0 && knows(one.loop?.kernel.member(member.group)));
}

/** A name that no content has. */
const NO_CONTENT = '0'.repeat(64);

function answersOf(member: Raft, random: Random): readonly Message[] {
  const { group } = member;
  const term = member.term;
  const last = member.lastIndex + random.below(3);
  return [
    voteReply(group, true, term + 1, true),
    voteReply(group, false, term, true),
    appendReply(group, term, true, last, random.below(64)),
    snapshotReply(group, term, last, NO_CONTENT, 0, 'done', 0),
    takeOver(group, term),
  ];
}

const MOST_NAMES = 2_000;

/** The next that the owner of a session, who was just heard, would say in it: and something that nobody asked for. */
function theft(world: World, { group, session, sequence, answered }: Submit, from: NodeId): Message {
  const owners = placement(world.parameters.groups);
  let need = '0/stolen' as NeedId;
  // The group must think that it is asked for what is its own.
  for (let number = 0; owners[bucketOf(need)] !== group && number < MOST_NAMES; number++) need = `0/stolen-${number}` as NeedId;
  const proposal = makeProposal(need, bucketOf(need), 'nobody-asked' as ProposalId, from, 1, 0);
  return submit(group, session, sequence + 1, answered, decideBody(proposal));
}

export const falseContent: Fault = {
  name: 'false-content',
  about: 'nodes send contents that are not what their name says (1), or withhold them (2), whatever their store holds',
  unit: '1: a byte of a chunk is another one; 2: chunks are never sent',
  strongest: 2,
  needs: 'content',
  draw: (draw, site) => ({ kind: 'false-content', from: site.from, until: lasting(draw, site), nodes: some(draw, site), strength: draw.between(1, 2) }),
  begin: (world, episode) => {
    const random = Random.of(world.seed, 'false-content', episode.from);
    return world.network.tap((frame) => {
      const { message } = frame;
      if (message.kind !== 'snapshot' || !episode.nodes.includes(frame.from) || world.network.isSpared(frame.from)) return frame;
      // A liar that never told the truth would only be slow: one chunk in four is as it should be.
      if (random.below(4) === 0) return frame;
      world.count('false-content', 1);
      if (episode.strength === 2) return undefined;
      const bytes = message.bytes.slice();
      const place = random.below(bytes.length);
      bytes[place] = (bytes[place] as number) ^ (1 + random.below(255));
      return { ...frame, message: snapshotChunk({ ...message, bytes }) };
    });
  },
};

// No effect before durability, on the system calls of a live node: votes and acknowledgements as a peer gets them, replies as a
// client gets them, against the syncs of the journal as strace sees them. The planted bug shows that the look is sharp enough.

import { describe, expect, test } from 'vitest';
import { LiveNetwork, NETWORK_DEFAULTS } from '../../io/live/network.ts';
import { FileSigner } from '../../io/live/signer.ts';
import type { Frame } from '../../io/ports.ts';
import { groupId, nodeId } from '../../kernel/base/ids.ts';
import { hello, helloText } from '../../kernel/hello.ts';
import type { Message } from '../../kernel/message.ts';
import { makeEntry, noop } from '../../kernel/raft/entry.ts';
import { append, voteRequest } from '../../kernel/raft/message.ts';
import { refoldDirectory } from '../data-directory.ts';
import { LIVE_DECIDE, LIVE_RAFT, networkHash } from './network-definition.ts';
import { eventually } from './testing/lone-node.ts';
import { TracedNode, untraceable, type Early } from './testing/traced-node.ts';

const cannot = untraceable();
const EARLY = 'loop/effect-before-durable';
const ACKS = 10;
const REPLIES = 10;
const G0 = groupId(0);

/** Node 2 of 3, played by the test: it asks node 1 for its vote, and then leads it. */
class Candidate {
  readonly heard: Frame[] = [];
  private readonly node: TracedNode;
  private readonly network: LiveNetwork;
  private readonly hash: string;
  private sequence = 1;

  constructor(node: TracedNode) {
    this.node = node;
    this.hash = networkHash({ name: 'traced', groups: 1, members: node.members, raft: LIVE_RAFT, decide: { ...LIVE_DECIDE, epochUs: 3_600_000_000 } });
    const key = node.keys[1] as (typeof node.keys)[number];
    this.network = new LiveNetwork({ ...NETWORK_DEFAULTS, network: this.hash, self: nodeId(2), key, members: node.members, listen: node.members[1]?.addresses ?? [], version: 'test' }, (frame) => {
      this.heard.push(frame);
      node.saw(frame.message.kind, frame.sequence);
    });
  }

  async lead(): Promise<void> {
    await this.network.start();
    const signature = new FileSigner(this.node.keys[1] as (typeof this.node.keys)[number]).sign(helloText(this.hash, nodeId(2), 1, 7, 1));
    let term = 10;
    await eventually(async () => {
      this.say(hello(1, 7, 1, signature, true, false, 0));
      this.say(voteRequest(G0, false, ++term, 0, 0));
      await new Promise((resolve) => setTimeout(resolve, 5 * LIVE_RAFT.heartbeatUs / 1_000));
      return this.heard.map((frame) => frame.message);
    }, (heard) => heard.some((message) => message.kind === 'voteReply' && !message.pre && message.granted && message.term === term), 30_000);
    for (let index = 0; index < ACKS; index++) {
      await eventually(async () => {
        this.say(append(G0, term, index, index === 0 ? 0 : term, [makeEntry(term, noop)], 0, 0));
        await new Promise((resolve) => setTimeout(resolve, LIVE_RAFT.heartbeatUs / 1_000));
        return this.heard.map((frame) => frame.message);
      }, (heard) => heard.some((message) => message.kind === 'appendReply' && message.ok && message.match > index), 30_000);
    }
  }

  end(): Promise<void> {
    return this.network.stop();
  }

  private say(message: Message): void {
    this.network.send({ from: nodeId(2), to: nodeId(1), incarnation: 1, sequence: ++this.sequence, index: 0, message });
  }
}

/** What a peer got of a node that votes and acknowledges. */
async function toPeer(mutant?: string): Promise<Early[]> {
  const node = await TracedNode.start(3, mutant);
  const candidate = new Candidate(node);
  try {
    await candidate.lead();
    return await node.judge();
  } finally {
    await candidate.end();
    await node.clear();
  }
}

/** What a client got of a node that decides on its own. */
async function toClient(mutant?: string): Promise<Early[]> {
  const node = await TracedNode.start(1, mutant);
  const url = `http://127.0.0.1:${node.httpPort}`;
  const places = new Map<string, number>();
  try {
    await eventually(() => fetch(`${url}/ready`).then((answer) => answer.status, () => 0), (status) => status === 200, 30_000);
    const got: { need: string; atMs: number }[] = [];
    for (let i = 0; i < REPLIES; i++) {
      const need = `0/n${i}`;
      const answer = await fetch(`${url}/v1/decide`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ need, proposal: 'p' }) });
      got.push({ need, atMs: performance.timeOrigin + performance.now() });
      expect(answer.status).toBe(200);
    }
    await node.judge();
    refoldDirectory(node.data, { writing: {}, fromBoot: true, until: Number.MAX_SAFE_INTEGER, seen: (event, effects) => {
      for (const effect of effects) if (effect.kind === 'reply' && effect.answer.kind === 'decided') places.set(effect.answer.record.proposal.need, event.sequence);
    } });
    for (const { need, atMs } of got) node.seen.push({ what: 'reply', sequence: places.get(need) as number, atMs });
    return await node.judge();
  } finally {
    await node.clear();
  }
}

const early = (effects: readonly Early[]): string[] => effects.filter(({ byMs }) => byMs > 0).map(({ what, byMs }) => `${what}, ${byMs.toFixed(1)} ms early`);
const count = (effects: readonly Early[], what: string): number => effects.filter((effect) => effect.what === what).length;

describe('on system calls', () => {
  test('votes and acknowledgements leave when the sync of their batch has ended', async ({ skip }) => {
    if (cannot !== undefined) skip(cannot);
    const effects = await toPeer();
    expect(early(effects)).toEqual([]);
    expect(count(effects, 'voteReply')).toBeGreaterThan(0);
    expect(count(effects, 'appendReply')).toBeGreaterThanOrEqual(ACKS);
  }, 90_000);

  test('a node that does not wait is seen to vote and acknowledge early', async ({ skip }) => {
    if (cannot !== undefined) skip(cannot);
    const found = early(await toPeer(EARLY));
    expect(found.some((line) => line.startsWith('voteReply'))).toBe(true);
    expect(found.some((line) => line.startsWith('appendReply'))).toBe(true);
  }, 90_000);

  test('replies to clients leave when the sync of their batch has ended', async ({ skip }) => {
    if (cannot !== undefined) skip(cannot);
    const effects = await toClient();
    expect(early(effects)).toEqual([]);
    expect(count(effects, 'reply')).toBe(REPLIES);
  }, 90_000);

  test('a node that does not wait is seen to reply early', async ({ skip }) => {
    if (cannot !== undefined) skip(cannot);
    expect(early(await toClient(EARLY)).length).toBe(REPLIES);
  }, 90_000);
});

// Replicas that speak over links that lose, double, reorder and separate, crash between any two messages, and are lied to.

import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { decode, encode, MAX_EVENT_BYTES } from '../base/codec.ts';
import { nodeId, type NodeId } from '../base/ids.ts';
import { Random } from '../base/random.ts';
import { SECOND, type Micros } from '../base/time.ts';
import type { Context } from '../context.ts';
import type { Answer } from '../effect.ts';
import { messageCodec, type Message } from '../message.ts';
import { Exchange, exchangeImageCodec } from './exchange.ts';
import { meaning } from './image.ts';
import { MAX_CONTENTS, WINDOW } from './log.ts';
import { planOps, type PlanMessage } from './message.ts';
import { MAX_SEQ, op, type Body, type Op } from './op.ts';
import { Plan, PLAN_DEFAULTS } from './plan.ts';

// Much of it takes long on a machine that does other things.
vi.setConfig({ testTimeout: 120_000 });

const EVERY = 30 * SECOND;
const MAX_IMAGE = 1 << 26;

/** One replica: an exchange, and what it wants sent. It survives by its image alone, through bytes. */
class Replica implements Context {
  readonly self: NodeId;
  at: Micros = 0;
  wall = 0;
  sequence = 0;
  readonly random: Random;
  exchange: Exchange;
  readonly out: { readonly to: NodeId; readonly bytes: Uint8Array }[] = [];
  readonly answers: Answer[] = [];
  largest = 0;
  private readonly nodes: number;

  constructor(self: number, nodes: number) {
    this.self = nodeId(self);
    this.nodes = nodes;
    this.random = Random.of(self, 'replica');
    this.exchange = this.empty();
  }

  private empty(): Exchange {
    return new Exchange(this.self, this.nodes, EVERY, 0, PLAN_DEFAULTS);
  }

  crash(): void {
    const decoded = decode(exchangeImageCodec, encode(exchangeImageCodec, this.exchange.image()), MAX_IMAGE);
    if (!decoded.ok) throw new Error(decoded.reason);
    this.exchange = this.empty();
    this.exchange.restore(decoded.value);
  }

  hears(from: NodeId, bytes: Uint8Array): void {
    const decoded = decode(messageCodec, bytes);
    if (!decoded.ok) throw new Error(decoded.reason);
    this.exchange.receive(this, from, decoded.value as PlanMessage);
  }

  send(to: NodeId, message: Message): void {
    const bytes = encode(messageCodec, message);
    this.largest = Math.max(this.largest, bytes.length);
    this.out.push({ to, bytes });
  }

  reply(_request: unknown, answer: Answer): void {
    this.answers.push(answer);
  }

  call(): number {
    throw new Error('the plan asks no service');
  }

  fact(): void {}
  signal(): void {}
  deadline(): void {}
}

/** A world of replicas, with everything that happens drawn from one stream. */
class Network {
  readonly replicas: Replica[];
  readonly random: Random;
  private inFlight: { readonly from: NodeId; readonly to: NodeId; readonly bytes: Uint8Array }[] = [];
  /** Of a node: nobody hears it, and it hears nobody. */
  readonly away: Set<number> = new Set();
  /** Of a hundred messages: lost, and doubled. */
  lossy = 0;

  constructor(seed: number, nodes: number) {
    this.random = Random.of(seed, 'network');
    this.replicas = Array.from({ length: nodes }, (_, i) => new Replica(i + 1, nodes));
  }

  collect(): void {
    for (const replica of this.replicas) {
      for (const { to, bytes } of replica.out.splice(0)) {
        const copies = this.random.below(100) < this.lossy ? this.random.below(3) : 1;
        for (let i = 0; i < copies; i++) this.inFlight.push({ from: replica.self, to, bytes });
      }
    }
  }

  /** Delivers some of what is under way, in any order; what is cut off is lost. */
  deliver(most: number): void {
    for (let i = 0; i < most && this.inFlight.length > 0; i++) {
      const [message] = this.inFlight.splice(this.random.below(this.inFlight.length), 1);
      if (message === undefined || this.away.has(message.from) || this.away.has(message.to)) continue;
      this.replicas[message.to - 1]?.hears(message.from, message.bytes);
      this.collect();
    }
  }

  edit(node: number, body: Body, thread = 'north'): void {
    const replica = this.replicas[node - 1] as Replica;
    replica.exchange.request(replica, { client: 1, number: 1 }, 0, thread, body);
    this.collect();
  }

  /** Everybody's interval passes once. */
  round(): void {
    for (const replica of this.replicas) {
      replica.at += EVERY;
      replica.exchange.due(replica);
      this.collect();
    }
  }

  heal(rounds: number = 2 * this.replicas.length): void {
    this.away.clear();
    this.lossy = 0;
    for (let i = 0; i < rounds; i++) {
      this.round();
      this.deliver(1_000_000);
    }
  }

  expectSame(): void {
    const [first, ...others] = this.replicas.map((replica) => Buffer.from(meaning(replica.exchange.plan)).toString('hex'));
    for (const other of others) expect(other).toBe(first);
    for (const replica of this.replicas) expect(replica.largest).toBeLessThan(MAX_EVENT_BYTES);
  }
}

function drawBody(random: Random): Body {
  const task = `t${random.below(6)}`;
  switch (random.below(7)) {
    case 0:
      return { kind: 'ADD_TASK', task, title: 'title' };
    case 1:
    case 2:
      return { kind: 'LINK', parent: task, child: `t${random.below(6)}` };
    case 3:
      return { kind: 'STATE', task, generation: random.below(3), rank: random.below(4) };
    case 4:
      return { kind: 'REOPEN', task, generation: random.below(2) };
    case 5:
      return { kind: random.below(2) === 0 ? 'REQUIRES' : 'PRODUCES', task, artifact: `a${random.below(2)}` };
    default:
      return { kind: 'ANNOTATE', task, key: `k${random.below(2)}`, value: `v${random.below(50)}` };
  }
}

/** What each task stands at: a state that goes back without a new generation is a rewind. */
function standing(plan: Plan): Map<string, readonly [number, number]> {
  const out = new Map<string, readonly [number, number]>();
  for (const thread of plan.all) for (const task of thread.tasks) out.set(`${thread.name}/${task.name}`, [task.generation, task.rank]);
  return out;
}

function expectForward(before: Map<string, readonly [number, number]>, after: Map<string, readonly [number, number]>): void {
  for (const [task, [generation, rank]] of before) {
    const [nextGeneration, nextRank] = after.get(task) as readonly [number, number];
    expect(nextGeneration).toBeGreaterThanOrEqual(generation);
    if (nextGeneration === generation) expect(nextRank).toBeGreaterThanOrEqual(rank);
  }
}

describe('replicas of the plan', () => {
  it('end alike after partitions, loss, doubling, reordering and crashes, and no state goes back on the way', () => {
    fc.assert(fc.property(fc.integer(), (seed) => {
      const network = new Network(seed, 10);
      const { random } = network;
      network.lossy = 40;
      let seen = network.replicas.map((replica) => standing(replica.exchange.plan));
      for (let step = 0; step < 120; step++) {
        const node = 1 + random.below(10);
        const act = random.below(10);
        if (act < 6) network.edit(node, drawBody(random), random.pick(['north', 'south']));
        else if (act === 6) network.round();
        else if (act === 7) network.away.add(node);
        else if (act === 8) network.away.delete(random.pick([...network.away, 0]));
        else network.replicas[node - 1]?.crash();
        network.deliver(random.below(30));
        const now = network.replicas.map((replica) => standing(replica.exchange.plan));
        now.forEach((after, i) => expectForward(seen[i] as Map<string, readonly [number, number]>, after));
        seen = now;
      }
      network.heal();
      network.expectSame();
    }), { numRuns: 8 });
  });

  it('find what they believe differently of an author who lies, and keep a bounded number of its contents', () => {
    fc.assert(fc.property(fc.integer(), fc.integer({ min: 1, max: 300 }), (seed, honest) => {
      const network = new Network(seed, 4);
      const { random } = network;
      const said: Op[] = [];
      for (let seq = 1; seq <= honest; seq++) said.push(op({ thread: 'north', actor: 'liar', seq, lamport: seq, body: { kind: 'ANNOTATE', task: 't1', key: 'k', value: `${seq}` } }));
      // Some numbers get another content for every replica, with times of their own; and more of them than anybody keeps.
      const forked = new Set(Array.from({ length: 3 }, () => 1 + random.below(honest)));
      network.replicas.forEach((replica, i) => {
        for (const it of said) {
          const contents = forked.has(it.seq) ? Array.from({ length: 2 }, (_, k) => op({ ...it, lamport: 1 + random.below(1_000), body: { kind: 'ANNOTATE', task: 't1', key: 'k', value: `to ${i}, ${k}` } })) : [it];
          replica.exchange.receive(replica, nodeId(1), planOps(contents, false));
        }
      });
      for (let node = 1; node <= 4; node++) network.edit(node, drawBody(random));
      network.deliver(1_000_000);
      network.heal(16);
      network.expectSame();
      for (const replica of network.replicas) {
        const log = replica.exchange.plan.log('liar');
        expect(log?.forks).toBe(forked.size);
        for (const seq of forked) expect([...(log?.entries(seq - 1, seq) ?? [])]).toHaveLength(MAX_CONTENTS);
      }
    }), { numRuns: 8 });
  });

  it('take back one that was away for a day, and nothing that was forgotten comes back', () => {
    const network = new Network(7, 4);
    const { random } = network;
    const early: Op[] = [];
    for (let i = 0; i < 30; i++) network.edit(1 + random.below(4), drawBody(random));
    network.heal();
    for (const entry of network.replicas[0]?.exchange.plan.entries() ?? []) if (entry.body !== undefined) early.push(entry);
    network.away.add(4);
    // 24 hours of intervals, in which the others go on.
    for (let i = 0; i < 2_880; i++) {
      if (i % 8 === 0) network.edit(1 + random.below(3), drawBody(random));
      if (i % 40 === 0) network.edit(4, drawBody(random));
      network.round();
      network.deliver(1_000_000);
    }
    network.heal();
    network.expectSame();
    network.heal();
    for (const replica of network.replicas) expect(replica.exchange.collected).toBeGreaterThan(20);
    const before = network.replicas.map((replica) => [replica.exchange.plan.size, Buffer.from(meaning(replica.exchange.plan)).toString('hex')]);
    for (const replica of network.replicas) replica.exchange.receive(replica, nodeId(1), planOps(early, false));
    expect(network.replicas.map((replica) => [replica.exchange.plan.size, Buffer.from(meaning(replica.exchange.plan)).toString('hex')])).toEqual(before);
  });

  it('forget nothing that somebody may not have', () => {
    const network = new Network(3, 3);
    network.edit(1, { kind: 'ANNOTATE', task: 't', key: 'k', value: 'old' });
    network.edit(1, { kind: 'ANNOTATE', task: 't', key: 'k', value: 'new' });
    network.away.add(3);
    for (let i = 0; i < 20; i++) {
      network.round();
      network.deliver(1_000);
    }
    for (const replica of network.replicas) expect(replica.exchange.collected).toBe(0);
    network.heal();
    network.heal();
    for (const replica of network.replicas) expect([replica.exchange.collected, replica.exchange.plan.size]).toEqual([1, 1]);
  });

  it('go on after a crash in the middle of a long exchange, without beginning anew', () => {
    const network = new Network(5, 2);
    network.away.add(2);
    for (let i = 0; i < 3_000; i++) network.edit(1, { kind: 'ANNOTATE', task: `task ${i}`, key: 'key', value: 'v'.repeat(100) });
    network.deliver(1_000_000);
    network.away.clear();
    const [first, second] = network.replicas as [Replica, Replica];
    const sizes: number[] = [];
    second.exchange.due(second);
    network.collect();
    for (let i = 0; i < 40; i++) {
      network.deliver(7);
      first.crash();
      second.crash();
      sizes.push(second.exchange.plan.size);
    }
    expect(sizes.some((size) => size > 300 && size < 2_000)).toBe(true);
    network.heal(2);
    network.expectSame();
    expect(second.exchange.plan.size).toBe(3_000);
  });
});

describe('what comes from outside', () => {
  const said = (seq: number, lamport: number): Op => op({ thread: 'north', actor: 'ann', seq, lamport, body: { kind: 'ADD_TASK', task: 't', title: '' } });

  it('is refused if its time is too far ahead, and taken once ours has come closer', () => {
    const plan = new Plan();
    const ahead = said(1, PLAN_DEFAULTS.maxAhead + 1);
    expect(plan.apply(ahead)).toBe('timeAhead');
    expect(plan.vector()).toEqual([]);
    expect(plan.apply(op({ thread: 'north', actor: 'bob', seq: 1, lamport: 1, body: { kind: 'ADD_TASK', task: 'u', title: '' } }))).toBe('new');
    expect(plan.apply(ahead)).toBe('new');
    expect(plan.apply(ahead)).toBe('duplicate');
  });

  it('is refused beyond the window of its author, of too many authors, and with a number that nobody reaches', () => {
    const plan = new Plan({ ...PLAN_DEFAULTS, maxActors: 1 });
    expect(plan.apply(said(WINDOW + 1, 1))).toBe('tooFarAhead');
    expect(plan.apply(said(WINDOW, 1))).toBe('new');
    expect(plan.apply(said(MAX_SEQ + 1, 1))).toBe('tooFarAhead');
    expect(plan.apply({ ...said(1, 1), actor: 'bob' })).toBe('unknownActor');
  });

  it('is answered with a reason if it is no edit', () => {
    const replica = new Replica(1, 1);
    const edit = (thread: string, body: Body): Answer | undefined => {
      replica.exchange.request(replica, { client: 1, number: 1 }, 0, thread, body);
      return replica.answers.at(-1);
    };
    expect(edit('north', { kind: 'ADD_TASK', task: '', title: '' })).toEqual({ kind: 'refused', why: 'nonsense' });
    expect(edit('', { kind: 'ADD_TASK', task: 't', title: '' })).toEqual({ kind: 'refused', why: 'nonsense' });
    expect(edit('north', { kind: 'STATE', task: 't', generation: -1, rank: 9 })).toEqual({ kind: 'refused', why: 'nonsense' });
    expect(edit('north', { kind: 'ANNOTATE', task: 't', key: 'k', value: 'v'.repeat(3_000) })).toEqual({ kind: 'refused', why: 'nonsense' });
    expect(edit('north', { kind: 'ADD_TASK', task: 't', title: '' })).toMatchObject({ kind: 'planned', seq: 1, lamport: 1 });
  });
});

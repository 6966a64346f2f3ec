import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { groupId, nodeId, type NeedId } from '../../kernel/base/ids.ts';
import { readRequest } from '../../kernel/raft/message.ts';
import { networkContract, type NetworkSubject } from '../contract/network.ts';
import type { Frame } from '../ports.ts';
import type { LostWhy } from './evidence.ts';
import { LINK_FAULTS, SimNetwork, type LinkFaultKind, type NetworkWorld } from './network.ts';
import { EventQueue } from './queue.ts';

const MEMBERS = 5;

/** A world with nothing in it but a network; node 5 is not there. */
class Bench implements NetworkWorld, NetworkSubject {
  now = 0;
  readonly absent = nodeId(5);
  readonly network: SimNetwork;
  readonly arrived: { at: number; frame: Frame }[] = [];
  readonly losses: LostWhy[] = [];
  doubles = 0;
  private readonly queue = new EventQueue();

  constructor(seed = 1, encoded = false) {
    this.network = new SimNetwork(this, seed, MEMBERS, 100, 600, encoded);
  }

  deliverAt(at: number, frame: Frame): void {
    this.queue.push(at, 0, frame);
  }

  sent(): void {}

  lost(_frame: Frame, why: LostWhy): void {
    this.losses.push(why);
  }

  duplicated(): void {
    this.doubles++;
  }

  received(node: number): Frame[] {
    return this.arrived.filter(({ frame }) => frame.to === node && node !== this.absent).map(({ frame }) => frame);
  }

  settle(): Promise<void> {
    while (this.queue.size > 0) {
      this.queue.pop();
      this.now = this.queue.time;
      this.arrived.push({ at: this.now, frame: this.queue.payload as Frame });
    }
    return Promise.resolve();
  }

  disturb(kind: LinkFaultKind, strength: number): () => void {
    const everybody = Array.from({ length: MEMBERS }, (_, i) => nodeId(i + 1));
    const fault = { kind, from: everybody, to: everybody, strength };
    this.network.begin(fault);
    return () => this.network.end(fault);
  }
}

const frame = (from: number, to: number, sequence: number): Frame => ({
  from: nodeId(from), to: nodeId(to), incarnation: 1, sequence, index: 0, message: readRequest(groupId(0), sequence, `0/n${sequence}` as NeedId),
});

describe.each([['as it is', false], ['through the codec', true]] as const)('the simulated network, frames %s', (_, encoded) => {
  test.each(networkContract.map((one) => [one.claim, one] as const))('%s', async (__, one) => {
    await one.check(new Bench(1, encoded));
  });
});

describe('a fault of the simulated network', () => {
  const sendMany = async (bench: Bench, count: number): Promise<number[]> => {
    const before = bench.arrived.length;
    for (let i = 1; i <= count; i++) {
      bench.network.send(frame(1, 2, i));
      bench.now += 50;
    }
    await bench.settle();
    return bench.arrived.slice(before).map((one) => one.frame.sequence);
  };
  const all = Array.from({ length: 400 }, (_, i) => i + 1);

  test.each(LINK_FAULTS.map((kind) => [kind] as const))('%s happens while it is on, and not afterwards', async (kind) => {
    const bench = new Bench();
    const strength = { partition: 1, 'one-way': 1, slow: 40_000, drop: 300_000, duplicate: 300_000, reorder: 30_000, corrupt: 300_000, narrow: 500_000, clog: 5_000 }[kind];
    const end = bench.disturb(kind, strength);
    const during = await sendMany(bench, 400);
    const touched = bench.network.touched[LINK_FAULTS.indexOf(kind)] as number;
    expect(touched).toBeGreaterThan(50);
    if (kind === 'partition' || kind === 'one-way') expect(during).toEqual([]);
    if (kind === 'drop' || kind === 'corrupt') expect(during.length).toBe(400 - touched);
    if (kind === 'duplicate') expect(during.length).toBe(400 + touched);
    if (kind === 'reorder') expect(during).not.toEqual(all);
    // 400 frames of about 90 bytes, at half a megabyte a second, are sent in 20 ms and carried in 70.
    if (kind === 'narrow') expect((bench.arrived[399] as { at: number }).at).toBeGreaterThan(50_000);
    if (kind === 'slow') expect((bench.arrived[399] as { at: number }).at).toBeGreaterThan(30_000);
    // 20 ms of sending, and whatever is sent within 5 ms of them passes together.
    if (kind === 'clog') expect(new Set(bench.arrived.map((one) => Math.floor(one.at / 5_000))).size).toBeLessThan(8);
    end();
    const arrivals = bench.now;
    bench.now = arrivals + 10_000_000;
    expect(await sendMany(bench, 400)).toEqual(all);
    expect(bench.network.touched[LINK_FAULTS.indexOf(kind)]).toBe(touched);
    expect(bench.network.sentCount).toBe(800);
  });

  test('says of every frame that did not arrive why', async () => {
    const bench = new Bench();
    bench.disturb('drop', 200_000);
    bench.disturb('corrupt', 200_000);
    const arrived = await sendMany(bench, 500);
    expect(arrived.length + bench.losses.length).toBe(500);
    expect(new Set(bench.losses)).toEqual(new Set(['dropped', 'corrupted']));
    expect(bench.network.dropped).toBe(bench.losses.length);
  });

  test('of one link moves nothing on another: each link draws from a stream of its own', async () => {
    await fc.assert(fc.asyncProperty(fc.integer(), fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 30 }), async (seed, others) => {
      const times = async (extra: readonly number[]): Promise<number[]> => {
        const bench = new Bench(seed);
        for (const to of extra) bench.network.send(frame(5, to, 1));
        for (let i = 0; i < 10; i++) bench.network.send(frame(1, 2, i));
        await bench.settle();
        return bench.arrived.filter((one) => one.frame.from === 1).map((one) => one.at);
      };
      expect(await times(others)).toEqual(await times([]));
    }), { numRuns: 50 });
  });

  test('ends with the strongest of its kind that is still on', async () => {
    const bench = new Bench();
    const weak = bench.disturb('drop', 10);
    const strong = bench.disturb('drop', 1_000_000);
    expect(await sendMany(bench, 20)).toEqual([]);
    strong();
    expect((await sendMany(bench, 20)).length).toBeGreaterThan(18);
    weak();
  });
});

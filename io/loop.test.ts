import { describe, expect, test } from 'vitest';
import { groupId, nodeId, type NeedId } from '../kernel/base/ids.ts';
import { MS, SECOND } from '../kernel/base/time.ts';
import { bucketOf } from '../kernel/decide/record.ts';
import type { Event, ServiceOutcome } from '../kernel/event.ts';
import { hello, startsOf } from '../kernel/hello.ts';
import { Register } from '../kernel/decide/register.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { voteReply } from '../kernel/raft/message.ts';
import { JournalFollower } from './journal-following.ts';
import { answersFrom, refold } from './journal-read.ts';
import type { LoopOptions } from './loop-options.ts';
import type { CrashPoint } from './ports.ts';
import { BenchNode, PARAMETERS } from './testing/bench-node.ts';
import { MemoryDisk, rawChunk } from './testing/memory-disk.ts';

const THREE = { ...PARAMETERS, nodes: 3, groups: [{ id: groupId(0), voters: [nodeId(1), nodeId(2), nodeId(3)] }] };

function started(options: Partial<LoopOptions> = {}, keepsBytes = false): BenchNode {
  const node = new BenchNode(new MemoryDisk(keepsBytes), options);
  node.start();
  return node;
}

/** A node that leads its own group and waits for requests. */
function elected(options: Partial<LoopOptions> = {}, keepsBytes = false): BenchNode {
  const node = started(options, keepsBytes);
  node.pass(2 * SECOND);
  return node;
}

/** Takes turns, and completes nothing. */
function think(node: BenchNode): void {
  while (node.loop.hasWork) node.loop.turn();
}

/** How the journal as it stands on the disk refolds from its first event. */
const refoldedFromBoot = (node: BenchNode): string => refold(answersFrom(node.disk.dump()), { writing: {}, fromBoot: true, until: Number.MAX_SAFE_INTEGER }).kind;

/** Node 2 grants every vote that was asked of it. */
function grantVotes(node: BenchNode): void {
  for (const frame of node.sent.slice()) {
    const m = frame.message;
    if (frame.to !== 2 || m.kind !== 'vote') continue;
    node.loop.heard({ from: nodeId(2), to: nodeId(1), incarnation: 1, sequence: frame.sequence, index: 0, message: voteReply(m.group, m.pre, m.term, true) });
    node.settle();
  }
}

/** Makes the kernel of a running node fail an assertion at its next step: a bug of ours, on purpose. */
function breakKernel(kernel: Kernel): void {
  Object.defineProperty(kernel, 'step', {
    value: () => {
      throw new Error('two is three');
    },
  });
}

/** A node whose state is not what its journal says any more. */
function breakDigest(node: BenchNode): void {
  const kernel = node.loop.kernel;
  const step = kernel.step.bind(kernel);
  Object.defineProperty(kernel, 'step', { value: (event: Event) => step({ ...event, wall: event.wall + 1 }) });
}

/** Makes every register fail an assertion when it is to decide this need: a bug of ours, in all lives of a node. */
function breakRegisters(need: NeedId): () => void {
  const sound = Register.prototype.apply;
  Register.prototype.apply = function (this: Register, index, body): ReturnType<Register['apply']> {
    if (body.kind === 'decide' && body.proposal.need === need) throw new Error('two is three');
    return sound.call(this, index, body);
  };
  return () => void (Register.prototype.apply = sound);
}

describe('gathering', () => {
  /** Batches written, and events in the first of them, when so many requests have arrived at once. */
  function arrivedAtOnce(gatherEvents: number, requests: number): { readonly batches: number; readonly first: number } {
    const node = elected({ gatherEvents });
    node.decideAll(1, 0);
    const [batches, durable] = [node.loop.batches, node.durable.length];
    for (let n = 1; n <= requests; n++) node.decide(n);
    think(node);
    node.disk.complete();
    think(node);
    const first = node.durable.length - durable;
    node.settle();
    expect(node.replies.filter((reply) => reply.answer.kind === 'decided')).toHaveLength(requests + 1);
    return { batches: node.loop.batches - batches, first };
  }

  test('makes everything that has arrived durable with one sync', () => {
    expect(arrivedAtOnce(64, 20)).toEqual({ batches: 1, first: 20 });
    expect(arrivedAtOnce(0, 20)).toEqual({ batches: 2, first: 1 });
  });

  test('does not wait for more than its bound', () => {
    expect(arrivedAtOnce(8, 50)).toEqual({ batches: 2, first: 8 });
  });

  test('lets nothing leave before it is durable', () => {
    const node = elected({ gatherEvents: 64 });
    node.decideAll(1, 0);
    for (let n = 1; n <= 5; n++) node.decide(n);
    think(node);
    expect(node.replies).toHaveLength(1);
    node.settle();
    expect(node.replies).toHaveLength(6);
  });

  test('does not keep a clean stop from its seal', () => {
    const node = elected({ gatherEvents: 64 });
    for (let n = 1; n <= 5; n++) node.decide(n);
    node.loop.turn();
    node.loop.stop();
    node.settle();
    expect(node.loop.phase).toBe('sealed');
  });
});

describe('a start', () => {
  test('begins with boot and recovered, in the first incarnation', () => {
    const node = started();
    expect(node.loop.phase).toBe('running');
    expect(node.durable.slice(0, 2).map((event) => [event.sequence, event.at, event.cause.kind])).toEqual([[1, 0, 'boot'], [2, 0, 'recovered']]);
    expect(startsOf(node.loop.incarnation)).toBe(1);
  });

  test('refolds to the same digest, performs nothing again, and counts incarnations', () => {
    const node = elected();
    node.decideAll(20, 0);
    node.pass(SECOND);
    const last = Math.max(...node.digests.keys());
    const before = node.digests.get(last);
    node.disk.crash();
    node.sent.length = 0;
    node.replies.length = 0;
    node.restart();
    expect(node.refolded).toEqual({ sequence: last, digest: before });
    expect(node.replies).toEqual([]);
    expect(startsOf(node.loop.incarnation)).toBe(2);
    expect(node.loop.kernel.sequence).toBe(last + 1);
  });

  test('continues time, whatever the clock says', () => {
    const node = elected();
    node.decideAll(3, 0);
    const last = node.durable.at(-1)?.at as number;
    node.disk.crash();
    node.time = 5;
    node.restart();
    node.pass(3 * SECOND);
    node.decideAll(3, 10);
    const times = node.durable.map((event) => event.at);
    expect(times.every((at, i) => i === 0 || at >= (times[i - 1] as number))).toBe(true);
    expect(times.at(-1)).toBeGreaterThan(last);
  });

  test('takes nothing in before it is ready, and tells clients so', () => {
    const node = new BenchNode(new MemoryDisk(false));
    node.loop.start();
    node.decide(1);
    expect(node.dropped).toEqual(['notReady']);
    expect(node.replies).toEqual([{ request: { client: 1, number: 1 }, answer: { kind: 'refused', why: 'unreachable' } }]);
  });

  test('is refused in the directory of another node or network, and changes nothing', () => {
    const node = elected();
    node.disk.crash();
    const files = node.disk.dump();
    for (const other of [{ self: nodeId(2), parameters: { ...PARAMETERS, nodes: 2 } }, { parameters: { ...PARAMETERS, network: 'elsewhere' } }]) {
      const second = new BenchNode(MemoryDisk.holding(files), other);
      second.start();
      expect(second.loop.phase).toBe('refused');
      expect(second.loop.stopped).toMatchObject({ code: 'otherNode' });
      expect(second.disk.dump()).toEqual(files);
    }
  });

  test('fails for now if its disk cannot be read, changes nothing, and may be tried again', () => {
    const node = elected();
    node.decideAll(5, 0);
    const sequence = node.loop.kernel.sequence;
    for (const kind of ['list', 'read'] as const) {
      const files = node.disk.dump();
      node.disk.failNext = { kind, reason: 'io' };
      node.restart();
      expect([node.loop.phase, node.loop.stopped?.code]).toEqual(['failed', 'io']);
      expect(node.disk.dump()).toEqual(files);
    }
    node.disk.failNext = undefined;
    node.restart();
    expect(node.loop.phase).toBe('running');
    expect(node.refolded?.sequence).toBe(sequence);
  });
});

describe('the barrier', () => {
  test('lets nothing out before the event that caused it is durable', () => {
    const node = elected();
    const replies = node.replies.length;
    node.decide(1);
    think(node);
    expect(node.disk.pending).toBe(1);
    expect(node.replies.length).toBe(replies);
    node.disk.complete();
    expect(node.replies.length).toBe(replies);
    think(node);
    expect(node.replies.at(-1)?.answer.kind).toBe('decided');
  });

  test('gathers what arrives during a sync into one batch', () => {
    const node = elected();
    const batches = node.loop.batches;
    node.decide(0);
    think(node);
    for (let i = 1; i <= 10; i++) node.decide(i);
    think(node);
    expect(node.loop.batches).toBe(batches + 1);
    node.settle();
    expect(node.loop.batches).toBe(batches + 2);
    expect(node.replies.map((reply) => reply.request.number)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  test('drops what meant "now" if a sync stalled, and keeps what always holds', () => {
    const node = started({ parameters: THREE });
    node.loop.heard({ from: nodeId(2), to: nodeId(1), incarnation: 1, sequence: 1, index: 0, message: hello(1, 7, 1, 'signed', false, false, 0) });
    node.settle();
    for (let i = 0; i < 50 && node.loop.kernel.groups[0]?.role !== 'leader'; i++) {
      node.pass(100 * MS);
      grantVotes(node);
    }
    node.pass(node.wakeAt - node.time - 1);
    const sent = node.sent.length;
    node.time = node.wakeAt;
    node.loop.alarm();
    think(node);
    expect(node.disk.pending).toBe(1);
    node.time += 20 * SECOND;
    node.disk.complete();
    node.loop.turn();
    expect(node.loop.counters.dropped.stale).toBeGreaterThan(0);
    expect(node.sent.length).toBe(sent);
  });

  test('names every frame by the place in the journal that caused it', () => {
    const node = started({ parameters: THREE });
    node.pass(3 * SECOND);
    expect(node.sent.length).toBeGreaterThan(1);
    const causes = new Map(node.durable.map((event) => [event.sequence, event.cause.kind]));
    for (const frame of node.sent) {
      expect(frame).toMatchObject({ from: 1, incarnation: node.loop.incarnation });
      expect(causes.get(frame.sequence)).toBe('deadline');
    }
    expect(new Set(node.sent.map((frame) => `${frame.sequence}.${frame.index}`)).size).toBe(node.sent.length);
  });

  test('is never passed again after the disk has failed', () => {
    for (const reason of ['io', 'full'] as const) {
      const node = elected();
      node.disk.failNext = { kind: 'append', reason };
      node.decide(1);
      node.settle();
      expect(node.loop.phase).toBe('failed');
      expect(node.loop.stopped?.code).toBe(reason);
      expect(node.replies).toEqual([]);
      node.disk.failNext = undefined;
      node.decide(2);
      node.pass(SECOND);
      expect(node.replies).toEqual([{ request: { client: 1, number: 2 }, answer: { kind: 'refused', why: 'unreachable' } }]);
    }
  });
});

describe('the inbox', () => {
  test('is bounded: what is too much is counted, refused, and never journalled', () => {
    const node = elected({ inbox: { urgent: 4, messages: 4, requests: 4 } });
    const before = node.loop.kernel.sequence;
    for (let i = 0; i < 10; i++) node.decide(i);
    expect(node.replies.map((reply) => reply.answer)).toEqual(Array.from({ length: 6 }, () => ({ kind: 'refused', why: 'overloaded' })));
    node.settle();
    expect(node.loop.counters.dropped.inboxFull).toBe(6);
    expect(node.loop.kernel.sequence).toBe(before + 4);
  });

  test('journals nothing that could not be read again, whatever a service or a chain says', () => {
    const node = elected({}, true);
    const count = node.durable.length;
    const answers: readonly ServiceOutcome[] = [
      { kind: 'ok', answer: { service: 'signer', signature: 's'.repeat(257) } },
      { kind: 'ok', answer: { service: 'signer', signature: '\ud800' } },
      { kind: 'ok', answer: { service: 'gpu', devices: [{ id: 'ü'.repeat(65), memoryMb: 1, usedMb: 0 }] } },
      { kind: 'ok', answer: { service: 'gpu', devices: [{ id: 'a', memoryMb: -1, usedMb: 0.5 }] } },
      { kind: 'ok', answer: { service: 'gpu', devices: Array.from({ length: 65 }, (_, i) => ({ id: `${i}`, memoryMb: 1, usedMb: 0 })) } },
      { kind: 'failed', reason: 'Treiber nicht geladen: Gerät weg \ud83d'.padEnd(300, 'ß') },
    ];
    for (const outcome of answers) node.loop.answered(2, 0, outcome);
    node.loop.parentHead(7, '0x'.padEnd(129, 'f'), '0x00');
    node.loop.parentHead(-1, '0x00', '0x00');
    node.decide(1);
    node.settle();
    const journalled = node.durable.slice(count).map((event) => event.cause).filter((cause) => cause.kind !== 'request' && cause.kind !== 'message');
    expect(journalled).toEqual([
      ...['longer than 256', 'text with a lone surrogate', 'longer than 128', 'not an unsigned safe integer: -1', 'longer than 64'].map((why) => (
        { kind: 'outcome', sequence: 2, index: 0, outcome: { kind: 'failed', reason: `the answer cannot be journalled: ${why}` } }
      )),
      { kind: 'outcome', sequence: 2, index: 0, outcome: { kind: 'failed', reason: `Treiber nicht geladen: Gerät weg \ufffd${'ß'.repeat(109)}` } },
    ]);
    expect(node.dropped).toEqual(['unverified', 'unverified']);
    expect(refoldedFromBoot(node)).toBe('refolded');
  });

  test('gives outcomes and messages their turn before requests', () => {
    const node = elected();
    node.decide(1);
    node.loop.answered(999, 0, { kind: 'unknown' });
    const count = node.durable.length;
    node.settle();
    expect(node.durable.slice(count).map((event) => event.cause.kind)).toEqual(['outcome', 'request']);
  });

  test('waits while a full batch cannot be written yet', () => {
    const node = elected({ batchEvents: 8 });
    for (let i = 0; i < 30; i++) node.decide(i);
    think(node);
    expect(node.loop.hasWork).toBe(false);
    expect(node.loop.kernel.sequence).toBe((node.durable.at(-1)?.sequence ?? 0) + 9);
    node.settle();
    expect(node.replies.length).toBe(30);
  });

  test('is passed by a deadline that is due', () => {
    const node = started();
    node.decide(1);
    node.time += 5 * SECOND;
    const count = node.durable.length;
    node.settle();
    const kinds = node.durable.slice(count).map((event) => event.cause.kind);
    expect(kinds[0]).toBe('deadline');
    expect(kinds).toContain('request');
  });
});

describe('a crash', () => {
  const points: readonly CrashPoint[] = ['beforeAppend', 'afterAppend', 'afterStep', 'beforeSync', 'beforeRelease', 'halfwayReleasing', 'afterRelease', 'duringRecovery', 'duringSnapshot'];

  test.each(points)('at %s loses nothing that was said, and the refold agrees with what was durable', (point) => {
    for (let after = 0; after < 12; after++) {
      const node = elected({ snapshotEvery: 10, watermarkBatches: 4 });
      node.crashAt = point;
      node.crashAfter = after;
      for (let attempt = 0; attempt < 80; attempt++) {
        try {
          node.decideAll(1, attempt);
          if (point === 'duringRecovery' && attempt % 20 === 0) node.restart();
        } catch (error) {
          expect((error as Error).message).toBe(`crash: ${point}`);
          const durable = Math.max(...node.digests.keys());
          node.disk.crash();
          node.restart();
          expect(node.loop.phase).toBe('running');
          const refolded = node.refolded as { readonly sequence: number; readonly digest: string };
          // The disk may have finished a batch that the loop never heard of.
          expect(refolded.sequence).toBeGreaterThanOrEqual(durable);
          if (refolded.sequence === durable) expect(refolded.digest).toBe(node.digests.get(durable));
          node.pass(2 * SECOND);
        }
      }
      expect(node.crashAt).toBeUndefined();
      expect(refoldedFromBoot(node)).toBe('refolded');
      node.decideAll(1, 1_000);
      expect(node.replies.at(-1)?.answer.kind).toBe('decided');
    }
  });
});

describe('poison', () => {
  test('an event on which the kernel fails is marked, never answered, and skipped ever after', () => {
    const node = elected();
    node.decideAll(3, 0);
    breakKernel(node.loop.kernel);
    node.decide(100);
    node.settle();
    expect(node.loop.phase).toBe('failed');
    expect(node.loop.stopped).toMatchObject({ code: 'poisoned' });
    const poisoned = node.durable.at(-1)?.sequence as number;
    expect(node.replies.some((reply) => reply.request.number === 100)).toBe(false);
    for (let start = 0; start < 2; start++) {
      node.restart();
      expect(node.loop.phase).toBe('running');
      expect(node.loop.counters.recovery.poisonSkipped).toBe(1);
      expect(node.refolded?.sequence).toBeGreaterThanOrEqual(poisoned);
      node.pass(2 * SECOND);
      node.decideAll(2, 200 + 10 * start);
      expect(node.replies.at(-1)?.answer.kind).toBe('decided');
      node.disk.crash();
    }
    expect(refoldedFromBoot(node)).toBe('refolded');
  });

  test('what was decided before it in the same batch stays unsaid, and survives', () => {
    const node = elected();
    node.decide(0);
    think(node);
    node.decide(1);
    think(node);
    breakKernel(node.loop.kernel);
    node.decide(2);
    node.settle();
    expect(node.loop.stopped?.code).toBe('poisoned');
    expect(node.replies).toEqual([]);
    node.restart();
    expect(node.loop.counters.recovery.poisonSkipped).toBe(1);
  });

  test('a poisoned deadline is not due for ever', () => {
    const node = elected();
    breakKernel(node.loop.kernel);
    node.pass(10 * SECOND);
    expect(node.loop.stopped?.code).toBe('poisoned');
    expect(node.durable.at(-1)?.cause.kind).toBe('deadline');
    node.restart();
    node.pass(10 * SECOND);
    node.decideAll(1, 1);
    expect(node.replies.at(-1)?.answer.kind).toBe('decided');
  });
});

describe('an entry that cannot be applied', () => {
  const groups = [{ id: groupId(0), voters: [nodeId(1)] }, { id: groupId(1), voters: [nodeId(1)] }];
  const inGroup = (group: number): number[] => Array.from({ length: 60 }, (_, i) => i).filter((i) => bucketOf(`0/need-${i}` as NeedId) % 2 === group);

  /** The answer to a decide, however long it takes. */
  const answerTo = (node: BenchNode, number: number): string | undefined => {
    node.decide(number);
    node.settle();
    node.pass(10 * SECOND);
    return node.replies.find((reply) => reply.request.number === number)?.answer.kind;
  };

  test('halts its group and no other, in every life after', () => {
    const [bad, ...others] = inGroup(0) as [number, ...number[]];
    const fine = inGroup(1);
    const repair = breakRegisters(`0/need-${bad}` as NeedId);
    try {
      const node = elected({ parameters: { ...PARAMETERS, groups } });
      expect([answerTo(node, others.pop() as number), answerTo(node, fine.pop() as number)]).toEqual(['decided', 'decided']);
      node.decide(bad);
      node.settle();
      expect(node.loop.stopped?.code).toBe('poisoned');
      const applied = node.loop.kernel.groups[0]?.applied as number;
      for (let life = 0; life < 3; life++) {
        node.facts.length = 0;
        node.restart({ snapshotEvery: life === 1 ? 10 : 20_000 });
        expect(node.loop.phase).toBe('running');
        expect(node.facts).toContainEqual({ kind: 'groupHalted', group: 0, index: applied + 1 });
        expect([answerTo(node, others.pop() as number), answerTo(node, fine.pop() as number)]).toEqual(['unknown', 'decided']);
        expect(node.loop.kernel.groups.map((group) => group.isHalted)).toEqual([true, false]);
        expect(node.loop.kernel.groups[0]?.applied).toBe(applied);
        node.disk.crash();
      }
    } finally {
      repair();
    }
  });
});

describe('a clean stop', () => {
  test('answers what it took on, and seals; the same version goes on from there', () => {
    const node = elected();
    node.decide(1);
    think(node);
    node.loop.stop();
    node.settle();
    expect(node.loop.phase).toBe('sealed');
    expect(node.replies.at(-1)?.answer.kind).toBe('decided');
    const sequence = node.loop.kernel.sequence;
    expect([...node.disk.files.keys()]).toContain('seal');
    node.restart();
    expect(node.refolded?.sequence).toBe(sequence);
    expect(node.loop.counters.recovery.refolded).toBe(0);
    expect([...node.disk.files.keys()]).not.toContain('seal');
  });

  test('is what another version needs, and it then refolds only its own events', () => {
    const node = elected();
    node.decideAll(5, 0);
    node.disk.crash();
    const files = node.disk.dump();
    node.restart({ version: 'v2' });
    expect(node.loop.phase).toBe('refused');
    expect(node.loop.stopped?.text).toContain('start kernel v1 once more and stop it cleanly');
    expect(node.disk.dump()).toEqual(files);
    node.restart({ version: 'v1' });
    node.loop.stop();
    node.settle();
    const sealed = node.loop.kernel.sequence;
    node.restart({ version: 'v2' });
    expect(node.loop.phase).toBe('running');
    expect(node.refolded?.sequence).toBe(sealed);
    node.pass(2 * SECOND);
    node.decideAll(5, 10);
    node.disk.crash();
    node.restart();
    expect(node.loop.phase).toBe('running');
    node.restart({ version: 'v1' });
    expect(node.loop.stopped?.code).toBe('version');
  });

  test('during recovery seals as soon as it can', () => {
    const node = elected();
    node.disk.crash();
    node.restart();
    node.disk.crash();
    node.loop.stop();
    node.restart();
    node.loop.stop();
    node.settle();
    expect(node.loop.phase).toBe('sealed');
  });
});

describe('a shadow', () => {
  /** A node whose snapshots are asked of a shadow that follows its files, and brings them when the test says so. */
  class Shadowed {
    readonly wanted: number[] = [];
    readonly disk = new MemoryDisk(true);
    readonly node = new BenchNode(this.disk, { snapshotEvery: 50 }, { snapshot: (sequence) => void this.wanted.push(sequence) });
    readonly follower = new JournalFollower({ network: PARAMETERS.network, self: nodeId(1), version: 'v1', engine: 'test' }, (file, offset) => {
      const stored = this.disk.dump().get(file);
      return stored?.subarray(offset);
    });

    constructor() {
      this.node.start();
      this.node.pass(2 * SECOND);
    }

    bring(): void {
      const sequence = this.wanted.shift() as number;
      this.follower.follow(sequence);
      this.node.loop.imaged(sequence, rawChunk(this.follower.snapshot()));
      this.node.settle();
    }

    get snapshots(): string[] {
      return [...this.disk.files.keys()].filter((name) => name.startsWith('snapshot-'));
    }
  }

  test('makes the very snapshot that the node would have made of itself', () => {
    const alone = elected({ snapshotEvery: 50 }, true);
    const shadowed = new Shadowed();
    for (let i = 0; i < 150; i++) {
      alone.decideAll(1, i);
      shadowed.node.decideAll(1, i);
      while (shadowed.wanted.length > 0) shadowed.bring();
    }
    expect(shadowed.snapshots.length).toBe(2);
    expect(shadowed.disk.dump()).toEqual(alone.disk.dump());
  });

  test('is waited for: the node goes on, asks for no other snapshot, and keeps every event until it has one', () => {
    const shadowed = new Shadowed();
    shadowed.node.decideAll(200, 0);
    expect(shadowed.wanted.length).toBe(1);
    expect(shadowed.snapshots).toEqual([]);
    expect(refoldedFromBoot(shadowed.node)).toBe('refolded');
    shadowed.bring();
    expect(shadowed.snapshots.length).toBe(1);
    shadowed.node.decideAll(1, 200);
    expect(shadowed.wanted.length).toBe(1);
  });

  test('is not waited for by a clean stop, which makes its own', () => {
    const shadowed = new Shadowed();
    shadowed.node.decideAll(100, 0);
    shadowed.node.loop.stop();
    shadowed.node.settle();
    expect(shadowed.node.loop.phase).toBe('sealed');
    const files = shadowed.disk.dump();
    shadowed.bring();
    expect(shadowed.disk.dump()).toEqual(files);
  });

  test('that brings what nobody asked for is not listened to', () => {
    const shadowed = new Shadowed();
    shadowed.node.decideAll(100, 0);
    shadowed.node.loop.imaged((shadowed.wanted[0] as number) + 1, rawChunk(new Uint8Array(9)));
    shadowed.node.settle();
    expect(shadowed.snapshots).toEqual([]);
    shadowed.bring();
    expect(shadowed.snapshots.length).toBe(1);
  });

  test('that comes to another state stops the node: nothing leaves it any more', () => {
    const shadowed = new Shadowed();
    shadowed.node.decide(1);
    think(shadowed.node);
    const replies = shadowed.node.replies.length;
    shadowed.node.loop.differed('two is three');
    shadowed.node.settle();
    expect(shadowed.node.loop.phase).toBe('failed');
    expect(shadowed.node.loop.stopped).toEqual({ code: 'diverged', text: 'two is three' });
    expect(shadowed.node.replies.length).toBe(replies);
  });

  test('names what it finds wrong in the files: another digest, a missing batch, a batch out of its place', () => {
    const shadowed = new Shadowed();
    shadowed.node.decideAll(10, 0);
    const last = shadowed.node.durable.at(-1)?.sequence as number;
    const follows = (files: Map<string, Uint8Array>): (() => void) => {
      const follower = new JournalFollower({ network: PARAMETERS.network, self: nodeId(1), version: 'v1', engine: 'test' }, (file, offset) => files.get(file)?.subarray(offset));
      return () => follower.follow(last);
    };
    const files = shadowed.disk.dump();
    expect(follows(files)).not.toThrow();
    const [segment, bytes] = [...files].find(([name]) => name.startsWith('journal-')) as [string, Uint8Array];
    expect(follows(new Map([[segment, bytes.subarray(0, bytes.length - 1)]]))).toThrow(/durable, and it is not in the files/);
    const flipped = new Uint8Array(bytes);
    flipped[20] = (bytes[20] as number) ^ 1;
    expect(follows(new Map([[segment, flipped]]))).toThrow(/cannot be read/);
    const other = elected({}, true);
    breakDigest(other);
    other.decideAll(10, 10);
    const wrong = other.disk.dump();
    const end = other.durable.at(-1)?.sequence as number;
    const follower = new JournalFollower({ network: PARAMETERS.network, self: nodeId(1), version: 'v1', engine: 'test' }, (file, offset) => wrong.get(file)?.subarray(offset));
    expect(() => follower.follow(end)).toThrow(/its state is not what its journal says/);
  });
});

describe('what is kept', () => {
  test('is a snapshot after so many batches too, over restarts, however few events are in them', () => {
    const node = elected({ snapshotBatches: 40 });
    const snapshots = (): number => [...node.disk.files.keys()].filter((name) => name.startsWith('snapshot-')).length;
    node.decideAll(10, 0);
    expect(snapshots()).toBe(0);
    node.disk.crash();
    node.restart();
    node.pass(2 * SECOND);
    node.decideAll(10, 10);
    expect(snapshots()).toBe(0);
    node.decideAll(20, 20);
    expect(snapshots()).toBe(1);
  });

  test('is a snapshot soon after a start that had long to refold, so that the next start has not', () => {
    const node = elected({ snapshotEvery: 400 });
    const refolds = (): number => {
      node.disk.crash();
      node.restart();
      node.pass(2 * SECOND);
      return node.loop.counters.recovery.refolded;
    };
    node.decideAll(20, 0);
    const first = refolds();
    expect(first).toBeLessThan(100);
    expect(refolds()).toBeGreaterThan(first);
    node.decideAll(100, 20);
    expect(refolds()).toBeGreaterThan(100);
    expect(refolds()).toBeLessThan(100);
  });

  test('is two snapshots and the events after the older one', () => {
    const node = elected({ snapshotEvery: 50 });
    node.decideAll(400, 0);
    const names = [...node.disk.files.keys()];
    const snapshots = names.filter((name) => name.startsWith('snapshot-')).map((name) => Number(name.slice(9)));
    const segments = names.filter((name) => name.startsWith('journal-')).map((name) => Number(name.slice(8, 24)));
    expect(snapshots.length).toBe(2);
    expect(Math.min(...segments)).toBe(Math.min(...snapshots) + 1);
    node.disk.files.delete(names.find((name) => name.endsWith(String(Math.max(...snapshots)))) as string);
    node.disk.crash();
    node.restart();
    expect(node.loop.phase).toBe('running');
  });

  test('is the same, byte for byte, on a disk that keeps references and one that keeps bytes', () => {
    const dumps = [false, true].map((keepsBytes) => {
      const node = elected({ snapshotEvery: 60, watermarkBatches: 8 }, keepsBytes);
      node.decideAll(100, 0);
      node.disk.crash();
      node.restart();
      node.decideAll(100, 100);
      return node.disk.dump();
    });
    expect(dumps[0]).toEqual(dumps[1]);
  });

  test('does not depend on how it is checked', () => {
    const plain = elected();
    plain.decideAll(50, 0);
    for (let restoreAt = 10; restoreAt < 50; restoreAt += 13) {
      const checked = elected({ checked: { freeze: true, encode: true, restoreAt } });
      checked.decideAll(50, 0);
      expect(checked.loop.kernel.digest()).toBe(plain.loop.kernel.digest());
      expect(checked.disk.dump()).toEqual(plain.disk.dump());
    }
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { diskContract, text, type DiskSubject } from '../contract/disk.ts';
import type { Chunk, DiskRequest, DiskResult } from '../ports.ts';
import { SimDisk, type CrashLoss, type DiskWorld } from './disk.ts';

/** A world with one disk in it, whose completions come in the order of their times. */
class Bench implements DiskWorld, DiskSubject {
  now = 0;
  completions: { token: number; result: DiskResult }[] = [];
  readonly disk: SimDisk;
  private due: { at: number; life: number | undefined; task: () => void }[] = [];

  constructor(seed = 1) {
    this.disk = new SimDisk(this, seed, 1, 100, 300);
  }

  completeAt(at: number, _node: number, life: number): void {
    this.due.push({ at, life, task: () => {} });
  }

  at(time: number, task: () => void): void {
    this.due.push({ at: time, life: undefined, task });
  }

  /** Lets everything happen that is due by `until`. */
  run(until: number): void {
    for (;;) {
      const next = this.due.reduce<(typeof this.due)[number] | undefined>((least, one) => (least === undefined || one.at < least.at ? one : least), undefined);
      if (next === undefined || next.at > until) break;
      this.due.splice(this.due.indexOf(next), 1);
      this.now = Math.max(this.now, next.at);
      next.task();
      if (next.life !== this.disk.life) continue;
      const result = this.disk.complete();
      this.completions.push({ token: this.disk.token, result });
    }
    this.now = Math.max(this.now, Math.min(until, this.now + 1_000_000));
  }

  settle(): Promise<void> {
    this.run(Number.MAX_SAFE_INTEGER);
    return Promise.resolve();
  }

  crash(loss: CrashLoss): Promise<void> {
    this.disk.crash(loss);
    this.completions = [];
    return Promise.resolve();
  }

  async reopen(): Promise<void> {
    await this.settle();
    await this.crash('kept');
  }

  async lockElsewhere(): Promise<DiskResult> {
    this.disk.submit(9_999, { kind: 'lock' });
    await this.settle();
    return (this.completions.pop() as { result: DiskResult }).result;
  }

  bytesOf(file: string): string {
    return new TextDecoder().decode(this.disk.dump()[file] ?? new Uint8Array(0));
  }
}

const append = (content: string, sync: boolean, file = 'log'): DiskRequest => ({ kind: 'append', file, chunk: text(content), sync });

describe('a simulated disk', () => {
  test.each(diskContract.map((one) => [one.claim, one] as const))('%s', async (_, one) => {
    const bench = new Bench();
    if (one.applies === undefined || one.applies(bench)) await one.check(bench);
  });

  test('keeps what was synced through every crash, and of the rest a beginning', () => {
    fc.assert(fc.property(fc.integer(), fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 6 }), fc.constantFrom<CrashLoss>('kept', 'lost', 'torn'), (seed, synced, risked, loss) => {
      const bench = new Bench(seed);
      for (let i = 0; i < synced; i++) bench.disk.submit(i, append(`<synced ${i}>`, true));
      bench.run(Number.MAX_SAFE_INTEGER);
      const safe = bench.bytesOf('log');
      for (let i = 0; i < risked; i++) bench.disk.submit(100 + i, append(`<at risk ${i}>`, false));
      const all = safe + Array.from({ length: risked }, (_, i) => `<at risk ${i}>`).join('');
      bench.disk.crash(loss);
      const found = bench.bytesOf('log');
      expect(found.startsWith(safe)).toBe(true);
      if (loss === 'kept') expect(found).toBe(all);
      if (loss === 'lost') expect(all.startsWith(found)).toBe(true);
      if (loss === 'lost' && risked > 0) expect(found.length).toBeLessThan(all.length);
      if (loss === 'torn' && risked > 0) expect(found).not.toBe(all);
    }));
  });

  test('tears a write in the middle now and then, with rubbish after it now and then', () => {
    const ends = new Set<string>();
    for (let seed = 0; seed < 60; seed++) {
      const bench = new Bench(seed);
      bench.disk.submit(1, append('abcdefgh', true));
      bench.disk.crash('torn');
      const found = bench.disk.dump()['log'] ?? new Uint8Array(0);
      const good = found.findIndex((byte, i) => byte !== 'abcdefgh'.charCodeAt(i));
      ends.add(good < 0 ? `cut at ${found.length}` : 'rubbish');
    }
    expect(ends.size).toBeGreaterThan(4);
    expect(ends.has('rubbish')).toBe(true);
  });

  test('replaces a file wholly or not at all', () => {
    const found = new Set<string>();
    for (let seed = 0; seed < 40; seed++) {
      const bench = new Bench(seed);
      bench.disk.submit(1, { kind: 'replace', file: 'mark', chunk: text('old') });
      bench.run(Number.MAX_SAFE_INTEGER);
      bench.disk.submit(2, { kind: 'replace', file: 'mark', chunk: text('new content') });
      bench.disk.crash('torn');
      found.add(bench.bytesOf('mark'));
    }
    expect([...found].sort()).toEqual(['new content', 'old']);
  });

  test('rots by exactly one bit, of something that had lain', () => {
    const third = (chunk: Chunk): boolean => new TextDecoder().decode(chunk.bytes()) === 'batch 2 ';
    for (let seed = 0; seed < 50; seed++) {
      const bench = new Bench(seed);
      for (let i = 0; i < 5; i++) bench.disk.submit(i, append(`batch ${i} `, true));
      bench.run(Number.MAX_SAFE_INTEGER);
      expect(bench.disk.rot(() => false)).toBe(false);
      const before = bench.disk.dump()['log'] as Uint8Array;
      expect(bench.disk.rot(third)).toBe(true);
      const after = bench.disk.dump()['log'] as Uint8Array;
      let bits = 0;
      for (let i = 0; i < before.length; i++) for (let x = (before[i] as number) ^ (after[i] as number); x !== 0; x &= x - 1) bits++;
      expect(bits).toBe(1);
      expect(bench.bytesOf('log').slice(3 * 'batch 0 '.length)).toBe('batch 3 batch 4 ');
    }
  });

  test('that is slow stalls its syncs, and only while it is', async () => {
    const bench = new Bench();
    bench.disk.stallUs = 1_000_000;
    bench.disk.submit(1, append('a', true));
    await bench.settle();
    expect(bench.disk.stalls).toBe(1);
    bench.disk.stallUs = 0;
    const before = bench.now;
    bench.disk.submit(2, append('b', true));
    bench.run(before + 1_000);
    expect(bench.completions.map((one) => one.token)).toEqual([1, 2]);
    expect(bench.disk.stalls).toBe(1);
  });

  test('puts back a copy that was made earlier', async () => {
    const bench = new Bench();
    bench.disk.submit(1, append('early ', true));
    await bench.settle();
    const copy = bench.disk.copy();
    bench.disk.submit(2, append('late', true));
    await bench.settle();
    bench.disk.crash('kept');
    expect(bench.bytesOf('log')).toBe('early late');
    bench.disk.putBack(copy);
    expect(bench.bytesOf('log')).toBe('early ');
  });
});

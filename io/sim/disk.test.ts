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

  const results = (bench: Bench): string[] => bench.completions.map(({ result }) => (result.kind === 'failed' ? result.reason : result.kind));

  test('that cannot be read says so, and only while it is in trouble', () => {
    const bench = new Bench();
    bench.disk.submit(1, append('a', true));
    bench.run(Number.MAX_SAFE_INTEGER);
    bench.disk.readErrors = 1_000;
    bench.disk.submit(2, { kind: 'read', file: 'log' });
    bench.disk.submit(3, { kind: 'list' });
    bench.disk.submit(4, append('b', true));
    bench.run(Number.MAX_SAFE_INTEGER);
    bench.disk.readErrors = 0;
    bench.disk.submit(5, { kind: 'read', file: 'log' });
    bench.run(Number.MAX_SAFE_INTEGER);
    expect(results(bench)).toEqual(['done', 'io', 'io', 'done', 'content']);
    expect(bench.disk.unreadable).toBe(2);
    expect(bench.bytesOf('log')).toBe('ab');
  });

  test('whose sync fails keeps all, some or nothing of what was at risk, and what was synced before', () => {
    const found = new Set<string>();
    for (let seed = 0; seed < 60; seed++) {
      const bench = new Bench(seed);
      bench.disk.submit(1, append('safe ', true));
      bench.disk.submit(2, append('risked ', false));
      bench.run(Number.MAX_SAFE_INTEGER);
      bench.disk.syncErrors = 1_000;
      bench.disk.submit(3, append('synced', true));
      bench.run(Number.MAX_SAFE_INTEGER);
      expect(results(bench)).toEqual(['done', 'done', 'io']);
      expect(bench.disk.notSynced).toBe(1);
      expect(bench.bytesOf('log').startsWith('safe ')).toBe(true);
      const left = bench.bytesOf('log');
      found.add(left);
      bench.disk.crash('lost');
      expect(bench.bytesOf('log')).toBe(left);
    }
    for (const left of ['safe ', 'safe risked ', 'safe risked synced']) expect(found.has(left), left).toBe(true);
    expect(found.size).toBeGreaterThan(5);
  });

  test('that is full takes nothing, or a part, keeps what it has, and can still be cut', () => {
    const found = new Set<string>();
    for (let seed = 0; seed < 40; seed++) {
      const bench = new Bench(seed);
      bench.disk.submit(1, append('kept', true));
      bench.run(Number.MAX_SAFE_INTEGER);
      bench.disk.fulls++;
      bench.disk.submit(2, append('XXXX', false));
      bench.disk.submit(3, { kind: 'replace', file: 'mark', chunk: text('m') });
      bench.run(Number.MAX_SAFE_INTEGER);
      expect(bench.bytesOf('log').startsWith('kept')).toBe(true);
      expect(bench.bytesOf('log')).not.toBe('keptXXXX');
      found.add(bench.bytesOf('log').slice(0, 6));
      bench.disk.submit(4, { kind: 'truncate', file: 'log', length: 4 });
      bench.run(Number.MAX_SAFE_INTEGER);
      bench.disk.fulls--;
      bench.disk.submit(5, append('!', true));
      bench.run(Number.MAX_SAFE_INTEGER);
      expect(results(bench)).toEqual(['done', 'full', 'full', 'done', 'done']);
      expect(bench.bytesOf('log')).toBe('kept!');
      expect(Object.keys(bench.disk.dump())).toEqual(['log']);
    }
    expect(found.has('kept') && found.size > 1).toBe(true);
  });

  test('puts a write in a wrong place, where it covers something else, and leaves a hole or another write in its own', () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 80; seed++) {
      const bench = new Bench(seed);
      bench.disk.submit(9, append('other file', true, 'old'));
      for (let i = 0; i < 4; i++) bench.disk.submit(i, append(`<${i}>`, true));
      bench.run(Number.MAX_SAFE_INTEGER);
      expect(bench.disk.misdirect(() => false)).toBe(false);
      expect(bench.disk.misdirect(() => true)).toBe(true);
      const log = bench.bytesOf('log');
      expect(log).not.toBe('<0><1><2><3>');
      expect(log.length).toBe(12);
      expect(bench.bytesOf('old').length).toBe(10);
      if (bench.bytesOf('old') !== 'other file') seen.add('in another file');
      else if (!log.includes('\0')) seen.add('swapped');
      else seen.add('a hole');
    }
    expect([...seen].sort()).toEqual(['a hole', 'in another file', 'swapped']);
  });

  test('reads what was there before, for as long as it is told to, and says so', () => {
    const bench = new Bench();
    let served = 0;
    for (let i = 0; i < 4; i++) bench.disk.submit(i, append(`<${i}>`, true));
    bench.disk.submit(4, { kind: 'replace', file: 'mark', chunk: text('old') });
    expect(bench.disk.bringBack('mark', () => {})).toBe(false);
    bench.disk.submit(5, { kind: 'replace', file: 'mark', chunk: text('new') });
    bench.run(Number.MAX_SAFE_INTEGER);
    const read = (file: string): string => {
      bench.disk.submit(50, { kind: 'read', file });
      bench.run(Number.MAX_SAFE_INTEGER);
      const { result } = bench.completions.at(-1) as { result: DiskResult };
      return result.kind === 'content' ? result.chunks.map((chunk) => new TextDecoder().decode(chunk.bytes())).join('') : result.kind;
    };
    expect(bench.disk.bringBack('mark', () => served++)).toBe(true);
    expect([read('mark'), read('log'), served]).toEqual(['old', '<0><1><2><3>', 1]);
    expect(bench.disk.outdate(() => false, () => served++)).toBe(false);
    expect(bench.disk.outdate((chunk) => new TextDecoder().decode(chunk.bytes()) === '<2>', () => served++)).toBe(true);
    expect('<0><1>'.startsWith(read('log'))).toBe(true);
    expect([read('mark'), served]).toEqual(['new', 2]);
    bench.disk.refresh();
    expect(read('log')).toBe('<0><1><2><3>');
  });
});

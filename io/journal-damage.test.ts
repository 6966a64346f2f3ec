// What a damaged data directory may do: be refused with a sentence, or lose what lay above the watermark. Never a state that
// the journal does not give, never an exception.

import { describe, expect, test } from 'vitest';
import { Random } from '../kernel/base/random.ts';
import { answersFrom, refold } from './journal-read.ts';
import { parseBatch, unwrapFile, WATERMARK_FILE, WATERMARK_MAGIC } from './journal-format.ts';
import { watermarkCodec } from './journal-records.ts';
import type { LoopOptions } from './loop-options.ts';
import { BenchNode } from './testing/bench-node.ts';
import { MemoryDisk } from './testing/memory-disk.ts';

type Files = ReadonlyMap<string, Uint8Array>;

interface Original {
  readonly files: Files;
  readonly marked: number;
  readonly end: number;
  /** The digest after every event. */
  readonly digests: ReadonlyMap<number, string>;
}

/** The directory of a node that decided some needs and was then cut off. */
function original(options: Partial<LoopOptions>): Original {
  const node = new BenchNode(new MemoryDisk(true), options);
  const digests = new Map<number, string>();
  node.start();
  node.pass(2_000_000);
  for (let i = 0; i < 260; i++) {
    node.decideAll(1, i);
    digests.set(node.loop.kernel.sequence, node.loop.kernel.digest());
  }
  node.disk.crash();
  const files = node.disk.dump();
  const whole = { writing: {}, fromBoot: true, until: Number.MAX_SAFE_INTEGER };
  const seen = refold(answersFrom(files), { ...whole, seen: (event, _effects, kernel) => void digests.set(event.sequence, kernel.digest()) });
  if (seen.kind === 'refused') throw new Error(seen.text);
  const mark = unwrapFile(WATERMARK_MAGIC, watermarkCodec, files.get(WATERMARK_FILE) as Uint8Array);
  if (!mark.ok) throw new Error(mark.reason);
  return { files, marked: mark.value.sequence, end: seen.place.sequence, digests };
}

/** Starts a node over the files and judges what came of it: 'refused', 'cut' or 'whole'. */
function outcome(from: Original, files: Files, options: Partial<LoopOptions>): string {
  const node = new BenchNode(MemoryDisk.holding(files), options);
  node.start();
  if (node.loop.phase === 'refused') {
    expect(node.loop.stopped?.text).toMatch(/^[A-Z].*\.$/);
    expect(node.disk.dump()).toEqual(files);
    return 'refused';
  }
  expect(node.loop.phase).toBe('running');
  const refolded = node.refolded as { readonly sequence: number; readonly digest: string };
  const kernel = node.loop.kernel;
  expect(kernel.sequence).toBe(refolded.sequence + 1);
  expect(refolded.sequence).toBeGreaterThanOrEqual(from.marked);
  expect(refolded.sequence).toBeLessThanOrEqual(from.end);
  const [high, low] = refolded.digest.split(' ').map((word) => (Number(word) >>> 0).toString(16).padStart(8, '0'));
  expect(`${high}${low}`).toBe(from.digests.get(refolded.sequence));
  return refolded.sequence === from.end ? 'whole' : 'cut';
}

/** A place among all bytes of all files, so that large files are hit as often as they are large. */
function drawPlace(files: Files, random: Random): { readonly file: string; readonly byte: number } {
  let place = random.below([...files.values()].reduce((sum, bytes) => sum + bytes.length, 0));
  for (const [file, bytes] of files) {
    if (place < bytes.length) return { file, byte: place };
    place -= bytes.length;
  }
  throw new Error('a place beyond the end');
}

const LAYOUTS: readonly { readonly name: string; readonly options: Partial<LoopOptions> }[] = [
  { name: 'one segment', options: { watermarkBatches: 16 } },
  { name: 'many segments', options: { watermarkBatches: 16, segmentWeight: 6_000 } },
  { name: 'snapshots', options: { watermarkBatches: 16, snapshotEvery: 100 } },
];

describe.each(LAYOUTS)('a damaged directory with $name', ({ name, options }) => {
  const from = original(options);

  test('is read whole if nothing is damaged', () => {
    expect(outcome(from, from.files, options)).toBe('whole');
  });

  test('with a flipped bit is refused, or cut above the watermark, or whole', () => {
    const random = Random.of(1, 'flips', name);
    const outcomes = new Map<string, number>();
    for (let i = 0; i < 340; i++) {
      const { file, byte } = drawPlace(from.files, random);
      const damaged = new Map(from.files);
      const bytes = (from.files.get(file) as Uint8Array).slice();
      bytes[byte] = (bytes[byte] as number) ^ (1 << random.below(8));
      damaged.set(file, bytes);
      const came = outcome(from, damaged, options);
      outcomes.set(came, (outcomes.get(came) ?? 0) + 1);
      // A snapshot or a watermark can be done without, and so can what lies below a snapshot; an event after it cannot.
      if (came === 'whole' && file.startsWith('journal-')) expect(name).toBe('snapshots');
    }
    expect(outcomes.get('refused')).toBeGreaterThan(50);
  });

  test('with a file cut short is refused, or cut above the watermark, or whole', () => {
    const random = Random.of(1, 'cuts', name);
    for (let i = 0; i < 340; i++) {
      const { file, byte } = drawPlace(from.files, random);
      outcome(from, new Map([...from.files, [file, (from.files.get(file) as Uint8Array).slice(0, byte)]]), options);
    }
  });

  test('with a torn last batch goes on without it', () => {
    const last = [...from.files.keys()].filter((file) => file.startsWith('journal-')).sort((a, b) => (a < b ? 1 : -1))[0] as string;
    const bytes = from.files.get(last) as Uint8Array;
    for (let cut = 1; cut < 60; cut++) expect(outcome(from, new Map([...from.files, [last, bytes.slice(0, bytes.length - cut)]]), options)).toBe('cut');
  });

  test('without one of its files is refused or whole', () => {
    for (const file of from.files.keys()) {
      const rest = new Map(from.files);
      rest.delete(file);
      expect(['refused', 'whole']).toContain(outcome(from, rest, options));
    }
  });
});

// Only the last batch can be torn: the next one is written when it is durable. So an intact batch after the damage proves that
// something acknowledged was hit, though the watermark lies far below.
describe('above the watermark', () => {
  const options = { watermarkBatches: 1_000, watermarkUs: 1_000_000_000 };
  const from = original(options);
  const file = [...from.files.keys()].find((name) => name.startsWith('journal-')) as string;
  const bytes = from.files.get(file) as Uint8Array;
  const ends = batchEnds(bytes);
  const [before, last] = ends.slice(-3) as [number, number];

  const flipped = (place: number, random: Random): Files => {
    const damaged = bytes.slice();
    damaged[place] = (damaged[place] as number) ^ (1 << random.below(8));
    return new Map([...from.files, [file, damaged]]);
  };

  test('any flipped bit in a batch that another one follows is refused', () => {
    const random = Random.of(1, 'followed');
    expect(from.marked).toBeLessThan(from.end - 100);
    for (let place = before; place < last; place += 3) expect(outcome(from, flipped(place, random), options)).toBe('refused');
  });

  test('any flipped bit in the very last batch is taken for a torn write', () => {
    const random = Random.of(1, 'last');
    for (let place = last; place < bytes.length; place += 3) expect(outcome(from, flipped(place, random), options)).toBe('cut');
  });
});

/** Where each batch of a segment ends. */
function batchEnds(bytes: Uint8Array): number[] {
  const ends: number[] = [];
  let at = 0;
  while (at < bytes.length) {
    const parsed = parseBatch(bytes, at);
    if (!parsed.ok) {
      at++;
      continue;
    }
    at = parsed.end;
    ends.push(at);
  }
  return ends;
}

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LiveEntropy } from './entropy.ts';
import { memberFaults } from './members.ts';
import { Outbox } from './outbox.ts';
import { Splitter } from './splitter.ts';
import { framed } from './testing/peers.ts';

function drain(splitter: Splitter): (number[] | string)[] {
  const out: (number[] | string)[] = [];
  for (let next = splitter.next(); next !== undefined; next = splitter.next()) {
    out.push(typeof next === 'string' ? next : [...next]);
    if (typeof next === 'string') break;
  }
  return out;
}

describe('the splitter', () => {
  const frames = fc.array(fc.uint8Array({ minLength: 1, maxLength: 64 }), { maxLength: 40 });
  const cuts = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 60 });

  test('gives back the frames that were sent, however the bytes were cut', () => {
    fc.assert(
      fc.property(frames, cuts, (sent, sizes) => {
        const bytes = Buffer.concat(sent.map((frame) => framed(frame)));
        const splitter = new Splitter(64);
        const got: (number[] | string)[] = [];
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const size = (sizes[i % sizes.length] as number) + (i % sizes.length === 0 ? 1 : 0);
          splitter.push(bytes.subarray(at, at + size));
          at += size;
          got.push(...drain(splitter));
        }
        expect(got).toEqual(sent.map((frame) => [...frame]));
        expect(splitter.pending).toBe(0);
      }),
      { numRuns: 500 },
    );
  });

  test('refuses a length above the limit as soon as it is claimed, and an empty frame', () => {
    for (const claimed of [65, 1 << 30, 0xffffffff]) {
      const splitter = new Splitter(64);
      splitter.push(framed(new Uint8Array(0), claimed));
      expect(drain(splitter)).toEqual(['oversized']);
    }
    const splitter = new Splitter(64);
    splitter.push(framed(new Uint8Array(0)));
    expect(drain(splitter)).toEqual(['empty']);
  });

  test('arbitrary bytes never make it throw or hold more than was pushed', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 50 }), (chunks) => {
        const splitter = new Splitter(1 << 14);
        let pushed = 0;
        for (const chunk of chunks) {
          splitter.push(chunk);
          pushed += chunk.length;
          if (drain(splitter).some((frame) => typeof frame === 'string')) return;
          expect(splitter.pending).toBeLessThanOrEqual(pushed);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('the outbox', () => {
  const put = fc.record({ size: fc.integer({ min: 1, max: 60 }), droppable: fc.boolean() });
  const action = fc.oneof({ weight: 4, arbitrary: put }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 200 }) });

  test('does what a plain list does: order kept, bounds kept, oldest droppable first', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 300 }), (actions) => {
        const outbox = new Outbox({ frames: 12, bytes: 400 });
        let model: { id: number; size: number; droppable: boolean }[] = [];
        const weight = (): number => model.reduce((sum, frame) => sum + frame.size, 0);
        actions.forEach((step, n) => {
          if (typeof step === 'number') {
            const taken = outbox.take(step);
            const count = firstRun(model, step);
            const splitter = new Splitter(1_000);
            if (taken !== undefined) splitter.push(taken);
            expect(drain(splitter).map((frame) => (frame as number[])[0])).toEqual(model.slice(0, count).map((frame) => frame.id));
            model = model.slice(count);
          } else {
            const bytes = new Uint8Array(step.size).fill(n & 0xff);
            let lost = 0;
            let refused = false;
            while (!refused && (model.length >= 12 || weight() + step.size > 400)) {
              const place = model.findIndex((frame) => frame.droppable);
              lost++;
              if (place < 0) refused = true;
              else model.splice(place, 1);
            }
            if (!refused) model.push({ id: n & 0xff, size: step.size, droppable: step.droppable });
            expect(outbox.put(bytes, step.droppable)).toBe(lost);
          }
          expect([outbox.length, outbox.bytes]).toEqual([model.length, weight()]);
        });
      }),
      { numRuns: 500 },
    );
  });

  function firstRun(model: readonly { size: number }[], limit: number): number {
    let size = 0;
    let count = 0;
    for (const frame of model) {
      if (size > 0 && size + 4 + frame.size > limit) break;
      size += 4 + frame.size;
      count++;
    }
    return count;
  }
});

test('entropy: words are 32 bits, and no two thousand of them hold a repetition worth mentioning', () => {
  const entropy = new LiveEntropy();
  const words = Array.from({ length: 2_000 }, () => entropy.word());
  expect(words.every((word) => Number.isInteger(word) && word >= 0 && word <= 0xffffffff)).toBe(true);
  expect(new Set(words).size).toBeGreaterThan(1_990);
  const ones = words.reduce((sum, word) => sum + word.toString(2).replaceAll('0', '').length, 0);
  expect(Math.abs(ones / (2_000 * 32) - 0.5)).toBeLessThan(0.02);
});

test('a member list tells everything that is wrong with it at once', () => {
  const key = 'ab'.repeat(32);
  expect(memberFaults([{ id: 1, publicKey: key, addresses: ['/ip4/127.0.0.1/tcp/4001', '/dns4/node.example/tcp/1'] }])).toEqual([]);
  const faults = memberFaults([
    { id: 1, publicKey: key, addresses: ['127.0.0.1:4001'] },
    { id: 3, publicKey: key, addresses: ['/ip4/1.2.3.4/udp/4001', '/ip4/999.2.3.4/tcp/1'] },
    { id: 3, publicKey: 'xyz', addresses: [] },
  ]);
  expect(faults).toHaveLength(6);
});

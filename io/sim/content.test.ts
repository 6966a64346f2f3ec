import { describe, expect, test } from 'vitest';
import { sha256 } from '../../kernel/base/hash.ts';
import type { ContentRequest } from '../../kernel/content.ts';
import type { ServiceOutcome } from '../../kernel/event.ts';
import { bytesOf, contentContract, contentOf, CONTRACT_BYTES, type ContentSubject } from '../contract/content.ts';
import { SimContent, type ContentWorld } from './content.ts';

interface Answer {
  readonly sequence: number;
  readonly index: number;
  readonly outcome: ServiceOutcome;
}

class Bench implements ContentWorld, ContentSubject {
  now = 0;
  readonly answers: Answer[] = [];
  readonly store = new SimContent(this, 3, 2, CONTRACT_BYTES);
  private open: (Answer & { readonly at: number })[] = [];

  outcomeAt(delayUs: number, node: number, sequence: number, index: number, outcome: ServiceOutcome): void {
    expect(delayUs).toBeGreaterThan(0);
    expect(node).toBe(2);
    this.open.push({ at: this.now + delayUs, sequence, index, outcome });
  }

  settle(): Promise<void> {
    for (const { at, sequence, index, outcome } of this.open.splice(0)) {
      this.now = Math.max(this.now, at);
      this.answers.push({ sequence, index, outcome });
    }
    return Promise.resolve();
  }

  restart(): Promise<void> {
    this.store.crash();
    return Promise.resolve();
  }

  damage(content: string): void {
    this.store.damage(content);
  }

  async ask(request: ContentRequest): Promise<ServiceOutcome | undefined> {
    this.store.call(1, 0, request);
    await this.settle();
    return this.answers.splice(0).at(-1)?.outcome;
  }
}

const BYTES = bytesOf(20_000, 1);
const put: ContentRequest = { service: 'content', ask: 'put', owner: 1, content: contentOf(BYTES) };
const get: ContentRequest = { service: 'content', ask: 'get', content: sha256(BYTES), offset: 0 };
const has: ContentRequest = { service: 'content', ask: 'has', content: sha256(BYTES) };

describe('a simulated content store', () => {
  test.each(contentContract.map((one) => [one.claim, one] as const))('%s', async (_, one) => {
    await one.check(new Bench());
  });

  test('that is broken fails, does not know, says nothing or is late; done or not, what it says it did it has done', async () => {
    const bench = new Bench();
    const seen = new Set<string>();
    for (let i = 0; i < 200; i++) {
      await bench.ask({ service: 'content', ask: 'drop', owner: 1 });
      bench.store.brokenPerMille = 900;
      const outcome = await bench.ask(put);
      bench.store.brokenPerMille = 0;
      const held = await bench.ask(has);
      const done = held?.kind === 'ok' && held.answer.service === 'content' && held.answer.is === 'held';
      seen.add(`${outcome?.kind ?? 'silence'}, ${done ? 'done' : 'not done'}`);
    }
    expect([...seen].toSorted()).toEqual(['failed, not done', 'ok, done', 'silence, done', 'unknown, done', 'unknown, not done']);
    expect(bench.store.failures).toBeGreaterThan(100);
  });

  test('loses what it keeps, finds it damaged, or hands out other bytes', async () => {
    const bench = new Bench();
    const seen = new Set<string>();
    for (let i = 0; i < 60; i++) {
      await bench.ask(put);
      bench.store.strike();
      const outcome = await bench.ask(get);
      if (outcome?.kind !== 'ok' || outcome.answer.service !== 'content') continue;
      const { answer } = outcome;
      seen.add(answer.is === 'absent' ? answer.why : answer.is === 'chunk' && sha256(answer.bytes) === sha256(BYTES.slice(0, answer.bytes.length)) ? 'another chunk' : 'other bytes');
    }
    expect([...seen].toSorted()).toEqual(['another chunk', 'damaged', 'missing', 'other bytes']);
  });

  test('may lose in a crash what was not answered yet, and nothing else', async () => {
    const seen = new Set<string>();
    const bench = new Bench();
    await bench.ask({ ...put, owner: 2 });
    const other = bytesOf(100, 2);
    for (let i = 0; i < 40; i++) {
      bench.store.call(1, 0, { ...put, content: contentOf(other) });
      bench.store.crash();
      const outcome = await bench.ask({ ...has, content: sha256(other) });
      await bench.ask({ service: 'content', ask: 'drop', owner: 1 });
      seen.add(JSON.stringify(outcome));
      expect(await bench.ask(has)).toMatchObject({ kind: 'ok', answer: { is: 'held' } });
    }
    expect(seen.size).toBe(2);
  });
});

import { describe, expect, test } from 'vitest';
import { chainContract, type ChainSubject, type HeadReport } from '../contract/chain.ts';
import { BLOCK_EVERY_US, ParentChain, type Head, type ParentWorld } from './parent-chain.ts';

/** One node that follows a parent chain. */
class Bench implements ParentWorld, ChainSubject {
  now = 0;
  heads: HeadReport[] = [];
  readonly chain = new ParentChain(this, 3, 1);

  constructor() {
    for (let i = 0; i < 5; i++) this.chain.tick();
    this.heads = [];
    this.chain.follow(1);
  }

  parentHeadAt(at: number, node: number, head: Head): void {
    expect(at).toBeGreaterThan(this.now);
    expect(node).toBe(1);
    this.heads.push(head);
  }

  pass(blocks: number): Promise<void> {
    for (let i = 0; i < blocks; i++) {
      this.now += BLOCK_EVERY_US;
      this.chain.tick();
    }
    return Promise.resolve();
  }

  restart(): Promise<void> {
    this.heads = [];
    this.chain.follow(1);
    return Promise.resolve();
  }

  fork(): void {
    this.chain.unstable = true;
  }

  silence(silent: boolean): void {
    this.chain.outage(1, silent);
  }
}

describe('a simulated parent chain', () => {
  test.each(chainContract.map((one) => [one.claim, one] as const))('%s', async (_, one) => {
    await one.check(new Bench());
  });

  test('reorganises what is not final, while it is unstable', async () => {
    const bench = new Bench();
    await bench.pass(100);
    expect(bench.chain.reorganisations).toBe(0);
    bench.fork();
    await bench.pass(100);
    expect(bench.chain.reorganisations).toBeGreaterThan(10);
  });

  test('lies about a head that was final, when told to', async () => {
    const bench = new Bench();
    await bench.pass(5);
    const last = bench.heads[bench.heads.length - 1] as HeadReport;
    expect(bench.chain.equivocate(1)).toBe(true);
    const lie = bench.heads[bench.heads.length - 1] as HeadReport;
    expect(lie.number).toBe(last.number);
    expect(lie.hash).not.toBe(last.hash);
  });
});

import { describe, expect, test } from 'vitest';
import { nodeId } from '../../kernel/base/ids.ts';
import { Random } from '../../kernel/base/random.ts';
import type { ServiceOutcome } from '../../kernel/event.ts';
import { hello, helloText } from '../../kernel/hello.ts';
import { entropyContract } from '../contract/entropy.ts';
import { servicesContract, type ServicesSubject } from '../contract/calls.ts';
import { SimContent } from './content.ts';
import { HelloVerifier, StandInScheme } from './scheme.ts';
import { SimServices, type ServicesWorld } from './calls.ts';

class Bench implements ServicesWorld, ServicesSubject {
  readonly now = 0;
  readonly answers: { sequence: number; index: number; outcome: ServiceOutcome }[] = [];
  readonly scheme = new StandInScheme(1, 3);
  readonly services = new SimServices(this, 1, 2, this.scheme, new SimContent(this, 1, 2));
  private open: { sequence: number; index: number; outcome: ServiceOutcome }[] = [];

  outcomeAt(delayUs: number, node: number, sequence: number, index: number, outcome: ServiceOutcome): void {
    expect(delayUs).toBeGreaterThan(0);
    expect(node).toBe(2);
    this.open.push({ sequence, index, outcome });
  }

  settle(): Promise<void> {
    this.answers.push(...this.open);
    this.open = [];
    return Promise.resolve();
  }

  verify(text: string, signature: string): boolean {
    return this.scheme.verify(nodeId(2), text, signature);
  }

  breakGpu(): void {
    this.services.brokenPerMille = 500;
  }

  async inventory(): Promise<string[]> {
    this.services.call(1, 0, { service: 'gpu', ask: 'inventory' });
    await this.settle();
    const outcome = this.answers.pop()?.outcome;
    return outcome?.kind === 'ok' && outcome.answer.service === 'gpu' ? outcome.answer.devices.map((device) => device.id) : [];
  }
}

describe('simulated services', () => {
  test.each(servicesContract.map((one) => [one.claim, one] as const))('%s', async (_, one) => {
    await one.check(new Bench());
  });

  test('lose a device and find it again', async () => {
    const bench = new Bench();
    const before = await bench.inventory();
    bench.services.lose();
    expect(await bench.inventory()).toHaveLength(before.length - 1);
    bench.services.find();
    expect(await bench.inventory()).toEqual(before);
    expect(bench.services.losses).toBe(1);
  });
});

describe('the stand-in scheme', () => {
  test('gives every node a key that no other signs with', () => {
    const scheme = new StandInScheme(9, 3);
    const signature = scheme.sign(nodeId(1), 'text');
    expect(scheme.verify(nodeId(1), 'text', signature)).toBe(true);
    expect(scheme.verify(nodeId(2), 'text', signature)).toBe(false);
    expect(scheme.verify(nodeId(4), 'text', signature)).toBe(false);
    expect(new StandInScheme(10, 3).verify(nodeId(1), 'text', signature)).toBe(false);
  });
});

describe('a verifier of hellos', () => {
  test('accepts what its sender signed, as often as it comes, and nothing else', () => {
    const scheme = new StandInScheme(9, 3);
    const verifier = new HelloVerifier(scheme, 'net');
    const signature = scheme.sign(nodeId(1), helloText('net', nodeId(1), 2, 77, 5));
    const good = hello(2, 77, 5, signature, true, false, 0);
    for (let i = 0; i < 3; i++) {
      expect(verifier.verify(nodeId(1), good)).toBe(true);
      expect(verifier.verify(nodeId(2), good)).toBe(false);
      expect(verifier.verify(nodeId(1), hello(3, 77, 5, signature, true, false, 0))).toBe(false);
      expect(verifier.verify(nodeId(1), hello(2, 78, 5, signature, true, false, 0))).toBe(false);
      expect(verifier.verify(nodeId(1), hello(2, 77, 6, signature, true, false, 0))).toBe(false);
    }
    expect(new HelloVerifier(scheme, 'other').verify(nodeId(1), good)).toBe(false);
  });
});

describe('simulated entropy', () => {
  test.each(entropyContract.map((one) => [one.claim, one] as const))('%s', async (_, one) => {
    await one.check({ entropy: Random.of(1, 'host', 1), other: Random.of(1, 'host', 2) });
  });
});

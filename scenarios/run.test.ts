import { describe, expect, test, vi } from 'vitest';
import { SECOND } from '../kernel/base/time.ts';
import type { NodeId } from '../kernel/base/ids.ts';
import type { Property, Violation, Watch } from '../io/sim/evidence.ts';
import { readRunFile, writeRunFile } from './run-file-reading.ts';
import { execute, resolve } from './run.ts';
import type { RunResult } from './scenario.ts';

const SEEDS = [1, 2, 3, 4, 5];
const short = (seed: number, scenario = 'steady-decides') => resolve(seed, { scenario, forUs: 4 * SECOND, faults: 'all' });
const play = (run: ReturnType<typeof short>, checked = false): RunResult => execute(run, [], { checked, kernelVersion: 'test' }).result;

/** A property made of a watch. */
const claimed = (watch: (violated: (violation: Violation) => void) => Watch): Property => ({
  id: 'claimed', claim: 'a claim', kind: 'safety', scope: 'global', watch: (run) => watch((violation) => run.violated('claimed', violation)),
});

vi.setConfig({ testTimeout: 120_000 });

describe('a run', () => {
  test('is the same every time it is executed, and from its file', () => {
    for (const seed of SEEDS) {
      const run = short(seed);
      const first = play(run);
      expect(play(run)).toEqual(first);
      const read = readRunFile(writeRunFile(run));
      expect(read.ok && play(read.run)).toEqual(first);
    }
  });

  test('differs from that of another seed', () => {
    expect(new Set(SEEDS.map((seed) => play(short(seed)).digest)).size).toBe(SEEDS.length);
  });

  test.each(['steady-decides', 'contested-need', 'rolling-restarts', 'slow-disk', 'parent-and-gpu'])('of %s has the same digest when everything is frozen, encoded and restored on the way', (scenario) => {
    for (const seed of SEEDS.slice(0, 2)) expect(play(short(seed, scenario), true)).toEqual(play(short(seed, scenario)));
  });

  test('shows a property the same evidence in the same order, frozen or not', () => {
    const seen = (checked: boolean): string => {
      const lines: string[] = [];
      const property = claimed(() => ({
        sent: (frame, now, clock) => void lines.push(`${now} ${clock} ${frame.from}>${frame.to} ${frame.sequence}.${frame.index} ${frame.message.hash}`),
        durable: (node, events, high, low, now) => void lines.push(`${now} ${node} ${events.length} ${high} ${low}`),
        returned: (invocation, answer, now) => void lines.push(`${now} ${invocation.client} ${invocation.number} ${answer.kind}`),
        judge: () => ({ verdict: 'held', checks: 1 }),
      }));
      execute(short(3), [property], { checked, kernelVersion: 'test' });
      return lines.join('\n');
    };
    expect(seen(true)).toBe(seen(false));
  });

  test('refolds one node from boot, and finds the same digest at every batch', () => {
    let batches = 0;
    let different = 0;
    const property = claimed(() => ({
      shadowed: (_node, _sequence, same) => {
        batches++;
        if (!same) different++;
      },
      judge: () => ({ verdict: 'held', checks: batches }),
    }));
    for (const seed of SEEDS) execute(short(seed, 'rolling-restarts'), [property], { checked: false, kernelVersion: 'test' });
    expect(batches).toBeGreaterThan(500);
    expect(different).toBe(0);
  });

  test('refolds a restarted node to the digest that was durable before, every time', () => {
    let compared = 0;
    const property = claimed((violated) => {
      const durable = new Map<NodeId, string>();
      const damaged = new Set<NodeId>();
      return {
        durable: (node, events, high, low) => void durable.set(node, `${events[events.length - 1]?.sequence} ${high} ${low}`),
        damaged: (node) => void damaged.add(node),
        refolded: (node, sequence, high, low, now) => {
          if (!durable.has(node) || damaged.has(node)) return;
          compared++;
          const found = `${sequence} ${high} ${low}`;
          if (durable.get(node) !== found) violated({ message: `expected ${durable.get(node)}, got ${found}`, at: now, nodes: [node] });
        },
        judge: () => ({ verdict: 'held', checks: compared }),
      };
    });
    for (const seed of SEEDS) {
      const { result } = execute(short(seed, 'rolling-restarts'), [property], { checked: false, kernelVersion: 'test' });
      expect(result.properties[0]?.violation).toBeUndefined();
    }
    expect(compared).toBeGreaterThan(8);
  });

  test('ends where a property is violated, unless told to go on', () => {
    const property = claimed((violated) => ({
      returned: (_invocation, _answer, now) => now > SECOND && violated({ message: 'enough', at: now, nodes: [] }),
      judge: () => ({ verdict: 'held', checks: 1 }),
    } as Watch));
    const run = short(1);
    const stopped = execute(run, [property], { checked: false, kernelVersion: 'test' }).result;
    const whole = execute(run, [property], { checked: false, kernelVersion: 'test', keepGoing: true }).result;
    expect(stopped.properties[0]).toMatchObject({ verdict: 'violated', violation: { message: 'enough' } });
    expect(stopped.simulatedUs).toBeLessThan(2 * SECOND);
    expect(whole.simulatedUs).toBeGreaterThan(3 * SECOND);
    expect(whole.properties[0]?.violation).toEqual(stopped.properties[0]?.violation);
  });

  test('below its goodput floor says of no property that it held', () => {
    const property = claimed(() => ({ judge: () => ({ verdict: 'held', checks: 1 }) }));
    const run = { ...short(1), faults: [] };
    const starved = { ...run, workload: { ...run.workload, decidesPer1000s: 100, getsPer1000s: 0 } };
    expect(execute(starved, [property], { checked: false, kernelVersion: 'test' }).result.properties[0]?.verdict).toBe('not-exercised');
  });

  test('can be ended from outside', () => {
    let looks = 0;
    const hooks = { progress: (): boolean => ++looks < 2 };
    const result = execute(resolve(1, { forUs: 60 * SECOND, faults: 'none' }), [], { checked: false, kernelVersion: 'test', hooks }).result;
    expect(result.simulatedUs).toBeLessThan(30 * SECOND);
  });
});

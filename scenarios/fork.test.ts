// The properties know the past that a fork goes on from: what was committed there must not be lost here.

import { describe, expect, test, vi } from 'vitest';
import { SECOND } from '../kernel/base/time.ts';
import type { KernelImage } from '../kernel/image.ts';
import type { RaftImage } from '../kernel/raft/image.ts';
import { properties } from '../properties/all.ts';
import { forkOf, resolveFork, type KnownNode } from './fork.ts';
import { execute, resolve } from './run.ts';
import type { PropertyResult } from './scenario.ts';

vi.setConfig({ testTimeout: 60_000 });

/** What the nodes of a quiet network were after two seconds, in which they decided some hundred needs. */
function known(): KnownNode[] {
  const run = resolve(5, { scenario: 'steady-decides', forUs: 2 * SECOND, faults: 'none' });
  const { world } = execute(run, [], { checked: false, kernelVersion: 'test' });
  return world.hosts.slice(1).map((host, place) => {
    const loop = host.loop;
    if (loop === undefined) throw new Error(`node ${place + 1} is down`);
    return { image: loop.kernel.image(), incarnation: loop.incarnation, ordinal: loop.batches };
  });
}

function judged(nodes: readonly KnownNode[]): readonly PropertyResult[] {
  const fork = forkOf(nodes, 1, 'test');
  const { result } = execute(resolveFork(fork.past.parameters, 1, 6 * SECOND, 'none'), properties, { checked: false, kernelVersion: 'test', past: fork.past, keepGoing: true });
  expect(result.broke).toBeUndefined();
  return result.properties;
}

const violated = (results: readonly PropertyResult[]): string[] => results.filter((result) => result.verdict === 'violated').map((result) => result.id);
const changed = (node: KnownNode, change: (raft: RaftImage) => RaftImage): KnownNode => ({ ...node, image: { ...node.image, groups: node.image.groups.map(change) } satisfies KernelImage });

describe('a run that goes on from a past', () => {
  test('violates nothing, and exercises what the past is good for', () => {
    const results = judged(known());
    expect(violated(results)).toEqual([]);
    expect(results.find((result) => result.id === 'durability')?.checks).toBeGreaterThan(20);
  });

  test('is the same run when everything is frozen, encoded and restored on the way', () => {
    const fork = forkOf(known(), 1, 'test');
    const run = resolveFork(fork.past.parameters, 1, 4 * SECOND, 'default');
    const [plain, checked] = [false, true].map((one) => execute(run, properties, { checked: one, kernelVersion: 'test', past: fork.past }).result);
    expect(checked).toEqual(plain);
  });

  test('in which a majority has forgotten what it had is found out', () => {
    const forgetful = known().map((node, place) => (place === 0 ? node : changed(node, (raft) => ({
      ...raft, commit: 0, applied: 0, base: 0, baseTerm: 0, entries: [], sessions: [], machine: { lamport: 0, epoch: 0, lowWater: 0, named: 0, records: [] },
    }))));
    expect(violated(judged(forgetful)).length).toBeGreaterThan(0);
  });

  test('in which all registers hold another record than the log is found out', () => {
    const altered = known().map((node, place) => (place === 0 ? node : changed(node, (raft) => ({ ...raft, machine: { ...raft.machine, lamport: raft.machine.lamport + 1 } }))));
    expect(violated(judged(altered))).toContain('state-machine-safety');
  });
});

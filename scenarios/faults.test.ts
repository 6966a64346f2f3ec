import { describe, expect, test } from 'vitest';
import { MS, SECOND } from '../kernel/base/time.ts';
import type { Evidence } from '../io/sim/evidence.ts';
import type { FaultEpisode, RunFile } from '../io/sim/run-file.ts';
import { LOOP_DEFAULTS } from '../io/loop-options.ts';
import { execute, resolve, type Execution } from './run.ts';
import { SeededDraw } from '../nemesis/draw.ts';
import type { Fault } from '../nemesis/fault.ts';
import { FAULTS } from '../nemesis/faults.ts';

const HEAL_AT = 6 * SECOND;

/** Six seconds of parent-and-gpu (which has nearly everything that can break) in which one fault comes several times. */
function runWith(fault: Fault, seed: number): RunFile {
  if (fault.needs === 'content') return whileFarBehind(fault, seed);
  const calm = resolve(seed, { scenario: 'parent-and-gpu', forUs: 8 * SECOND, faults: 'none' });
  const draw = new SeededDraw(`${seed}/${fault.name}`);
  const faults: FaultEpisode[] = [];
  for (let from = 1_500 * MS; from < HEAL_AT - 500 * MS; from += 1_200 * MS) {
    faults.push(fault.draw(draw, { nodes: calm.nodes, from, healAt: HEAL_AT, lengthUs: 800 * MS }));
    if (fault.damages === true) break;
  }
  return { ...calm, healAt: HEAL_AT, faults };
}

/** Stores matter only where nodes are cut off for so long that they need a snapshot. */
function whileFarBehind(fault: Fault, seed: number): RunFile {
  const calm = resolve(seed, { scenario: 'far-behind', forUs: 8 * SECOND, faults: 'none' });
  const draw = new SeededDraw(`${seed}/${fault.name}`);
  const faults: FaultEpisode[] = [];
  for (let from = 1_000 * MS; from < HEAL_AT - 2 * SECOND; from += 1_600 * MS) {
    const until = from + 1_200 * MS;
    faults.push({ kind: 'partition', from, until, nodes: draw.nodes(1, calm.nodes), strength: 1 });
    faults.push({ ...fault.draw(draw, { nodes: calm.nodes, from: until - 100 * MS, healAt: HEAL_AT, lengthUs: 800 * MS }), nodes: Array.from({ length: calm.nodes }, (_, place) => place + 1) });
  }
  return { ...calm, healAt: HEAL_AT, faults };
}

const play = (run: RunFile): Execution => execute(run, [], { checked: false, kernelVersion: 'test' });

describe.each(FAULTS.map((fault) => [fault.name, fault] as const))('%s', (name, fault) => {
  const runs = [1, 2, 3, 4].map((seed) => {
    const run = runWith(fault, seed);
    return { ...play(run), run };
  });

  test('really happens, and is counted', () => {
    const counts = runs.map(({ result }) => result.faults[name] ?? 0);
    expect(Math.max(...counts)).toBeGreaterThan(0);
  });

  test('has ended when the network heals, and leaves nothing behind', () => {
    for (const { world, result, run } of runs) {
      expect(result.broke).toBeUndefined();
      for (const id of world.ids) {
        const host = world.host(id);
        const { disk, services } = host;
        expect([host.pauses, host.extraTurnUs, disk.stallUs, disk.readErrors, disk.syncErrors, disk.fulls, services.brokenPerMille, services.doubtPerMille, services.content.brokenPerMille, services.content.rotPerMille]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        expect(host.state === 'up' || host.damaged).toBe(true);
        expect(host.crashPlan).toBeUndefined();
        expect(host.otherLimits).toBeUndefined();
        expect([host.loop?.options.snapshotEvery ?? run.snapshotEvery, host.loop?.options.sliceEvents ?? LOOP_DEFAULTS.sliceEvents]).toEqual([run.snapshotEvery, LOOP_DEFAULTS.sliceEvents]);
      }
      const touched = [...world.network.touched];
      const readings = world.ids.map((id) => world.host(id).clock.now());
      expect(world.network.tapped).toBe(false);
      expect(world.run(world.now + SECOND, 1_000_000)).toBe(true);
      for (const [place, id] of world.ids.entries()) expect(world.host(id).clock.now()).toBeGreaterThan(readings[place] as number);
      expect([...world.network.touched]).toEqual(touched);
      expect(world.parent?.unstable ?? false).toBe(false);
    }
  });

  test('lets clients be served again afterwards', () => {
    for (const { result } of runs) expect(result.operations.ok).toBeGreaterThan(40);
  });

  test('is drawn within its site, with a strength that a run file may name', () => {
    const draw = new SeededDraw(`sites/${name}`);
    for (let i = 0; i < 300; i++) {
      const site = { nodes: draw.between(1, 12), from: draw.below(HEAL_AT - 1), healAt: HEAL_AT, lengthUs: draw.between(1, 4 * SECOND) };
      const episode = fault.draw(draw, site);
      expect(episode.kind).toBe(name);
      expect(episode.from).toBe(site.from);
      expect(episode.until).toBeGreaterThanOrEqual(site.from);
      expect(episode.until).toBeLessThanOrEqual(HEAL_AT);
      expect(episode.strength).toBeGreaterThanOrEqual(0);
      expect(episode.strength).toBeLessThanOrEqual(fault.strongest);
      expect(episode.nodes.length).toBeGreaterThan(0);
      expect(episode.nodes.every((node) => node >= 1 && node <= site.nodes)).toBe(true);
    }
  });
});

describe('other-set', () => {
  const calm = resolve(1, { scenario: 'rolling-restarts', nodes: 5, forUs: 8 * SECOND, faults: 'none' });
  const episode: FaultEpisode = { kind: 'other-set', from: 1_500 * MS, until: 4_500 * MS, nodes: [1, 2], strength: 1 };
  const setsAt = (endAt: number): (number | undefined)[] => {
    const { world } = execute({ ...calm, faults: [episode] }, [], { checked: false, kernelVersion: 'test', endAt });
    return world.ids.map((id) => world.host(id).loop?.options.snapshotEvery);
  };
  const { snapshotEvery } = calm;

  test('lets some nodes go on with another set beside the rest, and then with the same again', () => {
    expect(setsAt(1_400 * MS)).toEqual(Array.from({ length: 5 }, () => snapshotEvery));
    expect(setsAt(3_300 * MS)).toEqual([40, 40, snapshotEvery, snapshotEvery, snapshotEvery]);
    expect(setsAt(5_000 * MS)).toEqual(Array.from({ length: 5 }, () => snapshotEvery));
  });
});

test('old-frames says again what is of an earlier incarnation too', () => {
  const run = runWith(FAULTS.find((fault) => fault.name === 'old-frames') as Fault, 1);
  let heard = 0;
  let ofAnEarlierLife = 0;
  const listener: Evidence = {
    durable: (_node, events) => {
      for (const { cause } of events) {
        if (cause.kind !== 'message') continue;
        heard++;
        if ((latest.get(cause.from) ?? 0) > cause.incarnation) ofAnEarlierLife++;
      }
    },
    sent: (frame) => void latest.set(frame.from, Math.max(latest.get(frame.from) ?? 0, frame.incarnation)),
  };
  const latest = new Map<number, number>();
  execute(run, [], { checked: false, kernelVersion: 'test', listeners: [listener] });
  expect(heard).toBeGreaterThan(1_000);
  expect(ofAnEarlierLife).toBeGreaterThan(20);
});

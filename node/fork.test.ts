// Journals of a simulated network, as files, and what becomes of them in another world.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SECOND } from '../kernel/base/time.ts';
import { Complaint } from './complaint.ts';
import { dumpWorld } from './dump.ts';
import { consistent, forked, pastOf } from './fork.ts';
import { replay } from './replay.ts';
import { executeRun, resolveRun } from './simulate.ts';

const root = mkdtempSync(join(tmpdir(), 'lockstep-fork-'));
const whole = join(root, 'whole');
const node = (id: number): string => join(whole, `node-00${id}`);

/** Five seconds of a network whose leaders are cut off: too short for any journal to be compacted away entirely. */
beforeAll(() => {
  const request = { seed: 7, options: { scenario: 'leader-cut-off', forUs: 5 * SECOND }, checked: false, realCrypto: false };
  dumpWorld(whole, executeRun(request, resolveRun(request)).world.view());
}, 60_000);

afterAll(() => rmSync(root, { recursive: true, force: true }));

const SHORT = { seed: '3', for: '8s' };

describe('a fork', () => {
  test('of the same journals, at the same step and with the same seed, is the same run', () => {
    const [one, again] = [1, 2].map(() => forked([whole], { ...SHORT, from: '400' }));
    expect(one?.digest).toBe(again?.digest);
    expect(one?.operations).toEqual(again?.operations);
    expect(one?.fork).toEqual(again?.fork);
    expect(forked([whole], { ...SHORT, from: '401' }).digest).not.toBe(one?.digest);
    expect(forked([whole], { ...SHORT, from: '400', seed: '4' }).digest).not.toBe(one?.digest);
  });

  test('goes on where the nodes were: no property is violated, and records of the past are read again', () => {
    for (const from of ['150', '400', '700']) {
      const report = forked([whole], { ...SHORT, from });
      expect(report.broke).toBeUndefined();
      expect(report.properties.filter((property) => property.verdict === 'violated')).toEqual([]);
      const held = report.properties.filter((property) => property.verdict === 'held').map((property) => property.id);
      for (const id of ['P2', 'election-safety', 'log-matching', 'state-machine-safety', 'exactly-once', 'durability', 'linearizability']) expect(held).toContain(id);
      expect(report.fork.known).toBeGreaterThan(0);
    }
  });

  test('is broken by the faults that are asked for, and by no others', () => {
    expect(forked([whole], { ...SHORT, from: '400', faults: 'none' }).faults).toEqual({});
    const { faults } = forked([whole], { ...SHORT, from: '400', faults: 'kill,partition' });
    expect(Object.keys(faults).toSorted()).toEqual(['kill', 'partition']);
    expect(faults['kill']).toBeGreaterThan(0);
  });

  test('of one journal gives the others what that node knew, and says so', () => {
    const report = forked([node(2)], { ...SHORT, from: '400' });
    expect(report.fork.origins.map(({ node: id, copiedFrom }) => [id, copiedFrom])).toEqual([[1, 2], [2, undefined], [3, 2], [4, 2], [5, 2]]);
    expect(report.properties.filter((property) => property.verdict === 'violated')).toEqual([]);
    expect(report.operations.ok).toBeGreaterThan(100);
  });

  test('says how to see it again', () => {
    expect(forked([whole], { ...SHORT, from: '400' }).replay).toBe(`npm run replay -- ${whole} --from 1:400 --fork --seed 3 --for 8s`);
  });

  test('may begin at a step of any of its nodes', () => {
    const report = forked([whole], { ...SHORT, from: '3:300' });
    expect([report.fork.node, report.fork.step]).toEqual([3, 300]);
    expect(report.fork.origins.find((origin) => origin.node === 3)?.step).toBe(300);
    expect(() => forked([node(1)], { ...SHORT, from: '3:300' })).toThrow('none of the journals is of node 3 (there are 1)');
  });

  test.each([
    ['a step after the end', { from: '99999999' }, 'ends with event'],
    ['a step that is none', { from: 'x' }, '--from expects a whole number'],
    ['an unknown fault', { from: '10', faults: 'kil' }, 'did you mean "kill"?'],
  ])('is refused for %s, in one sentence', (_, flags, says) => {
    const before = readdirSync(node(1));
    expect(() => forked([whole], { ...SHORT, ...flags })).toThrow(Complaint);
    expect(() => forked([whole], { ...SHORT, ...flags })).toThrow(says);
    expect(readdirSync(node(1))).toEqual(before);
  });

  test('of two journals of one node is refused', () => {
    expect(() => forked([node(1), node(1)], SHORT)).toThrow('a second journal of node 1');
  });
});

describe('replay', () => {
  test.each([
    ['--seed without --fork', { seed: '1' }, '--seed goes with --fork'],
    ['--from without --fork', { from: '1' }, '--from goes with --fork'],
    ['--until and --fork', { fork: true, until: '3', seed: '1' }, '--until and --fork do not go together'],
    ['--audit and --fork', { fork: true, audit: true, seed: '1' }, '--audit and --fork do not go together'],
    ['--config without --audit', { config: 'x.json' }, '--config goes with --audit'],
    ['--audit with keys of another network', { audit: true, config: 'no such file' }, 'is not a configuration of the network'],
  ])('refuses %s', async (_, flags, says) => {
    await expect(replay([whole], flags)).rejects.toThrow(says);
    await expect(replay([whole], flags)).rejects.toThrow(Complaint);
  });
});

describe('the places at which a fork begins', () => {
  test('fit together: nobody has heard what nobody has said yet, wherever the first one is', () => {
    const pasts = [3, 1, 2, 4, 5].map((id) => pastOf(node(id)));
    const first = pasts[0] as (typeof pasts)[number];
    let later = 0;
    let tooEarly = 0;
    for (let step = first.begins + 1; step <= first.last; step += 37) {
      const cut = consistent(pasts, step);
      expect(cut.get(first.node)).toBe(step);
      for (const past of pasts) {
        const place = cut.get(past.node) as number;
        for (let i = 0; past.begins + i < place; i++) {
          const from = past.senders[i] as typeof past.node;
          if (from > 0 && (past.places[i] as number) > (cut.get(from) as number)) tooEarly++;
        }
        if (past !== first && place > past.begins) later++;
      }
    }
    expect(tooEarly).toBe(0);
    expect(later).toBeGreaterThan(20);
  });
});

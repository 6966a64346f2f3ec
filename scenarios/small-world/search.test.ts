// A small world is searched completely, every level exactly, and the same way every time.

import { describe, expect, test, vi } from 'vitest';
import { DEFAULT_BOUNDS, type Bounds } from './bounds.ts';
import { CLAIMS } from './claims.ts';
import { Search } from './search.ts';
import { World } from './world.ts';

// On machines that may be busy.
vi.setConfig({ testTimeout: 120_000 });

const TINY: Bounds = { ...DEFAULT_BOUNDS, terms: 1, entries: 1, crashes: 0, heartbeats: 0 };
const PAIR: Bounds = { ...DEFAULT_BOUNDS, nodes: 2, terms: 2, entries: 1, crashes: 1 };
const READING: Bounds = { ...TINY, nodes: 2, terms: 2, reads: 1 };
const DOUBLING: Bounds = { ...TINY, nodes: 2, duplicates: 1, heartbeats: 1 };
const ASKING: Bounds = { ...TINY, nodes: 2, entries: 0, preVotes: true };

function searched(bounds: Bounds, maxStates = 1_000_000): Search {
  const search = new Search(bounds, maxStates);
  while (search.advance(1_000));
  return search;
}

/** The plainest search there is, of every state under its own names: how many states, how many under any names, and how far each is. */
function walked(bounds: Bounds): { readonly own: number; readonly alike: number; readonly levels: readonly number[]; readonly together: ReadonlySet<string> } {
  const world = new World(bounds);
  const own = new Set<string>();
  const alike = new Set<string>();
  const levels: number[] = [];
  const together = new Set<string>();
  let level = [world.first()];
  own.add(level.join());
  world.hash(level[0] as Int32Array);
  alike.add(`${world.keyHigh} ${world.keyLow}`);
  levels.push(1);
  while (level.length > 0) {
    const next: Int32Array[] = [];
    const before = alike.size;
    for (const row of level) {
      for (let action = 0; action < world.actions(row); action++) {
        const child = new Int32Array(world.width);
        const outcome = world.act(row, action, child);
        if (outcome === 'impossible') continue;
        if (outcome !== 'done' || world.judge(child) !== undefined) throw new Error('something is violated');
        const key = child.join();
        if (own.has(key)) continue;
        own.add(key);
        together.add(membersIn(world, child));
        next.push(child);
        world.hash(child);
        alike.add(`${world.keyHigh} ${world.keyLow}`);
      }
    }
    if (alike.size > before) levels.push(alike.size - before);
    level = next;
  }
  return { own: own.size, alike: alike.size, levels, together };
}

/** What the members are in a state of the world, whatever is under way. */
function membersIn(world: World, row: Int32Array): string {
  const words = world.members.renamings.length * 2;
  return Array.from(row.subarray(0, world.bounds.nodes), (state) => `${world.members.stateHashes[state * words]} ${world.members.stateHashes[state * words + 1]}`).join();
}

describe('a small world of the kernel as it is', () => {
  test.each<[string, Bounds, number]>([
    ['three members, one term, one entry', TINY, 111],
    ['the same with all frames of the past (three members)', { ...TINY, late: true }, 463],
    ['two members, two terms, one entry, one crash', PAIR, 9363],
    ['the same with all frames of the past (two members)', { ...PAIR, late: true }, 13045],
    ['reads', READING, 1047],
    ['the same with all frames of the past (reads)', { ...READING, late: true }, 3552],
    ['duplicates', DOUBLING, 552],
    ['the same with all frames of the past (duplicates)', { ...DOUBLING, late: true }, 683],
    ['pre-votes as frames', ASKING, 57],
    ['the same with all frames of the past (pre-votes)', { ...ASKING, late: true }, 251],
  ])('%s: every state is visited, and nothing is violated', (_what, bounds, states) => {
    const search = searched(bounds);
    expect(search.ended).toBe('complete');
    expect(search.found).toBeUndefined();
    expect(search.world.overflowed).toBe(false);
    expect(search.states).toBe(states);
    expect(searched(bounds).digest(), 'the same states every time').toBe(search.digest());
  });

  test.each<[string, Bounds]>([['one term', TINY], ['a crash', { ...PAIR, terms: 1 }], ['a read', { ...READING, terms: 1 }], ['a duplicate', DOUBLING], ['pre-votes', ASKING]])('%s: a plain search finds the same states, at the same distance', (_what, bounds) => {
    const plain = walked(bounds);
    const alike = searched(bounds);
    const apart = searched({ ...bounds, symmetry: false });
    expect(alike.states).toBe(plain.alike);
    expect(apart.states).toBe(plain.own);
    expect(plain.own).toBeGreaterThan(plain.alike);
    // What is found without a limit has no level.
    expect(plain.levels.slice(0, alike.levels.length)).toEqual(alike.levels.filter((count) => count > 0));
  });

  test.each<[string, Bounds]>([['three members', TINY], ['a crash', { ...PAIR, terms: 1 }], ['two terms', { ...PAIR, entries: 0 }], ['a read', { ...READING, terms: 1 }], ['pre-votes', ASKING]])('%s: whatever members can be together, they can be without the frames of the past', (_what, bounds) => {
    const { together } = walked(bounds);
    const all = walked({ ...bounds, late: true }).together;
    expect([...all].filter((found) => !together.has(found))).toEqual([]);
    expect(all.size).toBeGreaterThan(10);
  });

  test('every claim had something to judge in some world', () => {
    const exercised = new Set<string>();
    for (const bounds of [PAIR, READING]) {
      searched(bounds).world.checks.forEach((checks, place) => {
        if (checks > 0) exercised.add((CLAIMS[place] as (typeof CLAIMS)[number]).id);
      });
    }
    expect(CLAIMS.map(({ id }) => id).filter((id) => !exercised.has(id))).toEqual([]);
  });

  test('the search ends where it may hold no more states', () => {
    const search = searched(DEFAULT_BOUNDS, 500);
    expect(search.ended).toBe('full');
    expect(search.states).toBe(500);
  });
});

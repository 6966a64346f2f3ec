// What holds for all claims together: the registry, the tables they keep, and the shape of a violation.

import { describe, expect, test } from 'vitest';
import type { NeedId } from '../kernel/base/ids.ts';
import { properties } from './all.ts';
import { NeedTable } from './need-table.ts';
import { signatureOf } from './signature.ts';
import { Stage } from './testing/stage.ts';

describe('the registry', () => {
  test('has unique ids, and says which are about liveness', () => {
    expect(new Set(properties.map((property) => property.id)).size).toBe(properties.length);
    expect(properties.filter((property) => property.kind === 'liveness').map((property) => property.id)).toEqual(['liveness', 'goodput', 'promptness', 'silence']);
  });

  test('a run that shows nothing exercises nothing', () => {
    for (const property of properties) expect(new Stage(property).judgement).toEqual({ verdict: 'not-exercised', checks: 0 });
  });

  test('two runs share nothing', () => {
    for (const property of properties) expect(property.watch(new Stage(property).run)).not.toBe(property.watch(new Stage(property).run));
  });
});

describe('signatures', () => {
  test('leave out names and numbers, and keep the shape', () => {
    const at = (message: string): string => signatureOf('P1', { message, at: 3, nodes: [] });
    expect(at('two leaders in term 3 of group 0: node 1, then node 3')).toBe(at('two leaders in term 17 of group 2: node 2, then node 5'));
    expect(at('decided "x" then "y" for 3/need-7')).toBe('P1: decided "…" then "…" for #/…');
  });
});

describe('a table of needs', () => {
  test('retires whole epochs, and keeps them retired', () => {
    const table = new NeedTable(() => ({ seen: 0 }));
    const row = table.row('1/a' as NeedId, 1);
    expect(table.find('1/a' as NeedId, 1)).toBe(row);
    table.retireBelow(2);
    expect([table.find('1/a' as NeedId, 1), table.row('1/a' as NeedId, 1), table.size]).toEqual([undefined, undefined, 0]);
    expect(table.row('2/a' as NeedId, 2)).toBeDefined();
  });

  test('is bounded by epochs: the oldest goes first', () => {
    const table = new NeedTable(() => ({ seen: 0 }));
    for (let epoch = 0; epoch < 40; epoch++) table.row(`${epoch}/a` as NeedId, epoch);
    expect(table.size).toBe(16);
    expect(table.find('39/a' as NeedId, 39)).toBeDefined();
    expect(table.row('3/b' as NeedId, 3)).toBe(undefined);
  });
});

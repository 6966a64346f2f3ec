import { describe, expect, test } from 'vitest';
import { drawn, siteNamed, sourceOf, subjects } from './drawn.ts';
import { fileOf, isOperatorName } from './names.ts';
import { mutated, OPERATORS, sitesOf, type Operator } from './sites.ts';

/** Every source that one slip of this kind can make of a line. */
const slips = (line: string, operator: Operator): string[] => sitesOf('a.ts', line).filter((site) => site.operator === operator).map((site) => mutated(site, line));

describe('slips of the hand', () => {
  test('move comparisons by one or turn them round, and leave operators in types alone', () => {
    expect(slips('const f = (a: Array<number>, b: number): boolean => a.length < b;', 'comparison')).toEqual(['const f = (a: Array<number>, b: number): boolean => a.length <= b;']);
    expect(slips('if (a >= b || c === d) e();', 'comparison')).toEqual(['if (a > b || c === d) e();', 'if (a >= b || c !== d) e();']);
  });

  test('mistake one connective for the other', () => {
    expect(slips('x = a && (b || c);', 'logic')).toEqual(['x = a || (b || c);', 'x = a && (b && c);']);
  });

  test('count one too many, and add for take away; text is no number', () => {
    expect(slips('x = y + 1;', 'off-by-one')).toEqual(['x = y + 2;']);
    expect(slips('x = y + 1; z = `a` + b; w = "c" + d;', 'arithmetic')).toEqual(['x = y - 1; z = `a` + b; w = "c" + d;']);
  });

  test('forget a statement that does something, and mix up two arguments', () => {
    expect(slips('this.x = 1; go(a, b); assert(y, "z"); i++;', 'dropped')).toEqual(['; go(a, b); assert(y, "z"); i++;', 'this.x = 1; ; assert(y, "z"); i++;', 'this.x = 1; go(a, b); assert(y, "z"); ;']);
    expect(slips('class A extends B { constructor() { super(); this.c(); } }', 'dropped')).toEqual(['class A extends B { constructor() { super(); ; } }']);
    expect(slips('go(a as number, b + 1, ...c);', 'swapped')).toEqual(['go(b + 1, a, ...c);']);
    expect(slips('go(a, a); stop(...b, c);', 'swapped')).toEqual([]);
  });

  test('are nowhere in what is there to notice them', () => {
    expect(sitesOf('a.ts', 'assert(a < b && c === 1, "it is so");')).toEqual([]);
  });

  test('are not tried where any choice is as good: in what a hash is mixed with, in what order, and in the order of what is compared', () => {
    expect(sitesOf('a.ts', 'h = mix(mixUint(1, a.length), finish(2));')).toMatchObject([{ operator: 'dropped' }]);
    expect(slips('h = mix(1, a + b);', 'arithmetic')).toEqual(['h = mix(1, a - b);']);
    expect([slips('x = Math.max(a, b);', 'swapped'), slips('x = Math.pow(a, b);', 'swapped')]).toEqual([[], ['x = Math.pow(b, a);']]);
  });

  test('are not tried in figures for people, in what number exactly bounds something, and in the last microsecond of a duration', () => {
    for (const line of ['class A { counters = { steps: 0, all: { a: 0 } }; }', 'class A { go() { this.counters.steps++; this.counters.all[why]++; Object.assign(this.counters.all, other); } }', 'const MAX_LISTED = 1 << 20;', 'if (at - since >= this.parameters.giveUpUs) ;']) {
      expect(sitesOf('a.ts', line).filter((site) => site.operator !== 'arithmetic'), line).toEqual([]);
    }
    for (const line of ['class A { steps = 0; }', 'class A { go() { this.steps++; } }', 'const LEAST = 1;', 'if (at >= this.due) ;']) expect(sitesOf('a.ts', line).length, line).toBe(1);
  });

  test('are not tried in what is there for the simulator alone', () => {
    expect(sitesOf('a.ts', 'class A { go() { this.passed("x"); if (i === 0) this.passed("y"); } }').length).toBe(0);
    expect(slips('class A { go() { if (i === 0) this.went("y"); } }', 'comparison').length).toBe(1);
  });

  test('in our sources each has a name of its own, by which it is found again, and gives another text that is still a program', () => {
    const { places, sites } = drawn(Number.MAX_SAFE_INTEGER, 7);
    expect(places).toBeGreaterThan(2_000);
    expect(new Set(sites.map((site) => site.name)).size).toBe(places);
    for (const operator of OPERATORS) expect(sites.some((site) => site.operator === operator), operator).toBe(true);
    for (const file of subjects()) {
      const source = sourceOf(file);
      for (const site of sitesOf(file, source)) expect(mutated(site, source), site.name).not.toBe(source);
    }
    for (const site of sites.slice(0, 20)) expect(siteNamed(site.name)).toEqual(site);
    for (const site of [...sites.slice(0, 100), ...sites.filter((one) => one.operator === 'swapped').slice(0, 100)]) expect(() => sitesOf(site.file, mutated(site, sourceOf(site.file))), site.name).not.toThrow();
  });

  test('are drawn alike from the same seed, and otherwise from another', () => {
    expect(drawn(50, 1)).toEqual(drawn(50, 1));
    expect(drawn(50, 1).sites).not.toEqual(drawn(50, 2).sites);
  });

  test('of a name that means nothing there are none', () => {
    for (const name of ['op:', 'op:kernel/raft/raft.ts', 'op:kernel/raft/raft.ts:1:1:logic', 'op:../secrets.ts:1:1:logic', 'op:kernel/kernel.ts:1:1:logic']) expect(siteNamed(name), name).toBeUndefined();
    expect(isOperatorName('raft/votes-twice')).toBe(false);
    expect(fileOf('op:kernel/raft/raft.ts:10:2:logic')).toBe('kernel/raft/raft.ts');
  });
});

import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { BUG_IS_OFF, CULPRITS, switched } from './culprits.ts';
import { MUTANTS } from './list.ts';
import { plant } from './mutant.ts';

const source = (file: string): string => readFileSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)), 'utf8');

test.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))('%s finds each of its lines exactly once', (_name, mutant) => {
  expect(mutant.edits.length).toBeGreaterThan(0);
  for (const file of new Set(mutant.edits.map((edit) => edit.file))) {
    const edits = mutant.edits.filter((edit) => edit.file === file);
    const planted = plant(edits, source(file));
    expect(planted).toMatchObject({ ok: true });
    expect(planted.ok && planted.source).not.toBe(source(file));
  }
});

test.each(CULPRITS.map((culprit) => culprit.name))('%s can be switched off', (name) => {
  const mutant = switched(name);
  const plain = MUTANTS.find((one) => one.name === name);
  expect(mutant?.edits.map((edit) => edit.file)).toEqual(plain?.edits.map((edit) => edit.file));
  for (const edit of mutant?.edits ?? []) {
    const planted = plant([edit], source(edit.file));
    expect(planted.ok && planted.source).toContain(BUG_IS_OFF);
    // What stands there while it is off is what stood there before, and a parser can read it.
    expect(() => stripTypeScriptTypes(planted.ok ? planted.source : '')).not.toThrow();
  }
});

test('names are unique and begin with their family', () => {
  expect(new Set(MUTANTS.map((mutant) => mutant.name)).size).toBe(MUTANTS.length);
  for (const { name, family } of MUTANTS) expect(name === family || name.startsWith(`${family}/`), name).toBe(true);
});

test('a line that is missing or found twice is refused', () => {
  const edit = { file: 'x.ts', anchor: 'a = 1;', replacement: 'a = 2;' };
  expect(plant([edit], 'a = 1;')).toEqual({ ok: true, source: 'a = 2;' });
  expect(plant([edit], 'b = 1;')).toEqual({ ok: false, anchor: 'a = 1;', found: 0 });
  expect(plant([edit], 'a = 1; a = 1;')).toEqual({ ok: false, anchor: 'a = 1;', found: 2 });
});

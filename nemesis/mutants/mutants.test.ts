import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
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

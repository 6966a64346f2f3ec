import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { properties } from '../properties/all.ts';
import { readRunFile } from './run-file-reading.ts';
import { execute } from './run.ts';

const folder = new URL('regressions/', import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith('.json'));

describe('runs that went wrong once', () => {
  test.each(names)('%s holds now, frozen or not', (name) => {
    const read = readRunFile(readFileSync(new URL(name, folder), 'utf8'));
    if (!read.ok) throw new Error(`${name} ${read.problem}`);
    const results = [false, true].map((checked) => execute(read.run, properties, { checked, kernelVersion: 'test' }).result);
    for (const result of results) {
      expect(result.broke).toBeUndefined();
      expect(result.properties.filter((property) => property.verdict === 'violated')).toEqual([]);
    }
    expect(results[0]).toEqual(results[1]);
    for (const episode of read.run.faults) expect(results[0]?.faults[episode.kind]).toBeGreaterThan(0);
  });

  test('are some', () => expect(names.length).toBeGreaterThan(0));
});

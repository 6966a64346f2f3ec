import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { checkLayers } from './check-layers.ts';
import { expectedIn } from './fixtures.ts';
import layers from './layers.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const fixture = join(root, '.tidy/fixtures/layers');

describe('the layer check', () => {
  test('sees every file of the tree and finds it in order', async () => {
    const { modules, unseen, violations } = await checkLayers(root);
    expect(modules.length).toBeGreaterThan(0);
    expect(unseen).toEqual([]);
    expect(violations).toEqual([]);
  });

  test('reports each planted import, and no import that is allowed', async () => {
    const { violations } = await checkLayers(fixture);
    const found = violations.filter(({ rule }) => rule !== 'no-cycles').map(({ from, rule }) => `${from} ${rule}`);
    const expected = readdirSync(fixture, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .flatMap((file) => expectedIn(join(fixture, file)).map(({ rule }) => `${file.replaceAll('\\', '/')} ${rule}`));
    expect(new Set(found)).toEqual(new Set(expected));
  });

  test('names the whole way round a cycle', async () => {
    const { violations } = await checkLayers(fixture);
    const cycles = violations.filter(({ rule }) => rule === 'no-cycles').map(({ from, to }) => `${from}: ${to}`);
    expect(cycles).toContain('kernel/first.ts: kernel/second.ts -> kernel/first.ts');
  });

  test('says what to do instead', async () => {
    const { violations } = await checkLayers(fixture);
    const broken = new Set(violations.map(({ rule }) => rule));
    expect([...broken].sort()).toEqual(layers.forbidden.map(({ name }) => name).sort());
    for (const { comment = '' } of layers.forbidden) expect(comment).toMatch(/\. \S.{15,}/u);
  });
});

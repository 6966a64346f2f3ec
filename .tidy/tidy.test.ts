import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { KERNEL_LIBRARIES, PARTS } from './layers.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const MAX_README_LINES = 40;

/** Everything that may lie at the top of the tree. A new name here is a decision about the house. */
const TOP_LEVEL = new Set(
  `${PARTS.join(' ')} .c8rc.json .ci .editorconfig .git .gitattributes .github .gitignore .npmrc .oxlintrc.json .tidy
  CHANGELOG.md CONTRIBUTING.md LICENSE README.md package-lock.json package.json tsconfig.json vitest.config.ts`.split(/\s+/u),
);
/** What git ignores and tools leave behind. */
const LEFT_BEHIND = new Set(['node_modules', 'coverage', '.cache', '.DS_Store']);

/** Names that say nothing about the concept inside. */
const EMPTY_NAMES = /(?:^|-)(?:utils?|helpers?|common|misc|shared|managers?|services?|handlers?)(?:$|[-.])/u;

function filesUnder(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length).replaceAll('\\', '/'))
    .filter((file) => !/(?:^|\/)(?:node_modules|reports\/out|testdata)\//u.test(file));
}

type Lock = { packages: Record<string, { optionalDependencies?: Record<string, string> }> };

const parts = PARTS.filter((part) => existsSync(join(root, part)));
const files = [...parts, '.tidy', '.ci'].flatMap(filesUnder);
const sources = files.filter((file) => /\.[jt]s$/u.test(file));

describe('the house', () => {
  test('has only known names at the top', () => {
    const unknown = readdirSync(root).filter((name) => !TOP_LEVEL.has(name) && !LEFT_BEHIND.has(name) && !name.endsWith('.log'));
    expect(unknown, 'put it into the part that owns it, or name it in .tidy/tidy.test.ts').toEqual([]);
  });

  test.each(PARTS)(`%s/ says in at most ${MAX_README_LINES} lines what lives there`, (part) => {
    const readme = readFileSync(join(root, part, 'README.md'), 'utf8');
    expect(readme.trim().split('\n').length).toBeLessThanOrEqual(MAX_README_LINES);
    expect(readme).toMatch(/^# /u);
  });

  test('names files in kebab-case', () => {
    const odd = sources.filter((file) => !/^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:test|bench|config|d))?\.[jt]s$/u.test(basename(file)));
    expect(odd).toEqual([]);
  });

  test('names files after their concept', () => {
    const vague = sources.filter((file) => EMPTY_NAMES.test(basename(file).replace(/\.[jt]s$/u, '')));
    expect(vague, 'name the concept instead').toEqual([]);
  });

  test('has no barrel files', () => {
    const barrels = sources.filter((file) => /^index\.[jt]s$/u.test(basename(file)));
    expect(barrels, 'import the file that defines the thing').toEqual([]);
  });
});

describe('dependencies', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, Record<string, string>>;
  const { dependencies = {}, devDependencies = {}, optionalDependencies = {} } = manifest;

  test('are pinned to exact versions', () => {
    const loose = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies }).filter(
      ([, version]) => !/^(?:npm:[\w@/-]+@)?\d+\.\d+\.\d+$/u.test(version),
    );
    expect(loose).toEqual([]);
  });

  test('are locked without naming a registry', () => {
    expect(readFileSync(join(root, 'package-lock.json'), 'utf8')).not.toMatch(/"resolved"|https?:\/\/[^"]*\.tgz/u);
  });

  test('are locked for every platform', () => {
    const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lock;
    const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) => packages[`node_modules/${name}`] === undefined && packages[`${path}/node_modules/${name}`] === undefined,
      ),
    );
    expect(missing, 'remove node_modules and package-lock.json, then npm install').toEqual([]);
  });

  test('of the kernel are what the project ships', () => {
    expect(KERNEL_LIBRARIES.filter((library) => dependencies[library] === undefined)).toEqual([]);
  });

  test('include the pinned Node 24 of each platform that the launcher knows', () => {
    const launcher = readFileSync(join(root, 'node/pinned.js'), 'utf8');
    const known = [...launcher.matchAll(/name: '(?<name>[\w-]+)'/gu)].map((match) => match.groups?.['name'] ?? '');
    expect(known.length).toBeGreaterThan(0);
    for (const name of known) expect(optionalDependencies[name], name).toMatch(/^24\./u);
  });
});

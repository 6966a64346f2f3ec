import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { expectedIn } from './fixtures.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const oxlint = join(root, 'node_modules/oxlint/bin/oxlint');

type Diagnostic = { code: string; message: string; line: number };

/** The determinism diagnostics that a real run of the linter, with the project's configuration, reports for a file. */
function lint(file: string): Diagnostic[] {
  const { stdout } = spawnSync(process.execPath, [oxlint, '-f', 'json', file], { cwd: root, encoding: 'utf8' });
  const { diagnostics } = JSON.parse(stdout) as {
    diagnostics: { code: string; message: string; labels: { span: { line: number } }[] }[];
  };
  return diagnostics
    .map(({ code, message, labels }) => ({ code, message, line: labels[0]?.span.line ?? 0 }))
    .filter(({ code }) => code.startsWith('determinism('));
}

const asLines = (found: { line: number; rule: string }[]): string[] =>
  found.map(({ line, rule }) => `${String(line).padStart(3, '0')} ${rule}`).sort();
const ruleOf = ({ code, line }: Diagnostic): { line: number; rule: string } => ({ line, rule: code.slice(12, -1) });

describe('the determinism rules', () => {
  const violations = '.tidy/fixtures/determinism/violations.ts';

  test('report every planted violation on its line, and nothing else', () => {
    const expected = expectedIn(join(root, violations));
    expect(expected.length).toBeGreaterThan(40);
    expect(asLines(lint(violations).map(ruleOf))).toEqual(asLines(expected));
  });

  test('say what to do instead', () => {
    for (const { message } of lint(violations)) expect(message).toMatch(/: \S.{15,}|^Name the function/u);
  });

  test('report nothing in code that a seed determines', () => {
    expect(lint('.tidy/fixtures/determinism/clean.ts')).toEqual([]);
  });

  test('let the hash module import node:crypto and nothing else', () => {
    const hash = '.tidy/fixtures/determinism/hash.ts';
    expect(asLines(lint(hash).map(ruleOf))).toEqual(asLines(expectedIn(join(root, hash))));
  });
});

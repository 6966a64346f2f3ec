import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { FailedRun } from '../reports/sweep-report.ts';
import { Complaint } from './complaint.ts';
import { isKnown, loadKnownFailures } from './known-failures.ts';

const folder = mkdtempSync(join(tmpdir(), 'lockstep-known-'));
afterAll(() => rmSync(folder, { recursive: true }));

function written(content: string): string {
  const path = join(folder, 'known.json');
  writeFileSync(path, content);
  return path;
}

const failure = (signature: string, ...properties: string[]): FailedRun => ({ seed: 1, scenario: 's', properties, signature, message: '', kind: 'safety', replay: '' });

test('what fails as somebody has written down is known; what breaks another promise besides is new', () => {
  const known = loadKnownFailures(written('[{"signature": "P1: two winners for #", "properties": ["P1", "facts"], "why": "issue 7"}]'));
  expect(isKnown(failure('P1: two winners for #', 'P1'), known)).toBe(true);
  expect(isKnown(failure('P1: two winners for #', 'P1', 'facts'), known)).toBe(true);
  expect(isKnown(failure('P1: two winners for #', 'P1', 'P2'), known)).toBe(false);
  expect(isKnown(failure('P1: three winners for #', 'P1'), known)).toBe(false);
});

test.each([
  ['not there', undefined, /there is none at/],
  ['no JSON', '[{', /is not JSON/],
  ['no list', '{}', /is no list/],
  ['an entry without a reason', '[{"signature": "x", "properties": ["P1"], "why": ""}]', /entry 1 of/],
  ['an entry with a field too many', '[{"signature": "x", "properties": [], "why": "y"}, {"signature": "x", "properties": [], "why": "y", "until": 1}]', /entry 2 of/],
])('a file that is %s is refused in a sentence', (_what, content, says) => {
  const path = content === undefined ? join(folder, 'nowhere.json') : written(content);
  expect(() => loadKnownFailures(path)).toThrow(Complaint);
  expect(() => loadKnownFailures(path)).toThrow(says);
});

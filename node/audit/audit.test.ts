// Journals of a simulated network, collected as files, judged together; and what the audit says when one of them is not what it was.

import { appendFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SNAPSHOT_MAGIC, snapshotOf, unwrapFile, wrapRecord } from '../../io/journal-format.ts';
import { snapshotCodec } from '../../io/journal-records.ts';
import type { AuditReport } from '../../reports/audit-report.ts';
import { Complaint } from '../complaint.ts';
import { dumpWorld } from '../dump.ts';
import { executeRun, resolveRun } from '../simulate.ts';
import { auditFolders } from './audit.ts';

const root = mkdtempSync(join(tmpdir(), 'lockstep-audit-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A run in which leaders change, requests are retried, and somebody takes a snapshot. */
function dumped(name: string, seed: number, scenario: string, forUs: number): string {
  const request = { seed, options: { scenario, forUs }, checked: false, realCrypto: false };
  const { world } = executeRun(request, resolveRun(request));
  dumpWorld(join(root, name), world.view());
  return join(root, name);
}

let collected = '';
let copies = 0;

/** The collected journals once more, to be changed. */
function copied(): string {
  const folder = join(root, `copy-${++copies}`);
  cpSync(collected, folder, { recursive: true });
  return folder;
}

const verdictOf = (report: AuditReport, id: string): AuditReport['properties'][number] => report.properties.find((property) => property.id === id) as AuditReport['properties'][number];
const last = (folder: string, prefix: string): string => join(folder, readdirSync(folder).filter((name) => name.startsWith(prefix)).toSorted().at(-1) as string);

beforeAll(() => {
  collected = dumped('collected', 7, 'leader-cut-off', 10_000_000);
}, 60_000);

describe('an audit of collected journals', () => {
  test('judges every property that journals alone can show, and finds nothing in a sound network', () => {
    const report = auditFolders([collected]);
    expect(report.verdict).toBe('held');
    expect(report.nodes.map(({ node, from }) => [node, from])).toEqual([1, 2, 3, 4, 5].map((node) => [node, 1]));
    for (const { id, verdict, checks } of report.properties) expect([id, verdict, checks > 0]).toEqual([id, 'held', true]);
  });

  test('takes the journals one by one too, and of some nodes only', () => {
    const report = auditFolders([2, 4, 5].map((node) => join(collected, `node-00${node}`)));
    expect(report.verdict).toBe('held');
    expect(verdictOf(report, 'said-was-durable').checks).toBeGreaterThan(100);
  });

  test('raises no false alarm about what was before a journal that was compacted', () => {
    const folder = dumped('compacted', 42, 'steady-decides', 3_000_000);
    const report = auditFolders([folder]);
    expect(report.nodes.some(({ from }) => from > 1)).toBe(true);
    expect(report.verdict).toBe('held');
    expect(verdictOf(report, 'said-was-durable').checks).toBeGreaterThan(100);
  });

  test('finds that a journal has lost what others had heard', () => {
    const found = [1, 2, 3, 4, 5].map((node) => {
      const folder = copied();
      const segment = last(join(folder, `node-00${node}`), 'journal-');
      truncateSync(segment, statSync(segment).size - 1);
      const report = auditFolders([folder]);
      expect(report.nodes.find((one) => one.node === node)?.cut).toBe(1);
      return verdictOf(report, 'said-was-durable').violation?.message ?? '';
    });
    // Of a node whose last words nobody heard, nobody misses any.
    expect(found.filter((message) => message !== '').length).toBeGreaterThan(0);
    found.forEach((message, place) => expect(message).toMatch(new RegExp(`^$|^node \\d heard "\\w+" from node ${place + 1}, caused at place \\d+ of its journal, which ends at place \\d+$`)));
  });

  test('finds a snapshot that is not the state before it', () => {
    const folder = copied();
    const home = readdirSync(folder).map((name) => join(folder, name)).find((node) => readdirSync(node).some((name) => snapshotOf(name) !== undefined)) as string;
    const file = last(home, 'snapshot-');
    const found = unwrapFile(SNAPSHOT_MAGIC, snapshotCodec, readFileSync(file));
    if (!found.ok) throw new Error(found.reason);
    const { image } = found.value;
    writeFileSync(file, wrapRecord(SNAPSHOT_MAGIC, snapshotCodec, { ...found.value, image: { ...image, wall: image.wall + 1 } }));
    expect(verdictOf(auditFolders([folder]), 'P2').violation?.message).toMatch(/^the snapshot of node \d after event \d+ is not the state that the events before it give$/);
  });

  test('refuses what is no evidence, in one sentence', () => {
    const other = dumped('other', 8, 'leader-cut-off', 1_000_000);
    const refused = (paths: readonly string[], says: RegExp): void => {
      expect(() => auditFolders(paths)).toThrow(Complaint);
      expect(() => auditFolders(paths)).toThrow(says);
    };
    refused([join(root, 'nowhere')], /^no data directory at/);
    refused([collected, join(collected, 'node-001')], /are both of node 1/);
    refused([join(collected, 'node-001'), join(other, 'node-002')], /belong to different networks/);
    const folder = copied();
    const segment = join(folder, 'node-002', readdirSync(join(folder, 'node-002')).find((name) => name.startsWith('journal-')) as string);
    const bytes = readFileSync(segment);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1;
    writeFileSync(segment, bytes);
    refused([folder], /node-002" cannot be audited: The journal is damaged after event \d+/);
    appendFileSync(join(folder, 'node-001', 'lock'), `${process.pid} `);
    refused([folder], /is in use by process/);
  });
});

// A data directory that does not allow a start: one sentence, exit 2, and nothing in it is changed.

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DirectoryLock } from '../../io/live/lock.ts';
import { generateKey } from '../../io/live/signer.ts';
import { BenchNode, PARAMETERS } from '../../io/testing/bench-node.ts';
import { inLaterFormat } from '../../io/testing/later-format.ts';
import { MemoryDisk } from '../../io/testing/memory-disk.ts';
import { nodeId } from '../../kernel/base/ids.ts';
import type { ConfigurationFile } from './configuration-schema.ts';
import { readConfiguration, type Configuration } from './configuration.ts';
import { networkHash } from './network-definition.ts';

const program = fileURLToPath(new URL('../lockstep.ts', import.meta.url));
const OTHER_KERNEL = 'f'.repeat(64);
let folder = '';
let network = '';
const at = (name: string): string => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-start-'));
  const { publicKey } = generateKey(at('key'));
  const file: ConfigurationFile = {
    self: 1, key: 'key', data: 'data', http: '127.0.0.1:0', p2p: '/ip4/127.0.0.1/tcp/0', network: { name: 'start', members: [{ id: 1, publicKey, addresses: ['/ip4/127.0.0.1/tcp/40001'] }] },
  };
  writeFileSync(at('node.json'), JSON.stringify(file));
  network = networkHash((readConfiguration({ config: at('node.json') }).configuration as Configuration).network);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The directory of a node that worked a while, and was killed. */
function journal(name: string, of: { network?: string; self?: number; version?: string }, change: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes): string {
  const self = nodeId(of.self ?? 1);
  const parameters = { ...PARAMETERS, network: of.network ?? network, nodes: self };
  const node = new BenchNode(new MemoryDisk(true), { self, parameters, version: of.version ?? OTHER_KERNEL });
  node.start();
  node.work(3);
  mkdirSync(at(name));
  for (const [file, bytes] of node.disk.dump()) writeFileSync(join(at(name), file), file.startsWith('journal-') ? change(bytes) : bytes);
  return at(name);
}

const content = (directory: string): unknown => readdirSync(directory).toSorted().map((file) => [file, readFileSync(join(directory, file), 'hex')]);

function start(data: string): { code: number | null; sentence: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, 'node', '--config', at('node.json'), '--data', data], { encoding: 'utf8', timeout: 60_000 });
  expect(stdout).toBe('');
  const lines = stderr.trim().split('\n').filter((line) => !/^node 1 (serves|no GPU|refolds|has refolded)/.test(line));
  expect(lines, stderr).toHaveLength(1);
  return { code: status, sentence: lines[0] as string };
}

describe('a node does not start on a data directory', () => {
  test.each<[string, () => string, RegExp]>([
    ['that another kernel wrote and did not seal', () => journal('version', {}), /was written by kernel f{64} and not sealed, and this is kernel [0-9a-f]{64}: start kernel f{64} once more and stop it cleanly/],
    ['of a later format', () => journal('format', {}, inLaterFormat), /is written in format 2, and this program reads format 1/],
    ['of another network', () => journal('network', { network: 'elsewhere' }), /holds the journal of another network \(elsewhere, and this is [0-9a-f]{16}\)/],
    ['of another node', () => journal('node', { self: 2 }), /holds the journal of node 2, and this is node 1/],
  ])('%s', (_what, make, sentence) => {
    const directory = make();
    const before = content(directory);
    expect(start(directory)).toEqual({ code: 2, sentence: expect.stringMatching(sentence) });
    expect(content(directory)).toEqual(before);
  }, 60_000);

  test('that a running process holds', () => {
    mkdirSync(at('held'));
    const lock = new DirectoryLock(at('held'));
    lock.take();
    expect(start(at('held'))).toEqual({ code: 2, sentence: expect.stringMatching(new RegExp(`/held is in use by process ${process.pid}: stop it`)) });
    expect(readdirSync(at('held'))).toEqual(['lock']);
    lock.release();
  }, 60_000);

  test('that is a file, or would lie in one', () => {
    writeFileSync(at('file'), 'mine');
    expect(start(at('file'))).toEqual({ code: 2, sentence: expect.stringMatching(/expected a directory, and .* is a file/) });
    expect(start(at('file/data'))).toEqual({ code: 2, sentence: expect.stringMatching(/file\/data cannot be made: .*file is not writable/) });
    expect(readFileSync(at('file'), 'utf8')).toBe('mine');
  }, 60_000);

  // Permissions do not stop the superuser; a file system in which nobody makes folders does.
  test.skipIf(process.platform !== 'linux')('where none can be made', () => {
    const { code, sentence } = start('/proc/lockstep/data');
    expect(code).toBe(2);
    expect(sentence).toMatch(/\/proc/);
  }, 60_000);
});

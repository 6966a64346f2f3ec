// The shadow of a node over real files: what it makes is what the node starts from, and what it finds wrong ends the node.

import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { nodeId } from '../../kernel/base/ids.ts';
import { SECOND } from '../../kernel/base/time.ts';
import { snapshotFile } from '../journal-format.ts';
import type { Writing } from '../journal-records.ts';
import { PARAMETERS, BenchNode } from '../testing/bench-node.ts';
import { MemoryDisk } from '../testing/memory-disk.ts';
import { LiveShadow } from './shadow.ts';
import { until } from './testing/peers.ts';

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'lockstep-shadow-'));
afterAll(() => fs.rmSync(root, { recursive: true, force: true }));

const WRITING: Writing = { network: PARAMETERS.network, self: nodeId(1), version: 'v1', engine: 'test' };

/** A journal with snapshots in it, as files; the node that wrote it goes on. */
function written(name: string): { readonly folder: string; readonly node: BenchNode; readonly save: () => number } {
  const folder = path.join(root, name);
  fs.mkdirSync(folder);
  const node = new BenchNode(new MemoryDisk(true), { snapshotEvery: 100 });
  node.start();
  node.work(150);
  const save = (): number => {
    for (const [file, bytes] of node.disk.dump()) fs.writeFileSync(path.join(folder, file), bytes);
    return node.durable.at(-1)?.sequence as number;
  };
  return { folder, node, save };
}

interface Heard {
  readonly agreed: number[];
  readonly snapshots: Map<number, Uint8Array>;
  readonly differences: string[];
}

function shadowOf(folder: string): { readonly shadow: LiveShadow; readonly heard: Heard } {
  const heard: Heard = { agreed: [], snapshots: new Map(), differences: [] };
  const shadow = new LiveShadow(folder, WRITING, {
    imaged: (sequence, chunk) => void heard.snapshots.set(sequence, chunk.bytes()),
    agreed: (sequence) => void heard.agreed.push(sequence),
    differed: (_sequence, text) => void heard.differences.push(text),
  });
  return { shadow, heard };
}

/** Where the node stood after its last durable event. */
function standing(node: BenchNode): [number, number, number] {
  const sequence = node.durable.at(-1)?.sequence as number;
  const [high, low] = (node.digests.get(sequence) as string).split(' ').map(Number) as [number, number];
  return [sequence, high, low];
}

test('it goes on from the files, follows what is added, and makes the snapshot that the node makes', async () => {
  const { folder, node, save } = written('follows');
  save();
  const { shadow, heard } = shadowOf(folder);
  shadow.begin(...standing(node));
  node.restart({ snapshotEvery: 1_000_000 });
  node.pass(2 * SECOND);
  node.decideAll(40, 200);
  const middle = standing(node)[0];
  shadow.snapshot(middle);
  node.decideAll(120, 300);
  const end = save();
  shadow.durable(end);
  await until('everything is folded', () => shadow.folded === end);
  expect(heard.differences).toEqual([]);
  expect(shadow.behind).toBe(0);
  expect(shadow.compared).toBeGreaterThan(100);
  const files = node.disk.dump();
  files.set(snapshotFile(middle), heard.snapshots.get(middle) as Uint8Array);
  for (const name of files.keys()) if (name.startsWith('snapshot-') && name !== snapshotFile(middle)) files.delete(name);
  const again = new BenchNode(MemoryDisk.holding(files), { snapshotEvery: 100 });
  again.start();
  expect(again.refolded?.sequence).toBe(end);
  expect(again.refolded?.digest).toBe(node.digests.get(end));
  await shadow.end();
});

test('it says so when the node goes on from another state than its files give', async () => {
  const { folder, node, save } = written('differs');
  const end = save();
  const { shadow, heard } = shadowOf(folder);
  const [, high, low] = standing(node);
  shadow.begin(end, high ^ 1, low);
  await until('the difference is noticed', () => heard.differences.length > 0);
  expect(heard.differences).toEqual([expect.stringMatching(/^Folded from its files, the journal ends with event \d+ and digest .*; the node goes on from event/)]);
  expect(shadow.difference).toBe(heard.differences[0]);
  await shadow.end();
});

test('it says so when what is durable is not in the files', async () => {
  const { folder, node, save } = written('missing');
  const end = save();
  const { shadow, heard } = shadowOf(folder);
  shadow.begin(...standing(node));
  shadow.durable(end + 1);
  await until('the difference is noticed', () => heard.differences.length > 0);
  expect(heard.differences).toEqual([`Event ${end + 1} is durable, and it is not in the files of the journal.`]);
  await shadow.end();
});

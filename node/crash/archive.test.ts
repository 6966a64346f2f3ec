import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { segmentFile, snapshotFile } from '../../io/journal-format.ts';
import { Archive } from './archive.ts';

const root = mkdtempSync(join(tmpdir(), 'lockstep-archive-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('an archive keeps every segment to its end, also one that was removed or begun anew', () => {
  const data = join(root, 'node-001');
  const node = { id: 1, name: 'node-001', configuration: '', data, httpPort: 0 };
  const archive = new Archive(join(root, 'archive'), { nodes: [node] });
  archive.collect();
  mkdirSync(data);
  writeFileSync(join(data, segmentFile(1)), 'first');
  writeFileSync(join(data, segmentFile(9)), 'torn');
  archive.collect();
  appendFileSync(join(data, segmentFile(1)), ' and more');
  rmSync(join(data, segmentFile(1)));
  rmSync(join(data, segmentFile(9)));
  writeFileSync(join(data, 'filler'), '');
  writeFileSync(join(data, segmentFile(9)), 'anew');
  writeFileSync(join(data, snapshotFile(8)), 'state');
  writeFileSync(join(data, 'lock'), '1');
  archive.complete();
  const kept = join(root, 'archive', 'node-001');
  expect(readdirSync(kept).toSorted()).toEqual([segmentFile(1), segmentFile(9), snapshotFile(8)]);
  expect([segmentFile(1), segmentFile(9)].map((name) => readFileSync(join(kept, name), 'utf8'))).toEqual(['first and more', 'anew']);
});

// One scenario in both worlds, in its short form: five live processes for a few seconds. And what is refused.

import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { SECOND } from '../../kernel/base/time.ts';
import { nodeId, type NeedId, type ProposalId } from '../../kernel/base/ids.ts';
import { bucketOf, makeProposal, makeRecord } from '../../kernel/decide/record.ts';
import type { Answer } from '../../kernel/effect.ts';
import type { Operation } from '../../kernel/event.ts';
import type { ConformReport } from '../../reports/conform-table.ts';
import { CONFORMING, resolveConforming } from '../../scenarios/conforming.ts';
import { saveRunFile } from '../run-files.ts';
import { replayFolder } from '../replay.ts';
import { responseTo } from '../live/api/answers.ts';
import { Complaint } from '../complaint.ts';
import { conform, type ConformFlags } from './conform.ts';
import { notLive } from './faults.ts';
import { answerOf } from './http-clients.ts';
import { Readings } from './readings.ts';

const program = fileURLToPath(new URL('../lockstep.ts', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'lockstep-conform-test-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function started(...args: string[]): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [program, 'conform', ...args], { env: { ...process.env, CI: '', NO_COLOR: '1', TMPDIR: root }, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => void (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => void (err += chunk.toString()));
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

test('a leader that is killed: both worlds are judged by the same properties, and none is violated in either', async () => {
  const { code, out, err } = await started('leader-killed', '--seed', '7', '--for', '5s', '--keep', '--json');
  expect([code, err]).toEqual([0, '']);
  const report = JSON.parse(out) as ConformReport;
  const row = report.scenarios[0] as ConformReport['scenarios'][number];
  expect([row.scenario, row.differing, row.troubles, report.sameVerdicts]).toEqual(['leader-killed', [], [], 1]);
  expect([row.simulated.faults['leader-killed'], row.live.faults['leader-killed']]).toEqual([1, 1]);
  for (const id of ['P2', 'election-safety', 'log-matching', 'state-machine-safety', 'linearizability', 'barrier', 'monotonic-time', 'facts']) {
    const property = row.properties.find((one) => one.id === id);
    expect([id, property?.simulated.verdict, property?.live.verdict]).toEqual([id, 'held', 'held']);
  }
  expect(row.live.figures.ok).toBeGreaterThan(20);
  expect(row.live.figures.leaderChanges).toBeGreaterThan(0);
  // What it left behind can be replayed, and every signature in it verified again.
  const nodes = replayFolder(row.folder as string, undefined, { config: undefined });
  expect(nodes.map((node) => [node.node, node.verdict])).toEqual([1, 2, 3, 4, 5].map((id) => [id, 'match']));
  for (const node of nodes) expect(node.signatures?.verified).toBeGreaterThan(4);
}, 120_000);

describe('a command that is wrong', () => {
  const told = (change: object): string => {
    const file = join(root, `run-${readdirSync(root).length}.json`);
    saveRunFile(file, { ...resolveConforming('quiet', 1, 5 * SECOND), ...change });
    return file;
  };

  test.each<[string, () => string, ConformFlags, string]>([
    ['an unknown scenario', () => 'leader-kiled', {}, 'did you mean "leader-killed"?'],
    ['a time that is too short', () => 'quiet', { for: '1s', seed: '1' }, '--for expects 2.00 s to 15 m 00 s for each scenario'],
    ['a fault that only a simulated network has', () => told({ faults: [{ kind: 'bit-rot', from: 1, until: 2, nodes: [1], strength: 0 }] }), {}, 'the fault "bit-rot" can be done to a simulated network only'],
    ['a run of too many nodes', () => told({ nodes: 9 }), {}, 'it has 9 nodes, and at most 7 processes are started'],
    ['inboxes of other bounds', () => told({ inbox: { urgent: 1, messages: 1, requests: 1 } }), {}, 'its inboxes are not those of a live node'],
    ['a file that is no run file', () => join(root, 'x.json'), {}, 'is not JSON'],
    ['a run file and a seed', () => told({}), { seed: '3' }, 'a run file already says everything'],
  ])('is refused for %s', async (_, name, flags, says) => {
    writeFileSync(join(root, 'x.json'), 'nothing');
    await expect(conform(name(), flags)).rejects.toThrow(Complaint);
    await expect(conform(name(), flags)).rejects.toThrow(says);
  });
});

test('every scenario can be told to a live network', () => {
  for (const { name } of CONFORMING) {
    for (let seed = 1; seed <= 10; seed++) for (const episode of resolveConforming(name, seed, 60 * SECOND).faults) expect(notLive(episode)).toBeUndefined();
  }
});

describe('an answer over HTTP', () => {
  const need = '3/n7' as NeedId;
  const operation: Operation = { kind: 'decide', need, bucket: bucketOf(need), proposal: 'p1' as ProposalId, kPlan: 2 };
  const record = makeRecord(makeProposal(need, bucketOf(need), 'p1' as ProposalId, nodeId(4), 2, 1_700_000_000_000_000), 17);
  const read: Operation = { kind: 'get', need, bucket: bucketOf(need) };

  test.each<[Operation, Answer]>([
    [operation, { kind: 'decided', record }], [operation, { kind: 'lost', record }], [operation, { kind: 'tooOld', lowWater: 4 }], [operation, { kind: 'tooNew', epoch: 1 }], [operation, { kind: 'full' }],
    [operation, { kind: 'unknown', why: 'timeout' }], [operation, { kind: 'refused', why: 'unreachable' }],
    [read, { kind: 'found', record }], [read, { kind: 'none' }],
  ])('is read back as what was meant: %o', (asked, answer) => {
    const { status, body } = responseTo(answer);
    expect(answerOf(asked, status, JSON.stringify(body))).toEqual(answer);
  });

  test('that is cut short is no answer', () => {
    expect(answerOf(operation, 200, '{"outcome":"dec')).toEqual({ kind: 'unknown', why: 'timeout' });
  });
});

describe('what monitors of live nodes say', () => {
  const metrics = (checks: number): string => `# TYPE x counter\nlockstep_property_checks_total{property="barrier",node="1"} ${checks}\nother{property="barrier"} 9`;

  test('is added up over nodes and lives, and the last reading of a life counts', () => {
    const readings = new Readings();
    readings.read('1/1', metrics(5));
    readings.read('1/1', metrics(8));
    readings.read('1/2', metrics(2));
    readings.read('2/1', metrics(1));
    expect(readings.watched().get('barrier')).toEqual({ checks: 11 });
  });

  test('is heard when they say that a property is violated', () => {
    const readings = new Readings();
    readings.heard('node 2 VIOLATED fresh-effects: node 2 sent a heartbeat late');
    readings.heard('node 3 VIOLATED fresh-effects: another one');
    expect(readings.watched().get('fresh-effects')).toEqual({ checks: 0, violated: 'node 2 sent a heartbeat late' });
  });
});

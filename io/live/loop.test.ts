// The loop of the simulator over real files and a real clock: a node that decides, dies, and comes back.

import { startsOf } from '../../kernel/hello.ts';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { nodeId, type NeedId, type ProposalId } from '../../kernel/base/ids.ts';
import { bucketOf } from '../../kernel/decide/record.ts';
import type { Answer } from '../../kernel/effect.ts';
import { Loop } from '../loop.ts';
import { LOOP_DEFAULTS } from '../loop-options.ts';
import type { Clients } from '../ports.ts';
import { PARAMETERS } from '../testing/bench-node.ts';
import { LiveClock } from './clock.ts';
import { LiveDisk } from './disk.ts';

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'lockstep-loop-'));
afterAll(() => fs.rmSync(root, { recursive: true, force: true }));

/** A process: a loop whose turns are driven by what its ports report. */
class Process implements Clients {
  readonly loop: Loop;
  readonly answers: Map<number, Answer> = new Map();
  refolded = -1;
  private readonly clock: LiveClock;
  private readonly disk: LiveDisk;
  private scheduled = false;

  constructor(directory: string) {
    this.clock = new LiveClock(() => {
      this.loop.alarm();
      this.wake();
    });
    this.disk = new LiveDisk(directory, (token, result) => {
      this.loop.completed(token, result);
      this.wake();
    });
    let words = process.pid;
    this.loop = new Loop({ ...LOOP_DEFAULTS, snapshotEvery: 40, self: nodeId(1), parameters: PARAMETERS, version: 'v1', engine: process.version }, {
      network: { send: () => {} }, clock: this.clock, disk: this.disk, entropy: { word: () => Math.imul(words++, 0x9e3779b1) }, services: { call: () => {} }, clients: this,
      verifier: { verify: () => true }, observer: { refolded: (sequence) => void (this.refolded = sequence) },
    });
    this.loop.start();
  }

  reply({ number }: { readonly number: number }, answer: Answer): void {
    this.answers.set(number, answer);
  }

  ask(number: number, kind: 'decide' | 'get', name: number): void {
    const need = `0/n${name}` as NeedId;
    const bucket = bucketOf(need);
    this.loop.asked({ client: 1, number }, kind === 'get' ? { kind, need, bucket } : { kind, need, bucket, proposal: `p${name}` as ProposalId, kPlan: 1 });
    this.wake();
  }

  async until(what: () => boolean): Promise<void> {
    while (!what()) await new Promise((resolve) => setTimeout(resolve, 2));
  }

  stop(): void {
    this.loop.stop();
    this.wake();
  }

  /** The process is gone; the machine runs on. */
  async die(): Promise<void> {
    this.clock.wakeAt(Number.MAX_SAFE_INTEGER);
    await this.until(() => this.disk.idle);
    await this.disk.close();
  }

  private wake(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      if (this.loop.hasWork && this.loop.turn()) this.wake();
    });
  }
}

test('a node over real files keeps what it decided, through a death and a clean stop', async () => {
  const directory = path.join(root, 'node');
  const first = new Process(directory);
  await first.until(() => first.loop.kernel.groups[0]?.role === 'leader');
  for (let i = 0; i < 60; i++) first.ask(i, 'decide', i);
  await first.until(() => first.answers.size === 60);
  expect([...first.answers.values()].every((answer) => answer.kind === 'decided')).toBe(true);

  const intruder = new Process(directory);
  await intruder.until(() => intruder.loop.phase === 'refused');
  expect(intruder.loop.stopped?.text).toContain(`in use by this process (${process.pid})`);
  await intruder.die();
  await first.die();

  const second = new Process(directory);
  await second.until(() => second.loop.kernel.groups[0]?.role === 'leader');
  expect(startsOf(second.loop.incarnation)).toBe(2);
  for (let i = 0; i < 60; i++) second.ask(100 + i, 'get', i);
  await second.until(() => second.answers.size === 60);
  for (let i = 0; i < 60; i++) expect(second.answers.get(100 + i)).toMatchObject({ kind: 'found', record: { proposal: { proposal: `p${i}` } } });
  second.stop();
  await second.until(() => second.loop.phase === 'sealed');
  await second.die();

  const third = new Process(directory);
  await third.until(() => third.loop.phase === 'running');
  expect(third.refolded).toBe(second.loop.kernel.sequence);
  expect(third.loop.counters.recovery.refolded).toBe(0);
  await third.die();
});

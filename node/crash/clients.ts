// The client processes of a crash run, and all that they have been told.

import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ask, type Asked } from './asking.ts';
import { answerOf } from './history.ts';
import type { LoadTask } from './load.ts';

const LOAD: string = fileURLToPath(new URL('./load.ts', import.meta.url));
/** Client of the driver itself, for the reads at the end. */
const DRIVER = 0;
const READS_AT_ONCE = 16;

/** Whether an answer shows that a majority has just agreed on something. */
const isAcknowledged = (asked: Asked): boolean => asked.proposal !== undefined && (asked.status === 200 || asked.status === 409);

export class Clients {
  readonly history: Asked[] = [];
  /** When acknowledged decides began and ended, in the order in which they were heard of. */
  private readonly acknowledged: Asked[] = [];
  private readonly children: readonly ChildProcess[];
  private readonly ports: readonly number[];
  private readonly ended: Promise<unknown>;

  constructor(count: number, seed: number, ports: readonly number[], perSecond: number) {
    this.ports = ports;
    this.children = Array.from({ length: count }, (_, place) => {
      const task: LoadTask = { client: place + 1, seed, ports, perSecond: perSecond / count };
      const child = spawn(process.execPath, [...process.execArgv, LOAD, JSON.stringify(task)], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
      createInterface(child.stdout as NodeJS.ReadableStream).on('line', (line) => this.heard(JSON.parse(line) as Asked));
      return child;
    });
    this.ended = Promise.all(this.children.map((child) => new Promise((closed) => child.once('close', closed))));
  }

  private heard(asked: Asked): void {
    this.history.push(asked);
    if (isAcknowledged(asked)) this.acknowledged.push(asked);
  }

  /** When a decide was first acknowledged that a client began after `us`; undefined if none was yet. */
  servedAfter(us: number): number | undefined {
    let first: number | undefined;
    for (let i = this.acknowledged.length - 1; i >= 0; i--) {
      const { begunUs, endedUs } = this.acknowledged[i] as Asked;
      if (endedUs < us) break;
      if (begunUs > us && (first === undefined || endedUs < first)) first = endedUs;
    }
    return first;
  }

  /** Takes no new questions on; resolves when those under way have ended. */
  async stop(): Promise<void> {
    for (const child of this.children) child.stdin?.end();
    await this.ended;
  }

  /** Reads what was acknowledged, newest first, each at a node in turn. */
  async readBack(most: number): Promise<number> {
    const needs = [...new Set(this.acknowledged.toReversed().map((asked) => asked.need))].slice(0, most);
    let next = 0;
    const reader = async (): Promise<void> => {
      while (next < needs.length) {
        const place = next++;
        const node = 1 + (place % this.ports.length);
        this.history.push(await ask(DRIVER, place, node, this.ports[node - 1] as number, { need: needs[place] as string }));
      }
    };
    await Promise.all(Array.from({ length: READS_AT_ONCE }, reader));
    return needs.length;
  }

  counts(): { readonly invoked: number; readonly ok: number; readonly failed: number; readonly unknown: number } {
    const counts = { invoked: this.history.length, ok: 0, failed: 0, unknown: 0 };
    for (const asked of this.history) {
      const { kind } = answerOf(asked);
      if (kind === 'unknown') counts.unknown++;
      else if (kind === 'decided' || kind === 'lost' || kind === 'found' || kind === 'none') counts.ok++;
      else counts.failed++;
    }
    return counts;
  }
}

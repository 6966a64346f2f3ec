// A live node that is killed and started again. What it is doing is read from what it says of itself, line by line.

import { spawn, type ChildProcess } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { DevNode } from '../dev/dev-network.ts';

const MEMBER: string = fileURLToPath(new URL('./crash-member.ts', import.meta.url));

/** What a process can be in the middle of. */
export type Phase = 'recovery' | 'snapshot';

/** How a phase begins and ends in the words of a node. */
const SAYINGS: readonly (readonly [RegExp, Phase, 'begins' | 'ends'])[] = [
  [/ refolds its journal$/, 'recovery', 'begins'],
  [/ has refolded its journal up to event \d+ in (\d+) ms$/, 'recovery', 'ends'],
  [/ takes a snapshot after event \d+$/, 'snapshot', 'begins'],
  [/ has written the snapshot after event \d+, (\d+) ms after/, 'snapshot', 'ends'],
];

export interface Saying {
  readonly phase: Phase;
  readonly how: 'begins' | 'ends';
  /** How long it took, if it ends. */
  readonly tookMs: number;
}

/** What a line says of a phase; undefined if it says nothing of any. */
export function sayingOf(line: string): Saying | undefined {
  for (const [form, phase, how] of SAYINGS) {
    const match = form.exec(line);
    if (match !== null) return { phase, how, tookMs: Number(match[1] ?? 0) };
  }
  return undefined;
}

export class Victim {
  readonly node: DevNode;
  serving = false;
  /** What it is in the middle of; after its death, what it was in the middle of. */
  phase: Phase | undefined;
  /** How long each phase took when it was last seen from beginning to end. */
  readonly tookMs: Record<Phase, number> = { recovery: 20, snapshot: 20 };
  /** What it said that nobody expects of a node that is killed: a violation, a bug, a refusal to start. */
  readonly alarms: string[] = [];
  readonly said: string[] = [];
  private readonly log: string;
  private readonly mutant: string | undefined;
  private child: ChildProcess | undefined;
  private closed: Promise<void> = Promise.resolve();
  private rest = '';
  private readonly listeners = new Set<() => void>();

  /** `log`: a file for everything that it says. */
  constructor(node: DevNode, log: string, mutant: string | undefined) {
    this.node = node;
    this.log = log;
    this.mutant = mutant;
  }

  get up(): boolean {
    return this.child !== undefined;
  }

  start(): void {
    this.phase = undefined;
    this.rest = '';
    const args = [...process.execArgv, MEMBER, this.node.configuration, ...(this.mutant === undefined ? [] : [this.mutant])];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], detached: true });
    this.child = child;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => this.heard(text));
    this.closed = new Promise((closed) => {
      child.once('close', (code, signal) => {
        this.child = undefined;
        this.serving = false;
        if (signal === null && code !== 0) this.alarms.push(`node ${this.node.id} ended with exit code ${code}: ${this.said.at(-1) ?? ''}`);
        this.changed();
        closed();
      });
    });
  }

  /** Resolves when the process is gone and everything it had said was heard. */
  async kill(): Promise<void> {
    this.serving = false;
    this.child?.kill('SIGKILL');
    await this.closed;
  }

  async stop(): Promise<void> {
    this.child?.kill('SIGTERM');
    await this.closed;
  }

  /** Resolves when it is so; false if it is not within `withinMs`, or the process has ended meanwhile. */
  async until(what: () => boolean, withinMs: number): Promise<boolean> {
    const end = performance.now() + withinMs;
    while (!what()) {
      const left = end - performance.now();
      if (left <= 0 || !this.up) return false;
      await new Promise<void>((resolve) => {
        const go = (): void => {
          clearTimeout(timer);
          this.listeners.delete(go);
          resolve();
        };
        const timer = setTimeout(go, left);
        this.listeners.add(go);
      });
    }
    return true;
  }

  private heard(text: string): void {
    appendFileSync(this.log, text);
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) this.line(line);
    this.changed();
  }

  private line(line: string): void {
    this.said.push(line);
    if (this.said.length > 50) this.said.shift();
    if (line.includes(' serves http')) this.serving = true;
    if (/VIOLATED|a bug of ours|cannot start|is refused by/.test(line)) this.alarms.push(line);
    const saying = sayingOf(line);
    if (saying === undefined) return;
    this.phase = saying.how === 'begins' ? saying.phase : undefined;
    if (saying.how === 'ends') this.tookMs[saying.phase] = saying.tookMs;
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
  }
}

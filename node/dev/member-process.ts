// One node of a dev network: a process of its own, started again when it dies, told to stop when the network stops.

import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { EXIT } from '../complaint.ts';
import type { Status } from '../live/api/schemas.ts';
import type { DevNode } from './dev-network.ts';

const PROGRAM: string = fileURLToPath(new URL('../lockstep.ts', import.meta.url));
/** A node that died is started again after this long: time enough to see that the others go on. */
const RESTART_MS = 3_000;
/** One that dies as fast as this, so many times in a row, is given up. */
const SHORT_LIFE_MS = 5_000;
const MAX_SHORT_LIVES = 3;
const ASK_TIMEOUT_MS = 800;

export class MemberProcess {
  readonly node: DevNode;
  /** What it last said of itself; undefined while it is down or silent. */
  status: Status | undefined;
  restarts = 0;
  private readonly say: (line: string) => void;
  private child: ChildProcess | undefined;
  private startedAt = 0;
  private shortLives = 0;
  private stopping = false;
  private timer: NodeJS.Timeout | undefined;
  private hasRun = false;
  private gone: (() => void) | undefined;

  constructor(node: DevNode, say: (line: string) => void) {
    this.node = node;
    this.say = say;
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  get url(): string {
    return `http://127.0.0.1:${this.node.httpPort}`;
  }

  /** Will not be started again. */
  get lost(): boolean {
    return this.shortLives >= MAX_SHORT_LIVES;
  }

  start(): void {
    this.startedAt = performance.now();
    // In a session of its own: Ctrl-C reaches this process, which then tells its members, once.
    const child = spawn(process.execPath, [...process.execArgv, PROGRAM, 'node', '--config', this.node.configuration], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], detached: true });
    this.child = child;
    if (child.stderr !== null) createInterface(child.stderr).on('line', (line) => this.say(line));
    child.once('exit', (code, signal) => this.ended(code, signal));
  }

  /** Resolves when it has ended. */
  async stop(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.timer);
    if (this.child === undefined) return;
    const ended = new Promise<void>((resolve) => (this.gone = resolve));
    this.child.kill('SIGTERM');
    await ended;
  }

  async look(): Promise<void> {
    try {
      const answer = await fetch(`${this.url}/v1/status`, { signal: AbortSignal.timeout(ASK_TIMEOUT_MS) });
      this.status = (await answer.json()) as Status;
      this.hasRun = true;
    } catch {
      this.status = undefined;
    }
  }

  async ready(): Promise<boolean> {
    try {
      const { ok } = await fetch(`${this.url}/ready`, { signal: AbortSignal.timeout(ASK_TIMEOUT_MS) });
      if (ok) this.hasRun = true;
      return ok;
    } catch {
      return false;
    }
  }

  private ended(code: number | null, signal: NodeJS.Signals | null): void {
    this.child = undefined;
    this.status = undefined;
    this.gone?.();
    if (this.stopping) return;
    this.shortLives = performance.now() - this.startedAt < SHORT_LIFE_MS && signal === null ? this.shortLives + 1 : 0;
    const how = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
    // What did not allow the first start will not allow the next one. Later something may be in the way for a moment.
    if (code === EXIT.wrongCommand && !this.hasRun) this.shortLives = MAX_SHORT_LIVES;
    if (this.lost) return this.say(`node ${this.node.id} ${how}: it is not started any more`);
    this.say(`node ${this.node.id} ${how}; it is started again in ${RESTART_MS / 1_000} s`);
    this.restarts++;
    this.timer = setTimeout(() => this.start(), RESTART_MS);
  }
}

// One live process of a network under test: started, killed, stopped, made to stand still. It is a child of this process and
// of nobody else; whatever happens here, `finish` ends it, also if it stands still.

import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { EXIT } from '../complaint.ts';
import type { Ready } from '../live/api/schemas.ts';

const PROGRAM: string = fileURLToPath(new URL('../lockstep.ts', import.meta.url));
const ASK_TIMEOUT_MS = 800;
const LINES_KEPT = 200;

export interface MemberFiles {
  readonly id: number;
  readonly name: string;
  readonly configuration: string;
  readonly data: string;
  readonly host: string;
  readonly httpPort: number;
  /** What stands before the command that starts it. */
  readonly prefix: readonly string[];
}

/** A process that ended though nobody had asked it to. */
export interface Fall {
  readonly code: number | null;
  readonly signal: string | null;
  /** What it said last. */
  readonly said: readonly string[];
}

export class Member {
  readonly files: MemberFiles;
  /** Told when the process has ended on its own. */
  onFall: (fall: Fall) => void = () => undefined;
  /** Told of every line that it says. */
  onLine: (line: string) => void = () => undefined;
  /** Counts its starts. */
  life = 0;
  private child: ChildProcess | undefined;
  private ended: Promise<void> = Promise.resolve();
  private asked = false;
  private pauses = 0;
  private readonly lines: string[] = [];

  constructor(files: MemberFiles) {
    this.files = files;
  }

  get running(): boolean {
    return this.child !== undefined;
  }

  get url(): string {
    return `http://${this.files.host}:${this.files.httpPort}`;
  }

  start(): void {
    if (this.child !== undefined) return;
    this.asked = false;
    this.pauses = 0;
    this.life++;
    // In a session of its own, so that Ctrl-C reaches this process only; the channel tells it when this process is gone.
    const words = [...this.files.prefix, process.execPath, ...process.execArgv, PROGRAM, 'node', '--config', this.files.configuration];
    const child = spawn(words[0] as string, words.slice(1), { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], detached: true });
    this.child = child;
    if (child.stderr !== null) createInterface({ input: child.stderr }).on('line', (line) => this.heard(line));
    this.ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.child = undefined;
        resolve();
        if (!this.asked) this.onFall({ code, signal, said: this.lines.slice(-8) });
      });
    });
  }

  private heard(line: string): void {
    this.lines.push(line);
    if (this.lines.length > LINES_KEPT) this.lines.shift();
    this.onLine(line);
  }

  /** Ends the process where it stands. Resolves when it is gone. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.ended;
  }

  /** Asks the process to stop cleanly, and resolves when it is gone; one that does not within `patienceMs` is killed. True if it went. */
  async stop(patienceMs: number): Promise<boolean> {
    this.signal('SIGTERM');
    let late: NodeJS.Timeout | undefined;
    const gone = await Promise.race([this.ended.then(() => true), new Promise<boolean>((resolve) => (late = setTimeout(() => resolve(false), patienceMs)))]);
    clearTimeout(late);
    if (!gone) await this.kill();
    return gone;
  }

  private signal(signal: 'SIGKILL' | 'SIGTERM'): void {
    this.asked = true;
    // Who stands still hears no request to stop.
    if (this.pauses > 0) this.child?.kill('SIGCONT');
    this.pauses = 0;
    this.child?.kill(signal);
  }

  pause(): void {
    if (this.pauses++ === 0) this.child?.kill('SIGSTOP');
  }

  resume(): void {
    if (this.pauses > 0 && --this.pauses === 0) this.child?.kill('SIGCONT');
  }

  async ready(): Promise<boolean> {
    try {
      const answer = await fetch(`${this.url}/ready`, { signal: AbortSignal.timeout(ASK_TIMEOUT_MS) });
      return ((await answer.json()) as Ready).ready;
    } catch {
      return false;
    }
  }

  /** A JSON document or a text that it serves; undefined if it does not answer. */
  async read(path: string): Promise<string | undefined> {
    try {
      return await (await fetch(`${this.url}${path}`, { signal: AbortSignal.timeout(ASK_TIMEOUT_MS) })).text();
    } catch {
      return undefined;
    }
  }
}

/** Why a process ended on its own, for a person. */
export function fallText(id: number, fall: Fall): string {
  const how = fall.signal === null ? `ended with exit code ${fall.code}${fall.code === EXIT.ourBug ? ' (a bug of ours)' : ''}` : `was ended by ${fall.signal}`;
  return `node ${id} ${how}${fall.said.length === 0 ? '' : `; it said last:\n${fall.said.map((line) => `  | ${line}`).join('\n')}`}`;
}

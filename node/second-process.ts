// The twin as the sweep sees it: runs go in, digests are compared as they come back.

import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { RunRequest } from './run-request.ts';
import type { TwinAnswer, TwinTask } from './twin.ts';

export class SecondProcess {
  private readonly child: ChildProcess;
  private readonly waiting = new Map<number, (digest: string) => void>();
  private failed: ((error: Error) => void)[] = [];
  private next = 0;

  constructor(mutant?: string, node: string = process.execPath) {
    const env = { ...process.env, ...(mutant === undefined ? {} : { LOCKSTEP_TWIN_MUTANT: mutant }) };
    this.child = fork(fileURLToPath(new URL('./twin.ts', import.meta.url)), [], { env, execPath: node, execArgv: typeFlags(node), stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.child.on('message', (answer: TwinAnswer) => {
      this.waiting.get(answer.id)?.(answer.digest);
      this.waiting.delete(answer.id);
    });
    this.child.on('exit', (code) => {
      for (const fail of this.failed) fail(new Error(`the second process ended with code ${code} before it answered`));
    });
  }

  /** The digest that the other process gets for the same run. */
  digestOf(request: RunRequest): Promise<string> {
    const id = this.next++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, resolve);
      this.failed.push(reject);
      const task: TwinTask = { id, request };
      this.child.send(task);
    });
  }

  end(): void {
    this.failed = [];
    this.child.kill('SIGKILL');
  }
}

/** Node 22 strips types only if it is told to. */
function typeFlags(node: string): string[] {
  return node === process.execPath ? process.execArgv : ['--experimental-strip-types', '--no-warnings'];
}

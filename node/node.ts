// `lockstep node`: one live node from a configuration, or with --dev a whole network for a person to try.

import type { Unsynced } from '../io/live/disk.ts';
import type { NodeKey } from '../io/live/signer.ts';
import { Complaint, EXIT } from './complaint.ts';
import { Interruption } from './interruption.ts';
import { kernelHash } from './kernel-hash.ts';
import { readConfiguration, type Configuration, type NodeFlags } from './live/configuration.ts';
import type { LiveNode } from './live/live-node.ts';
import { VERSION } from './version.ts';

/** `unsynced`: what becomes of what is written and not synced; for those who kill nodes to see what is lost. */
export async function node(flags: NodeFlags, unsynced: Unsynced = 'write'): Promise<number> {
  if (flags.dev === true) return (await import('./dev/dev.ts')).dev(flags);
  if (flags.config === undefined && flags.self === undefined) throw new Complaint('expected --dev (a network on this machine to try), --config FILE, or flags (--self, --key, --data, --member ...): "lockstep node --help" describes them');
  const { configuration, key } = await checked(flags);
  return run(configuration, key, unsynced);
}

async function checked(flags: NodeFlags): Promise<{ readonly configuration: Configuration; readonly key: NodeKey }> {
  const { configuration, probe, faults } = readConfiguration(flags);
  const machine = await (await import('./live/preflight.ts')).preflight(probe);
  const all = [...faults, ...machine.faults];
  if (all.length === 1) throw new Complaint(`this node cannot start: ${all[0]}`);
  if (all.length > 1 || configuration === undefined || machine.key === undefined) throw new Complaint(`this node cannot start, for ${all.length} reasons:\n${all.map((fault) => `  - ${fault}`).join('\n')}`);
  return { configuration, key: machine.key };
}

interface Ending {
  readonly sentence: string;
  readonly code: number;
}

/** A disk that failed or is full is no bug of ours: like a taken port, it is for whoever runs the machine. */
const CODES = { refused: EXIT.wrongCommand, disk: EXIT.wrongCommand, poisoned: EXIT.ourBug, diverged: EXIT.violated } as const;

async function run(configuration: Configuration, key: NodeKey, unsynced: Unsynced): Promise<number> {
  let failed: (ending: Ending) => void = () => undefined;
  const ending = new Promise<Ending>((resolve) => (failed = resolve));
  // Loaded when it is needed: a command that is wrong need not wait for the network's libraries.
  const { LiveNode } = await import('./live/live-node.ts');
  const live = new LiveNode(configuration, key, { version: VERSION, kernel: kernelHash() }, {
    say: (line) => say(configuration.self, line),
    failed: (sentence, code) => failed({ sentence, code: CODES[code] }),
  }, (files) => files, unsynced);
  let stop: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => (stop = resolve));
  const interruption = new Interruption(stop);
  process.once('uncaughtException', endAtOnce);
  // Started by another process of ours: when that one is gone, so are we.
  if (process.send !== undefined) process.once('disconnect', stop);
  try {
    await started(live);
    if (!interruption.came) say(configuration.self, `serves http://${shown(configuration.http.host)}:${live.httpPort}, listens for peers on ${configuration.p2p}, writes ${configuration.data}`);
    const end = await Promise.race([ending, stopped.then(() => live.stop()).then(() => (live.sealed ? undefined : ending))]);
    if (end !== undefined) {
      process.exitCode = end.code;
      await live.end();
      throw new Complaint(`node ${configuration.self} has stopped: ${end.sentence}`, end.code);
    }
    say(configuration.self, 'stopped, and sealed its journal');
    return EXIT.held;
  } finally {
    interruption.forget();
    process.off('uncaughtException', endAtOnce);
    if (process.send !== undefined && process.connected) process.disconnect();
  }
}

async function started(live: LiveNode): Promise<void> {
  try {
    await live.start();
  } catch (error) {
    await live.end();
    if (error instanceof Error && error.name === 'NetworkFault') throw new Complaint(`this node cannot start: p2p: ${error.message}`);
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EADDRINUSE' || code === 'EACCES' || code === 'EADDRNOTAVAIL') throw new Complaint(`this node cannot start: http: ${(error as Error).message}`);
    throw error;
  }
}

/** Something of ours, or of a library, broke where nobody expects it. What was promised is on disk: the next start goes on from there. */
function endAtOnce(error: unknown): void {
  process.stderr.write(`lockstep: a bug of ours; please report it with these lines (the journal is sound, the node can be started again):\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(EXIT.ourBug);
}

const shown = (host: string): string => (host.includes(':') ? `[${host}]` : host);

function say(self: number, line: string): void {
  process.stderr.write(`node ${self} ${line}\n`);
}

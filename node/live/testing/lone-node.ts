// A network of one node in this process: it elects itself, and everything about it is real.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKey, loadKey } from '../../../io/live/signer.ts';
import type { DecideParameters } from '../../../kernel/parameters.ts';
import { LIMITS, type Configuration, type Limits } from '../configuration.ts';
import { LiveNode, type Told } from '../live-node.ts';
import type { DiskMaker } from '../measured-disk.ts';
import { LIVE_DECIDE, LIVE_RAFT } from '../network-definition.ts';

export interface LoneNode {
  readonly live: LiveNode;
  readonly url: string;
  /** What it said, line by line. */
  readonly lines: string[];
  /** Why it stopped on its own, if it did. */
  readonly failures: { readonly sentence: string; readonly code: string }[];
  readonly folder: string;
  /** Stops it if it still runs, and removes its files. */
  clear(): Promise<void>;
}

export interface LoneOptions {
  readonly limits?: Partial<Limits>;
  readonly decide?: Partial<DecideParameters>;
  readonly disk?: (files: DiskMaker) => DiskMaker;
}

export async function startLoneNode(options: LoneOptions = {}): Promise<LoneNode> {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-lone-'));
  const key = generateKey(join(folder, 'key'));
  const configuration: Configuration = {
    self: 1, key: key.file, data: join(folder, 'data'), http: { host: '127.0.0.1', port: 0 }, p2p: '/ip4/127.0.0.1/tcp/0', mode: 'storage', chainRpc: undefined, sidecar: undefined, gpuPollSeconds: 0, mdns: false, listedOnly: false, rejoin: false,
    network: { name: 'lone', groups: 1, members: [{ id: 1, publicKey: key.publicKey, addresses: [] }], raft: LIVE_RAFT, decide: { ...LIVE_DECIDE, ...options.decide } },
    limits: { ...LIMITS, reserveMb: 0, ...options.limits },
  };
  const lines: string[] = [];
  const failures: { sentence: string; code: string }[] = [];
  const told: Told = { say: (line) => void lines.push(line), failed: (sentence, code) => void failures.push({ sentence, code }) };
  const live = new LiveNode(configuration, loadKey(key.file), { version: '0.0.0', kernel: 'a kernel under test' }, told, options.disk);
  await live.start();
  const url = `http://127.0.0.1:${live.httpPort}`;
  const clear = async (): Promise<void> => {
    if (failures.length === 0) await live.stop();
    else await live.end();
    rmSync(folder, { recursive: true });
  };
  return { live, url, lines, failures, folder, clear };
}

/** Waits until the answer is what is wanted, at most `patienceMs`. */
export async function eventually<T>(ask: () => Promise<T>, wanted: (answer: T) => boolean, patienceMs = 10_000): Promise<T> {
  const until = performance.now() + patienceMs;
  for (;;) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    if (performance.now() > until) throw new Error(`still ${JSON.stringify(answer)} after ${patienceMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

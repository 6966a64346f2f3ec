// A live node under strace, which reports every sync of its journal and makes each of them last. What leaves the node is compared
// with that: an effect whose cause stands in a batch must not be seen outside before the sync of that batch has ended.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateKey, loadKey, type NodeKey } from '../../../io/live/signer.ts';
import { freePort } from '../../../io/live/testing/peers.ts';
import { lockHolder } from '../../../io/live/lock.ts';
import { HEADER_MAGIC, parseBatch, segmentOf, unwrapRecord } from '../../../io/journal-format.ts';
import { segmentHeadCodec } from '../../../io/journal-records.ts';
import type { ConfigurationFile } from '../configuration-schema.ts';

const MEMBER: string = fileURLToPath(new URL('../../crash/crash-member.ts', import.meta.url));
/** How long a sync is made to last: longer than anything on the way from the node to whoever looks. */
export const SYNC_MS = 60;
const FLAGS: readonly string[] = ['-f', '-ttt', '-T', '-y', '--seccomp-bpf', '-e', 'trace=fdatasync', '-e', `inject=fdatasync:delay_enter=${SYNC_MS * 1_000}`];

/** Why no process can be traced here; undefined if one can. */
export function untraceable(): string | undefined {
  const { error, status, stderr } = spawnSync('strace', [...FLAGS, '-o', '/dev/null', 'true'], { encoding: 'utf8' });
  if (error !== undefined) return 'strace is not installed here: that no effect leaves before it is durable was not looked at on system calls';
  return status === 0 ? undefined : `strace cannot trace here (${stderr.trim().split('\n')[0]}): that no effect leaves before it is durable was not looked at on system calls`;
}

/** The calendar in milliseconds, as strace has it. */
export const calendar = (): number => performance.timeOrigin + performance.now();

export interface Seen {
  readonly what: string;
  /** The place in the node's journal that caused it. */
  readonly sequence: number;
  readonly atMs: number;
}

/** How long before the end of its sync an effect was seen; negative: after it. */
export interface Early {
  readonly what: string;
  readonly byMs: number;
}

export class TracedNode {
  readonly keys: readonly NodeKey[];
  readonly members: ConfigurationFile['network']['members'];
  readonly httpPort: number;
  readonly data: string;
  readonly seen: Seen[] = [];
  private readonly folder: string;
  private readonly trace: string;
  private readonly child: ChildProcess;
  private readonly closed: Promise<void>;

  private constructor(folder: string, keys: readonly NodeKey[], ports: readonly number[], mutant: string | undefined) {
    this.folder = folder;
    this.keys = keys;
    this.data = join(folder, 'data');
    this.trace = join(folder, 'trace');
    this.httpPort = ports[keys.length] as number;
    this.members = keys.map((key, place) => ({ id: place + 1, publicKey: key.publicKey, addresses: [`/ip4/127.0.0.1/tcp/${ports[place]}`] }));
    const configuration: ConfigurationFile = {
      self: 1, key: '1.key', data: 'data', http: `127.0.0.1:${this.httpPort}`, p2p: this.members[0]?.addresses[0] as string, gpuPollSeconds: 0,
      network: { name: 'traced', members: this.members, decide: { epochUs: 3_600_000_000 } }, limits: { reserveMb: 0 },
    };
    const file = join(folder, 'node.json');
    writeFileSync(file, JSON.stringify(configuration));
    const args = ['-o', this.trace, process.execPath, MEMBER, file, ...(mutant === undefined ? [] : [mutant])];
    this.child = spawn('strace', [...FLAGS, ...args], { stdio: ['ignore', 'ignore', 'ignore'] });
    this.closed = new Promise((closed) => this.child.once('close', () => closed()));
  }

  static async start(members: number, mutant?: string): Promise<TracedNode> {
    const folder = mkdtempSync(join(tmpdir(), 'lockstep-traced-'));
    const keys = Array.from({ length: members }, (_, place) => {
      generateKey(join(folder, `${place + 1}.key`));
      return loadKey(join(folder, `${place + 1}.key`));
    });
    const ports: number[] = [];
    for (let i = 0; i <= members; i++) ports.push(await freePort());
    return new TracedNode(folder, keys, ports, mutant);
  }

  saw(what: string, sequence: number): void {
    this.seen.push({ what, sequence, atMs: calendar() });
  }

  /** Ends the node, and compares everything that was seen with the syncs of its journal. */
  async judge(): Promise<Early[]> {
    await this.end();
    const ends = this.syncs();
    const lasts = this.batches();
    return this.seen.map(({ what, sequence, atMs }) => {
      const batch = lasts.findIndex((last) => last >= sequence);
      const end = batch < 0 ? undefined : ends[batch];
      return { what, byMs: end === undefined ? Number.POSITIVE_INFINITY : end - atMs };
    });
  }

  async clear(): Promise<void> {
    await this.end();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async end(): Promise<void> {
    const holder = lockHolder(this.data);
    if (holder !== undefined) process.kill(Number(holder), 'SIGTERM');
    else this.child.kill('SIGTERM');
    await this.closed;
  }

  /** When each sync of the journal ended, in milliseconds of the calendar, in order. */
  private syncs(): number[] {
    const ends: number[] = [];
    const open = new Set<string>();
    for (const line of readFileSync(this.trace, 'utf8').split('\n')) {
      const match = /^(\d+)\s+(\d+\.\d+) (.*)$/.exec(line);
      if (match === null) continue;
      const [, thread, at, call] = match as unknown as [string, string, string, string];
      const took = /= 0\b.*<(\d+\.\d+)>$/.exec(call)?.[1];
      if (call.startsWith('fdatasync(') && call.includes('/journal-')) {
        if (call.includes('<unfinished')) open.add(thread);
        else if (took !== undefined) ends.push((Number(at) + Number(took)) * 1_000);
      } else if (call.startsWith('<... fdatasync resumed>') && open.delete(thread)) ends.push(Number(at) * 1_000);
    }
    return ends.sort((a, b) => a - b);
  }

  /** The last event of each batch of the journal, in order. One batch is synced at a time. */
  private batches(): number[] {
    const lasts: number[] = [];
    for (const name of readdirSync(this.data).filter((file) => segmentOf(file) !== undefined).toSorted()) {
      const bytes = new Uint8Array(readFileSync(join(this.data, name)));
      const head = unwrapRecord(HEADER_MAGIC, segmentHeadCodec, bytes, 0);
      if (!head.ok) throw new Error(head.reason);
      for (let batch = parseBatch(bytes, head.end); batch.ok; batch = parseBatch(bytes, batch.end)) lasts.push(batch.content.events.at(-1)?.sequence as number);
    }
    return lasts;
  }
}

// Three nodes in this process, with real sockets and files: one that lacks what the log no longer holds gets a snapshot, in chunks
// that its leader reads from its content store.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFailed, test } from 'vitest';
import { generateKey, loadKey } from '../../io/live/signer.ts';
import { CHUNK_BYTES } from '../../kernel/content.ts';
import { freePorts } from '../dev/dev-network.ts';
import { LIMITS, type Configuration } from './configuration.ts';
import { LiveNode } from './live-node.ts';
import { LIVE_DECIDE, LIVE_RAFT } from './network-definition.ts';
import { eventually } from './testing/lone-node.ts';

const IDS = [1, 2, 3] as const;
const FIRST_PORT = 24_000;
/** More than the log keeps, and with needs that long more than three chunks of records. */
const NEEDS = 700;

class Trio {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'lockstep-trio-'));
  readonly lines: string[][] = [[], [], [], []];
  private readonly nodes: Map<number, LiveNode> = new Map();
  private readonly keys: readonly string[] = IDS.map((id) => join(this.folder, `key-${id}`));
  private readonly publicKeys: readonly string[] = this.keys.map((file) => generateKey(file).publicKey);
  private readonly ports: readonly number[];

  constructor(ports: readonly number[]) {
    this.ports = ports;
  }

  data(id: number): string {
    return join(this.folder, `data-${id}`);
  }

  private configuration(id: number, rejoin: boolean): Configuration {
    const members = IDS.map((one, place) => ({ id: one, publicKey: this.publicKeys[place] as string, addresses: [`/ip4/127.0.0.1/tcp/${this.ports[place]}`] }));
    return {
      self: id, key: this.keys[id - 1] as string, data: this.data(id), http: { host: '127.0.0.1', port: 0 }, p2p: `/ip4/127.0.0.1/tcp/${this.ports[id - 1]}`, mode: 'storage', chainRpc: undefined, sidecar: undefined,
      gpuPollSeconds: 0, mdns: false, listedOnly: false, rejoin,
      network: { name: 'trio', groups: 1, members, raft: { ...LIVE_RAFT, keepEntries: 64 }, decide: { ...LIVE_DECIDE, epochUs: 3_600_000_000 } },
      limits: { ...LIMITS, reserveMb: 0 },
    };
  }

  async start(id: number, rejoin = false): Promise<void> {
    mkdirSync(this.data(id), { recursive: true });
    const told = { say: (line: string): void => void (this.lines[id] as string[]).push(line), failed: (sentence: string): void => void (this.lines[id] as string[]).push(`FAILED ${sentence}`) };
    const node = new LiveNode(this.configuration(id, rejoin), loadKey(this.keys[id - 1] as string), { version: '0.0.0', kernel: 'a kernel under test' }, told);
    this.nodes.set(id, node);
    await node.start();
  }

  async stop(id: number): Promise<void> {
    await this.nodes.get(id)?.stop();
    this.nodes.delete(id);
  }

  /** The process ends as one that cannot go on does. */
  async end(id: number): Promise<void> {
    await this.nodes.get(id)?.end();
    this.nodes.delete(id);
  }

  private url(id: number): string {
    return `http://127.0.0.1:${this.nodes.get(id)?.httpPort}`;
  }

  async ready(id: number): Promise<void> {
    await eventually(async () => (await fetch(`${this.url(id)}/ready`)).status, (code) => code === 200, 20_000);
  }

  async decide(need: string): Promise<number> {
    const answer = await fetch(`${this.url(1)}/v1/decide`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ need, proposal: 'p' }) });
    await answer.arrayBuffer();
    return answer.status;
  }

  async commit(id: number): Promise<number> {
    return ((await (await fetch(`${this.url(id)}/v1/status`)).json()) as { groups: { commit: number }[] }).groups[0]?.commit ?? 0;
  }

  /** The content folders of all nodes, file by file. */
  contents(): string[] {
    return IDS.flatMap((id) => {
      try {
        return readdirSync(join(this.data(id), 'content')).map((file) => join(this.data(id), 'content', file));
      } catch {
        return [];
      }
    });
  }

  failures(): string[] {
    return this.lines.flat().filter((line) => line.startsWith('FAILED') || line.startsWith('VIOLATED'));
  }

  async clear(): Promise<void> {
    for (const id of IDS) await this.stop(id);
    rmSync(this.folder, { recursive: true });
  }
}

async function decided(trio: Trio, count: number, name: string): Promise<void> {
  const wave = 10;
  for (let from = 0; from < count; from += wave) {
    const codes = await Promise.all(Array.from({ length: wave }, (_, k) => trio.decide(`0/${name}-${String(from + k).padEnd(40, 'x')}`)));
    expect(codes.filter((code) => code !== 200)).toEqual([]);
  }
}

/** A bit of its second chunk is another one: of no use to whoever still leads, and of no harm. */
function flipped(bytes: Buffer): Buffer {
  const place = Math.min(CHUNK_BYTES + 100, bytes.length - 1);
  bytes[place] = (bytes[place] as number) ^ 1;
  return bytes;
}

describe('a node that is far behind', () => {
  let trio: Trio;
  afterEach(() => trio.clear());
  beforeEach(() => onTestFailed(() => void process.stderr.write(`${JSON.stringify(trio.lines, undefined, 1)}\n`)));

  test('gets a snapshot from the content store of its leader; so does one that lost its disk, though what is stored is damaged', async () => {
    trio = new Trio(await freePorts(3, FIRST_PORT));
    await Promise.all(IDS.map((id) => trio.start(id)));
    await trio.ready(3);
    await trio.stop(3);
    await decided(trio, NEEDS, 'first');
    // What was stored for it while it was thought to be there is dropped once the log has gone on.
    let more = 0;
    await eventually(async () => (await decided(trio, 10, `more-${more++}`), trio.contents()), (contents) => contents.length === 0, 20_000);
    const reached = await trio.commit(1);
    await trio.start(3);
    await eventually(() => trio.commit(3), (commit) => commit >= reached, 30_000);
    expect((trio.lines[3] as string[]).some((line) => line.startsWith('got a snapshot of group 0'))).toBe(true);
    const stored = trio.contents();
    expect(Math.max(...stored.map((file) => readFileSync(file).length))).toBeGreaterThan(3 * CHUNK_BYTES);
    expect(trio.failures()).toEqual([]);

    await trio.stop(3);
    rmSync(trio.data(3), { recursive: true });
    for (const file of stored) writeFileSync(file, flipped(readFileSync(file)));
    // Its peers remember it from before, and turn it away; started again, it begins another life, and learns.
    await trio.start(3, true);
    await eventually(async () => trio.lines[3] as string[], (lines) => lines.some((line) => line.startsWith('FAILED node')), 20_000);
    await trio.end(3);
    trio.lines[3] = [];
    await trio.start(3, true);
    await eventually(() => trio.commit(3), (commit) => commit >= reached, 30_000);
    await trio.ready(3);
    expect((trio.lines[3] as string[]).some((line) => line.startsWith('got a snapshot of group 0'))).toBe(true);
    expect(trio.failures()).toEqual([]);
  }, 120_000);
});

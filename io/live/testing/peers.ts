// For tests: keys, member lists and nodes on loopback, and a bare libp2p peer that speaks our protocol as badly as asked.

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Libp2p, Stream } from '@libp2p/interface';
import { noise } from '@libp2p/noise';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { nodeId, groupId } from '../../../kernel/base/ids.ts';
import type { Message } from '../../../kernel/message.ts';
import { appendReply } from '../../../kernel/raft/message.ts';
import { hello, helloText } from '../../../kernel/hello.ts';
import type { Frame } from '../../ports.ts';
import type { Member } from '../members.ts';
import { LiveNetwork, NETWORK_DEFAULTS, type LiveNetworkOptions } from '../network.ts';
import { FRAMES_PROTOCOL } from '../outbound.ts';
import { FileSigner, generateKey, loadKey, type NodeKey } from '../signer.ts';

export const NETWORK = 'a network for tests';

export async function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

export async function until(what: string, condition: () => boolean, withinMs = 10_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`after ${withinMs} ms still not: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export class Lab {
  readonly keys: NodeKey[];
  readonly members: Member[];
  readonly stranger: NodeKey;
  readonly heard: Frame[][];
  readonly nodes: (LiveNetwork | undefined)[];

  private readonly directory: string;
  private readonly bare: Libp2p[] = [];

  private constructor(directory: string, keys: NodeKey[], stranger: NodeKey, ports: number[]) {
    this.directory = directory;
    this.keys = keys;
    this.stranger = stranger;
    this.members = keys.map((key, place) => ({ id: place + 1, publicKey: key.publicKey, addresses: [`/ip4/127.0.0.1/tcp/${ports[place]}`] }));
    this.heard = keys.map(() => []);
    this.nodes = keys.map(() => undefined);
  }

  static async of(count: number): Promise<Lab> {
    const directory = mkdtempSync(join(tmpdir(), 'lockstep-peers-'));
    const key = (name: string): NodeKey => {
      generateKey(join(directory, name));
      return loadKey(join(directory, name));
    };
    const keys = Array.from({ length: count }, (_, place) => key(`${place + 1}.pem`));
    const ports = await Promise.all(keys.map(() => freePort()));
    return new Lab(directory, keys, key('stranger.pem'), ports);
  }

  /** Starts node `id`, from 1. */
  async start(id: number, options: Partial<LiveNetworkOptions> = {}, heard: (frame: Frame) => void = (frame) => this.of(id).push(frame)): Promise<LiveNetwork> {
    const node = new LiveNetwork(
      { ...NETWORK_DEFAULTS, network: NETWORK, self: nodeId(id), key: this.key(id), members: this.members, listen: this.member(id).addresses, version: 'test', ...options },
      heard,
    );
    await node.start();
    this.nodes[id - 1] = node;
    return node;
  }

  async stop(id: number): Promise<void> {
    await this.nodes[id - 1]?.stop();
    this.nodes[id - 1] = undefined;
  }

  /** Frames that node `id` has heard. */
  of(id: number): Frame[] {
    return this.heard[id - 1] as Frame[];
  }

  key(id: number): NodeKey {
    return this.keys[id - 1] as NodeKey;
  }

  member(id: number): Member {
    return this.members[id - 1] as Member;
  }

  async connected(...ids: readonly number[]): Promise<void> {
    await until(`${ids.join(', ')} are connected`, () =>
      ids.every((id) => ids.every((other) => other === id || this.nodes[id - 1]?.peers().some((peer) => peer.id === other && peer.in && peer.out) === true)),
    );
  }

  /** A peer with this key and nothing but a transport: what it says is up to the test. */
  async peerWith(key: NodeKey): Promise<Libp2p> {
    const node = await createLibp2p({
      privateKey: key.transportKey,
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionMonitor: { enabled: false },
    });
    await node.handle(FRAMES_PROTOCOL, () => undefined);
    this.bare.push(node);
    return node;
  }

  async streamTo(from: Libp2p, id: number): Promise<Stream> {
    return from.dialProtocol(multiaddr(this.member(id).addresses[0] as string), FRAMES_PROTOCOL, { signal: AbortSignal.timeout(3_000) });
  }

  async end(): Promise<void> {
    await Promise.all([...this.nodes.map((node) => node?.stop()), ...this.bare.map((node) => node.stop())]);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export function small(number: number): Message {
  return appendReply(groupId(0), 1, true, number, 0);
}

export function frame(from: number, to: number, sequence: number, message: Message = small(sequence)): Frame {
  return { from: nodeId(from), to: nodeId(to), incarnation: 1, sequence, index: 0, message };
}

/** A hello as its node would say it, or with a signature of another's. */
export function signedHello(key: NodeKey, from: number, incarnation: number): Message {
  const signature = new FileSigner(key).sign(helloText(NETWORK, nodeId(from), incarnation, 7, 1));
  return hello(incarnation, 7, 1, signature, true, false, 0);
}

/** A frame as it goes over the wire. */
export function framed(bytes: Uint8Array, claimed: number = bytes.length): Uint8Array {
  const out = Buffer.alloc(4 + bytes.length);
  out.writeUInt32BE(claimed, 0);
  out.set(bytes, 4);
  return out;
}

import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { encode } from '../../kernel/base/codec.ts';
import { groupId, nodeId, sessionId, type NeedId, type ProposalId } from '../../kernel/base/ids.ts';
import { decideBody } from '../../kernel/decide/command.ts';
import { bucketOf, makeProposal } from '../../kernel/decide/record.ts';
import { submit, type Submit } from '../../kernel/raft/message.ts';
import { frameCodec } from '../frame.ts';
import type { Frame } from '../ports.ts';
import type { Member } from './members.ts';
import { NETWORK_DEFAULTS, NetworkFault, type LiveNetwork } from './network.ts';
import { frame, framed, Lab, signedHello, until } from './testing/peers.ts';

let lab: Lab;
afterEach(() => lab.end());

const numbers = (frames: readonly Frame[], from: number): number[] => frames.filter((f) => f.from === from).map((f) => f.sequence);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

const NEED = '0/need' as NeedId;
const asking = (bucket: number): Submit => submit(groupId(0), sessionId(1), 1, 1, decideBody(makeProposal(NEED, bucket, 'p' as ProposalId, nodeId(2), 1, 0)));

describe('a member that is reached through something else', () => {
  test('is found there again after every connection is lost, whatever it told of itself meanwhile', async () => {
    lab = await Lab.of(2);
    const real = Number(/\d+$/.exec(lab.members[0]?.addresses[0] ?? '')?.[0]);
    const sockets: Socket[] = [];
    const between = createServer((near) => {
      const far = connect(real, '127.0.0.1');
      sockets.push(near, far);
      near.on('error', () => far.destroy()).pipe(far);
      far.on('error', () => near.destroy()).pipe(near);
    });
    await new Promise<void>((listening) => between.listen(0, '127.0.0.1', listening));
    const { port } = between.address() as AddressInfo;
    const [one, two] = lab.members as [Member, Member];
    await lab.start(1, { listedOnly: true, members: [one, { ...two, addresses: [] }] });
    const dialler = await lab.start(2, { listedOnly: true, members: [{ ...one, addresses: [`/ip4/127.0.0.1/tcp/${port}`] }, two] });
    for (let round = 1; round <= 3; round++) {
      await until(`round ${round}: both speak`, () => dialler.peers()[0]?.out === true && dialler.peers()[0]?.in === true);
      dialler.send(frame(2, 1, round));
      await until(`round ${round}: it is heard`, () => lab.of(1).length === round);
      for (const socket of sockets.splice(0)) socket.destroy();
      await until(`round ${round}: the connection is lost`, () => dialler.peers()[0]?.out === false);
    }
    between.close();
  });
});

describe('between members', () => {
  test('three nodes hear each other, each peer in order', async () => {
    lab = await Lab.of(3);
    for (const id of [1, 2, 3]) await lab.start(id);
    await lab.connected(1, 2, 3);
    for (let n = 1; n <= 2_000; n++) {
      for (const from of [1, 2, 3]) for (const to of [1, 2, 3]) if (from !== to) lab.nodes[from - 1]?.send(frame(from, to, n));
      if (n % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await until('all are heard', () => [1, 2, 3].every((id) => lab.of(id).length === 4_000));
    for (const to of [1, 2, 3]) for (const from of [1, 2, 3]) if (from !== to) expect(numbers(lab.of(to), from)).toEqual(upTo(2_000));
  });

  test('frames of one turn share a write', async () => {
    lab = await Lab.of(2);
    const one = await lab.start(1);
    await lab.start(2);
    await lab.connected(1, 2);
    for (let n = 1; n <= 100; n++) one.send(frame(1, 2, n));
    await until('all are heard', () => lab.of(2).length === 100);
    expect(one.peers()[0]).toMatchObject({ id: 2, framesOut: 100, writesOut: 1 });
  });

  test('what arrives has the content of what was sent', async () => {
    lab = await Lab.of(2);
    const one = await lab.start(1);
    await lab.start(2);
    await lab.connected(1, 2);
    const sent = frame(1, 2, 9, signedHello(lab.key(1), 1, 3));
    one.send(sent);
    await until('it is heard', () => lab.of(2).length === 1);
    expect(lab.of(2)[0]).toEqual(sent);
    expect(lab.nodes[1]?.decoder.verify(lab.of(2)[0] as Frame)).toBe(true);
    expect(lab.nodes[1]?.decoder.verify(sent)).toBe(false);
  });

  test('a signature under check holds back what came after it', async () => {
    lab = await Lab.of(2);
    const one = await lab.start(1);
    await lab.start(2);
    await lab.connected(1, 2);
    for (let n = 1; n <= 200; n++) one.send(frame(1, 2, n, n % 20 === 0 ? signedHello(lab.key(1), 1, n) : undefined));
    await until('all are heard', () => lab.of(2).length === 200);
    expect(numbers(lab.of(2), 1)).toEqual(upTo(200));
  });

  test('a peer that comes back under the same key is heard again', async () => {
    lab = await Lab.of(2);
    const one = await lab.start(1);
    await lab.start(2);
    await lab.connected(1, 2);
    await lab.stop(2);
    await until('the loss is noticed', () => one.peers()[0]?.out === false);
    for (let n = 1; n <= 1_000; n++) one.send(frame(1, 2, n));
    expect(one.drops.of('peerAway')).toBe(1_000 - NETWORK_DEFAULTS.outbound.keptWhileAway);
    await lab.start(2);
    await lab.connected(1, 2);
    one.send(frame(1, 2, 2_000));
    await until('the newest is heard', () => lab.of(2).at(-1)?.sequence === 2_000);
    expect(numbers(lab.of(2), 1)).toEqual([...upTo(1_000).slice(-NETWORK_DEFAULTS.outbound.keptWhileAway), 2_000]);
  });

  test('announcements reach everybody, signed, and none is taken twice', async () => {
    lab = await Lab.of(3);
    for (const id of [1, 2, 3]) await lab.start(id);
    await lab.connected(1, 2, 3);
    await until('node 1 was heard by 2 and 3', () => {
      lab.nodes[0]?.announce('leading group 0');
      return [2, 3].every((id) => lab.nodes[id - 1]?.announcement(1 as Frame['from'])?.status === 'leading group 0');
    });
    expect(lab.nodes[1]?.announcement(1 as Frame['from'])?.addresses).toEqual(lab.member(1).addresses);
    expect(lab.nodes[1]?.drops.of('announcement')).toBe(0);
  });

  test('a port that is taken is told in one sentence', async () => {
    lab = await Lab.of(2);
    await lab.start(1);
    const attempt = lab.start(2, { listen: lab.member(1).addresses });
    await expect(attempt).rejects.toThrow(NetworkFault);
    await expect(attempt).rejects.toThrow(/^cannot listen on \/ip4\/127\.0\.0\.1\/tcp\/\d+ \(.*EADDRINUSE.*\)/);
  });
});

describe('against a peer that misbehaves', () => {
  /** Node 1 runs; member 2's key is in the hands of the test. */
  async function besieged(): Promise<LiveNetwork> {
    lab = await Lab.of(3);
    return lab.start(1);
  }

  const good = (n: number): Uint8Array => framed(encode(frameCodec, frame(2, 1, n)));

  test('half frames are put together, however they were cut', async () => {
    const node = await besieged();
    const stream = await lab.streamTo(await lab.peerWith(lab.key(2)), 1);
    const bytes = Buffer.concat(upTo(50).map(good));
    for (let i = 0; i < bytes.length; i += 7) {
      stream.send(bytes.subarray(i, i + 7));
      if (i % 21 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await until('all are heard', () => lab.of(1).length === 50);
    expect(numbers(lab.of(1), 2)).toEqual(upTo(50));
    stream.send(good(51).subarray(0, 9));
    await stream.close();
    await until('the rest of a frame that never came is counted', () => node.drops.of('truncated') === 1);
    expect(lab.of(1)).toHaveLength(50);
  });

  test('a claimed length of 1 GB ends the stream and takes no memory', async () => {
    const node = await besieged();
    const stream = await lab.streamTo(await lab.peerWith(lab.key(2)), 1);
    const before = process.memoryUsage().arrayBuffers;
    stream.send(framed(good(1), 1 << 30));
    await until('the stream ends', () => stream.status !== 'open');
    expect(node.drops.of('oversized')).toBe(1);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 << 20);
    expect(lab.of(1)).toHaveLength(0);
  });

  test('one byte above the limit is refused, at the sender and at the receiver', async () => {
    const node = await besieged();
    const stream = await lab.streamTo(await lab.peerWith(lab.key(2)), 1);
    stream.send(framed(new Uint8Array(NETWORK_DEFAULTS.maxFrameBytes), NETWORK_DEFAULTS.maxFrameBytes));
    await until('its content is refused', () => node.drops.of('garbage') === 1);
    stream.send(framed(new Uint8Array(1), NETWORK_DEFAULTS.maxFrameBytes + 1));
    await until('its length is refused', () => node.drops.of('oversized') === 1);
    const tiny = await lab.start(3, { maxFrameBytes: 8 });
    tiny.send(frame(3, 1, 1));
    expect(tiny.drops.of('tooLarge')).toBe(1);
  });

  test('garbage is dropped and counted, and ends the stream when it does not stop', async () => {
    const node = await besieged();
    const reconnecting = await lab.peerWith(lab.key(2));
    const stream = await lab.streamTo(reconnecting, 1);
    stream.send(framed(Buffer.from('not a frame')));
    stream.send(good(1));
    await until('what is good among garbage is heard', () => lab.of(1).length === 1);
    expect(node.drops.of('garbage')).toBe(1);
    for (let i = 0; i < 30 && stream.status === 'open'; i++) {
      stream.send(framed(Uint8Array.from({ length: 40 }, (_, k) => (k * 37 + i * 11) & 0xff)));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await until('the stream ends', () => stream.status !== 'open');
    expect(node.drops.of('hostilePeer')).toBe(1);
    expect(lab.of(1)).toHaveLength(1);
    const again = await lab.streamTo(reconnecting, 1);
    await until('a new stream is refused for a while', () => again.status !== 'open');
    expect(node.drops.of('hostilePeer')).toBe(2);
  });

  test('nobody speaks in the name of another, or to another, or with a signature that is not good, or asks for a need in a bucket that is not its own', async () => {
    const node = await besieged();
    const stream = await lab.streamTo(await lab.peerWith(lab.key(2)), 1);
    stream.send(framed(encode(frameCodec, frame(3, 1, 1))));
    stream.send(framed(encode(frameCodec, frame(2, 3, 2))));
    stream.send(framed(encode(frameCodec, frame(2, 1, 3, signedHello(lab.key(3), 2, 1)))));
    stream.send(framed(encode(frameCodec, frame(2, 1, 4, asking((bucketOf(NEED) + 1) % 256)))));
    stream.send(framed(encode(frameCodec, frame(2, 1, 5, asking(bucketOf(NEED))))));
    await until('the good one is heard', () => lab.of(1).length === 1);
    expect(numbers(lab.of(1), 2)).toEqual([5]);
    expect(node.drops.all()).toMatchObject({ forged: 2, misdirected: 1, unsigned: 1 });
  });

  test('keys that are no members are turned away, and members are heard all the while', async () => {
    const node = await besieged();
    const stream = await lab.streamTo(await lab.peerWith(lab.key(2)), 1);
    const unknown = await lab.peerWith(lab.stranger);
    for (let i = 0; i < 5; i++) await expect(lab.streamTo(unknown, 1)).rejects.toThrow();
    expect(node.drops.of('unknownPeer')).toBe(5);
    stream.send(good(1));
    await until('the member is heard', () => lab.of(1).length === 1);
  });

  test('connections that never prove a key are counted, from one garbage byte to 200 at once, and members are heard all the while', async () => {
    lab = await Lab.of(2);
    const one = await lab.start(1);
    const two = await lab.start(2);
    await lab.connected(1, 2);
    const port = Number(/\/tcp\/(\d+)/.exec(lab.member(1).addresses[0] as string)?.[1]);
    const sockets = Array.from({ length: 200 }, (_, place) => {
      const socket = connect(port, '127.0.0.1', () => void (place % 2 === 0 && socket.write(Buffer.alloc(1_000, place))));
      return socket.on('error', () => undefined).resume();
    });
    two.send(frame(2, 1, 1));
    await until('a member is heard among them', () => lab.of(1).length === 1);
    await until('all of them have come to nothing', () => one.drops.of('handshake') === 200);
    two.send(frame(2, 1, 2));
    await until('a member is heard after them', () => lab.of(1).length === 2);
    for (const socket of sockets) socket.destroy();
  });

  test('a peer that sends more than its share is slowed down, and loses nothing', async () => {
    lab = await Lab.of(2);
    const node = await lab.start(1, { share: { framesPerSecond: 500, bytesPerSecond: 1 << 20 } });
    const stream = await lab.streamTo(await lab.peerWith(lab.key(2)), 1);
    const started = performance.now();
    stream.send(Buffer.concat(upTo(1_000).map(good)));
    await until('all are heard', () => lab.of(1).length === 1_000);
    expect(performance.now() - started).toBeGreaterThan(400);
    expect(node.peers()[0]?.throttled).toBeGreaterThan(0);
    expect(numbers(lab.of(1), 2)).toEqual(upTo(1_000));
  });

  test('a stream on which nothing moves is given up, with its connection', async () => {
    lab = await Lab.of(2);
    const reader = await lab.peerWith(lab.key(2));
    let opened = 0;
    await reader.unhandle('/lockstep/1/frames');
    await reader.handle('/lockstep/1/frames', (stream) => {
      opened++;
      stream.pause();
    });
    const node = await lab.start(1, { outbound: { ...NETWORK_DEFAULTS.outbound, stalledMs: 200 } });
    await lab.streamTo(reader, 1);
    await until('node 1 can speak', () => node.peers()[0]?.out === true && opened === 1);
    for (let n = 1; n <= 100_000; n++) {
      node.send(frame(1, 2, n));
      if (n % 5_000 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await until('the connection is given up', () => (node.peers()[0]?.reconnects ?? 0) >= 1);
    await lab.streamTo(reader, 1);
    await until('node 1 speaks again, on another stream', () => opened === 2);
  });

  test('a peer that does not read costs a bounded queue: the oldest go, the newest stay', async () => {
    lab = await Lab.of(2);
    const reader = await lab.peerWith(lab.key(2));
    const received: Uint8Array[] = [];
    let theirs: { resume(): void } | undefined;
    await reader.unhandle('/lockstep/1/frames');
    await reader.handle('/lockstep/1/frames', (stream) => {
      stream.pause();
      theirs = stream;
      stream.addEventListener('message', (event) => received.push(event.data.subarray()));
    });
    const node = await lab.start(1, { outbound: { ...NETWORK_DEFAULTS.outbound, outbox: { frames: 500, bytes: 1 << 20 } } });
    await lab.streamTo(reader, 1);
    await until('node 1 can speak', () => node.peers()[0]?.out === true && theirs !== undefined);
    const before = process.memoryUsage().arrayBuffers;
    for (let n = 1; n <= 100_000; n++) {
      node.send(frame(1, 2, n));
      if (n % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(node.peers()[0]?.waitingBytes).toBeLessThan(1 << 20);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 << 20);
    const dropped = node.drops.of('outboxFull');
    expect(dropped).toBeGreaterThan(50_000);
    theirs?.resume();
    await until('the rest is read', () => node.peers()[0]?.waitingBytes === 0);
    await until('the newest frame arrives', () => {
      const last = encode(frameCodec, frame(1, 2, 100_000));
      return Buffer.from(received.at(-1) ?? []).subarray(-last.length).equals(last);
    });
  });
});

// A peer that is killed while its signature is being checked: its connection is gone, and the stream has not heard of it yet.

import type { Stream } from '@libp2p/interface';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodeId } from '../../kernel/base/ids.ts';
import { encode } from '../../kernel/base/codec.ts';
import { frameCodec } from '../frame.ts';
import type { Frame } from '../ports.ts';
import { FrameDecoder } from './decoder.ts';
import { Drops } from './drops.ts';
import { Inbound } from './inbound.ts';
import { Members } from './members.ts';
import { frame, framed, Lab, NETWORK, signedHello, until } from './testing/peers.ts';

/** What a stream of libp2p does when the connection below it is gone: it may be paused and aborted, and throws when it is to go on. */
class Orphan extends EventTarget {
  readStatus = 'readable';
  status = 'open';
  aborted = 0;

  pause(): void {
    this.readStatus = 'paused';
  }

  resume(): void {
    throw new Error('Cannot write to a stream that is closed');
  }

  abort(): void {
    this.aborted++;
    this.status = 'aborted';
  }
}

let lab: Lab;
beforeAll(async () => void (lab = await Lab.of(2)));
afterAll(() => lab.end());

test('costs that stream, and nothing else: what was sent before is heard', async () => {
  const orphan = new Orphan();
  const heard: Frame[] = [];
  const decoder = new FrameDecoder(NETWORK, nodeId(1), new Members(lab.members));
  const inbound = new Inbound(orphan as unknown as Stream, nodeId(2), decoder, 65_536, { framesPerSecond: 1_000, bytesPerSecond: 1_000_000 }, new Drops(), (frame) => void heard.push(frame));
  const hello: Frame = { from: nodeId(2), to: nodeId(1), incarnation: 1, sequence: 1, index: 0, message: signedHello(lab.key(2), 2, 1) };
  orphan.dispatchEvent(Object.assign(new Event('message'), { data: framed(encode(frameCodec, hello)) }));
  expect(orphan.readStatus).toBe('paused');
  await until('the signature is checked', () => heard.length === 1);
  await until('the stream is given up', () => inbound.ended);
  expect([orphan.aborted, inbound.hostile]).toEqual([1, false]);
});

test('is heard in its turn: what needs no signature waits for what was sent before it', async () => {
  const stream = Object.assign(new Orphan(), { resume: (): void => undefined });
  const heard: number[] = [];
  const decoder = new FrameDecoder(NETWORK, nodeId(1), new Members(lab.members));
  const inbound = new Inbound(stream as unknown as Stream, nodeId(2), decoder, 65_536, { framesPerSecond: 1_000, bytesPerSecond: 1_000_000 }, new Drops(), ({ sequence }) => void heard.push(sequence));
  const frames = Array.from({ length: 100 }, (_, i) => encode(frameCodec, i % 3 === 1 ? frame(2, 1, i) : frame(2, 1, i, signedHello(lab.key(2), 2, 1 + i))));
  stream.dispatchEvent(Object.assign(new Event('message'), { data: Buffer.concat(frames.map((bytes) => framed(bytes))) }));
  expect(heard).toEqual([]);
  await until('all are heard', () => heard.length === frames.length);
  expect(heard).toEqual(frames.map((_, i) => i));
  expect(inbound.ended).toBe(false);
});

import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { Door, type DoorOptions, type LimboOptions } from './door.ts';
import { until } from './testing/peers.ts';

let server: Server | undefined;
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server?.close();
});

interface Guarded {
  readonly taken: Socket[];
  refused: number;
  dial(): Socket;
}

async function guarded(isTrusted: boolean, options: DoorOptions & LimboOptions): Promise<Guarded> {
  const state = { taken: [] as Socket[], refused: 0 };
  const opened = createServer((socket) => {
    state.taken.push(socket);
    sockets.push(socket.on('error', () => undefined).resume());
  });
  server = opened;
  new Door(() => isTrusted, () => void state.refused++, options).guard(opened);
  await new Promise<void>((listening) => opened.listen(0, '127.0.0.1', listening));
  const { port } = opened.address() as { port: number };
  return Object.assign(state, {
    dial: (): Socket => {
      const socket = connect(port, '127.0.0.1').on('error', () => undefined).resume();
      sockets.push(socket);
      return socket;
    },
  });
}

describe('the door', () => {
  test('lets unknown hosts in up to their share, and holds the rest for a while before it closes them', async () => {
    const door = await guarded(false, { perSecond: 0.001, atOnce: 5, holdMs: 200, held: 100 });
    const dialled = Array.from({ length: 30 }, () => door.dial());
    await until('all have come', () => door.taken.length + door.refused === 30);
    expect(door.taken).toHaveLength(5);
    await until('those that were refused are closed', () => dialled.filter((socket) => socket.closed).length === 25);
    expect(door.taken.every((socket) => !socket.destroyed)).toBe(true);
  });

  test('lets hosts of members in, however many others there are', async () => {
    const door = await guarded(true, { perSecond: 0.001, atOnce: 1, holdMs: 200, held: 100 });
    for (let i = 0; i < 30; i++) door.dial();
    await until('all are let in', () => door.taken.length === 30);
    expect(door.refused).toBe(0);
  });

  test('holds no more than it may', async () => {
    const door = await guarded(false, { perSecond: 0.001, atOnce: 1, holdMs: 60_000, held: 10 });
    const dialled = Array.from({ length: 50 }, () => door.dial());
    await until('all have come', () => door.taken.length + door.refused === 50);
    await until('only so many are held', () => dialled.filter((socket) => !socket.closed).length === 11);
  });
});

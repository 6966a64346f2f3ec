import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nodeId } from '../../kernel/base/ids.ts';
import type { LinkFault, LinkFaultKind } from '../../io/sim/network.ts';
import { Proxy } from './proxy.ts';

let server: Server;
let proxy: Proxy;
let sockets: Socket[];
let port: number;

/** Node 2 answers what it is sent in capitals; node 1 reaches it through the proxy. */
beforeEach(async () => {
  sockets = [];
  proxy = new Proxy(1);
  server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes) => socket.write(bytes.toString('latin1').toUpperCase(), 'latin1'));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  port = await proxy.link(1, 2, (server.address() as { readonly port: number }).port);
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await proxy.close();
  await new Promise<void>((closed) => server.close(() => closed()));
});

class Caller {
  heard = '';
  closed = false;
  readonly socket: Socket;

  constructor() {
    this.socket = connect({ host: '127.0.0.1', port });
    sockets.push(this.socket);
    this.socket.on('data', (bytes) => (this.heard += bytes.toString('latin1')));
    this.socket.on('error', () => undefined);
    this.socket.once('close', () => (this.closed = true));
  }

  say(text: string): void {
    this.socket.write(text);
  }

  async hears(text: string): Promise<void> {
    await until(() => this.heard.endsWith(text));
  }
}

async function until(done: () => boolean): Promise<void> {
  for (const late = performance.now() + 5_000; !done(); await pause(2)) if (performance.now() > late) throw new Error('it did not come');
}
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const fault = (kind: LinkFaultKind, from: number, to: number, strength = 1): LinkFault => ({ kind, from: [nodeId(from)], to: [nodeId(to)], strength });

describe('a proxy on a link', () => {
  test('passes what is sent, both ways and in order', async () => {
    const caller = new Caller();
    const text = Array.from({ length: 2_000 }, (_, i) => `line ${i};`).join('');
    for (let i = 0; i < text.length; i += 100) caller.say(text.slice(i, i + 100));
    await until(() => caller.heard.length === text.length);
    expect(caller.heard).toBe(text.toUpperCase());
  });

  test('tells each side that the other has closed', async () => {
    const caller = new Caller();
    caller.say('a');
    await caller.hears('A');
    caller.socket.end('b');
    await until(() => caller.closed);
    expect(caller.heard).toBe('AB');
    await until(() => (sockets[1] as Socket).destroyed);
  });

  test('holds what goes one way while that way is cut, and lets it through afterwards', async () => {
    const caller = new Caller();
    caller.say('a');
    await caller.hears('A');
    const backwards = fault('one-way', 2, 1);
    proxy.begin(backwards);
    const before = (sockets[1] as Socket).bytesRead;
    caller.say('bcd');
    await until(() => (sockets[1] as Socket).bytesRead === before + 3);
    await pause(50);
    expect(caller.heard).toBe('A');
    proxy.end(backwards);
    await caller.hears('ABCD');
  });

  test('lets a dial across a cut wait, and connects it when the cut is over', async () => {
    const cut = fault('partition', 1, 2);
    proxy.begin(cut);
    const caller = new Caller();
    caller.say('late');
    await pause(80);
    expect([caller.heard, caller.closed, sockets.length]).toEqual(['', false, 1]);
    proxy.end(cut);
    await caller.hears('LATE');
  });

  test('does not tell across a cut that a side has gone', async () => {
    const caller = new Caller();
    caller.say('a');
    await caller.hears('A');
    const cut = fault('partition', 1, 2);
    proxy.begin(cut);
    caller.socket.destroy();
    await pause(80);
    expect((sockets[1] as Socket).destroyed).toBe(false);
    proxy.end(cut);
    await until(() => (sockets[1] as Socket).destroyed);
  });

  test('takes its time on a slow link, and keeps the order', async () => {
    const caller = new Caller();
    caller.say('a');
    await caller.hears('A');
    const slow = fault('slow', 1, 2, 400_000);
    proxy.begin(slow);
    const began = performance.now();
    for (const letter of 'bcdefgh') caller.say(letter);
    await caller.hears('ABCDEFGH');
    expect(performance.now() - began).toBeGreaterThan(45);
    proxy.end(slow);
  });

  test('carries no more than its width on a narrow link', async () => {
    const caller = new Caller();
    proxy.begin(fault('narrow', 1, 2, 100_000));
    const began = performance.now();
    caller.say('x'.repeat(30_000));
    await until(() => caller.heard.length === 30_000);
    expect(performance.now() - began).toBeGreaterThan(290);
  });

  test('makes what is lost come later, and loses nothing', async () => {
    const caller = new Caller();
    proxy.begin(fault('drop', 1, 2, 1_000_000));
    const began = performance.now();
    caller.say('again');
    await caller.hears('AGAIN');
    expect(performance.now() - began).toBeGreaterThan(195);
  });

  test('breaks the connections of a node, and only those', async () => {
    const caller = new Caller();
    caller.say('a');
    await caller.hears('A');
    expect(proxy.reset([3])).toBe(0);
    caller.say('b');
    await caller.hears('AB');
    expect(proxy.reset([2])).toBe(1);
    await until(() => caller.closed && (sockets[1] as Socket).destroyed);
    const again = new Caller();
    again.say('c');
    await again.hears('C');
  });
});

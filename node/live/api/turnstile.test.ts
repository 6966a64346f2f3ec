import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { Turnstile, type Passage } from './turnstile.ts';

let server: Server | undefined;
let clients: Socket[] = [];

afterEach(() => {
  for (const client of clients) client.destroy();
  clients = [];
  server?.close();
});

/** A server whose connections pass a turnstile; `arrived` is told of each. */
async function open(arrived: (passage: Passage) => void): Promise<() => Promise<Socket>> {
  const turnstile = new Turnstile();
  const opened = createServer({ allowHalfOpen: true }, (socket) => arrived(turnstile.admit(socket)));
  server = opened;
  await new Promise<void>((listening) => opened.listen(0, '127.0.0.1', listening));
  const { port } = opened.address() as { port: number };
  return () =>
    new Promise((resolve) => {
      const client = connect(port, '127.0.0.1', () => resolve(client));
      client.on('error', () => undefined);
      clients.push(client);
    });
}

const until = async (condition: () => boolean): Promise<void> => {
  for (let tries = 0; !condition(); tries++) {
    if (tries > 500) throw new Error('it never came true');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

describe('the turnstile', () => {
  test('passes on every byte of both directions in order, and the end', async () => {
    const heard: Buffer[] = [];
    let ended = false;
    const dial = await open((passage) => {
      passage.on('data', (chunk: Buffer) => heard.push(chunk));
      passage.on('end', () => (ended = true));
      passage.end('back to you');
    });
    const client = await dial();
    let answer = '';
    client.on('data', (chunk) => (answer += chunk.toString()));
    const sent = Buffer.from(Array.from({ length: 20_000 }, (_, place) => place % 251));
    client.end(sent);
    await until(() => ended);
    expect(Buffer.concat(heard).equals(sent)).toBe(true);
    expect(answer).toBe('back to you');
  });

  test('gives each connection its turn, however much another one sends', async () => {
    const bytes: number[] = [];
    const dial = await open((passage) => {
      const place = bytes.push(0) - 1;
      passage.on('data', (chunk: Buffer) => (bytes[place] = (bytes[place] as number) + chunk.length));
    });
    const [greedy, modest] = [await dial(), await dial()];
    await until(() => bytes.length === 2);
    greedy.write(Buffer.alloc(4_000_000));
    await until(() => (bytes[0] as number) > 0);
    modest.write(Buffer.alloc(200));
    await until(() => bytes[1] === 200);
    expect(bytes[0]).toBeLessThan(4_000_000);
  });

  test('lets nothing more in while a request is under way, and who sends all the same passes at a low rate', async () => {
    let passage: Passage | undefined;
    let bytes = 0;
    const dial = await open((arrived) => {
      passage = arrived;
      arrived.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes === 256) arrived.hold();
      });
    });
    const client = await dial();
    client.write(Buffer.alloc(60_000));
    await until(() => bytes === 256);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(bytes).toBe(256);
    const began = performance.now();
    passage?.release();
    await until(() => bytes > 30_000);
    expect(performance.now() - began).toBeGreaterThan(500);
    expect(passage?.isEager).toBe(true);
  });
});

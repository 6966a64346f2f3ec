import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { PlainLine, type Desk } from './plain-line.ts';
import { Turnstile } from './turnstile.ts';

const PATIENCE = { firstMs: 300, idleMs: 300 };
const ASK = 'POST /v1/decide HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 29\r\n\r\n{"need":"0/a","proposal":"p"}';

let server: Server | undefined;
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server?.close();
});

/** A connection to a line that `desk` serves. */
async function dial(desk: Partial<Desk>): Promise<Socket> {
  const turnstile = new Turnstile();
  const unexpected = (): void => expect.unreachable('nothing of this kind was sent');
  const opened = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    new PlainLine(socket, turnstile, { plain: unexpected, other: unexpected, ...desk }, PATIENCE);
  });
  server = opened;
  await new Promise<void>((listening) => opened.listen(0, '127.0.0.1', listening));
  const { port } = opened.address() as { port: number };
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  return socket.on('error', () => undefined);
}

const closed = (socket: Socket): Promise<void> => new Promise((resolve) => void socket.resume().once('close', () => resolve()));
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('a line of plain requests', () => {
  test('is closed when nothing comes, and when nothing more comes', async () => {
    await closed(await dial({}));
    server?.close();
    const socket = await dial({ plain: (line) => line.answer({ status: 404, body: { code: 'none', message: 'nothing' } }, false) });
    socket.write(ASK);
    await closed(socket);
  });

  test('waits for an answer as long as it takes', async () => {
    let answer: (() => void) | undefined;
    const socket = await dial({ plain: (line) => void (answer = () => line.answer({ status: 404, body: { code: 'none', message: 'late' } }, true)) });
    socket.write(ASK);
    await pause(2 * PATIENCE.idleMs);
    let heard = '';
    socket.on('data', (chunk) => (heard += chunk.toString()));
    answer?.();
    await closed(socket);
    expect(heard).toMatch(/^HTTP\/1\.1 404 Not Found\r\n.*connection: close.*"late"/s);
  });

  test('is not heard while its client does not read, so that answers do not gather', async () => {
    const message = 'x'.repeat(1_000_000);
    let asked = 0;
    const socket = await dial({
      plain: (line) => {
        asked++;
        line.answer({ status: 404, body: { code: 'none', message } }, false);
      },
    });
    socket.pause();
    for (let i = 0; i < 100; i++) {
      socket.write(ASK);
      await pause(2);
    }
    // What the kernel holds for both ends is some megabytes.
    expect(asked).toBeGreaterThan(0);
    expect(asked).toBeLessThan(20);
  });

  test('hands over bytes of any other kind as they came, and the end too', async () => {
    let heard = '';
    const ended = new Promise<void>((resolve) => {
      void dial({
        other: (_line, socket) => {
          socket.on('data', (chunk) => (heard += chunk.toString()));
          socket.on('end', () => resolve());
        },
      }).then((socket) => socket.end(ASK.slice(0, 60)));
    });
    await ended;
    expect(heard).toBe(ASK.slice(0, 60));
  });
});

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocketServer, type WebSocket } from 'ws';
import type { ParentHead } from '../ports.ts';
import { CHAIN_DEFAULTS, LiveChain } from './chain.ts';
import { until } from './testing/peers.ts';

/** A Substrate node as its clients see it: WebSocket and HTTP on one port, and only what a head follower asks. */
class Substrate {
  readonly heads: ParentHead[] = [];
  readonly asked: string[] = [];
  port = 0;
  garble: ((answer: string) => string) | undefined;
  private server: Server | undefined;
  private readonly sockets = new Set<WebSocket>();
  private readonly subscribers = new Set<WebSocket>();

  constructor(height: number) {
    for (let number = 0; number <= height; number++) this.grow();
  }

  private grow(): void {
    const number = this.heads.length;
    const hash = (n: number): string => `0x${n.toString(16).padStart(64, 'a')}`;
    this.heads.push({ number, hash: hash(number), parent: number === 0 ? `0x${'0'.repeat(64)}` : hash(number - 1) });
  }

  /** More blocks are final; subscribers hear of the last one only, as they may when finality comes in jumps. */
  finalise(blocks: number): void {
    for (let i = 0; i < blocks; i++) this.grow();
    for (const socket of this.subscribers) this.notify(socket);
  }

  private notify(socket: WebSocket): void {
    const text = JSON.stringify({ jsonrpc: '2.0', method: 'chain_finalizedHead', params: { subscription: 'heads', result: this.header(this.heads.length - 1) } });
    socket.send(this.garble?.(text) ?? text);
  }

  private header(number: number): unknown {
    const head = this.heads[number];
    return head === undefined ? null : { parentHash: head.parent, number: `0x${number.toString(16)}`, stateRoot: '0x00', digest: { logs: [] } };
  }

  private answer(method: string, params: unknown[]): unknown {
    this.asked.push(method);
    if (method === 'chain_subscribeFinalizedHeads') return 'heads';
    if (method === 'chain_getFinalizedHead') return this.heads.at(-1)?.hash;
    if (method === 'chain_getBlockHash') return this.heads[params[0] as number]?.hash ?? null;
    return this.header(this.heads.findIndex((head) => head.hash === params[0]));
  }

  private respond(text: string): string {
    const { id, method, params } = JSON.parse(text) as { id: number; method: string; params: unknown[] };
    const out = JSON.stringify({ jsonrpc: '2.0', id, result: this.answer(method, params) });
    return this.garble?.(out) ?? out;
  }

  async listen(): Promise<void> {
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (part: Buffer) => (body += part.toString()));
      request.on('end', () => response.end(this.respond(body)));
    });
    new WebSocketServer({ server }).on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => {
        this.sockets.delete(socket);
        this.subscribers.delete(socket);
      });
      socket.on('message', (data) => {
        const text = String(data);
        socket.send(this.respond(text));
        if (!text.includes('chain_subscribeFinalizedHeads')) return;
        this.subscribers.add(socket);
        this.notify(socket);
      });
    });
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
  }

  async close(): Promise<void> {
    const server = this.server;
    if (server === undefined) return;
    this.server = undefined;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of this.sockets) socket.terminate();
    // A connection that was accepted in this very moment is not among those that are closed at once.
    const again = setInterval(() => server.closeAllConnections(), 5);
    server.closeAllConnections();
    await closed;
    clearInterval(again);
  }
}

let substrate: Substrate;
let chain: LiveChain | undefined;
let heard: ParentHead[];
let lines: string[];

function follow(scheme: 'ws' | 'http', after?: number): void {
  heard = [];
  lines = [];
  const options = { ...CHAIN_DEFAULTS, url: `${scheme}://127.0.0.1:${substrate.port}`, after, pollMs: 20, timeoutMs: 500, backoffMs: { least: 10, most: 40 } };
  chain = new LiveChain(options, (head) => heard.push(head), (line) => lines.push(line));
  chain.follow();
}

afterEach(async () => {
  chain?.stop();
  await substrate.close();
});

describe.each(['ws', 'http'] as const)('over %s', (scheme) => {
  test('it begins with the newest final head, and misses none when finality jumps', async () => {
    substrate = new Substrate(10);
    await substrate.listen();
    follow(scheme);
    await until('the first head', () => heard.length === 1);
    substrate.finalise(1);
    await until('the next', () => heard.length === 2);
    substrate.finalise(50);
    await until('all of them', () => heard.length === 52);
    expect(heard).toEqual(substrate.heads.slice(10));
    expect(lines).toEqual([]);
  });

  test('it goes on after the head that the node knows', async () => {
    substrate = new Substrate(40);
    await substrate.listen();
    follow(scheme, 7);
    await until('all heads since', () => heard.length === 33);
    expect(heard).toEqual(substrate.heads.slice(8));
  });

  test('an outage costs one line, and the heads of that time are made up for', async () => {
    substrate = new Substrate(5);
    await substrate.listen();
    follow(scheme);
    await until('the first head', () => heard.length === 1);
    await substrate.close();
    await until('the outage is told', () => lines.length === 1);
    substrate.finalise(20);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await substrate.listen();
    await until('all heads', () => heard.length === 21);
    expect(heard).toEqual(substrate.heads.slice(5));
    expect(lines[0]).toMatch(/^parent chain \w+:\/\/127\.0\.0\.1:\d+ is not available \(.+\); the node runs on without new heads and keeps trying$/);
    expect(lines.slice(1)).toEqual([expect.stringMatching(/is back$/)]);
  });

  test('an endpoint that answers nonsense is an endpoint that is away', async () => {
    substrate = new Substrate(5);
    substrate.garble = (answer) => answer.slice(0, -3);
    await substrate.listen();
    follow(scheme);
    await until('it is told', () => lines.length === 1);
    substrate.garble = (answer) => answer.replaceAll('"number":"0x', '"number":"zz');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(heard).toEqual([]);
    substrate.garble = undefined;
    await until('it recovers', () => heard.length === 1);
  });
});

test('nothing at the address is told in one line', async () => {
  substrate = new Substrate(0);
  await substrate.listen();
  await substrate.close();
  follow('ws');
  await until('it is told', () => lines.length === 1);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(lines).toHaveLength(1);
});

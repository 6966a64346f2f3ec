// For tests: the part of a Substrate node that a follower of final heads talks to.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import type { ParentHead } from '../../ports.ts';

/** A Substrate node as its clients see it: WebSocket and HTTP on one port, and only what a head follower asks. */
export class Substrate {
  readonly heads: ParentHead[] = [];
  readonly asked: string[] = [];
  port = 0;
  garble: ((answer: string) => string) | undefined;
  private server: Server | undefined;
  private readonly sockets: Set<WebSocket> = new Set();
  private readonly subscribers: Set<WebSocket> = new Set();

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

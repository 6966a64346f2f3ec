// What hostile peers do, each over and over until it is told to stop. They know the addresses and no key of a
// member. What a member with a good key can do wrong is a matter of tests (io/live/network.test.ts), since it needs its place.
// Attackers come from addresses of their own, so that what is held against them is not held against honest clients.

import { connect, type Socket } from 'node:net';
import { randomBytes } from 'node:crypto';
import type { Target } from './plan.ts';

export type AttackName = 'garbage' | 'half' | 'gigabyte' | 'slowReading' | 'connectionFlood' | 'unknownKeys' | 'oldFrames' | 'requestFlood';

export interface AttackPlan {
  readonly attack: AttackName;
  readonly http: readonly Target[];
  readonly p2p: readonly Target[];
}

export interface AttackReport {
  readonly connections: number;
  readonly requests: number;
  readonly bytes: number;
}

/** Twenty connections a second from each attacker; more would only measure how fast the attackers are, on the same processors. */
const RECONNECT_MS = 50;
const GARBAGE_BYTES = 4_096;
const FLOOD_PEERS = 200;
const FLOOD_REQUESTS_PER_SECOND = 100_000;
const FLOOD_CONNECTIONS = 32;
const FLOOD_TICK_MS = 10;

export class Attack {
  private readonly plan: AttackPlan;
  private readonly sockets: Set<Socket> = new Set();
  private ended = false;
  private number = 0;
  readonly report: { connections: number; requests: number; bytes: number } = { connections: 0, requests: 0, bytes: 0 };

  constructor(plan: AttackPlan) {
    this.plan = plan;
  }

  begin(): void {
    const { attack, http, p2p } = this.plan;
    const both = [...http, ...p2p];
    switch (attack) {
      case 'garbage':
        return this.each(both, 4, (socket) => this.write(socket, randomBytes(GARBAGE_BYTES)));
      case 'half':
        // The beginning of a request, and of the negotiation that every connection of libp2p starts with.
        this.each(http, 20, (socket) => this.write(socket, 'POST /v1/decide HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-le'));
        return this.each(p2p, 20, (socket) => this.write(socket, Buffer.from('\x13/multistream/1.0.0\n\x07/noi', 'latin1')));
      case 'gigabyte':
        this.each(http, 10, (socket) => this.write(socket, 'POST /v1/decide HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000000000\r\n\r\n{"need":"'));
        return this.each(p2p, 10, (socket) => this.write(socket, Buffer.from('\xff\xff\xff\xff\x7f', 'latin1')));
      case 'slowReading':
        return this.each(http, 20, (socket) => {
          socket.pause();
          this.write(socket, 'GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(200));
        });
      case 'connectionFlood':
        return this.each(p2p, Math.ceil(FLOOD_PEERS / p2p.length), () => undefined);
      case 'requestFlood':
        return this.requestFlood();
      case 'unknownKeys':
      case 'oldFrames':
        return; // See unknown-keys.ts and old-frames.ts: these speak libp2p.
    }
  }

  end(): void {
    this.ended = true;
    for (const socket of this.sockets) socket.destroy();
  }

  /** So many connections to each target, each opened again when it is closed. */
  private each(targets: readonly Target[], count: number, opened: (socket: Socket) => void): void {
    for (const target of targets) for (let i = 0; i < count; i++) this.dial(target, opened);
  }

  private dial(target: Target, opened: (socket: Socket) => void): void {
    if (this.ended) return;
    const socket = connect({ host: target.host, port: target.port, localAddress: this.address() }, () => {
      this.report.connections++;
      opened(socket);
    });
    this.sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', () => undefined);
    socket.on('close', () => {
      this.sockets.delete(socket);
      setTimeout(() => this.dial(target, opened), RECONNECT_MS);
    });
  }

  /** 127.0.0.0/8 is all this machine's. */
  private address(): string {
    const n = this.number++ % FLOOD_PEERS;
    return `127.0.7.${n + 1}`;
  }

  private write(socket: Socket, bytes: string | Uint8Array): void {
    this.report.bytes += bytes.length;
    socket.write(bytes);
  }

  /** Requests without waiting for answers, over connections that are opened again as soon as they were ended. */
  private requestFlood(): void {
    const open: Socket[] = [];
    this.each(this.plan.http, Math.ceil(FLOOD_CONNECTIONS / this.plan.http.length), (socket) => {
      open.push(socket);
      socket.on('close', () => open.splice(open.indexOf(socket), 1));
    });
    const share = (FLOOD_REQUESTS_PER_SECOND * FLOOD_TICK_MS) / 1_000;
    const timer = setInterval(() => {
      if (this.ended) return clearInterval(timer);
      // What a connection does not take is left to the others: it is the node that decides how much it lets in.
      for (let left = share, place = 0; left > 0 && place < open.length; place++) {
        const socket = open[(this.number + place) % open.length] as Socket;
        if (socket.writableLength >= 1 << 20) continue;
        const count = Math.min(left, Math.ceil(share / 4));
        left -= count;
        this.report.requests += count;
        this.write(socket, this.requests(count));
      }
    }, FLOOD_TICK_MS);
  }

  private requests(count: number): string {
    let text = '';
    for (let i = 0; i < count; i++) {
      const body = `{"need":"0/flood-${process.pid}-${this.number++}","proposal":"x"}`;
      text += `POST /v1/decide HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    }
    return text;
  }
}

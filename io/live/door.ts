// What stands before the handshake, which costs milliseconds: connections of hosts where no member is known to be found have a
// small share a second between them, however many hosts they come from. Who is over it is not answered and not closed at once
// either: who waits for the end of a connection before opening the next one is slowed down by it, at the price of a socket.

import type { Server, Socket } from 'node:net';

export interface DoorOptions {
  /** Connections of unknown hosts: so many a second, sustained, and at once. */
  readonly perSecond: number;
  readonly atOnce: number;
}

export interface LimboOptions {
  /** Refused connections are held so long, and so many of them. */
  readonly holdMs: number;
  readonly held: number;
}

export const DOOR_DEFAULTS: DoorOptions & LimboOptions = { perSecond: 20, atOnce: 40, holdMs: 1_000, held: 256 };

/** Where refused connections wait for their end. */
export class Limbo {
  private readonly options: LimboOptions;
  private readonly holding: Set<Socket> = new Set();

  constructor(options: LimboOptions) {
    this.options = options;
  }

  hold(socket: Socket): void {
    socket.on('error', () => undefined);
    const end = setTimeout(() => socket.destroy(), this.options.holdMs);
    this.holding.add(socket);
    socket.once('close', () => {
      clearTimeout(end);
      this.holding.delete(socket);
    });
    if (this.holding.size > this.options.held) (this.holding.values().next().value as Socket).destroy();
  }

  end(): void {
    for (const socket of this.holding) socket.destroy();
  }
}

export class Door {
  private readonly options: DoorOptions;
  private readonly isTrusted: (host: string) => boolean;
  private readonly refused: () => void;
  private readonly limbo: Limbo;
  private left: number;
  private filledMs: number = performance.now();

  constructor(isTrusted: (host: string) => boolean, refused: () => void, options: DoorOptions & LimboOptions = DOOR_DEFAULTS) {
    this.isTrusted = isTrusted;
    this.refused = refused;
    this.options = options;
    this.left = options.atOnce;
    this.limbo = new Limbo(options);
  }

  /** Stands before whoever takes the connections of this server. */
  guard(server: Server): void {
    const takers = server.listeners('connection') as ((socket: Socket) => void)[];
    server.removeAllListeners('connection');
    server.on('connection', (socket) => {
      if (this.admits(socket.remoteAddress ?? '')) for (const taker of takers) taker.call(server, socket);
      else {
        this.refused();
        this.limbo.hold(socket);
      }
    });
    server.on('close', () => this.limbo.end());
  }

  private admits(host: string): boolean {
    if (this.isTrusted(host)) return true;
    const { perSecond, atOnce } = this.options;
    const now = performance.now();
    this.left = Math.min(atOnce, this.left + ((now - this.filledMs) / 1_000) * perSecond);
    this.filledMs = now;
    if (this.left < 1) return false;
    this.left--;
    return true;
  }
}

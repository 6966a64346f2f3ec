// A proxy on every link of a live network: each node reaches each other one through a port of its own, so what passes between
// two nodes passes here and can be held up, thinned out, cut in one direction, or broken off. It works on the bytes of
// connections, because what they mean is encrypted from end to end. So loss is what it is to a connection: bytes that are
// lost come again, later, and those behind them wait; only a connection that breaks loses anything.

import { createServer, connect, type Server, type Socket } from 'node:net';
import type { LinkFault } from '../../io/sim/network.ts';
import { freePorts } from '../dev/dev-network.ts';
import type { Links } from './links.ts';
import { Random } from '../../kernel/base/random.ts';

const HOST = '127.0.0.1';
/** What a flow takes from its source before it lets it wait. */
const MOST_WAITING = 1024 * 1024;
/** A sender that misses an acknowledgement sends again after about so long (the least of Linux). */
const RESEND_MS = 200;
/** How much longer than `strength / 8` a slow link takes: as in the simulated network. */
const HEAVY_TAIL: readonly number[] = [1, 2, 2, 3, 4, 4, 6, 8, 8, 12, 24, 96];

/** What a link does to the bytes that go from one node to another. */
interface Condition {
  held: boolean;
  slowUs: number;
  dropPerMillion: number;
  bytesPerSecond: number;
  readonly random: Random;
}

interface Piece {
  /** In milliseconds of the monotonic clock. */
  readonly due: number;
  /** Undefined: the source has ended. */
  readonly bytes: Buffer | undefined;
}

/** The bytes of one connection in one direction. */
class Flow {
  private readonly source: Socket;
  private readonly target: Socket;
  private readonly condition: Condition;
  private readonly waiting: Piece[] = [];
  private bytes = 0;
  private lastDue = 0;
  private narrowFree = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(source: Socket, target: Socket, condition: Condition) {
    this.source = source;
    this.target = target;
    this.condition = condition;
    source.on('data', (bytes: Buffer) => this.take(bytes));
    source.once('end', () => this.take(undefined));
    target.on('drain', () => this.pass());
  }

  private take(bytes: Buffer | undefined): void {
    const due = this.dueOf(bytes?.length ?? 0);
    this.waiting.push({ due, bytes });
    this.bytes += bytes?.length ?? 0;
    this.pass();
    if (this.bytes > MOST_WAITING) this.source.pause();
  }

  private dueOf(length: number): number {
    const { slowUs, dropPerMillion, bytesPerSecond, random } = this.condition;
    const now = performance.now();
    let due = now;
    if (slowUs > 0) due += (slowUs * random.pick(HEAVY_TAIL)) / 8_000;
    if (bytesPerSecond > 0) {
      this.narrowFree = Math.max(now, this.narrowFree) + (length * 1_000) / bytesPerSecond;
      due += this.narrowFree - now;
    }
    if (dropPerMillion > 0 && random.chance(dropPerMillion)) due += RESEND_MS;
    this.lastDue = Math.max(this.lastDue, due);
    return this.lastDue;
  }

  /** Lets through what is due, in order, as fast as the target takes it. */
  pass(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    for (let piece = this.waiting[0]; piece !== undefined && !this.condition.held; piece = this.waiting[0]) {
      const wait = piece.due - performance.now();
      if (wait > 0) {
        this.timer = setTimeout(() => this.pass(), Math.ceil(wait));
        break;
      }
      if (this.target.writableNeedDrain) break;
      this.waiting.shift();
      if (piece.bytes === undefined) this.target.end();
      else this.target.write(piece.bytes);
      this.bytes -= piece.bytes?.length ?? 0;
    }
    if (this.bytes <= MOST_WAITING && this.source.isPaused()) this.source.resume();
  }

  stop(): void {
    clearTimeout(this.timer);
  }
}

/** A connection through the proxy: two sockets and the flows between them. */
class Passage {
  readonly from: number;
  readonly to: number;
  flows: readonly Flow[] = [];
  private readonly near: Socket;
  private readonly there: Condition;
  private readonly back: Condition;
  private far: Socket | undefined;
  private ended = false;

  /** `gone` is called once, when both sides know that it is over. */
  constructor(link: { readonly from: number; readonly to: number; readonly port: number }, near: Socket, there: Condition, back: Condition, gone: () => void) {
    this.from = link.from;
    this.to = link.to;
    this.near = near;
    this.there = there;
    this.back = back;
    near.setNoDelay(true);
    near.on('error', () => near.destroy());
    near.once('close', () => whenClear(this.there, () => {
      this.far?.destroySoon();
      gone();
    }));
    this.reach(link.port);
  }

  /** A dial across a cut hears nothing: it is not refused. */
  private reach(port: number): void {
    if (this.near.destroyed) return;
    if (this.there.held || this.back.held) return void setTimeout(() => this.reach(port), LOOK_MS).unref();
    const far = connect({ host: HOST, port, noDelay: true, allowHalfOpen: true });
    this.far = far;
    this.flows = [new Flow(this.near, far, this.there), new Flow(far, this.near, this.back)];
    far.on('error', () => far.destroy());
    far.once('close', () => whenClear(this.back, () => (this.ended ? undefined : this.near.destroySoon())));
  }

  touches(nodes: readonly number[]): boolean {
    return nodes.includes(this.from) || nodes.includes(this.to);
  }

  /** Both sides are told that the connection was reset. */
  end(): void {
    this.ended = true;
    for (const flow of this.flows) flow.stop();
    this.near.resetAndDestroy();
    this.far?.resetAndDestroy();
  }
}

const LOOK_MS = 20;

/** That a connection has ended is heard across a cut only when the cut is over. */
function whenClear(condition: Condition, then: () => void): void {
  if (condition.held) setTimeout(() => whenClear(condition, then), LOOK_MS).unref();
  else then();
}

/** Below the ports that the system deals out to outgoing connections, and away from those of a network for a person. */
const FIRST_HTTP_PORT = 21_000;
const FIRST_P2P_PORT = 25_000;

export class Proxy implements Links {
  readonly about = 'links through a proxy: delay, loss, resets, cuts, width';
  private readonly seed: number;
  private readonly servers: Server[] = [];
  private readonly passages: Set<Passage> = new Set();
  private readonly conditions: Map<string, Condition> = new Map();
  private readonly active: LinkFault[] = [];

  constructor(seed: number) {
    this.seed = seed;
  }

  host(): string {
    return HOST;
  }

  /** `room`: which ports are looked for, so that networks that are made at one time do not meet. */
  async ports(count: number, room: number): Promise<{ readonly http: readonly number[]; readonly p2p: readonly number[] }> {
    return { http: await freePorts(count, FIRST_HTTP_PORT + room), p2p: await freePorts(count, FIRST_P2P_PORT + room) };
  }

  async address(from: number, to: number, port: number): Promise<string> {
    return `/ip4/${HOST}/tcp/${await this.link(from, to, port)}`;
  }

  prefix(): readonly string[] {
    return [];
  }

  /** Opens a port through which `from` reaches `to`, which listens on `port` of this machine. */
  async link(from: number, to: number, port: number): Promise<number> {
    const server = createServer({ allowHalfOpen: true }, (socket) => this.accepted(from, to, port, socket));
    this.servers.push(server);
    await new Promise<void>((listening, failed) => {
      server.once('error', failed);
      server.listen({ host: HOST, port: 0 }, listening);
    });
    return (server.address() as { readonly port: number }).port;
  }

  private accepted(from: number, to: number, port: number, near: Socket): void {
    const passage = new Passage({ from, to, port }, near, this.condition(from, to), this.condition(to, from), () => this.passages.delete(passage));
    this.passages.add(passage);
  }

  private condition(from: number, to: number): Condition {
    const key = `${from}-${to}`;
    let known = this.conditions.get(key);
    if (known === undefined) this.conditions.set(key, (known = { held: false, slowUs: 0, dropPerMillion: 0, bytesPerSecond: 0, random: Random.of(this.seed, 'proxy', from, to) }));
    return known;
  }

  begin(fault: LinkFault): void {
    this.active.push(fault);
    this.apply();
  }

  end(fault: LinkFault): void {
    const place = this.active.indexOf(fault);
    if (place >= 0) this.active.splice(place, 1);
    this.apply();
  }

  reset(nodes: readonly number[]): number {
    const hit = [...this.passages].filter((passage) => passage.touches(nodes));
    for (const passage of hit) passage.end();
    return hit.length;
  }

  private apply(): void {
    for (const condition of this.conditions.values()) Object.assign(condition, { held: false, slowUs: 0, dropPerMillion: 0, bytesPerSecond: 0 });
    for (const fault of this.active) for (const from of fault.from) for (const to of fault.to) if (from !== to) worsen(this.condition(from, to), fault);
    for (const passage of this.passages) for (const flow of passage.flows) flow.pass();
  }

  async close(): Promise<void> {
    for (const passage of this.passages) passage.end();
    await Promise.all(this.servers.map((server) => new Promise<void>((closed) => server.close(() => closed()))));
  }
}

/** Where several faults of a kind are on, the highest strength counts: as in the simulated network. */
function worsen(condition: Condition, fault: LinkFault): void {
  if (fault.kind === 'partition' || fault.kind === 'one-way') condition.held = true;
  else if (fault.kind === 'slow') condition.slowUs = Math.max(condition.slowUs, fault.strength);
  else if (fault.kind === 'drop') condition.dropPerMillion = Math.max(condition.dropPerMillion, fault.strength);
  else if (fault.kind === 'narrow') condition.bytesPerSecond = Math.max(condition.bytesPerSecond, fault.strength);
}

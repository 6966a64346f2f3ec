// The HTTP server of a node. It parses, checks and bounds; what a request means is decided elsewhere. Overload is answered
// before a body is read and before memory grows: connections, requests under way and the rate of each connection are bounded.

import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Type } from '@sinclair/typebox';
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { Limbo, type LimboOptions } from '../../../io/live/door.ts';
import { needIdFault, type NeedId, type ProposalId } from '../../../kernel/base/ids.ts';
import { bucketOf } from '../../../kernel/decide/record.ts';
import type { Answer } from '../../../kernel/effect.ts';
import type { Asked, Connection, Requests } from '../requests.ts';
import { Allowance, Allowances } from './allowance.ts';
import { responseTo, type Response } from './answers.ts';
import { ChangeRequest, LeaderRequest, Members } from './group-schemas.ts';
import { changeAsked, leaderAsked, membersAsked, orderResponse, type OrderAsked } from './groups.ts';
import { openApi } from './openapi.ts';
import { PlainLine, type Desk } from './plain-line.ts';
import { Turnstile, type Passage } from './turnstile.ts';
import { DecideRecord, DecideRequest, Decided, Failure, Health, Ready, Status, type ErrorCode } from './schemas.ts';

export interface HttpBounds {
  readonly connections: number;
  /** Requests a second on one connection. */
  readonly requestsPerSecond: number;
}

export const TURNED_AWAY = ['address', 'rate', 'inFlight', 'notReady', 'malformed', 'eager'] as const;
export type TurnedAway = (typeof TURNED_AWAY)[number];

/** What the server shows. */
export interface Shown {
  health(): Health;
  ready(): Ready;
  status(): Status;
  metrics(): Promise<string>;
  readonly metricsType: string;
  /** Why no request can be taken on now; undefined if one can. */
  unready(): string | undefined;
  /** A request was turned away by the server itself, by reason. */
  turnedAway(why: TurnedAway): void;
}

/** A decide is far below 1 KiB. */
const BODY_LIMIT = 16 * 1024;
const HEADERS_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_MS = 30_000;
const SWEEP_MS = 20;

/** Of the requests a connection may make in a second, so many may come at once. */
const SHARE_AT_ONCE = 0.05;
/** Connections that one address may open in a second; and at once. Who is turned away costs an accept and nothing else. */
const CONNECTIONS_PER_SECOND = 100;
const CONNECTIONS_AT_ONCE = 512;
const MAX_ADDRESSES = 4_096;
/** A connection that had to be ended counts as so many; and a request over the bound of its connection. */
const FINE = 5;
/** Bytes that are no request cost a second's worth: who goes on sending them soon opens no connection any more. */
const MALFORMED_FINE = 100;
/** A connection that was refused is closed a little later: who waits for that before opening the next one is slowed down. */
const LIMBO: LimboOptions = { holdMs: 250, held: 256 };

interface Visitor {
  readonly connection: Connection;
  readonly allowance: Allowance;
  /** It has asked for more than it may, and was told so. */
  cut: boolean;
}

const now = (): number => performance.now();

const failure = (code: ErrorCode, message: string): Failure => ({ code, message });

export class HttpServer implements Desk {
  private readonly app: FastifyInstance;
  private readonly requests: Requests;
  private readonly shown: Shown;
  private readonly bounds: HttpBounds;
  /** Connections come in here, and go to the HTTP server through the turnstile. */
  private readonly door: Server;
  private readonly turnstile: Turnstile = new Turnstile(() => this.shown.turnedAway('eager'));
  /** By what stands for the connection: a line, or a passage once it is the HTTP server's. */
  private readonly visitors: WeakMap<object, Visitor> = new WeakMap();
  private readonly lines: Set<PlainLine> = new Set();
  private readonly limbo: Limbo = new Limbo(LIMBO);
  private readonly addresses: Allowances = new Allowances(CONNECTIONS_PER_SECOND, CONNECTIONS_AT_ONCE, MAX_ADDRESSES, now);

  constructor(requests: Requests, shown: Shown, bounds: HttpBounds, version: string) {
    this.requests = requests;
    this.shown = shown;
    this.bounds = bounds;
    this.app = Fastify({
      bodyLimit: BODY_LIMIT,
      forceCloseConnections: 'idle',
      // Said here: what `http` says of it is overruled by a default.
      keepAliveTimeout: KEEP_ALIVE_MS,
      http: { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: 1_000 },
      routerOptions: { maxParamLength: 512 },
      ajv: { customOptions: { allErrors: true, coerceTypes: false, removeAdditional: false, useDefaults: true } },
      frameworkErrors: (error, _request, reply) => void this.failed(error, reply),
      clientErrorHandler: (error, socket) => this.refuseBytes(socket, error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? '408 Request Timeout' : '400 Bad Request'),
    });
    // As an HTTP server has it: a client that has sent all it wants still gets its answer.
    this.door = createServer({ allowHalfOpen: true }, (socket) => this.connected(socket));
    this.door.maxConnections = bounds.connections;
    this.app.setErrorHandler((error: FastifyError, _request, reply) => this.failed(error, reply));
    this.app.setNotFoundHandler((request, reply) => this.notFound(request, reply));
    this.app.addHook('onRequest', async (request, reply) => this.admit(request, reply));
    this.routes(version);
  }

  async listen(host: string, port: number): Promise<number> {
    await this.app.ready();
    // Where it begins to look after connections that take too long to send a request.
    this.app.server.emit('listening');
    await new Promise<void>((listening, failed) => {
      this.door.once('error', failed);
      this.door.listen({ host, port }, listening);
    });
    const address = this.door.address();
    return typeof address === 'object' && address !== null ? address.port : port;
  }

  /** Takes no more connections and requests; resolves when those under way are answered, or `patienceMs` have passed. */
  async close(patienceMs: number): Promise<void> {
    const { server } = this.app;
    // A connection whose last request was under way stays open for another one: it is closed as soon as it has none.
    const sweep = setInterval(() => {
      server.closeIdleConnections();
      for (const line of this.lines) line.close();
    }, SWEEP_MS);
    const end = setTimeout(() => {
      server.closeAllConnections();
      for (const line of this.lines) line.destroy();
    }, patienceMs);
    this.limbo.end();
    if (this.door.listening) await new Promise<void>((closed) => this.door.close(() => closed()));
    clearInterval(sweep);
    clearTimeout(end);
    await this.app.close();
  }

  private routes(version: string): void {
    const document = openApi(version);
    const responses = { 200: Decided, '4xx': Failure, '5xx': Failure };
    this.app.post<{ Body: DecideRequest }>('/v1/decide', { schema: { body: DecideRequest, response: responses } }, (request, reply) => {
      const { need, proposal, kPlan = 1 } = request.body;
      return this.ask(request, reply, { kind: 'decide', need: need as NeedId, bucket: bucketOf(need as NeedId), proposal: proposal as ProposalId, kPlan });
    });
    this.app.get<{ Params: { '*': string } }>('/v1/decide/*', { schema: { response: { ...responses, 200: DecideRecord } } }, (request, reply) => {
      const need = request.params['*'];
      const fault = needIdFault(need);
      if (fault !== undefined) return reply.code(400).send(failure('badNeed', fault));
      return this.ask(request, reply, { kind: 'get', need: need as NeedId, bucket: bucketOf(need as NeedId) });
    });
    const ordered = { 200: Members, 409: Members, 422: Type.Union([Members, Failure]), '4xx': Failure, '5xx': Failure };
    this.app.get<{ Params: { group: string } }>('/v1/groups/:group/members', { schema: { response: ordered } }, (request, reply) => this.order(request, reply, request.params.group, (group) => membersAsked(group)));
    this.app.post<{ Params: { group: string }; Body: ChangeRequest }>('/v1/groups/:group/members', { schema: { body: ChangeRequest, response: ordered } }, (request, reply) =>
      this.order(request, reply, request.params.group, (group) => changeAsked(group, request.body)),
    );
    this.app.post<{ Params: { group: string }; Body: LeaderRequest }>('/v1/groups/:group/leader', { schema: { body: LeaderRequest, response: ordered } }, (request, reply) =>
      this.order(request, reply, request.params.group, (group) => leaderAsked(group, request.body)),
    );
    this.app.get('/v1/status', { schema: { response: { 200: Status } } }, () => this.shown.status());
    this.app.get('/health', { schema: { response: { 200: Health } } }, () => this.shown.health());
    this.app.get('/ready', { schema: { response: { 200: Ready, 503: Ready } } }, (_request, reply) => {
      const ready = this.shown.ready();
      return reply.code(ready.ready ? 200 : 503).send(ready);
    });
    this.app.get('/metrics', async (_request, reply) => reply.type(this.shown.metricsType).send(await this.shown.metrics()));
    this.app.get('/openapi.json', () => document);
  }

  private async order(request: FastifyRequest, reply: FastifyReply, given: string, make: (group: number) => OrderAsked): Promise<FastifyReply> {
    if (!/^\d{1,5}$/.test(given) || Number(given) > 0xffff) return reply.code(400).send(failure('badRequest', 'a group is a whole number from 0 to 65535'));
    const group = Number(given);
    return this.ask(request, reply, make(group), (answer) => orderResponse(group, answer));
  }

  private async ask(request: FastifyRequest, reply: FastifyReply, operation: Asked, respond: (answer: Answer) => Response = responseTo): Promise<FastifyReply> {
    const early = this.notReady();
    if (early !== undefined) return answered(reply, early);
    const visitor = this.visitor(request.raw.socket);
    const answer = this.requests.request(visitor.connection, operation);
    if (answer === undefined) {
      visitor.allowance.fine(FINE);
      return answered(reply, OVERLOADED);
    }
    // The turnstile made it: see `connected`.
    const passage = request.raw.socket as Duplex as Passage;
    passage.hold();
    const response = respond(await answer);
    passage.release();
    return answered(reply, response);
  }

  /** Before anything is read: is there room, and is this connection within its rate? What people look at is always let in. */
  private admit(request: FastifyRequest, reply: FastifyReply): FastifyReply | undefined {
    const visitor = this.visitor(request.raw.socket);
    if (visitor.cut) {
      request.raw.socket.destroy();
      return reply.hijack();
    }
    if (!visitor.allowance.take(now)) {
      reply.header('connection', 'close');
      return answered(reply, this.overRate(visitor, request.raw.socket.remoteAddress ?? ''));
    }
    if (!request.url.startsWith('/v1/decide')) return undefined;
    const crowded = this.crowded();
    return crowded === undefined ? undefined : answered(reply, crowded);
  }

  /** Who opens connection after connection, such as after each was ended for its rate, is not listened to. */
  private connected(socket: Socket): void {
    if (!this.addresses.take(socket.remoteAddress ?? '')) {
      this.shown.turnedAway('address');
      return this.limbo.hold(socket);
    }
    const rate = this.bounds.requestsPerSecond;
    const visitor: Visitor = { connection: this.requests.connected(), allowance: new Allowance(rate, Math.max(1, rate * SHARE_AT_ONCE), now()), cut: false };
    const line = new PlainLine(socket, this.turnstile, this, { firstMs: HEADERS_TIMEOUT_MS, idleMs: KEEP_ALIVE_MS });
    this.lines.add(line);
    this.visitors.set(line, visitor);
    socket.once('close', () => {
      this.lines.delete(line);
      this.requests.gone(visitor.connection);
    });
  }

  /** A connection that sends something else than plain decides: the HTTP server reads it, through the turnstile. */
  other(line: PlainLine, socket: Socket): void {
    this.lines.delete(line);
    const passage = this.turnstile.admit(socket);
    passage.isEager = line.isEager;
    this.visitors.set(passage, this.visitor(line));
    this.app.server.emit('connection', passage);
  }

  plain(line: PlainLine, { need, proposal, kPlan = 1 }: DecideRequest): void {
    const visitor = this.visitor(line);
    if (!visitor.allowance.take(now)) return line.answer(this.overRate(visitor, line.remoteAddress), true);
    const early = this.crowded() ?? this.notReady();
    if (early !== undefined) return line.answer(early, false);
    const operation: Asked = { kind: 'decide', need: need as NeedId, bucket: bucketOf(need as NeedId), proposal: proposal as ProposalId, kPlan };
    if (this.requests.take(visitor.connection, operation, (answer) => line.answer(responseTo(answer), false))) return;
    visitor.allowance.fine(FINE);
    line.answer(OVERLOADED, false);
  }

  private visitor(connection: object): Visitor {
    return this.visitors.get(connection) as Visitor;
  }

  private overRate(visitor: Visitor, address: string): Response {
    this.shown.turnedAway('rate');
    visitor.cut = true;
    this.addresses.fine(address, FINE);
    return { status: 429, retryAfterSeconds: 1, body: failure('tooManyRequests', `a connection may make ${this.bounds.requestsPerSecond} requests a second`) };
  }

  private crowded(): Response | undefined {
    if (!this.requests.full) return undefined;
    this.shown.turnedAway('inFlight');
    return OVERLOADED;
  }

  private notReady(): Response | undefined {
    const unready = this.shown.unready();
    if (unready === undefined) return undefined;
    this.shown.turnedAway('notReady');
    return { status: 503, retryAfterSeconds: 1, body: failure('notReady', unready) };
  }

  /** What came in is no HTTP, or never ends: there is no request to answer through the usual way. */
  private refuseBytes(socket: Duplex, status: string): void {
    this.malformed(socket as Passage);
    if (!socket.writable) return void socket.destroy();
    const body = JSON.stringify(failure('badRequest', `expected a complete HTTP/1.1 request (${status.slice(4).toLowerCase()})`));
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  }

  private malformed({ remoteAddress = '' }: { readonly remoteAddress?: string | undefined }): void {
    this.shown.turnedAway('malformed');
    this.addresses.fine(remoteAddress, MALFORMED_FINE);
  }

  private notFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    return reply.code(404).send(failure('notFound', `there is no ${request.method} ${request.url.slice(0, 64)}: /openapi.json lists what there is`));
  }

  private failed(error: FastifyError, reply: FastifyReply): FastifyReply {
    if (error.validation !== undefined) {
      const faults = error.validation.map((fault) => `${fault.instancePath === '' ? 'the body' : fault.instancePath.slice(1)} ${said(fault)}`);
      return reply.code(400).send({ ...failure('badRequest', faults[0] ?? error.message), faults });
    }
    const known = KNOWN[error.code];
    if (known?.[0] === 413) this.malformed(reply.request.raw.socket);
    if (known !== undefined) return reply.code(known[0]).send(failure(known[1], known[2]));
    const status = error.statusCode ?? 500;
    if (status >= 500) {
      process.stderr.write(`lockstep: a request failed, which is a bug of ours: ${error.stack ?? error.message}\n`);
      return reply.code(500).send(failure('internal', 'this is a bug of ours'));
    }
    return reply.code(status).send(failure('badRequest', error.message));
  }
}

const OVERLOADED: Response = { status: 503, retryAfterSeconds: 1, body: failure('overloaded', 'this node has as many requests under way as it takes; nothing was done') };

const NOT_JSON = 'the body is not JSON: expected {"need": "<epoch>/<name>", "proposal": "<id>"}';
const KNOWN: Readonly<Record<string, readonly [number, ErrorCode, string]>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: [400, 'notJson', NOT_JSON],
  FST_ERR_CTP_EMPTY_JSON_BODY: [400, 'notJson', NOT_JSON],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [415, 'unsupportedMediaType', 'expected a body of type application/json'],
  FST_ERR_CTP_BODY_TOO_LARGE: [413, 'tooLarge', `a body has at most ${BODY_LIMIT} bytes`],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [400, 'badRequest', 'the length of the body is not the one that was announced'],
  FST_ERR_BAD_URL: [400, 'badRequest', 'the path is not well-formed: write a percent sign as %25'],
};

interface Fault {
  readonly keyword: string;
  readonly message?: string;
  readonly params: Record<string, unknown>;
}

function said(fault: Fault): string {
  if (fault.keyword === 'additionalProperties') return `has an unknown field "${String(fault.params['additionalProperty'])}"`;
  if (fault.keyword === 'required') return `lacks "${String(fault.params['missingProperty'])}"`;
  return fault.message ?? 'is wrong';
}

function answered(reply: FastifyReply, response: Response): FastifyReply {
  if (response.retryAfterSeconds !== undefined) reply.header('retry-after', response.retryAfterSeconds);
  return reply.code(response.status).send(response.body);
}

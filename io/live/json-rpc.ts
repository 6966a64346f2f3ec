// JSON-RPC 2.0 to one endpoint: over a WebSocket with subscriptions, or over HTTP by single requests. Thin, bounded, and
// distrustful: an answer that is too large, not JSON, or to no question of ours ends the connection.

import { WebSocket } from 'ws';

export interface Rpc {
  call(method: string, params: readonly unknown[]): Promise<unknown>;
  close(): void;
}

/** Says what failed, in a few words, for the one line that a person reads. */
export class RpcFault extends Error {
  override readonly name = 'RpcFault';
}

const MAX_ANSWER_BYTES: number = 4 * 1024 * 1024;
const MAX_OPEN = 64;

interface Open {
  readonly resolve: (result: unknown) => void;
  readonly reject: (fault: RpcFault) => void;
  readonly timer: NodeJS.Timeout;
}

interface Answer {
  readonly id?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly message?: unknown };
  readonly params?: { readonly result?: unknown };
}

export class SocketRpc implements Rpc {
  private readonly socket: WebSocket;
  private readonly timeoutMs: number;
  private readonly notified: (result: unknown) => void;
  private readonly open: Map<number, Open> = new Map();
  private last = 0;
  private over = false;

  private constructor(socket: WebSocket, timeoutMs: number, notified: (result: unknown) => void, ended: (why: string) => void) {
    this.socket = socket;
    this.timeoutMs = timeoutMs;
    this.notified = notified;
    let alive = true;
    const pulse = setInterval(() => {
      if (!alive) return this.socket.terminate();
      alive = false;
      this.socket.ping();
    }, timeoutMs);
    socket.on('pong', () => (alive = true));
    socket.on('message', (data) => {
      alive = true;
      this.heard(String(data));
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearInterval(pulse);
      this.fail('the connection was lost');
      if (!this.over) ended('the connection was lost');
    });
  }

  static connect(url: string, timeoutMs: number, notified: (result: unknown) => void, ended: (why: string) => void): Promise<SocketRpc> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(url, { handshakeTimeout: timeoutMs, maxPayload: MAX_ANSWER_BYTES, perMessageDeflate: false });
      const failed = (error: Error): void => reject(new RpcFault(shortened(error.message)));
      socket.once('error', failed);
      socket.once('open', () => {
        socket.off('error', failed);
        resolve(new SocketRpc(socket, timeoutMs, notified, ended));
      });
    });
  }

  call(method: string, params: readonly unknown[]): Promise<unknown> {
    if (this.open.size >= MAX_OPEN) return Promise.reject(new RpcFault(`${MAX_OPEN} questions are open`));
    const id = ++this.last;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.open.delete(id);
        reject(new RpcFault(`no answer to ${method} within ${this.timeoutMs} ms`));
      }, this.timeoutMs);
      this.open.set(id, { resolve, reject, timer });
      this.socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    });
  }

  private heard(text: string): void {
    const answer = parsed(text);
    if (answer === undefined) return this.socket.terminate();
    if (answer.params !== undefined && answer.id === undefined) return this.notified(answer.params.result);
    const open = typeof answer.id === 'number' ? this.open.get(answer.id) : undefined;
    if (open === undefined) return;
    this.open.delete(answer.id as number);
    clearTimeout(open.timer);
    if (answer.error === undefined) open.resolve(answer.result);
    else open.reject(new RpcFault(shortened(String(answer.error.message))));
  }

  private fail(why: string): void {
    for (const open of this.open.values()) {
      clearTimeout(open.timer);
      open.reject(new RpcFault(why));
    }
    this.open.clear();
  }

  close(): void {
    this.over = true;
    this.fail('closed');
    this.socket.terminate();
  }
}

export class HttpRpc implements Rpc {
  private readonly url: string;
  private readonly timeoutMs: number;
  private readonly closing: AbortController = new AbortController();
  private last = 0;

  constructor(url: string, timeoutMs: number) {
    this.url = url;
    this.timeoutMs = timeoutMs;
  }

  async call(method: string, params: readonly unknown[]): Promise<unknown> {
    const signal = AbortSignal.any([this.closing.signal, AbortSignal.timeout(this.timeoutMs)]);
    const id = ++this.last;
    const body = JSON.stringify({ jsonrpc: '2.0', id, method, params });
    let text: string;
    try {
      const response = await fetch(this.url, { method: 'POST', headers: { 'content-type': 'application/json' }, body, signal });
      if (!response.ok) throw new RpcFault(`HTTP status ${response.status}`);
      text = await bounded(response);
    } catch (error) {
      if (error instanceof RpcFault) throw error;
      const cause = (error as Error).cause;
      throw new RpcFault(shortened(cause instanceof Error && cause.message !== '' ? cause.message : (error as Error).message));
    }
    const answer = parsed(text);
    if (answer === undefined || answer.id !== id) throw new RpcFault('the answer is no JSON-RPC');
    if (answer.error !== undefined) throw new RpcFault(shortened(String(answer.error.message)));
    return answer.result;
  }

  close(): void {
    this.closing.abort();
  }
}

async function bounded(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.length;
    if (size > MAX_ANSWER_BYTES) throw new RpcFault(`an answer of more than ${MAX_ANSWER_BYTES} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function parsed(text: string): Answer | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Answer) : undefined;
  } catch {
    return undefined;
  }
}

function shortened(text: string): string {
  const line = text.split('\n')[0] as string;
  return line.length > 120 ? `${line.slice(0, 117)}...` : line;
}

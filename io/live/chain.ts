// Follows the finalised heads of a parent chain that speaks Substrate's JSON-RPC, and hands on every one of them in order: the
// numbers between the last head and a new one are asked for, so none is skipped after an outage. An endpoint that is away
// costs one line and is tried again. Whether a head may be believed is the kernel's business.

import type { Chain, ParentHead } from '../ports.ts';
import { HttpRpc, RpcFault, SocketRpc, type Rpc } from './json-rpc.ts';

export interface LiveChainOptions {
  /** ws:, wss:, http: or https:. Over HTTP there are no subscriptions, and the endpoint is asked at intervals. */
  readonly url: string;
  /** The last head that is known already; none: begin with the newest. */
  readonly after: number | undefined;
  readonly pollMs: number;
  readonly timeoutMs: number;
  readonly backoffMs: { readonly least: number; readonly most: number };
}

export const CHAIN_DEFAULTS: Pick<LiveChainOptions, 'pollMs' | 'timeoutMs' | 'backoffMs'> = { pollMs: 2_000, timeoutMs: 10_000, backoffMs: { least: 250, most: 15_000 } };

/** Heads asked for at once while catching up. */
const AT_ONCE = 16;

export class LiveChain implements Chain {
  private readonly options: LiveChainOptions;
  private readonly head: (head: ParentHead) => void;
  private readonly report: (line: string) => void;
  private last: number | undefined;
  /** The highest number that the endpoint has called final. */
  private target = -1;
  private rpc: Rpc | undefined = undefined;
  private catchingUp = false;
  private attempt = 0;
  private timer: NodeJS.Timeout | undefined = undefined;
  private stopped = false;
  /** The outage was told; it is told again only after the endpoint had been back. */
  private told = false;

  constructor(options: LiveChainOptions, head: (head: ParentHead) => void, report: (line: string) => void) {
    this.options = options;
    this.head = head;
    this.report = report;
    this.last = options.after;
  }

  follow(): void {
    const begin = this.options.url.startsWith('http') ? this.poll() : this.subscribe();
    begin.catch((error: unknown) => this.lost(error));
  }

  private async subscribe(): Promise<void> {
    // One subscription per connection, so every notification is one of its heads; the first may overtake the answer to it.
    const heard = (head: unknown): void => this.finalised(head);
    const rpc = await SocketRpc.connect(this.options.url, this.options.timeoutMs, heard, (why) => this.lost(new RpcFault(why)));
    if (this.stopped) return rpc.close();
    this.rpc = rpc;
    await rpc.call('chain_subscribeFinalizedHeads', []);
    this.back();
  }

  private async poll(): Promise<void> {
    const rpc = new HttpRpc(this.options.url, this.options.timeoutMs);
    this.rpc = rpc;
    while (!this.stopped && this.rpc === rpc) {
      const hash = await rpc.call('chain_getFinalizedHead', []);
      this.finalised(await rpc.call('chain_getHeader', [hash]));
      this.back();
      await new Promise((resolve) => (this.timer = setTimeout(resolve, this.options.pollMs)));
    }
  }

  private back(): void {
    this.attempt = 0;
    if (this.told) this.report(`parent chain ${this.options.url} is back`);
    this.told = false;
  }

  private lost(error: unknown): void {
    if (this.stopped) return;
    if (!(error instanceof RpcFault)) throw error;
    this.rpc?.close();
    this.rpc = undefined;
    if (!this.told) this.report(`parent chain ${this.options.url} is not available (${error.message}); the node runs on without new heads and keeps trying`);
    this.told = true;
    const { least, most } = this.options.backoffMs;
    const full = Math.min(most, least * 2 ** Math.min(this.attempt++, 20));
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.follow(), full / 2 + (Math.random() * full) / 2);
  }

  private finalised(header: unknown): void {
    const number = numberOf(header);
    if (number === undefined) return this.lost(new RpcFault('a header without a number'));
    if (number > this.target) this.target = number;
    if (this.last === undefined) this.last = Math.max(-1, number - 1);
    this.advance();
  }

  private advance(): void {
    if (this.stopped || this.catchingUp || this.rpc === undefined || this.target <= (this.last as number)) return;
    this.catchingUp = true;
    this.catchUp()
      .catch((error: unknown) => this.lost(error))
      .finally(() => {
        this.catchingUp = false;
        this.advance();
      });
  }

  private async catchUp(): Promise<void> {
    while (!this.stopped && (this.last as number) < this.target) {
      const rpc = this.rpc;
      if (rpc === undefined) return;
      const from = (this.last as number) + 1;
      const numbers = Array.from({ length: Math.min(AT_ONCE, this.target - from + 1) }, (_, i) => from + i);
      const heads = await Promise.all(numbers.map((number) => headAt(rpc, number)));
      if (this.stopped || this.rpc !== rpc) return;
      for (const head of heads) {
        this.last = head.number;
        this.head(head);
      }
    }
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    this.rpc?.close();
  }
}

async function headAt(rpc: Rpc, number: number): Promise<ParentHead> {
  const hash = await rpc.call('chain_getBlockHash', [number]);
  if (!isHash(hash)) throw new RpcFault(`no hash for final block ${number}`);
  const header = await rpc.call('chain_getHeader', [hash]);
  const parent = (header as { readonly parentHash?: unknown } | null)?.parentHash;
  if (numberOf(header) !== number || !isHash(parent)) throw new RpcFault(`block ${number} has no such header`);
  return { number, hash, parent };
}

function isHash(value: unknown): value is string {
  return typeof value === 'string' && /^0x[0-9a-f]{8,126}$/.test(value);
}

/** Substrate writes block numbers in hexadecimal. */
function numberOf(header: unknown): number | undefined {
  const text = (header as { readonly number?: unknown } | null | undefined)?.number;
  if (typeof text !== 'string' || !/^0x[0-9a-fA-F]{1,13}$/.test(text)) return undefined;
  return Number(text);
}

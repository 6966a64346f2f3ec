// A connection to a node that carries one request at a time, with as few bytes and as little work as HTTP allows: what a client
// costs is taken from the nodes, which run on the same processors. It asks again after an answer, as keep-alive means it.

import { connect, type Socket } from 'node:net';
import type { Target } from './plan.ts';

/** A status, and the body as text; status 0: the connection was lost before the answer came. */
export type Answered = (status: number, body: string) => void;

/** Read at once and by one at a time. */
const BUFFER: Buffer = Buffer.alloc(65_536);

/** What a client of any dialect looks like to the load. */
export interface Line {
  readonly isOpen: boolean;
  ask(name: string, answered: Answered): void;
  end(): void;
}

export class HttpLine implements Line {
  isOpen = false;
  private readonly target: Target;
  private readonly opened: () => void;
  private readonly request: (name: string) => string;
  private socket: Socket | undefined;
  private answered: Answered | undefined;
  private text = '';
  private ended = false;

  /** `opened` is called when it can be asked, and again when it was lost and is open anew. */
  constructor(target: Target, request: (name: string) => string, opened: () => void) {
    this.target = target;
    this.request = request;
    this.opened = opened;
    this.dial();
  }

  ask(name: string, answered: Answered): void {
    this.answered = answered;
    (this.socket as Socket).write(this.request(name), 'latin1');
  }

  end(): void {
    this.ended = true;
    this.socket?.destroy();
  }

  private dial(): void {
    // One buffer of its own instead of a stream: an answer is read as it arrives.
    const onread = {
      buffer: BUFFER,
      callback: (length: number, bytes: Uint8Array): boolean => {
        this.heard((bytes as Buffer).toString('latin1', 0, length));
        return true;
      },
    };
    const socket = connect({ host: this.target.host, port: this.target.port, noDelay: true, onread });
    this.socket = socket;
    this.text = '';
    socket.on('connect', () => {
      this.isOpen = true;
      this.opened();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => this.lost());
  }

  private lost(): void {
    this.isOpen = false;
    this.answer(0, '');
    if (!this.ended) setTimeout(() => void (this.ended || this.dial()), 200);
  }

  private heard(chunk: string): void {
    this.text += chunk;
    const head = this.text.indexOf('\r\n\r\n');
    if (head < 0) return;
    const length = /content-length: *(\d+)/i.exec(this.text.slice(0, head))?.[1];
    const end = head + 4 + Number(length ?? 0);
    if (this.text.length < end) return;
    const status = Number(this.text.slice(9, 12));
    const body = this.text.slice(head + 4, end);
    this.text = '';
    this.answer(status, body);
  }

  private answer(status: number, body: string): void {
    const answered = this.answered;
    this.answered = undefined;
    answered?.(status, body);
  }
}

export function decideRequest({ host, port }: Target): (name: string) => string {
  const head = `POST /v1/decide HTTP/1.1\r\nhost: ${host}:${port}\r\ncontent-type: application/json\r\ncontent-length: `;
  return (name) => {
    const body = `{"need":"${name}","proposal":"p"}`;
    return `${head}${body.length}\r\n\r\n${body}`;
  };
}

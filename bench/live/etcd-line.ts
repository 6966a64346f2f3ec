// A client of etcd: gRPC as its own clients speak it, over one HTTP/2 connection to each member that all lines of this process
// share. The one call is a transaction that creates a key if there is none, which is what a decide is. Its few bytes of
// protobuf are written by hand (etcd's rpc.proto, field numbers in the comments).

import { connect, type ClientHttp2Session } from 'node:http2';
import type { Answered, Line } from './http-line.ts';
import type { Target } from './plan.ts';

const DECIDED = 200;
const LOST = 409;
/** More than all answers under way. */
const WINDOW: number = 16 * 1024 * 1024;
const HEADERS = {
  ':method': 'POST', ':path': '/etcdserverpb.KV/Txn', 'content-type': 'application/grpc', te: 'trailers',
} as const;

export class EtcdMember {
  private readonly opened: () => void;
  private readonly url: string;
  session: ClientHttp2Session;
  isOpen = false;
  private ended = false;

  constructor({ host, port }: Target, opened: () => void) {
    this.url = `http://${host}:${port}`;
    this.opened = opened;
    this.session = this.dial();
  }

  end(): void {
    this.ended = true;
    this.session.destroy();
  }

  private dial(): ClientHttp2Session {
    const session = connect(this.url, { settings: { enablePush: false } });
    session.on('connect', () => {
      session.setLocalWindowSize(WINDOW);
      this.isOpen = true;
      this.opened();
    });
    session.on('error', () => undefined);
    session.on('close', () => {
      this.isOpen = false;
      if (!this.ended) setTimeout(() => void (this.ended || (this.session = this.dial())), 200);
    });
    return session;
  }
}

export class EtcdLine implements Line {
  private readonly member: EtcdMember;

  constructor(member: EtcdMember) {
    this.member = member;
  }

  get isOpen(): boolean {
    return this.member.isOpen;
  }

  ask(name: string, answered: Answered): void {
    const stream = this.member.session.request(HEADERS);
    let body: Buffer | undefined;
    stream.on('data', (chunk: Buffer) => (body = body === undefined ? chunk : Buffer.concat([body, chunk])));
    stream.on('error', () => undefined);
    stream.on('close', () => answered(body === undefined ? 0 : statusOf(body), ''));
    stream.end(createRequest(name));
  }

  end(): void {
    // The member's connection is not this line's.
  }
}

/** TxnRequest {compare = 1: {target = 2: CREATE, key = 3, create_revision = 5: 0}, success = 2: {request_put = 2: {key = 1, value = 2}}}. */
export function createRequest(name: string): Buffer {
  const key = Buffer.from(name, 'latin1');
  const value = Buffer.from('p');
  const compare = Buffer.concat([Buffer.from([0x10, 1]), field(3, key), Buffer.from([0x28, 0])]);
  const put = field(2, Buffer.concat([field(1, key), field(2, value)]));
  const message = Buffer.concat([field(1, compare), field(2, put)]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** A field of bytes; none is longer than 127 here. */
function field(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
}

/** TxnResponse {header = 1, succeeded = 2}, after five bytes of gRPC framing. */
function statusOf(body: Buffer): number {
  if (body[5] !== 0x0a) return 0;
  const place = 7 + (body[6] as number);
  return body[place] === 0x10 && body[place + 1] === 1 ? DECIDED : LOST;
}

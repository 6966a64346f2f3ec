// One question of a client to a live node, over HTTP, with the moments between which it was under way: by the clock that all
// processes of this machine share.

import { Agent, request } from 'node:http';

export interface Question {
  readonly need: string;
  /** A read has none. */
  readonly proposal?: string;
}

/** What a client knows afterwards. Plain data: it goes from process to process as a line of JSON. */
export interface Asked extends Question {
  readonly client: number;
  readonly number: number;
  readonly node: number;
  readonly begunUs: number;
  readonly endedUs: number;
  /** 0: nobody took the question. -1: somebody may have, and no whole answer came. */
  readonly status: number;
  readonly body: unknown;
}

const PATIENCE_MS = 8_000;
const agent = new Agent({ keepAlive: true, maxSockets: 256 });

/** Microseconds of the clock that never goes back, the same one in every process. */
export const nowUs = (): number => Math.floor(Number(process.hrtime.bigint()) / 1_000);

export function ask(client: number, number: number, node: number, port: number, question: Question): Promise<Asked> {
  const begunUs = nowUs();
  const { need, proposal } = question;
  return new Promise((resolve) => {
    const settle = (status: number, body: unknown): void => resolve({ ...question, client, number, node, begunUs, endedUs: nowUs(), status, body });
    const sent = proposal === undefined ? '' : JSON.stringify({ need, proposal });
    const call = request({
      agent, host: '127.0.0.1', port, timeout: PATIENCE_MS,
      ...(proposal === undefined ? { method: 'GET', path: `/v1/decide/${need}` } : { method: 'POST', path: '/v1/decide', headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(sent) } }),
    });
    call.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => void (text += part));
      response.on('end', () => settle(...parsed(response.statusCode ?? -1, text)));
      response.on('error', () => settle(-1, undefined));
      response.on('aborted', () => settle(-1, undefined));
    });
    call.on('timeout', () => call.destroy());
    // Refused: there was nobody to take it. Anything else may have come after it was taken.
    call.on('error', (error: NodeJS.ErrnoException) => settle(error.code === 'ECONNREFUSED' ? 0 : -1, undefined));
    call.end(sent);
  });
}

function parsed(status: number, text: string): [number, unknown] {
  try {
    return [status, JSON.parse(text)];
  } catch {
    return [-1, undefined];
  }
}

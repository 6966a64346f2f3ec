import { Agent, request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, startLoneNode, type LoneNode } from '../testing/lone-node.ts';

let node: LoneNode;

/** A node of its own for each set of tests that asks for one: what one set has used up of an address's allowance is not missing in the next. */
function withNode(): void {
  beforeAll(async () => {
    node = await startLoneNode({ limits: { inFlight: 8, requestsPerSecond: 1_000, connections: 128 } });
    await eventually(() => fetch(`${node.url}/ready`), (answer) => answer.status === 200);
  });
  afterAll(() => node.clear());
}

interface Reply {
  readonly status: number;
  readonly retryAfter: string | null;
  // oxlint-disable-next-line typescript/no-explicit-any -- what comes back is what is tested
  readonly body: any;
}

async function ask(path: string, init?: RequestInit): Promise<Reply> {
  const answer = await fetch(`${node.url}${path}`, init);
  return { status: answer.status, retryAfter: answer.headers.get('retry-after'), body: await answer.json() };
}

const post = (body: unknown, headers: Record<string, string> = { 'content-type': 'application/json' }): Promise<Reply> =>
  ask('/v1/decide', { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) });

/** Bytes on a socket, and what comes back before it is closed. */
function raw(bytes: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(node.live.httpPort, '127.0.0.1', () => socket.write(bytes));
    let heard = '';
    socket.on('data', (chunk) => (heard += chunk.toString()));
    socket.on('close', () => resolve(heard));
    // A connection that is ended while bytes are still on their way is reset.
    socket.on('error', () => undefined);
  });
}

describe('POST /v1/decide', () => {
  withNode();

  test('decides, answers a retry alike, and tells another proposal which one won', async () => {
    const before = Date.now();
    const first = await post({ need: '0/first', proposal: 'plan-a', kPlan: 3 });
    expect(first).toMatchObject({ status: 200, body: { outcome: 'decided', record: { needId: '0/first', proposalId: 'plan-a', epoch: 0, kPlan: 3, deciderId: 1 } } });
    expect(first.body.record.timestampNs).toMatch(/^\d{13}\d{6}$/);
    expect(Number(BigInt(first.body.record.timestampNs) / 1_000_000n)).toBeGreaterThanOrEqual(before);
    expect(await post({ need: '0/first', proposal: 'plan-a', kPlan: 3 })).toEqual(first);
    expect(await post({ need: '0/first', proposal: 'plan-b' })).toMatchObject({ status: 409, body: { code: 'lost', record: first.body.record } });
  });

  test('says that an epoch is too far ahead, and which one it is', async () => {
    expect(await post({ need: '77/far', proposal: 'p' })).toMatchObject({ status: 425, retryAfter: '1', body: { code: 'tooNew', epoch: 0 } });
  });

  test.each([
    ['not JSON', '{"need":', 400, 'notJson', /not JSON/],
    ['empty', '', 400, 'notJson', /not JSON/],
    ['no object', '[1,2]', 400, 'badRequest', /the body must be object/],
    ['without a proposal', { need: '0/a' }, 400, 'badRequest', /lacks "proposal"/],
    ['of wrong types', { need: 5, proposal: 'p' }, 400, 'badRequest', /need must be string/],
    ['with a number as text', { need: '0/a', proposal: 'p', kPlan: '3' }, 400, 'badRequest', /kPlan must be integer/],
    ['with a need of no epoch', { need: 'first', proposal: 'p' }, 400, 'badRequest', /need must match pattern/],
    ['with too long a name', { need: `0/${'x'.repeat(70)}`, proposal: 'p' }, 400, 'badRequest', /NOT have more than 64 characters/],
    ['with an unknown field', { need: '0/a', proposal: 'p', bucket: 3 }, 400, 'badRequest', /unknown field "bucket"/],
    ['with a plan of too many', { need: '0/a', proposal: 'p', kPlan: 6 }, 400, 'badRequest', /kPlan must be <= 5/],
    ['too large', JSON.stringify({ need: '0/a', proposal: 'x'.repeat(20_000) }), 413, 'tooLarge', /at most 16384 bytes/],
    ['with a poisoned prototype', '{"need":"0/a","proposal":"p","__proto__":{}}', 400, 'notJson', /not JSON/],
  ])('refuses a body that is %s', async (_what, body, status, code, message) => {
    expect(await post(body)).toMatchObject({ status, body: { code, message: expect.stringMatching(message) } });
  });

  test('tells everything that is wrong with a body at once', async () => {
    expect((await post({ need: 1, kPlan: 'x', extra: 1 })).body.faults).toHaveLength(4);
  });

  test('refuses a body of another type, and one whose length is a lie', async () => {
    expect(await post('need=0/a', { 'content-type': 'application/x-www-form-urlencoded' })).toMatchObject({ status: 415, body: { code: 'unsupportedMediaType' } });
    expect(await raw('POST /v1/decide HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n{')).toMatch(/^HTTP\/1\.1 413 /);
  });
});

describe('GET /v1/decide/:need', () => {
  withNode();

  test('finds what is decided, with the slash as it is or encoded', async () => {
    const { body } = await post({ need: '0/read/me', proposal: 'p' });
    expect(await ask('/v1/decide/0/read/me')).toEqual({ status: 200, retryAfter: null, body: body.record });
    expect(await ask('/v1/decide/0%2Fread%2Fme')).toEqual({ status: 200, retryAfter: null, body: body.record });
  });

  test('says of an unknown need that nothing is decided, and of a malformed one what is wrong', async () => {
    expect(await ask('/v1/decide/0/unknown')).toMatchObject({ status: 404, body: { code: 'none' } });
    expect(await ask('/v1/decide/unknown')).toMatchObject({ status: 400, body: { code: 'badNeed' } });
    expect(await ask('/v1/decide/%ff')).toMatchObject({ status: 400, body: { code: 'badRequest' } });
    expect(await ask(`/v1/decide/0/${'x'.repeat(300)}`)).toMatchObject({ status: 400, body: { code: 'badNeed' } });
  });
});

describe('what the node shows', () => {
  withNode();

  test('health names node, network and kernel; ready says yes', async () => {
    expect(await ask('/health')).toMatchObject({ status: 200, body: { status: 'alive', node: 1, phase: 'running', mode: 'storage', kernel: 'a kernel under test', network: expect.stringMatching(/^[0-9a-f]{64}$/) } });
    expect(await ask('/ready')).toMatchObject({ status: 200, body: { ready: true, reasons: [] } });
  });

  test('status shows leader, commit and latency of what was asked', async () => {
    await post({ need: '0/status', proposal: 'p' });
    const { body } = await eventually(() => ask('/v1/status'), (answer) => answer.body.decided > 0);
    expect(body).toMatchObject({ node: 1, phase: 'running', incarnation: expect.any(Number) as number, groups: [{ group: 0, role: 'leader', leader: 1, epoch: 0 }], peers: [] });
    expect(body.latencyMs.p50).toBeGreaterThan(0);
    await post({ need: '0/status-again', proposal: 'p' });
    await eventually(() => ask('/v1/status'), (answer) => answer.body.journalBytes > body.journalBytes);
  });

  test('metrics hold what the operator is promised', async () => {
    await post({ need: '0/metrics', proposal: 'p' });
    const text = await (await fetch(`${node.url}/metrics`)).text();
    for (const name of [
      'lockstep_step_seconds_count', 'lockstep_barrier_seconds_count', 'lockstep_fsync_seconds_count', 'lockstep_batch_events_sum', 'lockstep_inbox_depth{class="messages"', 'lockstep_dropped_total{reason="inboxFull"',
      'lockstep_decides_total', 'lockstep_leader{group="0"', 'lockstep_term{group="0"', 'lockstep_commit{group="0"', 'lockstep_event_loop_delay_seconds{quantile="0.99"', 'lockstep_property_checks_total{property="barrier"',
    ]) expect(text, name).toContain(name);
    const number = (line: RegExp): number => Number(line.exec(text)?.[1]);
    expect(number(/^lockstep_leader\{.*\} (\d+)$/m)).toBe(1);
    expect(number(/^lockstep_decides_total\{.*\} (\d+)$/m)).toBeGreaterThan(0);
    expect(number(/^lockstep_property_checks_total\{property="barrier".*\} (\d+)$/m)).toBeGreaterThan(0);
    expect(text).not.toMatch(/^lockstep_property_violated\{.*\} 1$/m);
  });

  test('the description is OpenAPI 3.1 and describes every route', async () => {
    const { body } = await ask('/openapi.json');
    expect(body.openapi).toMatch(/^3\.1\./);
    expect(Object.keys(body.paths).toSorted()).toEqual(['/health', '/metrics', '/openapi.json', '/ready', '/v1/decide', '/v1/decide/{need}', '/v1/groups/{group}/leader', '/v1/groups/{group}/members', '/v1/status']);
    const references = JSON.stringify(body).match(/#\/components\/schemas\/\w+/g) ?? [];
    expect(references.length).toBeGreaterThan(0);
    for (const reference of references) expect(body.components.schemas).toHaveProperty(reference.slice('#/components/schemas/'.length));
  });

  test('what does not exist is said to be so in JSON, and bytes that are no HTTP are refused', async () => {
    expect(await ask('/v2/decide')).toMatchObject({ status: 404, body: { code: 'notFound', message: expect.stringContaining('GET /v2/decide') } });
    expect(await ask('/v1/decide', { method: 'DELETE' })).toMatchObject({ status: 404, body: { code: 'notFound' } });
    expect(await raw('\x16\x03\x01 this is no request\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 [^]*"code":"badRequest"/);
    expect(await raw(`GET /health HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(40_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /);
  });
});

/** Bytes in pieces on one connection; what has come back once `count` answers have, or the connection is closed. */
function conversation(pieces: readonly string[], count: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port: node.live.httpPort, host: '127.0.0.1', noDelay: true }, async () => {
      for (const piece of pieces) {
        socket.write(piece);
        await new Promise((next) => setTimeout(next, 20));
      }
    });
    let heard = '';
    socket.on('data', (chunk) => {
      heard += chunk.toString();
      if ((heard.match(/HTTP\/1\.1 \d/g) ?? []).length >= count && heard.endsWith('}')) socket.destroy();
    });
    socket.on('close', () => resolve(heard));
    socket.on('error', () => undefined);
  });
}

const plain = (need: string, more = ''): string => {
  const body = JSON.stringify({ need, proposal: 'p' });
  return `POST /v1/decide HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n${more}content-length: ${body.length}\r\n\r\n${body}`;
};
const needsIn = (heard: string): string[] => [...heard.matchAll(/"needId":"([^"]*)"/g)].map((match) => match[1] as string);

describe('a decide in its plainest form', () => {
  withNode();

  test('is answered as the HTTP server answers it', async () => {
    const shape = (heard: string): unknown => {
      const [head = '', body = ''] = heard.split('\r\n\r\n');
      const [status, ...headers] = head.split('\r\n');
      return { status, headers: headers.map((line) => line.toLowerCase().replace(/^(date): .*/, '$1')).toSorted(), body: JSON.parse(body) as unknown };
    };
    expect(shape(await conversation([plain('0/plain')], 1))).toEqual(shape(await conversation([plain('0/plain', 'x-other: 1\r\n')], 1)));
  });

  test('is served in one piece and in many, and among requests of other kinds', async () => {
    const text = plain('0/pieces');
    expect(needsIn(await conversation([text.slice(0, 9), text.slice(9, 70), text.slice(70, 120), text.slice(120)], 1))).toEqual(['0/pieces']);
    const mixed = await conversation([plain('0/mixed-1'), plain('0/mixed-2', 'x-other: 1\r\n'), 'GET /v1/decide/0/mixed-1 HTTP/1.1\r\nhost: x\r\n\r\n', plain('0/mixed-3')], 4);
    expect(needsIn(mixed)).toEqual(['0/mixed-1', '0/mixed-2', '0/mixed-1', '0/mixed-3']);
  });

  test('sent before the last one was answered has its answer in its turn', async () => {
    expect(needsIn(await conversation([plain('0/early-1') + plain('0/early-2') + plain('0/early-3', 'x-other: 1\r\n') + plain('0/early-4')], 4))).toEqual(['0/early-1', '0/early-2', '0/early-3', '0/early-4']);
  });

  test('is answered though its client has sent all it wants', async () => {
    const heard = await new Promise<string>((resolve) => {
      const socket = connect({ port: node.live.httpPort, host: '127.0.0.1', allowHalfOpen: true }, () => socket.end(plain('0/half-1') + plain('0/half-2')));
      let text = '';
      socket.on('data', (chunk) => (text += chunk.toString()));
      socket.on('end', () => resolve(text));
    });
    expect(needsIn(heard)).toEqual(['0/half-1', '0/half-2']);
  });
});

/** One request on each of as many connections, all of them written in one go once the last one is open; the answers. */
async function atOnce(requests: readonly string[]): Promise<string[]> {
  const sockets = await Promise.all(requests.map(() => new Promise<Socket>((open) => {
    const socket = connect(node.live.httpPort, '127.0.0.1', () => open(socket));
  })));
  const answers = sockets.map((socket) => new Promise<string>((resolve) => {
    let heard = '';
    socket.on('data', (chunk) => {
      heard += chunk.toString();
      if (heard.endsWith('}')) socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(heard));
  }));
  sockets.forEach((socket, place) => socket.write(requests[place] as string));
  return Promise.all(answers);
}

describe('overload', () => {
  withNode();

  test('is answered at once with Retry-After while the rest is served', async () => {
    const answers = await atOnce(Array.from({ length: 60 }, (_, place) => plain(`0/burst-${place}`)));
    const served = answers.filter((answer) => answer.startsWith('HTTP/1.1 200 '));
    const refused = answers.filter((answer) => answer.startsWith('HTTP/1.1 503 '));
    expect(served.length + refused.length).toBe(60);
    expect(served.length).toBeGreaterThanOrEqual(8);
    expect(refused.length).toBeGreaterThan(0);
    for (const answer of refused) expect(answer).toMatch(/\r\nretry-after: 1\r\n[^]*"code":"overloaded"/i);
    expect(await post({ need: '0/after-burst', proposal: 'p' })).toMatchObject({ status: 200 });
  });

  test('by one connection ends that connection, and no other', async () => {
    const flood = await raw('GET /health HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(5_000));
    expect(flood.match(/^HTTP\/1\.1 200/gm)?.length ?? 0).toBeLessThan(2_500);
    const metrics = await (await fetch(`${node.url}/metrics`)).text();
    expect(Number(/^lockstep_requests_turned_away_total\{reason="rate".*\} (\d+)$/m.exec(metrics)?.[1])).toBeGreaterThan(0);
    expect((await ask('/health')).status).toBe(200);
  });

  test('by too many connections of one address refuses new ones for a while, and keeps those it has', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const statusOf = (): Promise<number> =>
      new Promise((resolve, reject) => {
        httpRequest(`${node.url}/health`, { agent }, (answer) => {
          answer.resume();
          answer.on('end', () => resolve(answer.statusCode ?? 0));
        }).on('error', reject).end();
      });
    expect(await statusOf()).toBe(200);
    const request = 'GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
    const answers: string[] = [];
    for (let round = 0; round < 20; round++) answers.push(...(await Promise.all(Array.from({ length: 50 }, () => raw(request)))));
    expect(answers.filter((answer) => answer === '').length).toBeGreaterThan(0);
    expect(answers.filter((answer) => answer.startsWith('HTTP/1.1 200')).length).toBeGreaterThan(100);
    expect(await statusOf()).toBe(200);
    agent.destroy();
  });
});

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { load } from './load.ts';
import type { Target } from './plan.ts';

let server: Server | undefined;
afterEach(() => void server?.closeAllConnections());

/** A server that answers every decide at once, but for one pause: what is asked during it is answered at its end. */
async function serving(pauseMs: number, afterRequests: number, status = 200): Promise<{ readonly target: Target; readonly needs: string[] }> {
  const needs: string[] = [];
  let until = 0;
  const opened = createServer((incoming, answer) => {
    if (incoming.method === 'GET') return void answer.end('{"groups":[{"epoch":7}]}');
    incoming.setEncoding('utf8').once('data', (body: string) => {
      needs.push((JSON.parse(body) as { need: string }).need);
      if (needs.length === afterRequests) until = performance.now() + pauseMs;
      setTimeout(() => answer.writeHead(status).end('{}'), Math.max(0, until - performance.now()));
    });
  });
  server = opened;
  await new Promise<void>((listening) => opened.listen(0, '127.0.0.1', listening));
  return { target: { host: '127.0.0.1', port: (opened.address() as AddressInfo).port }, needs };
}

test('an open loop goes on asking while nobody answers, and counts the wait from when each request was meant to begin', async () => {
  const { target, needs } = await serving(1_000, 60);
  const result = await load({ dialect: 'lockstep', targets: [target], processes: 2, connections: 4, rate: 100, warmUpMs: 200, forMs: 3_000 });
  expect(result.begun).toBeGreaterThanOrEqual(298);
  expect([result.decided, result.open]).toEqual([result.begun, 0]);
  expect(new Set(needs).size).toBe(needs.length);
  expect(needs.every((need) => need.startsWith('7/'))).toBe(true);
  // A third of all requests fell into the pause of a second: a loop that had waited would have seen four late answers.
  expect(result.p95).toBeGreaterThan(700);
  expect(result.stallMs).toBeGreaterThan(800);
});

test('what is not decided is counted by its status and is no latency', async () => {
  const { target } = await serving(0, 0, 503);
  const result = await load({ dialect: 'lockstep', targets: [target], processes: 1, connections: 2, rate: 50, warmUpMs: 100, forMs: 1_000 });
  expect(result.decided).toBe(0);
  expect(result.others).toEqual({ 503: result.begun });
  expect(result.p95).toBeNaN();
});

import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { eventually, startLoneNode } from '../testing/lone-node.ts';

test('requests that never come to their end cost their clients the connection and nobody else, and are counted', async () => {
  const node = await startLoneNode();
  await eventually(() => fetch(`${node.url}/ready`), (answer) => answer.status === 200);
  const raw = (bytes: string): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect(node.live.httpPort, '127.0.0.1', () => socket.write(bytes));
      let heard = '';
      socket.on('data', (chunk) => (heard += chunk.toString()));
      socket.on('close', () => resolve(heard));
      socket.on('error', () => undefined);
    });
  const halves = Array.from({ length: 20 }, (_, place) => raw(place % 2 === 0 ? 'POST /v1/decide HTTP/1.1\r\nhost: x\r\ncontent-le' : ''));
  const huge = await raw('POST /v1/decide HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000000000\r\n\r\n{"need":"');
  expect(huge).toMatch(/^HTTP\/1\.1 413 /);
  expect((await fetch(`${node.url}/health`)).status).toBe(200);
  const answers = await Promise.all(halves);
  expect(answers.filter((answer) => answer.startsWith('HTTP/1.1 408 '))).toHaveLength(10);
  expect(answers.filter((answer) => answer === '')).toHaveLength(10);
  const metrics = await (await fetch(`${node.url}/metrics`)).text();
  expect(Number(/^lockstep_requests_turned_away_total\{reason="malformed".*\} (\d+)$/m.exec(metrics)?.[1])).toBeGreaterThanOrEqual(11);
  await node.clear();
});

import { afterEach, describe, expect, test } from 'vitest';
import type { ParentHead } from '../ports.ts';
import { CHAIN_DEFAULTS, LiveChain } from './chain.ts';
import { until } from './testing/peers.ts';
import { Substrate } from './testing/substrate.ts';

let substrate: Substrate;
let chain: LiveChain | undefined;
let heard: ParentHead[];
let lines: string[];

function follow(scheme: 'ws' | 'http', after?: number): void {
  heard = [];
  lines = [];
  const options = { ...CHAIN_DEFAULTS, url: `${scheme}://127.0.0.1:${substrate.port}`, after, pollMs: 20, timeoutMs: 5_000, backoffMs: { least: 10, most: 40 } };
  chain = new LiveChain(options, (head) => heard.push(head), (line) => lines.push(line));
  chain.follow();
}

afterEach(async () => {
  chain?.stop();
  await substrate.close();
});

describe.each(['ws', 'http'] as const)('over %s', (scheme) => {
  test('it begins with the newest final head, and misses none when finality jumps', async () => {
    substrate = new Substrate(10);
    await substrate.listen();
    follow(scheme);
    await until('the first head', () => heard.length === 1);
    substrate.finalise(1);
    await until('the next', () => heard.length === 2);
    substrate.finalise(50);
    await until('all of them', () => heard.length === 52);
    expect(heard).toEqual(substrate.heads.slice(10));
    expect(lines).toEqual([]);
  });

  test('it goes on after the head that the node knows', async () => {
    substrate = new Substrate(40);
    await substrate.listen();
    follow(scheme, 7);
    await until('all heads since', () => heard.length === 33);
    expect(heard).toEqual(substrate.heads.slice(8));
  });

  test('an outage costs one line, and the heads of that time are made up for', async () => {
    substrate = new Substrate(5);
    await substrate.listen();
    follow(scheme);
    await until('the first head', () => heard.length === 1);
    await substrate.close();
    await until('the outage is told', () => lines.length === 1);
    substrate.finalise(20);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await substrate.listen();
    await until('all heads', () => heard.length === 21);
    expect(heard).toEqual(substrate.heads.slice(5));
    expect(lines[0]).toMatch(/^parent chain \w+:\/\/127\.0\.0\.1:\d+ is not available \(.+\); the node runs on without new heads and keeps trying$/);
    expect(lines.slice(1)).toEqual([expect.stringMatching(/is back$/)]);
  });

  test('an endpoint that answers nonsense is an endpoint that is away', async () => {
    substrate = new Substrate(5);
    substrate.garble = (answer) => answer.slice(0, -3);
    await substrate.listen();
    follow(scheme);
    await until('it is told', () => lines.length === 1);
    substrate.garble = (answer) => answer.replaceAll('"number":"0x', '"number":"zz');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(heard).toEqual([]);
    substrate.garble = undefined;
    await until('it recovers', () => heard.length === 1);
  });
});

test('nothing at the address is told in one line', async () => {
  substrate = new Substrate(0);
  await substrate.listen();
  await substrate.close();
  follow('ws');
  await until('it is told', () => lines.length === 1);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(lines).toHaveLength(1);
});

// Network namespaces need root. Where they cannot be had, the reason is one sentence, and nothing is left behind.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { nodeId } from '../../kernel/base/ids.ts';
import type { LinkFault } from '../../io/sim/network.ts';
import { Namespaces } from './namespaces.ts';

const SUBNET = 240;
const PORT = 9_000;
const LISTEN = `require('node:net').createServer((socket) => socket.end('here')).listen(${PORT}, () => console.log('up'))`;
const dial = (host: string): string => `const s = require('node:net').connect(${PORT}, '${host}'); s.on('data', () => process.exit(0)); s.on('error', () => process.exit(2)); setTimeout(() => process.exit(3), 700)`;

const left = (): string => spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' }).stdout ?? '';

function started(prefix: readonly string[], program: string): ChildProcess {
  const words = [...prefix, process.execPath, '-e', program];
  return spawn(words[0] as string, words.slice(1), { stdio: ['ignore', 'pipe', 'ignore'] });
}

const exit = (child: ChildProcess): Promise<number | null> => new Promise((resolve) => child.once('exit', resolve));

test('a cut loses packets one way or both, clients are never cut off, and nothing is left behind', async () => {
  const before = left();
  const opened = Namespaces.open(2, SUBNET);
  if ('why' in opened) {
    expect(opened.why).toMatch(/^(network namespaces need the rights of root|the program "ip" cannot be started|"ip" says: )/);
    expect(left()).toBe(before);
    return;
  }
  const { links } = opened;
  const server = started(links.prefix(2), LISTEN);
  try {
    await new Promise((up) => server.stdout?.once('data', up));
    const reaches = (): Promise<number | null> => exit(started(links.prefix(1), dial(links.host(2))));
    expect(await reaches()).toBe(0);
    const cut: LinkFault = { kind: 'one-way', from: [nodeId(2)], to: [nodeId(1)], strength: 1 };
    links.begin(cut);
    await links.settled();
    expect(await reaches(), 'no answer comes back, and nobody says so').toBe(3);
    const heard = await new Promise((resolve) => connect(PORT, links.host(2)).once('data', (bytes) => resolve(bytes.toString())));
    expect(heard, 'a client beside the nodes').toBe('here');
    links.end(cut);
    await links.settled();
    expect(await reaches()).toBe(0);
  } finally {
    server.kill('SIGKILL');
    await links.close();
  }
  expect(left()).toBe(before);
}, 30_000);

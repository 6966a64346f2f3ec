// Three members of etcd on loopback, as a peer: the same transactional create, on the same disk and processors, in the same
// run. It is only looked for: where it is not installed the rows that need it are left out, with one line that says so.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Target } from './plan.ts';

const MEMBERS = 3;
const HOST = '127.0.0.1';
const READY_WITHIN_MS = 30_000;
const LOOK_MS = 100;

export interface Etcd {
  readonly version: string;
  readonly targets: readonly Target[];
  stop(): Promise<void>;
}

/** Undefined where there is no etcd. */
export function etcdVersion(): string | undefined {
  const { status, stdout } = spawnSync('etcd', ['--version'], { encoding: 'utf8' });
  return status === 0 ? /etcd Version: (\S+)/.exec(stdout)?.[1] : undefined;
}

export async function startEtcd(version: string): Promise<Etcd> {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-etcd-'));
  const ports = await freePorts(2 * MEMBERS);
  const clientUrl = (place: number): string => `http://${HOST}:${ports[place]}`;
  const peerUrl = (place: number): string => `http://${HOST}:${ports[MEMBERS + place]}`;
  const cluster = Array.from({ length: MEMBERS }, (_, place) => `m${place}=${peerUrl(place)}`).join(',');
  const members = Array.from({ length: MEMBERS }, (_, place) => spawn('etcd', [
    '--name', `m${place}`, '--data-dir', join(folder, `m${place}`), '--listen-client-urls', clientUrl(place), '--advertise-client-urls', clientUrl(place),
    '--listen-peer-urls', peerUrl(place), '--initial-advertise-peer-urls', peerUrl(place), '--initial-cluster', cluster, '--log-level', 'error',
  ], { stdio: 'ignore' }));
  const stop = async (): Promise<void> => {
    await Promise.all(members.map(ended));
    rmSync(folder, { recursive: true, force: true });
  };
  const targets = members.map((_, place) => ({ host: HOST, port: ports[place] as number }));
  for (const until = performance.now() + READY_WITHIN_MS; !(await allHealthy(targets)); await new Promise((resolve) => setTimeout(resolve, LOOK_MS))) {
    if (performance.now() < until && members.every((member) => member.exitCode === null)) continue;
    await stop();
    throw new Error(`three members of etcd were started, and are not ready after ${READY_WITHIN_MS / 1_000} s`);
  }
  return { version, targets, stop };
}

function ended(member: ChildProcess): Promise<void> {
  if (member.exitCode !== null || member.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    member.once('exit', () => resolve());
    member.kill('SIGTERM');
  });
}

async function allHealthy(targets: readonly Target[]): Promise<boolean> {
  const answers = await Promise.all(targets.map(async ({ host, port }) => {
    try {
      return (await fetch(`http://${host}:${port}/health`, { signal: AbortSignal.timeout(1_000) })).ok;
    } catch {
      return false;
    }
  }));
  return answers.every(Boolean);
}

/** Ports that are free now: all are held until the last is found, so that none comes twice. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => new Promise<ReturnType<typeof createServer>>((opened) => {
    const server = createServer().listen(0, HOST, () => opened(server));
  })));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise<void>((closed) => server.close(() => closed()))));
  return ports;
}

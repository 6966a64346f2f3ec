// Whether this machine can run what was configured: the key, the data directory, the ports. Nothing is changed, and everything
// that is in the way is found in one go. Between here and the start another process may still be faster; then the start says so.

import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { lockHolder } from '../../io/live/lock.ts';
import { KeyFault, loadKey, type NodeKey } from '../../io/live/signer.ts';
import { writerOf } from '../data-directory.ts';
import type { Place, Probe } from './configuration.ts';
import { networkHash } from './network-definition.ts';

export interface Preflight {
  readonly key: NodeKey | undefined;
  readonly faults: string[];
}

export async function preflight(probe: Probe): Promise<Preflight> {
  const faults: string[] = [];
  const key = probe.key === undefined ? undefined : checkKey(probe.key, probe, faults);
  if (probe.data !== undefined) checkData(probe.data, probe, faults);
  if (probe.http !== undefined) await checkPort('http', probe.http, faults);
  const listen = /^\/(?:ip4|ip6)\/([^/]+)\/tcp\/(\d+)$/.exec(probe.p2p ?? '');
  if (listen !== null) await checkPort('p2p', { host: listen[1] as string, port: Number(listen[2]) }, faults);
  return { key, faults };
}

function checkKey(file: string, probe: Probe, faults: string[]): NodeKey | undefined {
  let key: NodeKey;
  try {
    key = loadKey(file);
  } catch (error) {
    if (!(error instanceof KeyFault)) throw error;
    faults.push(`key: ${error.message}`);
    return undefined;
  }
  const members = probe.network?.members ?? [];
  const own = members.find((member) => member.id === probe.self);
  if (own === undefined || own.publicKey === key.publicKey) return key;
  const owner = members.find((member) => member.publicKey === key.publicKey);
  faults.push(
    owner === undefined
      ? `key: ${file} holds ${key.publicKey}, which is no member's key: member ${own.id} has ${own.publicKey}`
      : `key: ${file} is the key of member ${owner.id}, and this is member ${own.id}: change "key" or "self"`,
  );
  return key;
}

function checkData(data: string, probe: Probe, faults: string[]): void {
  const there = statSync(data, { throwIfNoEntry: false });
  if (there !== undefined && !there.isDirectory()) {
    faults.push(`data: expected a directory, and ${data} is a file`);
    return;
  }
  const base = there === undefined ? nearestFolder(data) : data;
  if (!writable(base)) {
    faults.push(there === undefined ? `data: ${data} cannot be made: ${base} is not writable` : `data: ${data} is not writable`);
    return;
  }
  if (there === undefined) return;
  const holder = lockHolder(data);
  if (holder !== undefined) faults.push(`data: ${data} is in use by process ${holder}: stop it, or give this node another directory`);
  checkOwner(data, probe, faults);
}

function nearestFolder(path: string): string {
  let folder = dirname(path);
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

function writable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** A journal of another network or node is not ours to continue. The loop says so too; here it is said with the rest. */
function checkOwner(data: string, probe: Probe, faults: string[]): void {
  const head = writerOf(data);
  if (head === undefined || probe.network === undefined) return;
  const network = networkHash(probe.network);
  if (head.network !== network) faults.push(`data: ${data} holds the journal of another network (${head.network.slice(0, 16)}, and this is ${network.slice(0, 16)}): give this node a directory of its own, or the configuration that belongs to it`);
  else if (head.self !== probe.self) faults.push(`data: ${data} holds the journal of node ${head.self}, and this is node ${probe.self}`);
}

/** Port 0 is whichever is free. */
async function checkPort(field: string, place: Place, faults: string[]): Promise<void> {
  if (place.port === 0) return;
  const error = await new Promise<NodeJS.ErrnoException | undefined>((settle) => {
    const server = createServer();
    server.once('error', settle);
    server.listen({ ...place, exclusive: true }, () => server.close(() => settle(undefined)));
  });
  if (error === undefined) return;
  const { host, port } = place;
  if (error.code === 'EADDRINUSE') faults.push(`${field}: port ${port} on ${host} is taken by another process`);
  else if (error.code === 'EACCES') faults.push(`${field}: port ${port} on ${host} may not be opened by this user: take one above 1023`);
  else faults.push(`${field}: cannot listen on ${host}:${port} (${error.code ?? error.message})`);
}

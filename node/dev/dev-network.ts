// The files of a network for a person to try: three keys, three configurations, and a data directory for each node, side by
// side in one folder. A folder that holds such a network is used again, with the keys and journals it has.

import { existsSync, mkdirSync, mkdtempSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { generateKey, inspectKey, KeyFault } from '../../io/live/signer.ts';
import { MINUTE } from '../../kernel/base/time.ts';
import { Complaint } from '../complaint.ts';
import type { ConfigurationFile } from '../live/configuration-schema.ts';

export const DEV_NODES = 3;
/**
 * Ports that are easy to remember, if they are free. They lie below those that the system deals out to outgoing connections:
 * one of these must not take the port of a node that is down for a moment.
 */
const FIRST_HTTP_PORT = 8_081;
const FIRST_P2P_PORT = 30_333;
const PORTS_TRIED = 1_000;
const HOST = '127.0.0.1';
/** Long enough for a person who comes back after lunch: needs of the last two epochs are still answered. */
const EPOCH_US: number = 30 * MINUTE;

export interface DevNode {
  readonly id: number;
  readonly name: string;
  readonly configuration: string;
  readonly data: string;
  readonly httpPort: number;
  readonly p2pPort: number;
}

export interface DevNetwork {
  readonly folder: string;
  readonly nodes: readonly DevNode[];
}

const nameOf = (id: number): string => `node-${String(id).padStart(3, '0')}`;
const ids: readonly number[] = Array.from({ length: DEV_NODES }, (_, place) => place + 1);

/** What another network on this machine has in another way than that of --dev. */
export interface DevDifference {
  readonly name: string;
  readonly epochUs: number;
  /** Where free ports are looked for, if not where those of a dev network are. */
  readonly firstPorts?: { readonly http: number; readonly p2p: number };
  readonly limits: NonNullable<ConfigurationFile['limits']>;
}

const DEV: DevDifference = { name: 'dev', epochUs: EPOCH_US, limits: {} };
const DEV_PORTS: NonNullable<DevDifference['firstPorts']> = { http: FIRST_HTTP_PORT, p2p: FIRST_P2P_PORT };

export async function prepareDevNetwork(data: string | undefined, { name: network, epochUs, firstPorts = DEV_PORTS, limits }: DevDifference = DEV): Promise<DevNetwork> {
  const folder = data === undefined ? mkdtempSync(join(tmpdir(), 'lockstep-dev-')) : usable(resolve(data));
  const http = await freePorts(DEV_NODES, firstPorts.http);
  const p2p = await freePorts(DEV_NODES, firstPorts.p2p);
  const publicKeys = ids.map((id) => keyOf(join(folder, `${nameOf(id)}.key`)));
  const members = ids.map((id) => ({ id, publicKey: publicKeys[id - 1] as string, addresses: [`/ip4/${HOST}/tcp/${p2p[id - 1]}`] }));
  const nodes = ids.map((id) => {
    const name = nameOf(id);
    const configuration: ConfigurationFile = {
      self: id, key: `${name}.key`, data: name, http: `${HOST}:${http[id - 1]}`, p2p: `/ip4/${HOST}/tcp/${p2p[id - 1]}`, gpuPollSeconds: 0,
      network: { name: network, groups: 1, members, decide: { epochUs } }, limits,
    };
    const file = join(folder, `${name}.json`);
    writeFileSync(file, `${JSON.stringify(configuration, undefined, 2)}\n`);
    return { id, name, configuration: file, data: join(folder, name), httpPort: http[id - 1] as number, p2pPort: p2p[id - 1] as number };
  });
  return { folder, nodes };
}

/** A new or empty folder, or one that was made here before. */
function usable(folder: string): string {
  const there = statSync(folder, { throwIfNoEntry: false });
  if (there !== undefined && !there.isDirectory()) throw new Complaint(`--data expects a directory, and "${folder}" is a file`);
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new Complaint(`--data: "${folder}" cannot be made: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  }
  const foreign = readdirSync(folder).find((name) => !/^node-\d{3}(?:\.key|\.json)?$/.test(name));
  if (foreign !== undefined) throw new Complaint(`--data expects a new or empty directory, or one of an earlier --dev, and "${folder}" holds "${foreign}"`);
  return folder;
}

function keyOf(file: string): string {
  try {
    return (existsSync(file) ? inspectKey(file) : generateKey(file)).publicKey;
  } catch (error) {
    if (error instanceof KeyFault) throw new Complaint(error.message);
    throw error;
  }
}

/** Ports that are free now, from `first` on. All are held until the last is found, so that none comes twice. */
export async function freePorts(count: number, first: number): Promise<number[]> {
  const servers = [];
  const ports: number[] = [];
  for (let next = first; ports.length < count; next++) {
    const server = createServer();
    const port = await new Promise<number | undefined>((settle) => {
      server.once('error', () => settle(undefined));
      server.listen({ host: HOST, port: next > first + PORTS_TRIED ? 0 : next, exclusive: true }, () => settle((server.address() as { readonly port: number }).port));
    });
    if (port === undefined) continue;
    servers.push(server);
    ports.push(port);
  }
  await Promise.all(servers.map((server) => new Promise<void>((closed) => server.close(() => closed()))));
  return ports;
}

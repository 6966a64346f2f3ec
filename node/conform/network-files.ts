// The files of a live network under test: a key, a configuration and a data directory for each node, in one new folder. Every
// node is told other addresses of its peers: ports of the proxy that stands between the two.

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunFile } from '../../io/sim/run-file.ts';
import { generateKey } from '../../io/live/signer.ts';
import { freePorts } from '../dev/dev-network.ts';
import type { ConfigurationFile } from '../live/configuration-schema.ts';
import { parametersOf, type NetworkDefinition } from '../live/network-definition.ts';
import type { Parameters } from '../../kernel/parameters.ts';
import type { MemberFiles } from './member.ts';
import type { Proxy } from './proxy.ts';

/** Below the ports that the system deals out to outgoing connections, and away from those of a network for a person. */
const FIRST_HTTP_PORT = 21_000;
const FIRST_P2P_PORT = 25_000;

export interface NetworkFiles {
  readonly folder: string;
  readonly members: readonly MemberFiles[];
  readonly parameters: Parameters;
}

const nameOf = (id: number): string => `node-${String(id).padStart(3, '0')}`;

/** `room`: which ports are looked for, so that networks that are made at one time do not meet. */
export async function prepareNetwork(run: RunFile, proxy: Proxy, room: number): Promise<NetworkFiles> {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-conform-'));
  const ids = Array.from({ length: run.nodes }, (_, place) => place + 1);
  const http = await freePorts(run.nodes, FIRST_HTTP_PORT + room);
  const p2p = await freePorts(run.nodes, FIRST_P2P_PORT + room);
  const publicKeys = ids.map((id) => generateKey(join(folder, `${nameOf(id)}.key`)).publicKey);
  const network = { name: `conform-${run.scenario}`, groups: run.groups, raft: { ...run.raft }, decide: { ...run.decide } };
  const members: MemberFiles[] = [];
  for (const self of ids) {
    const addresses = await Promise.all(ids.map(async (id) => `/ip4/127.0.0.1/tcp/${id === self ? p2p[id - 1] : await proxy.link(self, id, p2p[id - 1] as number)}`));
    const configuration: ConfigurationFile = {
      self, key: `${nameOf(self)}.key`, data: nameOf(self), http: `127.0.0.1:${http[self - 1]}`, p2p: `/ip4/127.0.0.1/tcp/${p2p[self - 1]}`, gpuPollSeconds: 0, listedOnly: true,
      network: { ...network, members: ids.map((id) => ({ id, publicKey: publicKeys[id - 1] as string, addresses: [addresses[id - 1] as string] })) },
    };
    const file = join(folder, `${nameOf(self)}.json`);
    writeFileSync(file, `${JSON.stringify(configuration, undefined, 2)}\n`);
    members.push({ id: self, configuration: file, data: join(folder, nameOf(self)), httpPort: http[self - 1] as number });
  }
  const definition: NetworkDefinition = { ...network, members: ids.map((id) => ({ id, publicKey: publicKeys[id - 1] as string, addresses: [] })) };
  return { folder, members, parameters: parametersOf(definition, { gpuPollUs: 0, followsParent: false }) };
}

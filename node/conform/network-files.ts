// The files of a live network under test: a key, a configuration and a data directory for each node, in one new folder. Every
// node is told the addresses at which it reaches its peers: with a proxy these are others for each of them.

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunFile } from '../../io/sim/run-file.ts';
import { generateKey } from '../../io/live/signer.ts';
import type { ConfigurationFile } from '../live/configuration-schema.ts';
import { parametersOf, type NetworkDefinition } from '../live/network-definition.ts';
import type { Parameters } from '../../kernel/parameters.ts';
import type { MemberFiles } from './member.ts';
import type { Links } from './links.ts';

export interface NetworkFiles {
  readonly folder: string;
  readonly members: readonly MemberFiles[];
  readonly parameters: Parameters;
}

const nameOf = (id: number): string => `node-${String(id).padStart(3, '0')}`;

export async function prepareNetwork(run: RunFile, links: Links, room: number): Promise<NetworkFiles> {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-conform-'));
  const ids = Array.from({ length: run.nodes }, (_, place) => place + 1);
  const { http, p2p } = await links.ports(run.nodes, room);
  const publicKeys = ids.map((id) => generateKey(join(folder, `${nameOf(id)}.key`)).publicKey);
  const network = { name: `conform-${run.scenario}`, groups: run.groups, raft: { ...run.raft }, decide: { ...run.decide } };
  const listening = (id: number): string => `/ip4/${links.host(id)}/tcp/${p2p[id - 1]}`;
  const members: MemberFiles[] = [];
  for (const self of ids) {
    const addresses = await Promise.all(ids.map((id) => (id === self ? listening(id) : links.address(self, id, p2p[id - 1] as number))));
    const configuration: ConfigurationFile = {
      self, key: `${nameOf(self)}.key`, data: nameOf(self), http: `${links.host(self)}:${http[self - 1]}`, p2p: listening(self), gpuPollSeconds: 0, listedOnly: true,
      network: { ...network, members: ids.map((id) => ({ id, publicKey: publicKeys[id - 1] as string, addresses: [addresses[id - 1] as string] })) },
    };
    const file = join(folder, `${nameOf(self)}.json`);
    writeFileSync(file, `${JSON.stringify(configuration, undefined, 2)}\n`);
    members.push({ id: self, name: nameOf(self), configuration: file, data: join(folder, nameOf(self)), host: links.host(self), httpPort: http[self - 1] as number, prefix: links.prefix(self) });
  }
  const definition: NetworkDefinition = { ...network, members: ids.map((id) => ({ id, publicKey: publicKeys[id - 1] as string, addresses: [] })) };
  return { folder, members, parameters: parametersOf(definition, { gpuPollUs: 0, followsParent: false }) };
}

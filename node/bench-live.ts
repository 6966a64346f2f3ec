// The live network that measurements are made on: three nodes, each a process started as a user would, on this machine.

import { rmSync } from 'node:fs';
import type { LiveNetwork, LiveSpec } from '../bench/live/network.ts';
import { prepareDevNetwork } from './dev/dev-network.ts';
import { MemberProcess } from './dev/member-process.ts';

const READY_WITHIN_MS = 60_000;
const LOOK_MS = 100;

export async function live<T>({ epochUs, snapshotEvery }: LiveSpec, use: (network: LiveNetwork) => Promise<T>): Promise<T> {
  const { folder, nodes } = await prepareDevNetwork(undefined, { name: 'bench', epochUs, limits: { snapshotEvery } });
  const said: string[] = [];
  const members = nodes.map((node) => new MemberProcess(node, (line) => void said.push(line)));
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopping ??= Promise.all(members.map((member) => member.stop())).then(() => undefined));
  try {
    for (const member of members) member.start();
    await allReady(members, said);
    const used = await use({ nodes: nodes.map((node) => ({ id: node.id, host: '127.0.0.1', port: node.httpPort, p2pPort: node.p2pPort, data: node.data })), folder, stop });
    const fault = said.find((line) => line.includes('VIOLATED')) ?? (members.some((member) => member.restarts > 0) ? said.find((line) => line.includes('started again')) : undefined);
    if (fault !== undefined) throw new Error(`figures of a network that does not work mean nothing: ${fault}`);
    return used;
  } finally {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function allReady(members: readonly MemberProcess[], said: readonly string[]): Promise<void> {
  for (const until = performance.now() + READY_WITHIN_MS; performance.now() < until; await new Promise((resolve) => setTimeout(resolve, LOOK_MS))) {
    if ((await Promise.all(members.map((member) => member.ready()))).every(Boolean)) return;
  }
  throw new Error(`three live nodes are not ready after ${READY_WITHIN_MS / 1_000} s; they said: ${said.join('; ')}`);
}

// `lockstep node --dev`: three live nodes on this machine for a person to try. Each is a process of its own, so that it can be
// killed; a table shows what they do, and everything ends with Ctrl-C.

import { networkTable, networkLine, type MemberRow } from '../../reports/network-table.ts';
import { paintFor, type Paint } from '../../reports/paint.ts';
import { Complaint, EXIT } from '../complaint.ts';
import { Interruption } from '../interruption.ts';
import type { NodeFlags } from '../live/configuration.ts';
import { DEV_NODES, prepareDevNetwork, type DevNetwork } from './dev-network.ts';
import { MemberProcess } from './member-process.ts';
import { Screen } from './screen.ts';

const LOOK_MS = 1_000;
const PLAIN_LINE_EVERY = 10;
const READY_WITHIN_MS = 30_000;
const READY_LOOK_MS = 100;

/** Flags that say something about one node do not go with a network of three. */
const OF_ONE_NODE: readonly (readonly [keyof NodeFlags, string])[] = [
  ['config', '--config'], ['self', '--self'], ['key', '--key'], ['http', '--http'], ['p2pListen', '--p2p-listen'], ['network', '--network'], ['groups', '--groups'],
  ['member', '--member'], ['mode', '--mode'], ['chainRpc', '--chain-rpc'], ['sidecarAddr', '--sidecar-addr'], ['rejoin', '--rejoin'],
];

export async function dev(flags: NodeFlags): Promise<number> {
  const other = OF_ONE_NODE.find(([field]) => flags[field] !== undefined);
  if (other !== undefined) throw new Complaint(`--dev and ${other[1]} do not go together: --dev makes everything itself, and takes only --data`);
  let stop: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => (stop = resolve));
  const interruption = new Interruption(stop);
  const network = await prepareDevNetwork(flags.data);
  const screen = new Screen(process.stdout);
  const paint = paintFor(process.stdout.isTTY, process.env);
  const members = network.nodes.map((node) => new MemberProcess(node, (line) => screen.line(line)));
  screen.line(`${DEV_NODES} nodes start on this machine; their keys, configurations and journals are in ${network.folder}`);
  for (const member of members) member.start();
  const ready = await Promise.race([allReady(members), stopped]);
  if (ready === true) for (const line of whereToLook(network, members, paint)) screen.line(line);
  else if (ready === false) screen.line(`not every node is ready after ${READY_WITHIN_MS / 1_000} s; what they say stands above`);
  const watcher = watch(members, screen, paint);
  const lost = await Promise.race([stopped, untilAllLost(members)]);
  clearInterval(watcher);
  screen.table([]);
  if (lost !== true) screen.line('stopping: what is open is answered, and every journal is sealed');
  await Promise.all(members.map((member) => member.stop()));
  interruption.forget();
  if (lost === true) throw new Complaint('no node of this network can be started: what they said stands above');
  screen.line(`stopped; the network goes on where it was with: npm run node -- --dev --data ${network.folder}`);
  return EXIT.held;
}

async function allReady(members: readonly MemberProcess[]): Promise<boolean> {
  for (const until = performance.now() + READY_WITHIN_MS; performance.now() < until; await pause(READY_LOOK_MS)) {
    if ((await Promise.all(members.map((member) => member.ready()))).every(Boolean)) return true;
    if (members.every((member) => member.lost)) return false;
  }
  return false;
}

async function untilAllLost(members: readonly MemberProcess[]): Promise<true> {
  while (!members.every((member) => member.lost)) await pause(LOOK_MS);
  return true;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref());

function watch(members: readonly MemberProcess[], screen: Screen, paint: Paint): NodeJS.Timeout {
  let looks = 0;
  return setInterval(() => {
    void Promise.all(members.map((member) => member.look())).then(() => {
      const rows = members.map(rowOf);
      if (screen.live) screen.table(networkTable(rows, paint));
      else if (looks++ % PLAIN_LINE_EVERY === 0) screen.line(networkLine(rows));
    });
  }, LOOK_MS);
}

function rowOf(member: MemberProcess): MemberRow {
  return { id: member.node.id, url: member.url, pid: member.pid, status: member.status, restarts: member.restarts };
}

function whereToLook(network: DevNetwork, members: readonly MemberProcess[], paint: Paint): string[] {
  const [one, two, three] = members.map((member) => member.url);
  return [
    '',
    ...members.map((member) => `  node ${member.node.id}   ${paint.cyan(member.url)}   process ${member.pid}   journal ${member.node.data}`),
    '',
    'Try:',
    `  curl -s ${one}/v1/decide -H 'content-type: application/json' -d '{"need":"0/first","proposal":"plan-a"}'`,
    `  curl -s ${two}/v1/decide -H 'content-type: application/json' -d '{"need":"0/first","proposal":"plan-b"}'   ${paint.dim('# too late: plan-a won')}`,
    `  curl -s ${three}/v1/decide/0/first`,
    `  kill -9 ${members[0]?.pid}   ${paint.dim('# the others go on; it is started again and catches up')}`,
    `  npm run replay -- ${network.folder}   ${paint.dim('# after stopping: refold every journal')}`,
    `Each also serves /v1/status, /health, /ready, /metrics and /openapi.json. Ctrl-C stops them all.`,
    '',
  ];
}

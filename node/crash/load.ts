// A client process: it asks all nodes at a fixed rate, whether or not they answer, and prints what it knows of each question as a
// line of JSON. It ends when its input does, after what is under way has ended.

import { Random } from '../../kernel/base/random.ts';
import { ask, nowUs, type Question } from './asking.ts';

export interface LoadTask {
  readonly client: number;
  readonly seed: number;
  /** By node, from node 1 on. */
  readonly ports: readonly number[];
  readonly perSecond: number;
}

const MAX_OPEN = 256;
const CONTESTED_PER_MILLE = 200;
const READS_PER_MILLE = 200;
/** Clients that come within the same span propose for the same need, if they compete at all. */
const RIVALRY_US = 100_000;
const REMEMBERED = 64;
const EPOCH_LOOK_MS = 500;

const task = JSON.parse(process.argv[2] as string) as LoadTask;
const random = Random.of(task.seed, 'load', task.client);
const recent: string[] = [];
let number = 0;
let open = 0;
let epoch = 0;
let ending = false;

/** Epochs pass at the nodes; a client that is too far behind is told nothing but that. */
async function lookAtEpoch(): Promise<void> {
  for (const port of task.ports) {
    try {
      const answer = await fetch(`http://127.0.0.1:${port}/v1/status`, { signal: AbortSignal.timeout(EPOCH_LOOK_MS) });
      const { groups } = (await answer.json()) as { readonly groups: readonly { readonly epoch: number }[] };
      epoch = Math.max(epoch, ...groups.map((group) => group.epoch));
    } catch {
      // It is down: another one knows.
    }
  }
}

function question(): Question {
  const drawn = random.below(1_000);
  if (drawn < READS_PER_MILLE && recent.length > 0) return { need: recent[random.below(recent.length)] as string };
  const contested = drawn >= 1_000 - CONTESTED_PER_MILLE;
  const need = contested ? `${epoch}/c${Math.floor(nowUs() / RIVALRY_US)}` : `${epoch}/n${task.client}-${number}`;
  recent.push(need);
  if (recent.length > REMEMBERED) recent.shift();
  return { need, proposal: `p${task.client}-${number}` };
}

async function askOne(): Promise<void> {
  const node = 1 + random.below(task.ports.length);
  const asked = question();
  open++;
  const known = await ask(task.client, ++number, node, task.ports[node - 1] as number, asked);
  open--;
  process.stdout.write(`${JSON.stringify(known)}\n`);
  if (ending && open === 0) process.exit(0);
}

const looking = setInterval(() => void lookAtEpoch(), EPOCH_LOOK_MS);
const asking = setInterval(() => {
  if (open < MAX_OPEN) void askOne();
}, 1_000 / task.perSecond);
process.stdin.on('end', () => {
  ending = true;
  clearInterval(asking);
  clearInterval(looking);
  if (open === 0) process.exit(0);
});
process.stdin.resume();

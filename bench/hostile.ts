// What honest clients keep of their throughput while others misbehave, and what it costs the nodes. Attackers run on the same
// processors as nodes and honest clients, so a part of what is lost is what the attackers themselves take. With each attack the
// nodes have to count what they dropped, or the attack did not reach them.

import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { AttackName, AttackPlan, AttackReport } from './live/attacks.ts';
import { load, type LoadResult } from './live/load.ts';
import { figuresOf, type LiveNetwork, type LiveSpec, type NodeFigures } from './live/network.ts';
import { nowMs, type Target } from './live/plan.ts';
import { row, type Bench, type Row, type Subject } from './row.ts';

const LIMIT = { share: 0.5, residentMb: 600 } as const;
const SPEC: LiveSpec = { epochUs: 60_000_000, snapshotEvery: 250_000 };
const CLIENTS = 96;
const PROCESSES = 1;
const WARM_UP_MS = 3_000;
const FOR_MS = 10_000;
/** The network itself is warm before anything is compared. */
const FIRST_WARM_UP_MS = 12_000;

const ATTACKS: readonly { readonly name: AttackName; readonly row: string; /** Nodes drop what it brings, and count it; otherwise it is only held back. */ readonly counts: boolean; readonly about: string }[] = [
  { name: 'garbage', counts: true, row: 'hostile/garbage', about: 'random bytes on every port' },
  { name: 'half', counts: true, row: 'hostile/half-frames', about: 'requests and negotiations that stop halfway' },
  { name: 'gigabyte', counts: true, row: 'hostile/gigabyte', about: 'claimed lengths of 1 GB' },
  { name: 'slowReading', counts: false, row: 'hostile/slow-reading', about: 'requests whose answers nobody reads' },
  { name: 'unknownKeys', counts: true, row: 'hostile/unknown-keys', about: 'good handshakes and frames under keys of no member' },
  { name: 'oldFrames', counts: true, row: 'hostile/old-frames', about: 'a conversation that was recorded, handshake and frames, sent again' },
  { name: 'connectionFlood', counts: true, row: 'hostile/connection-flood', about: 'connections of 200 peers, opened again and again' },
  { name: 'requestFlood', counts: true, row: 'hostile/request-flood', about: '100,000 requests a second' },
];

async function measure(subject: Subject): Promise<Row[]> {
  return subject.live(SPEC, async (network) => {
    const rows: Row[] = [];
    let resident = 0;
    await honest(network, FIRST_WARM_UP_MS);
    for (const attack of ATTACKS) {
      const alone = await honest(network, WARM_UP_MS);
      const before = await all(network);
      const attackers = await Attackers.begin(attack.name, network);
      const attacked = await honest(network, WARM_UP_MS);
      const report = await attackers.end();
      const after = await all(network);
      resident = Math.max(resident, ...after.map((figures) => figures.residentMb));
      rows.push(judged(attack, alone, attacked, report, counted(after) - counted(before)));
    }
    rows.push(row('hostile/resident-mb', resident, 'MB, the largest of the nodes after any attack', String(LIMIT.residentMb), LIMIT.residentMb / resident));
    return rows;
  });
}

function judged(attack: (typeof ATTACKS)[number], alone: LoadResult, attacked: LoadResult, report: AttackReport & { readonly seconds: number }, refused: number): Row {
  const share = attacked.perSecond / alone.perSecond;
  const did = report.requests > 0 ? `${Math.round(report.requests / report.seconds)} requests/s` : `${report.connections} connections`;
  const against = `${LIMIT.share}: ${attack.about}, ${did}, ${refused} refused and counted (alone ${Math.round(alone.perSecond)}/s, p95 ${alone.p95.toFixed(0)} ms; attacked p95 ${attacked.p95.toFixed(0)} ms)`;
  // An attack that no node has noticed did not take place.
  return row(attack.row, share, 'of the honest throughput without it', against, attack.counts && refused === 0 ? 0 : share / LIMIT.share);
}

const honest = (network: LiveNetwork, warmUpMs: number): Promise<LoadResult> =>
  load({ dialect: 'lockstep', targets: network.nodes, processes: PROCESSES, connections: CLIENTS, rate: undefined, warmUpMs, forMs: FOR_MS });

const all = (network: LiveNetwork): Promise<NodeFigures[]> => Promise.all(network.nodes.map(figuresOf));

const counted = (figures: readonly NodeFigures[]): number => figures.reduce((sum, one) => sum + one.dropped + one.turnedAway, 0);

const PROGRAM: string = fileURLToPath(new URL('./live/attack-process.ts', import.meta.url));

/** A process of attackers at work. */
class Attackers {
  private readonly child: ChildProcess;
  private readonly beganMs: number = nowMs();

  private constructor(child: ChildProcess) {
    this.child = child;
  }

  /** Resolves when the attack has reached the nodes. */
  static async begin(attack: AttackName, network: LiveNetwork): Promise<Attackers> {
    const p2p: Target[] = network.nodes.map(({ host, p2pPort }) => ({ host, port: p2pPort }));
    const plan: AttackPlan = { attack, http: network.nodes.map(({ host, port }) => ({ host, port })), p2p };
    const child = fork(PROGRAM, [], { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    child.send(plan);
    await said(child);
    return new Attackers(child);
  }

  async end(): Promise<AttackReport & { readonly seconds: number }> {
    this.child.send('end');
    const report = (await said(this.child)) as AttackReport;
    return { ...report, seconds: (nowMs() - this.beganMs) / 1_000 };
  }
}

function said(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', (code) => reject(new Error(`the attackers ended with exit code ${code} and no report`)));
  });
}

export const HOSTILE: readonly Bench[] = [{ rows: [...ATTACKS.map((attack) => attack.row), 'hostile/resident-mb'], about: 'honest clients beside hostile ones', onlyByName: true, measure }];

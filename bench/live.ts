// Three live nodes on loopback with real files, under clients in other processes that address all of them. What the numbers
// leave out: the network between machines, and the disks of three of them, which are one here. Clients, nodes and etcd share
// the processors.

import { etcdVersion, startEtcd } from './live/etcd.ts';
import { load, type LoadResult } from './live/load.ts';
import { FileWatch, figuresOf, type LiveNetwork, type LiveSpec, type NodeFigures } from './live/network.ts';
import type { Dialect, Target } from './live/plan.ts';
import { row, type Bench, type Row, type Subject } from './row.ts';

const LIMIT = { decides: 2_000, p95Ms: 50, p99Ms: 200, stallMs: 500, syncsPerDecide: 3, bytesPerDecide: 600 } as const;
/** A little more than is demanded, so that the row shows whether there is room. */
const OFFERED = 2_200;
/** As long as it takes until the code that a decide runs through is compiled. */
const WARM_UP_MS = 15_000;
const FOR_MS = 60_000;
const SNAPSHOTS = 2;
const ROTATIONS = 3;
const PROCESSES = 2;
/** Of which about 100 are under way at 2,000 requests a second and 50 ms. */
const CONNECTIONS = 384;
const SPEC: LiveSpec = { epochUs: 60_000_000, snapshotEvery: 20_000 };

const CLIENTS = [1, 32, 256] as const;
const RACE_WARM_UP_MS = 4_000;
const RACE_MS = 10_000;

async function throughput(subject: Subject): Promise<Row[]> {
  return subject.live(SPEC, async (network) => {
    const watch = new FileWatch(network);
    const result = load({ dialect: 'lockstep', targets: network.nodes, processes: PROCESSES, connections: CONNECTIONS, rate: OFFERED, warmUpMs: WARM_UP_MS, forMs: FOR_MS });
    const [before, after] = await around(network, watch);
    const measured = await result;
    watch.end();
    if (measured.decided === 0) throw new Error('nothing was decided');
    return rowsOf(measured, before, after);
  });
}

/** A run without snapshots and rotations leaves out what may hold a node up. */
function contents(before: Moment, after: Moment): string {
  const [snapshots, rotations] = [after.snapshots - before.snapshots, after.segments - before.segments];
  const isEnough = snapshots >= SNAPSHOTS && rotations >= ROTATIONS;
  return `${snapshots} snapshots and ${rotations} rotations on each node${isEnough ? '' : `: fewer than the ${SNAPSHOTS} and ${ROTATIONS} that a run has to contain, because too little was decided`}`;
}

function rowsOf(measured: LoadResult, before: Moment, after: Moment): Row[] {
  const grown = (of: (figures: NodeFigures) => number): number => after.figures.reduce((sum, figures, place) => sum + of(figures) - of(before.figures[place] as NodeFigures), 0);
  const decides = grown((figures) => figures.decides) / after.figures.length;
  const syncs = grown((figures) => figures.syncs) / decides;
  const bytes = (after.journalBytes - before.journalBytes) / decides;
  const { perSecond, p95, p99, stallMs, begun, decided, others, open } = measured;
  const rest = Object.entries(others).map(([status, count]) => `${count} x ${status}`).join(', ');
  const cpuUs = (grown((figures) => figures.cpuSeconds) * 1e6) / decides;
  return [
    row('live/decides', perSecond, `decides per second, ${FOR_MS / 1_000} s, ${contents(before, after)}`, `${LIMIT.decides} (${OFFERED} offered; of ${begun} begun ${decided} decided, ${rest === '' ? 'none refused' : rest}, ${open} unanswered)`, perSecond / LIMIT.decides),
    row('live/decide-p95-ms', p95, 'ms from the moment a request was meant to begin', `${LIMIT.p95Ms} (median ${measured.p50.toFixed(1)})`, LIMIT.p95Ms / p95),
    row('live/decide-p99-ms', p99, 'ms', String(LIMIT.p99Ms), LIMIT.p99Ms / p99),
    row('live/longest-stall-ms', stallMs, 'ms without any decide', String(LIMIT.stallMs), LIMIT.stallMs / Math.max(1, stallMs)),
    row('live/syncs-per-decide', syncs, 'durable writes a decide, of all three nodes', `${LIMIT.syncsPerDecide} (one on each node)`, LIMIT.syncsPerDecide / syncs),
    row('live/journal-bytes-per-decide', bytes, 'bytes written to the journals of all three nodes', `${LIMIT.bytesPerDecide}`, LIMIT.bytesPerDecide / bytes),
    row('live/cpu-us-per-decide', cpuUs, 'us of processor time, of all three nodes', `half of two processors at ${LIMIT.decides} a second (clients: ${Math.round((measured.clientsCpuMs * 1_000) / decided)} us)`, 1e6 / LIMIT.decides / cpuUs),
  ];
}

interface Moment {
  readonly figures: readonly NodeFigures[];
  readonly journalBytes: number;
  /** Files there have been so far, of the node that has fewest. */
  readonly snapshots: number;
  readonly segments: number;
}

/** How all nodes stand soon after the beginning and shortly before the end of what is measured. */
async function around(network: LiveNetwork, watch: FileWatch): Promise<readonly [Moment, Moment]> {
  const look = async (): Promise<Moment> => ({ figures: await Promise.all(network.nodes.map(figuresOf)), journalBytes: watch.bytes('journal-'), snapshots: watch.made('snapshot-'), segments: watch.made('journal-') });
  await pause(WARM_UP_MS + 3_000);
  const before = await look();
  await pause(FOR_MS - 3_000);
  return [before, await look()];
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

// -- beside etcd -----------------------------------------------------------------------------------------------------------

async function versusEtcd(subject: Subject): Promise<Row[]> {
  const version = etcdVersion();
  if (version === undefined) {
    process.stderr.write('lockstep: live/decides-vs-etcd is left out: no etcd is installed (Debian and Ubuntu: apt-get install etcd-server)\n');
    return [];
  }
  const ours = await subject.live({ ...SPEC, snapshotEvery: 250_000 }, (network) => closedLoops('lockstep', network.nodes));
  const etcd = await startEtcd(version);
  const theirs = await closedLoops('etcd', etcd.targets).finally(etcd.stop);
  const ratios = CLIENTS.map((_, place) => (ours[place] as LoadResult).perSecond / (theirs[place] as LoadResult).perSecond);
  const said = CLIENTS.map((clients, place) => `${clients} clients: ${Math.round((theirs[place] as LoadResult).perSecond)}/s, p95 ${(theirs[place] as LoadResult).p95.toFixed(1)} ms`);
  const worst = Math.min(...ratios);
  return [
    row('live/decides-vs-etcd', worst, `times etcd, the least of ${ratios.map((ratio) => ratio.toFixed(2)).join(', ')}`, `three members of etcd ${version} over gRPC (${said.join('; ')})`, worst),
    ...CLIENTS.map((clients, place) => {
      const { perSecond, p95 } = ours[place] as LoadResult;
      return row(`live/decides-${clients}-clients`, perSecond, `decides per second, p95 ${p95.toFixed(1)} ms`, `etcd with as many clients (${said[place]})`, ratios[place] as number);
    }),
  ];
}

/** As many decides as one, 32 and 256 clients manage that ask again when they were answered. */
async function closedLoops(dialect: Dialect, targets: readonly Target[]): Promise<LoadResult[]> {
  const results: LoadResult[] = [];
  for (const clients of [...CLIENTS].reverse()) {
    // The many come first: they warm up what the few are measured with.
    results.unshift(await load({ dialect, targets, processes: PROCESSES, connections: clients, rate: undefined, warmUpMs: RACE_WARM_UP_MS, forMs: RACE_MS }));
  }
  return results;
}

export const LIVE: readonly Bench[] = [
  {
    rows: ['live/decides', 'live/decide-p95-ms', 'live/decide-p99-ms', 'live/longest-stall-ms', 'live/syncs-per-decide', 'live/journal-bytes-per-decide', 'live/cpu-us-per-decide'],
    about: 'a minute of three live nodes under open-loop clients', measure: throughput,
  },
  { rows: ['live/decides-vs-etcd', ...CLIENTS.map((clients) => `live/decides-${clients}-clients`)], about: 'three live nodes against three members of etcd', measure: versusEtcd },
];

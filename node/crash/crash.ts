// `lockstep crash`: three live nodes under load, killed again and again; then everything that they promised is checked. The nodes'
// files hold back what is not synced, so that a kill loses what a machine that stops would lose.

import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { MINUTE } from '../../kernel/base/time.ts';
import type { Parameters } from '../../kernel/parameters.ts';
import type { AuditReport } from '../../reports/audit-report.ts';
import { renderCrash, type CrashReport } from '../../reports/crash-report.ts';
import { paintFor } from '../../reports/paint.ts';
import type { NodeReplay } from '../../reports/replay-report.ts';
import { readCount, readWord } from '../arguments.ts';
import { auditFolders, propertyOf } from '../audit/audit.ts';
import { catalogue } from '../catalogue.ts';
import { Complaint, EXIT } from '../complaint.ts';
import { prepareDevNetwork, type DevNetwork, type DevNode } from '../dev/dev-network.ts';
import { Interruption } from '../interruption.ts';
import { HistoryRecord } from '../history/history-record.ts';
import { kernelHash } from '../kernel-hash.ts';
import { readConfiguration, type Configuration } from '../live/configuration.ts';
import { parametersOf } from '../live/network-definition.ts';
import { Progress } from '../progress.ts';
import { replayFolder } from '../replay.ts';
import { seedOf } from '../sim-options.ts';
import { VERSION } from '../version.ts';
import { Archive } from './archive.ts';
import { Clients } from './clients.ts';
import { judgeHistory } from './history.ts';
import { Killing } from './killing.ts';
import { Victim } from './victim.ts';

export interface CrashFlags {
  readonly kills?: string;
  readonly seed?: string;
  readonly data?: string;
  readonly mutant?: string;
  readonly json?: boolean;
}

const KILLS = 20;
const CLIENTS = 2;
const DECIDES_PER_SECOND = 60;
/** Small enough that every node takes a snapshot every few seconds. */
const SNAPSHOT_EVERY = 500;
const COLLECT_MS = 200;
const READ_BACK = 2_000;
const SERVE_MS = 120_000;
/** Service is back within so long of losing a leader, 95 times of 100. */
const BACK_MS = 2_000;

interface Plan {
  readonly kills: number;
  readonly seed: number;
  readonly mutant: string | undefined;
}

export async function crash(flags: CrashFlags): Promise<number> {
  const plan: Plan = {
    kills: readCount(flags.kills ?? String(KILLS), '--kills', 1, 10_000),
    seed: seedOf(flags),
    mutant: flags.mutant === undefined ? undefined : readWord(flags.mutant, 'mutant', catalogue().mutants.map((mutant) => mutant.name)),
  };
  const folder = flags.data === undefined ? mkdtempSync(join(tmpdir(), 'lockstep-crash-')) : emptyFolder(resolve(flags.data));
  const report = await run(plan, folder, flags.json !== true);
  if (report === undefined) return EXIT.held;
  const keep = flags.data !== undefined || report.verdict !== 'held';
  const shown = keep ? { ...report, folder } : report;
  process.stdout.write(flags.json === true ? `${JSON.stringify(shown)}\n` : `${renderCrash(shown, paintFor(process.stdout.isTTY, process.env))}\n`);
  if (!keep) rmSync(folder, { recursive: true, force: true });
  return report.verdict === 'violated' ? EXIT.violated : report.verdict === 'stuck' ? EXIT.notLive : EXIT.held;
}

/**
 * A port of a node that is down for a moment must not be taken by another one's network: so they are drawn, far from the ports that
 * people use and from those that the system deals out.
 */
function ownPorts(): { readonly http: number; readonly p2p: number } {
  const drawn = Math.floor(Math.random() * 900) * 10;
  return { http: 12_000 + drawn, p2p: 22_000 + drawn };
}

/** A run that went on with the journals of another one would be judged by the history of one only. */
function emptyFolder(folder: string): string {
  const there = statSync(folder, { throwIfNoEntry: false });
  if (there !== undefined && !there.isDirectory()) throw new Complaint(`--data expects a directory, and "${folder}" is a file`);
  if (there !== undefined && readdirSync(folder).length > 0) throw new Complaint(`--data expects a new or empty directory, and "${folder}" is not empty`);
  return folder;
}

/** Undefined if it was interrupted. */
async function run(plan: Plan, folder: string, prints: boolean): Promise<CrashReport | undefined> {
  const started = performance.now();
  const network = await prepareDevNetwork(join(folder, 'nodes'), { name: 'crash', epochUs: MINUTE, firstPorts: ownPorts(), limits: { snapshotEvery: SNAPSHOT_EVERY, reserveMb: 0 } });
  if (prints) process.stdout.write(`seed ${plan.seed}: ${plan.kills} kills of ${network.nodes.length} nodes, ${DECIDES_PER_SECOND} questions a second from ${CLIENTS} clients\n`);
  const archive = new Archive(join(folder, 'archive'), network);
  const victims = network.nodes.map((node) => new Victim(node, join(folder, `${node.name}.log`), plan.mutant));
  const interruption = new Interruption(() => undefined);
  const collecting = setInterval(() => archive.collect(), COLLECT_MS);
  for (const victim of victims) victim.start();
  let clients: Clients | undefined;
  try {
    await Promise.all(victims.map((victim) => victim.until(() => victim.serving, SERVE_MS)));
    clients = new Clients(CLIENTS, plan.seed, network.nodes.map((node) => node.httpPort), DECIDES_PER_SECOND);
    const killing = new Killing(victims, clients, plan.seed);
    const progress = new Progress(() => `${killing.kills.done} of ${plan.kills} kills, ${clients?.history.length ?? 0} answers`);
    // With a planted bug, all that can find it shall see it.
    await killing.run(plan.kills, () => interruption.came || (plan.mutant === undefined && victims.some((victim) => victim.alarms.length > 0)));
    progress.end();
    const readBack = await quiet(victims, clients);
    clearInterval(collecting);
    archive.complete();
    return interruption.came ? undefined : judged(plan, network, archive, clients, killing, victims, readBack, started);
  } finally {
    clearInterval(collecting);
    await clients?.stop();
    await Promise.all(victims.map((victim) => victim.kill()));
    interruption.forget();
  }
}

/** The load ends, everybody comes back, what was acknowledged is read back, and every journal is sealed. */
async function quiet(victims: readonly Victim[], clients: Clients): Promise<number> {
  for (const victim of victims) if (!victim.up) victim.start();
  await Promise.all(victims.map((victim) => victim.until(() => victim.serving, SERVE_MS)));
  await clients.stop();
  const readBack = await clients.readBack(READ_BACK);
  await Promise.all(victims.map((victim) => victim.stop()));
  return readBack;
}

function judged(plan: Plan, network: DevNetwork, archive: Archive, clients: Clients, killing: Killing, victims: readonly Victim[], readBack: number, started: number): CrashReport {
  const { backMs, kills } = killing;
  const recording = new HistoryRecord();
  const history = judgeHistory(clients.history, parametersIn(network), [recording]).map(propertyOf);
  recording.save(dirname(network.folder));
  const unreadable: string[] = [];
  const replays = readable(() => replayFolder(network.folder), unreadable) ?? [];
  const audit = readable(() => auditFolders([archive.folder]), unreadable);
  const properties = [...history, ...(audit?.properties ?? [])];
  const lost = [...victims.flatMap((victim) => victim.alarms), ...unreadable];
  const serviceBackMs = { samples: backMs.length, p50: quantile(backMs, 0.5), p95: quantile(backMs, 0.95), max: quantile(backMs, 1), bound: BACK_MS };
  const enough = kills.done >= plan.kills && kills.inSnapshot + kills.inRecovery >= Math.floor(plan.kills / 2);
  return {
    verdict: verdictOf(properties, replays, lost) ?? (killing.stuck.length > 0 || !enough || serviceBackMs.p95 > BACK_MS ? 'stuck' : 'held'),
    version: VERSION, kernel: kernelHash(), seed: plan.seed, nodes: network.nodes.length,
    kills: { asked: plan.kills, ...kills }, serviceBackMs, operations: { ...clients.counts(), readBack },
    replay: replayOf(replays), audit: { verdict: audit?.verdict ?? 'violated', events: audit?.events ?? 0 }, properties, alarms: [...lost, ...killing.stuck], wallMs: Math.round(performance.now() - started),
  };
}

/** What all nodes were told to agree on. */
function parametersIn(network: DevNetwork): Parameters {
  const { configuration } = readConfiguration({ config: (network.nodes[0] as DevNode).configuration });
  return parametersOf((configuration as Configuration).network, { gpuPollUs: 0, followsParent: false });
}

/** A journal of ours that cannot be read any more has lost what was acknowledged. */
function readable<T>(read: () => T, unreadable: string[]): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Complaint)) throw error;
    unreadable.push(error.message);
    return undefined;
  }
}

function verdictOf(properties: AuditReport['properties'], replays: readonly NodeReplay[], lost: readonly string[]): 'violated' | undefined {
  const broken = properties.some((property) => property.verdict === 'violated') || replays.some((one) => one.verdict !== 'match') || lost.length > 0;
  return broken ? 'violated' : undefined;
}

function replayOf(replays: readonly NodeReplay[]): CrashReport['replay'] {
  const bad = replays.find((one) => one.verdict !== 'match');
  return { verdict: replays.length === 0 ? 'corrupt' : (bad?.verdict ?? 'match'), events: replays.reduce((sum, one) => sum + one.steps, 0), cut: replays.reduce((sum, one) => sum + one.cut, 0) };
}

/** 0 of nothing. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

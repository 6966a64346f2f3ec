// `lockstep replay DIR... --from STEP --fork`: goes on from what live nodes were, in a simulated world with drawn faults. The
// journal in the first directory says where: after its event STEP. Every other journal is read up to a place that fits: as late
// as the calendar allows, and so that nobody has heard what nobody has said yet.

import type { Event } from '../kernel/event.ts';
import type { NodeId } from '../kernel/base/ids.ts';
import { SECOND, type Micros } from '../kernel/base/time.ts';
import { renderFork, type ForkReport } from '../reports/fork-report.ts';
import { paintFor } from '../reports/paint.ts';
import { renderRun } from '../reports/terminal.ts';
import { properties } from '../properties/all.ts';
import { FAULTS } from '../nemesis/faults.ts';
import { execute } from '../scenarios/run.ts';
import { forkOf, resolveFork, type KnownNode } from '../scenarios/fork.ts';
import { readCount, readDuration, readWords } from './arguments.ts';
import { Complaint } from './complaint.ts';
import { dataDirectories, firstStep, refoldDirectory, refuseIfRunning, writerOf } from './data-directory.ts';
import { kernelHash } from './kernel-hash.ts';
import { exitCodeOfRun, reportOf } from './run-outcome.ts';
import { seedOf } from './sim-options.ts';
import { trapped } from './trap.ts';

export interface ForkFlags {
  readonly from?: string;
  readonly seed?: string;
  readonly faults?: string;
  readonly for?: string;
  readonly json?: boolean;
}

const USUAL_FOR: Micros = 30 * SECOND;

/** One journal, as far as it matters for finding places that fit together. */
export interface Past {
  readonly directory: string;
  readonly node: NodeId;
  /** The first event that its files can show the state of is the one after this. */
  readonly begins: number;
  /** By node: how far it had been heard by then. */
  readonly heard: readonly number[];
  readonly last: number;
  /** By place after `begins`: the calendar, and of a message who said it and where. */
  readonly walls: number[];
  readonly senders: number[];
  readonly places: number[];
}

export function fork(paths: readonly string[], flags: ForkFlags): number {
  const report = forked(paths, flags);
  const paint = paintFor(process.stdout.isTTY, process.env);
  process.stdout.write(flags.json === true ? `${JSON.stringify(report)}\n` : `${renderFork(report, paint)}\n${renderRun(report, paint)}\n`);
  return exitCodeOfRun(report);
}

export function forked(paths: readonly string[], flags: ForkFlags): ForkReport {
  const started = performance.now();
  const seed = seedOf(flags);
  const forUs = flags.for === undefined ? USUAL_FOR : readDuration(flags.for);
  const wish = faultsOf(flags.faults);
  const directories = paths.flatMap((path) => dataDirectories(path));
  const read = directories.map((directory) => pastOf(directory));
  checkNetwork(read);
  const { node: wanted, place } = fromOf(flags.from);
  const first = wanted === undefined ? (read[0] as Past) : read.find((past) => past.node === wanted);
  if (first === undefined) throw new Complaint(`--from ${flags.from}: none of the journals is of node ${wanted} (there are ${read.map((past) => past.node).join(', ')})`);
  const pasts = [first, ...read.filter((past) => past !== first)];
  const step = place ?? first.last;
  if (step < first.begins) throw new Complaint(`--from ${step}: the files in "${first.directory}" can show the state after event ${first.begins} and later ones, what came before is compacted`);
  if (step > first.last) throw new Complaint(`--from ${step}: the journal in "${first.directory}" ends with event ${first.last}`);
  const cut = consistent(pasts, step);
  const known = pasts.flatMap((past) => {
    const at = cut.get(past.node) as number;
    // A journal that was compacted may begin later: then nothing is known of this node, and a copy is made.
    return at < Math.max(1, past.begins) ? [] : [stateAt(past, at)];
  });
  const made = trapped(() => forkOf(known, seed, kernelHash()));
  const run = resolveFork(made.past.parameters, seed, forUs, wish);
  const { result } = trapped(() => execute(run, properties, { checked: false, kernelVersion: kernelHash(), past: made.past }));
  const again = `npm run replay -- ${paths.join(' ')} --from ${first.node}:${step} --fork --seed ${seed}${flags.faults === undefined ? '' : ` --faults ${flags.faults}`}${flags.for === undefined ? '' : ` --for ${flags.for}`}`;
  const outcome = {
    request: { seed, options: {}, checked: false, realCrypto: false }, result, wallMs: performance.now() - started, cpuMs: 0, heapMb: 0, goodputFloor: run.workload.goodputPer1000s / 1_000, stopped: false,
  };
  const { heapMb: _heap, ...report } = reportOf(outcome, { options: {}, checked: false, realCrypto: false, json: flags.json === true });
  const origins = made.origins.map((origin) => {
    const past = pasts.find((one) => one.node === origin.node);
    return { ...origin, ...(past === undefined ? {} : { directory: past.directory, begins: past.begins + 1 }) };
  });
  return { ...report, fork: { step, directory: first.directory, node: first.node, origins, epoch: made.past.beginning.epoch, known: made.past.beginning.known.length, faults: run.faults }, replay: again };
}

/** `STEP` of the first journal, or `NODE:STEP`. */
function fromOf(text: string | undefined): { readonly node: number | undefined; readonly place: number | undefined } {
  if (text === undefined) return { node: undefined, place: undefined };
  const match = /^(\d{1,5}):(\d+)$/.exec(text);
  return { node: match === null ? undefined : Number(match[1]), place: readCount(match?.[2] ?? text, '--from', 1, 999_999_999_999) };
}

function faultsOf(text: string | undefined): 'default' | 'none' | 'all' | readonly string[] {
  if (text === undefined) return 'default';
  if (text === 'none' || text === 'all') return text;
  return readWords(text, 'fault', [...FAULTS.filter((fault) => fault.needs === undefined).map((fault) => fault.name), 'none', 'all']);
}

/** Reads a journal to its end. It is in memory as three numbers for each event. */
export function pastOf(directory: string): Past {
  refuseIfRunning(directory);
  const writer = writerOf(directory);
  if (writer !== undefined && writer.version !== kernelHash()) {
    throw new Complaint(`the journal in "${directory}" was written by kernel ${writer.version.slice(0, 12)}, and this is kernel ${kernelHash().slice(0, 12)}: its states mean nothing to another kernel`);
  }
  const walls: number[] = [];
  const senders: number[] = [];
  const places: number[] = [];
  let begins = 0;
  const seen = (event: Event): void => {
    if (walls.length === 0) begins = event.sequence - 1;
    walls.push(event.wall);
    senders.push(event.cause.kind === 'message' ? event.cause.from : 0);
    places.push(event.cause.kind === 'message' ? event.cause.sent : 0);
  };
  const read = refoldDirectory(directory, { writing: {}, fromBoot: true, until: Number.MAX_SAFE_INTEGER, seen });
  if (read.kind === 'refused') throw new Complaint(`the journal in "${directory}" cannot be continued: ${read.text}`);
  if (walls.length === 0) begins = firstStep(directory);
  return { directory, node: read.kernel.self, begins, heard: begins === 0 ? [] : heardBy(directory, begins), last: read.place.sequence, walls, senders, places };
}

function heardBy(directory: string, until: number): number[] {
  const read = refoldDirectory(directory, { writing: {}, fromBoot: true, until });
  return read.kind === 'refused' ? [] : read.kernel.image().peers.peers.map((peer) => peer.heard);
}

function checkNetwork(pasts: readonly Past[]): void {
  const networks = pasts.map((past) => writerOf(past.directory)?.network);
  const other = networks.findIndex((network) => network !== networks[0]);
  if (other >= 0) throw new Complaint(`"${pasts[0]?.directory}" and "${pasts[other]?.directory}" are journals of two networks: a fork goes on from one`);
  const nodes = pasts.map((past) => past.node);
  const twice = nodes.findIndex((node, place) => nodes.indexOf(node) !== place);
  if (twice >= 0) throw new Complaint(`"${pasts[twice]?.directory}" is a second journal of node ${nodes[twice]}: give one for each node`);
}

/**
 * A place in each journal such that the first is at `step`, and whatever any of them has heard was said by then. First each
 * as far as the calendar of the first one; then as far as others have heard of it; then back to where it has heard too much.
 * What the first one knows never takes part in that: causes of what it heard come before it.
 */
export function consistent(pasts: readonly Past[], step: number): Map<NodeId, number> {
  const first = pasts[0] as Past;
  const now = first.walls[Math.max(0, step - first.begins - 1)] ?? 0;
  const cut = new Map<NodeId, number>(pasts.map((past) => [past.node, past === first ? step : latest(past, now)]));
  for (const [from, place] of causes(pasts, first.node, step)) {
    const known = cut.get(from);
    if (from !== first.node && known !== undefined && known < place) cut.set(from, place);
  }
  for (let moved = true; moved; ) {
    moved = false;
    for (const past of pasts) {
      const place = tooMuch(past, cut);
      if (past === first || place === undefined) continue;
      cut.set(past.node, place - 1);
      moved = true;
    }
  }
  return cut;
}

function latest(past: Past, now: number): number {
  let place = past.begins;
  for (let i = 0; i < past.walls.length; i++) if ((past.walls[i] as number) <= now) place = past.begins + i + 1;
  return place;
}

/** Of each node: how far what is known at (node, step) reaches, through whomever it was heard. */
function causes(pasts: readonly Past[], node: NodeId, step: number): Map<NodeId, number> {
  const reach = new Map<NodeId, number>([[node, step]]);
  const read = new Map<NodeId, number>();
  for (let moved = true; moved; ) {
    moved = false;
    for (const past of pasts) {
      const upTo = Math.min(reach.get(past.node) ?? 0, past.last);
      if (upTo >= past.begins && !read.has(past.node)) moved = furthest(reach, past.heard) || moved;
      for (let place = Math.max(past.begins, read.get(past.node) ?? 0) + 1; place <= upTo; place++) {
        const from = past.senders[place - past.begins - 1] as NodeId;
        const said = past.places[place - past.begins - 1] as number;
        if (from > 0 && said > (reach.get(from) ?? 0)) {
          reach.set(from, said);
          moved = true;
        }
      }
      read.set(past.node, upTo);
    }
  }
  return reach;
}

function furthest(reach: Map<NodeId, number>, heard: readonly number[]): boolean {
  let moved = false;
  heard.forEach((place, from) => {
    if (place <= (reach.get(from as NodeId) ?? 0)) return;
    reach.set(from as NodeId, place);
    moved = true;
  });
  return moved;
}

/** The first place at which a node has heard what lies beyond the cut. */
function tooMuch(past: Past, cut: ReadonlyMap<NodeId, number>): number | undefined {
  const upTo = cut.get(past.node) as number;
  if (upTo >= past.begins && past.heard.some((place, from) => place > (cut.get(from as NodeId) ?? Number.MAX_SAFE_INTEGER))) return past.begins;
  for (let place = past.begins + 1; place <= upTo; place++) {
    const from = past.senders[place - past.begins - 1] as NodeId;
    if (from > 0 && (past.places[place - past.begins - 1] as number) > (cut.get(from) ?? Number.MAX_SAFE_INTEGER)) return place;
  }
  return undefined;
}

function stateAt(past: Past, place: number): KnownNode {
  const read = refoldDirectory(past.directory, { writing: {}, fromBoot: false, until: place });
  if (read.kind === 'refused') throw new Complaint(`the journal in "${past.directory}" cannot be continued: ${read.text}`);
  return { image: read.kernel.image(), incarnation: read.incarnation, ordinal: read.place.ordinal };
}

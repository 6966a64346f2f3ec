// Reads a run file that somebody wrote, edited or cut. It is input from outside: whatever is wrong with it is said in one
// sentence (that begins after "the run file") naming the place, what was expected and what was found; nothing is guessed.

import { CRASH_POINTS } from '../nemesis/process.ts';
import { FAULTS, faultNamed } from '../nemesis/faults.ts';
import { affordable } from '../nemesis/schedule.ts';
import { LOOP_DEFAULTS } from '../io/loop-options.ts';
import { DECIDE_DEFAULTS, RAFT_DEFAULTS, SWARM_DEFAULTS } from '../kernel/parameters.ts';
import { RUN_FILE_VERSION, type ClientOperation, type EnvelopePlan, type FaultEpisode, type RunFile, type WorkloadPlan } from '../io/sim/run-file.ts';
import { MAX_ID_BYTES, needIdFault } from '../kernel/base/ids.ts';
import { MINUTE, SECOND } from '../kernel/base/time.ts';
import { CONFORMING } from './conforming.ts';
import { SCENARIOS } from './list.ts';
import { groupsOf } from './topology.ts';

export type ReadRunFile = { readonly ok: true; readonly run: RunFile } | { readonly ok: false; readonly problem: string };

/** Says in a sentence that a word is unknown; the program knows how to suggest the nearest one. */
export type Unknown = (noun: string, word: string, words: readonly string[]) => string;

export const MAX_RUN_FILE_BYTES: number = 4 * 1024 * 1024;
/** Over all groups. The first event of every journal names them, and an event has 16 KiB. */
const MAX_VOTERS = 4_096;
const MAX_EPISODES = 20_000;
const MAX_OPERATIONS = 100_000;
/** Nodes that a proposal may ask for. */
const MOST_PLANNED = 5;
const MAX_FOR_US: number = 24 * 60 * MINUTE;

/** What is wrong with the file; thrown and caught within this module only. */
class Wrong extends Error {
  override readonly name = 'Wrong';
}

export function writeRunFile(run: RunFile): string {
  return `${JSON.stringify(run, undefined, 2)}\n`;
}

const plainly: Unknown = (noun, word, words) => `unknown ${noun} "${word}" (expected one of: ${words.join(', ')})`;

export function readRunFile(text: string, unknown: Unknown = plainly): ReadRunFile {
  if (text.length > MAX_RUN_FILE_BYTES) return { ok: false, problem: `has ${text.length} characters, at most ${MAX_RUN_FILE_BYTES} are read` };
  const parsed = parse(text);
  if (parsed === undefined) return { ok: false, problem: 'is not JSON: it may have been cut short' };
  try {
    return { ok: true, run: readRun(new Fields(parsed.value, '', unknown)) };
  } catch (thrown) {
    if (thrown instanceof Wrong) return { ok: false, problem: thrown.message };
    throw thrown;
  }
}

function parse(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

function malformed(expected: string, place: string, found: unknown): Wrong {
  return new Wrong(`is malformed: expected ${expected} at "${place}", found ${shown(found)}`);
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** The fields of one JSON object, each asked for once; one that nobody asked for is wrong too. */
class Fields {
  private readonly values: Map<string, unknown>;
  private readonly prefix: string;
  private readonly unknown: Unknown;

  constructor(value: unknown, prefix: string, unknown: Unknown) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed('a record', prefix === '' ? 'the file' : prefix.slice(0, -1), value);
    this.values = new Map(Object.entries(value));
    this.prefix = prefix;
    this.unknown = unknown;
  }

  private take(name: string): unknown {
    const value = this.values.get(name);
    this.values.delete(name);
    return value;
  }

  has(name: string): boolean {
    return this.values.has(name);
  }

  whole(name: string, low: number, high: number): number {
    const value = this.take(name);
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= low && value <= high) return value;
    throw malformed(`a whole number from ${low} to ${high}`, this.prefix + name, value);
  }

  /** In per mille; files that are older than the field have none of it. */
  share(name: string): number {
    return this.has(name) ? this.whole(name, 0, 1_000) : 0;
  }

  /** Files that are older than the field do without. */
  orZero(name: string, high: number): number {
    return this.has(name) ? this.whole(name, 0, high) : 0;
  }

  word(name: string, noun: string, known: readonly string[]): string {
    const value = this.take(name);
    if (typeof value !== 'string') throw malformed('a text', this.prefix + name, value);
    if (!known.includes(value)) throw new Wrong(`has an ${this.unknown(noun, value, known)}`);
    return value;
  }

  /** `problem` says what is wrong with a text, if anything is. */
  text(name: string, problem: (text: string) => string | undefined): string {
    const value = this.take(name);
    if (typeof value !== 'string') throw malformed('a text', this.prefix + name, value);
    const wrong = problem(value);
    if (wrong === undefined) return value;
    throw new Wrong(`is malformed at "${this.prefix}${name}": ${wrong}`);
  }

  flag(name: string): boolean {
    const value = this.take(name);
    if (typeof value !== 'boolean') throw malformed('true or false', this.prefix + name, value);
    return value;
  }

  list(name: string, most: number): readonly unknown[] {
    const value = this.take(name);
    if (!Array.isArray(value)) throw malformed('a list', this.prefix + name, value);
    if (value.length > most) throw new Wrong(`has ${value.length} values at "${this.prefix}${name}", at most ${most} are read`);
    return value as readonly unknown[];
  }

  record(name: string): Fields {
    return new Fields(this.take(name), `${this.prefix}${name}.`, this.unknown);
  }

  records(name: string, most: number): readonly Fields[] {
    return this.list(name, most).map((value, place) => new Fields(value, `${this.prefix}${name}[${place}].`, this.unknown));
  }

  /** Two numbers of which the first must not be above the second. */
  range(low: string, high: string, least: number, most: number): readonly [number, number] {
    const values = [this.whole(low, least, most), this.whole(high, least, most)] as const;
    this.ordered(low, values[0], high, values[1]);
    return values;
  }

  ordered(low: string, a: number, high: string, b: number): void {
    if (a > b) throw new Wrong(`is malformed: expected "${this.prefix}${low}" (${a}) to be at most "${high}" (${b})`);
  }

  end(): void {
    for (const name of this.values.keys()) throw new Wrong(`has a field "${this.prefix}${name}" that this version does not know`);
  }
}

function readRun(fields: Fields): RunFile {
  const version = readVersion(fields);
  const seed = fields.whole('seed', 0, Number.MAX_SAFE_INTEGER);
  const scenario = fields.word('scenario', 'scenario', [...SCENARIOS, ...CONFORMING].map((one) => one.name));
  const nodes = fields.whole('nodes', 1, 1_000);
  const groups = fields.whole('groups', 1, 256);
  const votersPerGroup = fields.whole('votersPerGroup', 1, 63);
  fields.ordered('votersPerGroup', votersPerGroup, 'nodes', nodes);
  if (groups * votersPerGroup > MAX_VOTERS) throw new Wrong(`has ${groups} groups of ${votersPerGroup} voters: at most ${MAX_VOTERS} voters in all fit into the event that a node boots with`);
  const [healAt, forUs] = fields.range('healAt', 'forUs', 1, MAX_FOR_US);
  const [delayMinUs, delayMaxUs] = fields.range('delayMinUs', 'delayMaxUs', 1, SECOND);
  const [syncMinUs, syncMaxUs] = fields.range('syncMinUs', 'syncMaxUs', 1, SECOND);
  const raft = readNumbers(fields.record('raft'), RAFT_DEFAULTS, 1);
  const decide = readNumbers(fields.record('decide'), DECIDE_DEFAULTS, 0);
  const snapshotEvery = fields.whole('snapshotEvery', 1, 10_000_000);
  const inbox = fields.has('inbox') ? readNumbers(fields.record('inbox'), LOOP_DEFAULTS.inbox, 1) : LOOP_DEFAULTS.inbox;
  const gpuPollUs = fields.whole('gpuPollUs', 0, MAX_FOR_US);
  const followsParent = fields.flag('followsParent');
  const planSyncUs = fields.has('planSyncUs') ? fields.whole('planSyncUs', 1, MAX_FOR_US) : undefined;
  const shadow = fields.whole('shadow', 1, nodes);
  const workload = readWorkload(fields.record('workload'));
  const envelopes = fields.has('envelopes') ? readEnvelopes(fields.record('envelopes')) : undefined;
  const faults = fields.records('faults', MAX_EPISODES).map((one) => readEpisode(one, nodes, healAt));
  const operations = version >= 2 && fields.has('operations') ? fields.records('operations', MAX_OPERATIONS).map((one) => readOperation(one, nodes, workload.clients, forUs)) : undefined;
  fields.end();
  checkBudget({ faults, nodes, groups, votersPerGroup });
  return {
    version, seed, scenario, nodes, groups, votersPerGroup, forUs, healAt, delayMinUs, delayMaxUs, syncMinUs, syncMaxUs, raft, decide, snapshotEvery,
    inbox, gpuPollUs, followsParent, ...(planSyncUs === undefined ? {} : { planSyncUs }), shadow, workload, faults, ...(envelopes === undefined ? {} : { envelopes }), ...(operations === undefined ? {} : { operations }),
  };
}

function readVersion(fields: Fields): number {
  if (!fields.has('version')) throw malformed(`"version": ${RUN_FILE_VERSION}`, 'the file', undefined);
  const version = fields.whole('version', 1, Number.MAX_SAFE_INTEGER);
  if (version <= RUN_FILE_VERSION) return version;
  throw new Wrong(`is of version ${version}, and this program reads versions 1 to ${RUN_FILE_VERSION}: use the lockstep that wrote it, or a newer one`);
}

/** A record of whole numbers with the very fields of another one. */
function readNumbers<T extends { readonly [K in keyof T]: number }>(fields: Fields, like: T, least: number): T {
  const names = Object.keys(like) as (keyof T & string)[];
  const read = Object.fromEntries(names.map((name) => [name, name === 'restAfterUs' ? fields.orZero(name, MAX_FOR_US) : fields.whole(name, least, MAX_FOR_US)])) as unknown as T;
  fields.end();
  return read;
}

function readWorkload(fields: Fields): WorkloadPlan {
  const most = 1_000_000_000;
  const plan: WorkloadPlan = {
    decidesPer1000s: fields.whole('decidesPer1000s', 0, most), getsPer1000s: fields.whole('getsPer1000s', 0, most), clients: fields.whole('clients', 1, 100_000),
    contestedPerMille: fields.whole('contestedPerMille', 0, 1_000), rivals: fields.whole('rivals', 1, 1_000), strayPerMille: fields.whole('strayPerMille', 0, 1_000),
    retryPerMille: fields.whole('retryPerMille', 0, 1_000), hotPerMille: fields.share('hotPerMille'), freshPerMille: fields.share('freshPerMille'),
    timeoutUs: fields.whole('timeoutUs', SECOND / 100, 10 * MINUTE),
    goodputPer1000s: fields.whole('goodputPer1000s', 0, most),
  };
  fields.end();
  return plan;
}

function readEnvelopes(fields: Fields): EnvelopePlan {
  const plan: EnvelopePlan = {
    per1000s: fields.whole('per1000s', 1, 1_000_000_000), actors: fields.whole('actors', 1, 10_000),
    againPerMille: fields.whole('againPerMille', 0, 1_000), mischiefPerMille: fields.whole('mischiefPerMille', 0, 1_000),
    swarm: readNumbers(fields.record('swarm'), SWARM_DEFAULTS, 1),
  };
  fields.end();
  return plan;
}

function readEpisode(fields: Fields, nodes: number, healAt: number): FaultEpisode {
  const kind = fields.word('kind', 'fault', FAULTS.map((fault) => fault.name));
  const [from, until] = fields.range('from', 'until', 0, MAX_FOR_US);
  fields.ordered('until', until, 'healAt', healAt);
  const strength = fields.whole('strength', 0, faultNamed(kind)?.strongest ?? 0);
  const concerned = fields.list('nodes', nodes).map((node) => {
    if (typeof node === 'number' && Number.isSafeInteger(node) && node >= 1 && node <= nodes) return node;
    throw malformed(`nodes from 1 to ${nodes}`, 'nodes', node);
  });
  if (new Set(concerned).size !== concerned.length) throw malformed('every node once', 'nodes', concerned);
  const point = fields.has('point') ? fields.word('point', 'crash point', CRASH_POINTS) : undefined;
  fields.end();
  const episode = { kind, from, until, nodes: concerned, strength };
  return point === undefined ? episode : { ...episode, point: point as (typeof CRASH_POINTS)[number] };
}

function proposalFault(text: string): string | undefined {
  return text.length <= MAX_ID_BYTES && /^[\x21-\x7e]+$/.test(text) ? undefined : `a proposal is named in printable ASCII, with at most ${MAX_ID_BYTES} characters`;
}

function readOperation(fields: Fields, nodes: number, clients: number, forUs: number): ClientOperation {
  const kind = fields.word('kind', 'operation', ['decide', 'get']);
  const asked = { at: fields.whole('at', 0, forUs), client: fields.whole('client', 1, clients), node: fields.whole('node', 1, nodes) };
  const need = fields.text('need', needIdFault);
  const operation: ClientOperation = kind === 'get' ? { ...asked, kind, need } : { ...asked, kind: 'decide', need, proposal: fields.text('proposal', proposalFault), kPlan: fields.whole('kPlan', 1, MOST_PLANNED) };
  fields.end();
  return operation;
}

/** Beyond the budget a run proves nothing: no protocol keeps what a majority forgot. */
function checkBudget(run: Topology): void {
  if (isWithinBudget(run)) return;
  throw new Wrong(`damages what nodes ${[...damagedBy(run.faults)].join(', ')} acknowledged: in some group these are half of the voters or more`);
}

type Topology = Pick<RunFile, 'faults' | 'nodes' | 'groups' | 'votersPerGroup'>;

function damagedBy(faults: readonly FaultEpisode[]): ReadonlySet<number> {
  return new Set(faults.filter(({ kind }) => faultNamed(kind)?.damages === true && faultNamed(kind)?.guarded !== true).flatMap((episode) => episode.nodes));
}

export function isWithinBudget(run: Topology): boolean {
  return affordable(groupsOf(run.nodes, run.groups, run.votersPerGroup), damagedBy(run.faults), []);
}

// Reads a run file that somebody wrote, edited or cut. It is input from outside: whatever is wrong with it is said in one
// sentence that names the place, what was expected and what was found; nothing is repaired or guessed.

import { CRASH_POINTS } from '../nemesis/process.ts';
import { FAULTS, faultNamed } from '../nemesis/faults.ts';
import { affordable } from '../nemesis/schedule.ts';
import { RUN_FILE_VERSION, type FaultEpisode, type RunFile, type WorkloadPlan } from '../io/sim/run-file.ts';
import { MINUTE, SECOND } from '../kernel/base/time.ts';
import { SCENARIOS } from './list.ts';
import { groupsOf } from './topology.ts';

export type ReadRunFile = { readonly ok: true; readonly run: RunFile } | { readonly ok: false; readonly problem: string };

export const MAX_RUN_FILE_BYTES: number = 4 * 1024 * 1024;
const MAX_EPISODES = 20_000;
const MAX_FOR_US: number = 24 * 60 * MINUTE;

/** What is wrong with the file; thrown and caught within this module only. */
class Wrong extends Error {
  override readonly name = 'Wrong';
}

export function writeRunFile(run: RunFile): string {
  return `${JSON.stringify(run, null, 1)}\n`;
}

export function readRunFile(text: string): ReadRunFile {
  if (text.length > MAX_RUN_FILE_BYTES) return { ok: false, problem: `the run file has ${text.length} characters, at most ${MAX_RUN_FILE_BYTES} are allowed` };
  const parsed = parse(text);
  if (parsed === undefined) return { ok: false, problem: 'the run file is not complete JSON' };
  try {
    return { ok: true, run: readRun(new Fields(parsed, 'the run file')) };
  } catch (thrown) {
    if (thrown instanceof Wrong) return { ok: false, problem: thrown.message };
    throw thrown;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** The fields of one JSON object, each asked for once; one that nobody asked for is wrong too. */
class Fields {
  private readonly values: Map<string, unknown>;
  private readonly place: string;

  constructor(value: unknown, place: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Wrong(`${place}: expected an object, got ${shown(value)}`);
    this.values = new Map(Object.entries(value));
    this.place = place;
  }

  private take(name: string): unknown {
    if (!this.values.has(name)) throw new Wrong(`${this.place}: ${name} is missing`);
    const value = this.values.get(name);
    this.values.delete(name);
    return value;
  }

  integer(name: string, low: number, high: number): number {
    const value = this.take(name);
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < low || value > high) {
      throw new Wrong(`${this.place}: ${name} must be an integer from ${low} to ${high}, got ${shown(value)}`);
    }
    return value;
  }

  word(name: string, known: readonly string[]): string {
    const value = this.take(name);
    if (typeof value !== 'string' || !known.includes(value)) throw new Wrong(`${this.place}: ${name} must be one of ${known.join(', ')}, got ${shown(value)}`);
    return value;
  }

  optionalWord(name: string, known: readonly string[]): string | undefined {
    return this.values.has(name) ? this.word(name, known) : undefined;
  }

  flag(name: string): boolean {
    const value = this.take(name);
    if (typeof value !== 'boolean') throw new Wrong(`${this.place}: ${name} must be true or false, got ${shown(value)}`);
    return value;
  }

  list(name: string, most: number): readonly unknown[] {
    const value = this.take(name);
    if (!Array.isArray(value) || value.length > most) throw new Wrong(`${this.place}: ${name} must be a list of at most ${most}, got ${shown(value)}`);
    return value as readonly unknown[];
  }

  object(name: string): Fields {
    return new Fields(this.take(name), `${this.place}, ${name}`);
  }

  end(): void {
    for (const name of this.values.keys()) throw new Wrong(`${this.place}: there is no field ${name}`);
  }
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function readRun(fields: Fields): RunFile {
  const version = fields.integer('version', 1, Number.MAX_SAFE_INTEGER);
  if (version !== RUN_FILE_VERSION) throw new Wrong(`the run file has version ${version}; this program reads version ${RUN_FILE_VERSION}`);
  const seed = fields.integer('seed', 0, Number.MAX_SAFE_INTEGER);
  const scenario = fields.word('scenario', SCENARIOS.map((one) => one.name));
  const nodes = fields.integer('nodes', 1, 1_000);
  const groups = fields.integer('groups', 1, 256);
  const votersPerGroup = fields.integer('votersPerGroup', 1, Math.min(nodes, 63));
  const forUs = fields.integer('forUs', SECOND / 10, MAX_FOR_US);
  const healAt = fields.integer('healAt', 1, forUs);
  const delayMinUs = fields.integer('delayMinUs', 1, SECOND);
  const delayMaxUs = fields.integer('delayMaxUs', delayMinUs, SECOND);
  const syncMinUs = fields.integer('syncMinUs', 1, SECOND);
  const syncMaxUs = fields.integer('syncMaxUs', syncMinUs, SECOND);
  const gpuPollUs = fields.integer('gpuPollUs', 0, MAX_FOR_US);
  const followsParent = fields.flag('followsParent');
  const shadow = fields.integer('shadow', 1, nodes);
  const workload = readWorkload(fields.object('workload'));
  const faults = fields.list('faults', MAX_EPISODES).map((value, place) => readEpisode(new Fields(value, `fault ${place + 1} of the run file`), nodes, healAt));
  fields.end();
  checkBudget(faults, nodes, groups, votersPerGroup);
  return {
    version, seed, scenario, nodes, groups, votersPerGroup, forUs, healAt, delayMinUs, delayMaxUs, syncMinUs, syncMaxUs, gpuPollUs, followsParent, shadow, workload, faults,
  };
}

function readWorkload(fields: Fields): WorkloadPlan {
  const most = 1_000_000_000;
  const plan: WorkloadPlan = {
    decidesPer1000s: fields.integer('decidesPer1000s', 0, most), getsPer1000s: fields.integer('getsPer1000s', 0, most), clients: fields.integer('clients', 1, 100_000),
    contestedPerMille: fields.integer('contestedPerMille', 0, 1_000_000), rivals: fields.integer('rivals', 1, 1_000),
    retryPerMille: fields.integer('retryPerMille', 0, 1_000), timeoutUs: fields.integer('timeoutUs', SECOND / 100, 10 * MINUTE),
    goodputPer1000s: fields.integer('goodputPer1000s', 0, most),
  };
  fields.end();
  return plan;
}

function readEpisode(fields: Fields, nodes: number, healAt: number): FaultEpisode {
  const kind = fields.word('kind', FAULTS.map((fault) => fault.name));
  const from = fields.integer('from', 0, healAt);
  const until = fields.integer('until', from, healAt);
  const strength = fields.integer('strength', 0, faultNamed(kind)?.strongest ?? 0);
  const concerned = fields.list('nodes', nodes).map((node) => {
    if (typeof node !== 'number' || !Number.isSafeInteger(node) || node < 1 || node > nodes) throw new Wrong(`a fault names node ${shown(node)}; nodes are numbered from 1 to ${nodes}`);
    return node;
  });
  if (new Set(concerned).size !== concerned.length) throw new Wrong(`a fault names a node twice: ${concerned.join(', ')}`);
  const point = fields.optionalWord('point', CRASH_POINTS);
  fields.end();
  const episode = { kind, from, until, nodes: concerned, strength };
  return point === undefined ? episode : { ...episode, point: point as (typeof CRASH_POINTS)[number] };
}

/** Beyond the budget a run proves nothing: no protocol keeps what a majority forgot. */
function checkBudget(faults: readonly FaultEpisode[], nodes: number, groups: number, votersPerGroup: number): void {
  const damaged = new Set(faults.filter((episode) => faultNamed(episode.kind)?.damages === true).flatMap((episode) => episode.nodes));
  if (affordable(groupsOf(nodes, groups, votersPerGroup), damaged, [])) return;
  throw new Wrong(`the faults damage what nodes ${[...damaged].join(', ')} acknowledged: in some group these are half of the voters or more`);
}

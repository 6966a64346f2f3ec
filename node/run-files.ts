// Run files on disk: written atomically, and read with suspicion. Whatever is wrong with a file is said in one sentence that
// names the field, what was expected there and what was found.

import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { RUN_FILE_VERSION, type FaultEpisode, type RunFile } from '../io/sim/run-file.ts';
import { readWord } from './arguments.ts';
import type { Catalogue } from './catalogue.ts';
import { Complaint } from './complaint.ts';

const MAX_BYTES = 4 * 1024 * 1024;
const MAX_EPISODES = 10_000;
const DAY_US = 86_400_000_000;
const CRASH_POINTS = ['beforeAppend', 'afterAppend', 'afterStep', 'beforeSync', 'beforeRelease', 'halfwayReleasing', 'afterRelease', 'duringRecovery', 'duringSnapshot'];

type Range = readonly [least: number, most: number];
type Fields = Readonly<Record<string, Range | 'boolean'>>;

const RUN_FIELDS: Fields = {
  version: [0, Number.MAX_SAFE_INTEGER], seed: [0, Number.MAX_SAFE_INTEGER], nodes: [1, 1_000], groups: [1, 1_000], votersPerGroup: [1, 64],
  forUs: [1, DAY_US], healAt: [0, DAY_US], delayMinUs: [0, DAY_US], delayMaxUs: [0, DAY_US], syncMinUs: [0, DAY_US], syncMaxUs: [0, DAY_US],
  gpuPollUs: [0, DAY_US], followsParent: 'boolean', shadow: [0, 1_000],
};
const WORKLOAD_FIELDS: Fields = {
  decidesPer1000s: [0, 1e9], getsPer1000s: [0, 1e9], clients: [0, 100_000], contestedPerMille: [0, 1_000_000], rivals: [0, 1_000],
  retryPerMille: [0, 1_000], timeoutUs: [1, DAY_US], goodputPer1000s: [0, 1e9],
};
const EPISODE_FIELDS: Fields = { from: [0, DAY_US], until: [0, DAY_US], strength: [0, Number.MAX_SAFE_INTEGER] };

export function saveRunFile(path: string, run: RunFile): void {
  const draft = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(draft, `${JSON.stringify(run, undefined, 2)}\n`);
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw new Complaint(`cannot write ${path}: ${(error as Error).message}`);
  }
}

/** Refuses early what could not be written late, after a long run. */
export function requireFolderOf(path: string, flag: string): void {
  if (statSync(dirname(path), { throwIfNoEntry: false })?.isDirectory() !== true) throw new Complaint(`${flag} expects a file in a folder that exists, got "${path}"`);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) throw new Complaint(`${flag} expects a file, and "${path}" is a folder`);
}

export function loadRunFile(path: string, catalogue: Catalogue): RunFile {
  const size = statSync(path, { throwIfNoEntry: false });
  if (size === undefined) throw new Complaint(`no run file at "${path}": "lockstep sim --seed 42 --save ${path}" writes one`);
  if (!size.isFile()) throw new Complaint(`expected a run file at "${path}", found something that is no file`);
  if (size.size > MAX_BYTES) throw new Complaint(`the run file "${path}" has ${size.size} bytes, at most ${MAX_BYTES} are read`);
  return new RunFileReader(path, catalogue).read(readFileSync(path, 'utf8'));
}

class RunFileReader {
  private readonly path: string;
  private readonly catalogue: Catalogue;

  constructor(path: string, catalogue: Catalogue) {
    this.path = path;
    this.catalogue = catalogue;
  }

  read(text: string): RunFile {
    const run = this.record(this.parse(text), 'the file');
    const version = run['version'];
    if (typeof version === 'number' && version > RUN_FILE_VERSION) {
      this.complain(`is of version ${version}, and this program reads version ${RUN_FILE_VERSION}: use the lockstep that wrote it, or a newer one`);
    }
    if (version !== RUN_FILE_VERSION) this.complain(`is malformed: expected "version": ${RUN_FILE_VERSION}, found ${show(version)}`);
    this.fields(run, RUN_FIELDS, '', ['scenario', 'workload', 'faults']);
    const workload = this.record(run['workload'], '"workload"');
    this.fields(workload, WORKLOAD_FIELDS, 'workload.', []);
    if (typeof run['scenario'] !== 'string') this.complain(`is malformed: expected a text at "scenario", found ${show(run['scenario'])}`);
    this.word(run['scenario'] as string, 'scenario', this.catalogue.scenarios.map((scenario) => scenario.name));
    this.episodes(run['faults'], run['nodes'] as number);
    const typed = run as unknown as RunFile;
    this.order(typed);
    return typed;
  }

  private parse(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch (error) {
      return this.complain(`is not JSON (${(error as Error).message.replace(/\s+/g, ' ')}): it may have been cut short`);
    }
  }

  private fields(record: Readonly<Record<string, unknown>>, fields: Fields, prefix: string, others: readonly string[]): void {
    for (const [name, rule] of Object.entries(fields)) {
      const value = record[name];
      if (rule === 'boolean') {
        if (typeof value !== 'boolean') this.complain(`is malformed: expected true or false at "${prefix}${name}", found ${show(value)}`);
      } else if (!Number.isSafeInteger(value) || (value as number) < rule[0] || (value as number) > rule[1]) {
        this.complain(`is malformed: expected a whole number from ${rule[0]} to ${rule[1]} at "${prefix}${name}", found ${show(value)}`);
      }
    }
    for (const name of Object.keys(record)) {
      if (!(name in fields) && !others.includes(name)) this.complain(`has a field "${prefix}${name}" that this version does not know`);
    }
  }

  private episodes(value: unknown, nodes: number): void {
    if (!Array.isArray(value)) return this.complain(`is malformed: expected a list at "faults", found ${show(value)}`);
    if (value.length > MAX_EPISODES) this.complain(`has ${value.length} fault episodes, at most ${MAX_EPISODES} are read`);
    const kinds = this.catalogue.faults.map((fault) => fault.name);
    for (const [i, item] of value.entries()) {
      const at = `faults[${i}].`;
      const episode = this.record(item, `"faults[${i}]"`);
      this.fields(episode, EPISODE_FIELDS, at, ['kind', 'nodes', 'point']);
      this.word(String(episode['kind']), 'fault', kinds);
      const named: unknown = episode['nodes'];
      if (!Array.isArray(named) || named.some((node) => !Number.isSafeInteger(node) || node < 1 || node > nodes)) {
        this.complain(`is malformed: expected a list of nodes from 1 to ${nodes} at "${at}nodes", found ${show(named)}`);
      }
      if (episode['point'] !== undefined) this.word(String(episode['point']), 'crash point', CRASH_POINTS);
    }
  }

  private order(run: RunFile): void {
    const pairs: readonly (readonly [string, number, string, number])[] = [
      ['delayMinUs', run.delayMinUs, 'delayMaxUs', run.delayMaxUs],
      ['syncMinUs', run.syncMinUs, 'syncMaxUs', run.syncMaxUs],
      ['healAt', run.healAt, 'forUs', run.forUs],
      ['votersPerGroup', run.votersPerGroup, 'nodes', run.nodes],
      ['shadow', run.shadow, 'nodes', run.nodes],
      ...run.faults.map((fault: FaultEpisode, i) => [`faults[${i}].from`, fault.from, `faults[${i}].until`, fault.until] as const),
      ...run.faults.map((fault: FaultEpisode, i) => [`faults[${i}].until`, fault.until, 'healAt', run.healAt] as const),
    ];
    for (const [low, a, high, b] of pairs) if (a > b) this.complain(`is malformed: expected "${low}" (${a}) to be at most "${high}" (${b})`);
  }

  private word(text: string, noun: string, words: readonly string[]): void {
    try {
      readWord(text, noun, words);
    } catch (error) {
      this.complain(`has an ${(error as Error).message}`);
    }
  }

  private record(value: unknown, what: string): Readonly<Record<string, unknown>> {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) this.complain(`is malformed: expected a record at ${what}, found ${show(value)}`);
    return value as Readonly<Record<string, unknown>>;
  }

  private complain(what: string): never {
    throw new Complaint(`the run file "${this.path}" ${what}`);
  }
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

// What `lockstep sim` was asked to do, read from its flags: every value is checked here, before anything is started or written.

import { randomInt } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { RunFile } from '../io/sim/run-file.ts';
import type { KnownFailure } from '../reports/sweep-report.ts';
import type { RunOptions } from '../scenarios/scenario.ts';
import { readCount, readDuration, readSeed, readSeeds, readWord, readWords, type SeedRange } from './arguments.ts';
import type { Catalogue } from './catalogue.ts';
import { Complaint } from './complaint.ts';
import { loadKnownFailures } from './known-failures.ts';
import { isOperatorName } from './operators/names.ts';
import { loadRunFile, requireFolderOf, requireWritable } from './run-files.ts';

/** The flags as the parser found them. */
export interface SimFlags {
  readonly seed?: string;
  readonly seeds?: string;
  readonly scenario?: string;
  readonly nodes?: string;
  readonly for?: string;
  readonly faults?: string;
  readonly properties?: string;
  readonly mutant?: string;
  readonly realCrypto?: boolean;
  readonly checked?: boolean;
  readonly run?: string;
  readonly save?: string;
  readonly dump?: string;
  readonly jobs?: string;
  readonly stopOnFailure?: boolean;
  readonly known?: string;
  readonly list?: boolean;
  readonly junit?: string;
  readonly json?: boolean;
  readonly report?: string;
  readonly shrink?: boolean;
  readonly why?: boolean;
  readonly budget?: string;
  readonly samples?: string;
}

/** How runs are made, whether one or many. */
export interface RunMode {
  readonly options: RunOptions;
  readonly checked: boolean;
  readonly realCrypto: boolean;
  readonly mutant?: string;
  readonly properties?: readonly string[];
  readonly json: boolean;
  readonly junit?: string;
}

export interface OneRun extends RunMode {
  readonly kind: 'one';
  readonly seed: number;
  readonly runFile?: RunFile;
  readonly runPath?: string;
  readonly save?: string;
  readonly dump?: string;
  readonly report?: string;
  readonly shrink: boolean;
  readonly why: boolean;
  /** Of the search for what is smaller, and of that for why. */
  readonly budgetMs?: number;
  /** Continuations of each moment, at most. */
  readonly samples: number;
}

export interface Sweep extends RunMode {
  readonly kind: 'sweep';
  readonly seeds: SeedRange;
  /** "all", or one scenario. */
  readonly scenario: string;
  readonly jobs: number;
  readonly stopOnFailure: boolean;
  readonly known: readonly KnownFailure[];
}

export const DEFAULT_SAMPLES = '24';
export const MAX_NODES = 500;
export const DEFAULT_SCENARIO = 'steady-decides';

export function readSimFlags(flags: SimFlags, catalogue: Catalogue): OneRun | Sweep {
  refuseConflicts(flags);
  const mode = readMode(flags, catalogue);
  if (flags.seeds !== undefined || flags.scenario === 'all') return readSweep(flags, mode);
  const base: Omit<OneRun, 'seed'> = {
    ...mode,
    kind: 'one',
    shrink: flags.shrink === true,
    why: flags.why === true,
    samples: readCount(flags.samples ?? DEFAULT_SAMPLES, '--samples', 4, 1_000),
    ...(flags.budget === undefined ? {} : { budgetMs: readDuration(flags.budget, '--budget') / 1_000 }),
    ...(flags.save === undefined ? {} : { save: writable(flags.save, '--save') }),
    ...(flags.dump === undefined ? {} : { dump: emptyFolder(flags.dump) }),
    ...(flags.report === undefined ? {} : { report: reportFile(flags.report) }),
  };
  if (flags.run === undefined) return { ...base, seed: seedOf(flags) };
  const runFile = loadRunFile(flags.run);
  return { ...base, seed: runFile.seed, runFile, runPath: flags.run };
}

function refuseConflicts(flags: SimFlags): void {
  const given = (name: keyof SimFlags): boolean => flags[name] !== undefined;
  const flag = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  const conflicts: readonly (readonly [keyof SimFlags, readonly (keyof SimFlags)[], string])[] = [
    ['run', ['seed', 'seeds', 'scenario', 'nodes', 'for', 'faults'], 'a run file already says everything'],
    ['seeds', ['seed', 'save', 'dump', 'report', 'shrink', 'why'], 'a sweep has many runs'],
  ];
  for (const [one, others, why] of conflicts) {
    const other = given(one) ? others.find(given) : undefined;
    if (other !== undefined) throw new Complaint(`${flag(one)} and ${flag(other)} do not go together: ${why}`);
  }
  const single = (['save', 'dump', 'report', 'shrink', 'why'] as const).find(given);
  if (flags.scenario === 'all' && single !== undefined) throw new Complaint(`--scenario all and ${flag(single)} do not go together: name one scenario`);
  if (given('budget') && !given('shrink') && !given('why')) throw new Complaint('--budget goes with --shrink or --why: a run takes as long as it takes');
  if (given('samples') && !given('why')) throw new Complaint('--samples goes with --why: that asks each moment so often');
  if (!given('seeds') && flags.scenario !== 'all' && given('jobs')) throw new Complaint('--jobs goes with a sweep: give it seeds, such as --seeds 1..1000');
  if (!given('seeds') && flags.scenario !== 'all' && given('known')) throw new Complaint('--known goes with a sweep: give it seeds, such as --seeds 1..1000');
}

function readMode(flags: SimFlags, catalogue: Catalogue): RunMode {
  const scenarios = catalogue.scenarios.map((scenario) => scenario.name);
  const scenario = flags.scenario === undefined || flags.scenario === 'all' ? undefined : readWord(flags.scenario, 'scenario', [...scenarios, 'all']);
  const options: RunOptions = {
    ...(scenario === undefined ? {} : { scenario }),
    ...(flags.nodes === undefined ? {} : { nodes: readCount(flags.nodes, '--nodes', 1, MAX_NODES) }),
    ...(flags.for === undefined ? {} : { forUs: readDuration(flags.for) }),
    ...(flags.faults === undefined ? {} : { faults: readFaults(flags.faults, catalogue) }),
  };
  return {
    options,
    checked: flags.checked === true,
    realCrypto: flags.realCrypto === true,
    json: flags.json === true,
    ...(flags.mutant === undefined ? {} : { mutant: readMutant(flags.mutant, catalogue) }),
    ...(flags.properties === undefined ? {} : { properties: readWords(flags.properties, 'property', catalogue.properties.map((property) => property.id)) }),
    ...(flags.junit === undefined ? {} : { junit: writable(flags.junit, '--junit') }),
  };
}

/** A planted bug, or a slip of the hand: that one is looked for when it is planted. */
function readMutant(text: string, catalogue: Catalogue): string {
  return isOperatorName(text) ? text : readWord(text, 'mutant', catalogue.mutants.map((mutant) => mutant.name));
}

function readFaults(text: string, catalogue: Catalogue): 'none' | 'all' | readonly string[] {
  if (text === 'none' || text === 'all') return text;
  return readWords(text, 'fault', [...catalogue.faults.map((fault) => fault.name), 'none', 'all']);
}

function readSweep(flags: SimFlags, mode: RunMode): Sweep {
  const seed = flags.seeds === undefined ? seedOf(flags) : 0;
  return {
    ...mode,
    kind: 'sweep',
    seeds: flags.seeds === undefined ? { from: seed, to: seed } : readSeeds(flags.seeds),
    scenario: flags.scenario ?? DEFAULT_SCENARIO,
    jobs: flags.jobs === undefined ? availableParallelism() : readCount(flags.jobs, '--jobs', 1, 256),
    stopOnFailure: flags.stopOnFailure === true,
    known: flags.known === undefined ? [] : loadKnownFailures(flags.known),
  };
}

/** The seed that was given, or a drawn one; in CI it must be given. */
export function seedOf(flags: { readonly seed?: string }): number {
  if (flags.seed !== undefined) return readSeed(flags.seed);
  const ci = process.env['CI'];
  if (ci !== undefined && ci !== '' && ci !== 'false') throw new Complaint('in CI a run needs a seed, so that it can be run again: add --seed 42');
  return randomInt(2 ** 32);
}

function writable(path: string, flag: string): string {
  requireFolderOf(path, flag);
  return path;
}

function reportFile(path: string): string {
  requireWritable(path, '--report');
  return path;
}

/** A dump goes into a folder of its own: two dumps in one would be neither. */
function emptyFolder(path: string): string {
  const there = statSync(path, { throwIfNoEntry: false });
  if (there === undefined) requireFolderOf(path, '--dump');
  else if (!there.isDirectory() || readdirSync(path).length > 0) throw new Complaint(`--dump expects a new or empty folder, and "${path}" is ${there.isDirectory() ? 'not empty' : 'a file'}`);
  return path;
}

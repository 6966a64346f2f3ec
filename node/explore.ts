// `lockstep explore`: bounded exhaustive exploration of a small world of Raft members. The search is in scenarios/small-world/;
// here are its flags, the clock that ends it, and what is said of it.

import { MUTANTS } from '../nemesis/mutants/list.ts';
import type { Mutant } from '../nemesis/mutants/mutant.ts';
import { renderExplore, type ExploreReport } from '../reports/explore-report.ts';
import { paintFor } from '../reports/paint.ts';
import { duration, short } from '../reports/quantities.ts';
import { DEFAULT_BOUNDS, LIMITS, type Bounds } from '../scenarios/small-world/bounds.ts';
import type { Search } from '../scenarios/small-world/search.ts';
import { readCount, readDuration, readWord } from './arguments.ts';
import { Complaint, EXIT } from './complaint.ts';
import { estimateStates } from './explore-estimate.ts';
import { Interruption } from './interruption.ts';
import { kernelHash } from './kernel-hash.ts';
import { plantByName } from './mutant-hook.ts';
import { bar, Progress } from './progress.ts';
import { trapped } from './trap.ts';
import { VERSION } from './version.ts';

type Counted = keyof typeof LIMITS;

export type ExploreFlags = { readonly [bound in Counted]?: string } & {
  readonly preVotes?: boolean;
  readonly symmetry?: boolean;
  readonly budget?: string;
  readonly maxStates?: string;
  readonly mutant?: string;
  readonly json?: boolean;
};

interface Plan {
  readonly bounds: Bounds;
  readonly budgetMs: number;
  readonly maxStates: number;
  readonly mutant: string | undefined;
}

const COUNTED = Object.keys(LIMITS) as readonly Counted[];
/** About 20 bytes each, while the table grows 36. */
const MAX_STATES = 40_000_000;
/** What a small world consists of: a bug elsewhere is not in it. */
const PARTS = ['kernel/raft/', 'kernel/decide/register.ts', 'kernel/decide/record.ts', 'kernel/decide/command.ts', 'kernel/base/'];
/** Actions between two looks at the clock: a few milliseconds. */
const SLICE = 5_000;

export async function explore(flags: ExploreFlags): Promise<number> {
  const plan = readPlan(flags);
  if (plan.mutant !== undefined) plantByName(plan.mutant);
  // Loaded only now, so that the planted bug is in what is loaded.
  const { Search } = await import('../scenarios/small-world/search.ts');
  const { tell } = await import('../scenarios/small-world/tale.ts');
  const { CLAIMS } = await import('../scenarios/small-world/claims.ts');
  const search = trapped(() => new Search(plan.bounds, plan.maxStates));
  const { ended, wallMs } = await searchWithin(search, plan);
  const cpu = process.cpuUsage();
  const { found, world } = search;
  const { late } = world.bounds;
  const complete = search.ended === 'complete' && !world.overflowed;
  const checks = world.checks;
  const report: ExploreReport = {
    version: VERSION,
    kernel: kernelHash(),
    ...(plan.mutant === undefined ? {} : { mutant: plan.mutant }),
    bounds: { ...plan.bounds, late },
    ended,
    complete,
    states: search.states,
    transitions: search.transitions,
    memberStates: world.members.states.length,
    frames: world.members.frames.length,
    pastTried: world.members.tried,
    levels: search.levels,
    depth: search.completeTo,
    estimatedStates: complete ? search.states : (estimateStates(search.levels) ?? null),
    collisionBelow: collision(search),
    digest: search.digest(),
    budgetMs: plan.budgetMs,
    wallMs: Math.round(wallMs),
    cpuMs: Math.round((cpu.user + cpu.system) / 1_000),
    statesPerSecond: Math.round(search.states / Math.max(0.001, wallMs / 1_000)),
    properties: CLAIMS.map(({ id, claim }, place) => {
      const base = { id, claim, checks: checks[place] as number };
      if (found?.violation.claim === id) return { ...base, verdict: 'violated', violation: found.violation.text };
      return { ...base, verdict: base.checks === 0 ? 'not-exercised' : 'held' };
    }),
    ...(found === undefined ? {} : { trace: { length: found.actions.length, shortest: found.shortest, steps: tell(world, found.actions) } }),
    replay: againCommand(plan),
  };
  process.stdout.write(flags.json === true ? `${JSON.stringify(report)}\n` : `${renderExplore(report, paintFor(process.stdout.isTTY, process.env))}\n`);
  return found === undefined ? EXIT.held : EXIT.violated;
}

function readPlan(flags: ExploreFlags): Plan {
  const counts = Object.fromEntries(COUNTED.map((bound) => [bound, flags[bound] === undefined ? DEFAULT_BOUNDS[bound] : readCount(flags[bound], `--${bound}`, ...LIMITS[bound])])) as Pick<Bounds, Counted>;
  return {
    bounds: { ...counts, preVotes: flags.preVotes === true, late: false, symmetry: flags.symmetry !== false },
    budgetMs: readDuration(flags.budget ?? '60s', '--budget') / 1_000,
    maxStates: flags.maxStates === undefined ? MAX_STATES : readCount(flags.maxStates, '--max-states', 1_000, 80_000_000),
    mutant: flags.mutant === undefined ? undefined : presentMutant(flags.mutant),
  };
}

function presentMutant(text: string): string {
  const name = readWord(text, 'mutant', MUTANTS.map((mutant) => mutant.name));
  const absent = (MUTANTS.find((mutant) => mutant.name === name) as Mutant).edits.find(({ file }) => !PARTS.some((part) => file.startsWith(part)));
  if (absent !== undefined) throw new Complaint(`"${name}" is planted in ${absent.file}, which is no part of a small world (members of one Raft group and their register): try "lockstep sim --mutant ${name}"`);
  return name;
}

async function searchWithin(search: Search, plan: Plan): Promise<{ readonly ended: ExploreReport['ended']; readonly wallMs: number }> {
  const interruption = new Interruption(() => undefined);
  const started = performance.now();
  const spent = (): number => performance.now() - started;
  const progress = new Progress(() => progressLine(search, spent(), plan.budgetMs));
  try {
    while (trapped(() => search.advance(SLICE)) && spent() < plan.budgetMs && !interruption.came) await new Promise(setImmediate);
  } finally {
    progress.end();
    interruption.forget();
  }
  const wallMs = spent();
  if (search.found !== undefined) return { ended: 'violated', wallMs };
  if (search.ended === 'complete') return { ended: search.world.overflowed ? 'memory' : 'complete', wallMs };
  return { ended: search.ended === 'full' ? 'memory' : interruption.came ? 'interrupted' : 'budget', wallMs };
}

function progressLine(search: Search, spentMs: number, budgetMs: number): string {
  const { states, share } = search;
  const round = search.isSweeping ? 'all the rest' : `all traces of ${search.depth} actions`;
  const estimated = estimateStates(search.levels);
  const found = search.found === undefined ? '' : `  violated in ${search.found.actions.length} actions, looking for fewer`;
  return `${bar(share, 24)} ${round}  ${short(states)} states${estimated === undefined ? '' : ` of about ${estimated.toExponential(0)}`}, ${short(states / (spentMs / 1_000))}/s  ${duration(Math.round(spentMs * 1_000))} of ${duration(budgetMs * 1_000)}${found}`;
}

/** Birthdays among 2^64: of states of the world, and of states of members. */
function collision(search: Search): number {
  const pairs = (count: number): number => (count * count) / 2;
  return (pairs(search.states) + pairs(search.world.members.states.length)) / 2 ** 64;
}

function againCommand(plan: Plan): string {
  const { bounds } = plan;
  const words = COUNTED.flatMap((bound) => (bounds[bound] === DEFAULT_BOUNDS[bound] ? [] : [`--${bound}`, String(bounds[bound])]));
  if (bounds.preVotes) words.push('--pre-votes');
  if (!bounds.symmetry) words.push('--no-symmetry');
  if (plan.budgetMs !== 60_000) words.push('--budget', `${plan.budgetMs}ms`);
  if (plan.maxStates !== MAX_STATES) words.push('--max-states', String(plan.maxStates));
  if (plan.mutant !== undefined) words.push('--mutant', plan.mutant);
  return `npm run explore${words.length === 0 ? '' : ` -- ${words.join(' ')}`}`;
}

// Composes faults from a seed: which are on, how often, how strong, all overlapping as they fall, and all over when the
// safety phase ends. Faults that damage what a node acknowledged stay within a budget: fewer than half of each group's voters.

import { MS, SECOND, type Micros } from '../kernel/base/time.ts';
import type { GroupParameters } from '../kernel/parameters.ts';
import type { FaultEpisode } from '../io/sim/run-file.ts';
import type { Draw } from './draw.ts';
import type { Fault, Site } from './fault.ts';
import { FAULTS } from './faults.ts';

export interface ScheduleOptions {
  readonly nodes: number;
  readonly groups: readonly GroupParameters[];
  readonly healAt: Micros;
  /** Names of the faults that may come. */
  readonly among: readonly string[];
  /** Those of them that certainly come; of the rest the seed chooses, so that there are three or more. */
  readonly certain: readonly string[];
  readonly parent: boolean;
  readonly gpu: boolean;
  readonly content?: boolean;
  /** Nodes that the story itself damages: part of the budget. */
  readonly damaged?: readonly number[];
  /** Mean time between two episodes of one fault, if only a few kinds come. */
  readonly gapUs: Micros;
}

/** Faults of so many kinds come as often as they would alone; of more, each comes less often, else nothing is served any more. */
const CROWD_KINDS = 16;
/** Faults begin once the first leaders have had time to appear. */
const CALM_US: Micros = 800 * MS;
const LEAST_KINDS = 3;
const STORM_KINDS = 3;
const STORM_US: Micros = 2 * SECOND;
const STORM_EVERY_US: Micros = 15 * SECOND;

export function compose(draw: Draw, options: ScheduleOptions): FaultEpisode[] {
  const possible = FAULTS.filter((fault) => options.among.includes(fault.name) && offered(fault, options));
  const chosen = choose(draw.split('kinds'), possible, options.certain);
  const gapUs = Math.floor((options.gapUs * Math.max(CROWD_KINDS, chosen.length)) / CROWD_KINDS);
  const episodes = chosen.flatMap((fault) => (fault.damages === true ? [] : episodesOf(draw.split(fault.name), fault, { ...options, gapUs })));
  const damages = chosen.filter((fault) => fault.damages === true);
  const storms = stormsOf(draw.split('storms'), chosen.filter((fault) => fault.damages !== true), options);
  return [...episodes, ...storms, ...withinBudget(draw.split('damage'), damages, options)].sort(byTime);
}

function offered(fault: Fault, options: ScheduleOptions): boolean {
  if (fault.needs === 'parent') return options.parent;
  if (fault.needs === 'content') return options.content === true;
  return fault.needs === 'gpu' ? options.gpu : true;
}

/** Swarm testing: a run with few faults reaches states that one with all of them never does. */
function choose(draw: Draw, possible: readonly Fault[], certain: readonly string[]): readonly Fault[] {
  const harmless = possible.filter((fault) => fault.damages !== true);
  const least = draw.nodes(LEAST_KINDS, harmless.length).map((place) => harmless[place - 1]);
  const more = draw.nodes(draw.between(0, possible.length), possible.length).map((place) => possible[place - 1]);
  return possible.filter((fault) => certain.includes(fault.name) || least.includes(fault) || more.includes(fault));
}

function episodesOf(draw: Draw, fault: Fault, options: ScheduleOptions): FaultEpisode[] {
  const out: FaultEpisode[] = [];
  const first = Math.min(options.gapUs, Math.max(1, options.healAt - CALM_US));
  let from = CALM_US + draw.below(Math.floor(first / 2));
  while (from < options.healAt - 20 * MS) {
    const lengthUs = draw.pick([200 * MS, 1 * SECOND, 3 * SECOND]);
    const episode = fault.draw(draw, siteAt(options, from, lengthUs));
    out.push(episode);
    from = episode.until + Math.floor((options.gapUs * draw.between(30, 170)) / 100);
  }
  return out;
}

/** Now and then three kinds of fault come at one moment, so that no run has them only one after the other. */
function stormsOf(draw: Draw, faults: readonly Fault[], options: ScheduleOptions): FaultEpisode[] {
  const out: FaultEpisode[] = [];
  const latest = options.healAt - STORM_US;
  for (let from = CALM_US + draw.below(Math.max(1, Math.min(STORM_EVERY_US, latest - CALM_US))); from < latest; from += draw.between(STORM_EVERY_US / 2, 2 * STORM_EVERY_US)) {
    const kinds = draw.nodes(STORM_KINDS, faults.length).map((place) => faults[place - 1] as Fault);
    for (const fault of kinds) out.push(fault.draw(draw, siteAt(options, from, STORM_US)));
  }
  return out;
}

function siteAt(options: ScheduleOptions, from: Micros, lengthUs: Micros): Site {
  return { nodes: options.nodes, from, healAt: options.healAt, lengthUs };
}

/** One or two episodes of damage, as long as every group keeps a majority that never lost anything. */
function withinBudget(draw: Draw, faults: readonly Fault[], options: ScheduleOptions): FaultEpisode[] {
  const damaged = new Set<number>(options.damaged ?? []);
  const out: FaultEpisode[] = [];
  for (const fault of faults) {
    const span = options.healAt - CALM_US - 400 * MS;
    if (span <= 0) continue;
    const episode = fault.draw(draw, siteAt(options, CALM_US + draw.below(span), SECOND));
    if (!affordable(options.groups, damaged, episode.nodes)) continue;
    for (const node of episode.nodes) damaged.add(node);
    out.push(episode);
  }
  return out;
}

export function affordable(groups: readonly GroupParameters[], damaged: ReadonlySet<number>, more: readonly number[]): boolean {
  return groups.every((group) => {
    const hit = group.voters.filter((voter) => damaged.has(voter) || more.includes(voter)).length;
    return 2 * hit < group.voters.length;
  });
}

function byTime(a: FaultEpisode, b: FaultEpisode): number {
  if (a.from !== b.from) return a.from - b.from;
  if (a.kind !== b.kind) return a.kind < b.kind ? -1 : 1;
  return (a.nodes[0] ?? 0) - (b.nodes[0] ?? 0);
}

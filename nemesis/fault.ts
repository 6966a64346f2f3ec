// What a fault is: a name, a line about it, how to draw an episode of it, and how to begin and end one in a world. Each fault
// counts how often it really happened, for a fault that never happens tests nothing.

import type { Micros } from '../kernel/base/time.ts';
import type { Host } from '../io/sim/host.ts';
import type { FaultEpisode } from '../io/sim/run-file.ts';
import type { World } from '../io/sim/world.ts';
import type { Draw } from './draw.ts';

/** The place and the time that an episode is drawn for. */
export interface Site {
  readonly nodes: number;
  readonly from: Micros;
  /** Episodes end by then. */
  readonly healAt: Micros;
  /** The mean length of episodes of faults that last. */
  readonly lengthUs: Micros;
}

export interface Fault {
  readonly name: string;
  readonly about: string;
  /** What `strength` of an episode means. */
  readonly unit: string;
  /** The strengths that a run file may name. */
  readonly strongest: number;
  /** A larger strength is less of it: a longer pause between two blows, a wider link. */
  readonly milder?: 'larger';
  /** Only where the scenario has what it breaks. */
  readonly needs?: 'parent' | 'gpu' | 'content' | 'plan';
  /** It damages what a node acknowledged: counted against the fault budget. */
  readonly damages?: boolean;
  /** It looks for itself whether the network can bear the damage, when its time has come. */
  readonly guarded?: boolean;
  draw(draw: Draw, site: Site): FaultEpisode;
  /** Begins the episode; what it returns ends it. */
  begin(world: World, episode: FaultEpisode): () => void;
  /** How often it happened, where the world's own count does not say. */
  happened?(world: World): number;
}

/** The machines of an episode, but for those that faults pass by now. */
export function struck(world: World, episode: FaultEpisode): readonly Host[] {
  return episode.nodes.map((node) => world.host(node)).filter((host) => !host.spared);
}

/** What each of them bears from now on, until what is returned is called; one that bears several such things bears them all. */
export function burden<T>(bearers: readonly T[], bear: (one: T, sign: 1 | -1) => void): () => void {
  for (const one of bearers) bear(one, 1);
  return () => {
    for (const one of bearers) bear(one, -1);
  };
}

/** A fault that lasts between half and one and a half times the mean. */
export function lasting(draw: Draw, site: Site): Micros {
  const length = Math.floor((site.lengthUs * draw.between(50, 150)) / 100);
  return Math.min(site.healAt, site.from + length);
}

/** One node in a small network, up to one in ten of a large one. */
export function few(draw: Draw, site: Site): number[] {
  return draw.nodes(draw.between(1, Math.max(1, Math.floor(site.nodes / 10))), site.nodes);
}

/** Anything from one node to all of them. */
export function some(draw: Draw, site: Site): number[] {
  return draw.nodes(draw.between(1, site.nodes), site.nodes);
}

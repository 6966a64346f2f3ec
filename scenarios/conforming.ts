// Stories that are told twice: to the simulator, and to five live processes whose links go through a proxy. They use only
// faults that both worlds can be given in the same way. One table instead of a file each: a story is one line of schedule.

import { MS, SECOND, type Micros } from '../kernel/base/time.ts';
import type { FaultEpisode, RunFile, WorkloadPlan } from '../io/sim/run-file.ts';
import { SeededDraw, type Draw } from '../nemesis/draw.ts';
import type { RunOptions, Scenario } from './scenario.ts';
import { STEADY, tell } from './story.ts';

export const CONFORM_NODES = 5;

/** What a live process on a small machine bears five times over; with enough rivals that P1 has something to judge. */
const LOAD: WorkloadPlan = {
  ...STEADY, decidesPer1000s: 24_000, getsPer1000s: 12_000, clients: 24, contestedPerMille: 250, rivals: 3, retryPerMille: 1_000, freshPerMille: 300, goodputPer1000s: 6_000,
};
const CONTESTED: WorkloadPlan = { ...LOAD, contestedPerMille: 900, rivals: 5 };

interface Round {
  readonly draw: Draw;
  readonly from: Micros;
  /** How long this round's fault may last. */
  readonly lastsUs: Micros;
  readonly turn: number;
}

interface Told {
  readonly name: string;
  readonly about: string;
  readonly workload?: WorkloadPlan;
  /** The mean time from the beginning of one round to the next, and how long a fault lasts. */
  readonly everyUs: Micros;
  readonly lastsUs: readonly [Micros, Micros];
  readonly round: (round: Round) => readonly FaultEpisode[];
}

/** Faults begin once the first leaders have had time to appear. */
const CALM_US: Micros = 1_500 * MS;

function episodes(told: Told, draw: Draw, healAt: Micros): FaultEpisode[] {
  const out: FaultEpisode[] = [];
  for (let turn = 0, from = CALM_US; from < healAt - 500 * MS; turn++) {
    const lastsUs = Math.min(healAt - from, draw.between(...told.lastsUs));
    out.push(...told.round({ draw, from, lastsUs, turn }));
    from += Math.max(lastsUs + 300 * MS, Math.floor((told.everyUs * draw.between(70, 130)) / 100));
  }
  return out;
}

const one = (draw: Draw): number[] => draw.nodes(1, CONFORM_NODES);
const lasting = (kind: string, { from, lastsUs }: Round, nodes: readonly number[], strength: number): FaultEpisode => ({ kind, from, until: from + lastsUs, nodes, strength });
/** A fault whose strength is how long a process is down. */
const down = (kind: string, round: Round, nodes: readonly number[]): FaultEpisode => lasting(kind, round, nodes, round.lastsUs);

const TOLD: readonly Told[] = [
  { name: 'quiet', about: 'nothing goes wrong', everyUs: SECOND, lastsUs: [SECOND, SECOND], round: () => [] },
  { name: 'leader-killed', about: 'whoever leads is killed, again and again', everyUs: 9 * SECOND, lastsUs: [1_500 * MS, 3_000 * MS], round: (round) => [down('leader-killed', round, [1])] },
  { name: 'node-killed', about: 'one node after the other is killed, whoever leads', everyUs: 7 * SECOND, lastsUs: [1_000 * MS, 3_000 * MS], round: (round) => [down('kill', round, one(round.draw))] },
  { name: 'leader-paused', about: 'the process of whoever leads stands still, and goes on with what it believed', everyUs: 9 * SECOND, lastsUs: [800 * MS, 4_000 * MS], round: (round) => [lasting('leader-paused', round, [1], 1)] },
  { name: 'leader-isolated', about: 'whoever leads is cut off from all others, while its clients still ask it', everyUs: 9 * SECOND, lastsUs: [1_000 * MS, 4_000 * MS], round: (round) => [lasting('leader-cut', round, [1], 1)] },
  { name: 'one-way-cut', about: 'one node is heard and does not hear, or hears and is not heard', everyUs: 8 * SECOND, lastsUs: [1_000 * MS, 4_000 * MS], round: (round) => [lasting('one-way', round, one(round.draw), 1 + (round.turn % 2))] },
  { name: 'slow-links', about: 'links take tens of milliseconds, or carry little', everyUs: 9 * SECOND, lastsUs: [3_000 * MS, 6_000 * MS], round: (round) => [round.turn % 3 < 2 ? lasting('slow', round, round.draw.nodes(3, CONFORM_NODES), round.draw.between(10, 60) * MS) : lasting('narrow', round, round.draw.nodes(2, CONFORM_NODES), 40_000)] },
  { name: 'flapping-link', about: 'one node is cut off for fractions of a second, over and over', everyUs: 900 * MS, lastsUs: [100 * MS, 500 * MS], round: (round) => [lasting('partition', round, [1 + (Math.floor(round.turn / 8) % CONFORM_NODES)], 1)] },
  { name: 'resets', about: 'connections break and are made again', everyUs: 5 * SECOND, lastsUs: [1_500 * MS, 3_000 * MS], round: (round) => [lasting('reset', round, round.draw.nodes(2, CONFORM_NODES), round.draw.between(300, 900) * MS)] },
  { name: 'lossy-links', about: 'some of what is sent is lost', everyUs: 7 * SECOND, lastsUs: [2_000 * MS, 4_000 * MS], round: (round) => [lasting('drop', round, round.draw.nodes(3, CONFORM_NODES), round.draw.between(10_000, 60_000))] },
  { name: 'node-by-node', about: 'one node after the other is restarted, cleanly or not', everyUs: 7 * SECOND, lastsUs: [800 * MS, 2_000 * MS], round: (round) => [down(round.turn % 3 === 2 ? 'kill' : 'restart', round, [1 + (round.turn % CONFORM_NODES)])] },
  { name: 'minority-cut-off', about: 'two of five are cut off from the other three', everyUs: 9 * SECOND, lastsUs: [2_000 * MS, 5_000 * MS], round: (round) => [lasting('partition', round, round.draw.nodes(2, CONFORM_NODES), 1)] },
  { name: 'two-of-five-down', about: 'two of five are killed at one moment: what is left is just a majority', everyUs: 10 * SECOND, lastsUs: [2_000 * MS, 4_000 * MS], round: (round) => [down('kill', round, round.draw.nodes(2, CONFORM_NODES))] },
  {
    name: 'rivals-in-trouble', about: 'almost every need has five rivals, while leaders die, stand still and are cut off', workload: CONTESTED, everyUs: 6 * SECOND, lastsUs: [800 * MS, 3_000 * MS],
    round: (round) => {
      const kind = ['leader-killed', 'leader-cut', 'leader-paused', 'partition'][round.turn % 4] as string;
      return [kind === 'leader-killed' ? down(kind, round, [1]) : lasting(kind, round, kind === 'partition' ? round.draw.nodes(2, CONFORM_NODES) : [1], 1)];
    },
  },
];

export const CONFORM_FOR: Micros = 90 * SECOND;

function scenarioOf(told: Told): Scenario {
  return {
    name: told.name,
    about: told.about,
    resolve: (seed: number, options: RunOptions, draw: Draw): RunFile => {
      const story = {
        name: told.name, nodes: CONFORM_NODES, groups: 1, votersPerGroup: CONFORM_NODES, forUs: CONFORM_FOR, workload: told.workload ?? LOAD, faults: [], gapUs: SECOND, tuned: false,
        own: (own: Draw, healAt: Micros) => episodes(told, own, healAt),
      };
      return tell(story, seed, options, draw);
    },
  };
}

export const CONFORMING: readonly Scenario[] = TOLD.map(scenarioOf);

export function resolveConforming(name: string, seed: number, forUs: Micros): RunFile {
  const scenario = CONFORMING.find((known) => known.name === name);
  if (scenario === undefined) throw new Error(`there is no conforming scenario ${name}`);
  return scenario.resolve(seed, { forUs }, new SeededDraw(`${seed}/${name}`));
}

// What all stories share: how long they run, when they heal, which faults may come. Each story changes what it is about.

import { SECOND, type Micros } from '../kernel/base/time.ts';
import { DECIDE_DEFAULTS, RAFT_DEFAULTS, type DecideParameters, type RaftParameters } from '../kernel/parameters.ts';
import { LOOP_DEFAULTS } from '../io/loop-options.ts';
import { RUN_FILE_VERSION, type EnvelopePlan, type FaultEpisode, type RunFile, type WorkloadPlan } from '../io/sim/run-file.ts';
import type { Draw } from '../nemesis/draw.ts';
import { faultNamed, FAULTS } from '../nemesis/faults.ts';
import { compose } from '../nemesis/schedule.ts';
import type { RunOptions } from './scenario.ts';
import { groupsOf } from './topology.ts';

export interface Story {
  readonly name: string;
  readonly nodes: number;
  readonly groups: number;
  readonly votersPerGroup: number;
  readonly forUs: Micros;
  readonly workload: WorkloadPlan;
  /** Names of the faults that come by themselves; `all` of them come if a person says so. */
  readonly faults: readonly string[];
  /** Those of them that come in every run. */
  readonly certain?: readonly string[];
  readonly gapUs: Micros;
  readonly gpuPollUs?: Micros;
  readonly followsParent?: boolean;
  /** How often nodes compare their plans. */
  readonly planSyncUs?: Micros;
  /** Followers fall so far behind that content stores matter. */
  readonly content?: boolean;
  /** What actors of the swarm publish meanwhile. */
  readonly envelopes?: (draw: Draw) => EnvelopePlan;
  /** Whether the seed draws bounds and intervals of the protocol too, so that its rare paths are reached. */
  readonly tuned?: boolean;
  /** Parameters of the protocol that this story is about. */
  readonly raft?: Partial<RaftParameters>;
  readonly decide?: Partial<DecideParameters>;
  /** Episodes that make the story what it is, whatever else happens. */
  readonly own?: (draw: Draw, healAt: Micros, nodes: number, votersPerGroup: number) => readonly FaultEpisode[];
}

/** Clients and rates that suit five nodes; a story says what differs. */
export const STEADY: WorkloadPlan = {
  decidesPer1000s: 100_000, getsPer1000s: 15_000, clients: 40, contestedPerMille: 40, rivals: 3, strayPerMille: 2, retryPerMille: 900, hotPerMille: 0, freshPerMille: 200, timeoutUs: 8 * SECOND,
  goodputPer1000s: 20_000,
};

/**
 * The last part of a run is for healing: the bound for liveness and two seconds in which it is judged, but never more than
 * half of the run.
 */
export function healingAt(forUs: Micros): Micros {
  return forUs - Math.min(Math.floor(forUs / 2), 10 * RAFT_DEFAULTS.electionMaxUs + 2 * SECOND);
}

export function tell(story: Story, seed: number, options: RunOptions, draw: Draw): RunFile {
  const nodes = options.nodes ?? story.nodes;
  const forUs = options.forUs ?? story.forUs;
  const healAt = healingAt(forUs);
  const tuned = story.tuned ?? true;
  const votersPerGroup = Math.min(nodes, tuned ? draw.split('voters').pick([story.votersPerGroup, story.votersPerGroup, 3]) : story.votersPerGroup);
  const disk = draw.split('disk');
  const syncMinUs = disk.between(60, 200);
  const faults = episodes(story, options, draw, nodes, healAt, votersPerGroup);
  return {
    version: RUN_FILE_VERSION, seed, scenario: story.name, nodes, groups: story.groups, votersPerGroup, forUs, healAt,
    delayMinUs: 100, delayMaxUs: draw.split('network').between(300, 900), syncMinUs, syncMaxUs: syncMinUs + disk.between(50, 400),
    ...told(story, tuning(draw.split('tuning'), tuned, nodes)), inbox: LOOP_DEFAULTS.inbox,
    gpuPollUs: story.gpuPollUs ?? 0, followsParent: story.followsParent ?? false, ...(story.planSyncUs === undefined ? {} : { planSyncUs: story.planSyncUs }), shadow: shadowed(draw.split('shadow'), nodes, faults),
    workload: tuned ? leaning(draw.split('workload'), story.workload) : story.workload, ...(story.envelopes === undefined ? {} : { envelopes: story.envelopes(draw.split('envelopes')) }), faults,
  };
}

/** Two snapshots' worth of events stay referenced on every simulated disk: few keep the heap small and the run fast. */
const SNAPSHOT_EVERY = 400;
/** Three epochs' worth of records are kept, by every voter. */
const EPOCH_US: Micros = 5 * SECOND;

function tuning(draw: Draw, tuned: boolean, nodes: number): Pick<RunFile, 'raft' | 'decide' | 'snapshotEvery'> {
  if (!tuned) return { raft: RAFT_DEFAULTS, decide: { ...DECIDE_DEFAULTS, epochUs: EPOCH_US }, snapshotEvery: SNAPSHOT_EVERY };
  const raft: RaftParameters = {
    ...RAFT_DEFAULTS, maxEntriesPerAppend: draw.pick([1, 4, 16, 64]), maxInFlight: draw.pick([1, 2, 4, 16]), keepEntries: draw.pick([16, 64, 256]),
    maxSessions: draw.pick([nodes + 2, 2 * nodes + 8, 128 + nodes]), sessionIdleUs: draw.pick([10, 60, 600]) * SECOND,
  };
  return { raft, decide: { ...DECIDE_DEFAULTS, epochUs: draw.pick([1, 3, 6]) * EPOCH_US }, snapshotEvery: draw.pick([200, SNAPSHOT_EVERY, 1_500]) };
}

function told(story: Story, drawn: ReturnType<typeof tuning>): ReturnType<typeof tuning> {
  return { ...drawn, raft: { ...drawn.raft, ...story.raft }, decide: { ...drawn.decide, ...story.decide } };
}

/** Where clients ask, and what for: evenly, or most of them at one node, or about what was decided just now. */
function leaning(draw: Draw, workload: WorkloadPlan): WorkloadPlan {
  return { ...workload, hotPerMille: draw.pick([0, 400, 800]), freshPerMille: draw.pick([100, 500, 900]) };
}

/** Some node whose journal no fault will damage. */
function shadowed(draw: Draw, nodes: number, faults: readonly FaultEpisode[]): number {
  const damaged = faults.filter((episode) => faultNamed(episode.kind)?.damages === true).flatMap((episode) => episode.nodes);
  const whole = Array.from({ length: nodes }, (_, place) => place + 1).filter((node) => !damaged.includes(node));
  return whole.length === 0 ? 1 : draw.pick(whole);
}

function episodes(story: Story, options: RunOptions, draw: Draw, nodes: number, healAt: Micros, votersPerGroup: number): FaultEpisode[] {
  const wish = options.faults ?? 'default';
  if (wish === 'none') return [];
  const own = story.own?.(draw.split('story'), healAt, nodes, votersPerGroup) ?? [];
  const damaged = own.filter(({ kind }) => faultNamed(kind)?.damages === true && faultNamed(kind)?.guarded !== true).flatMap((episode) => episode.nodes);
  const among = wish === 'default' ? story.faults : wish === 'all' ? FAULTS.map((fault) => fault.name) : wish;
  const composed = compose(draw.split('faults'), {
    nodes, groups: groupsOf(nodes, story.groups, votersPerGroup), healAt, among, certain: wish === 'default' ? (story.certain ?? []) : among,
    parent: story.followsParent ?? false, gpu: (story.gpuPollUs ?? 0) > 0, content: story.content ?? false, gapUs: story.gapUs, damaged,
  });
  return [...own, ...composed].sort((a, b) => a.from - b.from);
}

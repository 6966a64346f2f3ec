// Edits that make a run smaller: a person could make each of them in the run file. None of them knows what the run is about.

import { produce } from 'immer';
import { MS, SECOND, type Micros } from '../kernel/base/time.ts';
import { RUN_FILE_VERSION, type ClientOperation, type FaultEpisode, type RunFile } from '../io/sim/run-file.ts';
import { faultNamed } from '../nemesis/faults.ts';

/** Leaders appear within the first second. */
export const CALM_US: Micros = SECOND;
const TIGHT = 20;
const SHORTEST_US: Micros = 10 * MS;

/** Lists are replaced as a whole: a draft of every one of ten thousand operations would cost more than the run. */
const edited = (run: RunFile, change: Partial<RunFile>): RunFile =>
  produce(run, (draft) => {
    Object.assign(draft, change);
  });

/** With exactly these operations in place of a workload. What is asked is no sample any more: there is no floor to reach. */
export function asking(run: RunFile, operations: readonly ClientOperation[]): RunFile {
  return produce(edited(run, { version: RUN_FILE_VERSION, operations }), (draft) => {
    draft.workload.goodputPer1000s = 0;
  });
}

export function withSeed(run: RunFile, seed: number): RunFile {
  return edited(run, { seed });
}

/** Without the faults from place `from` to before `to`. */
export function withoutFaults(run: RunFile, from: number, to: number): RunFile {
  return edited(run, { faults: run.faults.toSpliced(from, to - from) });
}

export function withoutOperations(run: RunFile, from: number, to: number): RunFile {
  return run.operations === undefined ? run : edited(run, { operations: run.operations.toSpliced(from, to - from) });
}

/** Without what begins after `at`; both phases are over as soon as they can be. Up to then it is the same run. */
export function endingAt(run: RunFile, at: Micros): RunFile {
  const faults = run.faults.filter((episode) => episode.from <= at);
  const healAt = latest(faults, at + 1);
  return edited(run, { faults, healAt, forUs: healAt, ...operationsOf(run, (operation) => (operation.at <= at ? operation : undefined)) });
}

/** The same run, over at `forUs`, when all is healed already. */
export function endingWith(run: RunFile, forUs: Micros): RunFile {
  return edited(run, { forUs, ...operationsOf(run, (operation) => (operation.at <= forUs ? operation : undefined)) });
}

/** The same run with the end put off until `at` or later: nothing heals before. */
export function healingLate(run: RunFile, at: Micros): RunFile {
  const healAt = latest(run.faults, Math.max(at, run.healAt));
  return edited(run, { healAt, forUs: Math.max(healAt, run.forUs) });
}

function latest(faults: readonly FaultEpisode[], at: Micros): Micros {
  return faults.reduce((end, episode) => Math.max(end, episode.until), at);
}

function operationsOf(run: RunFile, change: (operation: ClientOperation) => ClientOperation | undefined): Pick<RunFile, 'operations'> {
  if (run.operations === undefined) return {};
  const operations: ClientOperation[] = [];
  for (const operation of run.operations) {
    const changed = change(operation);
    if (changed !== undefined) operations.push(changed);
  }
  return { operations };
}

/** What is over by `begin` is left out, and the rest comes that much earlier, after a calm second. */
export function beginningAt(run: RunFile, begin: Micros): RunFile {
  const by = begin - CALM_US;
  if (by <= 0) return run;
  const earlier = (time: Micros): Micros => Math.max(CALM_US, time - by);
  const faults = run.faults.filter((episode) => episode.until > begin).map((episode) => ({ ...episode, from: earlier(episode.from), until: earlier(episode.until) }));
  const operations = operationsOf(run, (operation) => (operation.at < begin ? undefined : { ...operation, at: earlier(operation.at) }));
  return edited(run, { faults, healAt: Math.max(1, run.healAt - by), forUs: Math.max(1, run.forUs - by), ...operations });
}

/** Moments at which a decision of the run takes effect, in order. */
export function momentsOf(run: RunFile): readonly Micros[] {
  const moments = [...run.faults.flatMap((episode) => [episode.from, episode.until]), ...(run.operations ?? []).map((operation) => operation.at), run.healAt];
  return [...new Set(moments)].toSorted((a, b) => a - b);
}

/** Everything after `after` comes earlier. */
export function withoutPause(run: RunFile, after: Micros, by: Micros): RunFile {
  const earlier = (time: Micros): Micros => (time > after ? time - by : time);
  return edited(run, {
    faults: run.faults.map((episode) => ({ ...episode, from: earlier(episode.from), until: earlier(episode.until) })),
    healAt: earlier(run.healAt), forUs: earlier(run.forUs), ...operationsOf(run, (operation) => ({ ...operation, at: earlier(operation.at) })),
  });
}

/** On fewer nodes, in fewer groups, with fewer voters. Who asked, or was struck on, a node that is gone turns to another one, or is left out. */
export function onTopology(run: RunFile, nodes: number, groups: number, votersPerGroup: number): RunFile {
  const faults = run.faults
    .map((episode) => ({ ...episode, nodes: episode.nodes.filter((node) => node <= nodes) }))
    .filter((episode, place) => episode.nodes.length > 0 || run.faults[place]?.nodes.length === 0);
  return edited(run, {
    nodes, groups, votersPerGroup: Math.min(nodes, votersPerGroup), shadow: Math.min(nodes, run.shadow), faults,
    ...operationsOf(run, (operation) => ({ ...operation, node: 1 + ((operation.node - 1) % nodes) })),
  });
}

/** Node `first + 1` becomes node 1, and so on, going round. */
export function renumbered(run: RunFile, first: number): RunFile {
  if (first === 0) return run;
  const number = (node: number): number => 1 + ((node - 1 - first + run.nodes) % run.nodes);
  return edited(run, {
    shadow: number(run.shadow), faults: run.faults.map((episode) => ({ ...episode, nodes: episode.nodes.map(number).toSorted((a, b) => a - b) })),
    ...operationsOf(run, (operation) => ({ ...operation, node: number(operation.node) })),
  });
}

/** Edits that bring the protocol to its bounds sooner. */
export function tighterBounds(run: RunFile): readonly ((run: RunFile) => RunFile)[] {
  const { snapshotEvery, raft, decide } = run;
  const out: ((run: RunFile) => RunFile)[] = [];
  for (const fewer of [TIGHT, 4 * TIGHT]) {
    if (fewer < snapshotEvery) out.push((one) => edited(one, { snapshotEvery: fewer }));
  }
  if (raft.keepEntries > 1) out.push((one) => edited(one, { raft: { ...one.raft, keepEntries: 1 } }));
  if (decide.maxRecords > TIGHT) out.push((one) => edited(one, { decide: { ...one.decide, maxRecords: TIGHT >> 2 } }));
  if (raft.sessionIdleUs > SECOND) out.push((one) => edited(one, { raft: { ...one.raft, sessionIdleUs: SECOND } }));
  if (decide.epochUs > SECOND) out.push((one) => edited(one, { decide: { ...one.decide, epochUs: SECOND } }));
  return out;
}

/** Nothing outside the network: no parent chain, no GPUs. */
export function alone(run: RunFile): RunFile {
  const faults = run.faults.filter((episode) => faultNamed(episode.kind)?.needs === undefined);
  return edited(run, { gpuPollUs: 0, followsParent: false, faults });
}

export function withFault(run: RunFile, place: number, change: Partial<FaultEpisode>): RunFile {
  return edited(run, { faults: run.faults.map((episode, at) => (at === place ? { ...episode, ...change } : episode)) });
}

/** What is a little less of this episode, the boldest first. */
export function milder(episode: FaultEpisode): readonly Partial<FaultEpisode>[] {
  const out: Partial<FaultEpisode>[] = [];
  if (episode.nodes.length > 1) for (const node of episode.nodes) out.push({ nodes: episode.nodes.filter((one) => one !== node) });
  const lasts = episode.until - episode.from;
  if (lasts > 2 * SHORTEST_US) out.push({ until: episode.from + Math.ceil(lasts / 4) }, { until: episode.from + Math.ceil(lasts / 2) });
  const fault = faultNamed(episode.kind);
  // One or two words for what it does, rather than how much of it.
  if (fault === undefined || fault.strongest <= 2) return out;
  if (fault.milder === 'larger') {
    const more = Math.min(fault.strongest, 2 * episode.strength);
    if (more > episode.strength && 2 * episode.strength < lasts) out.push({ strength: more });
  } else if (episode.strength > 1) out.push({ strength: Math.ceil(episode.strength / 8) }, { strength: Math.ceil(episode.strength / 2) });
  return out;
}

// From a run file to the parameters that every node of the run boots with.

import { groupId, nodeId } from '../kernel/base/ids.ts';
import { SWARM_DEFAULTS, type GroupParameters, type Parameters } from '../kernel/parameters.ts';
import type { RunFile } from '../io/sim/run-file.ts';

/** Voters of a group stand side by side in the member list; the groups begin at even distances. */
export function groupsOf(nodes: number, groups: number, votersPerGroup: number): GroupParameters[] {
  const voters = Math.min(nodes, votersPerGroup);
  return Array.from({ length: groups }, (_, group) => {
    const first = Math.floor((group * nodes) / groups);
    const members = Array.from({ length: voters }, (__, place) => nodeId(((first + place) % nodes) + 1)).sort((a, b) => a - b);
    return { id: groupId(group), voters: members };
  });
}

export function parametersOf(run: RunFile): Parameters {
  return {
    network: `sim-${run.scenario}-${run.seed}`,
    nodes: run.nodes,
    groups: groupsOf(run.nodes, run.groups, run.votersPerGroup),
    raft: run.raft,
    decide: run.decide,
    swarm: run.envelopes?.swarm ?? SWARM_DEFAULTS,
    gpuPollUs: run.gpuPollUs,
    followsParent: run.followsParent,
    planSyncUs: run.planSyncUs ?? 0,
  };
}

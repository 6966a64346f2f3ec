// What every node of a network must agree on, and the hash that names it. Two definitions with the same hash are the same
// network: members with their keys and their order, groups, and every parameter of the protocol. Addresses are not part of it.

import type { Member } from '../../io/live/members.ts';
import { sha256 } from '../../kernel/base/hash.ts';
import { groupId, nodeId } from '../../kernel/base/ids.ts';
import { MINUTE, MS } from '../../kernel/base/time.ts';
import { DECIDE_DEFAULTS, RAFT_DEFAULTS, SWARM_DEFAULTS, type DecideParameters, type GroupParameters, type Parameters, type RaftParameters } from '../../kernel/parameters.ts';

export interface NetworkDefinition {
  readonly name: string;
  /** Replicated logs over which the 256 buckets are spread. */
  readonly groups: number;
  /** By id, from 1 without a gap. */
  readonly members: readonly Member[];
  readonly raft: RaftParameters;
  readonly decide: DecideParameters;
}

/** Voters of one group: more make every decide slower and hardly safer. */
const MAX_VOTERS = 5;

/**
 * A live gateway has more open at a time than a simulated one. Records are kept for two to three minutes: at thousands of
 * decides a second that is some hundred thousand. Connections deliver or break, so a retry is seldom of use before a new
 * leader is there.
 */
export const LIVE_DECIDE: DecideParameters = { ...DECIDE_DEFAULTS, epochUs: MINUTE, maxOpen: 1_024, maxRecords: 1_048_576, retryUs: 500 * MS };
/**
 * Two appends under way to a follower: while one is answered the next is on its way, and what comes meanwhile gathers in the one
 * after it. With more of them a busy leader sends an append for each request, and every one costs two nodes a frame and an
 * event. A follower that lags by some seconds catches up from the log: a snapshot would hold up everybody.
 */
export const LIVE_RAFT: RaftParameters = { ...RAFT_DEFAULTS, maxInFlight: 2, keepEntries: 8_192 };

export function networkHash(network: NetworkDefinition): string {
  const { name, groups, members, raft, decide } = network;
  const ordered = (values: object): [string, number][] => (Object.entries(values) as [string, number][]).sort(([a], [b]) => (a < b ? -1 : 1));
  return sha256(JSON.stringify(['lockstep network 1', name, groups, members.map((member) => member.publicKey), ordered(raft), ordered(decide)]));
}

/** How often a node says to another one what it has of the plan. */
const PLAN_SYNC_US = 30_000_000;

/** What of the parameters belongs to one node, not to the network. */
export interface OwnParameters {
  readonly gpuPollUs: number;
  readonly followsParent: boolean;
}

export function parametersOf(network: NetworkDefinition, own: OwnParameters): Parameters {
  return {
    network: networkHash(network),
    nodes: network.members.length,
    groups: Array.from({ length: network.groups }, (_, group) => groupOf(group, network.members.length)),
    raft: network.raft,
    decide: network.decide,
    swarm: SWARM_DEFAULTS,
    planSyncUs: PLAN_SYNC_US,
    ...own,
  };
}

/** Voters of neighbouring groups begin one member further on, so that the groups are spread evenly. */
function groupOf(group: number, nodes: number): GroupParameters {
  const voters = Array.from({ length: Math.min(nodes, MAX_VOTERS) }, (_, place) => ((group + place) % nodes) + 1);
  return { id: groupId(group), voters: voters.sort((a, b) => a - b).map(nodeId) };
}

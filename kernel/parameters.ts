// What every node of a network agrees on before it starts. Journalled with `boot`, so a refold needs nothing else.

import { type Codec, type Reader, type Writer } from './base/codec.ts';
import { groupId, nodeId, type GroupId, type NodeId } from './base/ids.ts';
import { MS, SECOND, type Micros } from './base/time.ts';

export interface GroupParameters {
  readonly id: GroupId;
  readonly voters: readonly NodeId[];
}

export interface RaftParameters {
  readonly heartbeatUs: Micros;
  /** An election starts after a silence drawn from [electionMinUs, electionMaxUs]. */
  readonly electionMinUs: Micros;
  readonly electionMaxUs: Micros;
  readonly maxEntriesPerAppend: number;
  /** Appends sent to one follower and not yet answered. */
  readonly maxInFlight: number;
  /** Entries appended and not yet committed; beyond it the leader answers `busy`. */
  readonly maxUncommitted: number;
  /** Applied entries kept for followers that lag a little; who lags more gets a snapshot. */
  readonly keepEntries: number;
  readonly maxSessions: number;
  readonly sessionIdleUs: Micros;
  readonly maxPendingReads: number;
  /** A group in which nothing was asked for so long rests: no heartbeats and no elections until somebody asks; 0: it never does. */
  readonly restAfterUs: Micros;
}

export interface DecideParameters {
  readonly epochUs: Micros;
  /** Epochs before the current one whose needs are still answered; older ones are `tooOld`. */
  readonly keepEpochs: number;
  /** Epochs a need may be ahead of the register. */
  readonly maxAhead: number;
  readonly maxRecords: number;
  /** The gateway: retry after, give up (answer `unknown`) after, and open requests it takes on. */
  readonly retryUs: Micros;
  readonly giveUpUs: Micros;
  readonly maxOpen: number;
}

/** Envelopes: what is remembered of them, and how old or how far in the future one may claim to be. */
export interface SwarmParameters {
  readonly senders: number;
  /** Envelopes of one sender. */
  readonly window: number;
  readonly freshUs: Micros;
  readonly aheadUs: Micros;
}

export interface Parameters {
  /** Hash of what makes this network this network; nothing replays on another one. */
  readonly network: string;
  readonly nodes: number;
  readonly groups: readonly GroupParameters[];
  readonly raft: RaftParameters;
  readonly decide: DecideParameters;
  readonly swarm: SwarmParameters;
  /** How often the GPU is asked for its inventory; 0: this node has none. */
  readonly gpuPollUs: Micros;
  /** True if the node follows a parent chain. */
  readonly followsParent: boolean;
  /** How often a node says to another one what it has of the plan; 0: never, and nothing is found that got lost. */
  readonly planSyncUs: Micros;
}

export const RAFT_DEFAULTS: RaftParameters = {
  heartbeatUs: 100 * MS,
  electionMinUs: 500 * MS,
  electionMaxUs: 1_000 * MS,
  maxEntriesPerAppend: 64,
  maxInFlight: 16,
  maxUncommitted: 1_024,
  keepEntries: 256,
  maxSessions: 128,
  sessionIdleUs: 600 * SECOND,
  maxPendingReads: 1_024,
  restAfterUs: 2 * SECOND,
};

export const DECIDE_DEFAULTS: DecideParameters = {
  epochUs: 30 * SECOND,
  keepEpochs: 2,
  maxAhead: 4,
  maxRecords: 65_536,
  retryUs: 300 * MS,
  giveUpUs: 5 * SECOND,
  maxOpen: 64,
};

export const SWARM_DEFAULTS: SwarmParameters = { senders: 1_024, window: 64, freshUs: 600 * SECOND, aheadUs: 120 * SECOND };

const RAFT_FIELDS = Object.keys(RAFT_DEFAULTS) as readonly (keyof RaftParameters)[];
const DECIDE_FIELDS = Object.keys(DECIDE_DEFAULTS) as readonly (keyof DecideParameters)[];

const SWARM_FIELDS = Object.keys(SWARM_DEFAULTS) as readonly (keyof SwarmParameters)[];

const groupCodec: Codec<GroupParameters> = {
  write(w: Writer, group: GroupParameters): void {
    w.array(2);
    w.uint(group.id);
    w.array(group.voters.length);
    for (const voter of group.voters) w.uint(voter);
  },
  read(r: Reader): GroupParameters {
    r.tuple(2);
    const id = groupId(r.uint(0xffff));
    const voters: NodeId[] = [];
    for (let n = r.array(64); n > 0; n--) voters.push(nodeId(r.uint(0xffff)));
    return { id, voters };
  },
};

function readFields<K extends string>(r: Reader, fields: readonly K[]): Record<K, number> {
  r.tuple(fields.length);
  const out: Partial<Record<K, number>> = {};
  for (const field of fields) out[field] = r.uint();
  return out as Record<K, number>;
}

/** Fields of the raft, decide and swarm groups stand in the order of the declarations above. */
export const parametersCodec: Codec<Parameters> = {
  write(w: Writer, p: Parameters): void {
    w.array(9);
    w.text(p.network);
    w.uint(p.nodes);
    w.list(groupCodec, p.groups);
    w.array(RAFT_FIELDS.length);
    for (const field of RAFT_FIELDS) w.uint(p.raft[field]);
    w.array(DECIDE_FIELDS.length);
    for (const field of DECIDE_FIELDS) w.uint(p.decide[field]);
    w.array(SWARM_FIELDS.length);
    for (const field of SWARM_FIELDS) w.uint(p.swarm[field]);
    w.uint(p.gpuPollUs);
    w.bool(p.followsParent);
    w.uint(p.planSyncUs);
  },
  read(r: Reader): Parameters {
    r.tuple(9);
    return {
      network: r.text(128), nodes: r.uint(0xffff), groups: r.list(groupCodec, 1024),
      raft: readFields(r, RAFT_FIELDS), decide: readFields(r, DECIDE_FIELDS), swarm: readFields(r, SWARM_FIELDS), gpuPollUs: r.uint(), followsParent: r.bool(), planSyncUs: r.uint(),
    };
  },
};

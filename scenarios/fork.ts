// A run that goes on from states which nodes really had: what would have become of them under other faults. Every machine
// loses its power at that moment and is started again in a simulated world, with the disk that it had; messages under way are
// lost, and clients come back. Of a voter whose state is not known a likely one is made: the log that another voter knew.

import type { NodeId } from '../kernel/base/ids.ts';
import { nodeId } from '../kernel/base/ids.ts';
import { SECOND, type Micros } from '../kernel/base/time.ts';
import type { KernelImage } from '../kernel/image.ts';
import { Kernel } from '../kernel/kernel.ts';
import type { Parameters } from '../kernel/parameters.ts';
import type { RaftImage } from '../kernel/raft/image.ts';
import { RecordChunk, SnapshotChunk } from '../io/journal-chunks.ts';
import { snapshotFile, WATERMARK_FILE, WATERMARK_MAGIC } from '../io/journal-format.ts';
import { LOOP_DEFAULTS } from '../io/loop-options.ts';
import { watermarkCodec, type Place, type Writing } from '../io/journal-records.ts';
import { RUN_FILE_VERSION, type RunFile } from '../io/sim/run-file.ts';
import type { DirectoryCopy } from '../io/sim/disk.ts';
import { SeededDraw } from '../nemesis/draw.ts';
import { FAULTS } from '../nemesis/faults.ts';
import { compose } from '../nemesis/schedule.ts';
import { pastOf, raftOf } from '../properties/past.ts';
import type { RunPast } from './scenario.ts';
import { healingAt, STEADY } from './story.ts';

/** What one node was, as its journal says. */
export interface KnownNode {
  readonly image: KernelImage;
  readonly incarnation: number;
  readonly ordinal: number;
}

/** Where the state of a node comes from: its own journal, or what others knew. */
export interface Origin {
  readonly node: NodeId;
  readonly step: number;
  /** Undefined: its own journal. Else the node whose log it got. */
  readonly copiedFrom?: NodeId;
}

export interface Fork {
  readonly past: RunPast;
  readonly origins: readonly Origin[];
}

export const FORK = 'fork';
const PREFIX = 'fork-';

/** Puts a network together from the nodes that are known; the rest are made of what these knew. */
export function forkOf(known: readonly KnownNode[], seed: number, version: string): Fork {
  const own = (known[0] as KnownNode).image.parameters;
  // Each node has its own GPUs and may follow its own chain: none of it goes on here.
  const parameters: Parameters = { ...own, gpuPollUs: 0, followsParent: false };
  const origins: Origin[] = [];
  const nodes: KnownNode[] = [];
  for (let id = 1; id <= parameters.nodes; id++) {
    const self = nodeId(id);
    const found = known.find((one) => one.image.self === self);
    const made = found ?? copyFor(self, known, own);
    nodes.push(made);
    const donor = found === undefined ? donorOf(known, self, own) : undefined;
    origins.push({ node: self, step: made.image.sequence, ...(donor === undefined ? {} : { copiedFrom: donor }) });
  }
  const images = nodes.map((node) => node.image);
  const past = pastOf(images);
  const epoch = past.groups.reduce((latest, group) => Math.max(latest, group.furthest.machine.epoch), 0);
  const beginning = { epoch, prefix: `${PREFIX}${seed}-`, known: past.records.map((record) => record.proposal.need) };
  return { origins, past: { parameters, images, disks: nodes.map((node) => diskOf(node, own.network, version)), beginning } };
}

/** Whoever has applied most of the first group that the two share. */
function donorOf(known: readonly KnownNode[], self: NodeId, parameters: Parameters): NodeId {
  for (const { id, voters } of parameters.groups) {
    if (!voters.includes(self)) continue;
    const donors = known.filter((one) => raftOf(one.image, id) !== undefined);
    if (donors.length > 0) return furthestIn(donors, id).image.self;
  }
  return (known[0] as KnownNode).image.self;
}

function furthestIn(donors: readonly KnownNode[], group: Parameters['groups'][number]['id']): KnownNode {
  return donors.reduce((best, one) => ((raftOf(one.image, group)?.applied ?? 0) > (raftOf(best.image, group)?.applied ?? 0) ? one : best));
}

/**
 * A node of which nothing is known but what others heard and hold. It has what its donor knew to be committed, has voted for
 * nobody, and has come as far in its own journal as anybody has heard.
 */
function copyFor(self: NodeId, known: readonly KnownNode[], parameters: Parameters): KnownNode {
  const heard = known.map((one) => one.image.peers.peers[self]);
  const incarnation = heard.reduce((latest, peer) => Math.max(latest, peer?.incarnation ?? 0), 0);
  const sequence = heard.reduce((furthest, peer) => Math.max(furthest, peer?.heard ?? 0), 0) + 1;
  const at = known.reduce((latest, one) => Math.max(latest, one.image.at), 0);
  const wall = known.reduce((latest, one) => Math.max(latest, one.image.wall), 0);
  const kernel = new Kernel();
  kernel.step({ sequence: 1, at: 0, wall, cause: { kind: 'boot', self, seed: (known[0] as KnownNode).image.seed + self, parameters, version: (known[0] as KnownNode).image.version } });
  const fresh = kernel.image();
  const born = heard.reduce((latest, peer) => Math.max(latest, peer?.born ?? 0), 0);
  const ids = parameters.groups.map((group) => group.id).sort((a, b) => a - b);
  const groups = fresh.groups.map((empty, place) => {
    const id = ids[place] as (typeof ids)[number];
    const donors = known.filter((one) => raftOf(one.image, id) !== undefined);
    return donors.length === 0 ? empty : committedCopy(empty, raftOf(furthestIn(donors, id).image, id) as RaftImage);
  });
  const image: KernelImage = { ...fresh, sequence, at, wall, groups, peers: { ...fresh.peers, incarnation, born } };
  return { image, incarnation, ordinal: sequence };
}

function committedCopy(empty: RaftImage, donor: RaftImage): RaftImage {
  return {
    ...empty, term: donor.term, commit: donor.applied, applied: donor.applied, base: donor.base, baseTerm: donor.baseTerm, standings: donor.standings.filter((standing, place) => place === 0 || standing.index <= donor.applied),
    entries: donor.entries.slice(0, donor.applied - donor.base), machine: donor.machine, sessions: donor.sessions.map((session) => ({ ...session, inLog: [] })),
  };
}

/** A disk that holds a snapshot of the state and nothing else, as after a clean stop. */
function diskOf(node: KnownNode, network: string, version: string): DirectoryCopy {
  const { image, incarnation, ordinal } = node;
  const writing: Writing = { network, self: image.self, version, engine: 'simulated' };
  const after: Place = { sequence: image.sequence, ordinal, high: image.digestHigh, low: image.digestLow };
  const snapshot = new SnapshotChunk({ ...writing, after, incarnation, image });
  const mark = new RecordChunk(WATERMARK_MAGIC, watermarkCodec, { sequence: image.sequence, ordinal, hash: '' }, 96);
  return new Map([[snapshotFile(image.sequence), [snapshot]], [WATERMARK_FILE, [mark]]]);
}

const USUAL: readonly string[] = ['partition', 'one-way', 'slow', 'drop', 'duplicate', 'reorder', 'kill', 'restart', 'pause', 'disk-lost', 'disk-torn', 'slow-fsync', 'hunt', 'behead'];

/** What is drawn for a fork: faults and a workload, as for a story. */
export function resolveFork(parameters: Parameters, seed: number, forUs: Micros, wish: 'default' | 'none' | 'all' | readonly string[]): RunFile {
  const draw = new SeededDraw(`${seed}/${FORK}`);
  const healAt = healingAt(forUs);
  const among = wish === 'default' ? USUAL : wish === 'all' ? FAULTS.map((fault) => fault.name) : wish === 'none' ? [] : wish;
  const voters = parameters.groups.reduce((most, group) => Math.max(most, group.voters.length), 1);
  const faults = wish === 'none' ? [] : compose(draw.split('faults'), {
    nodes: parameters.nodes, groups: parameters.groups, healAt, among, certain: wish === 'default' ? [] : among, parent: false, gpu: false, gapUs: 4 * SECOND,
  });
  return {
    version: RUN_FILE_VERSION, seed, scenario: FORK, nodes: parameters.nodes, groups: parameters.groups.length, votersPerGroup: voters, forUs, healAt,
    delayMinUs: 100, delayMaxUs: draw.split('network').between(300, 900), syncMinUs: 100, syncMaxUs: 400, raft: parameters.raft, decide: parameters.decide, snapshotEvery: 1_000, inbox: LOOP_DEFAULTS.inbox,
    gpuPollUs: 0, followsParent: false, shadow: 1 + draw.split('shadow').below(parameters.nodes),
    workload: { ...STEADY, decidesPer1000s: 40_000, getsPer1000s: 20_000, contestedPerMille: 250, freshPerMille: 300, goodputPer1000s: 8_000 }, faults,
  };
}

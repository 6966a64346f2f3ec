// What the states that a run goes on from mean: which member of each group had come furthest, what its register held, and
// what was under way. Only the latest records of each group are followed further: a run asks for few needs of its past.

import type { GroupId, NodeId } from '../kernel/base/ids.ts';
import type { DecideRecord, Proposal } from '../kernel/decide/record.ts';
import type { KernelImage } from '../kernel/image.ts';
import type { RaftImage } from '../kernel/raft/image.ts';

/** Records of a group's past that are followed. */
const FOLLOWED = 256;

export interface GroupPast {
  readonly group: GroupId;
  readonly members: readonly { readonly node: NodeId; readonly raft: RaftImage }[];
  /** What it had applied is committed, whatever becomes of the rest. */
  readonly furthest: RaftImage;
}

export interface Past {
  readonly groups: readonly GroupPast[];
  /** The latest of each group, oldest first. */
  readonly records: readonly DecideRecord[];
  /** Proposals in logs, not known to be applied, and those that gateways had open. */
  readonly underWay: readonly Proposal[];
}

export function pastOf(images: readonly KernelImage[]): Past {
  const parameters = images[0]?.parameters;
  if (parameters === undefined) return { groups: [], records: [], underWay: [] };
  const groups: GroupPast[] = [];
  for (const { id, voters } of parameters.groups) {
    const members: { node: NodeId; raft: RaftImage }[] = [];
    for (const image of images) {
      const raft = raftOf(image, id);
      // A node that was never a member has nothing to go on from.
      if (raft !== undefined && (voters.includes(image.self) || raft.base + raft.entries.length > 0)) members.push({ node: image.self, raft });
    }
    if (members.length === 0) continue;
    const furthest = members.reduce((best, member) => (member.raft.applied > best.raft.applied ? member : best)).raft;
    groups.push({ group: id, members, furthest });
  }
  return { groups, records: groups.flatMap(({ furthest }) => furthest.machine.records.slice(-FOLLOWED)), underWay: [...groups.flatMap(inLogs), ...images.flatMap(openIn)] };
}

/** The member of a group on one node: its image lists all groups, by id. */
export function raftOf(image: KernelImage, group: GroupId): RaftImage | undefined {
  const ids = image.parameters.groups.map((one) => one.id).sort((a, b) => a - b);
  return image.groups[ids.indexOf(group)];
}

/** Entries that stand in two logs are one command; of different terms they are two. */
function inLogs({ members, furthest }: GroupPast): Proposal[] {
  const found = new Map<string, Proposal>();
  for (const { raft } of members) {
    raft.entries.forEach((entry, place) => {
      const index = raft.base + 1 + place;
      const command = entry.command;
      if (index > furthest.applied && command.kind === 'apply' && command.body.kind === 'decide') found.set(`${index}/${entry.term}`, command.body.proposal);
    });
  }
  return [...found.values()];
}

function openIn(image: KernelImage): Proposal[] {
  const open: Proposal[] = [];
  for (const lane of image.gateway.lanes) {
    for (const call of [...lane.submitted, ...lane.waiting]) if (call.body?.kind === 'decide') open.push(call.body.proposal);
  }
  return open;
}

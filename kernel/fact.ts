// What happened, for metrics, logs and cross-checks. Facts change nothing and are never sent to another node; properties
// compare them with evidence and do not believe them.

import type { GroupId, NeedId, NodeId, ProposalId, SessionId } from './base/ids.ts';
import type { Configuration } from './raft/configuration.ts';
import type { Kind } from './swarm/payload.ts';

export type Fact =
  | { readonly kind: 'becameLeader'; readonly group: GroupId; readonly term: number }
  | { readonly kind: 'steppedDown'; readonly group: GroupId; readonly term: number; readonly why: 'higherTerm' | 'noQuorum' | 'removed' | 'newLife' }
  /** A configuration is in force at this node: that of the entry at (index, term), or of a snapshot there; 0 and 0: the founding one. */
  | { readonly kind: 'configured'; readonly group: GroupId; readonly index: number; readonly term: number; readonly configuration: Configuration }
  /** The group rests at this node, or does so no more. */
  | { readonly kind: 'rested' | 'woke'; readonly group: GroupId; readonly term: number }
  | { readonly kind: 'handingOver'; readonly group: GroupId; readonly term: number; readonly to: NodeId }
  | { readonly kind: 'decided'; readonly group: GroupId; readonly index: number; readonly need: NeedId; readonly proposal: ProposalId; readonly lamport: number }
  | { readonly kind: 'sessionOpened'; readonly group: GroupId; readonly session: SessionId; readonly opener: NodeId }
  | { readonly kind: 'sessionExpired'; readonly group: GroupId; readonly session: SessionId }
  | { readonly kind: 'snapshotInstalled'; readonly group: GroupId; readonly index: number; readonly term: number }
  /** To a follower that did not say that it has it. */
  | { readonly kind: 'chunkResent'; readonly group: GroupId; readonly index: number; readonly to: NodeId; readonly offset: number }
  /** What a follower has of the snapshot at `before` is of no use any more: it gets the one at `index`. */
  | { readonly kind: 'snapshotChanged'; readonly group: GroupId; readonly index: number; readonly before: number }
  /** After a start: it goes on with a snapshot of which it has the bytes up to `received`. */
  | { readonly kind: 'snapshotResumed'; readonly group: GroupId; readonly index: number; readonly received: number }
  /** All of a content has arrived, and it is not what its name says, or no snapshot. */
  | { readonly kind: 'contentDamaged'; readonly group: GroupId; readonly index: number; readonly content: string }
  /** The store of this node does not hold what it held, or not as it was; or a follower says that it is damaged. */
  | { readonly kind: 'contentLost'; readonly group: GroupId; readonly index: number; readonly why: 'missing' | 'damaged' | 'refused' }
  /** At every start of a member that cannot apply this entry (rule 7): it takes no more part in its group. */
  | { readonly kind: 'groupHalted'; readonly group: GroupId; readonly index: number }
  | { readonly kind: 'epochAdvanced'; readonly group: GroupId; readonly epoch: number }
  | { readonly kind: 'peerRefused'; readonly peer: NodeId; readonly why: 'olderIncarnation' | 'cameBackOlder' | 'sameIncarnationTwice' }
  | { readonly kind: 'refusedByPeer'; readonly peer: NodeId }
  /** A refusal that shows nothing this node forgot. */
  | { readonly kind: 'refusalIgnored'; readonly peer: NodeId }
  | { readonly kind: 'parentFinalised'; readonly number: number; readonly hash: string }
  | { readonly kind: 'parentRefused'; readonly number: number; readonly hash: string; readonly why: 'conflict' | 'gap' }
  /** `from` is the peer that brought it; 0: a client. */
  | { readonly kind: 'envelopeAccepted'; readonly id: string; readonly verb: Kind; readonly sender: string; readonly lamport: number; readonly from: NodeId }
  | { readonly kind: 'envelopeRefused'; readonly id: string; readonly reason: string; readonly from: NodeId }
  /** A peer did not take what this node had passed on. */
  | { readonly kind: 'envelopeRefusedBy'; readonly peer: NodeId; readonly id: string; readonly reason: string }
  | { readonly kind: 'gpuLost'; readonly device: string }
  | { readonly kind: 'gpuFound'; readonly device: string; readonly memoryMb: number };

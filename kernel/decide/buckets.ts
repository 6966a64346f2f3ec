// Which group decides a need: bucket b belongs to the group at place (b mod groups) in the order of group ids. Every node
// computes the same from the parameters alone.

import { assert } from '../base/assert.ts';
import type { GroupId } from '../base/ids.ts';
import type { GroupParameters } from '../parameters.ts';
import type { Submit } from '../raft/message.ts';
import { BUCKETS } from './record.ts';

/** The group of each bucket. */
export function placement(groups: readonly GroupParameters[]): readonly GroupId[] {
  assert(groups.length > 0 && groups.length <= BUCKETS, 'between one group and one for every bucket');
  const ids = groups.map((group) => group.id).sort((a, b) => a - b);
  const owners: GroupId[] = [];
  for (let bucket = 0; bucket < BUCKETS; bucket++) owners.push(ids[bucket % ids.length] as GroupId);
  return owners;
}

/**
 * Whether a submitted command is for the group it was sent to. A need that two groups took would be decided twice, whatever
 * each of them agrees on; so the group that is asked looks for itself, and does not rely on who asks. That the bucket is the
 * need's own is checked where frames are decoded. A read changes nothing: who sends it elsewhere deceives only itself.
 */
export function isForGroup(owners: readonly GroupId[], { group, body }: Submit): boolean {
  return body.kind === 'decide' && owners[body.proposal.bucket] === group;
}

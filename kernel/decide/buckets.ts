// Which group decides a need: bucket b belongs to the group at place (b mod groups) in the order of group ids. Every node
// computes the same from the parameters alone.

import { assert } from '../base/assert.ts';
import type { GroupId } from '../base/ids.ts';
import type { GroupParameters } from '../parameters.ts';
import { BUCKETS } from './record.ts';

/** The group of each bucket. */
export function placement(groups: readonly GroupParameters[]): readonly GroupId[] {
  assert(groups.length > 0 && groups.length <= BUCKETS, 'between one group and one for every bucket');
  const ids = groups.map((group) => group.id).sort((a, b) => a - b);
  return Array.from({ length: BUCKETS }, (_, bucket) => ids[bucket % ids.length] as GroupId);
}

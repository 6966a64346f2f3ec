// The fault budget while a run goes on. The schedule keeps damage within it for the voters that groups begin with; an operator
// may have moved a group since, to voters of which half would be damaged.

import type { NodeId } from '../kernel/base/ids.ts';
import type { World } from '../io/sim/world.ts';

/** Whether fewer than half of each group's voters are damaged if this node is too, as far as any member knows its voters. */
export function bearsDamage(world: World, node: NodeId): boolean {
  const lost = (voter: NodeId): boolean => voter === node || world.host(voter).damaged;
  const bears = (voters: readonly NodeId[]): boolean => voters.length === 0 || 2 * voters.filter(lost).length < voters.length;
  return world.parameters.groups.every((group) => world.ids.every((id) => {
    const configuration = world.host(id).loop?.kernel.member(group.id)?.electorate.configuration;
    if (configuration === undefined) return true;
    const { voters, outgoing, goal } = configuration;
    return [voters.map((seat) => seat.node), outgoing.map((seat) => seat.node), goal.voters].every(bears);
  }));
}

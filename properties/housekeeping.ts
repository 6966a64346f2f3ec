// A node keeps what it needs, and no more. Once every fault has ended and every client has its answer, nothing is left open; a log,
// the sessions and the journal's files stay within what the parameters allow; and a journal is never so long that a start takes
// for ever. What a run leaves behind is looked at once, at its end.

import type { NodeView, Property, RunView, Watch, WorldView } from '../io/sim/evidence.ts';
import { SECOND, type Micros } from '../kernel/base/time.ts';
import type { KernelImage } from '../kernel/image.ts';
import type { RaftImage } from '../kernel/raft/image.ts';
import { Verdicts } from './verdict.ts';

/** A leader expires what is idle at its next tick; one that rests wakes up for it. */
const EXPIRES_WITHIN: Micros = 2 * SECOND;

/** So many epochs, and half of the others, may have been missed: nobody counts time while a group has no leader. */
const LATE_EPOCHS = 2;

class Housekeeping extends Verdicts {
  constructor(run: RunView) {
    super('housekeeping', run);
  }

  finished(world: WorldView): void {
    for (const node of world.nodes) if (node.up && !node.out) this.inspect(node, world.now);
  }

  private inspect(node: NodeView, now: Micros): void {
    if (node.kernel === undefined || node.kernel.sequence === 0) return;
    const image = node.kernel.image();
    this.checks++;
    const left = this.leftOpen(image) ?? image.groups.map((group) => this.kept(group, image.at, now)).find((one) => one !== undefined);
    if (left !== undefined) this.violated(now, [node.id], `at the end, when everybody has his answer, node ${node.id} ${left}`, [], image.sequence);
  }

  private leftOpen({ gateway, orders }: KernelImage): string | undefined {
    const calls = gateway.lanes.reduce((sum, lane) => sum + lane.submitted.length + lane.waiting.length + lane.reads.length, 0);
    if (calls !== gateway.open) return `counts ${gateway.open} requests that are open, and holds ${calls}`;
    if (calls > 0) return `holds ${calls} requests open`;
    return orders.open.length > 0 ? `holds ${orders.open.length} orders open` : undefined;
  }

  private kept(group: RaftImage, at: Micros, now: Micros): string | undefined {
    const { raft, decide } = this.run.parameters;
    const last = group.base + group.entries.length;
    const { machine, sessions } = group;
    if (group.offer === undefined && group.applied - group.base > raft.keepEntries) return `keeps ${group.applied - group.base} applied entries, and needs ${raft.keepEntries}`;
    if (group.commit > last || group.applied > group.commit) return `has applied ${group.applied} entries of ${group.commit} committed ones, and its log ends with ${last}`;
    if (sessions.length > raft.maxSessions) return `keeps ${sessions.length} sessions, and may keep ${raft.maxSessions}`;
    if (machine.records.length > decide.maxRecords) return `keeps ${machine.records.length} records, and may keep ${decide.maxRecords}`;
    if (machine.lowWater !== Math.max(0, machine.epoch - decide.keepEpochs)) return `has forgotten everything before epoch ${machine.lowWater}, and is in epoch ${machine.epoch}`;
    if (group.role !== 'leader') return undefined;
    if ((machine.epoch + LATE_EPOCHS) * decide.epochUs * 2 < now) return `is in epoch ${machine.epoch}, after ${now} us`;
    if (group.applied === last && sessions.some((session) => session.inLog.length > 0)) return 'waits for commands that are applied';
    const idle = sessions.find((session) => session.inLog.length === 0 && at - session.touchedAt > raft.sessionIdleUs + EXPIRES_WITHIN && at - group.ownAt > EXPIRES_WITHIN);
    return idle === undefined ? undefined : `keeps a session that nobody has used for ${at - idle.touchedAt} us`;
  }
}

export const housekeeping: Property = {
  id: 'housekeeping',
  claim: 'A node keeps what it needs and no more, and leaves nothing open',
  kind: 'safety',
  scope: 'global',
  watch: (run: RunView): Watch => new Housekeeping(run),
};

// Voters that count for nothing any more: what they had acknowledged was damaged, and they started again after it. Until they
// start again they still remember it, and speak for it.

import type { NodeId } from '../kernel/base/ids.ts';

export class Damage {
  private readonly state: Uint8Array;

  constructor(nodes: number) {
    this.state = new Uint8Array(nodes + 1);
  }

  damaged(node: NodeId): void {
    if (this.state[node] === 0) this.state[node] = 1;
  }

  restarted(node: NodeId): void {
    if (this.state[node] === 1) this.state[node] = 2;
  }

  isOut(node: NodeId): boolean {
    return this.state[node] === 2;
  }
}

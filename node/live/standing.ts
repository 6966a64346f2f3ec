// Where a node stands in its groups, for those who look at it from outside. Nothing outside the loop may act on state that is
// not durable: so a look is taken when a batch is written, and shown once that batch is on disk.

import type { Kernel } from '../../kernel/kernel.ts';

export interface GroupStanding {
  readonly group: number;
  readonly role: string;
  /** 0: none is known. */
  readonly leader: number;
  readonly term: number;
  readonly commit: number;
  readonly applied: number;
}

export class Standing {
  groups: readonly GroupStanding[] = [];
  /** A peer has shown that this node forgot something: it takes no part any more. */
  outcast = false;
  private readonly kernel: () => Kernel;
  private token = -1;
  private pending: readonly GroupStanding[] = [];
  private pendingOutcast = false;

  constructor(kernel: () => Kernel) {
    this.kernel = kernel;
  }

  readonly writing = (token: number): void => {
    const kernel = this.kernel();
    this.token = token;
    this.pending = kernel.groups.map((group) => ({ group: group.group, role: group.role, leader: group.leader, term: group.term, commit: group.commit, applied: group.applied }));
    this.pendingOutcast = kernel.outcast;
  };

  readonly written = (token: number): void => {
    if (token !== this.token) return;
    this.groups = this.pending;
    this.outcast = this.pendingOutcast;
  };

  /** Every group of which this node is a voter has a leader that it hears. */
  get hasLeaders(): boolean {
    return this.groups.length > 0 && this.groups.every((group) => group.leader > 0);
  }
}

// The canary: a bug so gross that every run must catch it. If one does not, the alarm is broken.

import type { Mutant } from './mutant.ts';

export const CANARY: Mutant = {
  name: 'canary',
  family: 'canary',
  about: 'every other replica decides for a proposal that nobody made',
  edits: [{
    file: 'kernel/raft/replica.ts',
    anchor: 'const outcome = this.machine.apply(index, command.body);',
    replacement: `const flipped = ctx.self % 2 === 0 && command.body.kind === 'decide';
    const body = flipped ? { ...command.body, proposal: { ...command.body.proposal, proposal: 'canary' } } : command.body;
    const outcome = this.machine.apply(index, body);`,
  }],
};

// Planted bugs of what keeps nodes apart that are not what they were.

import type { Mutant } from './mutant.ts';

export const PEERS_MUTANTS: readonly Mutant[] = [
  {
    name: 'peers/votes-before-welcome',
    family: 'peers',
    about: 'a node that starts again takes part at once, before those who remember it can refuse it (rule 5)',
    edits: [{ file: 'kernel/peers.ts', anchor: 'if (!this.waits) return true;', replacement: 'return true;' }],
  },
  {
    name: 'peers/stranger-admitted',
    family: 'peers',
    about: 'what comes of somebody who is no node of the network is heard',
    edits: [{ file: 'kernel/peers.ts', anchor: 'if (peer === undefined || from === this.self || from === 0 || incarnation === 0) return false;', replacement: 'if (peer === undefined) return true;\n    if (from === this.self || from === 0 || incarnation === 0) return false;' }],
  },
];

// Planted bugs of the journal and of what protects it.

import type { Mutant } from './mutant.ts';

const READING = 'io/journal-reading.ts';

export const JOURNAL_MUTANTS: readonly Mutant[] = [
  {
    name: 'journal/cut-acknowledged-tail',
    family: 'journal',
    about: 'damage to what was acknowledged is cut off like a torn write (rule 5)',
    edits: [
      { file: READING, anchor: 'const acknowledged = !isLast || !this.mark.known || this.sequence < this.mark.sequence || cursor.hasLaterThan(ordinal);', replacement: 'const acknowledged = false;' },
      { file: READING, anchor: 'if (this.sequence < this.mark.sequence) throw', replacement: 'if (false) throw' },
    ],
  },
  {
    name: 'journal/old-incarnation',
    family: 'journal',
    about: 'a restored backup is let in as the node that it was (rule 5)',
    edits: [{ file: 'kernel/peers.ts', anchor: "return message.resumed <= peer.heard ? 'cameBackOlder' : undefined;", replacement: 'return undefined;' }],
  },
];

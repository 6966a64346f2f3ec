// Planted bugs of snapshots on their way: what arrives in chunks is installed only if it is whole, of one snapshot, and what its
// name says.

import type { Mutant } from './mutant.ts';

const RAFT = 'kernel/raft/raft.ts';
const TRANSFER = 'kernel/raft/transfer.ts';

export const CONTENT_MUTANTS: readonly Mutant[] = [
  {
    name: 'content/hash-not-checked',
    family: 'content',
    about: 'installs a snapshot that is not what its name says',
    edits: [{ file: TRANSFER, anchor: 'if (sha256(whole) !== this.content) return undefined;', replacement: '' }],
  },
  {
    name: 'content/offset-ignored',
    family: 'content',
    about: 'takes a chunk that comes twice, or too early, for the next one',
    edits: [{ file: TRANSFER, anchor: 'if (m.offset !== this.end || m.bytes.length !== chunkLength(this.length, m.offset)) return;', replacement: '' }],
  },
  {
    name: 'content/chunk-of-another',
    family: 'content',
    about: 'puts chunks of an older snapshot and of the one that took its place together',
    edits: [{ file: TRANSFER, anchor: 'return m.content === this.content && m.index === this.index && m.indexTerm === this.term && m.length === this.length;', replacement: 'return true;' }],
  },
  {
    name: 'content/resumes-too-far',
    family: 'content',
    about: 'after a restart takes the chunk that was under way for one that it has, and the part for the whole',
    edits: [{
      file: RAFT,
      anchor: "if (this.assembly !== undefined) ctx.fact({ kind: 'snapshotResumed',",
      replacement: "if (this.assembly !== undefined && this.assembly.received > 0) this.assembly.end += 12288;\n    if (this.assembly !== undefined) ctx.fact({ kind: 'snapshotResumed',",
    }],
  },
  {
    name: 'content/acknowledged-in-part',
    family: 'content',
    about: 'acknowledges a snapshot as soon as its first chunk has arrived',
    edits: [{ file: RAFT, anchor: "const is = m.index <= this.commitIndex ? 'done'", replacement: "const is = m.index <= this.commitIndex || this.assembly !== undefined ? 'done'" }],
  },
  {
    name: 'content/beyond-applied',
    family: 'content',
    about: 'says of a snapshot that it is of the end of the log, and not of what was applied',
    edits: [{ file: RAFT, anchor: 'const index = this.appliedIndex;\n    return this.replica.freeze(', replacement: 'const index = this.log.lastIndex;\n    return this.replica.freeze(' }],
  },
];

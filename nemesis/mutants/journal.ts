// Planted bugs of the journal and of what protects it.

import type { Mutant } from './mutant.ts';

const FORMAT = 'io/journal-format.ts';
const READING = 'io/journal-reading.ts';
const JOURNAL = 'io/journal.ts';

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
    name: 'journal/skip-damaged-middle',
    family: 'journal',
    about: 'an event whose checksum does not match is taken for nothing, and its batch for whole (rule 5)',
    edits: [
      {
        file: FORMAT,
        anchor: 'if (crc32c(bytes, offset + EVENT_HEAD, stop) !== get32(bytes, offset + 4)) return `the checksum of event ${head.first + i} does not match`;',
        replacement: `if (crc32c(bytes, offset + EVENT_HEAD, stop) !== get32(bytes, offset + 4)) {
      const before = events.at(-1) ?? { at: 0, wall: 0 };
      events.push({ sequence: head.first + i, at: before.at, wall: before.wall, cause: { kind: 'outcome', sequence: 0, index: 0, outcome: { kind: 'unknown' } } });
      offset = stop;
      continue;
    }`,
      },
      { file: FORMAT, anchor: 'const hash = sha256(bytes.subarray(offset, end - HASH_BYTES));\n  if (!isHex(bytes, end - HASH_BYTES, hash)) return damaged(', replacement: 'const hash = getHex(bytes, end - HASH_BYTES, HASH_BYTES);\n  if (!isHex(bytes, end - HASH_BYTES, hash)) return damaged(' },
      { file: READING, anchor: "if (event.at < this.at) throw new Stop('diverged', `Time goes back at event ${event.sequence}.`, batch.first, batch.last);", replacement: 'if (event.at < this.at) event = { ...event, at: this.at };' },
      { file: READING, anchor: 'if (this.kernel.digestHigh !== batch.high || this.kernel.digestLow !== batch.low) throw this.diverged(batch);', replacement: '' },
      { file: READING, anchor: 'if (expected.sequence === this.sequence && !this.stands(expected)) throw', replacement: 'if (false) throw' },
    ],
  },
  {
    name: 'journal/batch-not-synced',
    family: 'journal',
    about: 'a batch counts as durable when it is written, and is never synced (rule 5)',
    edits: [{ file: JOURNAL, anchor: "chunk: batch, sync: true });", replacement: 'chunk: batch, sync: false });' }],
  },
  {
    name: 'journal/sync-error-retried',
    family: 'journal',
    about: 'a sync that failed is tried once more, and then succeeds, with what it should have saved gone (rule 5)',
    edits: [{
      file: JOURNAL,
      anchor: "if (result.kind === 'failed' && result.reason !== 'missing') return",
      replacement: `if (result.kind === 'failed' && result.reason === 'io' && token === this.flyingToken) {
      this.flyingToken = this.submit({ kind: 'append', file: this.segment, chunk: { weight: 0, bytes: () => new Uint8Array(0) }, sync: true });
      return 'nothing';
    }
    if (result.kind === 'failed' && result.reason !== 'missing') return`,
    }],
  },
  {
    name: 'journal/full-taken-for-done',
    family: 'journal',
    about: 'a batch for which the disk had no room counts as durable (rule 5)',
    edits: [{ file: JOURNAL, anchor: "if (result.kind === 'failed' && result.reason !== 'missing') return", replacement: "if (result.kind === 'failed' && result.reason === 'io') return" }],
  },
  {
    name: 'journal/unreadable-taken-for-absent',
    family: 'journal',
    about: 'a file that cannot be read for the moment is taken for one that is not there (rule 5)',
    edits: [{ file: READING, anchor: "if (result.kind === 'failed' && result.reason !== 'missing' && result.reason !== 'locked') throw", replacement: 'if (false) throw' }],
  },
  {
    name: 'journal/stale-end-believed',
    family: 'journal',
    about: 'a journal that ends before its watermark is taken for whole (rule 5)',
    edits: [{ file: READING, anchor: 'if (this.sequence < this.mark.sequence) throw', replacement: 'if (false) throw' }],
  },
  {
    name: 'journal/old-incarnation',
    family: 'journal',
    about: 'a restored backup is let in as the node that it was (rule 5)',
    edits: [{ file: 'kernel/peers.ts', anchor: "return goesOn(message, peer) ? undefined : 'cameBackOlder';", replacement: 'return undefined;' }],
  },
  {
    name: 'journal/refusal-believed',
    family: 'journal',
    about: 'a node that is refused falls silent without asking what the refusal rests on (rule 5)',
    edits: [{ file: 'kernel/peers.ts', anchor: "if (this.fault(message.remembered, own) === undefined) return ctx.fact({ kind: 'refusalIgnored', peer: from });", replacement: '' }],
  },
  {
    name: 'journal/slice-loses-rest',
    family: 'journal',
    about: 'a journal that is refolded in several slices is taken for done after the first of a segment',
    edits: [{ file: READING, anchor: 'events = 0;\n        yield undefined;', replacement: 'yield undefined;\n        break;' }],
  },
];

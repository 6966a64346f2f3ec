// A kernel that heeds frames whose time is over: the search must find that out, and keep them all.

import { expect, test } from 'vitest';
import { installMutant } from './mutant-hook.ts';

test('a leader that counts answers of its earlier terms is caught, and searched with all frames kept', async () => {
  installMutant({
    name: 'raft/counts-old-answers',
    family: 'raft',
    about: 'a leader counts acknowledgements that it got for an earlier term',
    edits: [{
      file: 'kernel/raft/raft.ts',
      anchor: "if (message.term === this.currentTerm && this.currentRole === 'leader') this.appendReplied(ctx, place, message);",
      replacement: "if (this.currentRole === 'leader') this.appendReplied(ctx, place, message);",
    }],
  });
  const { Search } = await import('../scenarios/small-world/search.ts');
  const { DEFAULT_BOUNDS } = await import('../scenarios/small-world/bounds.ts');
  const search = new Search({ ...DEFAULT_BOUNDS, nodes: 2, terms: 2, entries: 0, crashes: 1, heartbeats: 1 }, 100_000);
  expect(search.world.bounds.late).toBe(false);
  while (search.advance(1_000));
  expect(search.world.bounds.late).toBe(true);
  expect(search.ended).toMatch(/complete|found/);
}, 120_000);

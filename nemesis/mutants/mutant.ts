// A planted bug: a few lines of our source, replaced while the module is loaded. What ships has no switch for it. Each anchor
// must be found exactly once, so a mutant whose line has moved fails the tests instead of silently planting nothing.

export interface Edit {
  /** Path from the root of the repository. */
  readonly file: string;
  /** Exact source text, found exactly once in the file. */
  readonly anchor: string;
  readonly replacement: string;
}

export interface Mutant {
  /** `<family>/<what>`. */
  readonly name: string;
  readonly family: string;
  /** The bug, in one line. */
  readonly about: string;
  readonly edits: readonly Edit[];
}

export type Planted = { readonly ok: true; readonly source: string } | { readonly ok: false; readonly anchor: string; readonly found: number };

/** The source of one file with the bug in it. */
export function plant(edits: readonly Edit[], source: string): Planted {
  let planted = source;
  for (const { anchor, replacement } of edits) {
    const found = source.split(anchor).length - 1;
    if (found !== 1) return { ok: false, anchor, found };
    // A function as replacement: `$` in a text would mean something.
    planted = planted.replace(anchor, () => replacement);
  }
  return { ok: true, source: planted };
}

// A planted bug: one line of our source, replaced while the module is loaded. What ships has no switch for it. The anchor
// must be found exactly once, so a mutant whose line has moved fails the tests instead of silently planting nothing.

export interface Mutant {
  /** `<family>/<what>`: the names of the classics are fixed, see mutants of the same name in the literature of each protocol. */
  readonly name: string;
  readonly family: string;
  /** One line for people. */
  readonly about: string;
  /** Path from the root of the repository. */
  readonly file: string;
  /** Exact source text, found exactly once. */
  readonly anchor: string;
  readonly replacement: string;
}

export type Planted = { readonly ok: true; readonly source: string } | { readonly ok: false; readonly found: number };

/** The source with the bug in it. */
export function plant(mutant: Mutant, source: string): Planted {
  const found = source.split(mutant.anchor).length - 1;
  if (found !== 1) return { ok: false, found };
  const at = source.indexOf(mutant.anchor);
  return { ok: true, source: source.slice(0, at) + mutant.replacement + source.slice(at + mutant.anchor.length) };
}

// The valid word that a mistyped one most likely meant.

/** Edits that turn one word into the other: insert, delete, replace, swap neighbours (optimal string alignment). */
export function editDistance(a: string, b: string): number {
  let older: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = (last[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let least = Math.min(replace, (last[j] as number) + 1, (row[j - 1] as number) + 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) least = Math.min(least, (older[j - 2] as number) + 1);
      row.push(least);
    }
    older = last;
    last = row;
  }
  return last[b.length] as number;
}

/** How far a candidate is from what was typed: by all of it, or a little more by a part of it that stands for itself. */
function distanceTo(word: string, candidate: string): number {
  // A word that was begun correctly is nearer than one that merely has as many letters.
  if (word.length > 1 && (candidate.startsWith(word) || candidate.split('/').includes(word))) return 0.5;
  const typed = word.toLowerCase();
  const valid = candidate.toLowerCase();
  const parts = valid.split(/[/-]/).filter((part) => part.length > 2);
  return Math.min(editDistance(typed, valid), ...parts.map((part) => editDistance(typed, part) + 0.6));
}

/** The nearest of `words`; the first of equals. Undefined only if there are none. */
export function nearest(word: string, words: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Infinity;
  for (const candidate of words) {
    const distance = distanceTo(word, candidate);
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

// Which of many things of the same kind are looked at closely: the first few of each kind, and of the rest a few, so that what
// is rare is looked at as well as what is frequent. Nothing is drawn.

const ONE_IN = 512;

export class Samples {
  private readonly seen: Map<string, number> = new Map();

  /** True for the first, second, fourth, eighth of its kind, and so on, and for one in 512. */
  takes(kind: string): boolean {
    const count = (this.seen.get(kind) ?? 0) + 1;
    this.seen.set(kind, count);
    return (count & (count - 1)) === 0 || count % ONE_IN === 0;
  }
}

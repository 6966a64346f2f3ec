// Lines that scroll, and below them, on a terminal, a table that is rewritten in place.

const ESCAPE = '\x1b';

export class Screen {
  readonly live: boolean;
  private readonly out: NodeJS.WriteStream;
  private shown: readonly string[] = [];

  constructor(out: NodeJS.WriteStream) {
    this.out = out;
    this.live = out.isTTY === true && process.env['TERM'] !== 'dumb';
  }

  line(text: string): void {
    this.clear();
    this.out.write(`${text}\n`);
    this.draw();
  }

  table(lines: readonly string[]): void {
    this.clear();
    this.shown = lines;
    this.draw();
  }

  private clear(): void {
    if (this.live && this.shown.length > 0) this.out.write(`${ESCAPE}[${this.shown.length}F${ESCAPE}[0J`);
  }

  /** Lines are not wrapped: a wrapped one would count as two, and be cleared as one. */
  private draw(): void {
    if (!this.live || this.shown.length === 0) return;
    this.out.write(`${ESCAPE}[?7l${this.shown.join('\n')}\n${ESCAPE}[?7h`);
  }
}

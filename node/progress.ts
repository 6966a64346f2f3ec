// One line on standard error that is rewritten in place, where standard error is a terminal; otherwise nothing at all.

const EVERY_MS = 100;

export class Progress {
  private readonly timer: NodeJS.Timeout | undefined;
  private shown = false;

  /** `line` is asked again and again; an empty text shows nothing yet. */
  constructor(line: () => string) {
    if (!process.stderr.isTTY) return;
    this.timer = setInterval(() => {
      const text = line();
      if (text === '') return;
      const width = Math.max(20, process.stderr.columns || 80);
      process.stderr.write(`\r\x1b[2K${text.slice(0, width - 1)}`);
      this.shown = true;
    }, EVERY_MS);
  }

  /** Takes the line away, for good. */
  end(): void {
    clearInterval(this.timer);
    this.clear();
  }

  /** Takes the line away until it is drawn again. */
  clear(): void {
    if (this.shown) process.stderr.write('\r\x1b[2K');
    this.shown = false;
  }
}

/** A bar of `width` characters, `share` of it filled. */
export function bar(share: number, width: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * width);
  return `${'━'.repeat(filled)}${'─'.repeat(width - filled)}`;
}

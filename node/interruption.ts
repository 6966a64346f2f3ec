// SIGINT and SIGTERM drain: what is running is told to stop, what was done is reported, and the exit code says that all is
// well. A second signal ends the program at once, as usual.

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

export class Interruption {
  /** True once a signal came. */
  came = false;
  private readonly onSignal: () => void;

  constructor(drain: () => void) {
    this.onSignal = () => {
      this.came = true;
      this.forget();
      drain();
    };
    for (const signal of SIGNALS) process.on(signal, this.onSignal);
  }

  forget(): void {
    for (const signal of SIGNALS) process.off(signal, this.onSignal);
  }
}

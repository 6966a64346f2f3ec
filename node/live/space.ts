// How much room the file system of the data directory has. A disk that is full ends the process, because the journal cannot go
// on; so the node stops taking requests while there is still room for what is under way, and takes them again when there is more.

import { statfs } from 'node:fs/promises';

const EVERY_MS = 1_000;
const MEGABYTE = 1_048_576;

export class Space {
  freeMb: number = Number.POSITIVE_INFINITY;
  private readonly directory: string;
  private readonly reserveMb: number;
  private readonly timer: NodeJS.Timeout;

  constructor(directory: string, reserveMb: number) {
    this.directory = directory;
    this.reserveMb = reserveMb;
    this.timer = setInterval(() => void this.look(), EVERY_MS);
    this.timer.unref();
  }

  get short(): boolean {
    return this.freeMb < this.reserveMb;
  }

  async look(): Promise<void> {
    try {
      const { bavail, bsize } = await statfs(this.directory);
      this.freeMb = Math.floor((bavail * bsize) / MEGABYTE);
    } catch {
      // Not every file system tells; then the journal finds out.
      this.freeMb = Number.POSITIVE_INFINITY;
    }
  }

  end(): void {
    clearInterval(this.timer);
  }
}

// A process of clients: takes a plan, carries it out, and reports. In an open loop a request is begun when its time has come,
// whether or not earlier ones are answered; if no connection is free it waits for one, and that wait counts (a client that
// held back would leave out just the latencies that are long).

import { type Plan, type Report, nowMs, SLICE_MS } from './plan.ts';
import { EtcdLine, EtcdMember } from './etcd-line.ts';
import { decideRequest, HttpLine, type Line } from './http-line.ts';
import { noLatencies, noteLatency } from './latency.ts';

/** Needs carry the epoch of the register; every node shows it. */
const EPOCH_EVERY_MS = 1_000;
const TOO_OLD = 410;
const TICK_MS = 1;
/** What is still open at the end gets this long. */
const PATIENCE_MS = 3_000;

class Clients {
  private readonly plan: Plan;
  private readonly lines: Line[] = [];
  private readonly members: EtcdMember[] = [];
  /** Lines that are free, longest first; and the moments for which no line was free. */
  private readonly free: Line[] = [];
  private readonly late: number[] = [];
  private readonly latency = noLatencies();
  private readonly slices: number[];
  private readonly others: Record<string, number> = {};
  private number = 0;
  private epoch = 0;
  private begun = 0;
  private decided = 0;
  private open = 0;
  private due: number;

  constructor(plan: Plan) {
    this.plan = plan;
    this.due = plan.beginsMs;
    this.slices = new Array<number>(Math.ceil((plan.endsMs - plan.countsMs) / SLICE_MS)).fill(0);
  }

  connect(): void {
    const { dialect, targets, connections } = this.plan;
    const members = dialect === 'etcd' ? targets.map((target) => new EtcdMember(target, () => undefined)) : [];
    this.members.push(...members);
    for (let i = 0; i < connections; i++) {
      for (const [place, target] of targets.entries()) {
        const line: Line = dialect === 'etcd' ? new EtcdLine(members[place] as EtcdMember) : new HttpLine(target, decideRequest(target), () => this.ready(line));
        this.lines.push(line);
        if (dialect === 'etcd') this.free.push(line);
      }
    }
  }

  private ready(line: Line): void {
    if (!this.free.includes(line)) this.free.push(line);
  }

  async run(): Promise<Report> {
    const { dialect, beginsMs, endsMs, rate } = this.plan;
    const look = dialect === 'lockstep' ? setInterval(() => void this.lookAtEpoch(), EPOCH_EVERY_MS) : undefined;
    if (dialect === 'lockstep') await this.lookAtEpoch();
    await until(beginsMs);
    const cpu = process.cpuUsage();
    if (rate === undefined) for (const line of this.free.splice(0)) this.again(line);
    else await this.keepRate(rate);
    await until(endsMs);
    const { user, system } = process.cpuUsage(cpu);
    for (const giveUp = endsMs + PATIENCE_MS; this.open > 0 && nowMs() < giveUp; ) await pause(10);
    clearInterval(look);
    for (const line of this.lines) line.end();
    for (const member of this.members) member.end();
    return { begun: this.begun, decided: this.decided, others: this.others, open: this.open + this.late.length, latency: this.latency, slices: this.slices, cpuMs: (user + system) / 1_000 };
  }

  /** Closed loop: the next request begins when the last one was answered. */
  private again(line: Line): void {
    const now = nowMs();
    if (now < this.plan.endsMs) this.begin(line, now);
  }

  private async keepRate(rate: number): Promise<void> {
    const interval = 1_000 / rate;
    for (let now = nowMs(); now < this.plan.endsMs; now = nowMs()) {
      for (; this.due <= now; this.due += interval) {
        const line = this.takeFree();
        if (line === undefined) this.late.push(this.due);
        else this.begin(line, this.due);
      }
      await pause(TICK_MS);
    }
  }

  private takeFree(): Line | undefined {
    for (let line = this.free.shift(); line !== undefined; line = this.free.shift()) if (line.isOpen) return line;
    return undefined;
  }

  private begin(line: Line, meantMs: number): void {
    const counts = meantMs >= this.plan.countsMs;
    if (counts) this.begun++;
    this.open++;
    line.ask(`${this.epoch}/${this.plan.name}-${this.number++}`, (status) => {
      this.open--;
      this.answered(status, meantMs, counts);
      if (!line.isOpen) return;
      const late = this.plan.rate === undefined ? undefined : this.late.shift();
      if (late !== undefined) this.begin(line, late);
      else if (this.plan.rate === undefined) this.again(line);
      else this.free.push(line);
    });
  }

  private answered(status: number, meantMs: number, counts: boolean): void {
    const now = nowMs();
    const slice = Math.floor((now - this.plan.countsMs) / SLICE_MS);
    if (status === 200 && slice >= 0 && slice < this.slices.length) this.slices[slice] = (this.slices[slice] as number) + 1;
    if (status === TOO_OLD) void this.lookAtEpoch();
    if (!counts) return;
    if (status !== 200) this.others[status] = (this.others[status] ?? 0) + 1;
    else {
      this.decided++;
      noteLatency(this.latency, now - meantMs);
    }
  }

  private async lookAtEpoch(): Promise<void> {
    for (const { host, port } of this.plan.targets) {
      try {
        const answer = await fetch(`http://${host}:${port}/v1/status`, { signal: AbortSignal.timeout(800) });
        const status = (await answer.json()) as { readonly groups: readonly { readonly epoch: number }[] };
        this.epoch = Math.max(this.epoch, ...status.groups.map((group) => group.epoch));
        return;
      } catch {
        // Another node knows it as well.
      }
    }
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function until(moment: number): Promise<void> {
  for (let left = moment - nowMs(); left > 0; left = moment - nowMs()) await pause(left);
}

process.once('message', async (plan: Plan) => {
  const clients = new Clients(plan);
  clients.connect();
  process.send?.(await clients.run(), () => void (process.connected && process.disconnect()));
});

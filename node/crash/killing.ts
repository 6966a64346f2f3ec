// Who is killed when. Half of the kills strike a node in the middle of a snapshot or of its recovery, as it says itself; of the
// others, most strike the leader, some strike all nodes at once. A kill that came too late for the phase it was meant for counts
// as one of the others. Everything that is drawn comes from the seed; what the machine does with it does not.

import { Random } from '../../kernel/base/random.ts';
import type { Status } from '../live/api/schemas.ts';
import { nowUs } from './asking.ts';
import type { Clients } from './clients.ts';
import type { Phase, Victim } from './victim.ts';

export interface Kills {
  done: number;
  leader: number;
  inSnapshot: number;
  inRecovery: number;
  /** Kills that struck all nodes at the same moment. */
  together: number;
}

const START_MS = 90_000;
const SNAPSHOT_MS = 60_000;
const BACK_MS = 30_000;
const LOOK_MS = 400;
const POLL_MS = 20;
/** In parts of a thousand. */
const ALL_AT_ONCE = 150;
const FIRST_IS_LEADER = 500;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export class Killing {
  readonly kills: Kills = { done: 0, leader: 0, inSnapshot: 0, inRecovery: 0, together: 0 };
  /** From the death of a leader until a decide that was asked for afterwards was acknowledged, in milliseconds. */
  readonly backMs: number[] = [];
  /** What did not come to be in time. */
  readonly stuck: string[] = [];
  private readonly victims: readonly Victim[];
  private readonly clients: Clients;
  private readonly random: Random;
  private snapshotIsNext = true;

  constructor(victims: readonly Victim[], clients: Clients, seed: number) {
    this.victims = victims;
    this.clients = clients;
    this.random = Random.of(seed, 'killing');
  }

  async run(wanted: number, ended: () => boolean): Promise<void> {
    // Phases are missed now and then: then a few more kills are needed until half of them have struck one.
    while (!ended() && this.stuck.length === 0 && (this.kills.done < wanted || (this.inPhase < Math.floor(wanted / 2) && this.kills.done < 2 * wanted))) await this.round();
  }

  private get inPhase(): number {
    return this.kills.inSnapshot + this.kills.inRecovery;
  }

  private async round(): Promise<void> {
    await this.allServe();
    if (this.stuck.length > 0) return;
    await pause(this.random.below(200));
    const leader = await this.leading();
    if (2 * this.inPhase > this.kills.done) {
      if (this.random.below(1_000) < ALL_AT_ONCE) await this.everybody();
      else if (leader !== undefined) await this.kill(leader, leader);
      return;
    }
    this.snapshotIsNext = !this.snapshotIsNext;
    return this.snapshotIsNext ? this.inSnapshot(leader) : this.inRecovery(leader);
  }

  private async allServe(): Promise<void> {
    for (const victim of this.victims) {
      if (!victim.up) victim.start();
      if (!(await victim.until(() => victim.serving, START_MS))) this.stuck.push(`node ${victim.node.id} did not serve within ${START_MS / 1_000} s of its start: ${victim.said.at(-1) ?? 'it said nothing'}`);
    }
  }

  private async inSnapshot(leader: Victim | undefined): Promise<void> {
    const victim = this.drawn();
    if (!(await victim.until(() => victim.phase === 'snapshot', SNAPSHOT_MS))) return void this.stuck.push(`node ${victim.node.id} took no snapshot within ${SNAPSHOT_MS / 1_000} s`);
    await this.during(victim, 'snapshot');
    await this.kill(victim, leader);
  }

  /** A node is killed, started, and killed again while it recovers. */
  private async inRecovery(leader: Victim | undefined): Promise<void> {
    const victim = leader !== undefined && this.random.below(1_000) < FIRST_IS_LEADER ? leader : this.drawn();
    await this.kill(victim, leader);
    victim.start();
    if (!(await victim.until(() => victim.phase === 'recovery' || victim.serving, START_MS))) return void this.stuck.push(`node ${victim.node.id} did not begin to recover`);
    await this.during(victim, 'recovery');
    await this.end(victim);
  }

  /** Some moment of the phase that has just begun. */
  private async during(victim: Victim, phase: Phase): Promise<void> {
    const ms = this.random.below(Math.max(1, Math.floor(0.6 * Math.min(victim.tookMs[phase], 500))));
    if (ms > 0) await pause(ms);
  }

  private async everybody(): Promise<void> {
    this.kills.together += this.victims.length;
    await Promise.all(this.victims.map((victim) => this.end(victim)));
  }

  /** Ends a node; if it led, waits until the others serve, and sees how long that takes. It is started again afterwards. */
  private async kill(victim: Victim, leader: Victim | undefined): Promise<void> {
    const othersServe = this.victims.every((other) => other === victim || other.serving);
    const us = nowUs();
    await this.end(victim);
    if (victim !== leader || !othersServe) return;
    this.kills.leader++;
    await this.back(victim, us);
  }

  private async back(victim: Victim, us: number): Promise<void> {
    for (const until = performance.now() + BACK_MS; performance.now() < until; await pause(POLL_MS)) {
      const served = this.clients.servedAfter(us);
      if (served === undefined) continue;
      this.backMs.push(Math.round((served - us) / 1_000));
      return;
    }
    this.stuck.push(`no decide was acknowledged within ${BACK_MS / 1_000} s of killing node ${victim.node.id}, which led`);
  }

  private async end(victim: Victim): Promise<void> {
    if (!victim.up) return;
    await victim.kill();
    this.kills.done++;
    if (victim.phase === 'snapshot') this.kills.inSnapshot++;
    else if (victim.phase === 'recovery') this.kills.inRecovery++;
  }

  private drawn(): Victim {
    return this.victims[this.random.below(this.victims.length)] as Victim;
  }

  /** The node that all know to lead; undefined if they do not agree at the moment. */
  private async leading(): Promise<Victim | undefined> {
    const named = await Promise.all(this.victims.map((victim) => leaderAsSeenBy(victim)));
    const leader = named.find((id) => id !== undefined && id > 0);
    return named.every((id) => id === undefined || id === leader) ? this.victims.find((victim) => victim.node.id === leader) : undefined;
  }
}

async function leaderAsSeenBy(victim: Victim): Promise<number | undefined> {
  if (!victim.serving) return undefined;
  try {
    const answer = await fetch(`http://127.0.0.1:${victim.node.httpPort}/v1/status`, { signal: AbortSignal.timeout(LOOK_MS) });
    return ((await answer.json()) as Status).groups[0]?.leader;
  } catch {
    return undefined;
  }
}

// A run file told to five live processes: the same clients, the same faults at the same times, then healing, progress, and a
// last round of reads. What clients asked and were told, and what was done to the network, is recorded as it happens; what
// the nodes did is read from their journals afterwards.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Answer } from '../../kernel/effect.ts';
import { nodeId, type NodeId } from '../../kernel/base/ids.ts';
import { MS, SECOND, type Micros } from '../../kernel/base/time.ts';
import type { Parameters } from '../../kernel/parameters.ts';
import type { Evidence, Invocation } from '../../io/sim/evidence.ts';
import type { FaultEpisode, RunFile } from '../../io/sim/run-file.ts';
import { parametersOf } from '../../scenarios/topology.ts';
import { Workload, type Workplace } from '../../scenarios/workload.ts';
import type { Recorded } from '../evidence/telling.ts';
import type { Watched } from '../evidence/judge.ts';
import { Archive } from '../crash/archive.ts';
import type { Status } from '../live/api/schemas.ts';
import { beginLive, type LiveWorld } from './faults.ts';
import { HttpClients, type ClientsWorld } from './http-clients.ts';
import { fallText, Member, type Fall } from './member.ts';
import { prepareNetwork, type NetworkFiles } from './network-files.ts';
import type { Links } from './links.ts';
import { Readings } from './readings.ts';

/** What is left of a live run when its processes are gone. */
export interface LiveLeavings {
  readonly folder: string;
  readonly directories: readonly string[];
  readonly parameters: Parameters;
  readonly recorded: readonly Recorded[];
  readonly began: Micros;
  readonly watched: ReadonlyMap<string, Watched>;
  readonly faults: Readonly<Record<string, number>>;
  readonly retries: number;
  readonly tookUs: Micros;
  /** Processes that ended though nobody ended them, or that did not stop when asked. */
  readonly troubles: readonly string[];
}

const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 30_000;
/** A process that fell is started again after so long: as a supervisor of a simulated one does. */
const RESTART_AFTER_US: Micros = 200 * MS;
const LEADER_LOOK_MS = 25;
const READINGS_EVERY_MS = 1_000;
/** After the bound for liveness, clients still get their time-outs. */
const DRAIN_US: Micros = 10 * SECOND;

interface Host {
  readonly id: NodeId;
  readonly member: Member;
  state: 'up' | 'down' | 'out';
  /** What is done to the process, one after the other. */
  doing: Promise<void>;
}

export class LiveRun implements Workplace, LiveWorld, ClientsWorld {
  readonly seed: number;
  readonly parameters: Parameters;
  readonly ids: readonly NodeId[];
  readonly links: Links;
  readonly clients: HttpClients;
  onReturn: (invocation: Invocation, answer: Answer) => void = () => undefined;
  private readonly run: RunFile;
  private readonly files: NetworkFiles;
  readonly hosts: Workplace['hosts'];
  private readonly processes: readonly Host[];
  private readonly recorded: Recorded[] = [];
  private readonly faults: Map<string, number> = new Map();
  private readonly troubles: string[] = [];
  private readonly readings: Readings = new Readings();
  private readonly archive: Archive;
  private readonly timers: Set<NodeJS.Timeout> = new Set();
  private readonly boundUs: Micros;
  private startedMs = 0;
  private began: Micros = 0;
  private stopped = false;
  private ending = false;

  static async prepare(run: RunFile, links: Links, room: number): Promise<LiveRun> {
    return new LiveRun(run, links, await prepareNetwork(run, links, room));
  }

  private constructor(run: RunFile, links: Links, files: NetworkFiles) {
    this.run = run;
    this.seed = run.seed;
    this.links = links;
    this.files = files;
    this.archive = new Archive(join(files.folder, 'collected'), { nodes: files.members });
    this.parameters = { ...parametersOf(run), network: files.parameters.network };
    this.boundUs = 10 * this.parameters.raft.electionMaxUs;
    this.ids = files.members.map((member) => nodeId(member.id));
    this.processes = files.members.map((member) => this.hostOf(new Member(member)));
    this.hosts = [{ id: nodeId(0), state: 'out' }, ...this.processes];
    this.clients = new HttpClients(this, files.members, run.workload.timeoutUs);
  }

  private hostOf(member: Member): Host {
    const id = nodeId(member.files.id);
    const host: Host = { id, member, state: 'down', doing: Promise.resolve() };
    member.onFall = (fall) => this.fell(host, fall);
    member.onLine = (line) => this.readings.heard(line);
    return host;
  }

  invoked(invocation: Invocation): void {
    this.record((listener) => listener.invoked?.(invocation));
  }

  returned(invocation: Invocation, answer: Answer): void {
    const now = this.now;
    this.record((listener) => listener.returned?.(invocation, answer, now));
    this.onReturn(invocation, answer);
  }

  get now(): Micros {
    return Math.floor((performance.now() - this.startedMs) * MS);
  }

  at(time: Micros, task: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      if (!this.ending) task();
    }, Math.max(0, (time - this.now) / MS));
    this.timers.add(timer);
  }

  count(fault: string, times: number): void {
    this.faults.set(fault, (this.faults.get(fault) ?? 0) + times);
  }

  private record(tell: (listener: Evidence, now: Micros) => void, down?: NodeId): void {
    this.recorded.push({ wall: Date.now() * MS, tell, ...(down === undefined ? {} : { down }) });
  }

  // -- processes -----------------------------------------------------------------------------------------------------------

  private host(node: NodeId): Host {
    return this.processes[node - 1] as Host;
  }

  kill(node: NodeId, downUs: Micros): void {
    const host = this.host(node);
    if (host.state !== 'up') return;
    host.state = 'down';
    const dead = host.member.kill();
    this.record((listener, now) => listener.crashed?.(node, 'betweenTurns', now), node);
    host.doing = host.doing.then(() => dead);
    this.at(this.now + downUs, () => this.start(node));
  }

  stop(node: NodeId, downUs: Micros): void {
    const host = this.host(node);
    if (host.state !== 'up') return;
    host.state = 'down';
    host.doing = host.doing.then(async () => {
      this.archive.collect();
      if (!(await host.member.stop(STOP_WITHIN_MS))) this.troubles.push(`node ${node} was asked to stop and had not after ${STOP_WITHIN_MS / 1_000} s`);
      this.record((listener, now) => listener.stopped?.(node, now), node);
      this.at(this.now + downUs, () => this.start(node));
    });
  }

  start(node: NodeId): void {
    const host = this.host(node);
    host.doing = host.doing.then(() => {
      if (this.ending || host.state !== 'down') return;
      host.state = 'up';
      host.member.start();
    });
  }

  pause(node: NodeId): void {
    this.host(node).member.pause();
  }

  resume(node: NodeId): void {
    this.host(node).member.resume();
  }

  private fell(host: Host, fall: Fall): void {
    this.troubles.push(fallText(host.id, fall));
    host.state = 'down';
    this.record((listener, now) => listener.crashed?.(host.id, 'betweenTurns', now), host.id);
    this.at(this.now + RESTART_AFTER_US, () => this.start(host.id));
  }

  async leader(group: number, givenUp: () => boolean): Promise<NodeId | undefined> {
    for (; !givenUp() && !this.ending; await pause(LEADER_LOOK_MS)) {
      const looks = await Promise.all(this.ids.map(async (id) => ({ id, standing: await this.standing(id, group) })));
      const leaders = looks.filter((look) => look.standing?.role === 'leader').toSorted((a, b) => (b.standing?.term ?? 0) - (a.standing?.term ?? 0));
      const leader = leaders[0];
      if (leader !== undefined && this.host(leader.id).state === 'up') return leader.id;
    }
    return undefined;
  }

  private async standing(node: NodeId, group: number): Promise<Status['groups'][number] | undefined> {
    const host = this.host(node);
    if (host.state !== 'up') return undefined;
    const text = await host.member.read('/v1/status');
    try {
      return text === undefined ? undefined : (JSON.parse(text) as Status).groups.find((one) => one.group === group);
    } catch {
      return undefined;
    }
  }

  // -- the run -------------------------------------------------------------------------------------------------------------

  /** Plays the run file to its end, or to where `stop` was called. The processes are gone when it resolves. */
  async play(): Promise<LiveLeavings> {
    const watching = setInterval(() => void this.read(), READINGS_EVERY_MS);
    let retries = 0;
    try {
      await this.begin();
      const workload = new Workload(this, this.run.workload, undefined, this.run.operations);
      for (const episode of this.run.faults) this.schedule(episode);
      workload.start();
      await this.until(this.run.healAt);
      this.heal();
      await this.until(this.run.forUs);
      workload.stop();
      await this.settle(Math.max(this.run.forUs, this.run.healAt + this.boundUs) + DRAIN_US);
      if (!this.stopped && workload.readBack() > 0) await this.settle(this.now + this.boundUs + DRAIN_US);
      retries = workload.retries;
      await this.read();
    } finally {
      clearInterval(watching);
      await this.finish();
    }
    return {
      folder: this.files.folder, directories: this.files.members.map((member) => join(this.archive.folder, member.name)), parameters: this.parameters, recorded: this.recorded, began: this.began,
      watched: this.readings.watched(), faults: Object.fromEntries(this.faults), retries, tookUs: this.now, troubles: this.troubles,
    };
  }

  /** Ends the run early. */
  halt(): void {
    this.stopped = true;
  }

  private async begin(): Promise<void> {
    this.startedMs = performance.now();
    for (const host of this.processes) this.start(host.id);
    for (const late = performance.now() + READY_WITHIN_MS; !(await this.allReady()); await pause(50)) {
      if (this.stopped) return;
      if (performance.now() > late) throw new Error(`not every live node was ready after ${READY_WITHIN_MS / 1_000} s\n${this.troubles.join('\n')}`);
    }
    this.startedMs = performance.now();
    this.began = Date.now() * MS;
  }

  private async allReady(): Promise<boolean> {
    return (await Promise.all(this.ids.map((id) => this.host(id).member.ready()))).every(Boolean);
  }

  private schedule(episode: FaultEpisode): void {
    const nodes = episode.nodes.map((node) => nodeId(node));
    this.at(episode.from, () => {
      const end = beginLive(this, episode);
      this.record((listener, now) => listener.faultBegan?.(episode.kind, nodes, now));
      this.at(Math.min(episode.until, this.run.healAt), () => {
        end();
        this.record((listener, now) => listener.faultEnded?.(episode.kind, nodes, now));
      });
    });
  }

  private heal(): void {
    for (const host of this.processes) this.start(host.id);
    this.record((listener, now) => listener.healed?.(now));
  }

  private async until(time: Micros): Promise<void> {
    while (this.now < time && !this.stopped) await pause(Math.min(100, (time - this.now) / MS));
  }

  private async settle(limit: Micros): Promise<void> {
    while (this.clients.openSince(this.run.healAt) > 0 && this.now < limit && !this.stopped) await pause(20);
  }

  private async read(): Promise<void> {
    this.archive.collect();
    await Promise.all(this.processes.map(async (host) => {
      const life = host.member.life;
      const text = host.state === 'up' ? await host.member.read('/metrics') : undefined;
      if (text !== undefined) this.readings.read(`${host.id}/${life}`, text);
    }));
  }

  /** Every process is told to seal its journal and go; then nothing of this run is left but its files. */
  private async finish(): Promise<void> {
    this.ending = true;
    for (const timer of this.timers) clearTimeout(timer);
    this.clients.end();
    await Promise.all(this.processes.map(async (host) => {
      await host.doing;
      this.archive.collect();
      if (host.member.running && !(await host.member.stop(STOP_WITHIN_MS))) this.troubles.push(`node ${host.id} was asked to stop and had not after ${STOP_WITHIN_MS / 1_000} s`);
    }));
    this.archive.complete();
    await this.links.close();
  }

  forget(): void {
    rmSync(this.files.folder, { recursive: true, force: true });
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.max(1, ms)));

// Executes a run file: builds its world, lets the faults come and the clients work, heals everything, demands progress, and
// says what was seen. The same file gives the same run, to the last digest.

import { SECOND, type Micros } from '../kernel/base/time.ts';
import type { Parameters } from '../kernel/parameters.ts';
import { LOOP_DEFAULTS, type LoopOptions } from '../io/loop-options.ts';
import type { Evidence, Judgement, Property, RunView, Violation, Watch } from '../io/sim/evidence.ts';
import type { FaultEpisode, RunFile } from '../io/sim/run-file.ts';
import { StandInScheme, type Scheme } from '../io/sim/scheme.ts';
import { World, type WorldOptions } from '../io/sim/world.ts';
import { nodeId } from '../kernel/base/ids.ts';
import { Random } from '../kernel/base/random.ts';
import type { Fault } from '../nemesis/fault.ts';
import { FAULTS, faultNamed } from '../nemesis/faults.ts';
import { SeededDraw } from '../nemesis/draw.ts';
import { SCENARIOS } from './list.ts';
import type { ExecuteOptions, PropertyResult, RunOptions, RunResult } from './scenario.ts';
import { parametersOf } from './topology.ts';
import { Envelopes } from './envelopes.ts';
import { Workload } from './workload.ts';

/** What a seed and the words of a person resolve to. The scenario is known: whoever reads the words has checked them. */
export function resolve(seed: number, options: RunOptions): RunFile {
  const name = options.scenario ?? 'steady-decides';
  const scenario = SCENARIOS.find((one) => one.name === name);
  if (scenario === undefined) throw new Error(`there is no scenario ${name}`);
  return scenario.resolve(seed, options, new SeededDraw(`${seed}/${name}`));
}

export interface Execution {
  readonly result: RunResult;
  readonly world: World;
  /** When the rest of the run was left to another seed. */
  readonly rerolledAt?: Micros;
  /** When what was to happen in between did. */
  readonly interjectedAt?: Micros;
  /** Operations that clients asked again. */
  readonly retries: number;
}

const ENTRIES_BETWEEN_LOOKS = 20_000;
/** After the bound for liveness, clients still get their time-outs. */
const DRAIN_US: Micros = 10 * SECOND;

export function execute(run: RunFile, properties: readonly Property[], options: ExecuteOptions): Execution {
  return new Run(run, properties, options).execute();
}

class Run {
  private readonly file: RunFile;
  private readonly options: ExecuteOptions;
  private readonly parameters: Parameters;
  private readonly properties: readonly Property[];
  private readonly watches: readonly Watch[];
  private readonly violations: Map<string, Violation> = new Map();
  private readonly world: World;
  private readonly workload: Workload;
  private readonly envelopes: Envelopes | undefined;
  private readonly boundUs: Micros;
  private reroll: ExecuteOptions['reroll'];
  private rerolledAt: Micros | undefined;
  private fate: Random | undefined;
  private interject: ExecuteOptions['interject'];
  private interjectedAt: Micros | undefined;
  /** In the order in which they begin. */
  private readonly episodes: readonly FaultEpisode[];

  constructor(file: RunFile, properties: readonly Property[], options: ExecuteOptions) {
    this.file = file;
    this.episodes = file.faults.toSorted((a, b) => a.from - b.from);
    this.options = options;
    this.reroll = options.reroll;
    this.interject = options.interject;
    this.properties = properties;
    this.parameters = options.past?.parameters ?? parametersOf(file);
    this.boundUs = 10 * this.parameters.raft.electionMaxUs;
    const heardFirst: Evidence[] = [...(options.listeners ?? [])];
    const view: RunView = {
      seed: file.seed, scenario: file.scenario, parameters: this.parameters, livenessBoundUs: this.boundUs,
      listen: (evidence) => void heardFirst.push(evidence),
      violated: (property, violation) => this.violated(property, violation),
    };
    this.watches = properties.map((property) => property.watch(view));
    this.world = new World(this.worldOptions(), [...heardFirst, ...this.watches]);
    this.workload = new Workload(this.world, file.workload, options.past?.beginning, file.operations);
    this.envelopes = file.envelopes === undefined ? undefined : new Envelopes(this.world, file.envelopes);
    this.world.onReroll = (seed) => {
      this.workload.reroll(seed);
      this.envelopes?.reroll(seed);
    };
  }

  private worldOptions(): WorldOptions {
    const file = this.file;
    const scheme: Scheme = this.options.scheme?.(file.seed, file.nodes) ?? new StandInScheme(file.seed, file.nodes);
    return {
      seed: file.seed, parameters: this.parameters, scheme, delayMinUs: file.delayMinUs, delayMaxUs: file.delayMaxUs, syncMinUs: file.syncMinUs,
      syncMaxUs: file.syncMaxUs, clients: file.workload.clients, clientTimeoutUs: file.workload.timeoutUs, encoded: this.options.checked, shadow: file.shadow,
      loopOptions: (node) => this.loopOptions(node), ...(this.options.past === undefined ? {} : { past: this.options.past }),
    };
  }

  private loopOptions(node: number): LoopOptions {
    const checked = this.options.checked;
    const restoreAt = checked ? Random.of(this.file.seed, 'restore', node).between(2, 5_000) : 0;
    return {
      ...LOOP_DEFAULTS, snapshotEvery: this.file.snapshotEvery, inbox: this.file.inbox, self: nodeId(node), parameters: this.parameters, version: this.options.kernelVersion, engine: 'simulated',
      checked: { freeze: checked, encode: checked, restoreAt },
    };
  }

  private violated(property: string, violation: Violation): void {
    if (!this.violations.has(property)) this.violations.set(property, violation);
    if (this.options.keepGoing !== true) this.world.ended = true;
  }

  execute(): Execution {
    let broke: RunResult['broke'];
    try {
      this.play();
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      broke = { message: error.message, stack: error.stack ?? '', at: this.world.now, node: this.world.attending };
    }
    const poison = this.world.poisoned[0];
    if (broke === undefined && poison !== undefined) broke = { message: poison.text, stack: '', at: poison.at, node: poison.node };
    const result = this.result();
    const rerolled = this.rerolledAt === undefined ? {} : { rerolledAt: this.rerolledAt };
    const interjected = this.interjectedAt === undefined ? {} : { interjectedAt: this.interjectedAt };
    return { ...rerolled, ...interjected, world: this.world, retries: this.workload.retries, result: broke === undefined ? result : { ...result, broke } };
  }

  private play(): void {
    this.world.begin();
    this.scheduleNext(0);
    this.workload.start();
    this.envelopes?.start();
    if (!this.until(this.file.healAt)) return;
    this.heal();
    if (!this.until(this.file.forUs)) return;
    this.workload.stop();
    this.envelopes?.stop();
    this.settle(Math.max(this.file.forUs, this.file.healAt + this.boundUs) + DRAIN_US);
    if (this.world.ended) return;
    if (this.workload.readBack() > 0) this.settle(this.world.now + this.boundUs + DRAIN_US);
    if (this.world.ended) return;
    this.world.clients.giveUp();
    const view = this.world.view();
    for (const one of this.world.listeners.finished) one.finished(view);
  }

  /** True if the world got there. */
  private until(time: Micros): boolean {
    const { world } = this;
    const { endAt, endAfter, hooks } = this.options;
    const end = endAt === undefined ? time : Math.min(time, endAt);
    for (;;) {
      this.rerollIfDue();
      this.interjectIfDue();
      if (world.run(end, this.entriesUntilLook())) break;
      if (hooks?.progress?.(world.now, world.events) === false || world.events === endAfter) world.ended = true;
    }
    if (endAt !== undefined && world.now >= endAt) world.ended = true;
    return !world.ended;
  }

  private entriesUntilLook(): number {
    const { events } = this.world;
    let entries = ENTRIES_BETWEEN_LOOKS;
    for (const next of [this.reroll?.after, this.interject?.after, this.options.endAfter]) if (next !== undefined && next > events) entries = Math.min(entries, next - events);
    return entries;
  }

  private rerollIfDue(): void {
    if (this.reroll === undefined || this.world.events < this.reroll.after) return;
    this.world.reroll(this.reroll.seed);
    this.rerolledAt = this.world.now;
    this.fate = Random.of(this.reroll.seed, 'faults');
    this.reroll = undefined;
  }

  private interjectIfDue(): void {
    if (this.interject === undefined || this.world.events < this.interject.after) return;
    this.interject.act();
    this.interjectedAt = this.world.now;
    this.interject = undefined;
  }

  /** Until everything that was asked after healing is answered, or `limit`. */
  private settle(limit: Micros): void {
    while (this.world.clients.openSince(this.file.healAt) > 0 && this.world.now < limit) {
      if (!this.until(Math.min(limit, this.world.now + SECOND / 20))) return;
    }
  }

  /** In the order in which they begin only the next waits in the queue, which stays short. */
  private scheduleNext(place: number): void {
    const episode = this.episodes[place];
    if (episode !== undefined) this.schedule(episode, place);
  }

  private schedule(episode: FaultEpisode, place: number): void {
    const fault = faultNamed(episode.kind);
    if (fault === undefined) throw new Error(`there is no fault ${episode.kind}`);
    const nodes = episode.nodes.map((node) => nodeId(node));
    this.world.at(episode.from, () => {
      this.scheduleNext(place + 1);
      if (this.staysAway(fault)) return;
      const end = fault.begin(this.world, episode);
      for (const one of this.world.listeners.faultBegan) one.faultBegan(episode.kind, nodes, this.world.now);
      const over = (): void => {
        end();
        for (const one of this.world.listeners.faultEnded) one.faultEnded(episode.kind, nodes, this.world.now);
      };
      const rerolled = this.rerolledAt;
      this.world.at(Math.min(episode.until, this.file.healAt), () => {
        if (rerolled === this.rerolledAt || !this.lastsOn(fault, episode, over)) over();
      });
    });
  }

  // When chance is drawn anew, what faults will come is open, and when those that are there end. Damage comes as it would: the
  // budget was kept for it.

  private staysAway(fault: Fault): boolean {
    return this.fate !== undefined && fault.damages !== true && this.fate.below(2) === 0;
  }

  private lastsOn(fault: Fault, episode: FaultEpisode, over: () => void): boolean {
    const room = this.file.healAt - this.world.now;
    if (this.fate === undefined || fault.damages === true || room <= 0 || this.fate.below(4) === 0) return false;
    this.world.at(this.world.now + 1 + this.fate.below(Math.min(room, episode.until - episode.from)), over);
    return true;
  }

  /** Every episode has ended; whoever may run, runs. */
  private heal(): void {
    for (const id of this.world.ids) {
      const host = this.world.host(id);
      host.disarm();
      host.downAfterStop = 0;
      if (host.state === 'down') host.start();
    }
    for (const one of this.world.listeners.healed) one.healed(this.world.now);
  }

  private result(): RunResult {
    const { world, file } = this;
    const { clients, network } = world;
    return {
      seed: file.seed, scenario: file.scenario, nodes: file.nodes, simulatedUs: world.now, events: world.events, steps: world.steps,
      operations: { invoked: clients.invoked, ok: clients.ok, failed: clients.failed, unknown: clients.unknown },
      messages: {
        sent: network.sentCount, delivered: network.delivered, dropped: network.dropped, duplicated: network.doubled, corrupted: network.corrupted,
      },
      faults: this.faultCounts(), digest: world.digestText(), properties: this.properties.map((property, place) => this.judged(property, place)),
      marks: world.marks.report(),
    };
  }

  private faultCounts(): Record<string, number> {
    const out: Record<string, number> = {};
    for (const fault of FAULTS) {
      if (!this.file.faults.some((episode) => episode.kind === fault.name)) continue;
      out[fault.name] = fault.happened?.(this.world) ?? this.world.faults.get(fault.name) ?? 0;
    }
    return out;
  }

  /** Below the goodput floor nothing was tested, and no property may claim that it held. */
  private judged(property: Property, place: number): PropertyResult {
    const { id, claim, kind } = property;
    const judgement = (this.watches[place] as Watch).judge();
    const violation = this.violations.get(id) ?? judgement.violation;
    if (violation !== undefined) return { id, claim, kind, verdict: 'violated', checks: judgement.checks, violation };
    const verdict: Judgement['verdict'] = this.exercised ? judgement.verdict : 'not-exercised';
    return { id, claim, kind, verdict, checks: judgement.checks };
  }

  private get exercised(): boolean {
    return this.world.clients.ok * 1_000 * SECOND >= this.file.workload.goodputPer1000s * this.world.now;
  }
}

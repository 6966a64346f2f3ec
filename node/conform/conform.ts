// `lockstep conform`: one scenario, two worlds. A resolved run file is executed in the simulator and told to five live
// processes whose links go through a proxy; the same properties judge both, and what differed is shown side by side.

import { statSync } from 'node:fs';
import { LOOP_DEFAULTS } from '../../io/loop-options.ts';
import type { RunFile } from '../../io/sim/run-file.ts';
import { properties } from '../../properties/all.ts';
import { conformHead, renderConformEnd, renderConformList, renderConformRow, type ConformProperty, type ConformReport, type ConformRow, type WorldVerdict } from '../../reports/conform-table.ts';
import { paintFor, type Paint } from '../../reports/paint.ts';
import { duration } from '../../reports/quantities.ts';
import { exitCodeOf } from '../../reports/run-report.ts';
import { CONFORM_FOR, CONFORMING, resolveConforming } from '../../scenarios/conforming.ts';
import { Figures } from '../../scenarios/figures.ts';
import { execute } from '../../scenarios/run.ts';
import type { PropertyResult } from '../../scenarios/scenario.ts';
import { readDuration, readWord } from '../arguments.ts';
import { Complaint, EXIT } from '../complaint.ts';
import { judge } from '../evidence/judge.ts';
import { Interruption } from '../interruption.ts';
import { kernelHash } from '../kernel-hash.ts';
import { bar, Progress } from '../progress.ts';
import { loadRunFile } from '../run-files.ts';
import { seedOf } from '../sim-options.ts';
import { trapped } from '../trap.ts';
import { VERSION } from '../version.ts';
import { notLive } from './faults.ts';
import type { Links } from './links.ts';
import { LiveRun } from './live-run.ts';
import { Namespaces, PACKET_FAULTS } from './namespaces.ts';
import { Proxy } from './proxy.ts';

export interface ConformFlags {
  readonly seed?: string;
  readonly for?: string;
  readonly list?: boolean;
  readonly keep?: boolean;
  readonly packets?: boolean;
  readonly json?: boolean;
}

/** Live nodes write records of this run only: a longer one is told in several. */
const LONGEST_US = 15 * 60_000_000;
const SHORTEST_US = 2_000_000;

export async function conform(name: string | undefined, flags: ConformFlags): Promise<number> {
  if (flags.list === true) return list(flags.json === true);
  const plans = plansOf(name, flags);
  return new Conform(plans, flags).run();
}

function list(json: boolean): number {
  const scenarios = CONFORMING.map(({ name, about }) => ({ name, about }));
  process.stdout.write(json ? `${JSON.stringify({ scenarios })}\n` : `${renderConformList(scenarios, paintFor(process.stdout.isTTY, process.env))}\n`);
  return EXIT.held;
}

interface Plan {
  readonly run: RunFile;
  readonly about: string;
  readonly replay: string;
}

function plansOf(name: string | undefined, flags: ConformFlags): Plan[] {
  if (name !== undefined && (name.endsWith('.json') || statSync(name, { throwIfNoEntry: false })?.isFile() === true)) return [fromFile(name, flags)];
  const names = CONFORMING.map((scenario) => scenario.name);
  const chosen = name === undefined ? names : [readWord(name, 'conform scenario', names)];
  const forUs = flags.for === undefined ? CONFORM_FOR : readDuration(flags.for);
  if (forUs < SHORTEST_US || forUs > LONGEST_US) throw new Complaint(`--for expects ${duration(SHORTEST_US)} to ${duration(LONGEST_US)} for each scenario, got "${flags.for}"`);
  const seed = seedOf(flags);
  return chosen.map((one) => ({
    run: resolveConforming(one, seed, forUs),
    about: CONFORMING.find((scenario) => scenario.name === one)?.about ?? '',
    replay: `npm run conform -- ${one} --seed ${seed}${flags.for === undefined ? '' : ` --for ${flags.for}`}`,
  }));
}

/** A run file that somebody saved or wrote: as long as both worlds can be given what it says. */
function fromFile(path: string, flags: ConformFlags): Plan {
  const other = flags.seed !== undefined ? '--seed' : flags.for !== undefined ? '--for' : undefined;
  if (other !== undefined) throw new Complaint(`a run file and ${other} do not go together: a run file already says everything`);
  const run = loadRunFile(path);
  const why = run.faults.map(notLive).find((one) => one !== undefined) ?? notSmall(run);
  if (why !== undefined) throw new Complaint(`the run file "${path}" cannot be told to a live network: ${why}`);
  return { run, about: `run file ${path}`, replay: `npm run conform -- ${path}` };
}

function notSmall(run: RunFile): string | undefined {
  if (run.nodes > 7) return `it has ${run.nodes} nodes, and at most 7 processes are started`;
  if (run.votersPerGroup < Math.min(run.nodes, 5)) return `its groups have ${run.votersPerGroup} voters, and live groups have as many as there are nodes, up to five`;
  if (run.forUs > LONGEST_US) return `it takes ${duration(run.forUs)}, and at most ${duration(LONGEST_US)} are lived through`;
  const { urgent, messages, requests } = LOOP_DEFAULTS.inbox;
  if (run.inbox.urgent !== urgent || run.inbox.messages !== messages || run.inbox.requests !== requests) return 'its inboxes are not those of a live node';
  return run.followsParent || run.gpuPollUs > 0 ? 'it follows a parent chain, or lists GPUs' : undefined;
}

class Conform {
  private readonly plans: readonly Plan[];
  private readonly flags: ConformFlags;
  private readonly paint: Paint = paintFor(process.stdout.isTTY, process.env);
  private readonly rows: ConformRow[] = [];
  private live: LiveRun | undefined;
  private stopped = false;
  private ourBug = false;
  /** What stood between nodes, in words, and why it was no packets where they were asked for. */
  private readonly linked: Set<string> = new Set();
  private noPackets: string | undefined;

  constructor(plans: readonly Plan[], flags: ConformFlags) {
    this.plans = plans;
    this.flags = flags;
  }

  async run(): Promise<number> {
    const started = performance.now();
    const interruption = new Interruption(() => {
      this.stopped = true;
      this.live?.halt();
    });
    this.print(`seed ${this.plans[0]?.run.seed}\n${conformHead(this.paint)}`);
    const progress = new Progress(() => this.progress());
    try {
      for (const plan of this.plans) {
        if (this.stopped) break;
        const row = await this.both(plan);
        if (row === undefined) break;
        this.rows.push(row);
        progress.clear();
        this.print(renderConformRow(row, this.paint));
      }
    } finally {
      progress.end();
      interruption.forget();
    }
    const report: ConformReport = {
      version: VERSION, kernel: kernelHash(), links: [...this.linked], ...(this.noPackets === undefined ? {} : { noPackets: this.noPackets }), scenarios: this.rows, liveUs: this.rows.reduce((sum, row) => sum + row.liveUs, 0),
      sameVerdicts: this.rows.filter((row) => row.differing.length === 0).length, wallMs: Math.round(performance.now() - started), ...(this.stopped ? { stopped: true } : {}),
    };
    if (this.flags.json === true) process.stdout.write(`${JSON.stringify(report)}\n`);
    else this.print(`\n${renderConformEnd(report, this.paint)}`);
    return this.exitCode();
  }

  private print(text: string): void {
    if (this.flags.json !== true) process.stdout.write(`${text}\n`);
  }

  private progress(): string {
    const live = this.live;
    const plan = this.plans[this.rows.length];
    if (live === undefined || plan === undefined) return '';
    return `${plan.run.scenario}  ${bar(live.now / plan.run.forUs, 24)} ${duration(Math.max(0, live.now))} of ${duration(plan.run.forUs)} live  (${this.rows.length + 1} of ${this.plans.length})`;
  }

  private exitCode(): number {
    if (this.ourBug) return EXIT.ourBug;
    const verdicts = this.rows.flatMap((row) => row.properties.flatMap(({ id, kind, simulated, live }) => [simulated, live].map((world) => ({ id, claim: '', kind, verdict: world.verdict, checks: world.checks }))));
    return exitCodeOf(verdicts);
  }

  /** Packets where they were asked for, this machine has them, and they can be given these faults; else a proxy. */
  private linksFor(run: RunFile): Links {
    if (this.flags.packets !== true || this.noPackets !== undefined) return new Proxy(run.seed);
    if (!run.faults.every((episode) => PACKET_FAULTS.includes(episode.kind))) return new Proxy(run.seed);
    const opened = Namespaces.open(run.nodes, this.rows.length % 200);
    if ('links' in opened) return opened.links;
    this.noPackets = opened.why;
    process.stderr.write(`lockstep: no network namespaces, all links go through a proxy: ${opened.why}\n`);
    return new Proxy(run.seed);
  }

  /** Undefined if it was stopped before anything could be said. */
  private async both({ run, about, replay }: Plan): Promise<ConformRow | undefined> {
    const figures = new Figures();
    const { result, retries } = trapped(() => execute(run, properties, { checked: false, kernelVersion: kernelHash(), listeners: [figures] }));
    if (result.broke !== undefined) throw new Error(`our own code threw in the simulator: ${result.broke.message}\n${result.broke.stack}`);
    const links = this.linksFor(run);
    this.linked.add(links.about);
    const live = await LiveRun.prepare(run, links, 10 * this.rows.length).catch(async (error: unknown) => {
      await links.close();
      throw error;
    });
    this.live = live;
    let keep = this.flags.keep === true;
    try {
      const left = await live.play();
      if (this.stopped) return undefined;
      const liveFigures = new Figures();
      const judged = judge({ ...left, listeners: [liveFigures] });
      const compared = result.properties.map((simulated) => compare(simulated, judged.properties.find((one) => one.id === simulated.id) as PropertyResult));
      this.ourBug ||= left.troubles.length > 0;
      keep ||= left.troubles.length > 0 || compared.some((property) => property.live.verdict === 'violated');
      return {
        scenario: run.scenario, about, links: links.about, seed: run.seed, liveUs: left.tookUs,
        differing: compared.filter(({ simulated, live: other }) => (simulated.verdict === 'violated') !== (other.verdict === 'violated')).map((property) => property.id),
        exercisedInOne: compared.filter(({ simulated, live: other }) => (simulated.verdict === 'not-exercised') !== (other.verdict === 'not-exercised')).map((property) => property.id),
        properties: compared, simulated: { figures: figures.sum(), retries, faults: result.faults }, live: { figures: liveFigures.sum(), retries: left.retries, faults: left.faults },
        troubles: left.troubles, ...(keep ? { folder: left.folder } : {}), replay,
      };
    } finally {
      this.live = undefined;
      if (!keep) live.forget();
    }
  }
}

function compare(simulated: PropertyResult, live: PropertyResult): ConformProperty {
  return { id: simulated.id, kind: simulated.kind, simulated: verdictOf(simulated), live: verdictOf(live) };
}

function verdictOf({ verdict, checks, violation }: PropertyResult): WorldVerdict {
  return violation === undefined ? { verdict, checks } : { verdict, checks, violation: { message: violation.message, evidence: violation.evidence ?? [] } };
}

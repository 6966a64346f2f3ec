// Judges a live network by what it left behind: the journals of its nodes, what its clients recorded, and what the monitors of
// the nodes counted while they ran. The properties are those that judge simulated runs.

import type { Evidence, Judgement, Property, RunView, Violation, Watch } from '../../io/sim/evidence.ts';
import { nodeId } from '../../kernel/base/ids.ts';
import type { Micros } from '../../kernel/base/time.ts';
import type { Parameters } from '../../kernel/parameters.ts';
import { properties } from '../../properties/all.ts';
import type { PropertyResult } from '../../scenarios/scenario.ts';
import { CollectedJournals, type JournalEnd } from './collected.ts';
import { tellStory, type Recorded } from './telling.ts';

/** What the monitors of all nodes counted for a property that one node can judge of itself. */
export interface Watched {
  readonly checks: number;
  /** What a node said when it was violated. */
  readonly violated?: string;
}

export interface Leavings {
  readonly directories: readonly string[];
  readonly parameters: Parameters;
  readonly recorded: readonly Recorded[];
  /** The calendar's time, in microseconds, at which the run began. */
  readonly began: Micros;
  /** By property. */
  readonly watched: ReadonlyMap<string, Watched>;
  /** Hear the story too, and judge nothing. */
  readonly listeners: readonly Evidence[];
}

export interface Judged {
  readonly properties: readonly PropertyResult[];
  readonly ends: readonly JournalEnd[];
  readonly events: number;
}

const REPLAY = 'P2';
const IN_ORDER = 'monotonic-time';

export function judge(leavings: Leavings): Judged {
  const violations = new Map<string, Violation>();
  const heardFirst: Evidence[] = [...leavings.listeners];
  const view: RunView = {
    seed: 0, scenario: 'live', parameters: leavings.parameters, livenessBoundUs: 10 * leavings.parameters.raft.electionMaxUs,
    listen: (evidence) => void heardFirst.push(evidence),
    violated: (property, violation) => void (violations.has(property) || violations.set(property, violation)),
  };
  const watches = new Map<Property, Watch>();
  for (const property of properties) if (property.scope === 'global') watches.set(property, property.watch(view));
  const journals = new CollectedJournals(leavings.directories);
  const listeners = [...heardFirst, ...watches.values()];
  for (const { node, kernel } of journals.bases()) {
    for (const listener of listeners) {
      listener.refolded?.(node, kernel.sequence, kernel.digestHigh, kernel.digestLow, 0);
      for (const { group, term } of kernel.groups) listener.beginsAmid?.(node, group, term);
    }
  }
  tellStory(journals.events(), leavings.recorded, leavings.began, listeners);
  for (const watch of watches.values()) watch.finished?.({ now: Number.MAX_SAFE_INTEGER, nodes: [] });
  const ends = journals.ends();
  const events = ends.reduce((sum, end) => sum + end.events, 0);
  const results = properties.map((property) => {
    const { id, claim, kind } = property;
    const judgement = watches.get(property)?.judge() ?? local(id, journals, ends, events, leavings.watched.get(id));
    const violation = violations.get(id) ?? judgement.violation;
    return violation === undefined ? { id, claim, kind, ...judgement } : { id, claim, kind, verdict: 'violated' as const, checks: judgement.checks, violation };
  });
  return { properties: results, ends, events };
}

/** What one node can judge of itself: by refolding its journal, or by what its monitor said. */
function local(id: string, journals: CollectedJournals, ends: readonly JournalEnd[], events: number, watched: Watched | undefined): Judgement {
  const said = watched?.violated;
  if (said !== undefined) return broken(watched?.checks ?? 0, said, []);
  const seen = watched?.checks ?? 0;
  if (id === REPLAY) return replayed(journals, ends, seen + ends.reduce((sum, end) => sum + end.compared, 0));
  const checks = seen + (id === IN_ORDER ? events : 0);
  return { verdict: checks === 0 ? 'not-exercised' : 'held', checks };
}

/** Every batch was refolded from the first event on, and its digest compared; and nobody heard what a journal does not hold. */
function replayed(journals: CollectedJournals, ends: readonly JournalEnd[], checks: number): Judgement {
  for (const { node, directory, end } of ends) if (end.kind === 'refused') return broken(checks, `the journal of node ${node} in "${directory}" does not refold: ${end.text}`, [node]);
  const wrong = ends.find((end) => end.wrongSnapshot !== undefined);
  if (wrong !== undefined) return broken(checks, `the snapshot of node ${wrong.node} after event ${wrong.wrongSnapshot} is not the state that the events before it give`, [wrong.node]);
  const lost = journals.missing[0];
  if (lost === undefined) return { verdict: checks === 0 ? 'not-exercised' : 'held', checks };
  return broken(checks, `node ${lost.node} heard at event ${lost.event} what node ${lost.from} said at event ${lost.sent} of its journal, which ends with event ${lost.last}`, [lost.from, lost.node]);
}

function broken(checks: number, message: string, nodes: readonly number[]): Judgement {
  return { verdict: 'violated', checks, violation: { message, at: 0, nodes: nodes.map((node) => nodeId(node)) } };
}

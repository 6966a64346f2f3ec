// Which steps led to a violation. Everything that a step can have known happened before it: earlier on its node, or where a
// message came from. Of this past, the steps that are about what the violation is about tell the story: the same need, the same
// election, the same place in a log. Where a violation names nothing of the kind, the messages that led to its step are followed.

import type { Effect } from '../../kernel/effect.ts';
import type { Event } from '../../kernel/event.ts';
import type { Message } from '../../kernel/message.ts';
import { CAUSES, type Arrows, type CausalPath, type Operations, type Steps } from './timeline.ts';

/** A violation as a property tells it. */
export interface Told {
  readonly property: string;
  readonly message: string;
  readonly at: number;
  readonly nodes: readonly number[];
  readonly sequence?: number;
  readonly evidence: readonly string[];
}

export interface Scene {
  readonly steps: Steps;
  readonly arrows: Arrows;
  readonly operations: Operations;
  readonly events: readonly Event[];
  readonly effects: readonly (readonly Effect[])[];
  /** By arrow: the place in the sender's journal. */
  readonly places: readonly number[];
  readonly fromUs: number;
}

/** More is no story. */
const MOST_STEPS = 120;
const MOST_TERMS = 4;
/** How far back the messages are followed where nothing else is known. */
const CHAIN = 12;

/** What a violation is about, as far as its words name it. */
interface Subject {
  readonly groups: ReadonlySet<number>;
  readonly terms: ReadonlySet<number>;
  readonly indexes: ReadonlySet<number>;
  readonly needs: ReadonlySet<string>;
}

export function pathOf(told: Told, scene: Scene): CausalPath {
  const { steps } = scene;
  const roots = rootsOf(told, scene);
  const early = tooEarly(told, scene);
  if (roots.length === 0) {
    const about = early < 0 ? 'the step at which it was seen is not in what is shown' : 'the step was not durable yet, so no journal holds it; what it sent is marked';
    return { property: told.property, step: -1, arrow: early, steps: [], arrows: early < 0 ? [] : [early], about };
  }
  const past = pastOf(roots, scene);
  const subject = subjectOf(told, scene, past);
  const about = past.filter((step) => isAbout(scene, step, subject));
  const named = about.length > 0;
  // A step that the violation names belongs to it in any case; the last one before it was seen, only if it is about the same.
  const chosen = new Set(named ? (told.sequence === undefined ? about : [...roots, ...about]) : roots);
  const opens = chosen.has(roots[0] as number) ? (roots[0] as number) : (about[0] as number);
  if (named) addSenders(chosen, scene);
  else for (const root of roots) addChain(root, chosen, scene);
  const elections = named && subject.needs.size + subject.indexes.size > 0 ? addElections(chosen, past, scene) : 0;
  const path = [...chosen].sort((a, b) => (steps.at[a] as number) - (steps.at[b] as number) || a - b).slice(-MOST_STEPS);
  const inPath = new Set(path);
  const { arrows } = scene;
  const between = arrows.fromStep.flatMap((from, arrow) => (inPath.has(from) && inPath.has(arrows.toStep[arrow] as number) ? [arrow] : []));
  return { property: told.property, step: opens, arrow: -1, steps: path, arrows: between, about: wordsOf(subject, named, elections, chosen.size - path.length) };
}

/** The step it was seen at, and the last one of every other node that it names. */
function rootsOf(told: Told, scene: Scene): number[] {
  const { steps } = scene;
  const at = told.at - scene.fromUs;
  const roots: number[] = [];
  told.nodes.forEach((node, place) => {
    let found = -1;
    for (let step = steps.node.length - 1; step >= 0 && found < 0; step--) {
      if (steps.node[step] !== node) continue;
      if (place === 0 && told.sequence !== undefined ? steps.sequence[step] === told.sequence : (steps.out[step] as number) <= at) found = step;
    }
    if (found >= 0) roots.push(found);
  });
  if (told.nodes.length > 0) return roots;
  for (let step = steps.node.length - 1; step >= 0; step--) if ((steps.out[step] as number) <= at) return [step];
  return roots;
}

/** A message that left a node before the step that it comes from was durable. */
function tooEarly(told: Told, { arrows, places }: Scene): number {
  return arrows.from.findIndex((from, arrow) => from === told.nodes[0] && places[arrow] === told.sequence && (arrows.fromStep[arrow] as number) < 0);
}

/** Every step of the window that happened before one of these, and these: latest first. */
function pastOf(roots: readonly number[], scene: Scene): number[] {
  const { steps, arrows } = scene;
  const before: number[] = [];
  const last: number[] = [];
  steps.node.forEach((node, step) => {
    before.push(last[node] ?? -1);
    last[node] = step;
  });
  const seen = new Set(roots);
  const open = [...roots];
  while (open.length > 0) {
    const step = open.pop() as number;
    for (const earlier of [before[step] as number, senderOf(step, steps, arrows)]) {
      if (earlier >= 0 && !seen.has(earlier)) {
        seen.add(earlier);
        open.push(earlier);
      }
    }
  }
  return [...seen].sort((a, b) => b - a);
}

function senderOf(step: number, steps: Steps, arrows: Arrows): number {
  const arrow = steps.source[step] as number;
  return CAUSES[steps.cause[step] as number] === 'message' && arrow >= 0 ? (arrows.fromStep[arrow] as number) : -1;
}

/** Read from the violation's words: they are written for people, and name groups, terms, indexes and needs in one way. */
function subjectOf(told: Told, scene: Scene, past: readonly number[]): Subject {
  const words = [told.message, ...told.evidence].join('\n');
  const numbers = (pattern: RegExp): Set<number> => new Set([...words.matchAll(pattern)].map((match) => Number(match[1])));
  const seen = new Set<string>();
  for (const step of past) for (const need of needsOf(scene, step)) seen.add(need);
  const needs = new Set([...words.matchAll(/[0-9]+\/[\x21-\x7e]+/g)].flatMap(([word]) => prefixes(word)).filter((word) => seen.has(word)));
  return { groups: numbers(/group (\d+)/g), terms: numbers(/term (\d+)/g), indexes: numbers(/index (\d+)/g), needs };
}

/** A need may be followed by a quote or a comma. */
const prefixes = (word: string): string[] => [word, word.replace(/[",.;:)\]]+$/, '')];

function needsOf(scene: Scene, step: number): string[] {
  const { cause } = scene.events[step] as Event;
  const own = cause.kind === 'request' ? [cause.operation.need as string] : cause.kind === 'message' ? needsNamed(cause.message) : [];
  const said = (scene.effects[step] as readonly Effect[]).flatMap((effect) => (effect.kind === 'send' ? needsNamed(effect.message) : effect.kind === 'fact' && effect.fact.kind === 'decided' ? [effect.fact.need as string] : []));
  return [...own, ...said];
}

function needsNamed(message: Message): string[] {
  if (message.kind === 'append') return message.entries.flatMap(({ command }) => ((command.kind === 'apply' || command.kind === 'own') && command.body.kind === 'decide' ? [command.body.proposal.need as string] : []));
  if (message.kind === 'submit') return message.body.kind === 'decide' ? [message.body.proposal.need] : [];
  if (message.kind === 'submitted') return 'record' in message.outcome ? [message.outcome.record.proposal.need] : [];
  if (message.kind === 'read') return [message.need];
  return message.kind === 'readReply' && 'record' in message.lookup ? [message.lookup.record.proposal.need] : [];
}

/** A need says most; then a place in a log; then an election. */
function isAbout(scene: Scene, step: number, subject: Subject): boolean {
  if (subject.needs.size > 0) return needsOf(scene, step).some((need) => subject.needs.has(need));
  const { cause } = scene.events[step] as Event;
  const messages = [...(cause.kind === 'message' ? [cause.message] : []), ...(scene.effects[step] as readonly Effect[]).flatMap((effect) => (effect.kind === 'send' ? [effect.message] : []))];
  if (subject.indexes.size > 0) return messages.some((message) => 'group' in message && subject.groups.has(message.group) && holdsIndex(message, subject.indexes));
  if (subject.terms.size === 0) return false;
  if (messages.some((message) => isElection(message, subject))) return true;
  return (scene.effects[step] as readonly Effect[]).some((effect) => effect.kind === 'fact' && effect.fact.kind === 'becameLeader' && subject.groups.has(effect.fact.group) && subject.terms.has(effect.fact.term));
}

function holdsIndex(message: Message, indexes: ReadonlySet<number>): boolean {
  if (message.kind === 'append') return [...indexes].some((index) => index > message.prevIndex && index <= message.prevIndex + message.entries.length);
  if (message.kind === 'appendReply') return message.ok && indexes.has(message.match);
  return message.kind === 'snapshot' && indexes.has(message.index);
}

function isElection(message: Message, subject: { readonly groups: ReadonlySet<number>; readonly terms: ReadonlySet<number> }): boolean {
  if (message.kind !== 'vote' && message.kind !== 'voteReply') return false;
  return !message.pre && subject.groups.has(message.group) && subject.terms.has(message.term);
}

function addSenders(chosen: Set<number>, scene: Scene): void {
  const before = Array.from(chosen);
  for (const step of before) {
    const sender = senderOf(step, scene.steps, scene.arrows);
    if (sender >= 0) chosen.add(sender);
  }
}

function addChain(root: number, chosen: Set<number>, scene: Scene): void {
  let step = root;
  for (let back = 0; back < CHAIN && step >= 0; back++) {
    chosen.add(step);
    step = senderOf(step, scene.steps, scene.arrows);
  }
}

/** Where leaders of several terms had a hand in it, how each came to lead belongs to the story. */
function addElections(chosen: Set<number>, past: readonly number[], scene: Scene): number {
  const terms = new Set<number>();
  const groups = new Set<number>();
  for (const step of chosen) {
    const { cause } = scene.events[step] as Event;
    if (cause.kind !== 'message' || cause.message.kind !== 'append') continue;
    terms.add(cause.message.term);
    groups.add(cause.message.group);
  }
  if (terms.size < 2) return 0;
  const last = new Set([...terms].sort((a, b) => b - a).slice(0, MOST_TERMS));
  for (const step of past) if (isAbout(scene, step, { groups, terms: last, indexes: new Set(), needs: new Set() })) chosen.add(step);
  return last.size;
}

function wordsOf(subject: Subject, named: boolean, elections: number, left: number): string {
  const list = (noun: string, values: ReadonlySet<string | number>): string => (values.size === 0 ? '' : `${noun} ${[...values].join(', ')}`);
  const what = !named
    ? 'the messages that led to the step'
    : subject.needs.size > 0
      ? `steps that knew of ${list('need', subject.needs)}`
      : subject.indexes.size > 0
        ? `steps about ${list('index', subject.indexes)} of ${list('group', subject.groups)}`
        : `votes in ${list('term', subject.terms)} of ${list('group', subject.groups)}`;
  return `${what}${elections > 0 ? `, and the elections of ${elections} terms` : ''}${left > 0 ? `; the ${left} earliest are left out` : ''}`;
}

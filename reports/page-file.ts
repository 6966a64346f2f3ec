// A run as one file for a browser: the page under page/, its script with the types taken out, and the run as data. It needs no
// network and no other file, and a text from the run can never become part of its markup.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { grouped } from './quantities.ts';
import type { RunReport } from './run-report.ts';
import { BEFELL, CAUSES, EFFECTS, FATES, FIELDS, ROLES, type Timeline } from './timeline/timeline.ts';
import type { PageData } from './page/run-data.ts';

const ENTRY = 'main.ts';
const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

export function renderPage(run: RunReport, timeline: Timeline): string {
  const script = pageScript();
  // Nothing of a wall clock, a heap or a path stands in it: the same run gives the same file.
  const { page: _page, runFile: _runFile, heapMb: _heapMb, ...same } = run;
  const data: PageData = { run: { ...same, wallMs: 0 }, timeline: relevant(run, timeline), tables: { fates: FATES, causes: CAUSES, effects: EFFECTS, fields: FIELDS, roles: ROLES, befell: BEFELL } };
  const violated = run.properties.filter(({ verdict }) => verdict === 'violated').map(({ id }) => id);
  const failed = violated.length > 0 || run.broke !== undefined;
  const fields: Readonly<Record<string, string>> = {
    policy: `default-src 'none'; script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'; style-src 'unsafe-inline'`,
    title: escaped(`${run.scenario}, seed ${run.seed}: ${verdictOf(run, violated)}`),
    heading: escaped(`${run.scenario}, seed ${run.seed}${run.mutant === undefined ? '' : `, planted bug ${run.mutant}`}`),
    verdict: escaped(verdictOf(run, violated)),
    verdictClass: failed ? 'violated' : 'held',
    window: escaped(windowOf(run, timeline)),
    style: read('page.css'),
    data: asData(data),
    script,
  };
  return read('page.html').replace(/\{\{(\w+)\}\}/g, (_, name: string) => fields[name] as string);
}

/** Paths of properties that were not asked for are not shown. */
function relevant(run: RunReport, timeline: Timeline): Timeline {
  return { ...timeline, paths: timeline.paths.filter(({ property }) => run.properties.some(({ id }) => id === property)) };
}

function verdictOf(run: RunReport, violated: readonly string[]): string {
  if (violated.length > 0) return `${violated.join(', ')} violated`;
  if (run.broke !== undefined) return 'our own code threw';
  return `${run.properties.filter(({ verdict }) => verdict === 'held').length} properties held`;
}

function windowOf(run: RunReport, { fromUs, toUs, steps, stepsOfRun }: Timeline): string {
  const shown = steps.node.length;
  const seconds = (us: number): string => `${(us / 1e6).toFixed(3)} s`;
  if (shown >= stepsOfRun) return `the whole run: ${seconds(toUs)}, ${grouped(shown)} steps of ${run.nodes} nodes`;
  return `the last ${grouped(shown)} of ${grouped(stepsOfRun)} steps: ${seconds(fromUs)} to ${seconds(toUs)}; what came before is not in this file`;
}

const escaped = (text: string): string => text.replace(/[&<>"]/g, (character) => ESCAPES[character] as string);

/** JSON that cannot end the element it stands in, nor open a comment. Two more characters are no JavaScript in old engines. */
function asData(data: unknown): string {
  return JSON.stringify(data).replace(/[<>\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const read = (file: string): string => readFileSync(new URL(`page/${file}`, import.meta.url), 'utf8');

let known: string | undefined;

/** The modules of the page as one script: each after those that it imports, in one scope. */
export function pageScript(): string {
  if (known !== undefined) return known;
  const seen = new Set<string>();
  const parts: string[] = [];
  const add = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    const source = withoutTypes(read(file));
    for (const [, name] of source.matchAll(/^import \{[^}]*\} from '\.\/([\w-]+\.ts)';$/gm)) add(name as string);
    parts.push(source.replace(/^import [^;]*;$/gm, '').replace(/^export /gm, '').replace(/^\s*\/\/.*$/gm, '').replace(/[ \t]+$/gm, '').replace(/\n{2,}/g, '\n'));
  };
  add(ENTRY);
  known = `'use strict';(()=>{${parts.join('')}})();`;
  return known;
}

/** The function is marked as experimental, and says so on standard error; it is the one that loads this very file. */
function withoutTypes(source: string): string {
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try {
    return stripTypeScriptTypes(source);
  } finally {
    process.emitWarning = emitWarning;
  }
}

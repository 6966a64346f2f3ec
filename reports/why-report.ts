// When a failure became inevitable: how likely it was from each moment on, as bars, and what was handled where that jumped.

import type { Paint } from './paint.ts';
import { duration, grouped, moment, plural } from './quantities.ts';
import type { WhyMoment, WhyReport } from './run-report.ts';

const WIDTH = 40;
const MOST_SEEN = 6;
/** Closer together than this part of the run, moments are one line. */
const APART = 200;
const label = (paint: Paint, text: string): string => paint.dim(text.padEnd(12));

const SAMENESS: Readonly<Record<WhyReport['sameness'], string>> = {
  'said alike': 'in the same words at about', 'the very one': '(which it is in some way, whatever chance brings) in the same words and at',
};

export function renderWhy(report: WhyReport, paint: Paint): string {
  const { inevitable: turn } = report;
  const within = turn.within === 1 ? '' : paint.yellow(`; the search was ended within ${grouped(turn.within)} entries of it`);
  return [
    `${label(paint, 'why')}how likely ${report.property} is violated ${SAMENESS[report.sameness]} ${moment(report.failedAtUs)}, if chance is drawn anew from a moment on`,
    ...apart(report.moments, report.failedAtUs, turn.entry).map((one) => bar(one, turn.entry, paint)),
    `${label(paint, 'inevitable')}${paint.bold(`from ${moment(turn.atUs)} on`)}, with entry ${grouped(turn.entry)} of the run: ${perCent(turn.before)} before it, ${perCent(turn.after)} after${within}`,
    `${label(paint, '')}${paint.red(turn.event)}`,
    ...turn.seen.filter((line) => line !== turn.event).slice(0, MOST_SEEN).map((line) => `${label(paint, '')}${paint.dim('|')} ${line}`),
    ...(turn.seen.length > MOST_SEEN + 1 ? [paint.dim(`${' '.repeat(12)}and ${turn.seen.length - MOST_SEEN - 1} more`)] : []),
    paint.dim(`${' '.repeat(12)}${plural(report.runs, 'run')} in ${duration(Math.round(report.wallMs * 1_000))}, at most ${report.samples} from each moment`),
  ].join('\n');
}

const perCent = (share: number): string => `${Math.round(100 * share)} %`;

function bar(one: WhyMoment, turn: number, paint: Paint): string {
  const full = Math.round(one.likelihood * WIDTH);
  const text = `${'█'.repeat(full)}${'·'.repeat(WIDTH - full)}`;
  return `${paint.dim(`${(one.atUs / 1e6).toFixed(2)} s`.padStart(11))} ${one.entry >= turn ? paint.red(text) : text} ${perCent(one.likelihood).padStart(5)}  ${paint.dim(`${one.failed} of ${one.samples}`)}`;
}

/** The search looks closely at one place: of moments that lie together, the one that was asked most is shown. */
function apart(moments: readonly WhyMoment[], endUs: number, turn: number): readonly WhyMoment[] {
  const out: WhyMoment[] = [];
  for (const one of moments) {
    const last = out.at(-1);
    const isOwn = one === moments.at(-1) || one.entry === turn;
    if (last === undefined || isOwn || one.atUs - last.atUs >= endUs / APART) out.push(one);
    else if (one.samples > last.samples && last.entry !== turn) out[out.length - 1] = one;
  }
  return out;
}

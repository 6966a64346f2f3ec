// `lockstep sim --why`: asks on a thread from which moment on a failure was inevitable.

import { grouped, plural } from '../reports/quantities.ts';
import type { WhyReport } from '../reports/run-report.ts';
import type { WhyProgress } from '../scenarios/why.ts';
import { Progress } from './progress.ts';
import type { RunRequest } from './run-request.ts';
import type { OneRun } from './sim-options.ts';
import type { SimulatorThread } from './simulator-thread.ts';

/** The run must have failed. A person who has waited long enough gets what was found so far. */
export async function whyOf(asked: OneRun, request: RunRequest, thread: SimulatorThread): Promise<WhyReport | undefined> {
  const started = performance.now();
  let now: WhyProgress | undefined;
  const progress = new Progress(() => (now === undefined ? '' : `why: ${now.doing}  ${plural(now.moments, 'moment')}  ${grouped(now.runs)} runs`));
  try {
    const answer = await thread.perform(
      { kind: 'why', request, samples: asked.samples, ...(asked.properties === undefined ? {} : { judged: asked.properties }), ...(asked.budgetMs === undefined ? {} : { budgetMs: asked.budgetMs }) },
      (early) => {
        if (early.kind === 'asking') now = early.progress;
      },
    );
    if (answer.kind !== 'why' || answer.why === undefined) return undefined;
    const { failure, moments, turn, sameness, runs } = answer.why;
    return {
      property: failure.property, signature: failure.signature, failedAtUs: failure.at,
      moments: moments.map(({ after, at, samples, failed }) => ({ atUs: at, entry: after, samples, failed, likelihood: rounded(failed / samples) })),
      inevitable: { atUs: turn.at, entry: turn.entry, before: rounded(turn.before), after: rounded(turn.after), event: turn.event, seen: turn.seen, within: turn.within },
      sameness, samples: asked.samples, runs, wallMs: Math.round(performance.now() - started),
    };
  } finally {
    progress.end();
  }
}

const rounded = (share: number): number => Math.round(share * 1e3) / 1e3;

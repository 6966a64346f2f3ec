// Planted bugs that can be switched off in the middle of a run, so that it can be asked at which step a bug had to act for the
// run to fail. That step is the culprit: `why` is measured by how near to it the moment is that it names.
//
// The switch is a property of the global object: what is planted has no other way to hear of it.

import { MUTANTS } from './list.ts';
import type { Edit, Mutant } from './mutant.ts';

/** While this property of the global object is true, the line is as it was. */
export const BUG_IS_OFF = 'bugIsOff';
const OFF = `globalThis.${BUG_IS_OFF} === true`;

/** How an edit is made one that can be switched: both of its texts are whole statements, or both are expressions, or it is rewritten. */
type Form = 'statements' | 'expression' | Edit;

export interface Culprit {
  readonly name: string;
  readonly forms: readonly Form[];
}

const statements = (name: string): Culprit => ({ name, forms: ['statements'] });
const expression = (name: string): Culprit => ({ name, forms: ['expression'] });

export const CULPRITS: readonly Culprit[] = [
  statements('raft/commit-older-term'),
  statements('raft/vote-before-durable'),
  statements('raft/ack-before-durable'),
  statements('raft/stale-read'),
  {
    name: 'raft/commit-beyond-match',
    forms: [{ file: 'kernel/raft/raft.ts', anchor: 'const commit = Math.min(m.commit, lastNew);', replacement: `const commit = Math.min(m.commit, ${OFF} ? lastNew : this.log.lastIndex);` }],
  },
  statements('raft/commit-regress'),
  expression('raft/length-before-term'),
  expression('raft/votes-twice'),
  statements('raft/truncates-what-agrees'),
  statements('raft/new-life-keeps-seat'),
  statements('raft/config-before-own-term'),
  statements('loop/stale-effect-sent'),
  statements('journal/old-incarnation'),
  {
    name: 'decide/last-proposal-wins',
    forms: [{ file: 'kernel/decide/register.ts', anchor: 'if (winner !== undefined) return', replacement: `if (winner !== undefined && (${OFF} || winner.proposal.proposal === proposal.proposal)) return` }],
  },
  statements('decide/forgotten-need-decided-again'),
];

/** The same bug, with a switch; undefined if there is none for it. */
export function switched(name: string): Mutant | undefined {
  const culprit = CULPRITS.find((one) => one.name === name);
  const mutant = MUTANTS.find((one) => one.name === name);
  if (culprit === undefined || mutant === undefined) return undefined;
  return { ...mutant, edits: culprit.forms.map((form, place) => edited(form, mutant.edits[place])) };
}

function edited(form: Form, edit: Edit | undefined): Edit {
  if (typeof form !== 'string') return form;
  if (edit === undefined) throw new Error('there is a form for each edit');
  const { anchor, replacement } = edit;
  return { ...edit, replacement: form === 'statements' ? `if (${OFF}) { ${anchor} } else { ${replacement} }` : `(${OFF} ? (${anchor}) : (${replacement}))` };
}

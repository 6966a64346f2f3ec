// The words beside the picture: what went wrong, the step that is chosen, the properties, the run. Every text from the run is
// set as text, never as markup.

import type { RunData } from './run-data.ts';
import type { Chosen } from './picture.ts';

type Child = Node | string | undefined;

/** An element with attributes and children. Attributes that begin with `on` are listeners. */
export function make(tag: string, attributes: Readonly<Record<string, string | (() => void) | undefined>>, ...children: readonly Child[]): HTMLElement {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else if (value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

export interface PanelActions {
  choose(chosen: Chosen): void;
}

const VERDICTS: Readonly<Record<string, string>> = { held: 'held', violated: 'VIOLATED', 'not-exercised': 'not exercised' };

export class Panel {
  private readonly data: RunData;
  private readonly actions: PanelActions;
  private readonly step: HTMLElement;
  /** By step: where it stands in a path; a step may be part of several. */
  private readonly pathButtons = new Map<number, HTMLElement[]>();

  constructor(root: HTMLElement, data: RunData, actions: PanelActions) {
    this.data = data;
    this.actions = actions;
    this.step = make('section', { id: 'step', 'aria-labelledby': 'step-title' });
    root.append(...data.violated.map((property, place) => (place === 0 ? this.wrong(property) : make('details', { class: 'section' }, make('summary', { class: 'bad' }, `${property.id} is violated, too`), this.wrong(property)))), ...this.broke(), this.step, this.properties(), this.about());
  }

  private readonly go = (step: number, words: string, title?: string): HTMLElement =>
    make('button', { type: 'button', class: 'link', title, onclick: () => this.actions.choose({ step, arrow: -1 }) }, words);

  private stepName(step: number): string {
    const { steps } = this.data.line;
    return `node ${steps.node[step]}, step ${steps.sequence[step]}`;
  }

  // -- what went wrong -----------------------------------------------------------------------------------------------------

  private wrong(property: RunData['violated'][number]): HTMLElement {
    const { violation } = property;
    const path = this.data.line.paths.find((one) => one.property === property.id);
    const section = make('section', { class: 'wrong' }, make('h2', {}, `${property.id} is violated`), make('p', {}, property.claim));
    if (violation !== undefined) {
      section.append(make('p', { class: 'message' }, violation.message), make('p', { class: 'soft' }, `seen at ${this.data.seconds(violation.atUs - this.data.line.fromUs)}${violation.nodes.length === 0 ? '' : `, node ${violation.nodes.join(', ')}`}`));
      if (violation.evidence.length > 0) section.append(make('ul', { class: 'evidence' }, ...violation.evidence.map((line) => make('li', {}, line))));
    }
    if (path !== undefined) section.append(...this.path(path));
    return section;
  }

  private path(path: RunData['line']['paths'][number]): HTMLElement[] {
    const title = make('h3', {}, 'What led to it');
    if (path.steps.length === 0) return [title, make('p', { class: 'soft' }, path.about)];
    const { steps } = this.data.line;
    const nodes = new Set(path.steps.map((step) => steps.node[step] as number));
    const times = path.steps.map((step) => steps.at[step] as number);
    const [first, last] = [Math.min(...times), Math.max(...times)];
    const lines: { readonly at: number; readonly item: HTMLElement }[] = path.steps.map((step) => {
      const button = make('button', { type: 'button', class: 'path-step', onclick: () => this.actions.choose({ step, arrow: -1 }) }, make('span', { class: 'when' }, this.data.seconds(steps.at[step] as number)), make('b', {}, ` node ${steps.node[step]} `), this.data.eventText(step), make('span', { class: 'soft' }, this.said(step)));
      this.pathButtons.set(step, [...(this.pathButtons.get(step) ?? []), button]);
      return { at: steps.at[step] as number, item: make('li', {}, button) };
    });
    for (const [node, at, kind, text] of this.data.line.befell) {
      if (nodes.has(node) && at >= first && at <= last) lines.push({ at, item: make('li', { class: 'befell' }, make('span', { class: 'when' }, this.data.seconds(at)), make('b', {}, ` node ${node} `), `${this.data.tables.befell[kind]} ${this.data.text(text)}`) });
    }
    lines.sort((a, b) => a.at - b.at);
    return [title, make('p', { class: 'soft' }, `${path.about}; N and P walk along it.`), make('ol', { class: 'path' }, ...lines.map(({ item }) => item))];
  }

  /** What the step did, in a few words. */
  private said(step: number): string {
    const effects = this.data.line.steps.effects[step] ?? [];
    const words = new Set<string>();
    for (const [kind, whom, about] of effects) {
      const name = this.data.tables.effects[kind];
      if (name === 'send') words.add(`says ${this.data.messageText(about)}`);
      else if (name === 'reply') words.add(`answers client ${whom}: ${this.data.text(about)}`);
      else words.add(this.data.text(about));
    }
    const list = [...words];
    return list.length === 0 ? '' : ` → ${list.slice(0, 2).join('; ')}${list.length > 2 ? `; and ${list.length - 2} more` : ''}`;
  }

  private broke(): HTMLElement[] {
    const { broke } = this.data.run;
    if (broke === undefined) return [];
    return [make('section', { class: 'wrong' }, make('h2', {}, 'Our own code threw'), make('p', { class: 'message' }, broke.message), make('pre', {}, broke.stack))];
  }

  // -- the step that is chosen ---------------------------------------------------------------------------------------------

  show({ step, arrow }: Chosen): void {
    for (const [at, buttons] of this.pathButtons) {
      for (const button of buttons) {
        if (at === step) {
          button.setAttribute('aria-current', 'step');
          reveal(button);
        } else button.removeAttribute('aria-current');
      }
    }
    this.step.replaceChildren(...(step >= 0 ? this.stepWords(step) : arrow >= 0 ? this.arrowWords(arrow) : this.nothing()));
  }

  private nothing(): HTMLElement[] {
    return [make('h2', { id: 'step-title' }, 'No step chosen'), make('p', { class: 'soft' }, 'Click a dot or a line, or press the right arrow key in the picture.')];
  }

  private stepWords(step: number): HTMLElement[] {
    const { data } = this;
    const { steps } = data.line;
    const cause = data.causeOf(step);
    const [before, after] = [data.neighbour(step, -1), data.neighbour(step, 1)];
    const waited = (steps.out[step] as number) - (steps.at[step] as number);
    const out: HTMLElement[] = [
      make('h2', { id: 'step-title' }, `Node ${steps.node[step]}, step ${steps.sequence[step]}`),
      make('p', { class: 'soft' }, `at ${data.seconds(steps.at[step] as number)}; durable ${waited} us later, at ${data.seconds(steps.out[step] as number)}`),
      make('p', { class: 'steps' }, before < 0 ? undefined : this.go(before, '← before'), after < 0 ? undefined : this.go(after, 'after →'), cause < 0 ? undefined : this.go(cause, `↑ its cause: ${this.stepName(cause)}`)),
      make('h3', {}, 'Event'),
      make('p', { class: 'message' }, data.eventText(step)),
    ];
    if (data.isMessage(step)) out.push(...this.entries(steps.about[step] as number));
    out.push(make('h3', {}, 'Effects'), this.effects(step), make('h3', {}, 'State after it'), ...this.state(step));
    return out;
  }

  private entries(message: number): HTMLElement[] {
    const entries = this.data.message(message)[4];
    return entries.length === 0 ? [] : [make('ul', { class: 'evidence' }, ...entries.map((entry) => make('li', {}, this.data.text(entry))))];
  }

  private effects(step: number): HTMLElement {
    const effects = this.data.line.steps.effects[step];
    if (effects === null || effects === undefined) return make('p', { class: 'soft' }, 'not known: this journal does not go on from a state that is known, or an assertion failed');
    if (effects.length === 0) return make('p', { class: 'soft' }, 'none');
    return make('ul', { class: 'effects' }, ...effects.map(([kind, whom, about, arrow]) => make('li', {}, ...this.effectWords(this.data.tables.effects[kind] as string, whom, about, arrow))));
  }

  private effectWords(kind: string, whom: number, about: number, arrow: number): Child[] {
    const { data } = this;
    if (kind === 'call') return [`calls the ${data.text(about)}`];
    if (kind === 'fact') return [make('b', {}, 'fact '), data.text(about)];
    if (kind === 'reply') return [make('b', {}, `answers client ${whom} `), data.text(about)];
    return [make('b', {}, `to node ${whom} `), data.messageText(about), ' ', ...this.fate(arrow)];
  }

  /** What became of a message: the step that heard it, or how it was lost. */
  private fate(arrow: number): Child[] {
    const { arrows } = this.data.line;
    if (arrow < 0) return [make('span', { class: 'soft' }, '(never left)')];
    const fate = this.data.tables.fates[arrows.fate[arrow] as number] as string;
    const heard = arrows.toStep[arrow] as number;
    if (heard >= 0) return [this.go(heard, `heard in step ${this.data.line.steps.sequence[heard]}`)];
    return [make('span', { class: fate === 'delivered' || fate === 'under way' ? 'soft' : 'bad' }, `(${fate === 'delivered' ? 'arrived, and was not handled in this window' : LOST[fate] ?? fate})`)];
  }

  private arrowWords(arrow: number): HTMLElement[] {
    const { data } = this;
    const { arrows } = data.line;
    const message = arrows.message[arrow] as number;
    const [sent, end] = [arrows.sentAt[arrow] as number, arrows.endAt[arrow] as number];
    const from = arrows.fromStep[arrow] as number;
    return [
      make('h2', { id: 'step-title' }, `Message from node ${arrows.from[arrow]} to node ${arrows.to[arrow]}`),
      make('p', { class: 'soft' }, `${sent < 0 ? 'sent before what is shown' : `sent at ${data.seconds(sent)}`}${end < 0 ? '' : `, ended at ${data.seconds(end)}`}${arrows.copy[arrow] === 1 ? '; the second copy of a frame that was duplicated' : ''}`),
      make('p', { class: 'message' }, data.messageText(message)),
      ...this.entries(message),
      make('p', { class: 'steps' }, from < 0 ? undefined : this.go(from, `sent in ${this.stepName(from)}`), ...this.fate(arrow)),
    ];
  }

  private state(step: number): HTMLElement[] {
    const { data } = this;
    const { before, after } = data.stateAround(step);
    if (after === undefined) return [make('p', { class: 'soft' }, 'not known')];
    const width = data.tables.fields.length;
    const order = data.line.groups.map((_, place) => place).sort((a, b) => (data.line.groups[a] as number) - (data.line.groups[b] as number));
    const member = order.filter((place) => (after[place * width] ?? 0) > 0 || (before?.[place * width] ?? 0) > 0);
    const changed = (place: number, field: number): boolean => before !== undefined && (before[place * width + field] ?? 0) !== (after[place * width + field] ?? 0);
    const touched = member.filter((place) => data.tables.fields.some((_, field) => changed(place, field)));
    const shown = member.length <= 8 ? member : touched.length > 0 ? touched : member.slice(0, 8);
    const value = (place: number, name: string): Child[] => {
      const field = data.tables.fields.indexOf(name);
      const words = (state: readonly number[]): string => {
        const number = state[place * width + field] ?? 0;
        return name === 'role' ? (data.tables.roles[number] as string) : name === 'leader' || name === 'vote' ? (number === 0 ? '–' : String(number)) : String(number);
      };
      if (!changed(place, field)) return [words(after)];
      return [make('span', { class: 'was' }, words(before as readonly number[])), make('span', { class: 'now', title: 'changed by this step' }, ` → ${words(after)}`)];
    };
    const rows = shown.map((place) => make('tr', {}, make('th', { scope: 'row' }, make('span', { class: 'swatch', style: `background: var(--group${order.indexOf(place) % 8})` }), String(data.line.groups[place])), ...COLUMNS.map(([, name]) => make('td', {}, ...value(place, name)))));
    const head = make('tr', {}, ...['group', ...COLUMNS.map(([title]) => title)].map((title) => make('th', { scope: 'col' }, title)));
    const table = make('div', { class: 'scrolls', tabindex: '0', role: 'region', 'aria-label': 'state of the groups' }, make('table', {}, make('thead', {}, head), make('tbody', {}, ...rows)));
    const left = member.length - shown.length;
    return [table, ...(left > 0 ? [make('p', { class: 'soft' }, `${left} more groups that this step did not change`)] : [])];
  }

  // -- the run -------------------------------------------------------------------------------------------------------------

  private properties(): HTMLElement {
    const rows = this.data.run.properties.map(({ id, claim, verdict, checks }) => make('tr', { class: verdict }, make('td', {}, VERDICTS[verdict] ?? verdict), make('th', { scope: 'row', title: claim }, id), make('td', { class: 'number' }, checks.toLocaleString('en'))));
    const head = make('tr', {}, ...['verdict', 'property', 'checks'].map((title) => make('th', { scope: 'col' }, title)));
    return make('details', { class: 'section', ...(this.data.violated.length === 0 ? { open: '' } : {}) }, make('summary', {}, 'Properties'), make('table', { class: 'properties' }, make('thead', {}, head), make('tbody', {}, ...rows)));
  }

  private about(): HTMLElement {
    const { run, line } = this.data;
    const count = (value: number): string => value.toLocaleString('en');
    const faults = Object.entries(run.faults).filter(([, times]) => times > 0).map(([kind, times]) => `${kind} ${count(times)}`);
    const facts: readonly (readonly [string, string])[] = [
      ['again', run.replay], ['time', `${(run.simulatedUs / 1e6).toFixed(1)} s simulated; ${count(run.events)} events, ${count(run.steps)} steps`],
      ['operations', `${count(run.operations.invoked)} invoked: ${count(run.operations.ok)} ok, ${count(run.operations.failed)} failed, ${count(run.operations.unknown)} unknown`],
      ['messages', `${count(run.messages.sent)} sent: ${count(run.messages.delivered)} delivered, ${count(run.messages.dropped)} dropped, ${count(run.messages.duplicated)} duplicated, ${count(run.messages.corrupted)} corrupted`],
      ['faults', faults.length === 0 ? 'none' : faults.join(', ')], ['shown', `${count(line.steps.node.length)} of ${count(line.stepsOfRun)} steps`], ['digest', run.digest], ['kernel', run.kernel.slice(0, 12)], ['version', run.version],
    ];
    return make('details', { class: 'section', ...(this.data.violated.length === 0 ? { open: '' } : {}) }, make('summary', {}, 'Run'), make('dl', {}, ...facts.flatMap(([name, words]) => [make('dt', {}, name), make('dd', name === 'again' ? { class: 'code' } : {}, words)])));
  }
}

/** In its list only: the panel stays where a person has scrolled it. */
function reveal(button: HTMLElement): void {
  const list = button.closest('ol');
  const item = button.parentElement;
  if (list === null || item === null) return;
  if (item.offsetTop < list.scrollTop) list.scrollTop = item.offsetTop;
  else if (item.offsetTop + item.offsetHeight > list.scrollTop + list.clientHeight) list.scrollTop = item.offsetTop + item.offsetHeight - list.clientHeight;
}

const LOST: Readonly<Record<string, string>> = { cut: 'lost: the link was cut', dropped: 'lost on its way', corrupted: 'lost: it was corrupted, and refused', down: 'lost: the node was down', paused: 'lost: the process stood still', 'under way': 'still under way at the end' };
const COLUMNS: readonly (readonly [title: string, field: string])[] = [['role', 'role'], ['term', 'term'], ['leader', 'leader'], ['vote', 'vote'], ['commit', 'commit'], ['applied', 'applied'], ['log from', 'logFrom'], ['to', 'logTo'], ['rests', 'resting'], ['halted', 'halted']];

// The controls above the picture: which nodes, which messages, which need; zoom; theme.

import { FAMILIES, type Filters } from './filters.ts';
import { make } from './panel.ts';
import type { RunData } from './run-data.ts';

export interface ControlActions {
  filtered(): void;
  zoom(factor: number): void;
  all(): void;
  violation(): void;
  repaint(): void;
}

/** So many nodes get a button each; of more, their numbers are typed. */
const MOST_BUTTONS = 12;
const MOST_NEEDS = 400;
const THEMES = ['auto', 'light', 'dark'] as const;

export function controls(data: RunData, filters: Filters, hasPath: boolean, actions: ControlActions): void {
  const root = document.getElementById('controls') as HTMLElement;
  root.append(
    group('nodes', nodeFilter(data, filters, actions)),
    group('messages', kindFilter(data, filters, actions)),
    group('need', needFilter(data, filters, actions)),
    ...(hasPath ? [group('path', [toggle('alone', false, (on) => {
      filters.pathOnly = on;
      actions.filtered();
    }, 'mode')])] : []),
    group('zoom', [
      make('button', { type: 'button', onclick: () => actions.zoom(1 / 0.6), 'aria-label': 'zoom out' }, '−'),
      make('button', { type: 'button', onclick: () => actions.zoom(0.6), 'aria-label': 'zoom in' }, '+'),
      make('button', { type: 'button', onclick: () => actions.all(), 'aria-label': 'the whole window' }, 'all'),
      ...(data.failed ? [make('button', { type: 'button', class: 'alarm', onclick: () => actions.violation() }, data.violated.length > 0 ? 'violation' : 'failure')] : []),
    ]),
  );
  (document.getElementById('theme') as HTMLElement).append(themeButton(actions));
}

function group(name: string, children: readonly HTMLElement[]): HTMLElement {
  return make('div', { role: 'group', 'aria-label': name, class: 'group' }, make('span', { class: 'name', 'aria-hidden': 'true' }, name), ...children);
}

/** A button that is pressed or not. */
function toggle(words: string, pressed: boolean, changed: (on: boolean) => void, kind = 'filter', swatch?: string): HTMLElement {
  const button = make('button', { type: 'button', 'aria-pressed': String(pressed), class: `toggle ${kind}` }, swatch === undefined ? undefined : make('span', { class: 'swatch', style: `background: var(${swatch})` }), words);
  button.addEventListener('click', () => {
    const on = button.getAttribute('aria-pressed') !== 'true';
    button.setAttribute('aria-pressed', String(on));
    changed(on);
  });
  return button;
}

function nodeFilter(data: RunData, filters: Filters, actions: ControlActions): HTMLElement[] {
  const all = Array.from({ length: data.line.nodes }, (_, place) => place + 1);
  const set = (nodes: readonly number[]): void => {
    filters.nodes.clear();
    for (const node of nodes) filters.nodes.add(node);
    actions.filtered();
  };
  if (all.length <= MOST_BUTTONS) {
    return all.map((node) => toggle(String(node), true, (on) => set(all.filter((one) => (one === node ? on : filters.nodes.has(one))))));
  }
  const input = make('input', { type: 'text', placeholder: `all ${all.length}; such as 1-5, 17`, 'aria-label': 'numbers of nodes', size: '18' }) as HTMLInputElement;
  input.addEventListener('input', () => {
    const ranges = [...input.value.matchAll(/(\d+)(?:\s*-\s*(\d+))?/g)].map(([, from, until]) => [Number(from), Number(until ?? from)] as const);
    const some = all.filter((node) => ranges.some(([from, until]) => node >= from && node <= until));
    set(some.length === 0 ? all : some);
  });
  return [input];
}

function kindFilter(data: RunData, filters: Filters, actions: ControlActions): HTMLElement[] {
  const counts = new Map<string, number>();
  for (const message of data.line.arrows.message) counts.set(data.kindOf(message), (counts.get(data.kindOf(message)) ?? 0) + 1);
  const boxes = new Map<string, HTMLInputElement>();
  const buttons: HTMLElement[] = [];
  for (const family of FAMILIES) {
    const kinds = data.line.kinds.filter((kind) => family.kinds.includes(kind) || (family.name === 'other' && !FAMILIES.some((one) => one.kinds.includes(kind))));
    if (kinds.length === 0) continue;
    const button = toggle(family.name, true, (on) => {
      for (const kind of kinds) {
        if (on) filters.kinds.add(kind);
        else filters.kinds.delete(kind);
        (boxes.get(kind) as HTMLInputElement).checked = on;
      }
      actions.filtered();
    }, 'filter', family.colour);
    buttons.push(button);
    for (const kind of kinds) {
      const box = make('input', { type: 'checkbox', checked: '' }) as HTMLInputElement;
      box.addEventListener('change', () => {
        if (box.checked) filters.kinds.add(kind);
        else filters.kinds.delete(kind);
        button.setAttribute('aria-pressed', String(kinds.some((one) => filters.kinds.has(one))));
        actions.filtered();
      });
      boxes.set(kind, box);
    }
  }
  const list = [...boxes].map(([kind, box]) => make('label', {}, box, ` ${kind} `, make('span', { class: 'soft' }, (counts.get(kind) ?? 0).toLocaleString('en'))));
  return [...buttons, make('details', { class: 'kinds' }, make('summary', {}, 'kinds'), make('div', {}, ...list))];
}

function needFilter(data: RunData, filters: Filters, actions: ControlActions): HTMLElement[] {
  const input = make('input', { type: 'search', list: 'needs', placeholder: 'any', 'aria-label': 'need', size: '14' }) as HTMLInputElement;
  let waiting: ReturnType<typeof setTimeout> | undefined;
  input.addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      filters.setNeed(input.value);
      actions.filtered();
    }, 120);
  });
  return [input, make('datalist', { id: 'needs' }, ...data.line.needs.slice(-MOST_NEEDS).map((need) => make('option', { value: need })))];
}

function themeButton(actions: ControlActions): HTMLElement {
  let theme = 0;
  const button = make('button', { type: 'button' });
  const show = (): void => {
    const name = THEMES[theme] as string;
    button.textContent = `theme: ${name}`;
    document.documentElement.dataset['theme'] = name;
  };
  button.addEventListener('click', () => {
    theme = (theme + 1) % THEMES.length;
    show();
    actions.repaint();
  });
  show();
  return button;
}

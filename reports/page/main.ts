// The page: puts picture, words and controls together, and hears pointer and keyboard.

import { drawOverview } from './overview.ts';
import { drawRun } from './draw.ts';
import type { Chosen, Picture } from './picture.ts';
import { Filters } from './filters.ts';
import { controls } from './controls.ts';
import { hitAt, nearestStep } from './hits.ts';
import { downTimes, leaderships } from './lives.ts';
import { Panel } from './panel.ts';
import { RunData, type PageData } from './run-data.ts';
import { faultBars, faultTimes, GUTTER, layoutOf, Viewport, type Layout } from './view.ts';

const OVERVIEW_HEIGHT = 44;
/** Of a path, where the page opens. */
const SHOWN_AT_LEAST = 14;
const NOTHING: Chosen = { step: -1, arrow: -1 };

class Page {
  private readonly data: RunData;
  private readonly filters: Filters;
  private readonly view: Viewport;
  private readonly picture: Picture;
  private readonly panel: Panel;
  private readonly canvas = byId('picture') as HTMLCanvasElement;
  private readonly overview = byId('overview') as HTMLCanvasElement;
  private readonly scroller = byId('scroller');
  private readonly says = byId('says');
  private readonly pathSteps: readonly number[];
  private layout: Layout;
  private chosen: Chosen = NOTHING;
  private asked = false;

  constructor(page: PageData) {
    const data = new RunData(page);
    this.data = data;
    this.filters = new Filters(data);
    this.view = new Viewport(data.endUs);
    const path = data.line.paths.find(({ property }) => property === data.violated[0]?.id);
    this.pathSteps = path?.steps ?? [];
    const bars = faultBars(data);
    this.picture = { data, filters: this.filters, bars, shades: faultTimes(data.line.nodes, bars), down: downTimes(data), led: leaderships(data), path: { steps: new Set(path?.steps), arrows: new Set(path?.arrows) } };
    this.layout = layoutOf(data, this.filters, this.picture.bars, 400);
    this.panel = new Panel(byId('panel'), data, { choose: (chosen) => this.choose(chosen, true) });
    controls(data, this.filters, this.picture.path.arrows.size + this.pathSteps.length > 0, {
      filtered: () => this.filtered(),
      zoom: (factor) => this.changeView(() => this.view.zoom(factor, this.middle())),
      all: () => this.changeView(() => this.view.all()),
      violation: () => this.openAtViolation(),
      repaint: () => this.draw(),
    });
    this.hearPointer();
    this.hearOverview();
    this.scroller.addEventListener('keydown', (event) => this.key(event));
    this.scroller.addEventListener('scroll', () => this.draw());
    new ResizeObserver(() => this.resize()).observe(this.scroller);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.draw());
    this.resize();
    this.panel.show(NOTHING);
    if (data.failed) this.openAtViolation();
  }

  private openAtViolation(): void {
    const { steps, paths, fromUs } = this.data.line;
    const path = paths.find(({ property }) => property === this.data.violated[0]?.id);
    const seen = (this.data.violated[0]?.violation?.atUs ?? this.data.run.broke?.atUs ?? -1) - fromUs;
    // It may have been noticed only when the run was over, long after it happened.
    if (seen < 0) return this.changeView(() => this.view.all());
    const times = endOfPath([...this.pathSteps.map((step) => steps.at[step] as number), seen].sort((a, b) => a - b));
    const [from, until] = [Math.min(...times), Math.max(...times)];
    // A moment alone is shown with what happened shortly before.
    const margin = until - from < 100 ? 4_000 : (until - from) * 0.12;
    this.view.show(from - margin, until + margin * 1.6);
    this.choose({ step: path?.step ?? -1, arrow: path?.arrow ?? -1 }, false);
  }

  private middle(): number {
    const { step } = this.chosen;
    const at = step < 0 ? -1 : (this.data.line.steps.at[step] as number);
    return at >= this.view.from && at <= this.view.until ? at : (this.view.from + this.view.until) / 2;
  }

  private resize(): void {
    this.view.width = Math.max(320, this.scroller.clientWidth);
    this.layout = layoutOf(this.data, this.filters, this.picture.bars, this.scroller.clientHeight);
    this.paint();
  }

  private filtered(): void {
    this.layout = layoutOf(this.data, this.filters, this.picture.bars, this.scroller.clientHeight);
    this.draw();
  }

  private changeView(change: () => void): void {
    change();
    this.draw();
  }

  /** Once for each frame, however often it is asked for. */
  private draw(): void {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => {
      this.asked = false;
      this.paint();
    });
  }

  private paint(): void {
    const { arrows, all } = drawRun(this.canvas, this.scroller.scrollTop, this.picture, this.view, this.layout, this.chosen);
    drawOverview(this.overview, this.picture, this.view, OVERVIEW_HEIGHT);
    const needs = this.filters.needsFound;
    byId('sight').textContent = `${arrows.toLocaleString('en')} messages in sight${all ? '' : ': too many to draw each. Zoom in, or filter'}${needs === undefined ? '' : `; ${needs === 0 ? 'no need of that name' : `${needs.toLocaleString('en')} ${needs === 1 ? 'need' : 'needs'}`}`}`;
  }

  private choose(chosen: Chosen, reveal: boolean): void {
    this.chosen = chosen;
    const { data } = this;
    if (chosen.step >= 0) {
      if (reveal) this.view.reveal(data.line.steps.at[chosen.step] as number);
      const y = this.layout.middle.get(data.line.steps.node[chosen.step] as number);
      if (y !== undefined && (y < this.scroller.scrollTop + 40 || y > this.scroller.scrollTop + this.scroller.clientHeight - 20)) this.scroller.scrollTop = y - this.scroller.clientHeight / 2;
    }
    this.says.textContent = this.words(chosen);
    this.panel.show(chosen);
    this.draw();
  }

  private words({ step, arrow }: Chosen): string {
    const { data } = this;
    const { steps, arrows } = data.line;
    if (step >= 0) return `Node ${steps.node[step]}, step ${steps.sequence[step]}, at ${data.seconds(steps.at[step] as number)}: ${data.eventText(step)}`;
    return arrow < 0 ? '' : `Node ${arrows.from[arrow]} to node ${arrows.to[arrow]}, ${data.messageText(arrows.message[arrow] as number)}`;
  }

  // -- keyboard ------------------------------------------------------------------------------------------------------------

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = this.action(event.key, event.shiftKey);
    if (act === undefined) return;
    event.preventDefault();
    act();
  }

  private action(key: string, shift: boolean): (() => void) | undefined {
    const { view } = this;
    switch (key) {
      case 'ArrowRight':
      case 'ArrowLeft': {
        const by = key === 'ArrowRight' ? 1 : -1;
        return shift ? () => this.changeView(() => view.pan(by * view.span * 0.25)) : () => this.walk(by);
      }
      case 'ArrowUp':
      case 'ArrowDown':
        return () => this.changeLane(key === 'ArrowDown' ? 1 : -1);
      case '+':
      case '=':
        return () => this.changeView(() => view.zoom(0.6, this.middle()));
      case '-':
        return () => this.changeView(() => view.zoom(1 / 0.6, this.middle()));
      case '0':
        return () => this.changeView(() => view.all());
      case 'n':
      case 'p':
        return () => this.walkPath(key === 'n' ? 1 : -1);
      case 'v':
        return () => this.openAtViolation();
      case 'c':
        return () => this.follow(this.chosen.step < 0 ? -1 : this.data.causeOf(this.chosen.step));
      case 'e':
        return () => this.follow(this.heardBy(this.chosen.step));
      case 'Escape':
        return () => this.choose(NOTHING, false);
      default:
        return undefined;
    }
  }

  private follow(step: number): void {
    if (step >= 0) this.choose({ step, arrow: -1 }, true);
  }

  /** The first step elsewhere that heard something that this one said. */
  private heardBy(step: number): number {
    const effects = step < 0 ? [] : (this.data.line.steps.effects[step] ?? []);
    for (const [kind, , , arrow] of effects) {
      const heard = this.data.tables.effects[kind] === 'send' && arrow >= 0 ? (this.data.line.arrows.toStep[arrow] as number) : -1;
      if (heard >= 0) return heard;
    }
    return -1;
  }

  private walk(by: number): void {
    const from = this.chosen.step;
    if (from < 0) return this.follow(nearestStep(this.picture, [...this.filters.nodes].sort((a, b) => a - b)[0] ?? 1, this.middle()));
    let step = this.data.neighbour(from, by);
    while (step >= 0 && !this.filters.showsStep(step)) step = this.data.neighbour(step, by);
    this.follow(step);
  }

  private changeLane(by: number): void {
    const lanes = [...this.filters.nodes].sort((a, b) => a - b);
    const from = this.chosen.step;
    const at = from < 0 ? this.middle() : (this.data.line.steps.at[from] as number);
    const place = from < 0 ? (by > 0 ? -1 : lanes.length) : lanes.indexOf(this.data.line.steps.node[from] as number);
    const node = lanes[place + by];
    if (node !== undefined) this.follow(nearestStep(this.picture, node, at));
  }

  private walkPath(by: number): void {
    const { pathSteps } = this;
    if (pathSteps.length === 0) return;
    const place = pathSteps.indexOf(this.chosen.step);
    this.follow(pathSteps[place < 0 ? (by > 0 ? 0 : pathSteps.length - 1) : Math.max(0, Math.min(pathSteps.length - 1, place + by))] as number);
  }

  // -- pointer -------------------------------------------------------------------------------------------------------------

  private hearPointer(): void {
    let drag: { readonly x: number; readonly from: number; moved: boolean } | undefined;
    this.canvas.addEventListener('pointerdown', (event) => {
      drag = { x: event.offsetX, from: this.view.from, moved: false };
      this.canvas.setPointerCapture(event.pointerId);
    });
    this.canvas.addEventListener('pointermove', (event) => {
      if (drag === undefined) {
        const hit = hitAt(this.picture, this.view, this.layout, event.offsetX, event.offsetY);
        this.canvas.style.cursor = hit.step >= 0 || hit.arrow >= 0 ? 'pointer' : 'grab';
        this.canvas.title = this.words(hit);
        return;
      }
      if (Math.abs(event.offsetX - drag.x) > 3) drag.moved = true;
      if (!drag.moved) return;
      const us = ((drag.x - event.offsetX) / (this.view.width - GUTTER)) * this.view.span;
      const { from } = drag;
      this.changeView(() => this.view.show(from + us, from + us + this.view.span));
    });
    this.canvas.addEventListener('pointerup', (event) => {
      const clicked = drag !== undefined && !drag.moved;
      drag = undefined;
      if (clicked) this.choose(hitAt(this.picture, this.view, this.layout, event.offsetX, event.offsetY), false);
      this.scroller.focus({ preventScroll: true });
    });
    this.canvas.addEventListener('wheel', (event) => {
      // A wheel scrolls the lanes while they do not fit; with Ctrl, or where they fit, it zooms.
      const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY) ? event.deltaX : event.shiftKey ? event.deltaY : 0;
      if (sideways === 0 && !event.ctrlKey && this.layout.height > this.scroller.clientHeight) return;
      event.preventDefault();
      const us = this.view.us(event.offsetX);
      this.changeView(() => (sideways === 0 ? this.view.zoom(Math.exp(event.deltaY * 0.0016), us) : this.view.pan((sideways / this.view.width) * this.view.span)));
    }, { passive: false });
    this.canvas.addEventListener('dblclick', (event) => {
      const us = this.view.us(event.offsetX);
      this.changeView(() => this.view.zoom(0.35, us));
    });
  }

  /** Scrubbing: the part that is shown goes where the pointer is. */
  private hearOverview(): void {
    const go = (event: PointerEvent): void => {
      const us = ((event.offsetX - GUTTER) / (this.view.width - GUTTER)) * this.data.endUs;
      this.changeView(() => this.view.show(us - this.view.span / 2, us + this.view.span / 2));
    };
    this.overview.addEventListener('pointerdown', (event) => {
      this.overview.setPointerCapture(event.pointerId);
      if (this.view.span > this.data.endUs * 0.9) this.view.zoom(0.1, ((event.offsetX - GUTTER) / (this.view.width - GUTTER)) * this.data.endUs);
      go(event);
    });
    this.overview.addEventListener('pointermove', (event) => {
      if (event.buttons > 0) go(event);
    });
  }
}

/** A story that began long ago and ended in a moment is shown from where it hurries; the rest is a step back. */
function endOfPath(times: readonly number[]): readonly number[] {
  const end = times.slice(-SHOWN_AT_LEAST);
  const span = (some: readonly number[]): number => (some.at(-1) as number) - (some[0] as number);
  return span(end) < span(times) * 0.1 ? end : times;
}

function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no element "${id}"`);
  return element;
}

new Page(JSON.parse(byId('data').textContent ?? '') as PageData);
// The time from the opening of the page to the first picture that can be used.
document.documentElement.dataset['readyMs'] = performance.now().toFixed(0);

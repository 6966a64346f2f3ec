// Draws the run: lanes, steps, messages, faults, properties. Where more messages are in sight than an eye can follow, it draws
// how much went on instead, and still shows what was lost, what was doubled, and the causal path.

import { FAMILIES, type Filters } from './filters.ts';
import type { RunData } from './run-data.ts';
import { circle, cross, diamond, head, triangle } from './shapes.ts';
import { coloursOf, prepare, type Colours } from './surface.ts';
import { AXIS, FAULT_BAR, faultRowTop, GUTTER, propertyRowTop, tickOf, type FaultBar, type Layout, type Viewport } from './view.ts';

export interface Picture {
  readonly data: RunData;
  readonly filters: Filters;
  readonly bars: readonly FaultBar[];
  /** By node: when any fault concerned it. */
  readonly shades: readonly (readonly (readonly [number, number])[])[];
  /** By node: when it was down. */
  readonly down: readonly (readonly (readonly [number, number])[])[];
  /** By node: when it led which group. */
  readonly led: readonly (readonly Led[])[];
  readonly path: { readonly steps: ReadonlySet<number>; readonly arrows: ReadonlySet<number> };
}

export interface Led {
  readonly group: number;
  readonly term: number;
  readonly from: number;
  until: number;
}

export interface Chosen {
  readonly step: number;
  readonly arrow: number;
}

/** More messages in sight are not drawn one by one. */
export const MOST_ARROWS = 1_800;
const FEW_ARROWS = 260;
const MOST_LOST = 400;

/** Where a group leads is told by its colour; after eight they repeat, and the label says which. */
export const groupColour = (place: number): string => `--group${place % 8}`;

/** Arrows in sight that the filters let through. */
export function arrowsInSight(picture: Picture, view: Viewport): number[] {
  const { arrows } = picture.data.line;
  const out: number[] = [];
  for (let arrow = 0; arrow < arrows.from.length; arrow++) {
    const [from, until] = spanOf(picture.data, arrow);
    if (until >= view.from && from <= view.until && picture.filters.showsArrow(arrow)) out.push(arrow);
  }
  return out;
}

function spanOf(data: RunData, arrow: number): readonly [number, number] {
  const { arrows } = data.line;
  const sent = arrows.sentAt[arrow] as number;
  const end = arrows.endAt[arrow] as number;
  return [sent < 0 ? end : sent, end < 0 ? data.endUs : end];
}

/** Where an arrow begins and ends on the screen. One that was lost on its way ends before the lane. */
export function lineOf(picture: Picture, view: Viewport, layout: Layout, arrow: number): readonly [number, number, number, number] | undefined {
  const { arrows } = picture.data.line;
  const y1 = layout.middle.get(arrows.from[arrow] as number);
  const y2 = layout.middle.get(arrows.to[arrow] as number);
  if (y1 === undefined || y2 === undefined) return undefined;
  const sent = arrows.sentAt[arrow] as number;
  const end = arrows.endAt[arrow] as number;
  const fate = picture.data.tables.fates[arrows.fate[arrow] as number];
  if (sent < 0) return [Math.max(GUTTER, view.x(end) - 14), y1 + (y2 - y1) * 0.4, view.x(end), y2];
  if (fate === 'cut' || fate === 'dropped' || fate === 'corrupted') return [view.x(sent), y1, view.x(sent) + 10, y1 + (y2 - y1) * (layout.lane > 40 ? 0.45 : 0.6)];
  return [view.x(sent), y1, view.x(end < 0 ? picture.data.endUs : end), y2];
}

export function drawRun(canvas: HTMLCanvasElement, top: number, picture: Picture, view: Viewport, layout: Layout, chosen: Chosen): { readonly arrows: number; readonly all: boolean } {
  const context = prepare(canvas, view.width, layout.height);
  const colour = coloursOf(canvas);
  const pen = new Pen(context, colour, picture, view, layout, chosen);
  const inSight = arrowsInSight(picture, view);
  const all = inSight.length <= MOST_ARROWS;
  pen.clip(() => {
    pen.grid();
    pen.faults();
    pen.lanes();
    if (!all) pen.activity(inSight);
    pen.operations(all);
    pen.arrows(inSight, all);
    pen.steps(all, inSight.length < FEW_ARROWS);
    pen.path();
    pen.befell();
    pen.violations();
    pen.chosen();
    pen.curve();
  });
  pen.labels();
  pen.axis(top);
  return { arrows: inSight.length, all };
}

class Pen {
  private readonly c: CanvasRenderingContext2D;
  private readonly colour: Colours;
  private readonly picture: Picture;
  private readonly data: RunData;
  private readonly view: Viewport;
  private readonly layout: Layout;
  private readonly choice: Chosen;

  constructor(context: CanvasRenderingContext2D, colour: Colours, picture: Picture, view: Viewport, layout: Layout, choice: Chosen) {
    this.c = context;
    this.colour = colour;
    this.picture = picture;
    this.data = picture.data;
    this.view = view;
    this.layout = layout;
    this.choice = choice;
  }

  /** Nothing is drawn over the names of the lanes. */
  clip(draw: () => void): void {
    this.c.save();
    this.c.beginPath();
    this.c.rect(GUTTER, 0, this.view.width - GUTTER, this.layout.height);
    this.c.clip();
    draw();
    this.c.restore();
  }

  private inSight(from: number, until: number): boolean {
    return until >= this.view.from && from <= this.view.until;
  }

  private text(text: string, x: number, y: number, colour: string, align: CanvasTextAlign = 'left'): void {
    this.c.fillStyle = this.colour(colour);
    this.c.textAlign = align;
    this.c.fillText(text, x, y);
  }

  grid(): void {
    const { c, view } = this;
    const tick = tickOf(view.span, view.width - GUTTER, 90);
    c.strokeStyle = this.colour('--grid');
    c.lineWidth = 1;
    c.beginPath();
    for (let at = this.firstTick(tick); at <= view.until; at += tick) {
      const x = Math.round(view.x(at)) + 0.5;
      c.moveTo(x, AXIS);
      c.lineTo(x, this.layout.height);
    }
    c.stroke();
    const { healedAt } = this.data.line;
    if (healedAt < 0 || !this.inSight(healedAt, healedAt)) return;
    c.strokeStyle = this.colour('--good');
    c.setLineDash([2, 3]);
    c.beginPath();
    c.moveTo(view.x(healedAt), AXIS);
    c.lineTo(view.x(healedAt), this.layout.propertiesTop);
    c.stroke();
    c.setLineDash([]);
    this.text('healed', view.x(healedAt) + 4, this.layout.lanesTop - 5, '--good');
  }

  /** The axis counts from the beginning of the run, not of the window. */
  private firstTick(tick: number): number {
    const { fromUs } = this.data.line;
    return Math.ceil((this.view.from + fromUs) / tick) * tick - fromUs;
  }

  /** At the upper edge of what is scrolled to. */
  axis(top: number): void {
    const { c, view } = this;
    c.fillStyle = this.colour('--panel');
    c.fillRect(0, top, view.width, AXIS);
    const tick = tickOf(view.span, view.width - GUTTER, 90);
    const digits = Math.max(0, Math.min(6, 6 - Math.floor(Math.log10(tick) + 1e-9)));
    for (let at = this.firstTick(tick); at <= view.until; at += tick) {
      const x = view.x(at);
      if (x >= GUTTER + 4 && x <= view.width - 24) this.text(this.data.seconds(at, digits), x, top + AXIS / 2, '--soft', 'center');
    }
    this.text('time', 8, top + AXIS / 2, '--soft');
    c.strokeStyle = this.colour('--line');
    c.beginPath();
    c.moveTo(0, top + AXIS - 0.5);
    c.lineTo(view.width, top + AXIS - 0.5);
    c.stroke();
  }

  /** A bar that says what it is, and a shade over the lanes that it concerns. */
  faults(): void {
    const { c, view, layout } = this;
    c.fillStyle = this.colour('--fault-shade');
    for (const [node, y] of layout.middle) for (const [from, until] of this.picture.shades[node] ?? []) c.fillRect(view.x(from), y - layout.lane / 2 + 1, Math.max(2, view.x(until) - view.x(from)), layout.lane - 2);
    for (const bar of this.picture.bars) {
      if (!this.inSight(bar.from, bar.until)) continue;
      const x = view.x(bar.from);
      const width = Math.max(2, view.x(bar.until) - x);
      const y = faultRowTop(layout, bar.row);
      c.fillStyle = this.colour('--fault-bar');
      c.fillRect(x, y, width, FAULT_BAR);
      c.fillStyle = this.colour('--fault');
      c.fillRect(x, y, 2, FAULT_BAR);
      const from = Math.max(x, GUTTER) + 5;
      const room = Math.min(x + width, view.width) - from - 3;
      const label = bar.nodes.length === 0 ? bar.kind : `${bar.kind} ${bar.nodes.join(' ')}`;
      const words = [label, bar.kind].find((one) => c.measureText(one).width <= room);
      if (words !== undefined) this.text(words, from, y + FAULT_BAR / 2 + 0.5, '--fault-text');
    }
  }

  lanes(): void {
    const { c, view, layout } = this;
    for (const [node, y] of layout.middle) {
      c.strokeStyle = this.colour('--lane');
      c.lineWidth = 1;
      c.beginPath();
      c.moveTo(GUTTER, y);
      c.lineTo(view.width, y);
      c.stroke();
      this.leads(node, y);
      for (const [from, until] of this.picture.down[node] ?? []) {
        if (!this.inSight(from, until)) continue;
        const x = Math.max(GUTTER - 2, view.x(from));
        const width = Math.min(view.width + 2, view.x(until)) - x;
        this.hatch(x, y - layout.lane / 2 + 2, width, layout.lane - 4);
        if (width > 44) this.text('down', x + width / 2, y - layout.lane / 2 + 10, '--bad', 'center');
      }
    }
  }

  /** A strip for each group that the node leads; with many groups, one whose height says how many. */
  private leads(node: number, y: number): void {
    const { c, view, layout, data } = this;
    const groups = data.line.groups.length;
    const slots = groups > 8 ? 1 : groups;
    const height = Math.max(1.5, Math.min(6, (layout.lane / 2 - 8) / Math.max(1, slots)));
    const order = data.line.groups.map((_, place) => place).sort((a, b) => (data.line.groups[a] as number) - (data.line.groups[b] as number));
    for (const led of this.picture.led[node] ?? []) {
      if (!this.inSight(led.from, led.until)) continue;
      const x = Math.max(GUTTER, view.x(led.from));
      const width = Math.max(1, Math.min(view.width, view.x(led.until)) - x);
      const row = order.indexOf(led.group) % slots;
      const top = y - layout.lane / 2 + 3 + row * (height + 0.5);
      // One over the other: the more it leads, the darker.
      c.globalAlpha = groups > 8 ? Math.min(0.5, 4 / groups) : 0.85;
      c.fillStyle = this.colour(groupColour(groups > 8 ? 0 : order.indexOf(led.group)));
      c.fillRect(x, top, width, height);
      c.globalAlpha = 1;
    }
  }

  /** The groups that it leads at the step that is chosen, or in the middle of what is shown. */
  private leadsNow(node: number): number[] {
    const { data, view, picture } = this;
    const { step } = this.choice;
    const at = step < 0 ? (view.from + view.until) / 2 : (data.line.steps.at[step] as number);
    return (picture.led[node] ?? []).filter(({ from, until }) => from <= at && at < until).map(({ group }) => data.line.groups[group] as number).sort((a, b) => a - b);
  }

  private hatch(x: number, y: number, width: number, height: number): void {
    const { c } = this;
    c.save();
    c.beginPath();
    c.rect(x, y, width, height);
    c.fillStyle = this.colour('--down');
    c.fill();
    c.clip();
    c.strokeStyle = this.colour('--down-line');
    c.lineWidth = 1;
    c.beginPath();
    for (let at = x - height - ((x - height) % 7); at < x + width; at += 7) {
      c.moveTo(at, y + height);
      c.lineTo(at + height, y);
    }
    c.stroke();
    c.restore();
  }

  /** How much each node said and heard, where single messages cannot be told apart. */
  activity(inSight: readonly number[]): void {
    const { c, view, layout } = this;
    const { arrows } = this.data.line;
    const columns = Math.ceil((view.width - GUTTER) / 3);
    const counts = new Map<number, Float64Array>();
    let most = 1;
    const add = (node: number, at: number): void => {
      const column = Math.floor((view.x(at) - GUTTER) / 3);
      if (column < 0 || column >= columns) return;
      const row = counts.get(node) ?? new Float64Array(columns);
      counts.set(node, row);
      row[column] = (row[column] as number) + 1;
      most = Math.max(most, row[column] as number);
    };
    for (const arrow of inSight) {
      if ((arrows.sentAt[arrow] as number) >= 0) add(arrows.from[arrow] as number, arrows.sentAt[arrow] as number);
      if (arrows.fate[arrow] === 0) add(arrows.to[arrow] as number, arrows.endAt[arrow] as number);
    }
    c.fillStyle = this.colour('--activity');
    for (const [node, y] of layout.middle) {
      const row = counts.get(node);
      if (row === undefined) continue;
      for (let column = 0; column < columns; column++) {
        const height = Math.sqrt((row[column] as number) / most) * (layout.lane / 2 - 6);
        if (height > 0) c.fillRect(GUTTER + column * 3, y, 2.4, Math.max(1, height));
      }
    }
  }

  operations(all: boolean): void {
    const { c, view, layout, data } = this;
    const { operations } = data.line;
    if (layout.clientsHeight === 0) return;
    const y = layout.clientsTop + layout.clientsHeight / 2;
    c.strokeStyle = this.colour('--lane');
    c.beginPath();
    c.moveTo(GUTTER, y);
    c.lineTo(view.width, y);
    c.stroke();
    const lines = new Path2D();
    const ticks = new Path2D();
    const failed = new Path2D();
    for (let one = 0; one < operations.client.length; one++) {
      const asked = operations.invokedAt[one] as number;
      const returned = operations.returnedAt[one] as number;
      if (!this.inSight(asked, returned < 0 ? data.endUs : returned) || !this.picture.filters.showsOperation(one)) continue;
      const node = layout.middle.get(operations.node[one] as number) as number;
      const step = operations.step[one] as number;
      const x = view.x(asked);
      ticks.moveTo(x, y - 5);
      ticks.lineTo(x, y + 1);
      if (returned >= 0) (data.text(operations.answer[one] as number).startsWith('unknown') ? failed : ticks).rect(view.x(returned) - 0.5, y + 3, 1, 5);
      if (!all) continue;
      if (step >= 0) {
        lines.moveTo(x, y);
        lines.lineTo(view.x(data.line.steps.at[step] as number), node);
      }
      const replied = operations.repliedAt[one] as number;
      if (replied >= 0 && returned >= 0) {
        lines.moveTo(view.x(replied), node);
        lines.lineTo(view.x(returned), y);
      }
    }
    const faint = this.picture.path.steps.size > 0 && this.picture.filters.pathOnly;
    c.globalAlpha = faint ? 0.15 : 0.45;
    c.strokeStyle = this.colour('--client');
    c.stroke(lines);
    c.globalAlpha = 1;
    c.stroke(ticks);
    c.strokeStyle = this.colour('--bad');
    c.stroke(failed);
  }

  arrows(inSight: readonly number[], all: boolean): void {
    const { c, data } = this;
    const { arrows } = data.line;
    const { path, filters } = this.picture;
    const families = FAMILIES.map(() => new Path2D());
    const heads = FAMILIES.map(() => new Path2D());
    const lost = new Path2D();
    const underWay = new Path2D();
    const crosses = new Path2D();
    const copies = new Path2D();
    const few = inSight.length < FEW_ARROWS;
    const isSpecial = (arrow: number): boolean => arrows.fate[arrow] !== 0 || arrows.copy[arrow] === 1;
    const every = all ? 1 : Math.ceil(inSight.filter(isSpecial).length / MOST_LOST);
    let lostSoFar = 0;
    for (const arrow of inSight) {
      const delivered = arrows.fate[arrow] === 0;
      if (!all && (!isSpecial(arrow) || lostSoFar++ % every > 0)) continue;
      if (path.arrows.has(arrow)) continue;
      const line = lineOf(this.picture, this.view, this.layout, arrow);
      if (line === undefined) continue;
      const family = filters.familyOf(arrows.message[arrow] as number);
      const unknown = data.tables.fates[arrows.fate[arrow] as number] === 'under way';
      const target = arrows.copy[arrow] === 1 ? copies : delivered ? (families[family] as Path2D) : unknown ? underWay : lost;
      target.moveTo(line[0], line[1]);
      target.lineTo(line[2], line[3]);
      if (!delivered && !unknown) cross(crosses, line[2], line[3], few ? 4 : 2.5);
      else if (few && delivered && arrows.copy[arrow] === 0) head(heads[family] as Path2D, line, 6);
    }
    const quiet = filters.pathOnly ? 0.08 : path.steps.size > 0 ? 0.45 : 0.75;
    c.globalAlpha = few ? quiet : quiet * Math.max(0.28, Math.min(1, 500 / inSight.length));
    c.lineWidth = few ? 1.3 : 1;
    FAMILIES.forEach(({ colour }, place) => {
      c.strokeStyle = c.fillStyle = this.colour(colour);
      c.stroke(families[place] as Path2D);
      c.fill(heads[place] as Path2D);
    });
    c.globalAlpha = filters.pathOnly ? 0.12 : few ? 1 : all ? 0.7 : 0.3;
    c.strokeStyle = this.colour('--copy');
    c.setLineDash([1, 3]);
    c.lineWidth = 2;
    c.stroke(copies);
    c.lineWidth = 1;
    c.strokeStyle = this.colour('--other');
    c.stroke(underWay);
    c.setLineDash([4, 3]);
    c.strokeStyle = this.colour('--bad');
    c.stroke(lost);
    c.setLineDash([]);
    if (!filters.pathOnly) c.globalAlpha = few ? 1 : 0.8;
    c.lineWidth = few ? 1.6 : 1;
    c.stroke(crosses);
    c.globalAlpha = 1;
    c.lineWidth = 1;
  }

  /** A dot where a step was taken, and a thin line for as long as it waited to be durable. */
  steps(all: boolean, few: boolean): void {
    if (!all) return;
    const { c, view, layout, data } = this;
    const { steps } = data.line;
    const { filters, path } = this.picture;
    const shapes = { message: new Path2D(), request: new Path2D(), deadline: new Path2D(), other: new Path2D(), waits: new Path2D(), faint: new Path2D() };
    const size = few ? 3.4 : 2;
    for (const [node, y] of layout.middle) {
      const list = data.stepsOf[node] as readonly number[];
      for (let rank = data.firstStepAt(node, view.from - 1_000_000); rank < list.length; rank++) {
        const step = list[rank] as number;
        const at = steps.at[step] as number;
        if (at > view.until) break;
        const out = view.x(steps.out[step] as number);
        const x = view.x(at);
        if (out < GUTTER) continue;
        if (out - x > 3) {
          shapes.waits.moveTo(x, y + 0.5);
          shapes.waits.lineTo(out, y + 0.5);
        }
        if (!filters.showsStep(step)) circle(shapes.faint, x, y, 1.5);
        else if (data.isMessage(step)) circle(shapes.message, x, y, size);
        else if (steps.cause[step] === data.requestCause) shapes.request.rect(x - size, y - size, 2 * size, 2 * size);
        else if (data.tables.causes[steps.cause[step] as number] === 'deadline') diamond(shapes.deadline, x, y, size + 1.4);
        else triangle(shapes.other, x, y, size + 2);
      }
    }
    c.globalAlpha = filters.pathOnly && path.steps.size > 0 ? 0.25 : 1;
    c.lineWidth = 2;
    c.strokeStyle = this.colour('--waits');
    c.stroke(shapes.waits);
    c.lineWidth = 1;
    for (const [shape, colour] of [[shapes.faint, '--lane'], [shapes.message, '--ink'], [shapes.request, '--client'], [shapes.deadline, '--deadline'], [shapes.other, '--good']] as const) {
      c.fillStyle = this.colour(colour);
      c.fill(shape);
    }
    c.globalAlpha = 1;
  }

  path(): void {
    const { c, view, layout, data } = this;
    const { path } = this.picture;
    c.strokeStyle = c.fillStyle = this.colour('--path');
    c.lineWidth = 2.4;
    c.setLineDash([]);
    const lines = new Path2D();
    const heads = new Path2D();
    for (const arrow of path.arrows) {
      const line = lineOf(this.picture, view, layout, arrow);
      if (line === undefined) continue;
      lines.moveTo(line[0], line[1]);
      lines.lineTo(line[2], line[3]);
      head(heads, line, 8);
    }
    c.stroke(lines);
    c.fill(heads);
    c.lineWidth = 2;
    for (const step of path.steps) {
      const y = layout.middle.get(data.line.steps.node[step] as number);
      if (y === undefined) continue;
      const ring = new Path2D();
      circle(ring, view.x(data.line.steps.at[step] as number), y, 5.5);
      c.fillStyle = this.colour('--paper');
      c.fill(ring);
      c.stroke(ring);
    }
    c.lineWidth = 1;
  }

  /** What befell a process: a cross where it crashed, and what it was in words where there is room. */
  befell(): void {
    const { c, view, layout, data } = this;
    let until = -1_000;
    for (const [node, at, kind] of data.line.befell) {
      const y = layout.middle.get(node);
      if (y === undefined || !this.inSight(at, at)) continue;
      const what = data.tables.befell[kind] as string;
      const good = what === 'restarted';
      const mark = new Path2D();
      const x = view.x(at);
      if (good) triangle(mark, x, y, 6);
      else cross(mark, x, y, 5);
      c.strokeStyle = c.fillStyle = this.colour(good ? '--good' : '--bad');
      c.lineWidth = 2;
      if (good) c.fill(mark);
      else c.stroke(mark);
      c.lineWidth = 1;
      if (x - until < 60 || layout.lane < 30) continue;
      this.text(what, x + 8, y + layout.lane / 2 - 8, good ? '--good' : '--bad');
      until = x;
    }
  }

  violations(): void {
    const { c, view, layout, data } = this;
    data.violated.slice(0, layout.propertyRows - 1).forEach((property, row) => {
      const y = propertyRowTop(layout, row) + 9;
      const { violation } = property;
      if (violation === undefined) return;
      const x = view.x(violation.atUs - data.line.fromUs);
      c.strokeStyle = this.colour('--bad');
      c.setLineDash([5, 3]);
      c.beginPath();
      c.moveTo(x, AXIS);
      c.lineTo(x, y);
      c.stroke();
      c.setLineDash([]);
      const mark = new Path2D();
      diamond(mark, x, y, 6);
      c.fillStyle = this.colour('--bad');
      c.fill(mark);
      const words = `${property.id} violated`;
      const room = view.width - x - 12 > c.measureText(words).width;
      this.text(words, room ? x + 10 : x - 10, y, '--bad', room ? 'left' : 'right');
    });
    const held = data.run.properties.filter(({ verdict }) => verdict === 'held').length;
    const idle = data.run.properties.filter(({ verdict }) => verdict === 'not-exercised').length;
    const y = propertyRowTop(layout, layout.propertyRows - 1) + 9;
    const healed = data.line.healedAt;
    c.fillStyle = this.colour('--good-shade');
    c.fillRect(view.x(0), y - 6, view.x(data.endUs) - view.x(0), 12);
    this.text(`${held} held${idle > 0 ? `, ${idle} not exercised` : ''}${healed < 0 ? '' : '; liveness counts from the moment it healed'}`, Math.max(GUTTER, view.x(0)) + 6, y + 0.5, '--good-text');
  }

  chosen(): void {
    const { c, view, layout, data } = this;
    const { step, arrow } = this.choice;
    if (arrow >= 0) {
      const line = lineOf(this.picture, view, layout, arrow);
      if (line !== undefined) {
        c.strokeStyle = this.colour('--chosen');
        c.lineWidth = 3;
        c.beginPath();
        c.moveTo(line[0], line[1]);
        c.lineTo(line[2], line[3]);
        c.stroke();
      }
    }
    if (step < 0) return;
    const y = layout.middle.get(data.line.steps.node[step] as number);
    if (y === undefined) return;
    const x = view.x(data.line.steps.at[step] as number);
    c.strokeStyle = this.colour('--chosen');
    c.lineWidth = 1;
    c.beginPath();
    c.moveTo(x, AXIS);
    c.lineTo(x, layout.propertiesTop);
    c.stroke();
    c.lineWidth = 3;
    const ring = new Path2D();
    circle(ring, x, y, 7.5);
    c.stroke(ring);
    c.lineWidth = 1;
  }

  /** From how likely the failure was, on the same axis of time. */
  curve(): void {
    const { c, view, layout, data } = this;
    const { why, fromUs } = data.line;
    if (why === undefined) return;
    const bottom = layout.curveTop + layout.curveHeight - 10;
    const high = layout.curveHeight - 22;
    const y = (likelihood: number): number => bottom - likelihood * high;
    c.strokeStyle = this.colour('--grid');
    for (const share of [0, 0.5, 1]) {
      c.beginPath();
      c.moveTo(GUTTER, y(share));
      c.lineTo(view.width, y(share));
      c.stroke();
    }
    c.strokeStyle = c.fillStyle = this.colour('--path');
    c.lineWidth = 2;
    c.beginPath();
    why.points.forEach(({ atUs, likelihood }, place) => (place === 0 ? c.moveTo(view.x(atUs - fromUs), y(likelihood)) : c.lineTo(view.x(atUs - fromUs), y(likelihood))));
    c.stroke();
    for (const { atUs, likelihood } of why.points) {
      const dot = new Path2D();
      circle(dot, view.x(atUs - fromUs), y(likelihood), 3);
      c.fill(dot);
    }
    c.lineWidth = 1;
    if (why.jumpAtUs === undefined) return;
    const x = view.x(why.jumpAtUs - fromUs);
    c.setLineDash([3, 3]);
    c.beginPath();
    c.moveTo(x, AXIS);
    c.lineTo(x, bottom);
    c.stroke();
    c.setLineDash([]);
    this.text(why.label ?? 'inevitable from here', x + 5, layout.curveTop + 5, '--path');
  }

  labels(): void {
    const { c, layout } = this;
    c.fillStyle = this.colour('--paper');
    c.fillRect(0, 0, GUTTER, layout.height);
    for (const [node, y] of layout.middle) {
      const leads = layout.lane < 40 ? [] : this.leadsNow(node);
      this.text(`node ${node}`, 8, leads.length === 0 ? y : y - 7, '--ink');
      if (leads.length > 0) this.text(leads.length > 4 ? `leads ${leads.length}` : `leads ${leads.join(' ')}`, 8, y + 8, '--soft');
    }
    if (layout.faultRows > 0) this.text('faults', 8, layout.faultsTop + 7, '--soft');
    if (layout.clientsHeight > 0) this.text('clients', 8, layout.clientsTop + layout.clientsHeight / 2, '--ink');
    this.text('properties', 8, propertyRowTop(layout, 0) + 9, '--soft');
    if (layout.curveHeight > 0) {
      this.text('likelihood', 8, layout.curveTop + 12, '--soft');
      this.text('of failure', 8, layout.curveTop + 26, '--soft');
    }
    c.strokeStyle = this.colour('--line');
    c.beginPath();
    c.moveTo(GUTTER - 0.5, 0);
    c.lineTo(GUTTER - 0.5, layout.height);
    c.stroke();
  }
}

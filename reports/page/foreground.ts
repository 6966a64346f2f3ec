// What happens on the lanes: operations, messages, steps, what befell the processes, the causal path, violations, the choice.

import { FAMILIES } from './filters.ts';
import { FEW_ARROWS, lineOf, MOST_LOST } from './picture.ts';
import { circle, cross, diamond, head, triangle } from './shapes.ts';
import { Sheet } from './sheet.ts';
import { AXIS, GUTTER, propertyRowTop } from './view.ts';

export class Foreground extends Sheet {
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
    const { broke } = data.run;
    if (broke !== undefined) {
      const mark = new Path2D();
      const [x, at] = [view.x(broke.atUs - data.line.fromUs), layout.middle.get(broke.node) ?? layout.lanesTop];
      diamond(mark, x, at, 7);
      c.fillStyle = this.colour('--bad');
      c.fill(mark);
      this.text('our own code threw', x - 10, at - 12, '--bad', 'right');
    }
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
}

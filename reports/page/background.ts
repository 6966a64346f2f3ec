// The ground of the picture: time, faults, the lanes of the nodes with what they lead and when they are down, and their names.

import { groupColour } from './picture.ts';
import { Sheet } from './sheet.ts';
import { AXIS, FAULT_BAR, faultRowTop, GUTTER, propertyRowTop, tickOf } from './view.ts';

export class Background extends Sheet {
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

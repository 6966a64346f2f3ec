// What part of the run is on the screen, and where things stand in it: time runs from left to right, lanes lie below each other.

import type { Filters } from './filters.ts';
import type { RunData } from './run-data.ts';

export const GUTTER = 76;
export const AXIS = 24;
const FAULT_ROW = 15;
const MOST_FAULT_ROWS = 7;
const CLIENTS = 34;
const PROPERTY_ROW = 18;
const CURVE = 96;
const GAP = 8;
const MIN_LANE = 18;
const MAX_LANE = 104;
const MIN_SPAN_US = 40;

export interface Layout {
  readonly height: number;
  readonly faultsTop: number;
  readonly faultRows: number;
  readonly clientsTop: number;
  readonly clientsHeight: number;
  readonly lanesTop: number;
  readonly lane: number;
  /** By node: the middle of its lane; undefined if it is not shown. */
  readonly middle: ReadonlyMap<number, number>;
  readonly propertiesTop: number;
  readonly propertyRows: number;
  readonly curveTop: number;
  readonly curveHeight: number;
}

/** A fault, and the row in which it is drawn so that none covers another. */
export interface FaultBar {
  readonly kind: string;
  readonly nodes: readonly number[];
  readonly from: number;
  readonly until: number;
  readonly row: number;
}

export function faultBars(data: RunData): FaultBar[] {
  const ends: number[] = [];
  return data.line.faults.map(([kind, nodes, from, until]) => {
    const end = until < 0 ? data.endUs : until;
    let row = ends.findIndex((free) => free <= from);
    if (row < 0) row = Math.min(ends.length, MOST_FAULT_ROWS - 1);
    ends[row] = Math.max(end, ends[row] ?? 0);
    return { kind: data.text(kind), nodes, from, until: end, row };
  });
}

/** By node: the times at which at least one fault concerned it, each once. */
export function faultTimes(nodes: number, bars: readonly FaultBar[]): (readonly [number, number])[][] {
  const sorted = [...bars].sort((a, b) => a.from - b.from);
  return Array.from({ length: nodes + 1 }, (_, node) => {
    const out: [number, number][] = [];
    for (const bar of sorted) {
      if (bar.nodes.length > 0 && !bar.nodes.includes(node)) continue;
      const last = out.at(-1);
      if (last !== undefined && bar.from <= last[1]) last[1] = Math.max(last[1], bar.until);
      else out.push([bar.from, bar.until]);
    }
    return out;
  });
}

export function layoutOf(data: RunData, filters: Filters, bars: readonly FaultBar[], available: number): Layout {
  const faultRows = bars.reduce((most, { row }) => Math.max(most, row + 1), 0);
  const clientsHeight = data.line.operations.client.length > 0 ? CLIENTS : 0;
  const propertyRows = Math.min(5, data.violated.length) + 1;
  const curveHeight = data.line.why === undefined ? 0 : CURVE;
  const fixed = AXIS + faultRows * FAULT_ROW + clientsHeight + propertyRows * PROPERTY_ROW + curveHeight + 4 * GAP;
  const shown = [...filters.nodes].sort((a, b) => a - b);
  const lane = Math.max(MIN_LANE, Math.min(MAX_LANE, Math.floor((available - fixed) / Math.max(1, shown.length))));
  const faultsTop = AXIS + 2;
  const clientsTop = faultsTop + faultRows * FAULT_ROW + GAP;
  const lanesTop = clientsTop + clientsHeight + (clientsHeight > 0 ? GAP : 0);
  const middle = new Map(shown.map((node, place) => [node, lanesTop + place * lane + lane / 2] as const));
  const propertiesTop = lanesTop + shown.length * lane + GAP;
  const curveTop = propertiesTop + propertyRows * PROPERTY_ROW + GAP;
  return { height: Math.max(available, curveTop + curveHeight), faultsTop, faultRows, clientsTop, clientsHeight, lanesTop, lane, middle, propertiesTop, propertyRows, curveTop, curveHeight };
}

export const faultRowTop = (layout: Layout, row: number): number => layout.faultsTop + row * FAULT_ROW;
export const FAULT_BAR: number = FAULT_ROW - 2;
export const propertyRowTop = (layout: Layout, row: number): number => layout.propertiesTop + row * PROPERTY_ROW;

/** The span of time that is on the screen, in microseconds since the window of the report begins. */
export class Viewport {
  from = 0;
  until = 1;
  width = 800;
  private readonly endUs: number;

  constructor(endUs: number) {
    this.endUs = endUs;
    this.until = endUs;
  }

  get span(): number {
    return this.until - this.from;
  }

  x(us: number): number {
    return GUTTER + ((us - this.from) / this.span) * (this.width - GUTTER);
  }

  us(x: number): number {
    return this.from + ((x - GUTTER) / (this.width - GUTTER)) * this.span;
  }

  show(from: number, until: number): void {
    const span = Math.min(this.endUs * 1.06, Math.max(MIN_SPAN_US, until - from));
    const middle = (from + until) / 2;
    const slack = span * 0.03;
    const start = Math.max(-slack, Math.min(this.endUs + slack - span, middle - span / 2));
    this.from = start;
    this.until = start + span;
  }

  all(): void {
    this.show(0, this.endUs);
  }

  /** Keeps what is at `us` where it is. */
  zoom(factor: number, us: number): void {
    const span = Math.min(this.endUs * 1.06, Math.max(MIN_SPAN_US, this.span * factor));
    const part = (us - this.from) / this.span;
    this.show(us - part * span, us + (1 - part) * span);
  }

  pan(us: number): void {
    this.show(this.from + us, this.until + us);
  }

  /** Brings a moment into sight, if it is not. */
  reveal(us: number): void {
    const margin = this.span * 0.08;
    if (us < this.from + margin || us > this.until - margin) this.show(us - this.span / 2, us + this.span / 2);
  }
}

/** A step between two marks of the axis: 1, 2 or 5 times a power of ten, at least so many pixels wide. */
export function tickOf(spanUs: number, width: number, pixels: number): number {
  const least = (spanUs * pixels) / width;
  let tick = 1;
  while (tick < least) tick *= tick * 2 >= least ? 2 : tick * 5 >= least ? 5 : 10;
  return tick;
}

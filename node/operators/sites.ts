// Where one small slip of the hand would change the code: every place of a source at which an operator of mutation applies.
// Positions are those of the file, because taking out the types leaves all else where it stands. Nobody chose these bugs, so
// how many of them are noticed says more about the harness than bugs that somebody thought of.

import { stripTypeScriptTypes } from 'node:module';
import { parse, type AnyNode, type Expression, type SpreadElement } from 'acorn';

export const OPERATORS = ['comparison', 'logic', 'arithmetic', 'off-by-one', 'dropped', 'swapped'] as const;
export type Operator = (typeof OPERATORS)[number];

export interface Site {
  /** `op:<file>:<line>:<column>:<operator>`: names the bug on a command line. */
  readonly name: string;
  readonly operator: Operator;
  readonly file: string;
  readonly line: number;
  readonly from: number;
  readonly to: number;
  readonly replacement: string;
}

const COMPARISONS: Readonly<Record<string, string>> = { '<': '<=', '<=': '<', '>': '>=', '>=': '>', '===': '!==', '!==': '===' };
const LOGIC: Readonly<Record<string, string>> = { '&&': '||', '||': '&&' };
const ARITHMETIC: Readonly<Record<string, string>> = { '+': '-', '-': '+' };
/** Statements of our own that are there to notice bugs: without them a bug is only noticed later. */
const GUARDS: readonly string[] = ['assert', 'unreachable'];
/** What only tells the simulator where it may end a process: what ships does nothing there. */
const CRASH_POINT = 'passed';
/** Which numbers a hash begins with, and in which order it mixes, is free: any other choice is another hash of the same. */
const MIXING: readonly string[] = ['mix', 'mixUint', 'finish', 'start'];
/** What is only counted, for people to look at. */
const FIGURES = 'counters';
/** That there is a bound counts, and not that it is this number: one more of what may be kept or read does nobody harm. */
const BOUND = /^MAX_/;
/** No duration is promised to the microsecond: whether the last one belongs to it is open. */
const DURATION = /[a-z]Us$/;

/** In the order in which they stand. */
export function sitesOf(file: string, source: string): Site[] {
  const plain = withoutTypes(source);
  if (plain.length !== source.length) throw new Error(`the types of ${file} cannot be taken out without moving the rest`);
  const found = new Finder(file, source, plain);
  found.visit(parse(plain, { ecmaVersion: 'latest', sourceType: 'module' }) as AnyNode);
  return found.sites.toSorted((a, b) => a.from - b.from || a.to - b.to || (a.operator < b.operator ? -1 : 1));
}

/** Node says of the function that it is experimental; it is what every source of ours is loaded with. */
function withoutTypes(source: string): string {
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try {
    return stripTypeScriptTypes(source);
  } finally {
    process.emitWarning = emitWarning;
  }
}

export const mutated = (site: Site, source: string): string => source.slice(0, site.from) + site.replacement + source.slice(site.to);

class Finder {
  readonly sites: Site[] = [];
  private readonly file: string;
  private readonly plain: string;
  /** Where each line begins. */
  private readonly lines: readonly number[];

  constructor(file: string, source: string, plain: string) {
    this.file = file;
    this.plain = plain;
    this.lines = [0, ...[...source.matchAll(/\n/g)].map((match) => match.index + 1)];
  }

  visit(node: AnyNode): void {
    if (node.type === 'ImportDeclaration' || isFigure(node) || isBound(node) || (node.type === 'CallExpression' && isGuard(node.callee)) || isForSimulator(node)) return;
    if (node.type === 'CallExpression' && isMixing(node.callee)) return this.mixed(node.arguments);
    this.look(node);
    for (const value of Object.values(node) as unknown[]) {
      if (Array.isArray(value)) for (const one of value as unknown[]) this.descend(one);
      else this.descend(value);
    }
  }

  /** What goes into a hash counts; what it is mixed with does not. */
  private mixed(args: readonly AnyNode[]): void {
    for (const one of args) if (one.type !== 'Literal') this.visit(one);
  }

  private descend(value: unknown): void {
    if (typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string') this.visit(value as AnyNode);
  }

  private look(node: AnyNode): void {
    switch (node.type) {
      case 'BinaryExpression':
        return this.binary(node.operator, node.left as Expression, node.right);
      case 'LogicalExpression':
        return this.between('logic', node.left, node.right, node.operator, LOGIC[node.operator]);
      case 'Literal':
        if (typeof node.value === 'number' && Number.isSafeInteger(node.value)) this.add('off-by-one', node.start, node.end, String(node.value + 1));
        return;
      case 'ExpressionStatement':
        if (isEffect(node.expression)) this.add('dropped', node.start, node.end, ';');
        return;
      case 'CallExpression':
        return isSymmetric(node.callee) ? undefined : this.swap(node.arguments);
      default:
    }
  }

  private binary(operator: string, left: Expression, right: Expression): void {
    if (!isDuration(left) && !isDuration(right)) this.between('comparison', left, right, operator, COMPARISONS[operator]);
    if (!isText(left) && !isText(right)) this.between('arithmetic', left, right, operator, ARITHMETIC[operator]);
  }

  /** Only white space, brackets and the operator stand between its operands. */
  private between(operator: Operator, left: Expression, right: Expression, old: string, replacement: string | undefined): void {
    if (replacement === undefined) return;
    const at = this.plain.indexOf(old, left.end);
    if (at >= 0 && at < right.start) this.add(operator, at, at + old.length, replacement);
  }

  private swap(args: readonly (Expression | SpreadElement)[]): void {
    const [first, second] = args;
    if (first === undefined || second === undefined || first.type === 'SpreadElement' || second.type === 'SpreadElement') return;
    const [a, b] = [this.plain.slice(first.start, first.end), this.plain.slice(second.start, second.end)];
    if (a !== b) this.add('swapped', first.start, second.end, b + this.plain.slice(first.end, second.start).trimStart() + a);
  }

  private add(operator: Operator, from: number, to: number, replacement: string): void {
    let line = this.lines.findIndex((begin) => begin > from);
    if (line < 0) line = this.lines.length;
    const column = from - (this.lines[line - 1] as number) + 1;
    this.sites.push({ name: `op:${this.file}:${line}:${column}:${operator}`, operator, file: this.file, line, from, to, replacement });
  }
}

const isGuard = (callee: AnyNode): boolean => callee.type === 'Identifier' && GUARDS.includes(callee.name);

const isBound = (node: AnyNode): boolean => node.type === 'VariableDeclarator' && node.id.type === 'Identifier' && BOUND.test(node.id.name);

/** The field with the figures, and statements that do nothing but change one. */
function isFigure(node: AnyNode): boolean {
  if (node.type === 'PropertyDefinition') return node.key.type === 'Identifier' && node.key.name === FIGURES;
  if (node.type !== 'ExpressionStatement') return false;
  const { expression } = node;
  if (expression.type === 'UpdateExpression') return isInFigures(expression.argument);
  return expression.type === 'CallExpression' && expression.callee.type === 'MemberExpression' && expression.arguments[0] !== undefined && isInFigures(expression.arguments[0]);
}

function isInFigures(node: AnyNode): boolean {
  if (node.type !== 'MemberExpression') return false;
  return (node.object.type === 'ThisExpression' && node.property.type === 'Identifier' && node.property.name === FIGURES) || isInFigures(node.object);
}

/** A limit whose name says that it is a number of microseconds. */
function isDuration(node: AnyNode): boolean {
  if (node.type === 'Identifier') return DURATION.test(node.name);
  return node.type === 'MemberExpression' && node.property.type === 'Identifier' && DURATION.test(node.property.name);
}

const isMixing = (callee: AnyNode): boolean => callee.type === 'Identifier' && MIXING.includes(callee.name);

/** The greater and the lesser of two are the same in either order. */
function isSymmetric(callee: AnyNode): boolean {
  if (callee.type !== 'MemberExpression' || callee.object.type !== 'Identifier' || callee.property.type !== 'Identifier') return false;
  return callee.object.name === 'Math' && (callee.property.name === 'max' || callee.property.name === 'min');
}

/** `this.passed(point)`, alone or under a condition. */
function isForSimulator(node: AnyNode): boolean {
  if (node.type === 'IfStatement') return (node.alternate === null || node.alternate === undefined) && isForSimulator(node.consequent);
  if (node.type !== 'ExpressionStatement' || node.expression.type !== 'CallExpression') return false;
  const { callee } = node.expression;
  return callee.type === 'MemberExpression' && callee.object.type === 'ThisExpression' && callee.property.type === 'Identifier' && callee.property.name === CRASH_POINT;
}

const isText = (node: Expression): boolean => node.type === 'TemplateLiteral' || (node.type === 'Literal' && typeof node.value === 'string');

/** What a statement is there for; the call of a constructor above it is part of the language. */
function isEffect(node: Expression): boolean {
  if (node.type === 'CallExpression') return node.callee.type !== 'Super' && !isGuard(node.callee);
  return node.type === 'AssignmentExpression' || node.type === 'UpdateExpression';
}

// Reads EDN as far as histories use it, line by line, with its own stack: a value may go over many lines, a vector of a million
// operations is told element by element, and no depth can overflow anything. Tags are read and passed over.

import type { Value } from '../../properties/history/operation.ts';
import { textOf } from '../../properties/history/value-text.ts';
import { LineFault, quoted } from './history-event.ts';
import { numberText } from './scalar.ts';

const DEEPEST = 64;
const CLOSING: Readonly<Record<string, string>> = { '{': '}', '[': ']', '(': ')' };
const WORD_END = /[\s,;"{}[\]()]/g;
const SPACE = 32;
const COMMA = 44;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', '"': '"', '\\': '\\', '/': '/' };

/** A map keeps its order; `line` is where it began. */
export interface EdnMap {
  readonly line: number;
  /** Key, value, key, value. */
  readonly pairs: readonly Value[];
}

interface Open {
  readonly bracket: string;
  readonly line: number;
  readonly items: Value[];
  /** `#_`: what follows is left out. */
  discard: boolean;
}

export class EdnReader {
  private readonly stack: Open[] = [];
  private readonly told: (value: Value | EdnMap, line: number) => void;
  private readonly inVector: boolean;
  /** The beginning of a string that goes over several lines. */
  private string: { text: string; readonly line: number } | undefined;
  private topDiscard = false;

  /** With `inVector`, the elements of an outermost vector or list are told like values of their own. */
  constructor(told: (value: Value | EdnMap, line: number) => void, inVector: boolean) {
    this.told = told;
    this.inVector = inVector;
  }

  line(text: string, number: number): void {
    let at = this.string === undefined ? 0 : this.inString(text, 0, number);
    while (at < text.length) {
      const code = text.charCodeAt(at);
      if (code === SPACE || code === COMMA) at++;
      else at = this.token(text, at, number);
    }
    if (this.string !== undefined) this.string.text += '\n';
  }

  end(number: number): void {
    if (this.string !== undefined) throw new LineFault(this.string.line, 'the file ends within a string that begins here');
    const open = this.stack.at(-1);
    if (open !== undefined) throw new LineFault(open.line, `the file ends on line ${number} within a "${open.bracket}" that begins here`);
  }

  private token(text: string, at: number, line: number): number {
    const char = text[at] as string;
    if (char === '\t' || char === '\r') return at + 1;
    if (char === ':') return this.word(text, at, line);
    if (char === ';') return text.length;
    if (char === '"') {
      this.string = { text: '', line };
      return this.inString(text, at + 1, line);
    }
    if (char === '{' || char === '[' || char === '(') return this.opened(char, at, line);
    if (char === '}' || char === ']' || char === ')') return this.closed(char, at, line);
    if (text.startsWith('#_', at)) {
      this.setDiscard();
      return at + 2;
    }
    if (text.startsWith('#{', at)) return this.opened('{', at + 1, line);
    return this.word(text, at, line);
  }

  private word(text: string, at: number, line: number): number {
    WORD_END.lastIndex = at;
    const end = WORD_END.test(text) ? WORD_END.lastIndex - 1 : text.length;
    // Any other kind of space is no word.
    if (end === at) return at + 1;
    const word = text.slice(at, end);
    if (!word.startsWith('#')) this.value(this.scalar(word, line), line);
    return end;
  }

  private scalar(word: string, line: number): string {
    if (word === 'nil' || (word.startsWith(':') && word.length > 1 && word[1] !== ':')) return word;
    const number = numberText(word);
    if (number !== undefined) return number;
    if (/^[A-Za-z*+!?<>=_.-]|^\\/.test(word) && !/^[+-]?\d/.test(word)) return word;
    throw new LineFault(line, `expected a value in EDN notation, found ${quoted(word)}`);
  }

  private inString(text: string, from: number, line: number): number {
    const string = this.string as { text: string; readonly line: number };
    let at = from;
    let start = from;
    for (; at < text.length; at++) {
      const char = text[at];
      if (char === '"') {
        this.string = undefined;
        this.value(JSON.stringify(string.text + text.slice(start, at)), string.line);
        return at + 1;
      }
      if (char !== '\\') continue;
      string.text += text.slice(start, at);
      const escape = text[at + 1] ?? '';
      const code = escape === 'u' ? /^[\da-fA-F]{4}/.exec(text.slice(at + 2, at + 6))?.[0] : undefined;
      const meant = code === undefined ? ESCAPES[escape] : String.fromCharCode(Number.parseInt(code, 16));
      if (meant === undefined) throw new LineFault(line, `unknown escape ${quoted(`\\${escape}`)} in a string`);
      string.text += meant;
      at += code === undefined ? 1 : 5;
      start = at + 1;
    }
    string.text += text.slice(start);
    return at;
  }

  private opened(bracket: string, at: number, line: number): number {
    if (this.stack.length >= DEEPEST) throw new LineFault(line, `expected at most ${DEEPEST} brackets within each other`);
    this.stack.push({ bracket, line, items: [], discard: false });
    return at + 1;
  }

  private closed(char: string, at: number, line: number): number {
    const open = this.stack.pop();
    if (open === undefined) throw new LineFault(line, `found "${char}" where nothing is open`);
    if (CLOSING[open.bracket] !== char) throw new LineFault(line, `expected "${CLOSING[open.bracket]}" for the "${open.bracket}" of line ${open.line}, found "${char}"`);
    if (open.bracket !== '{') {
      if (this.stack.length > 0 || !this.inVector) this.value(open.items, open.line);
      return at + 1;
    }
    if (this.isTold()) {
      if (open.items.length % 2 !== 0) throw new LineFault(open.line, 'expected a map with a value for every key');
      if (!this.takeDiscard()) this.told({ line: open.line, pairs: open.items }, open.line);
    } else this.value(`{${open.items.map(textOf).join(' ')}}`, open.line);
    return at + 1;
  }

  private isTold(): boolean {
    return this.stack.length === 0 || (this.inVector && this.stack.length === 1 && (this.stack[0] as Open).bracket !== '{');
  }

  private value(value: Value, line: number): void {
    if (this.takeDiscard()) return;
    if (this.isTold()) this.told(value, line);
    else (this.stack.at(-1) as Open).items.push(value);
  }

  private setDiscard(): void {
    const open = this.stack.at(-1);
    if (open === undefined) this.topDiscard = true;
    else open.discard = true;
  }

  private takeDiscard(): boolean {
    const open = this.stack.at(-1);
    const discard = open === undefined ? this.topDiscard : open.discard;
    if (open === undefined) this.topDiscard = false;
    else open.discard = false;
    return discard;
  }
}

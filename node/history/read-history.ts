// Somebody's history: which format it is shows on its first line. A history that is larger than what is kept in memory is not
// judged; anything that cannot be understood is refused with the line it stands on.

import type { Model } from '../../properties/history/machine.ts';
import { MODELS } from '../../properties/history/models.ts';
import type { Operation } from '../../properties/history/operation.ts';
import { Complaint } from '../complaint.ts';
import { EdnOperations } from './edn-operations.ts';
import { LineFault, quoted, type FormatReader, type HistoryEvent } from './history-event.ts';
import { isLogLine, JepsenLog } from './jepsen-log.ts';
import { JsonLines } from './json-lines.ts';
import { readLines } from './lines.ts';
import { Pairing } from './pairing.ts';

export interface History {
  /** How many were called. */
  readonly called: number;
  /** Those that may have happened; undefined if they are more than are kept. */
  readonly operations: readonly Operation[] | undefined;
}

export interface ReadingLimits {
  readonly operations: number;
  readonly characters: number;
}

export const READING: ReadingLimits = { operations: 2_000_000, characters: 1 << 29 };

export function readHistory(path: string, model: Model, limits: ReadingLimits = READING): History {
  const pairing = new Pairing(model, MODELS);
  let reader: FormatReader | undefined;
  let characters = 0;
  let tooLarge = false;
  try {
    readLines(path, (line, number) => {
      const text = number === 1 ? line.replace(/^\uFEFF/, '') : line;
      if (reader === undefined && text.trim() === '') return true;
      reader ??= readerFor(text, number, (event) => pairing.take(event));
      reader.line(text, number);
      characters += text.length;
      tooLarge = characters > limits.characters || pairing.calls > limits.operations;
      return !tooLarge;
    });
    if (tooLarge) return { called: pairing.calls, operations: undefined };
    reader?.end();
    const operations = pairing.operations();
    if (pairing.calls === 0) throw new Complaint(`the history in "${path}" holds no operation of a client: expected at least one call`);
    return { called: pairing.calls, operations };
  } catch (error) {
    if (error instanceof LineFault) throw new Complaint(`line ${error.line} of "${path}": ${error.message}`);
    throw error;
  }
}

function readerFor(text: string, line: number, told: (event: HistoryEvent) => void): FormatReader {
  if (/^\s*\[\s*\{\s*"/.test(text)) throw new LineFault(line, 'expected one JSON object on each line, found a JSON array');
  if (/^\s*\{\s*["}]/.test(text)) return new JsonLines(told);
  if (/^\s*[{[(#;]/.test(text)) return new EdnOperations(told);
  if (isLogLine(text)) return new JepsenLog(told);
  throw new LineFault(line, `expected an operation as JSON, as EDN, or a line of a Jepsen log, found ${quoted(text)}`);
}

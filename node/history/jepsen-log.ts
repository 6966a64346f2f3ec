// A log of Jepsen: operations are lines such as `INFO  jepsen.util - 0 :invoke :write 3`, in later versions
// `2019-08-01 10:00:00,000{GMT} INFO [jepsen worker 0] jepsen.util: 0 :invoke :write 3`. Lines of other loggers, and what
// follows them without a level of its own (a stack, a result), are passed over.

import type { Value } from '../../properties/history/operation.ts';
import { EdnReader, type EdnMap } from './edn.ts';
import { eventOf, LineFault, quoted, type FormatReader, type HistoryEvent } from './history-event.ts';

const LEVEL = /^(?:\d[\d:.,\-T/]*\S*\s+)*(?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\s/;
const OPERATION_LOGGER = /^(?:\d[\d:.,\-T/]*\S*\s+)*INFO\s+(?:\[[^\]]*\]\s+)?jepsen\.util\s*(?:-|:)\s*(.*)$/;
const WORDS = /^(\S+)\s+(:\S+)\s+(:\S+)\s+(\S.*)$/s;

export const isLogLine = (text: string): boolean => LEVEL.test(text);

export class JepsenLog implements FormatReader {
  private readonly told: (event: HistoryEvent) => void;
  private elsewhere = false;

  constructor(told: (event: HistoryEvent) => void) {
    this.told = told;
  }

  line(text: string, number: number): void {
    const message = OPERATION_LOGGER.exec(text)?.[1];
    if (message === undefined) {
      if (isLogLine(text)) this.elsewhere = true;
      else if (!this.elsewhere && text.trim() !== '') throw new LineFault(number, `expected a line such as "INFO jepsen.util - 0 :invoke :read nil", found ${quoted(text)}`);
      return;
    }
    this.elsewhere = false;
    // Jepsen also says other things by this logger; those that begin with the number of a client are operations.
    if (!/^\d+(\s|$)/.test(message)) return;
    const words = WORDS.exec(message);
    if (words === null) throw new LineFault(number, `expected a process, a type, a function and a value, found ${quoted(message)}`);
    this.told(eventOf({ process: words[1], type: words[2], f: words[3], value: firstValue(words[4] as string, number) }, number));
  }

  end(): void {}
}

/** What follows the value is an error that says more to people. */
function firstValue(text: string, line: number): Value {
  let first: Value | EdnMap | undefined;
  const reader = new EdnReader((value) => void (first ??= value), false);
  reader.line(text, line);
  reader.end(line);
  if (first === undefined) throw new LineFault(line, `expected a value, found ${quoted(text)}`);
  return typeof first === 'string' || !('pairs' in first) ? first : 'a map';
}

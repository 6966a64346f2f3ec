// Histories of three formats, and what is said of those that make no sense. The examples are written for these tests, in the
// notation that Jepsen and its users publish.

import { mkdtempSync, openSync, closeSync, ftruncateSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { checkHistory } from '../../properties/history/check.ts';
import type { Model } from '../../properties/history/machine.ts';
import { MODELS } from '../../properties/history/models.ts';
import { NEVER } from '../../properties/history/operation.ts';
import { Complaint } from '../complaint.ts';
import { readHistory } from './read-history.ts';

const folder = mkdtempSync(join(tmpdir(), 'lockstep-history-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const path = join(folder, 'history');
const model = (name: string): Model => MODELS.find((one) => one.name === name) as Model;
const LIMITS = { steps: 1e6, bytes: 1e7 };

function read(name: string, content: string | Uint8Array): ReturnType<typeof readHistory> {
  writeFileSync(path, content);
  return readHistory(path, model(name));
}

const verdictOf = (name: string, content: string): string => checkHistory(model(name), read(name, content).operations ?? [], LIMITS).verdict;

/** What the complaint says about its line. */
function complaint(name: string, content: string | Uint8Array): string {
  try {
    read(name, content);
  } catch (error) {
    expect(error).toBeInstanceOf(Complaint);
    expect((error as Error).message).not.toContain('\n');
    return (error as Error).message.replace(` of "${path}"`, '');
  }
  return 'nothing was wrong';
}

const log = (...lines: readonly string[]): string => lines.map((line) => `INFO  jepsen.util - ${line.replaceAll(' :', '\t:').replace(/(:\w+)\t?(:\w+) /, '$1\t$2\t')}\n`).join('');

describe('a log of Jepsen', () => {
  test('is linearizable with a write of unknown outcome that happens late', () => {
    const late = ['0 :invoke :write 1', '0 :ok :write 1', '1 :invoke :write 2', '1 :info :write :timed-out', '0 :invoke :read nil', '0 :ok :read 1', '0 :invoke :read nil', '0 :ok :read 2'];
    expect(verdictOf('register', log(...late))).toBe('linearizable');
    expect(verdictOf('register', log(...late, '0 :invoke :read nil', '0 :ok :read 1'))).toBe('not-linearizable');
  });

  test('knows that what failed did not happen', () => {
    expect(verdictOf('cas-register', log('0 :invoke :cas [nil 3]', '0 :fail :cas [nil 3]', '1 :invoke :read nil', '1 :ok :read nil'))).toBe('linearizable');
    expect(verdictOf('cas-register', log('0 :invoke :cas [nil 3]', '0 :fail :cas [nil 3]', '1 :invoke :read nil', '1 :ok :read 3'))).toBe('not-linearizable');
    expect(verdictOf('cas-register', log('0 :invoke :cas [nil 3]', '0 :ok :cas [nil 3]', '1 :invoke :read nil', '1 :fail :read :timed-out', '1 :invoke :read nil', '1 :ok :read 3'))).toBe('linearizable');
  });

  test('of a later version has times and threads, and lines of others between', () => {
    const text = [
      '2019-08-01 10:00:00,001{GMT}\tINFO\t[main] jepsen.core: Test version 5',
      '2019-08-01 10:00:00,002{GMT}\tINFO\t[jepsen worker 0] jepsen.util: 0\t:invoke\t:write\t3',
      '2019-08-01 10:00:00,003{GMT}\tINFO\t[jepsen nemesis] jepsen.util: :nemesis\t:info\t:start\tnil',
      '2019-08-01 10:00:00,003{GMT}\tWARN\t[jepsen worker 1] jepsen.client: a connection was lost',
      'java.net.ConnectException: refused',
      '\tat some.Place (place.clj:1)',
      '2019-08-01 10:00:00,004{GMT}\tINFO\t[jepsen worker 0] jepsen.util: 0\t:info\t:write\t3\t:timeout',
    ].join('\r\n');
    const { operations, called } = read('register', text);
    expect(called).toBe(1);
    expect(operations).toMatchObject([{ process: 0, f: 'write', argument: '3', result: undefined, returnedAt: NEVER, calledLine: 2 }]);
  });

  test('may hold pairs of key and value', () => {
    expect(verdictOf('kv', log('0 :invoke :put ["x" "1"]', '0 :ok :put ["x" "1"]', '0 :invoke :get ["y" nil]', '0 :ok :get ["y" ""]'))).toBe('linearizable');
  });
});

describe('operations in EDN', () => {
  const put = '{:process 0, :type :invoke, :f :put, :key "x", :value "y"}';

  test('one on each line', () => {
    const text = `${put}\n{:process 0, :type :ok, :f :put, :key "x", :value "y"}\n{:process 1, :type :invoke, :f :get, :key "x", :value nil}\n{:process 1, :type :ok, :f :get, :key "x", :value "y"}\n`;
    expect(verdictOf('kv', text)).toBe('linearizable');
    expect(verdictOf('kv', text.replace(':value "y"}\n{:process 1', ':value "y"}\n; later\n{:process 1').replace(/"y"\}\n$/, '"z"}\n'))).toBe('not-linearizable');
  });

  test('in a vector, over many lines, with tags, comments and what is left out', () => {
    const text = `[#jepsen.history.Op{:index 0, :time 12, :process 0, :type :invoke, :f :append, :key "x",\n  :value "a\\n\\u0062"} ; the first\n #_{:process 7 :type :ok}\n{:error [:a {:b #{1 2}}] :process 0 :type :ok :f :append :key "x" :value nil}]`;
    expect(read('kv', text).operations).toMatchObject([{ process: 0, f: 'append', key: '"x"', argument: '"a\\nb"', calledLine: 1, returnedLine: 4 }]);
  });

  test('may leave the key out where there is one register only', () => {
    expect(verdictOf('cas-register', '{:process 0 :type :invoke :f :cas :value [nil 1]}{:process 0 :type :ok :f :cas :value [nil 1]}{:process 0 :type :invoke :f :read}{:process 0 :type :ok :f :read :value 01}')).toBe('linearizable');
  });
});

describe('JSON lines', () => {
  const line = (process: number, type: string, f: string, value: unknown, more: object = {}): string => `${JSON.stringify({ process, type, f, key: 'n', value, ...more })}\n`;

  test('of needs that are decided, and forgotten at last', () => {
    const decided = line(0, 'invoke', 'decide', 'p') + line(1, 'invoke', 'decide', 'q') + line(0, 'ok', 'decide', 'q') + line(1, 'ok', 'decide', 'q');
    expect(verdictOf('decide', decided)).toBe('linearizable');
    const read = (value: unknown, more?: object): string => line(2, 'invoke', 'get', null) + line(2, 'ok', 'get', value, more);
    expect(verdictOf('decide', decided + read('q') + read(null, { tooOld: true }))).toBe('linearizable');
    expect(verdictOf('decide', decided + read(null))).toBe('not-linearizable');
    expect(verdictOf('decide', decided + read(null, { tooOld: true }) + read('q'))).toBe('not-linearizable');
  });

  test('tell large numbers apart, and 1 and 1.0 not', () => {
    const numbers = (written: string, seen: string): string => `{"process":0,"type":"invoke","f":"write","value":${written}}\n{"process":0,"type":"ok","f":"write","value":null}\n{"process":0,"type":"invoke","f":"read"}\n{"process":0,"type":"ok","f":"read","value":${seen}}\n`;
    expect(verdictOf('register', numbers('12345678901234567890', '12345678901234567891'))).toBe('not-linearizable');
    expect(verdictOf('register', numbers('1', '1.0'))).toBe('linearizable');
    expect(verdictOf('register', numbers('[1,"a",null]', '[1,"a",null]'))).toBe('linearizable');
  });
});

describe('a history that makes no sense is refused with its line', () => {
  const call = '{"process":0,"type":"invoke","f":"write","value":1}\n';
  const returns = '{"process":0,"type":"ok","f":"write","value":1}\n';
  const other = '{"process":1,"type":"invoke","f":"read","value":null}\n';

  test.each<[string, string, string | Uint8Array, string]>([
    ['a return before its call', 'register', other + returns + call, 'line 2: process 0 returns here, before its call on line 3'],
    ['an unknown process', 'register', other + returns, 'line 2: unknown process 0: it returns here, and calls nothing anywhere'],
    ['a process that is no number', 'register', call.replace('0', '"me"'), 'line 1: unknown process "me": expected the number of a client'],
    ['a process below zero', 'register', call.replace('0', '-1'), 'line 1: unknown process "-1": expected the number of a client'],
    ['two returns', 'register', call + returns + returns, 'line 3: process 0 returns twice: its call on line 1 has returned on line 2'],
    ['two calls', 'register', call + call, 'line 2: process 0 calls again, before its call on line 1 has returned'],
    ['a return from something else', 'register', call + returns.replace('write', 'read'), 'line 2: process 0 returns from "read", and called "write" on line 1'],
    ['a return for another key', 'kv', '{:process 0 :type :invoke :f :put :key "x" :value "1"}\n{:process 0 :type :ok :f :put :key "y" :value "1"}', 'line 2: process 0 returns for key "y", and called for key "x" on line 1'],
    ['an operation of another model', 'register', other + call.replace('write', 'put'), 'line 2: the model register knows read, write, not "put": did you mean --model kv?'],
    ['an operation of no model', 'kv', '{:process 0 :type :invoke :f :pot :key 1 :value "x"}', 'line 1: the model kv knows get, put, append, not "pot": did you mean "put"?'],
    ['a compare-and-set of one value', 'cas-register', log('0 :invoke :cas 3'), 'line 1: "cas" expects two values such as [1 2], got 3'],
    ['a put of a list', 'kv', '{:process 0 :type :invoke :f :put :key 1 :value [1 2 3]}', 'line 1: "put" expects a string, got [1 2 3]'],
    ['a type that is none', 'register', call.replace('invoke', 'invoked'), 'line 1: unknown type "invoked": expected one of invoke, ok, fail, info'],
    ['no process', 'register', '{"type":"invoke"}', 'line 1: expected an operation with a "process", found none'],
    ['no function', 'register', '{"process":1,"type":"invoke"}', 'line 1: expected an operation with "f", found none'],
    ['garbage', 'register', 'hello\n', 'line 1: expected an operation as JSON, as EDN, or a line of a Jepsen log, found "hello"'],
    ['garbage after a while', 'register', call + 'hello\n', 'line 2: expected a JSON object on one line, found "hello"'],
    ['garbage in a log', 'register', log('0 :invoke :read nil') + 'hello', 'line 2: expected a line such as "INFO jepsen.util - 0 :invoke :read nil", found "hello"'],
    ['garbage in EDN', 'register', '{:process 0 :type :invoke :f :read}\n]', 'line 2: found "]" where nothing is open'],
    ['brackets that do not match', 'register', '{:process 0\n:value [1 2}', 'line 2: expected "]" for the "[" of line 2, found "}"'],
    ['a truncated JSON line', 'register', call + returns.slice(0, 20), 'line 2: expected a JSON object on one line, found "{\\"process\\":0,\\"type\\":"'],
    ['a truncated map', 'register', '\n{:process 0, :type :inv', 'line 2: the file ends on line 2 within a "{" that begins here'],
    ['a truncated string', 'kv', '{:process 0, :value "x\n', 'line 1: the file ends within a string that begins here'],
    ['a truncated log', 'register', log('0 :invoke :read nil') + 'INFO  jepsen.util - 0\t:ok\t:rea', 'line 2: expected a process, a type, a function and a value, found "0\\t:ok\\t:rea"'],
    ['a JSON array', 'register', `[${call}]`, 'line 1: expected one JSON object on each line, found a JSON array'],
    ['an object for a value', 'register', call.replace(':1}', ':{"a":1}}'), 'line 1: expected a value, a list or null, found an object'],
    ['NUL bytes', 'register', call + '\0\0\0\n', 'line 2: the line holds a NUL byte: expected text'],
    ['bytes that are no text', 'register', Uint8Array.of(0x7b, 0xff, 0xfe), 'line 1: the line is not UTF-8 text'],
    ['a million brackets of EDN', 'register', '['.repeat(1_000_000), 'line 1: expected at most 64 brackets within each other'],
    ['a million brackets of JSON', 'register', `{"process":${'['.repeat(1_000_000)}`, 'line 1: expected a JSON object on one line, found '],
    ['a million brackets of JSON that close', 'register', `{"process":0,"value":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`, 'line 1: expected at most 64 brackets within each other'],
    ['brackets of JSON that close', 'register', `{"process":0,"value":${'['.repeat(70)}${']'.repeat(70)}}`, 'line 1: expected at most 64 brackets within each other'],
  ])('%s', (_what, name, content, says) => expect(complaint(name, content)).toContain(says));

  test('nothing at all', () => {
    expect(complaint('register', '')).toContain('holds no operation of a client');
    expect(complaint('register', '\n\n')).toContain('holds no operation of a client');
  });

  test('a line of a gigabyte, without reading it', () => {
    const file = openSync(path, 'w');
    writeSync(file, `${call}{"process":0,"type":"${'x'.repeat(17 << 20)}`);
    ftruncateSync(file, 1 << 30);
    closeSync(file);
    expect(() => readHistory(path, model('register'))).toThrow(`line 2 of "${path}": the line is longer than 16 MiB`);
  });

  test('more operations than are kept are not judged', () => {
    writeFileSync(path, Array.from({ length: 30 }, (_, process) => call.replace('0', String(process))).join(''));
    expect(readHistory(path, model('register'), { operations: 20, characters: 1e6 }).operations).toBe(undefined);
    expect(readHistory(path, model('register'), { operations: 1e6, characters: 100 }).operations).toBe(undefined);
    expect(readHistory(path, model('register'), { operations: 30, characters: 1e6 }).operations).toHaveLength(30);
  });
});

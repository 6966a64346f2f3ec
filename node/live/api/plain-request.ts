// A decide as clients that do nothing unusual send it: the request line, headers from a short list, a small JSON body, all of it
// there at once. It is recognised here, because the way through a general HTTP server costs five times as much as all the rest
// of a decide on this node. What differs in anything, in a header or a byte, is `other`: it is left to that server untouched,
// so that this file never has to judge what is unusual.

import { TypeCompiler, type TypeCheck } from '@sinclair/typebox/compiler';
import { DecideRequest } from './schemas.ts';

export type PlainRequest =
  | { readonly kind: 'decide'; readonly request: DecideRequest; readonly length: number }
  /** What is there is the beginning of one. */
  | { readonly kind: 'partial' }
  | { readonly kind: 'other' };

/** Longer ones exist and are served, but not here. */
export const MAX_PLAIN_BYTES = 1_024;

const START = 'POST /v1/decide HTTP/1.1\r\n';
const END = '\r\n\r\n';
/** Headers that change nothing for us. */
const IGNORED: ReadonlySet<string> = new Set(['user-agent', 'accept', 'accept-encoding', 'accept-language', 'sec-fetch-mode']);
const JSON_TYPES: ReadonlySet<string> = new Set(['application/json', 'application/json; charset=utf-8', 'application/json;charset=utf-8']);
const UNPRINTABLE = /[^\t\x20-\x7e]/;
const LENGTH = /^(?:0|[1-9][0-9]{0,3})$/;

const OTHER: PlainRequest = { kind: 'other' };
const PARTIAL: PlainRequest = { kind: 'partial' };
const check: TypeCheck<typeof DecideRequest> = TypeCompiler.Compile(DecideRequest);

/** `text`: bytes as latin1, from the first one of a request on. */
export function readPlain(text: string): PlainRequest {
  if (!text.startsWith(START)) return text.length < START.length && START.startsWith(text) ? PARTIAL : OTHER;
  const head = text.indexOf(END, START.length - 2);
  if (head < 0) return text.length < MAX_PLAIN_BYTES ? PARTIAL : OTHER;
  const announced = bodyLength(text.slice(START.length, head).split('\r\n'));
  const length = head + END.length + announced;
  if (announced < 0 || length > MAX_PLAIN_BYTES) return OTHER;
  if (text.length < length) return PARTIAL;
  const body = parsed(text.slice(head + END.length, length));
  return check.Check(body) ? { kind: 'decide', request: body, length } : OTHER;
}

/** The length of the body if every header is known, stands once and is well-formed; -1 otherwise. */
function bodyLength(lines: readonly string[]): number {
  let hosts = 0;
  let types = 0;
  let length = -1;
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon < 1 || UNPRINTABLE.test(line)) return -1;
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === 'host') hosts++;
    else if (name === 'content-type' && JSON_TYPES.has(value.toLowerCase())) types++;
    else if (name === 'content-length' && length < 0 && LENGTH.test(value)) length = Number(value);
    else if (!IGNORED.has(name) && !(name === 'connection' && value.toLowerCase() === 'keep-alive')) return -1;
  }
  return hosts === 1 && types === 1 ? length : -1;
}

/** Ids are ASCII: what holds other bytes, or is no JSON, has its answer elsewhere. */
function parsed(body: string): unknown {
  if (UNPRINTABLE.test(body)) return undefined;
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

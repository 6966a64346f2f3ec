import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MAX_PLAIN_BYTES, readPlain } from './plain-request.ts';

const BODY = '{"need":"0/a","proposal":"p"}';
const request = (headers: readonly string[], body = BODY, start = 'POST /v1/decide HTTP/1.1'): string => `${[start, ...headers].join('\r\n')}\r\n\r\n${body}`;
const HEADERS = ['host: 127.0.0.1:8080', 'content-type: application/json', `content-length: ${BODY.length}`];
const CURL = ['Host: localhost:8081', 'User-Agent: curl/7.88.1', 'Accept: */*', 'content-type: application/json', `Content-Length: ${BODY.length}`];
const FETCH = ['host: localhost:8081', 'connection: keep-alive', 'content-type: application/json', 'accept: */*', 'accept-language: *', 'sec-fetch-mode: cors', 'user-agent: node', 'accept-encoding: gzip, deflate', `content-length: ${BODY.length}`];

describe('a plain decide', () => {
  test.each([['the least there can be', HEADERS], ['curl', CURL], ['fetch', FETCH]])('is recognised as %s sends it, and nothing after it is taken', (_who, headers) => {
    const text = request(headers);
    expect(readPlain(text)).toEqual({ kind: 'decide', request: { need: '0/a', proposal: 'p' }, length: text.length });
    expect(readPlain(`${text}POST /v1`)).toMatchObject({ kind: 'decide', length: text.length });
  });

  test('is not there before its last byte is', () => {
    const text = request(FETCH);
    for (let length = 0; length < text.length; length++) expect(readPlain(text.slice(0, length)), String(length)).toEqual({ kind: 'partial' });
  });

  const without = (name: string): string[] => HEADERS.filter((line) => !line.startsWith(name));
  test.each([
    ['another method', request(HEADERS, BODY, 'PUT /v1/decide HTTP/1.1')],
    ['a method in small letters', request(HEADERS, BODY, 'post /v1/decide HTTP/1.1')],
    ['another path', request(HEADERS, BODY, 'POST /v1/decide/ HTTP/1.1')],
    ['a query', request(HEADERS, BODY, 'POST /v1/decide?x=1 HTTP/1.1')],
    ['an older version', request(HEADERS, BODY, 'POST /v1/decide HTTP/1.0')],
    ['no host', request(without('host'))],
    ['two hosts', request([...HEADERS, 'host: other'])],
    ['no length', request(without('content-length'))],
    ['two lengths', request([...HEADERS, `content-length: ${BODY.length}`])],
    ['a signed length', request([...without('content-length'), `content-length: +${BODY.length}`])],
    ['a length with zeros before it', request([...without('content-length'), `content-length: 0${BODY.length}`])],
    ['a length of 1 GB', request([...without('content-length'), 'content-length: 1000000000'])],
    ['a length beyond what is plain', request([...without('content-length'), `content-length: ${MAX_PLAIN_BYTES}`], 'x'.repeat(MAX_PLAIN_BYTES))],
    ['another type', request([...without('content-type'), 'content-type: text/plain'])],
    ['no type', request(without('content-type'))],
    ['chunks', request([...HEADERS, 'transfer-encoding: chunked'])],
    ['the wish to be told to go on', request([...HEADERS, 'expect: 100-continue'])],
    ['the wish to close', request([...HEADERS, 'connection: close'])],
    ['an unknown header', request([...HEADERS, 'x-other: 1'])],
    ['a header that is folded', request([...HEADERS, 'accept: a', ' b'])],
    ['a header without a name', request([...HEADERS, ': x'])],
    ['a space before the colon', request([...without('host'), 'host : x'])],
    ['a control character', request([...HEADERS, 'accept: a\x00b'])],
    ['a bare line feed', request([...HEADERS, 'accept: a\nx-other: 1'])],
    ['a body that is not JSON', request(HEADERS, BODY.replace(':', ';'))],
    ['a body with another field', request(without('content-length').concat('content-length: 39'), '{"need":"0/a","proposal":"p","other":1}')],
    ['a need of no form', request(without('content-length').concat('content-length: 27'), '{"need":"a","proposal":"p"}')],
    ['bytes that are not ASCII', request(HEADERS, BODY.replace('"p"', '"\xe9"'))],
    ['headers without end', `POST /v1/decide HTTP/1.1\r\naccept: ${'x'.repeat(MAX_PLAIN_BYTES)}`],
  ])('has not %s: that is left to the HTTP server', (_what, text) => {
    expect(readPlain(text)).toEqual({ kind: 'other' });
  });
});

/** What Node's own parser makes of the same bytes. */
describe('against the HTTP server', () => {
  let server: Server;
  let seen: { readonly line: string; readonly body: string } | undefined;
  beforeAll(async () => {
    server = createServer((incoming, answer) => {
      let body = '';
      incoming.setEncoding('latin1').on('data', (chunk) => (body += chunk)).on('end', () => {
        seen = { line: `${incoming.method} ${incoming.url} ${incoming.httpVersion} ${incoming.headers['content-type']}`, body };
        answer.end();
      });
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  });
  afterAll(() => void server.close());

  const parsed = (text: string): Promise<typeof seen> =>
    new Promise((resolve) => {
      seen = undefined;
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1', () => socket.end(text, 'latin1'));
      socket.resume().on('close', () => resolve(seen)).on('error', () => undefined);
    });

  test('whatever is recognised is to it the same request', async () => {
    let recognised = 0;
    const change = fc.record({ at: fc.nat(), cut: fc.nat(2), put: fc.oneof(fc.constant(''), fc.constantFrom(' ', '\t', '\r', '\n', '\r\n', ':', '0', 'x', '"', '\x00', '\x7f', '\xe9')) });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(HEADERS, CURL, FETCH), fc.array(change, { maxLength: 2 }), async (headers, changes) => {
        let text = request(headers);
        for (const { at, cut, put } of changes) {
          const place = at % text.length;
          text = text.slice(0, place) + put + text.slice(place + cut);
        }
        const read = readPlain(text);
        if (read.kind !== 'decide') return;
        recognised++;
        const same = await parsed(text.slice(0, read.length));
        expect(same?.line).toMatch(/^POST \/v1\/decide 1\.1 application\/json$/i);
        expect(JSON.parse(same?.body ?? '')).toEqual(read.request);
      }),
      { seed: 11, numRuns: 600 },
    );
    expect(recognised).toBeGreaterThan(150);
  });
});

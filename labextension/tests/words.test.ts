/** What completion adds to what the editor's languages know. */

import { describe, expect, it } from 'vitest';

import { inCaseOf, known, starting, wordBefore, wordsOf } from '../src/notebook/words';

describe('words of a cell', () => {
  it.each([
    ['total = price * über', 0, ['price', 'über']],
    ['total = tot', 11, ['total']],
    ['a bc $input', 0, ['$input']]
  ])('%j at %i', (body, cursor, labels) => {
    expect(wordsOf(body, cursor).map(({ label }) => label)).toEqual(labels);
  });

  it.each([
    ['select na', 'na'],
    ['x.größe', 'größe'],
    ['(', '']
  ])('%j is followed at its last word', (text, written) => {
    expect(wordBefore(text)).toBe(written);
  });
});

describe('keywords', () => {
  it.each([
    ['SEL', '', 'SELECT'],
    ['sel', 'SELECT 1', 'select'],
    ['', 'SELECT 1 ', 'SELECT'],
    ['', '', 'select']
  ])('of SQL after %j in %j', (written, body, label) => {
    expect(inCaseOf('select', written, body)).toBe(label);
  });

  it('begin as what is written, each once, and a main where there is none', () => {
    const words = [...known('go', ''), ...wordsOf(' function func', 0)];
    expect(starting('fun', words).map(({ label, type }) => [label, type])).toEqual([['func', 'keyword'], ['function', 'text']]);
    expect([known('go', ''), known('go', 'func main() {')].map(words => words[0].label)).toEqual(['main…', 'break']);
    expect(known('go', '')[0].insertText).toContain('func main(');
  });
});

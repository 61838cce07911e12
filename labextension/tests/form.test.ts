// @vitest-environment happy-dom
/** The form for arguments: what a person types is what is sent and what the magic line says. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

// @ts-expect-error: plain JavaScript
import { magicLine } from '../../flexwm_nb/display/widgets/views/form_line.js';
import { Update, formView } from '../src/views';
import lines from './form_lines.json';

const SCHEMA = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    count: { type: 'integer', default: 7 },
    share: { type: ['number', 'null'] },
    flag: { type: 'boolean', default: false },
    items: { type: 'array' },
    more: { type: 'object' },
    any: {},
    key: { type: 'string', password: true }
  }
};

let sent: Record<string, any>[] = [];
let update: Update;
let root: HTMLElement;

/** Draw a form for one argument, or for a whole schema. */
function draw(schema: Record<string, any>, values: Record<string, any> = {}, state: Record<string, any> = {}): void {
  const model = { state: { schema, values, magic: '%windmill_run f/a/b', ...state }, ui: {}, send: (message: any) => sent.push(message) };
  root = document.createElement('div');
  document.body.replaceChildren(root);
  update = formView(model, root);
}

const one = (property: Record<string, any>, value?: unknown, required: string[] = []) =>
  draw({ properties: { x: property }, required }, value === undefined ? {} : { x: value });
const input = (number = 0) => root.querySelectorAll<HTMLInputElement>('input, select, textarea')[number];

/** Write into a control, as a person does. */
function write(value: string | boolean, number = 0): void {
  const found = input(number);
  if (typeof value === 'boolean') {
    found.checked = value;
  } else {
    found.value = value;
  }
  for (const type of ['input', 'change']) {
    found.dispatchEvent(new Event(type, { bubbles: true }));
  }
}

/** Start it; the values that were sent, or what is wrong. */
function run(): any {
  sent = [];
  root.querySelector('form')!.dispatchEvent(new Event('submit', { cancelable: true }));
  return sent.find(({ act }) => act === 'run')?.values ?? root.querySelector('[role="alert"].fx-notice')!.textContent;
}

const line = () => root.querySelector('.fx-magic')!.textContent;

beforeEach(() => {
  sent = [];
  vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());

describe('the magic line', () => {
  it.each(lines.map(({ named, values, line }) => [named, values, line] as const))('says %s', (_, values, said) => {
    expect(magicLine('', values, SCHEMA.properties).trim()).toBe(said);
  });
});

describe('a control', () => {
  it.each([
    ['text', { type: 'string' }, 'Ada', 'Ada'],
    ['a whole number', { type: 'integer' }, '12', 12],
    ['a number', { type: 'number' }, '0.5', 0.5],
    ['a choice', { type: 'string', enum: ['JFK', 'LGA'] }, '1', 'LGA'],
    ['a choice of numbers', { type: 'integer', enum: [10, 20] }, '0', 10],
    ['a date', { type: 'string', format: 'date' }, '2013-01-31', '2013-01-31'],
    ['several lines', { type: 'string', format: 'sql' }, 'select\n1', 'select\n1'],
    ['an object as JSON', { type: 'object' }, '{"a": [1]}', { a: [1] }],
    ['a list of anything', {}, '[1, "b"]', [1, 'b']],
    ['anything that is text', {}, 'hello there', 'hello there'],
    ['a resource by its path', { type: 'object', format: 'resource-postgresql' }, 'f/data/db', '$res:f/data/db'],
    ['a resource written out', { type: 'object', format: 'resource-postgresql' }, '{"host": "h"}', { host: 'h' }],
    ['a file that is stored', { type: 'object', format: 'resource-s3_object' }, 'in/a.csv', { s3: 'in/a.csv' }],
    ['a secret', { type: 'string', password: true }, 'hush', 'hush'],
    ['a number that may be null', { type: ['number', 'null'] }, '3', 3]
  ])('takes %s', (_, property, typed, value) => {
    one(property);
    write(typed);
    expect(run()).toEqual({ x: value });
  });

  it('of a moment tells it with its zone', () => {
    one({ type: 'string', format: 'date-time' }, '2013-01-31T12:30:00Z');
    expect(new Date(run().x).toISOString()).toBe('2013-01-31T12:30:00.000Z');
  });

  it.each([
    ['too small', { type: 'integer', minimum: 3 }, '2', 'x: it has to be 3 or more'],
    ['too large', { type: 'number', maximum: 3 }, '3.5', 'x: it has to be 3 or less'],
    ['at an open end', { type: 'number', exclusiveMinimum: 0 }, '0', 'x: it has to be more than 0'],
    ['no multiple', { type: 'integer', minimum: 1, multipleOf: 5 }, '6', 'x: it has to be a multiple of 5'],
    ['no whole number', { type: 'integer' }, '1.5', 'x: a whole number is needed'],
    ['not exact here', { type: 'integer' }, '9007199254740993', 'x: it is too large to be kept exactly here: give it in the line'],
    ['too short', { type: 'string', minLength: 3 }, 'ab', 'x: at least 3 characters are needed'],
    ['not as its pattern', { type: 'string', pattern: '^[A-Z]{3}$' }, 'jfk', 'x: it has to match ^[A-Z]{3}$'],
    ['too long', { type: 'string', maxLength: 3 }, 'abcd', 'x: at most 3 characters are taken'],
    ['no object', { type: 'object' }, '[1]', 'x: write an object, such as {"name": 1}']
  ])('refuses what is %s, in words', (_, property, typed, said) => {
    one(property);
    write(typed);
    expect(run()).toBe(said);
    expect(root.querySelector('.fx-is-wrong .fx-wrong')!.textContent).toBe(said.slice(3));
  });

  it('leaves a default that is computed to the script', () => {
    one({ type: 'string', format: 'date', default: '<function call>' });
    expect([input().value, run()]).toEqual(['', {}]);
  });

  it('says what is needed, and nothing while nothing is required', () => {
    one({ type: 'string' }, undefined, ['x']);
    expect(run()).toBe('x: a value is needed');
    one({ type: 'string' });
    expect(run()).toEqual({});
  });

  it('says what is needed until it is given, wherever the cursor goes', () => {
    draw({ properties: { x: { type: 'string' }, y: { type: 'string' } }, required: ['x', 'y'] });
    run();
    input(0).dispatchEvent(new Event('focusout', { bubbles: true }));
    const said = () => [...root.querySelectorAll<HTMLElement>('.fx-wrong, .fx-notice')].map(({ hidden, textContent }) => !hidden && textContent);
    expect(said()).toEqual(['a value is needed', 'a value is needed', 'x: a value is needed']);
    write('text', 0);
    expect(said()).toEqual([false, 'a value is needed', 'y: a value is needed']);
    write('text', 1);
    expect(said()).toEqual([false, false, false]);
  });

  it('of yes or no has a third way only where it may be left out', () => {
    one({ type: 'boolean' });
    expect([input().tagName, run()]).toEqual(['SELECT', {}]);
    one({ type: 'boolean', default: true });
    expect([input().type, run()]).toEqual(['checkbox', { x: true }]);
  });

  it('may be null', () => {
    one({ type: 'string', nullable: true }, 'text');
    write(true, 1);
    expect(run()).toEqual({ x: null });
    one({ type: ['string', 'null'] }, null);
    expect(input(1).checked).toBe(true);
  });

  it('of a list has a row a value, which come and go', () => {
    one({ type: 'array', items: { type: 'integer' } }, [1, 2]);
    [...root.querySelectorAll('button')].find(({ textContent }) => textContent === '+ add')!.click();
    write('3', 2);
    root.querySelectorAll<HTMLButtonElement>('.fx-list-row button')[0].click();
    expect(run()).toEqual({ x: [2, 3] });
    write('', 1);
    expect(run()).toBe('x: item 2: a value is needed');
  });

  it('of a list of choices is boxes', () => {
    one({ type: 'array', items: { type: 'string', enum: ['a', 'b', 'c'] } }, ['a']);
    write(true, 2);
    expect(run()).toEqual({ x: ['a', 'c'] });
  });

  it('of an object has its fields, with their own needs', () => {
    one({ type: 'object', properties: { a: { type: 'integer' }, b: { type: 'string' } }, required: ['b'] }, { a: 1 });
    expect(run()).toBe('x: b: a value is needed');
    write('text', 1);
    expect(run()).toEqual({ x: { a: 1, b: 'text' } });
  });

  it('of several kinds changes its fields with the kind', () => {
    const kinds = ['circle', 'square'].map((kind, at) => ({
      title: kind, properties: { kind: { type: 'string', enum: [kind] }, [at ? 'side' : 'radius']: { type: 'number' } }
    }));
    one({ type: 'object', oneOf: kinds }, { kind: 'square', side: 2 });
    expect(run()).toEqual({ x: { kind: 'square', side: 2 } });
    write('0');
    write('3', 1);
    expect(run()).toEqual({ x: { kind: 'circle', radius: 3 } });
  });

  it('of a path asks for paths when it is opened, and takes one', () => {
    one({ type: 'object', format: 'resource-postgresql' });
    input(1).dispatchEvent(new Event('focus'));
    expect(sent[0]).toEqual({ act: 'pick', kind: 'resource', type: 'postgresql' });
    const choices = { 'resource postgresql': ['f/data/<b>', 'f/data/db'] };
    draw({ properties: { x: { format: 'resource-postgresql' } } }, {}, { choices });
    write('f/data/db', 1);
    expect(run()).toEqual({ x: '$res:f/data/db' });
  });
});

describe('a form', () => {
  it('keeps the focus in a list from which something is taken', () => {
    one({ type: 'array', items: { type: 'string' } }, ['a', 'b']);
    const focused = () => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent;
    const told = [2, 1].map(number => {
      root.querySelector<HTMLElement>(`[aria-label="Take item ${number} out"]`)!.click();
      return focused();
    });
    expect(told).toEqual(['Take item 1 out', '+ add']);
  });

  it('begins with what is given, else with the defaults, in the order of the schema', () => {
    draw({ ...SCHEMA, order: ['count', 'name', 'gone'] }, { name: 'Ada' });
    expect([input(0).value, input(1).value, line()]).toEqual(['7', 'Ada', '%windmill_run f/a/b name=Ada']);
  });

  it('rewrites its line at each key, and tells the values once they rest', () => {
    draw(SCHEMA);
    write('A');
    write('Ada');
    expect(line()).toBe('%windmill_run f/a/b name=Ada');
    expect(sent).toEqual([]);
    vi.runAllTimers();
    expect(sent).toMatchObject([{ act: 'values', values: { name: 'Ada', count: 7, flag: false }, line: line(), valid: true }]);
  });

  it('takes values from the kernel in place of what was typed', () => {
    const state = { schema: SCHEMA, values: { name: 'Ada' } as any, magic: '%m' };
    root = document.createElement('div');
    update = formView({ state, ui: {}, send: () => undefined }, root);
    write('Grace');
    state.values = { name: 'Ida' };
    update({ values: state.values });
    expect([input().value, line()]).toEqual(['Ida', '%m name=Ida']);
  });

  it('is sent by Ctrl+Enter, tells no key to the notebook, and rests while its run goes on', () => {
    draw(SCHEMA);
    const outside = vi.fn();
    root.addEventListener('keydown', outside);
    const key = new KeyboardEvent('keydown', { key: 'Enter', ctrlKey: true, bubbles: true });
    root.querySelector('form')!.dispatchEvent(key);
    expect([sent.at(-1)?.act, outside.mock.calls.length]).toEqual(['run', 0]);
    draw(SCHEMA, {}, { done: true });
    expect([...root.querySelectorAll('.fx-control input, [type="submit"]')].every((found: any) => found.disabled)).toBe(true);
  });

  it('shows a notice, and takes it away', () => {
    const state: Record<string, any> = { schema: SCHEMA, notice: 'no such script' };
    root = document.createElement('div');
    update = formView({ state, ui: {}, send: () => undefined }, root);
    const notice = root.querySelector<HTMLElement>('.fx-notice')!;
    expect([notice.textContent, notice.hidden]).toEqual(['no such script', false]);
    state.notice = null;
    update({ notice: null });
    expect(notice.hidden).toBe(true);
  });

  it.each([[null], ['text'], [[1]], [{ properties: 5 }]])('of the schema %j says that it cannot be read', schema => {
    draw(schema as any);
    expect(root.textContent).toContain('cannot be read');
  });

  it.each([[{ properties: { x: null } }], [{ properties: { x: { type: 'nonsense' } }, required: 'x', order: 3 }], [{}]])(
    'of the odd schema %j is a form all the same',
    schema => {
      draw(schema as any);
      expect(run()).toEqual({});
    }
  );

  it('shows names, descriptions, choices and values as text, whatever they look like', () => {
    const bad = '<img src=x onerror="alert(1)">';
    draw(
      {
        properties: {
          [bad]: { type: 'string', description: bad, default: bad },
          constructor: { type: 'string', enum: [bad], title: bad },
          __proto__x: { type: 'object', properties: { [bad]: {} } }
        }
      },
      {},
      { notice: bad, magic: bad, label: bad }
    );
    expect(root.querySelector('img')).toBeNull();
    expect(root.textContent).toContain(bad);
    expect(input(1).value).toBe('');
  });
});

// @vitest-environment happy-dom
/** The table of runs: what a person filters, sorts and presses is what is asked for. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Update, jobsView } from '../src/views';

const run = (id: string, state: string, path: string, seconds: number | null) => ({
  id, path, state, created: `2026-01-01T00:00:0${id}Z`, queued: 0, seconds, language: 'python3', by: 'admin', again: true
});
const ROWS = [run('3', 'running', 'f/a/slow', 9), run('2', 'failure', 'f/a/<img src=x>', 0.5), run('1', 'success', 'f/b/quick', 2)];

let sent: Record<string, any>[] = [];
let state: Record<string, any>;
let update: Update;
let root: HTMLElement;

const paths = () => [...root.querySelectorAll('.fx-open')].map(({ textContent }) => textContent);
const press = (text: string, at = 0) => [...root.querySelectorAll('button')].filter(({ textContent }) => textContent === text)[at].click();

beforeEach(() => {
  vi.useFakeTimers();
  sent = [];
  state = { rows: ROWS, more: true, filter: {} };
  root = document.createElement('div');
  document.body.replaceChildren(root);
  update = jobsView({ state, ui: {}, send: (message: any) => sent.push(message) }, root);
});
afterEach(() => vi.useRealTimers());

describe('the table of runs', () => {
  it('shows states in words, and paths as text', () => {
    expect(root.querySelector('[data-state="failure"]')!.textContent).toContain('✗ failed');
    expect(root.querySelector('img')).toBeNull();
    expect(paths()).toEqual(['f/a/slow', 'f/a/<img src=x>', 'f/b/quick']);
  });

  it.each([
    ['Path', ['f/a/<img src=x>', 'f/a/slow', 'f/b/quick'], 'ascending'],
    ['Ran', ['f/a/slow', 'f/b/quick', 'f/a/<img src=x>'], 'descending'],
    ['State', ['f/a/slow', 'f/a/<img src=x>', 'f/b/quick'], 'ascending']
  ])('is sorted by %s, and the other way round', (column, order, direction) => {
    press(column);
    expect(paths()).toEqual(order);
    expect(root.querySelector(`[aria-sort="${direction}"]`)!.textContent).toBe(column);
    press(column);
    expect(paths()).toEqual([...order].reverse());
  });

  it('asks for a filter once the keys rest', () => {
    const search = root.querySelector<HTMLInputElement>('.fx-search')!;
    for (const text of ['a', 'ab']) {
      search.value = text;
      search.dispatchEvent(new Event('input'));
    }
    vi.advanceTimersByTime(300);
    expect(sent).toEqual([{ act: 'filter', text: 'ab', state: '' }]);
  });

  it('cancels, opens, runs again and asks for older ones', () => {
    press('Cancel');
    press('Run again', 2);
    root.querySelectorAll<HTMLElement>('.fx-open')[1].click();
    press('older ones');
    expect(sent.map(({ act, job }) => [act, job])).toEqual([['cancel', '3'], ['rerun', '1'], ['open', '2'], ['more', undefined]]);
    press('Cancel');
    expect(sent.filter(({ act }) => act === 'cancel')).toHaveLength(1);
  });

  it('keeps the lines that have not changed, so that a selection stays', () => {
    const before = [...root.querySelectorAll('tbody tr')];
    state.rows = [run('4', 'queued', 'f/a/new', null), { ...ROWS[0], state: 'success' }, ...ROWS.slice(1)];
    update({ rows: state.rows });
    const after = [...root.querySelectorAll('tbody tr')];
    expect(after.length).toBe(4);
    expect(after.slice(2)).toEqual(before.slice(1));
    expect(after[2]).toBe(before[1]);
  });

  it('says when there is none, and what went wrong', () => {
    Object.assign(state, { rows: [], more: false, notice: 'the engine is gone' });
    update(state);
    expect(root.querySelector<HTMLElement>('.fx-none')!.hidden).toBe(false);
    expect(root.querySelector('.fx-notice')!.textContent).toBe('the engine is gone');
  });

  it('stops to look when it has left the page', () => {
    root.remove();
    vi.advanceTimersByTime(10_000);
    expect([sent, vi.getTimerCount()]).toEqual([[], 0]);
  });
});

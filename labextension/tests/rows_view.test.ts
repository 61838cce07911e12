// @vitest-environment happy-dom
/** The rows of a map: how far it is, what failed, and what can be done about it. */

import { expect, it } from 'vitest';

import { rowsView } from '../src/views';

const ROWS = [
  { number: 2, state: 'failure', given: 'n=2', gave: '<img src=x>', seconds: 0.1, job: 'j2' },
  { number: 0, state: '', given: 'n=0', gave: '', seconds: null, job: null }
];

it('counts, opens a run, and runs the failed ones again', () => {
  const sent: Record<string, any>[] = [];
  const state: Record<string, any> = { subject: 'f/a/b v1', total: 5, ended: 4, failed: 1, going: true, rows: ROWS };
  const root = document.createElement('div');
  const update = rowsView({ state, ui: {}, send: message => sent.push(message) }, root);
  const button = (text: string) => [...root.querySelectorAll('button')].find(({ textContent }) => textContent === text)!;
  expect(root.textContent).toContain('f/a/b v1 · 4 of 5 rows · 1 failed');
  expect(root.textContent).toContain('3 more rows are in the frame');
  expect(root.querySelector('img')).toBeNull();
  expect(button('Retry 1 failed').hidden).toBe(true);
  button('Cancel').click();
  button('2').click();
  const [, waiting] = root.querySelectorAll('tbody tr');
  const lines = () => [...root.querySelectorAll('tbody tr')];
  Object.assign(state, { going: false, ended: 5, rows: [{ ...ROWS[0], gave: 'y' }, ROWS[1]] });
  update(state);
  expect([lines().indexOf(waiting), lines()[0].textContent]).toEqual([1, expect.stringContaining('y')]); // drawn anew where it changed
  button('Retry 1 failed').click();
  expect(sent).toEqual([{ act: 'cancel' }, { act: 'open', job: 'j2' }, { act: 'retry' }]);
});

// @vitest-environment happy-dom
/** The log of a run: nothing is shown where nothing was said. */

import { expect, it } from 'vitest';

import { runView } from '../src/views';

const ENGINES = ['job 1 on worker', '--- PYTHON CODE EXECUTION ---', ''];

Object.assign(globalThis, { IntersectionObserver: class { observe(): void {} }, requestAnimationFrame: (draw: () => void) => (draw(), 0) });

/** Draw a run whose log has these lines. */
function draw(state: string, lines: string[]): HTMLElement {
  const log = { first: 0, lines, total: lines.length, partial: '' };
  const root = document.createElement('div');
  document.body.replaceChildren(root);
  runView({ state: { subject: 'f/a/b', state, log }, ui: {}, send: () => undefined }, root);
  return root.querySelector<HTMLElement>('.fx-log')!;
}

/** What of it is seen. */
const seen = (log: HTMLElement): string[] =>
  ['.fx-bar > .fx-muted', '.fx-title', '.fx-pane'].filter(part => !log.hidden && !log.querySelector<HTMLElement>(part)!.hidden);

it.each([
  ['queued', [], []],
  ['running', [], ['.fx-bar > .fx-muted']],
  ['running', ENGINES, ['.fx-bar > .fx-muted']],
  ['running', [...ENGINES, 'hello'], ['.fx-title', '.fx-pane']],
  ['success', ENGINES, []],
  ['success', [...ENGINES, 'hello'], ['.fx-title', '.fx-pane']],
  ['failure', ['no such package'], ['.fx-title', '.fx-pane']]
])('of a run that is %s after %j shows %j', (state, lines, parts) => {
  expect(seen(draw(state, lines))).toEqual(parts);
});

it('keeps the focus on what folds', () => {
  const log = draw('success', [...ENGINES, 'hello']);
  const fold = (): HTMLElement => log.querySelector<HTMLElement>('.fx-fold')!;
  const before = fold();
  before.focus();
  before.click();
  expect(fold()).not.toBe(before);
  expect(document.activeElement).toBe(fold());
});

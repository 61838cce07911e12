/** A list of which only the lines in sight are in the page, used as a tree by keyboard, mouse and screen reader. */

import { h } from '../dom';
import { IRow } from './rows';

const HEIGHT = 24; // pixels of a line
const SPARE = 8; // lines above and below those in sight
const NEAR = 40; // lines before the end at which more is asked for

export interface IListOptions {
  label: string;
  /** What a line shows after its arrow. */
  draw(row: IRow): HTMLElement[];
  /** Enter, a click on a section or folder, a double click on anything else. */
  open(row: IRow): void;
  /** The last line has come near. */
  nearEnd(): void;
  /** A line is dragged. */
  drag(row: IRow, event: PointerEvent): void;
}

export class List {
  readonly node: HTMLElement;
  private _rows: IRow[] = [];
  private _lines: HTMLElement;
  private _drawn = new Map<string, { row: IRow; line: HTMLElement }>();
  private _active = '';
  private _frame = 0;

  constructor(private _options: IListOptions) {
    this._lines = h('div', { class: 'fxl-lines', role: 'presentation' });
    this.node = h(
      'div',
      {
        class: 'fxl-list',
        role: 'tree',
        tabindex: '0',
        'aria-label': _options.label,
        'data-lm-suppress-shortcuts': 'true',
        onkeydown: (event: KeyboardEvent) => this._key(event),
        onscroll: () => this._draw(),
        onfocus: () => this._point(this._active || this._rows[0]?.key || '')
      },
      this._lines
    );
    new ResizeObserver(() => this._draw()).observe(this.node);
  }

  /** Show these lines; where the list is scrolled to, and which line is active, stays. */
  set(rows: IRow[]): void {
    this._rows = rows;
    this._lines.style.height = `${rows.length * HEIGHT}px`;
    this._draw();
  }

  /** The line under an element. */
  rowAt(element: Element | null): IRow | undefined {
    const key = element?.closest<HTMLElement>('.fxl-line')?.dataset.key;
    return this._rows.find(row => row.key === key);
  }

  /** The line that the keyboard is at. */
  get active(): IRow | undefined {
    return this._rows.find(row => row.key === this._active);
  }

  private _draw(): void {
    if (!this._frame) {
      this._frame = requestAnimationFrame(() => {
        this._frame = 0;
        this._drawNow();
      });
    }
  }

  private _drawNow(): void {
    const first = Math.max(0, Math.floor(this.node.scrollTop / HEIGHT) - SPARE);
    const last = Math.min(this._rows.length, Math.ceil((this.node.scrollTop + this.node.clientHeight) / HEIGHT) + SPARE);
    const wanted = this._rows.slice(first, last);
    const keys = new Set(wanted.map(row => row.key));
    for (const [key, { line }] of this._drawn) {
      if (!keys.has(key)) {
        line.remove();
        this._drawn.delete(key);
      }
    }
    wanted.forEach((row, place) => this._place(row, first + place));
    if (last > this._rows.length - NEAR) {
      this._options.nearEnd();
    }
  }

  private _place(row: IRow, index: number): void {
    const before = this._drawn.get(row.key);
    let line = before?.line;
    if (!before || !same(before.row, row)) {
      const made = this._line(row);
      line ? line.replaceWith(made) : this._lines.append(made);
      line = made;
      this._drawn.set(row.key, { row, line });
    }
    line!.style.top = `${index * HEIGHT}px`;
    line!.setAttribute('aria-posinset', String(index + 1));
    line!.setAttribute('aria-setsize', String(this._rows.length));
  }

  private _line(row: IRow): HTMLElement {
    const folds = row.open !== undefined;
    return h(
      'div',
      {
        class: `fxl-line fxl-is-${row.kind}`,
        id: `fxl-${row.key}`,
        role: 'treeitem',
        'data-key': row.key,
        'data-kind': row.kind,
        'data-state': row.state,
        'aria-level': row.level,
        'aria-expanded': folds ? String(row.open) : null,
        'aria-selected': String(row.key === this._active),
        'aria-label': [row.title, row.detail, row.state].filter(Boolean).join(', '),
        title: row.title,
        style: `--level: ${row.level - 1}`,
        onclick: () => {
          this._point(row.key);
          if (folds || row.kind === 'note') {
            this._options.open(row);
          }
        },
        ondblclick: () => !folds && this._options.open(row),
        onpointerdown: (event: PointerEvent) => row.item && event.button === 0 && this._mayDrag(row, event)
      },
      h('span', { class: 'fxl-arrow', 'aria-hidden': 'true' }, folds ? (row.open ? '▾' : '▸') : ''),
      ...this._options.draw(row)
    );
  }

  /** A drag begins where the pointer moves while it is pressed. */
  private _mayDrag(row: IRow, event: PointerEvent): void {
    const ended = new AbortController();
    const stop = () => ended.abort();
    const moved = (now: PointerEvent) => {
      if (Math.hypot(now.clientX - event.clientX, now.clientY - event.clientY) > 5) {
        stop();
        this._options.drag(row, now);
      }
    };
    document.addEventListener('pointermove', moved, { signal: ended.signal });
    document.addEventListener('pointerup', stop, { signal: ended.signal });
  }

  private _point(key: string): void {
    const index = this._rows.findIndex(row => row.key === key);
    if (index < 0) {
      return;
    }
    this._active = key;
    const top = index * HEIGHT;
    if (top < this.node.scrollTop) {
      this.node.scrollTop = top;
    } else if (top + HEIGHT > this.node.scrollTop + this.node.clientHeight) {
      this.node.scrollTop = top + HEIGHT - this.node.clientHeight;
    }
    this._drawNow();
    for (const [drawn, { line }] of this._drawn) {
      line.setAttribute('aria-selected', String(drawn === key));
    }
    this.node.setAttribute('aria-activedescendant', `fxl-${key}`);
  }

  private _key(event: KeyboardEvent): void {
    const at = this._rows.findIndex(row => row.key === this._active);
    const row = this._rows[at];
    const page = Math.max(1, Math.floor(this.node.clientHeight / HEIGHT) - 1);
    const moves: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: this._rows.length - 1
    };
    if (event.key in moves) {
      const to = Math.min(Math.max(moves[event.key], 0), this._rows.length - 1);
      this._point(this._rows[to]?.key ?? '');
    } else if (event.key === 'Enter' || event.key === ' ') {
      row && this._options.open(row);
    } else if (event.key === 'ArrowRight' && row?.open === false) {
      this._options.open(row);
    } else if (event.key === 'ArrowLeft' && row?.open) {
      this._options.open(row);
    } else if (event.key === 'ArrowLeft' && row) {
      const above = this._rows.slice(0, at).reverse().find(other => other.level < row.level);
      above && this._point(above.key);
    } else if (event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey)) {
      this._menu();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  /** The context menu of the active line. */
  private _menu(): void {
    const line = this._drawn.get(this._active)?.line;
    if (line) {
      const { left, bottom } = line.getBoundingClientRect();
      const options = { bubbles: true, cancelable: true, clientX: left + 24, clientY: bottom };
      line.dispatchEvent(new MouseEvent('contextmenu', options));
    }
  }
}

function same(a: IRow, b: IRow): boolean {
  return (
    a.label === b.label && a.detail === b.detail && a.state === b.state && a.open === b.open && a.level === b.level
  );
}

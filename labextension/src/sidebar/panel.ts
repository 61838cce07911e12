/** The sidebar: which engine, what it has, what it does. */

import { TranslationBundle } from '@jupyterlab/translation';
import { MimeData } from '@lumino/coreutils';
import { Drag } from '@lumino/dragdrop';
import { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { Actions } from '../actions';
import { isDone } from '../documents';
import { h } from '../dom';
import { logoIcon } from '../icons';
import { request } from '../request';
import { Data } from '../data';
import { List } from './list';
import { IRow, ITexts, SECTIONS, rows } from './rows';

const CELLS = 'application/vnd.jupyter.cells'; // what a notebook takes when it is dropped
const FEW = 12; // jobs that are listed until more are asked for
const SIGNS: Record<string, string> = {
  queued: '…',
  running: '▶',
  suspended: '‖',
  success: '✓',
  failure: '✗',
  canceled: '⊘',
  skipped: '↷'
};
const KINDS: Record<string, string> = { script: 'ƒ', flow: '⇢', schedule: '◷', resource: '◆' };

export interface ISidebarOptions {
  actions: Actions;
  data: Data;
  texts: TranslationBundle;
  /** The notebook that was used last: its absolute path on the server, empty if there is none. */
  notebook(): string;
}

export class Sidebar extends Widget {
  private _list: List;
  private _texts: ITexts;
  private _open = new Set<string>(['jobs', 'scripts', 'flows']);
  private _search = '';
  private _isLong = false;
  private _only: Set<string> | null = null;
  private _engine: HTMLSelectElement;
  private _state: HTMLElement;
  private _problem: HTMLElement;
  private _mine: HTMLInputElement;

  constructor(private _options: ISidebarOptions) {
    super();
    const { texts } = _options;
    this.id = 'flexwm-sidebar';
    this.title.icon = logoIcon;
    this.title.caption = texts.__('Windmill: scripts, flows and jobs');
    this.addClass('fxl-sidebar');
    this._texts = {
      sections: {
        jobs: texts.__('Jobs'),
        scripts: texts.__('Scripts'),
        flows: texts.__('Flows'),
        schedules: texts.__('Schedules'),
        resources: texts.__('Resources')
      },
      loading: texts.__('loading…'),
      nothing: texts.__('nothing yet'),
      noMatch: texts.__('nothing matches'),
      older: texts.__('reading older jobs…'),
      more: count => texts.__('%1 more…', `${count}${_options.data.older ? '+' : ''}`)
    };
    this._list = new List({
      label: texts.__('Scripts, flows and jobs'),
      draw: row => this._drawRow(row),
      open: row => this._openRow(row),
      nearEnd: () => this._isLong && this._open.has('jobs') && void this._options.data.readOlder(),
      drag: (row, event) => this._drag(row, event)
    });
    this._engine = h('select', {
      class: 'jp-mod-styled fxl-engine',
      'aria-label': texts.__('Engine'),
      onchange: () => _options.actions.engines.choose(this._engine.value)
    });
    this._state = h('span', { class: 'fxl-state', role: 'status' });
    this._problem = h('div', { class: 'fxl-problem', role: 'alert', hidden: true });
    this._mine = h('input', { type: 'checkbox', onchange: () => void this.refreshNotebook() });
    this._build();
    _options.data.changed.connect(() => this._draw());
    _options.actions.engines.changed.connect(() => this._draw());
    _options.actions.done.connect(() => void _options.data.refresh());
    this._draw();
  }

  /** The line on which the context menu was opened, or that the keyboard is at. */
  rowAt(node: Element | null): IRow | undefined {
    return this._list.rowAt(node) ?? this._list.active;
  }

  /** Show the jobs of another notebook, on its engine, where only a notebook's jobs are shown. */
  async refreshNotebook(): Promise<void> {
    const path = this._options.notebook();
    if (!this._mine.checked || !path) {
      this._only = this._mine.checked ? new Set() : null;
    } else {
      const { actions, data } = this._options;
      const found = await actions.attempt(() => request<{ jobs: string[] }>('runs', { query: { notebook: path } }));
      const ids = new Set(found?.jobs ?? []);
      const engine = ids.size ? await data.engineWith(ids) : undefined;
      if (path !== this._options.notebook() || !this._mine.checked) {
        return; // another call knows better
      }
      this._only = ids;
      if (engine && engine !== actions.engines.current?.name) {
        actions.engines.choose(engine); // a notebook's jobs are seen where they run
      }
    }
    this._draw();
  }

  protected onAfterShow(_: Message): void {
    this._want();
    this._draw();
    void this._options.data.refresh();
  }

  protected onAfterHide(_: Message): void {
    this._options.data.want([]);
  }

  protected onActivateRequest(_: Message): void {
    this._list.node.focus();
  }

  private _build(): void {
    const { texts, data } = this._options;
    const refresh = h('button', { class: 'jp-Button fxl-refresh', title: texts.__('Look again'), 'aria-label': texts.__('Look again'), onclick: () => void data.refresh() }, '⟳');
    const search = h('input', {
      type: 'search',
      class: 'jp-mod-styled fxl-search',
      placeholder: texts.__('Search'),
      'aria-label': texts.__('Search scripts, flows and jobs'),
      'data-lm-suppress-shortcuts': 'true',
      oninput: (event: InputEvent) => {
        this._search = (event.target as HTMLInputElement).value.trim();
        this._draw();
      }
    });
    const mine = h('label', { class: 'fxl-mine', title: texts.__('Only jobs that the current notebook started') }, this._mine, texts.__('this notebook'));
    this.node.append(
      h('div', { class: 'fxl-head' }, this._engine, this._state, refresh),
      h('div', { class: 'fxl-head' }, search, mine),
      this._problem,
      this._list.node
    );
  }

  private _draw(): void {
    if (!this.isVisible) {
      return;
    }
    const { data } = this._options;
    this._drawEngine();
    this._list.set(
      rows({
        held: data.held,
        open: this._open,
        search: this._search,
        only: this._only,
        older: data.older,
        limit: this._isLong ? undefined : FEW,
        texts: this._texts
      })
    );
  }

  private _drawEngine(): void {
    const { actions, texts, data } = this._options;
    const { engines } = actions;
    const current = engines.current;
    const wanted = engines.all.map(engine => `${engine.name}\n${engine.title} · ${engine.workspace}`);
    if (this._engine.dataset.shown !== JSON.stringify(wanted)) {
      this._engine.dataset.shown = JSON.stringify(wanted);
      this._engine.replaceChildren(
        ...wanted.map(text => h('option', { value: text.split('\n')[0] }, text.split('\n')[1]))
      );
    }
    this._engine.value = current?.name ?? '';
    const words = { running: texts.__('running'), stopped: texts.__('stopped'), unusable: texts.__('not usable') };
    this._state.textContent = current ? words[current.state] : '';
    this._state.dataset.state = current?.state ?? '';
    this._state.title = current?.version ?? '';
    const problem = engines.problem ?? (current?.state === 'running' ? data.problem : null);
    const stopped = current?.state === 'stopped';
    const missing = engines.missing ? texts.__('The engine that the settings name is not there: %1', engines.missing) : '';
    this._problem.hidden = !problem && !stopped && !missing;
    const said = problem ? [problem.what, problem.why].filter(Boolean).join(': ') : missing;
    const text = said || texts.__('The local engine is not running.');
    const start = h('button', { class: 'jp-Button jp-mod-styled jp-mod-accept', onclick: () => void this._start() }, texts.__('Start it'));
    this._problem.replaceChildren(
      h('p', {}, text),
      ...(problem?.remedy ? [h('p', { class: 'fxl-remedy' }, problem.remedy)] : []),
      ...(stopped ? [start] : [])
    );
  }

  private async _start(): Promise<void> {
    this._problem.replaceChildren(h('p', {}, this._options.texts.__('starting…')));
    await this._options.actions.engines.start();
    await this._options.data.refresh();
  }

  private _drawRow(row: IRow): HTMLElement[] {
    const sign = row.state ? SIGNS[row.state] : KINDS[row.kind];
    return [
      ...(sign ? [h('span', { class: 'fxl-sign', 'data-state': row.state, 'aria-hidden': 'true' }, sign)] : []),
      h('span', { class: 'fxl-label', dir: 'auto' }, row.label),
      h('span', { class: 'fxl-detail' }, row.detail),
      ...this._buttons(row)
    ];
  }

  /** What a line offers when the pointer is over it; the context menu has it all. */
  private _buttons(row: IRow): HTMLElement[] {
    const { actions, texts } = this._options;
    const item = row.item;
    if (!item) {
      return [];
    }
    const button = (text: string, title: string, act: () => void) =>
      h(
        'button',
        {
          class: 'fxl-act',
          title,
          'aria-label': title,
          tabindex: '-1',
          onclick: (event: MouseEvent) => {
            event.stopPropagation();
            act();
          }
        },
        text
      );
    if (item.kind === 'job') {
      return isDone(item.job)
        ? [button('↻', texts.__('Run again'), () => void actions.rerun(item.job.id))]
        : [button('✕', texts.__('Cancel'), () => void actions.cancel([item.job.id]))];
    }
    if (item.kind === 'script' || item.kind === 'flow') {
      return [
        button('▷', texts.__('Run with form'), () => actions.open(item)),
        button('⊞', texts.__('Insert as cell'), () => void actions.insertSource(item))
      ];
    }
    if (item.kind === 'schedule') {
      const title = item.schedule.enabled ? texts.__('Switch off') : texts.__('Switch on');
      return [button(item.schedule.enabled ? '⏸' : '▷', title, () => void actions.toggle(item))];
    }
    return [];
  }

  private _openRow(row: IRow): void {
    if (row.kind === 'section') {
      this._flip(row.key);
      this._isLong = false;
      this._want();
    } else if (row.kind === 'folder') {
      this._flip(`closed ${row.key}`);
    } else if (row.key === 'jobs/more') {
      this._isLong = true;
    } else if (row.key === 'jobs/older') {
      void this._options.data.readOlder();
    } else if (row.item) {
      this._options.actions.open(row.item);
    }
    this._draw();
  }

  /** Have the sections read that are open. */
  private _want(): void {
    this._options.data.want(SECTIONS.filter(name => this._open.has(name)));
  }

  private _flip(key: string): void {
    this._open.has(key) ? this._open.delete(key) : this._open.add(key);
  }

  private _drag(row: IRow, event: PointerEvent): void {
    if (!row.item) {
      return;
    }
    const text = Actions.line(row.item);
    const mimeData = new MimeData();
    mimeData.setData(CELLS, [{ cell_type: 'code', source: text, metadata: {}, outputs: [], execution_count: null }]);
    mimeData.setData('text/plain', text);
    const dragImage = h('div', { class: 'fxl-drag' }, text);
    const drag = new Drag({ mimeData, dragImage, supportedActions: 'copy', proposedAction: 'copy', source: this });
    void drag.start(event.clientX, event.clientY).then(() => drag.dispose());
  }
}

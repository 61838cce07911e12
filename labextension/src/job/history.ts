/** The versions of a script or flow, and what changed from one to the next. */

import { MainAreaWidget } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { Actions } from '../actions';
import { IFlow, IScript } from '../documents';
import { h } from '../dom';
import { problemOf } from '../engines';
import { logoIcon } from '../icons';
import { request } from '../request';
import { Item } from '../sidebar/rows';

interface IVersion {
  id: string;
  at: string;
  message: string;
  text(): Promise<string>;
}

export class HistoryView extends Widget {
  private _versions: IVersion[] = [];
  private _place = 0; // of the version that is shown
  private _list = h('ol', { class: 'fxl-versions', role: 'listbox', onkeydown: event => this._walk(event) });
  private _shown = h('pre', { class: 'fxl-diff', role: 'region', tabindex: '0' });

  constructor(
    private _item: Item,
    private _actions: Actions,
    private _texts: TranslationBundle,
    private _engine: string
  ) {
    super();
    this.addClass('fxl-history');
    this.node.tabIndex = -1; // it has the focus when it is opened, and Tab leads to its list
    this._list.setAttribute('aria-label', this._texts.__('Versions'));
    const place = this._actions.engines.label(this._engine);
    const where = place ? [h('p', {}, place)] : [];
    this.node.append(h('div', { class: 'fxl-versions-side' }, ...where, this._list), this._shown);
  }

  protected onAfterAttach(_: Message): void {
    void this._load();
  }

  private async _load(): Promise<void> {
    try {
      this._versions = this._item.kind === 'flow' ? await this._flow() : await this._script();
    } catch (error) {
      const { what, remedy } = problemOf(error);
      this._shown.textContent = [what, remedy].filter(Boolean).join('. ');
      return;
    }
    this._list.replaceChildren(
      ...this._versions.map((version, place) =>
        h(
          'li',
          { role: 'presentation' },
          h(
            'button',
            { class: 'fxl-version', role: 'option', onclick: () => void this._show(place) },
            h('b', {}, `v${this._versions.length - place}`),
            ` ${version.at ? new Date(version.at).toLocaleString() : ''} ${version.message}`
          )
        )
      )
    );
    await this._show(0);
  }

  /** Arrow keys choose a version, of which Tab reaches the one that is shown. */
  private _walk(event: KeyboardEvent): void {
    const last = this._versions.length - 1;
    const to = { ArrowDown: this._place + 1, ArrowUp: this._place - 1, Home: 0, End: last }[event.key];
    if (to === undefined) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    const place = Math.min(Math.max(to, 0), last);
    void this._show(place);
    this._list.querySelectorAll('button')[place]?.focus();
  }

  /** What a version changed; the whole text of the first. */
  private async _show(place: number): Promise<void> {
    this._place = place;
    this._list.querySelectorAll('button').forEach((button, number) => {
      button.setAttribute('aria-selected', String(number === place));
      button.tabIndex = number === place ? 0 : -1;
    });
    this._shown.setAttribute('aria-label', this._texts.__('Changes of v%1', this._versions.length - place));
    const version = this._versions[place];
    if (!version) {
      this._shown.textContent = this._texts.__('There are no versions.');
      return;
    }
    await this._actions.attempt(async () => {
      const shown = await this._changes(version, this._versions[place + 1]);
      if (place === this._place) {
        this._shown.replaceChildren(...shown);
      }
    });
  }

  private async _changes(version: IVersion, before?: IVersion): Promise<(Node | string)[]> {
    const text = await version.text();
    if (!before) {
      return [text];
    }
    const body = { old: await before.text(), new: text };
    const { lines } = await request<{ lines: string[] }>('diff', { method: 'POST', body });
    const shown = lines.length ? lines : [this._texts.__('The text is the same.')];
    return shown.map(line => h('span', { 'data-sign': line[0] }, `${line}\n`));
  }

  private async _script(): Promise<IVersion[]> {
    const { engines } = this._actions;
    const engine = this._engine;
    const path = Actions.path(this._item);
    const found = await engines.ask<{ script_hash: string; created_at?: string; deployment_msg?: string }[]>(`scripts/history/p/${path}`, { engine });
    return found.map(entry => ({
      id: entry.script_hash,
      at: entry.created_at ?? '',
      message: entry.deployment_msg ?? '',
      text: async () => (await engines.ask<IScript>(`scripts/get/h/${entry.script_hash}`, { engine })).content ?? ''
    }));
  }

  private async _flow(): Promise<IVersion[]> {
    const { engines } = this._actions;
    const engine = this._engine;
    const found = await engines.ask<{ id: number; created_at: string; deployment_msg?: string }[]>(`flows/history/p/${Actions.path(this._item)}`, { engine });
    return found.map(entry => ({
      id: String(entry.id),
      at: entry.created_at,
      message: entry.deployment_msg ?? '',
      text: async () => {
        const flow = await engines.ask<IFlow>(`flows/get/v/${entry.id}`, { engine });
        const value = { summary: flow.summary, value: flow.value, schema: flow.schema };
        return (await request<{ text: string }>('yaml', { method: 'POST', body: { value } })).text;
      }
    }));
  }
}

/** A panel with the history of a script or flow of an engine. */
export function historyPanel(item: Item, actions: Actions, texts: TranslationBundle, engine: string): MainAreaWidget<HistoryView> {
  const panel = new MainAreaWidget({ content: new HistoryView(item, actions, texts, engine) });
  const path = Actions.path(item);
  panel.id = `flexwm-history-${engine}-${item.kind}-${path}`;
  panel.title.icon = logoIcon;
  panel.title.label = `${path.split('/').pop()} ${texts.__('history')}`;
  panel.title.caption = [path, actions.engines.label(engine)].filter(Boolean).join(' · ');
  panel.title.closable = true;
  panel.toolbar.hide();
  return panel;
}

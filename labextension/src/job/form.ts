/** A form for the arguments of a script or flow, in a panel of its own: the same as in a notebook. */

import { MainAreaWidget } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { Actions } from '../actions';
import { IFlow, ISchema, IScript } from '../documents';
import { h } from '../dom';
import { problemOf } from '../engines';
import { logoIcon } from '../icons';
import { Item } from '../sidebar/rows';
import { IModel, SHEET, Update, formView } from '../views';

/** Draws the form, and starts what it is for. */
export class FormView extends Widget implements IModel {
  readonly state: Record<string, any> = {};
  readonly ui: Record<string, any> = {};

  private _update: Update | null = null;
  private _place = h('div', { class: 'fxl-form-place', 'data-lm-suppress-shortcuts': 'true' });
  private _where = h('div', { class: 'fxl-where' });
  private _notice = h('div', { class: 'fxl-problem', role: 'alert', hidden: true });

  constructor(
    private _item: Item,
    private _actions: Actions,
    private _engine: string
  ) {
    super();
    this.addClass('fxl-form');
    this._place.attachShadow({ mode: 'open' });
    this.node.append(this._where, this._notice, this._place);
    _actions.engines.changed.connect(this._sayWhere, this);
    this._sayWhere();
  }

  /** What the form says: its values, or that it is to be started. */
  send(message: Record<string, any>): void {
    if (message.act === 'run') {
      void this._start(message.values ?? {});
    } else if (message.act === 'insert') {
      this._actions.insert(String(message.line ?? ''));
    } else if (message.act === 'pick') {
      void this._pick(String(message.kind), String(message.type ?? ''));
    }
  }

  protected onAfterAttach(_: Message): void {
    if (!this._update) {
      void this._load();
    }
  }

  /** Name the engine where there are several. */
  private _sayWhere(): void {
    this._where.textContent = this._actions.engines.label(this._engine);
  }

  private async _load(): Promise<void> {
    try {
      const schema = await this._schema();
      const path = Actions.path(this._item);
      Object.assign(this.state, { schema, values: {}, magic: `%windmill_run ${path}`, run: true, insert: this._actions.hasNotebook });
      const place = this._place.shadowRoot!;
      const sheet = document.createElement('style');
      sheet.textContent = SHEET;
      place.append(sheet);
      this._update = formView(this, place);
    } catch (error) {
      const { what, why, remedy } = problemOf(error);
      this._notice.hidden = false;
      this._notice.replaceChildren(h('p', {}, [what, why].filter(Boolean).join(': ')), ...(remedy ? [h('p', {}, remedy)] : []));
    }
  }

  /** The schema of the arguments, as the engine has it now. */
  private async _schema(): Promise<ISchema> {
    const { engines } = this._actions;
    if (this._item.kind === 'flow') {
      const { flow } = this._item;
      const found = flow.value ? flow : await engines.ask<IFlow>(`flows/get/${flow.path}`, { engine: this._engine });
      return found.schema ?? {};
    }
    const found = await engines.ask<IScript>(`scripts/get/p/${Actions.path(this._item)}`, { engine: this._engine });
    return found.schema ?? {};
  }

  /** The paths of resources or variables, for a field that picks one. */
  private async _pick(kind: string, type: string): Promise<void> {
    await this._actions.attempt(async () => {
      const target = kind === 'variable' ? 'variables/list' : 'resources/list';
      const query = kind === 'resource' && type ? { resource_type: type } : {};
      const found = await this._actions.engines.ask<{ path: string }[]>(target, { query, engine: this._engine });
      const choices = { ...(this.state.choices ?? {}), [`${kind} ${type}`.trim()]: found.map(({ path }) => path).sort() };
      this.state.choices = choices;
      this._update?.({ choices });
    });
  }

  private async _start(values: Record<string, unknown>): Promise<void> {
    const item = this._item;
    if (item.kind === 'flow' && item.flow.value) {
      await this._actions.preview(item.flow.path, item.flow, values, this._engine);
    } else {
      await this._actions.run(item, values, this._engine);
    }
  }
}

/** A panel with the form of a script or flow of an engine. */
export function formPanel(item: Item, actions: Actions, texts: TranslationBundle, engine: string): MainAreaWidget<FormView> {
  const panel = new MainAreaWidget({ content: new FormView(item, actions, engine) });
  const path = Actions.path(item);
  panel.id = `flexwm-form-${engine}-${item.kind}-${path}`;
  panel.title.icon = logoIcon;
  panel.title.label = texts.__('Run %1', path.split('/').pop() ?? path);
  panel.title.caption = path;
  panel.title.closable = true;
  panel.toolbar.hide();
  return panel;
}

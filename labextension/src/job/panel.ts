/** One job in a panel of the main area: the same view as in a notebook, fed by the Jupyter server. */

import { MainAreaWidget } from '@jupyterlab/apputils';
import { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { Actions } from '../actions';
import { h } from '../dom';
import { IChange, follow } from '../feed';
import { logoIcon } from '../icons';
import { IProblem } from '../request';
import { IModel, SHEET, Update, runView } from '../views';

export interface IJobPanelOptions {
  actions: Actions;
  /** The job. */
  id: string;
  /** The engine that has it. */
  engine: string;
}

/** Draws the job, and follows it as long as it is open. */
export class JobView extends Widget implements IModel {
  readonly job: string;
  readonly engine: string;
  readonly state: Record<string, any> = {};
  readonly ui: Record<string, any> = { details: true };

  private _update: Update | null = null;
  private _left = new AbortController();
  private _place: ShadowRoot;
  private _where = h('div', { class: 'fxl-where' });
  private _notice = h('div', { class: 'fxl-problem', role: 'alert', hidden: true });

  constructor(private _options: IJobPanelOptions) {
    super();
    this.job = _options.id;
    this.engine = _options.engine;
    this.addClass('fxl-job');
    const place = h('div', { class: 'fxl-job-place', 'data-lm-suppress-shortcuts': 'true' });
    this._place = place.attachShadow({ mode: 'open' });
    this.node.append(this._where, this._notice, place);
    _options.actions.engines.changed.connect(this._sayWhere, this);
    this._sayWhere();
  }

  /** An action of the view's buttons. */
  send(message: Record<string, any>): void {
    const { actions, engine, id } = this._options;
    const replies: Record<string, () => unknown> = {
      cancel: () => actions.cancel([id], engine),
      rerun: () => actions.rerun(id, engine),
      replay: () => actions.insert(`%windmill_replay ${id}${message.step ? ` ${message.step}` : ''}`),
      insert: () => actions.insert(String(message.text ?? '')),
      attach: () => actions.insert(`%windmill_attach ${id}`)
    };
    const reply = replies[String(message.act)];
    if (reply) {
      void reply();
    } else {
      void actions.attempt(() => actions.tell(engine, id, message));
    }
  }

  dispose(): void {
    this._left.abort();
    super.dispose();
  }

  protected onAfterAttach(_: Message): void {
    const { engine, id } = this._options;
    void follow(`e/${engine}/feed/${id}`, this._left.signal, {
      change: change => this._change(change),
      trouble: (error, again) => this._trouble(error.problem, again)
    });
  }

  /** Name the engine where there are several. */
  private _sayWhere(): void {
    this._where.textContent = this._options.actions.engines.label(this.engine);
  }

  private _change(change: IChange): void {
    this._notice.hidden = true;
    const changed: Record<string, unknown> = { ...(change.set ?? {}) };
    for (const [name, value] of Object.entries(change.merge ?? {})) {
      changed[name] = { ...(this.state[name] ?? {}), ...value };
    }
    Object.assign(this.state, changed);
    if (change.log) {
      changed.log = change.log;
    }
    if ('clock' in changed) {
      this.state.clock_at = performance.now();
    }
    if (!this._update) {
      const sheet = document.createElement('style');
      sheet.textContent = SHEET;
      this._place.append(sheet);
      this._update = runView(this, this._place);
    } else {
      this._update(changed);
    }
    this.title.label = this.state.subject ?? this.title.label;
  }

  private _trouble(problem: IProblem, again: boolean): void {
    const remedy = again ? 'Trying again…' : problem.remedy;
    this._notice.hidden = false;
    this._notice.replaceChildren(
      h('p', {}, [problem.what, problem.why].filter(Boolean).join(': ')),
      ...(remedy ? [h('p', { class: 'fxl-remedy' }, remedy)] : [])
    );
  }
}

/** A panel for a job. */
export function jobPanel(options: IJobPanelOptions): MainAreaWidget<JobView> {
  const content = new JobView(options);
  const panel = new MainAreaWidget({ content });
  panel.id = `flexwm-job-${options.engine}-${options.id}`;
  panel.title.icon = logoIcon;
  panel.title.label = options.id.slice(0, 8);
  panel.title.caption = `Job ${options.id}`;
  panel.title.closable = true;
  panel.toolbar.hide();
  content.title.changed.connect(() => {
    panel.title.label = content.title.label;
  });
  return panel;
}

/** What can be done with what an engine has. */

import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import { INotebookTracker, NotebookActions } from '@jupyterlab/notebook';
import { TranslationBundle } from '@jupyterlab/translation';
import { ISignal, Signal } from '@lumino/signaling';

import { IFlow, IJob, IScript, isFlow, nameOf } from './documents';
import { Engines, problemOf } from './engines';
import { request } from './request';
import { Item } from './sidebar/rows';

/** Opens what has a panel of its own; it stays with its engine, the one that is shown where none is named. */
export interface IPanels {
  job(id: string, engine?: string): void;
  form(item: Item, engine?: string): void;
  history(item: Item, engine?: string): void;
}

export class Actions {
  /** Set by the plugin that has the panels. */
  panels: IPanels | null = null;

  private _done = new Signal<this, void>(this);

  constructor(
    readonly engines: Engines,
    private _notebooks: INotebookTracker | null,
    private _texts: TranslationBundle
  ) {}

  /** Emitted when something was changed on the engine. */
  get done(): ISignal<this, void> {
    return this._done;
  }

  /** Whether there is a notebook to insert something into. */
  get hasNotebook(): boolean {
    return this._notebooks?.currentWidget !== null && this._notebooks !== null;
  }

  /** The path by which an item is called on the engine. */
  static path(item: Item): string {
    switch (item.kind) {
      case 'job':
        return item.job.script_path ?? '';
      case 'script':
        return item.script.path;
      case 'flow':
        return item.flow.path;
      case 'schedule':
        return item.schedule.path;
      case 'resource':
        return item.resource.path;
    }
  }

  /** The line that uses an item in a notebook. */
  static line(item: Item): string {
    switch (item.kind) {
      case 'job':
        return `%windmill_job ${item.job.id}`;
      case 'schedule':
        return `%windmill_run ${item.schedule.script_path}`;
      case 'resource':
        return `$res:${item.resource.path}`;
      default:
        return `%windmill_run ${Actions.path(item)}`;
    }
  }

  open(item: Item): void {
    if (item.kind === 'job') {
      this.panels?.job(item.job.id);
    } else if (item.kind === 'script' || item.kind === 'flow') {
      this.panels?.form(item);
    }
  }

  /** Put an item's definition into a new cell: a script's source, a flow's document. */
  async insertSource(item: Item): Promise<void> {
    const text = await this.attempt(() => this._source(item));
    if (text !== undefined) {
      this.insert(text);
    }
  }

  /** Put text into a new cell below the active one of the notebook that was used last. */
  insert(text: string): void {
    const panel = this._notebooks?.currentWidget;
    if (!panel) {
      Notification.warning(this._texts.__('Open a notebook first'), { autoClose: 4000 });
      return;
    }
    NotebookActions.insertBelow(panel.content);
    panel.content.activeCell?.model.sharedModel.setSource(text);
    void panel.content.activeCell?.ready.then(() => panel.content.activeCell?.node.scrollIntoView({ block: 'nearest' }));
  }

  async copyPath(item: Item): Promise<void> {
    await navigator.clipboard.writeText(item.kind === 'job' ? item.job.id : Actions.path(item));
  }

  /** Start a runnable with arguments; the new job's panel opens. */
  async run(item: Item, args: Record<string, unknown>, engine?: string): Promise<void> {
    const kind = item.kind === 'flow' ? 'f' : 'p';
    await this._start(`jobs/run/${kind}/${Actions.path(item)}`, args, engine);
  }

  /** Start a job's runnable once more, with the same arguments, on the same engine. */
  async rerun(id: string, engine = this.engines.current?.name): Promise<void> {
    await this.attempt(async () => {
      const asked = { engine, query: { no_logs: true } };
      const job = await this.engines.ask<IJob & { raw_flow?: unknown }>(`jobs_u/get/${id}`, asked);
      const args = job.args ?? {};
      if (job.job_kind === 'preview') {
        const body = { language: job.language, content: job.raw_code, path: job.script_path, args };
        return this._begin('jobs/run/preview', body, engine);
      }
      if (job.job_kind === 'flowpreview') {
        return this._begin('jobs/run/preview_flow', { value: job.raw_flow, path: job.script_path, args }, engine);
      }
      const target = isFlow(job) ? `f/${job.script_path}` : `h/${job.script_hash}`;
      return this._begin(`jobs/run/${target}`, args, engine);
    });
  }

  /** Cancel jobs of an engine that have not ended. */
  async cancel(ids: readonly string[], engine = this.engines.current?.name): Promise<void> {
    const body = { reason: 'cancelled in JupyterLab' };
    await this.attempt(async () => {
      await Promise.all(
        ids.map(id => this.engines.ask(`jobs_u/queue/cancel/${id}`, { method: 'POST', body, engine }).catch(gone))
      );
      this._done.emit();
    });
  }

  /** Take a script or flow out of use; it is kept, and can be restored. */
  async archive(item: Item): Promise<void> {
    const engine = this.engines.current?.name;
    const path = Actions.path(item);
    const title = this._texts.__('Archive %1?', path);
    const body = this._texts.__('It cannot be run any more. Its versions and runs are kept.');
    if (!(await confirmed(title, body, this._texts.__('Archive')))) {
      return;
    }
    const target = item.kind === 'flow' ? `flows/archive/${path}` : `scripts/archive/p/${path}`;
    await this._change(target, 'POST', item.kind === 'flow' ? { archived: true } : {}, engine);
  }

  /** Remove something for good. */
  async remove(item: Item): Promise<void> {
    const engine = this.engines.current?.name;
    const path = Actions.path(item);
    const body = this._texts.__('It is removed for good, with all its versions.');
    if (!(await confirmed(this._texts.__('Delete %1?', path), body, this._texts.__('Delete')))) {
      return;
    }
    const targets: Partial<Record<Item['kind'], [string, 'POST' | 'DELETE']>> = {
      script: [`scripts/delete/p/${path}`, 'POST'],
      flow: [`flows/delete/${path}`, 'DELETE'],
      schedule: [`schedules/delete/${path}`, 'DELETE']
    };
    const target = targets[item.kind];
    if (target) {
      await this._change(target[0], target[1], target[1] === 'POST' ? {} : undefined, engine);
    }
  }

  /** Switch a schedule on or off. */
  async toggle(item: Item): Promise<void> {
    if (item.kind === 'schedule') {
      const { path, enabled } = item.schedule;
      await this._change(`schedules/setenabled/${path}`, 'POST', { enabled: !enabled });
    }
  }

  /** Hand an action of a job's view to the server, which follows the job. */
  async tell(engine: string, id: string, message: Record<string, unknown>): Promise<void> {
    const found = await request<{ job?: string }>(`e/${engine}/feed/${id}`, { method: 'POST', body: message });
    if (found.job) {
      this._started(found.job, engine);
    }
  }

  /** Register a flow's document under a path. */
  async register(path: string, document: Record<string, any>): Promise<void> {
    const engine = this.engines.current?.name ?? 'local';
    const made = await request<{ text: string }>('yaml', { method: 'POST', body: { value: document } });
    const body = { kind: 'flow', path, content: made.text };
    const found = await request<{ text: string }>(`e/${engine}/register`, { method: 'POST', body });
    Notification.success(found.text, { autoClose: 3000 });
    this._done.emit();
  }

  /** Start a flow's document that is not registered. */
  async preview(path: string, document: Record<string, any>, args: Record<string, unknown>, engine?: string): Promise<void> {
    await this._start('jobs/run/preview_flow', { value: document.value, path, args }, engine);
  }

  /** Do something with an engine; what goes wrong is shown, with what to do. */
  async attempt<T>(what: () => Promise<T>): Promise<T | undefined> {
    try {
      return await what();
    } catch (error) {
      const problem = problemOf(error);
      const text = [problem.what, problem.why].filter(Boolean).join(': ');
      Notification.error(problem.remedy ? `${text}. ${problem.remedy}` : text, { autoClose: 8000 });
      return undefined;
    }
  }

  private async _change(path: string, method: 'POST' | 'DELETE', body: unknown, engine?: string): Promise<void> {
    await this.attempt(async () => {
      await this.engines.ask(path, { method, body, engine });
      this._done.emit();
    });
  }

  private async _start(path: string, body: Record<string, unknown>, engine = this.engines.current?.name): Promise<void> {
    await this.attempt(() => this._begin(path, body, engine));
  }

  private async _begin(path: string, body: Record<string, unknown>, engine?: string): Promise<void> {
    const query = { skip_preprocessor: true }; // the arguments are the runnable's own
    this._started(await this.engines.ask<string>(path, { method: 'POST', body, engine, query }), engine);
  }

  private _started(id: string, engine?: string): void {
    this._done.emit();
    this.panels?.job(id, engine);
  }

  private async _source(item: Item): Promise<string> {
    if (item.kind === 'script') {
      const { path } = item.script;
      const script = await this.engines.ask<IScript>(`scripts/get/p/${path}`);
      return `%%windmill_script ${script.language} ${path}\n${script.content ?? ''}`;
    }
    if (item.kind === 'flow') {
      const { path } = item.flow;
      const flow = await this.engines.ask<IFlow>(`flows/get/${path}`);
      const made = await request<{ text: string }>('yaml', { method: 'POST', body: { value: { summary: flow.summary, value: flow.value, schema: flow.schema } } });
      return `%%windmill_flow ${path}\n${made.text}`;
    }
    return item.kind === 'job' && nameOf(item.job) ? `%windmill_replay ${item.job.id}` : Actions.line(item);
  }
}

async function confirmed(title: string, body: string, label: string): Promise<boolean> {
  const result = await showDialog({ title, body, buttons: [Dialog.cancelButton(), Dialog.warnButton({ label })] });
  return result.button.accept;
}

/** A job that has ended meanwhile needs no cancelling. */
function gone(error: { status?: number }): void {
  if (error.status !== 404) {
    throw error;
  }
}

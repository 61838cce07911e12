/** What this extension adds to notebooks: highlighting, a button, commands. */

import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Dialog, ICommandPalette, InputDialog, Notification, ToolbarButton, showDialog } from '@jupyterlab/apputils';
import { IEditorExtensionRegistry } from '@jupyterlab/codemirror';
import { ICompletionProviderManager } from '@jupyterlab/completer';
import { IMainMenu } from '@jupyterlab/mainmenu';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { ITranslator, TranslationBundle, nullTranslator } from '@jupyterlab/translation';

import { logoIcon } from '../icons';
import { request } from '../request';
import { IFlexwm } from '../tokens';
import { IWindmillCell, read } from './cells';
import { CellCompletion, standAside } from './completion';
import { addMagicLine, highlight } from './highlighting';

const PATH = 'f/notebook/script'; // what is proposed for a cell's script

export const notebookPlugin: JupyterFrontEndPlugin<void> = {
  id: 'flexwm-nb:notebook',
  description: 'Cells as scripts and flows.',
  autoStart: true,
  requires: [IFlexwm, INotebookTracker],
  optional: [IEditorExtensionRegistry, ICompletionProviderManager, ICommandPalette, IMainMenu, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    shared: IFlexwm,
    notebooks: INotebookTracker,
    extensions: IEditorExtensionRegistry | null,
    completion: ICompletionProviderManager | null,
    palette: ICommandPalette | null,
    menu: IMainMenu | null,
    translator: ITranslator | null
  ) => {
    const texts = (translator ?? nullTranslator).load('flexwm');
    if (extensions) {
      addMagicLine(extensions);
    }
    if (completion) {
      const cells = new CellCompletion();
      completion.registerProvider(cells);
      void app.restored.then(() => standAside(completion, cells)); // Lab's own are there then
    }
    const commands = new Commands(app, shared, notebooks, texts);
    notebooks.widgetAdded.connect((_, panel) => {
      highlight(panel);
      panel.toolbar.insertAfter('cellType', 'flexwm-run', commands.button());
    });
    const ids = commands.add();
    ids.forEach(command => palette?.addItem({ command, category: texts.__('Windmill') }));
    menu?.runMenu.addGroup(ids.map(command => ({ command })), 90);
    app.commands.addKeyBinding({ command: 'flexwm:run-cell', keys: ['Accel Alt Enter'], selector: '.jp-Notebook' });
  }
};

interface IRegistered {
  status: string;
  text: string;
}

/** The commands about the cells of the notebook that was used last. */
class Commands {
  constructor(
    private _app: JupyterFrontEnd,
    private _shared: IFlexwm,
    private _notebooks: INotebookTracker,
    private _texts: TranslationBundle
  ) {}

  /** Add them; their ids. */
  add(): string[] {
    const texts = this._texts;
    const here = () => this._notebooks.currentWidget !== null;
    const known: [string, string, () => Promise<unknown>][] = [
      ['flexwm:register-cell', texts.__('Register Cell as Script or Flow'), () => this._register()],
      ['flexwm:run-cell', texts.__('Run Cell as Job'), () => this._run()],
      ['flexwm:export-notebook', texts.__('Export Notebook as Flow…'), () => this._export()],
      ['flexwm:cancel-notebook-jobs', texts.__("Cancel this Notebook's Jobs"), () => this._cancel()]
    ];
    for (const [id, label, act] of known) {
      this._app.commands.addCommand(id, {
        label,
        icon: id === 'flexwm:run-cell' ? logoIcon : undefined,
        isEnabled: here,
        execute: () => this._shared.actions.attempt(act)
      });
    }
    return known.map(([id]) => id);
  }

  /** The button of a notebook's toolbar. */
  button(): ToolbarButton {
    return new ToolbarButton({
      icon: logoIcon,
      tooltip: this._texts.__('Run Cell as Job'),
      onClick: () => void this._app.commands.execute('flexwm:run-cell')
    });
  }

  private get _panel(): NotebookPanel | null {
    return this._notebooks.currentWidget;
  }

  /** The active cell as a script or flow; a plain one becomes a script first, if that is wanted. */
  private async _cell(): Promise<IWindmillCell | null> {
    const model = this._panel?.content.activeCell?.model.sharedModel;
    if (!model) {
      return null;
    }
    const found = read(model.getSource());
    if (found && found.magic !== 'step' && found.path) {
      return found;
    }
    if (found) {
      Notification.info(this._texts.__('This cell has no path of its own'), { autoClose: 4000 });
      return null;
    }
    const made = await request<{ text: string }>('script', { method: 'POST', body: { source: model.getSource() } });
    const answer = await InputDialog.getText({
      title: this._texts.__('Make a script of this cell'),
      label: this._texts.__('Path of the script: u/NAME/… or f/FOLDER/…'),
      text: PATH,
      okLabel: this._texts.__('Make')
    });
    if (!answer.button.accept || !answer.value) {
      return null;
    }
    model.setSource(`%%windmill_script python3 ${answer.value}\n${made.text.trimEnd()}`);
    return read(model.getSource());
  }

  private async _register(): Promise<IWindmillCell | null> {
    const cell = await this._cell();
    const engine = this._shared.engines.current;
    if (!cell || !engine) {
      return null;
    }
    if (cell.magic === 'flow' && cell.language === 'python3') {
      Notification.info(this._texts.__('A flow that Python builds is registered by running its cell'), { autoClose: 5000 });
      return null;
    }
    const body = {
      kind: cell.magic,
      path: cell.path,
      language: cell.language,
      content: cell.body,
      kernel: this._panel?.sessionContext.kernelPreference.name ?? null
    };
    const found = await request<IRegistered>(`e/${engine.name}/register`, { method: 'POST', body });
    Notification.success(found.text, { autoClose: 3000 });
    void this._shared.data.refresh();
    return cell;
  }

  private async _run(): Promise<void> {
    const cell = await this._register();
    if (cell) {
      const item = await this._item(cell);
      this._shared.actions.panels?.form(item);
    }
  }

  private async _item(cell: IWindmillCell): Promise<any> {
    const target = cell.magic === 'flow' ? `flows/get/${cell.path}` : `scripts/get/p/${cell.path}`;
    const document = await this._shared.engines.ask<Record<string, unknown>>(target);
    return cell.magic === 'flow' ? { kind: 'flow', flow: document } : { kind: 'script', script: document };
  }

  private async _export(replace = false): Promise<void> {
    const panel = this._panel;
    if (!panel) {
      return;
    }
    await panel.context.save();
    const body = { notebook: panel.context.path, replace };
    try {
      const found = await request<{ file: string; steps: string[] }>('export', { method: 'POST', body });
      await this._app.commands.execute('docmanager:open', { path: found.file, factory: 'Flow' });
    } catch (error: any) {
      if (replace || !String(error.problem?.what ?? '').includes('exists already')) {
        throw error;
      }
      const title = this._texts.__('Replace the flow of this notebook?');
      const buttons = [Dialog.cancelButton(), Dialog.warnButton({ label: this._texts.__('Replace') })];
      if ((await showDialog({ title, body: error.problem.what, buttons })).button.accept) {
        await this._export(true);
      }
    }
  }

  private async _cancel(): Promise<void> {
    const notebook = this._panel?.context.path ?? '';
    const { jobs } = await request<{ jobs: string[] }>('runs', { query: { notebook } });
    const going = await this._shared.data.goingOn(new Set(jobs));
    await Promise.all([...going].map(([engine, mine]) => this._shared.actions.cancel(mine, engine)));
    const count = [...going.values()].flat().length;
    const text = count ? this._texts._n('%1 job is cancelled', '%1 jobs are cancelled', count) : this._texts.__('This notebook has no running jobs');
    Notification.info(text, { autoClose: 3000 });
  }
}

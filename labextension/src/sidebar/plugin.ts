/** The sidebar beside the notebook, with the commands of its context menu. */

import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker, NotebookActions } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { Actions } from '../actions';
import { isDone } from '../documents';
import { IFlexwm } from '../tokens';
import { Sidebar } from './panel';
import { Item } from './rows';

const OURS = /^%%?windmill_/;

export const sidebarPlugin: JupyterFrontEndPlugin<void> = {
  id: 'flexwm-nb:sidebar',
  description: 'The sidebar of scripts, flows and jobs.',
  autoStart: true,
  requires: [IFlexwm],
  optional: [INotebookTracker, ILayoutRestorer, ICommandPalette, ITranslator],
  activate
};

function activate(
  app: JupyterFrontEnd,
  { actions, data }: IFlexwm,
  notebooks: INotebookTracker | null,
  restorer: ILayoutRestorer | null,
  palette: ICommandPalette | null,
  translator: ITranslator | null
): void {
  const texts = (translator ?? nullTranslator).load('flexwm');
  const notebook = (): string => notebooks?.currentWidget?.context.path ?? '';
  const sidebar = new Sidebar({ actions, data, texts, notebook });
  app.shell.add(sidebar, 'left', { rank: 550 });
  restorer?.add(sidebar, sidebar.id);

  notebooks?.currentChanged.connect(() => void sidebar.refreshNotebook());
  NotebookActions.executed.connect((_, { cell }) => {
    if (sidebar.isVisible && OURS.test(cell.model.sharedModel.getSource())) {
      void data.refresh().then(() => sidebar.refreshNotebook());
    }
  });

  addCommands(app, sidebar, actions, texts.__.bind(texts), palette);
}

type Said = (text: string, ...given: string[]) => string;
interface IEntry {
  id: string;
  label: string;
  kinds: Item['kind'][];
  act(item: Item): unknown;
  when?(item: Item): boolean;
}

/** One command for each thing that can be done with a line; the context menu shows those that fit. */
function addCommands(app: JupyterFrontEnd, sidebar: Sidebar, actions: Actions, said: Said, palette: ICommandPalette | null): void {
  const going = (item: Item): boolean => item.kind === 'job' && !isDone(item.job);
  const job = (item: Item) => (item.kind === 'job' ? item.job.id : '');
  const entries: IEntry[] = [
    { id: 'open', label: said('Open'), kinds: ['job'], act: item => actions.open(item) },
    { id: 'run', label: said('Run with Form…'), kinds: ['script', 'flow'], act: item => actions.open(item) },
    { id: 'cancel', label: said('Cancel'), kinds: ['job'], act: item => actions.cancel([job(item)]), when: going },
    { id: 'rerun', label: said('Run Again'), kinds: ['job'], act: item => actions.rerun(job(item)), when: item => !going(item) },
    { id: 'replay', label: said('Replay in a New Cell'), kinds: ['job'], act: item => actions.insert(`%windmill_replay ${job(item)}`), when: item => !going(item) },
    { id: 'attach', label: said('Attach to Notebook'), kinds: ['job'], act: item => actions.insert(`%windmill_attach ${job(item)}`), when: going },
    { id: 'insert-source', label: said('Insert as Cell'), kinds: ['script', 'flow'], act: item => actions.insertSource(item) },
    { id: 'insert-run', label: said('Insert %windmill_run'), kinds: ['script', 'flow', 'schedule'], act: item => actions.insert(Actions.line(item)) },
    { id: 'copy-path', label: said('Copy Path'), kinds: ['script', 'flow', 'schedule', 'resource'], act: item => actions.copyPath(item) },
    { id: 'copy-id', label: said('Copy Job Id'), kinds: ['job'], act: item => actions.copyPath(item) },
    { id: 'history', label: said('History and Differences'), kinds: ['script', 'flow'], act: item => actions.panels?.history(item) },
    { id: 'toggle', label: said('Switch On or Off'), kinds: ['schedule'], act: item => actions.toggle(item) },
    { id: 'archive', label: said('Archive…'), kinds: ['script', 'flow'], act: item => actions.archive(item) },
    { id: 'delete', label: said('Delete…'), kinds: ['script', 'flow', 'schedule'], act: item => actions.remove(item) }
  ];
  const under = (): Item | undefined => {
    const node = app.contextMenuHitTest(found => found.classList.contains('fxl-line'));
    return sidebar.rowAt(node ?? null)?.item;
  };
  entries.forEach((entry, rank) => {
    const fits = (item: Item | undefined): boolean =>
      item !== undefined && entry.kinds.includes(item.kind) && (entry.when?.(item) ?? true);
    app.commands.addCommand(`flexwm:${entry.id}`, {
      label: entry.label,
      isEnabled: () => fits(under()),
      isVisible: () => fits(under()),
      execute: () => {
        const item = under();
        return fits(item) ? entry.act(item!) : undefined;
      }
    });
    for (const kind of entry.kinds) {
      const selector = `.fxl-sidebar .fxl-line[data-kind="${kind}"]`;
      app.contextMenu.addItem({ command: `flexwm:${entry.id}`, selector, rank });
    }
  });
  app.commands.addCommand('flexwm:show', {
    label: said('Show Scripts, Flows and Jobs'),
    execute: () => app.shell.activateById(sidebar.id)
  });
  palette?.addItem({ command: 'flexwm:show', category: said('Windmill') });
}

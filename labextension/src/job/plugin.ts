/** Panels of jobs, forms and histories; what Lab had open is open again after a reload. */

import { ILabShell, ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { Item } from '../sidebar/rows';
import { IFlexwm } from '../tokens';
import { formPanel } from './form';
import { historyPanel } from './history';
import { JobView, jobPanel } from './panel';

export const jobPlugin: JupyterFrontEndPlugin<void> = {
  id: 'flexwm-nb:jobs',
  description: 'Panels of jobs, forms and histories.',
  autoStart: true,
  requires: [IFlexwm],
  optional: [ILabShell, ILayoutRestorer, ITranslator],
  activate: (app: JupyterFrontEnd, { actions, engines }: IFlexwm, lab: ILabShell | null, restorer: ILayoutRestorer | null, translator: ITranslator | null) => {
    const texts = (translator ?? nullTranslator).load('flexwm');
    const tracker = new WidgetTracker<MainAreaWidget<JobView>>({ namespace: 'flexwm-jobs' });
    const open = new Map<string, MainAreaWidget>();

    /** Show a panel, the one that is open already where there is one. */
    function show(panel: MainAreaWidget): void {
      const known = open.get(panel.id);
      if (known) {
        panel.dispose();
      } else {
        open.set(panel.id, panel);
        panel.disposed.connect(() => open.delete(panel.id));
        // Notebook 7 has one widget in its main area, the notebook
        app.shell.add(panel, lab ? 'main' : 'right', lab ? { mode: 'tab-after' } : {});
      }
      app.shell.activateById(panel.id);
    }

    function showJob(id: string, engine: string): void {
      const panel = jobPanel({ actions, id, engine });
      const isNew = !open.has(panel.id);
      show(panel);
      if (isNew) {
        void tracker.add(panel);
      }
    }

    const shown = (): string => engines.current?.name ?? 'local';
    actions.panels = {
      job: (id, engine = shown()) => showJob(id, engine),
      form: (item: Item, engine = shown()) => show(formPanel(item, actions, texts, engine)),
      history: (item: Item, engine = shown()) => show(historyPanel(item, actions, texts, engine))
    };
    app.commands.addCommand('flexwm:open-job', {
      label: texts.__('Open Job'),
      execute: ({ id, engine }) => showJob(String(id), String(engine ?? shown()))
    });
    void restorer?.restore(tracker, {
      command: 'flexwm:open-job',
      args: panel => ({ id: panel.content.job, engine: panel.content.engine }),
      name: panel => panel.id
    });
  }
};

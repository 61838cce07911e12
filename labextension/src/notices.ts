/** Says when a job of a notebook has ended that nobody waited for. */

import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { IJob, nameOf, stateOf } from './documents';
import { request } from './request';
import { IFlexwm } from './tokens';

const LONG = 10_000; // milliseconds that a job takes before its end is news

export const noticesPlugin: JupyterFrontEndPlugin<void> = {
  id: 'flexwm-nb:notices',
  description: 'Notifications about jobs that have ended.',
  autoStart: true,
  requires: [IFlexwm, INotebookTracker],
  optional: [ISettingRegistry, ITranslator],
  activate: (_: JupyterFrontEnd, shared: IFlexwm, notebooks: INotebookTracker, settings: ISettingRegistry | null, translator: ITranslator | null) => {
    const texts = (translator ?? nullTranslator).load('flexwm');
    let wanted = true;
    void settings?.load('flexwm-nb:plugin').then(found => {
      const apply = (): void => {
        wanted = found.composite.notify !== false;
      };
      found.changed.connect(apply);
      apply();
    });
    /** Whether a notebook that is open here has started it, and nobody waits for it. */
    async function isOurs(id: string): Promise<boolean> {
      const open: string[] = [];
      notebooks.forEach(panel => {
        if (panel.sessionContext.session?.kernel?.status !== 'busy') {
          open.push(panel.context.path);
        }
      });
      const found = await Promise.all(open.map(notebook => request<{ jobs: string[] }>('runs', { query: { notebook } })));
      return found.some(({ jobs }) => jobs.includes(id));
    }

    async function tell(job: IJob, engine: string): Promise<void> {
      if (!wanted || !(await isOurs(job.id).catch(() => false))) {
        return;
      }
      const place = shared.engines.label(engine);
      const name = place ? `${nameOf(job)} (${place})` : nameOf(job);
      const actions = [{ label: texts.__('Open'), callback: () => shared.actions.panels?.job(job.id, engine) }];
      if (stateOf(job) === 'success') {
        Notification.success(texts.__('%1 has ended', name), { autoClose: 6000, actions });
      } else {
        Notification.error(texts.__('%1 has failed', name), { autoClose: false, actions });
      }
    }

    shared.data.ended.connect((_, { job, engine }) => {
      if (stateOf(job) === 'failure' || (job.duration_ms ?? 0) >= LONG) {
        void tell(job, engine);
      }
    });
  }
};

/** What the other plugins share: the engines, what they have, what can be done; and the settings of it all. */

import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { Actions } from './actions';
import { Data } from './data';
import { Engines } from './engines';
import { IFlexwm } from './tokens';

const ID = 'flexwm-nb:plugin';
const LEAST_INTERVAL = 5; // seconds
const DEFAULTS = { interval: LEAST_INTERVAL * 1000, slowest: 60_000, lists: 60_000, page: 50 };

export const sharedPlugin: JupyterFrontEndPlugin<IFlexwm> = {
  id: ID,
  description: 'The engines of this user, and what they have.',
  autoStart: true,
  provides: IFlexwm,
  optional: [INotebookTracker, ISettingRegistry, ITranslator],
  activate: (_: JupyterFrontEnd, notebooks: INotebookTracker | null, settings: ISettingRegistry | null, translator: ITranslator | null) => {
    const engines = new Engines();
    const data = new Data(engines, DEFAULTS);
    const actions = new Actions(engines, notebooks, (translator ?? nullTranslator).load('flexwm'));
    actions.done.connect(() => void data.refresh());
    void settings?.load(ID).then(found => {
      const apply = (): void => {
        engines.prefer(String(found.composite.engine ?? ''));
        data.options = {
          interval: milliseconds(found.composite.refreshSeconds),
          slowest: milliseconds(found.composite.slowestSeconds),
          lists: milliseconds(found.composite.listSeconds),
          page: Number(found.composite.jobsShown)
        };
        document.body.dataset.fxlColours = String(found.composite.colours);
      };
      found.changed.connect(apply);
      apply();
    });
    return { engines, data, actions };
  }
};

function milliseconds(seconds: unknown): number {
  return Math.max(Number(seconds), LEAST_INTERVAL) * 1000;
}

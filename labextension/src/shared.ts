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

export const sharedPlugin: JupyterFrontEndPlugin<IFlexwm> = {
  id: ID,
  description: 'The engines of this user, and what they have.',
  autoStart: true,
  provides: IFlexwm,
  optional: [INotebookTracker, ISettingRegistry, ITranslator],
  activate: (_: JupyterFrontEnd, notebooks: INotebookTracker | null, settings: ISettingRegistry | null, translator: ITranslator | null) => {
    const engines = new Engines();
    const data = new Data(engines, { interval: LEAST_INTERVAL * 1000, page: 50 });
    const actions = new Actions(engines, notebooks, (translator ?? nullTranslator).load('flexwm'));
    actions.done.connect(() => void data.refresh());
    void settings?.load(ID).then(found => {
      const apply = (): void => {
        engines.prefer(String(found.composite.engine ?? ''));
        const seconds = Math.max(Number(found.composite.refreshSeconds), LEAST_INTERVAL);
        data.options = { interval: seconds * 1000, page: Number(found.composite.jobsShown) };
      };
      found.changed.connect(apply);
      apply();
    });
    return { engines, data, actions };
  }
};

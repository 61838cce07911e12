/** A tile of the launcher that opens the first notebook. */

import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILauncher } from '@jupyterlab/launcher';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { logoIcon } from './icons';
import { request } from './request';
import { IFlexwm } from './tokens';

export const launcherPlugin: JupyterFrontEndPlugin<void> = {
  id: 'flexwm-nb:launcher',
  description: 'The quickstart in the launcher.',
  autoStart: true,
  requires: [IFlexwm],
  optional: [ILauncher, ITranslator],
  activate: (app: JupyterFrontEnd, { actions }: IFlexwm, launcher: ILauncher | null, translator: ITranslator | null) => {
    const texts = (translator ?? nullTranslator).load('flexwm');
    app.commands.addCommand('flexwm:quickstart', {
      label: texts.__('Windmill Quickstart'),
      caption: texts.__('Open a notebook that shows scripts, flows and jobs'),
      icon: logoIcon,
      execute: args =>
        actions.attempt(async () => {
          const { path } = await request<{ path: string }>('quickstart', { method: 'POST', body: { folder: args.cwd ?? '' } });
          await app.commands.execute('docmanager:open', { path, factory: 'Notebook' });
        })
    });
    launcher?.add({ command: 'flexwm:quickstart', category: texts.__('Notebook'), rank: 90 });
  }
};

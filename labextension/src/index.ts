/** The plugins of this extension. */

import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';

const plugin: JupyterFrontEndPlugin<void> = {
  id: 'flexwm-nb:plugin',
  autoStart: true,
  activate: (app: JupyterFrontEnd) => {
    console.debug('flexwm', app.version);
  }
};

export default [plugin];

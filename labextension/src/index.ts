/** The plugins of this extension. */

import { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { flowsPlugin } from './flows/plugin';
import { jobPlugin } from './job/plugin';
import { launcherPlugin } from './launcher';
import { noticesPlugin } from './notices';
import { notebookPlugin } from './notebook/plugin';
import { sharedPlugin } from './shared';
import { sidebarPlugin } from './sidebar/plugin';
import { statusPlugin } from './status';

const plugins: JupyterFrontEndPlugin<any>[] = [
  sharedPlugin,
  sidebarPlugin,
  jobPlugin,
  flowsPlugin,
  notebookPlugin,
  noticesPlugin,
  statusPlugin,
  launcherPlugin
];

export default plugins;

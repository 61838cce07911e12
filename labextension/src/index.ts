/** The plugins of this extension. */

import { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { sharedPlugin } from './shared';
import { sidebarPlugin } from './sidebar/plugin';
import { statusPlugin } from './status';

const plugins: JupyterFrontEndPlugin<unknown>[] = [sharedPlugin, sidebarPlugin, statusPlugin];

export default plugins;

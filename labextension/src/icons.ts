/** The extension's icons. */

import { LabIcon } from '@jupyterlab/ui-components';

/** Three vanes of a mill around a hub. */
const LOGO = `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 24 24">
  <g class="jp-icon3" fill="#616161">
    <path d="M11 11.2 8.2 2.6a.8.8 0 0 1 1-1l4.9 1.7a.8.8 0 0 1 .5.9L13 11.4z"/>
    <path d="m12.6 12.6 8.8-2a.8.8 0 0 1 .9 1.1l-2.2 4.7a.8.8 0 0 1-1 .4L12.3 14z"/>
    <path d="m11 13.2-6.1 6.6a.8.8 0 0 1-1.3-.2l-2-4.8a.8.8 0 0 1 .4-1l8.300-2.300z"/>
    <circle cx="12" cy="12.500" r="1.600"/>
  </g>
</svg>`;

export const logoIcon = new LabIcon({ name: 'flexwm:logo', svgstr: LOGO });

/** By which the plugins of this extension, and those of others, find each other. */

import { Token } from '@lumino/coreutils';

import type { Actions } from './actions';
import type { Data } from './data';
import type { Engines } from './engines';

/** What the plugins share. */
export interface IFlexwm {
  /** Which engines there are, and the one that is shown. */
  engines: Engines;
  /** What that one has. */
  data: Data;
  /** What can be done with it. */
  actions: Actions;
}

export const IFlexwm = new Token<IFlexwm>('flexwm-nb:IFlexwm', 'The workflow engines of this user, and what they have.');

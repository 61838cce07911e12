/** The views that the notebook's widgets show too: written once, in plain JavaScript, beside the widgets. */

export interface IModel {
  /** What the server knows. */
  state: Record<string, any>;
  /** What the person chose here. */
  ui: Record<string, any>;
  /** An action, such as `{ act: 'cancel' }`. */
  send(message: Record<string, any>): void;
}

/** Draws what changed. */
export type Update = (changed: Record<string, any>) => void;
export type View = (model: IModel, element: HTMLElement | ShadowRoot) => Update;

// @ts-expect-error: plain JavaScript
import { runView as drawRun } from '../../flexwm_nb/display/widgets/views/run.js';
// @ts-expect-error: plain JavaScript
import { graphView as drawGraph } from '../../flexwm_nb/display/widgets/views/graph.js';
// @ts-expect-error: plain JavaScript
import { formView as drawForm } from '../../flexwm_nb/display/widgets/views/form.js';
// @ts-expect-error: plain JavaScript
import { jobsView as drawJobs } from '../../flexwm_nb/display/widgets/views/jobs.js';
// @ts-expect-error: plain JavaScript
import { rowsView as drawRows } from '../../flexwm_nb/display/widgets/views/rows.js';
// @ts-expect-error: the text of a style sheet
import sheet from '../../flexwm_nb/display/widgets/views/view.raw.css';

export const runView: View = drawRun;
export const graphView: View = drawGraph;
export const formView: View = drawForm;
export const jobsView: View = drawJobs;
export const rowsView: View = drawRows;

/** The style sheet of all views. */
export const SHEET: string = sheet;

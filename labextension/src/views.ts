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


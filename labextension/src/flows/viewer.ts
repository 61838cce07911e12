/** A flow's file as a picture, with what is wrong at its line, and a button that runs it. */

import { ABCWidgetFactory, DocumentRegistry, DocumentWidget } from '@jupyterlab/docregistry';
import { TranslationBundle } from '@jupyterlab/translation';
import { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { Actions } from '../actions';
import { h } from '../dom';
import { problemOf } from '../engines';
import { ILooked, Picture } from './picture';

const PAUSE = 300; // milliseconds after the last key before the picture is drawn anew

export interface IFlowOptions {
  actions: Actions;
  texts: TranslationBundle;
  /** Show a line of the text. */
  reveal(line: number): void;
  /** The path on the engine that the flow is to have. */
  path: string;
}

/** Draws a flow's text. */
export class FlowView extends Widget {
  private _looked: ILooked | null = null;
  private _picture = new Picture(step => this._open(step));
  private _problems = h('ul', { class: 'fxl-flow-problems', 'aria-live': 'polite' });
  private _run: HTMLButtonElement;
  private _register: HTMLButtonElement;

  constructor(private _options: IFlowOptions) {
    super();
    const { texts } = _options;
    this.addClass('fxl-flow');
    this._run = h('button', { class: 'jp-Button jp-mod-styled jp-mod-accept', disabled: true, onclick: () => void this._start() }, texts.__('Run'));
    this._register = h('button', { class: 'jp-Button jp-mod-styled', disabled: true, onclick: () => void this._deploy() }, texts.__('Register'));
    const path = h('span', { class: 'fxl-detail' }, _options.path);
    this.node.append(h('div', { class: 'fxl-head' }, this._run, this._register, path), this._problems, this._picture.node);
  }

  /** Draw a text. */
  async look(text: string): Promise<void> {
    try {
      const found = await this._picture.look(text);
      if (found) {
        this._looked = found;
        this._draw(found);
      }
    } catch (error) {
      const { what, remedy } = problemOf(error);
      this._problems.replaceChildren(h('li', { 'data-severity': 'error' }, [what, remedy].filter(Boolean).join('. ')));
    }
  }

  /** A step that is opened is shown in the text too. */
  private _open(step: string): void {
    const line = this._looked?.lines[step];
    if (line) {
      this._options.reveal(line);
    }
  }

  private _draw({ document, problems }: ILooked): void {
    const errors = problems.some(problem => problem.severity === 'error');
    this._run.disabled = this._register.disabled = !document || errors;
    this._problems.replaceChildren(
      ...problems.map(problem =>
        h(
          'li',
          { 'data-severity': problem.severity },
          h('button', { class: 'fxl-line-link', onclick: () => this._options.reveal(problem.line) }, this._options.texts.__('line %1', String(problem.line))),
          ` ${problem.message}`
        )
      )
    );
  }

  private async _deploy(): Promise<void> {
    const { actions, path } = this._options;
    const value = this._looked?.document;
    if (value) {
      await actions.attempt(() => actions.register(path, value));
    }
  }

  private async _start(): Promise<void> {
    const flow = this._looked?.document;
    if (flow) {
      const item = { kind: 'flow', flow: { path: this._options.path, summary: String(flow.summary ?? ''), edited_at: '', ...flow } } as const;
      this._options.actions.panels?.form(item);
    }
  }
}

/** The document of a flow's file: the picture follows the text. */
export class FlowDocument extends DocumentWidget<FlowView, DocumentRegistry.IModel> {
  private _timer = 0;

  protected onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    void this.context.ready.then(() => {
      this.context.model.contentChanged.connect(this._changed, this);
      this._show();
    });
  }

  dispose(): void {
    window.clearTimeout(this._timer);
    super.dispose();
  }

  private _changed(): void {
    window.clearTimeout(this._timer);
    this._timer = window.setTimeout(() => this._show(), PAUSE);
  }

  private _show(): void {
    if (!this.isDisposed) {
      void this.content.look(this.context.model.toString());
    }
  }
}

/** Makes these documents. */
export class FlowFactory extends ABCWidgetFactory<FlowDocument> {
  constructor(
    options: DocumentRegistry.IWidgetFactoryOptions<FlowDocument>,
    private _make: (context: DocumentRegistry.Context) => FlowView
  ) {
    super(options);
  }

  protected createNewWidget(context: DocumentRegistry.Context): FlowDocument {
    return new FlowDocument({ context, content: this._make(context) });
  }
}

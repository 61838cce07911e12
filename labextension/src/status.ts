/** The status bar: which engine, how many jobs run there, and how many on the others. */

import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, TranslationBundle, nullTranslator } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import { h } from './dom';
import { IFlexwm } from './tokens';

export class Status extends Widget {
  constructor(
    private _shared: IFlexwm,
    private _texts: TranslationBundle,
    open: () => void
  ) {
    super({ node: h('button', { class: 'fxl-status', onclick: open }) });
    _shared.engines.changed.connect(this._draw, this);
    _shared.data.changed.connect(this._draw, this);
    this._draw();
  }

  private _draw(): void {
    const { engines, data } = this._shared;
    const { current: engine, problem } = engines;
    const state = problem ? 'unusable' : (engine?.state ?? 'stopped');
    const jobs = data.going.length;
    const { others } = engines;
    const elsewhere = others.reduce((sum, { name }) => sum + data.goingOf(name), 0);
    const words: Record<string, string> = {
      running: this._count(jobs),
      stopped: this._texts.__('stopped'),
      unusable: this._texts.__('not usable')
    };
    const name = engine?.kind === 'local' || !engine ? this._texts.__('Windmill') : engine.title;
    const more = elsewhere ? `, ${this._texts.__('%1 elsewhere', elsewhere)}` : '';
    this.node.textContent = `${state === 'running' ? '●' : '○'} ${name}: ${words[state]}${more}`;
    this.node.dataset.state = state;
    this.node.title = problem
      ? [problem.what, problem.why, problem.remedy].filter(Boolean).join('. ')
      : [this._texts.__('Show scripts, flows and jobs'), ...others.map(other => `${engines.label(other.name)}: ${this._count(data.goingOf(other.name))}`)].join('\n');
  }

  private _count(jobs: number): string {
    return jobs ? this._texts._n('%1 job', '%1 jobs', jobs) : this._texts.__('idle');
  }
}

export const statusPlugin: JupyterFrontEndPlugin<void> = {
  id: 'flexwm-nb:status',
  description: 'The engine in the status bar.',
  autoStart: true,
  requires: [IFlexwm],
  optional: [IStatusBar, ITranslator],
  activate: (app: JupyterFrontEnd, shared: IFlexwm, bar: IStatusBar | null, translator: ITranslator | null) => {
    const texts = (translator ?? nullTranslator).load('flexwm');
    const item = new Status(shared, texts, () => void app.commands.execute('flexwm:show'));
    bar?.registerStatusItem('flexwm-nb:status', { item, align: 'left', rank: 900 });
  }
};

/** A flow's document in an output of a notebook, drawn as its file is. */

import { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import { h } from '../dom';
import { problemOf } from '../engines';
import { Picture } from './picture';

/** The MIME type of an OpenFlow document, as JSON: `{summary, value: {modules: […]}}`. */
export const OPENFLOW = 'application/vnd.windmill.openflow+json';

const BEFORE_TEXT = 40; // its rank: before HTML, pictures and text, which other pages show

/** Draws one document. */
export class FlowOutput extends Widget implements IRenderMime.IRenderer {
  private _picture = new Picture();
  private _title = h('div', { class: 'fxl-output-title', dir: 'auto' });
  private _problems = h('ul', { class: 'fxl-flow-problems' });

  constructor(private _texts: TranslationBundle) {
    super();
    this.addClass('fxl-output');
    this.node.append(this._title, this._problems, this._picture.node);
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const given = model.data[OPENFLOW];
    try {
      const found = await this._picture.look(typeof given === 'string' ? given : JSON.stringify(given));
      if (!found) {
        return;
      }
      const path = (given as { path?: unknown } | null)?.path; // the path stands beside the document
      this._title.textContent = [path, found.document?.summary].filter(Boolean).join(' · ');
      this._say(found.problems.map(({ message, severity }) => [message, severity]));
      this._picture.node.hidden = !found.picture?.nodes.length;
      if (found.picture && !found.picture.nodes.length) {
        this._title.append(` ${this._texts.__('(no steps yet)')}`);
      }
    } catch (error) {
      const { what, remedy } = problemOf(error);
      this._say([[[this._texts.__('The flow cannot be drawn'), what, remedy].filter(Boolean).join('. '), 'error']]);
    }
  }

  private _say(problems: [string, string][]): void {
    this._problems.hidden = !problems.length;
    this._problems.replaceChildren(...problems.map(([message, severity]) => h('li', { 'data-severity': severity }, message)));
  }
}

/** Makes them; nothing of a document is run, so that outputs which are not trusted are drawn too. */
export function outputs(texts: TranslationBundle): IRenderMime.IRendererFactory {
  return { safe: true, mimeTypes: [OPENFLOW], defaultRank: BEFORE_TEXT, createRenderer: () => new FlowOutput(texts) };
}

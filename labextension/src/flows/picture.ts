/** A flow's text as a graph: placed by the server, folded and opened here; the same in files and in outputs. */

import { h } from '../dom';
import { request } from '../request';
import { IModel, SHEET, Update, graphView } from '../views';
import { described } from './steps';

/** What the server sees in a flow's text. */
export interface ILooked {
  document: Record<string, any> | null;
  picture: { nodes: { id: string; detail: string; marks: string[] }[] } | null;
  /** The loops and forks that are single boxes in the picture. */
  folded: string[];
  lines: Record<string, number>;
  problems: { line: number; message: string; step: string; severity: string }[];
}

/** Draws the graph. */
export class Picture implements IModel {
  readonly state: Record<string, any> = { steps: {} };
  readonly ui: Record<string, any> = {};
  readonly node = h('div', { class: 'fxl-flow-graph' });

  private _update: Update | null = null;
  private _text = '';
  private _folded: string[] | null = null;
  private _looked: ILooked | null = null;
  private _looks = 0;

  /** `opened` is told which step a person has opened. */
  constructor(private _opened: (step: string) => void = () => {}) {
    this.node.attachShadow({ mode: 'open' });
  }

  /** Draw a text; what the server sees in it, null where another text came meanwhile. Throws RequestFailed. */
  async look(text: string): Promise<ILooked | null> {
    const look = ++this._looks;
    this._text = text;
    const found = await request<ILooked>('flow', { method: 'POST', body: { text, folded: this._folded } });
    if (look !== this._looks) {
      return null;
    }
    this._looked = found;
    if (found.picture) {
      this._folded = found.folded;
      this._draw(found);
    }
    return found;
  }

  /** A step was opened, or a loop or fork is to be folded or unfolded. */
  send(message: Record<string, any>): void {
    const step = String(message.step ?? '');
    if (message.act === 'open') {
      this.state.node = this._described(step);
      this._opened(step);
    } else if (message.act === 'fold') {
      const folded = this._folded ?? [];
      this._folded = folded.includes(step) ? folded.filter(name => name !== step) : [...folded, step];
      void this.look(this._text).catch(() => {}); // the server is away: it stays as it is
    }
  }

  private _draw({ picture }: ILooked): void {
    const opened = this.ui.graph?.opened;
    const changed = { graph: picture, steps: {}, node: opened ? this._described(opened) : null };
    Object.assign(this.state, changed);
    if (this._update) {
      this._update(changed);
      return;
    }
    const frame = h('div', { class: 'fx' });
    this.node.shadowRoot!.append(h('style', {}, SHEET), frame);
    this._update = graphView(this, frame);
  }

  private _described(step: string): Record<string, any> {
    const node = this._looked?.picture?.nodes.find(({ id }) => id === step);
    const about = node ? [node.detail, ...node.marks].filter(Boolean).join(' · ') : '';
    return { step, about, ...described(this._looked?.document ?? {}, step) };
  }
}

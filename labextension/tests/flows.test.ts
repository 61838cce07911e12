// @vitest-environment happy-dom
/** A flow's picture in an output: drawn as the server places it, folded and opened by the person. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { FlowOutput, OPENFLOW, outputs } from '../src/flows/output';
import { described } from '../src/flows/steps';

const step = (id: string, value: Record<string, any>) => ({ id, value });
const FLOW = {
  summary: 'Two steps',
  value: {
    modules: [
      step('load', { type: 'rawscript', content: 'echo <b>', input_transforms: { n: { type: 'static', value: [1, 'a'] } } }),
      step('fork', {
        type: 'branchone',
        branches: [{ modules: [step('inner', { type: 'script', path: 'f/a/b', input_transforms: { m: { type: 'javascript', expr: 'results.load' } } })] }, null],
        default: [null, step('other', { type: 'identity' })]
      })
    ],
    failure_module: step('failure', { type: 'rawscript', content: 'exit 1' })
  }
};
const node = (id: string, more = {}) => ({ id, label: id, shape: 'code', x: 0, y: 0, width: 80, height: 30, detail: 'bash', marks: ['retry'], frame: false, fold: false, ...more });
const PICTURE = { width: 200, height: 80, nodes: [node('load'), node('fork', { frame: true, fold: true, shape: 'fork' })], edges: [], notes: [] };

let asked: any[] = [];
let answer: Record<string, any>;
let status = 200;

vi.mock('../src/request', async importOriginal => ({
  ...(await importOriginal<typeof import('../src/request')>()),
  request: async (path: string, options: any) => {
    asked.push([path, options.body]);
    if (status !== 200) {
      const { failure } = await importOriginal<typeof import('../src/request')>();
      throw failure(status, 'the server is away');
    }
    return { ...answer, folded: options.body.folded ?? [] };
  }
}));
vi.stubGlobal('ResizeObserver', class { observe(): void {} });

const texts = { __: (text: string) => text } as any;
const model = (data: unknown) => ({ data: { [OPENFLOW]: data }, metadata: {}, trusted: false, setData: () => {} }) as any;

beforeEach(() => {
  [asked, status] = [[], 200];
  answer = { document: FLOW, picture: PICTURE, folded: [], lines: {}, problems: [] };
});
afterEach(() => document.body.replaceChildren());

async function draw(data: unknown): Promise<{ output: FlowOutput; root: ShadowRoot }> {
  const output = new FlowOutput(texts);
  document.body.append(output.node);
  await output.renderModel(model(data));
  return { output, root: output.node.querySelector('.fxl-flow-graph')!.shadowRoot! };
}

describe('a flow in an output', () => {
  it('is drawn, with its summary, as its text too', async () => {
    for (const data of [FLOW, JSON.stringify(FLOW)]) {
      const { output, root } = await draw(data);
      expect(root.querySelectorAll('.fx-node')).toHaveLength(2);
      expect(output.node.querySelector('.fxl-output-title')!.textContent).toBe('Two steps');
      expect(asked.pop()).toEqual(['flow', { text: JSON.stringify(FLOW), folded: null }]);
    }
  });

  it('opens a step with what it is, its inputs and its code', async () => {
    const { root } = await draw(FLOW);
    root.querySelector<SVGElement>('.fx-node:not(.fx-fork)')!.dispatchEvent(new Event('click'));
    const panel = root.querySelector('.fx-panel')!;
    expect(panel.textContent).toContain('load · bash · retry');
    expect([...panel.querySelectorAll('pre')].map(pre => pre.textContent)).toEqual(['n = [1,"a"]', 'echo <b>']);
  });

  it('folds a fork, and unfolds it', async () => {
    const { root } = await draw(FLOW);
    const fold = () => root.querySelector('.fx-fork .fx-toggle')!.dispatchEvent(new Event('click'));
    fold();
    await vi.waitFor(() => expect(asked.at(-1)[1].folded).toEqual(['fork']));
    fold();
    await vi.waitFor(() => expect(asked.at(-1)[1].folded).toEqual([]));
  });

  it('says what is wrong with it, or that it cannot be drawn', async () => {
    answer = { ...answer, document: null, picture: null, problems: [{ line: 1, message: 'The document is no flow', step: '', severity: 'error' }] };
    const { output } = await draw({ no: 'flow' });
    const said = () => output.node.querySelector('li[data-severity="error"]')!.textContent;
    expect(said()).toBe('The document is no flow');
    expect(output.node.querySelector<HTMLElement>('.fxl-flow-graph')!.hidden).toBe(true);
    status = 502;
    await output.renderModel(model(FLOW));
    expect(said()).toBe('The flow cannot be drawn. the server is away');
  });

  it('needs no trust, and comes before pictures and text', () => {
    const { safe, mimeTypes, defaultRank } = outputs(texts);
    expect([safe, mimeTypes, defaultRank! < 50]).toEqual([true, ['application/vnd.windmill.openflow+json'], true]);
  });
});

describe('a step of a document', () => {
  it.each([
    ['load', ['n = [1,"a"]'], 'echo <b>'],
    ['inner', ['m = results.load'], ''],
    ['other', [], ''],
    ['failure', [], 'exit 1'],
    ['nowhere', [], '']
  ])('%s', (id, inputs, source) => expect(described(FLOW, id)).toEqual({ inputs, source }));
});

/** Files of flows: a picture beside their text; and the same picture in outputs. */

import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { PathExt } from '@jupyterlab/coreutils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { DocumentWidget } from '@jupyterlab/docregistry';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { logoIcon } from '../icons';
import { IFlexwm } from '../tokens';
import { OPENFLOW, outputs } from './output';
import { FlowDocument, FlowFactory, FlowView } from './viewer';

const FACTORY = 'Flow';
const TYPES = [
  { name: 'flow-yaml', displayName: 'Flow (YAML)', extensions: ['.flow.yaml', '.flow.yml'], mimeTypes: ['text/x-yaml'] },
  { name: 'flow-json', displayName: 'Flow (JSON)', extensions: ['.flow.json', '.openflow.json'], mimeTypes: [OPENFLOW, 'application/json'] }
];

export const flowsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'flexwm-nb:flows',
  description: 'Pictures of flows, in files and outputs.',
  autoStart: true,
  requires: [IFlexwm, IDocumentManager],
  optional: [IRenderMimeRegistry, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    { actions }: IFlexwm,
    documents: IDocumentManager,
    renderers: IRenderMimeRegistry | null,
    translator: ITranslator | null
  ) => {
    const texts = (translator ?? nullTranslator).load('flexwm');
    renderers?.addFactory(outputs(texts));
    for (const type of TYPES) {
      app.docRegistry.addFileType({ ...type, fileFormat: 'text', icon: logoIcon });
    }
    const names = TYPES.map(type => type.name);
    const factory = new FlowFactory(
      { name: FACTORY, label: texts.__('Flow'), modelName: 'text', fileTypes: names, defaultFor: names, readOnly: true },
      context =>
        new FlowView({
          actions,
          texts,
          path: `f/files/${PathExt.basename(context.path).split('.')[0].replace(/[^\w]+/g, '_')}`,
          reveal: line => reveal(context.path, line)
        })
    );
    app.docRegistry.addWidgetFactory(factory as any); // it makes read-only documents
    factory.widgetCreated.connect((_, widget: FlowDocument) => {
      widget.title.icon = logoIcon;
    });

    /** Show a line in the text editor beside the picture. */
    function reveal(path: string, line: number): void {
      const editor = documents.openOrReveal(path, 'Editor', undefined, { mode: 'split-right' });
      void editor?.revealed.then(() => {
        const content = (editor as DocumentWidget<any>).content;
        content.editor?.setCursorPosition({ line: line - 1, column: 0 });
        content.editor?.revealPosition({ line: line - 1, column: 0 });
        content.editor?.focus();
      });
    }
  }
};

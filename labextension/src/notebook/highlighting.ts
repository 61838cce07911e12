/** Cells that hold a script or flow are highlighted in its language; their first line stands out. */

import { RangeSetBuilder } from '@codemirror/state';
import { Decoration, DecorationSet, EditorView, ViewPlugin, ViewUpdate } from '@codemirror/view';
import { ICellModel } from '@jupyterlab/cells';
import { EditorExtensionRegistry, IEditorExtensionRegistry } from '@jupyterlab/codemirror';
import { NotebookPanel } from '@jupyterlab/notebook';

import { mimeType } from './cells';

const MAGIC = Decoration.line({ class: 'fxl-magic-line' });

/** Mark the first line of our cells in every editor. */
export function addMagicLine(extensions: IEditorExtensionRegistry): void {
  const plugin = ViewPlugin.fromClass(
    class {
      marks: DecorationSet;
      constructor(view: EditorView) {
        this.marks = marked(view);
      }
      update(update: ViewUpdate): void {
        if (update.docChanged) {
          this.marks = marked(update.view);
        }
      }
    },
    { decorations: plugin => plugin.marks }
  );
  extensions.addExtension({
    name: 'flexwm-magic-line',
    factory: () => EditorExtensionRegistry.createImmutableExtension(plugin)
  });
}

function marked(view: EditorView): DecorationSet {
  const builder = new RangeSetBuilder<Decoration>();
  const { doc } = view.state;
  let first = doc.line(1);
  while (first.number < doc.lines && /^\s*(#|$)/.test(first.text)) {
    first = doc.line(first.number + 1); // comments may stand above the magic
  }
  if (first.text.startsWith('%%windmill_')) {
    builder.add(first.from, first.from, MAGIC);
  }
  return builder.finish();
}

/** Follow the cells of a notebook, for as long as it is open. */
export function highlight(panel: NotebookPanel): void {
  const followed = new WeakSet<ICellModel>();

  function look(model: ICellModel): void {
    const wanted = mimeType(model.sharedModel.getSource()) ?? panel.content.codeMimetype;
    if (model.type === 'code' && model.mimeType !== wanted) {
      model.mimeType = wanted;
    }
  }

  function lookAtAll(): void {
    for (const model of panel.content.model?.cells ?? []) {
      if (!followed.has(model)) {
        followed.add(model);
        model.contentChanged.connect(look);
        model.mimeTypeChanged.connect(() => look(model)); // a kernel that starts sets its own language
      }
      look(model);
    }
  }

  void panel.context.ready.then(() => {
    panel.content.model?.cells.changed.connect(lookAtAll);
    lookAtAll();
  });
}

/** Completion in cells of another language and in files of flows, beside what the kernel knows. */

import { Completion, CompletionContext, CompletionSource, completeFromList } from '@codemirror/autocomplete';
import { EditorState } from '@codemirror/state';
import { CodeMirrorEditor } from '@jupyterlab/codemirror';
import {
  CONTEXT_PROVIDER_ID,
  CompletionHandler,
  CompletionProviderManager,
  ICompletionContext,
  ICompletionProvider,
  ICompletionProviderManager,
  KERNEL_PROVIDER_ID
} from '@jupyterlab/completer';
import { Text } from '@jupyterlab/coreutils';
import { DocumentWidget } from '@jupyterlab/docregistry';

import { request } from '../request';
import { IWindmillCell, read } from './cells';
import { IWord, inCaseOf, known, starting, wordBefore, wordsOf } from './words';

type Reply = CompletionHandler.ICompletionItemsReply;

const SQL = new Set(['postgresql', 'mysql', 'duckdb', 'sql', 'bigquery', 'snowflake', 'mssql', 'oracledb']);
const FLOW_FILE = /\.flow\.(ya?ml|json)$/;

interface ISuggested {
  start: number;
  items: { label: string; type: string; documentation: string }[];
}

/** Where the cursor is, among what is ours. */
interface IPlace {
  language: string; // `flow` for the document of one
  body: string;
  start: number;
}

export class CellCompletion implements ICompletionProvider {
  readonly identifier = 'flexwm-nb:cells';
  readonly rank = 1000; // above the words of the cell, which know no language
  readonly renderer = null;

  /** Only below our magics and in files of flows; Python is the kernel's as long as it listens. */
  async isApplicable(context: ICompletionContext): Promise<boolean> {
    const place = placeOf(context);
    return place !== null && (place.language !== 'python3' || context.session?.kernel?.status !== 'idle');
  }

  async fetch(asked: CompletionHandler.IRequest, context: ICompletionContext): Promise<Reply> {
    const place = placeOf(context);
    const at = Text.charIndexToJsIndex(asked.offset, asked.text);
    if (!place || at < place.start) {
      return { start: asked.offset, end: asked.offset, items: [] };
    }
    const [start, items] = place.language === 'flow' ? await ofFlow(place, at) : await ofLanguage(place, at, context);
    return { start: Text.jsIndexToCharIndex(start, asked.text), end: asked.offset, items };
  }
}

/**
 * Keep the kernel's names and Lab's own words out of the list where ours answers: neither knows what may stand there.
 * Everywhere else they stay. Lab has no ranks that exclude each other, so the two are asked only where ours is not.
 */
export function standAside(manager: ICompletionProviderManager, ours: ICompletionProvider): void {
  const others = manager instanceof CompletionProviderManager ? manager.getProviders() : new Map<string, ICompletionProvider>();
  for (const other of [others.get(KERNEL_PROVIDER_ID), others.get(CONTEXT_PROVIDER_ID)]) {
    if (other) {
      const asked = other.isApplicable.bind(other);
      other.isApplicable = async context => !(await ours.isApplicable(context)) && asked(context);
    }
  }
}

function placeOf({ editor, widget }: ICompletionContext): IPlace | null {
  const source = editor?.model.sharedModel.getSource();
  if (!editor || source === undefined) {
    return null;
  }
  if (widget instanceof DocumentWidget && FLOW_FILE.test(widget.context.path)) {
    return { language: 'flow', body: source, start: 0 };
  }
  const cell = read(source);
  const isBelow = cell !== null && editor.getOffsetAt(editor.getCursorPosition()) >= cell.start;
  return isBelow ? { ...cell, language: languageOf(cell) } : null;
}

function languageOf({ magic, language }: IWindmillCell): string {
  return magic === 'flow' && language === 'yaml' ? 'flow' : language === 'python' ? 'python3' : language;
}

/** What the server knows of flows, else the words of this one. */
async function ofFlow({ body, start }: IPlace, at: number): Promise<[number, Reply['items']]> {
  const given = { text: body, cursor: Text.jsIndexToCharIndex(at - start, body) };
  const found = await request<ISuggested>('complete', { method: 'POST', body: given });
  if (found.items.length) {
    return [start + Text.charIndexToJsIndex(found.start, body), found.items];
  }
  const written = wordBefore(body.slice(0, at - start));
  return [at - written.length, starting(written, wordsOf(body, at - start))];
}

/** What the editor's language, and the cell's own words, have. */
async function ofLanguage(place: IPlace, at: number, context: ICompletionContext): Promise<[number, Reply['items']]> {
  const { language, body, start } = place;
  const written = wordBefore(body.slice(0, at - start));
  const from = at - written.length;
  const editor = context.editor instanceof CodeMirrorEditor ? context.editor : null;
  const named = editor ? await offered(editor.state, at, from) : [];
  const options = SQL.has(language) ? named.map(({ label, type }) => ({ label: inCaseOf(label, written, body), type })) : named;
  const isMember = body[from - start - 1] === '.'; // of which a keyword is none
  return [from, starting(written, [...(isMember ? [] : known(language, body)), ...options, ...wordsOf(body, at - start)])];
}

/** What the sources of the editor's language offer for the word from there on. */
async function offered(state: EditorState, at: number, from: number): Promise<IWord[]> {
  const context = new CompletionContext(state, at, true);
  const sources = state.languageDataAt<CompletionSource | readonly (string | Completion)[]>('autocomplete', at);
  const asked = sources.map(source => (typeof source === 'function' ? source : completeFromList(source))(context));
  const found = await Promise.all(asked.map(answer => Promise.resolve(answer).catch(() => null)));
  return found
    .filter(result => result?.from === from)
    .flatMap(result => result!.options.map(({ label, apply, type }) => word(label, apply, type)));
}

function word(label: string, apply: Completion['apply'], type = 'text'): IWord {
  return { label, insertText: typeof apply === 'string' ? apply : label, type };
}

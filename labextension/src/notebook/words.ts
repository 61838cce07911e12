/** What the editor's own languages do not know: keywords of some, how a script begins, words of a text. Pure. */

const KEYWORDS: Readonly<Record<string, string>> = {
  go:
    'break case chan const continue default defer else fallthrough for func go goto if import interface map package ' +
    'range return select struct switch type var append cap close copy delete len make new panic print println recover ' +
    'bool byte error float32 float64 int int32 int64 rune string uint uint64 any true false nil',
  php:
    'abstract array as break callable case catch class const continue declare default do echo else elseif empty enum ' +
    'extends final finally fn for foreach function global if implements include instanceof interface isset list match ' +
    'namespace new null private protected public readonly require return static string int float bool switch throw ' +
    'trait try unset use var while yield true false',
  powershell:
    'begin break catch class continue data do else elseif end enum exit filter finally for foreach function if in ' +
    'param process return switch throw trap try until using while'
};

const TYPESCRIPT = 'export async function main(name: string) {\n  return name;\n}';

/** How a script begins in a language: what the engine calls. */
const MAINS: Readonly<Record<string, string>> = {
  python3: 'def main(name: str):\n    return name',
  bun: TYPESCRIPT,
  bunnative: TYPESCRIPT,
  deno: TYPESCRIPT,
  nativets: TYPESCRIPT,
  typescript: TYPESCRIPT,
  javascript: 'export async function main(name) {\n  return name;\n}',
  go: 'func main(name string) (interface{}, error) {\n\treturn name, nil\n}',
  php: 'function main(string $name) {\n    return $name;\n}'
};

export interface IWord {
  label: string;
  insertText?: string;
  type: string;
}

/** The keywords of a language that the editor only colours, and its beginning where there is none yet. */
export function known(language: string, body: string): IWord[] {
  const words = (KEYWORDS[language] ?? '').split(' ').filter(Boolean);
  const main = /\bmain\b/.test(body) ? undefined : MAINS[language];
  return [...(main ? [{ label: 'main…', insertText: main, type: 'snippet' }] : []), ...words.map(label => ({ label, type: 'keyword' }))];
}

/** The words of a text of at least three letters, but for the one at the cursor. */
export function wordsOf(body: string, cursor: number): IWord[] {
  const found = [...body.matchAll(/[\p{L}_$][\p{L}\p{N}_$]{2,}/gu)];
  const others = found.filter(({ index, 0: word }) => cursor < index || cursor > index + word.length);
  return [...new Set(others.map(([word]) => word))].map(label => ({ label, type: 'text' }));
}

/** The word that is being written before a cursor. */
export function wordBefore(text: string): string {
  return /[\p{L}\p{N}_$]*$/u.exec(text)?.[0] ?? '';
}

/** A keyword of SQL in the case in which people write here. */
export function inCaseOf(keyword: string, written: string, body: string): string {
  const sample = written || (/\b(select|from|insert|update|with)\b/i.exec(body)?.[0] ?? '');
  return sample && sample === sample.toUpperCase() && sample !== sample.toLowerCase() ? keyword.toUpperCase() : keyword;
}

/** Those that begin as what is written, each once, those that come first kept. */
export function starting(written: string, words: Iterable<IWord>): IWord[] {
  const found = new Map<string, IWord>();
  for (const word of words) {
    if (word.label.startsWith(written) && word.label !== written && !found.has(word.label)) {
      found.set(word.label, word);
    }
  }
  return [...found.values()];
}

/** What a cell's first line says about it. Pure. */

/** A cell that holds a script or flow: which, in what language, and where. */
export interface IWindmillCell {
  magic: 'script' | 'flow' | 'step';
  language: string;
  path: string;
  body: string;
  /** Where the body begins in the cell's text. */
  start: number;
}

// comments and empty lines may stand above the magic
const FIRST = /^(?:[ \t]*(?:#[^\n]*)?\n)*%%windmill_(script|flow|step)[ \t]+(.*?)[ \t]*(?:\n|$)/;

/** Languages as cells name them, and the MIME types by which an editor knows them. */
export const MIME_TYPES: Readonly<Record<string, string>> = {
  python3: 'text/x-python',
  python: 'text/x-python',
  bash: 'text/x-sh',
  bun: 'application/typescript',
  deno: 'application/typescript',
  nativets: 'application/typescript',
  bunnative: 'application/typescript',
  typescript: 'application/typescript',
  javascript: 'text/javascript',
  go: 'text/x-go',
  postgresql: 'text/x-pgsql',
  mysql: 'text/x-mysql',
  duckdb: 'text/x-sql',
  sql: 'text/x-sql',
  powershell: 'application/x-powershell',
  php: 'text/x-php',
  yaml: 'text/x-yaml'
};

/** Reads a cell's text; null for one that is not a script, flow or step of ours. */
export function read(source: string): IWindmillCell | null {
  const found = FIRST.exec(source);
  if (!found) {
    return null;
  }
  const [line, magic, rest] = found;
  const start = line.length;
  const body = source.slice(start);
  const words = rest.split(/\s+/).filter(word => word && !word.startsWith('-'));
  if (magic === 'script') {
    const [language, path] = words[0]?.includes('/') ? ['python3', words[0]] : [words[0] ?? '', words[1] ?? ''];
    return { magic, language, path, body, start };
  }
  if (magic === 'step') {
    const language = /(?:--lang(?:uage)?|-l)[= ]+(\S+)/.exec(rest)?.[1] ?? 'python3';
    return { magic, language, path: words[0] ?? '', body, start };
  }
  const looksLikePython = /^\s*(from|import|with|flow|def|@)\b/m.test(body) && !/^\s*(summary|value|modules)\s*:/m.test(body);
  return { magic: 'flow', language: looksLikePython ? 'python3' : 'yaml', path: words[0] ?? '', body, start };
}

/** The MIME type in which a cell is to be highlighted; null where it stays as the notebook has it. */
export function mimeType(source: string): string | null {
  const cell = read(source);
  return cell ? (MIME_TYPES[cell.language] ?? null) : null;
}

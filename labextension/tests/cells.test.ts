/** What a cell's first line says. */

import { describe, expect, it } from 'vitest';

import { mimeType, read } from '../src/notebook/cells';

describe('a cell', () => {
  it.each([
    ['%%windmill_script bash f/a/b --arg x=1\necho', 'bash', 'f/a/b', 'text/x-sh'],
    ['%%windmill_script f/a/b\ndef main(): ...', 'python3', 'f/a/b', 'text/x-python'],
    ['%%windmill_script typescript u/me/x\nexport', 'typescript', 'u/me/x', 'application/typescript'],
    ['%%windmill_script cobol u/me/x\n', 'cobol', 'u/me/x', null],
    ['%%windmill_flow f/a/b\nsummary: x\nvalue:\n  modules: []', 'yaml', 'f/a/b', 'text/x-yaml'],
    ['%%windmill_flow f/a/b\nwith Flow() as flow:\n    pass', 'python3', 'f/a/b', 'text/x-python'],
    ['# why\n\n%%windmill_script bash f/a/b\necho', 'bash', 'f/a/b', 'text/x-sh'],
    ['%%windmill_step load --language bash\necho', 'bash', 'load', 'text/x-sh']
  ])('%j', (source, language, path, mime) => {
    expect([read(source)?.language, read(source)?.path, mimeType(source)]).toEqual([language, path, mime]);
  });

  it.each(['', 'print(1)', '# %%windmill_script bash f/a/b', 'x = 1\n%%windmill_script bash f/a/b', '%windmill_run f/a/b'])('%j is none of ours', source => {
    expect([read(source), mimeType(source)]).toEqual([null, null]);
  });
});

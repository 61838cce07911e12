/** The lines of the sidebar. */

import { describe, expect, it } from 'vitest';

import { IJob, IScript } from '../src/documents';
import { IHeld, IShown, rows } from '../src/sidebar/rows';

const texts = {
  sections: { jobs: 'Jobs', scripts: 'Scripts', flows: 'Flows', schedules: 'Schedules', resources: 'Resources' },
  loading: 'loading…',
  nothing: 'nothing yet',
  noMatch: 'nothing matches',
  older: 'older…',
  more: (count: number) => `${count} more…`
};

function script(path: string, language = 'python3'): IScript {
  return { path, language, hash: '', summary: '', created_at: '' };
}

function job(id: string, more: Partial<IJob> = {}): IJob {
  return { type: 'CompletedJob', id, job_kind: 'script', script_path: 'f/a/b', created_by: '', created_at: '', tag: '', ...more };
}

function lines(held: IHeld, more: Partial<IShown> = {}): string[] {
  const shown = { held, open: new Set(['jobs', 'scripts', 'flows']), search: '', texts, ...more };
  return rows(shown).map(row => `${'  '.repeat(row.level - 1)}${row.label}${row.detail ? ` (${row.detail})` : ''}`);
}

describe('the list', () => {
  it('groups by the folders of paths', () => {
    const held = { scripts: [script('f/demo/etl'), script('u/ada/x', 'bash'), script('f/demo/deep/er/z')] };
    expect(lines(held).slice(2, 9)).toEqual([
      'Scripts (3)',
      '  f/demo',
      '    deep',
      '      er',
      '        z (python3)',
      '    etl (python3)',
      '  u/ada'
    ]);
  });

  it('hides what is in a closed folder, and nothing else', () => {
    const held = { scripts: [script('f/demo/deep/z'), script('f/demo/etl'), script('f/other/x')] };
    const open = new Set(['scripts', 'closed scripts:f/demo/deep']);
    expect(lines(held, { open }).slice(1, 7)).toEqual([
      'Scripts (3)',
      '  f/demo',
      '    deep',
      '    etl (python3)',
      '  f/other',
      '    x (python3)'
    ]);
  });

  it('finds every word, whatever is closed', () => {
    const held = { scripts: [script('f/demo/deep/z'), script('f/demo/etl', 'bash')] };
    const open = new Set(['scripts', 'closed scripts:f/demo']);
    expect(lines(held, { open, search: 'DEMO bash' }).slice(1, 4)).toEqual(['Scripts (1)', '  f/demo', '    etl (bash)']);
    expect(lines(held, { open, search: 'nowhere' })[2]).toBe('  nothing matches');
  });

  it('says what is not there yet, and what there is none of', () => {
    expect(lines({ flows: [] }).slice(0, 6)).toEqual([
      'Jobs',
      '  loading…',
      'Scripts',
      '  loading…',
      'Flows (0)',
      '  nothing yet'
    ]);
  });

  it('shows the jobs of a notebook alone', () => {
    const held = { jobs: [job('12345678-1'), job('abcdefgh-2', { script_path: null, job_kind: 'preview', language: 'bash' })] };
    expect(lines(held, { only: new Set(['abcdefgh-2']), older: true }).slice(0, 3)).toEqual([
      'Jobs (1+)',
      '  preview in bash (abcdefgh-2)',
      '  older…'
    ]);
  });

  it('lists few jobs until more are asked for', () => {
    const jobs = Array.from({ length: 5 }, (_, n) => job(`job-${n}`));
    expect(lines({ jobs }, { limit: 2 }).slice(0, 4)).toEqual(['Jobs (5)', '  f/a/b (job-0)', '  f/a/b (job-1)', '  3 more…']);
    expect(lines({ jobs }, { limit: 2, search: 'f/a' })[6]).toBe('Scripts');
  });

  it('is quick with ten thousand scripts', () => {
    const scripts = Array.from({ length: 10_000 }, (_, n) => script(`f/folder${n % 100}/script${n}`));
    expect(lines({ scripts }).length).toBe(10_000 + 100 + 2 + 5);
  });
});

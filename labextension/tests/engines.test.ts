/** Several engines at once: each is asked for what is its own, whichever is shown. */

import { beforeEach, describe, expect, it, vi } from 'vitest';

import { Actions } from '../src/actions';
import { Data } from '../src/data';
import { Engines } from '../src/engines';

const engine = (name: string, title: string) => ({ name, kind: 'local', title, workspace: 'demo', state: 'running', version: '1', problem: null });
const job = (id: string) => ({ type: 'QueuedJob', id, created_at: `2026-01-01T00:00:0${id.length}Z`, job_kind: 'script', script_hash: 'aa', script_path: 'f/a/b', running: true });

let asked: string[] = [];
let away: string[] = [];
let slow: { engine: string; until: Promise<void> } | null = null;
const jobs: Record<string, any[]> = { a: [job('one')], b: [job('two'), job('three')] };

vi.mock('@jupyterlab/apputils', () => ({ Notification: { error: vi.fn(), warning: vi.fn() }, Dialog: {}, showDialog: vi.fn() }));
vi.mock('@jupyterlab/notebook', () => ({ INotebookTracker: null, NotebookActions: {} }));
vi.mock('../src/request', async importOriginal => ({
  ...(await importOriginal<typeof import('../src/request')>()),
  request: async (path: string, options: any = {}) => {
    asked.push(`${options.method ?? 'GET'} ${path}`);
    if (path === 'engines') {
      return { version: '1', protocol: 1, engines: [engine('a', 'local engine'), engine('b', 'wm.example.org')] };
    }
    const [, name, rest] = /^e\/(\w+)\/(.*)$/.exec(path)!;
    if (slow?.engine === name) {
      await slow.until;
    }
    if (away.includes(name)) {
      throw new Error('away');
    }
    return rest.includes('list') ? jobs[name] : rest.includes('get/') ? { ...job('one'), args: { n: 1 } } : 'started';
  }
}));

const OPTIONS = { interval: 5000, slowest: 60_000, lists: 60_000, page: 50 };
let engines: Engines;
let data: Data;
let actions: Actions;
let opened: [string, string | undefined][];

beforeEach(async () => {
  [asked, away, slow, opened] = [[], [], null, []];
  vi.stubGlobal('document', { hidden: false, addEventListener: () => {} });
  engines = new Engines();
  await engines.look();
  data = new Data(engines, OPTIONS);
  actions = new Actions(engines, null, { __: (text: string) => text } as any);
  actions.panels = { job: (id, name) => opened.push([id, name]), form: () => {}, history: () => {} };
});

const changes = () => asked.filter(line => line.startsWith('POST'));

describe('what is done with a job', () => {
  it('reaches the engine that has it, though another one is shown', async () => {
    await actions.cancel(['two'], 'b');
    await actions.rerun('two', 'b');
    expect(changes()).toEqual(['POST e/b/api/w/demo/jobs_u/queue/cancel/two', 'POST e/b/api/w/demo/jobs/run/h/aa']);
    expect(opened).toEqual([['started', 'b']]);
  });

  it('stays with the engine that was shown when it began', async () => {
    const running = actions.run({ kind: 'script', script: { path: 'f/a/b' } } as any, {});
    engines.choose('b');
    await running;
    expect([changes(), opened]).toEqual([['POST e/a/api/w/demo/jobs/run/p/f/a/b'], [['started', 'a']]]);
  });

  it('is refused for an engine that is gone', async () => {
    await expect(engines.ask('version', { engine: 'c' })).rejects.toThrow('not there any more');
  });
});

describe("a notebook's jobs", () => {
  it.each([
    ['of the engine that is shown', ['one', 'two'], 'a'],
    ['of another one', ['three'], 'b'],
    ['of none', ['four'], undefined]
  ])('%s are found there', async (_, ids, name) => expect(await data.engineWith(new Set(ids))).toBe(name));

  it('that go on are found on all engines, and one that is away does not hinder', async () => {
    expect([...(await data.goingOn(new Set(['one', 'three', 'x'])))]).toEqual([['a', ['one']], ['b', ['three']]]);
    away = ['a'];
    expect([...(await data.goingOn(new Set(['one', 'three'])))]).toEqual([['b', ['three']]]);
    away = ['a', 'b'];
    await expect(data.goingOn(new Set(['one']))).rejects.toThrow('away');
  });

  it('are never shown under another engine, however late they come', async () => {
    await data.refresh();
    await vi.waitFor(() => expect(data.held.jobs).toEqual(jobs.a));
    let answer = () => {};
    slow = { engine: 'a', until: new Promise(resolve => (answer = resolve)) };
    const late = data.refresh();
    engines.choose('b');
    expect(data.held.jobs).toBeUndefined();
    await vi.waitFor(() => expect(data.held.jobs).toEqual(jobs.b));
    answer();
    await late;
    expect(data.held.jobs).toEqual(jobs.b);
  });
});

describe('engines that are not shown', () => {
  const look = () => (data as any)._look();
  const looks = () => asked.filter(line => line.includes('jobs/list')).map(line => /e\/(\w)/.exec(line)![1]).join('');

  it('are looked at in place of every third look', async () => {
    for (let turn = 0; turn < 6; turn++) await look();
    expect(looks()).toMatch(/^aab(aa|aab)$/);
    expect([data.goingOf('a'), data.goingOf('b')]).toEqual([1, 2]);
  });

  it('tell of the end of a job once, with its engine', async () => {
    const ended: string[] = [];
    data.ended.connect((_, { job: { id }, engine: name }) => ended.push(`${id} ${name}`));
    for (let turn = 0; turn < 3; turn++) await look();
    const before = jobs.b;
    jobs.b = [{ ...job('two'), type: 'CompletedJob', success: true }, job('three')];
    for (let turn = 0; turn < 9; turn++) await look();
    jobs.b = before;
    expect([ended, data.goingOf('b')]).toEqual([['two b'], 1]);
  });
});

describe('the settings', () => {
  it.each([
    ['', 'a', ''],
    ['wm.example.org', 'b', ''],
    ['b', 'b', ''],
    ['elsewhere', 'a', 'elsewhere']
  ])('prefer the engine %j', (wanted, shown, missing) => {
    engines.prefer(wanted);
    expect([engines.current?.name, engines.missing]).toEqual([shown, missing]);
  });

  it('count again when they are changed after a choice by hand', () => {
    engines.choose('a');
    engines.prefer('b');
    expect(engines.current?.name).toBe('b');
  });

  it('say how many jobs are read, and how often', async () => {
    const poll = (data as any)._poll;
    data.options = { ...OPTIONS, interval: 90_000, page: 200 };
    expect([poll.frequency.interval, poll.frequency.max]).toEqual([90_000, 90_000]);
    data.options = { ...OPTIONS, slowest: 600_000 };
    expect([poll.frequency.interval, poll.frequency.max]).toEqual([5000, 600_000]);
    await vi.waitFor(() => expect(asked.some(line => line.includes('jobs/list'))).toBe(true));
  });

  it('say how often scripts are read beside the jobs', async () => {
    data.want(['scripts']);
    const read = () => asked.filter(line => line.includes('scripts/list')).length;
    const look = () => (data as any)._look();
    await look();
    const before = read();
    await look();
    expect(read()).toBe(before);
    (data as any)._listsDue = Date.now() - 1;
    await look();
    expect(read()).toBe(before + 1);
  });
});

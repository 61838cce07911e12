/** A stream that breaks off is taken up again; one that has ended, or that is refused, is not. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { follow } from '../src/feed';

const PROBLEM = { code: 'engine-unreachable', what: 'The engine cannot be reached', why: null, remedy: null };
const stream = (...changes: unknown[]) => new Response(changes.map(change => `data: ${JSON.stringify(change)}\n\n`).join(''));
const refusal = (status: number) => new Response(JSON.stringify({ problem: PROBLEM }), { status });

let answers: Response[] = [];
vi.mock('../src/request', async importOriginal => ({
  ...(await importOriginal<typeof import('../src/request')>()),
  send: async () => answers.shift()!
}));

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

async function followed(...given: Response[]): Promise<[unknown[], [string, boolean][]]> {
  answers = given;
  const changes: unknown[] = [];
  const troubles: [string, boolean][] = [];
  const done = follow('feed', new AbortController().signal, {
    change: change => changes.push(change),
    trouble: (error, again) => troubles.push([error.problem.what, again])
  });
  await Promise.all([done, vi.runAllTimersAsync()]);
  return [changes, troubles];
}

const END = { end: true };
const STATE = { set: { state: 'running' } };

describe('a stream', () => {
  it.each([
    ['to its end', [stream(STATE, END)], [STATE, END], []],
    ['past a break that the server names', [stream(STATE, { broken: PROBLEM }), refusal(503), stream(END)], [STATE, END], [[PROBLEM.what, true], [PROBLEM.what, true]]],
    ['past one that it does not', [stream(STATE), stream(END)], [STATE, END], []],
    ['until it is refused', [refusal(404)], [], [[PROBLEM.what, false]]]
  ])('is followed %s', async (_, given, changes, troubles) => {
    expect(await followed(...(given as Response[]))).toEqual([changes, troubles]);
  });
});

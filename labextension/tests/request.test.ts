/** Errors of requests: the server's own words, or what can be said without them. */

import { describe, expect, it } from 'vitest';

import { failure } from '../src/request';

const PROBLEM = { code: 'engine-error', what: 'It does not run', why: null, remedy: 'Start it' };

describe('an answer that is no success', () => {
  it.each([
    ['a problem of ours', 503, JSON.stringify({ problem: PROBLEM }), 'It does not run', 'Start it'],
    ['text of the engine', 400, 'Bad request: no such tag', 'Bad request: no such tag', null],
    ['an expired login', 403, '<html>log in</html>', 'The answer has status 403', 'Log in again: reload this page'],
    ['a missing extension', 404, '<html>nothing</html>', 'The answer has status 404', 'Restart the Jupyter server']
  ])('%s', (_, status, text, what, remedy) => {
    const error = failure(status, text);
    expect([error.problem.what, error.problem.remedy, error.status]).toEqual([what, remedy, status]);
  });
});

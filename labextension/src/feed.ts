/** A stream of changes from the Jupyter server, taken up again where it broke off. */

import { IProblem, IRequestOptions, RequestFailed, failure, send } from './request';

const FIRST_WAIT = 500; // milliseconds
const UNAVAILABLE = 503; // the status of what may be there again later
const LONGEST_WAIT = 15_000; // milliseconds

/** One change of a view's state: values to set, values to merge into one of them, more of the log. */
export interface IChange {
  set?: Record<string, unknown>;
  merge?: Record<string, Record<string, unknown>>;
  log?: Record<string, unknown>;
  /** Nothing comes after it. */
  end?: boolean;
  /** Why nothing comes after it for now. */
  broken?: IProblem;
}

export interface IFollower {
  change(change: IChange): void;
  /** The stream broke off and is tried again, or cannot be had at all. */
  trouble(error: RequestFailed, again: boolean): void;
}

/** Follow a stream to its end, or until the signal says so. Each connection begins with the whole state. */
export async function follow(path: string, signal: AbortSignal, follower: IFollower): Promise<void> {
  let wait = FIRST_WAIT;
  while (!signal.aborted) {
    try {
      for await (const change of changes(path, { signal })) {
        if (change.broken) {
          throw new RequestFailed(change.broken, UNAVAILABLE);
        }
        wait = FIRST_WAIT;
        follower.change(change);
        if (change.end) {
          return;
        }
      }
    } catch (error) {
      if (signal.aborted) {
        return;
      }
      const known = error instanceof RequestFailed ? error : broken(error);
      const again = known.status === 0 || known.status >= 500;
      follower.trouble(known, again);
      if (!again) {
        return;
      }
    }
    await new Promise(resolve => setTimeout(resolve, wait));
    wait = Math.min(wait * 2, LONGEST_WAIT);
  }
}

async function* changes(path: string, options: IRequestOptions): AsyncGenerator<IChange> {
  const response = await send(path, options);
  if (!response.ok || !response.body) {
    throw failure(response.status, await response.text());
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      return;
    }
    const lines = (rest + value).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith('data: ')) {
        yield JSON.parse(line.slice('data: '.length)) as IChange;
      }
    }
  }
}

function broken(error: unknown): RequestFailed {
  const why = error instanceof Error ? error.message : String(error);
  return new RequestFailed({ code: 'stream-broken', what: 'The connection broke off', why, remedy: null }, 0);
}

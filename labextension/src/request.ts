/** Requests to the Jupyter server, which hands them on to the engine. */

import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

/** What went wrong, why, and the one next step. */
export interface IProblem {
  code: string;
  what: string;
  why: string | null;
  remedy: string | null;
}

/** A request that was not answered as hoped. */
export class RequestFailed extends Error {
  constructor(
    readonly problem: IProblem,
    readonly status: number
  ) {
    super([problem.what, problem.why].filter(Boolean).join(': '));
  }
}

export type Query = Record<string, string | number | boolean | undefined>;

export interface IRequestOptions {
  method?: 'GET' | 'POST' | 'DELETE';
  query?: Query;
  body?: unknown;
  signal?: AbortSignal;
}

/** Where something of this extension is below the Jupyter server's address. */
export function address(path: string, query: Query = {}): string {
  const settings = ServerConnection.makeSettings();
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return URLExt.join(settings.baseUrl, 'flexwm', path) + (search ? `?${search}` : '');
}

/** Ask, and read the answer as JSON; text that is no JSON stays text. Throws RequestFailed. */
export async function request<T>(path: string, options: IRequestOptions = {}): Promise<T> {
  const response = await send(path, options);
  const text = await response.text();
  if (!response.ok) {
    throw failure(response.status, text);
  }
  return parse(text) as T;
}

/** Ask, and leave the answer's body to the caller. Throws RequestFailed when nothing answers. */
export async function send(path: string, options: IRequestOptions = {}): Promise<Response> {
  const init: RequestInit = { method: options.method ?? 'GET', signal: options.signal };
  if (options.body !== undefined) {
    init.body = JSON.stringify(options.body);
    init.headers = { 'Content-Type': 'application/json' };
  }
  try {
    return await ServerConnection.makeRequest(address(path, options.query), init, ServerConnection.makeSettings());
  } catch (error) {
    if (options.signal?.aborted) {
      throw error;
    }
    throw new RequestFailed(
      {
        code: 'server-unreachable',
        what: 'The Jupyter server does not answer',
        why: null,
        remedy: 'Check that it runs, then reload this page'
      },
      0
    );
  }
}

/** The error of an answer that is none: the server's own words where it gave some. */
export function failure(status: number, text: string): RequestFailed {
  const found = parse(text);
  if (typeof found === 'object' && found !== null && 'problem' in found) {
    return new RequestFailed((found as { problem: IProblem }).problem, status);
  }
  const remedy =
    status === 403 ? 'Log in again: reload this page' : status === 404 ? 'Restart the Jupyter server' : null;
  const said = typeof found === 'string' && found.trim() && !found.includes('<') ? found.trim() : null;
  return new RequestFailed({ code: `status-${status}`, what: said ?? `The answer has status ${status}`, why: null, remedy }, status);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The engines that the Jupyter server knows, and the one that is shown. */

import { ISignal, Signal } from '@lumino/signaling';

import { IProblem, IRequestOptions, RequestFailed, request } from './request';

export type EngineState = 'running' | 'stopped' | 'unusable';

/** An engine, as the Jupyter server tells of it. */
export interface IEngine {
  name: string;
  kind: string;
  title: string;
  workspace: string;
  state: EngineState;
  version: string | null;
  problem: IProblem | null;
}

interface IEngines {
  version: string;
  protocol: number;
  engines: IEngine[];
}

/** A request to an engine: the named one, else the one that is shown. */
export interface IAskOptions extends IRequestOptions {
  engine?: string;
}

/** The protocol that this page speaks with the Jupyter server's half of the extension. */
export const PROTOCOL = 1;

/** Knows which engines there are; everything that shows something of one follows `changed`. */
export class Engines {
  private _changed = new Signal<this, void>(this);
  private _all: IEngine[] = [];
  private _chosen = '';
  private _preferred = '';
  private _problem: IProblem | null = null;
  private _looking: Promise<void> | null = null;

  /** Emitted when the engines, their states or the choice have changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get all(): readonly IEngine[] {
    return this._all;
  }

  /** The engine that is shown; undefined until the first look. */
  get current(): IEngine | undefined {
    return (
      this._all.find(engine => engine.name === this._chosen) ??
      this._all.find(engine => this._preferred && [engine.name, engine.title].includes(this._preferred)) ??
      this._all[0]
    );
  }

  /** The engines that run beside the one that is shown. */
  get others(): IEngine[] {
    const shown = this.current?.name;
    return this._all.filter(({ name, state }) => state === 'running' && name !== shown);
  }

  /** Why there is nothing to show, if so. */
  get problem(): IProblem | null {
    return this._problem ?? this.current?.problem ?? null;
  }

  /** The preferred engine where there is no such one. */
  get missing(): string {
    const isThere = this._all.some(engine => [engine.name, engine.title].includes(this._preferred));
    return this._all.length && !isThere ? this._preferred : '';
  }

  /** What tells an engine from the others; nothing where there are no others. */
  label(name: string): string {
    const engine = this._all.length > 1 ? this.find(name) : undefined;
    return engine ? `${engine.title} · ${engine.workspace}` : '';
  }

  /** An engine by its name; the one that is shown where none is named. */
  find(name = ''): IEngine | undefined {
    return name ? this._all.find(engine => engine.name === name) : this.current;
  }

  /** Prefer an engine by its name or host, until another one is chosen by hand. */
  prefer(name: string): void {
    if (name !== this._preferred) {
      this._preferred = name;
      this._chosen = '';
      this._changed.emit();
    }
  }

  /** Show another engine. */
  choose(name: string): void {
    this._chosen = name;
    this._changed.emit();
  }

  /** Ask which engines there are; many callers at once share one request. */
  look(): Promise<void> {
    this._looking ??= this._look().finally(() => {
      this._looking = null;
    });
    return this._looking;
  }

  /** Start the local engine. */
  async start(): Promise<void> {
    try {
      await request('engines/local/start', { method: 'POST' });
      this._problem = null;
    } catch (error) {
      this._problem = problemOf(error);
    }
    await this.look();
  }

  /** Ask an engine. Throws RequestFailed; looks anew where the engine went away. */
  async ask<T>(path: string, { engine: name, ...options }: IAskOptions = {}): Promise<T> {
    const engine = this.find(name);
    if (!engine) {
      const what = name ? 'The engine is not there any more' : 'There is no engine';
      throw new RequestFailed({ code: 'no-engine', what, why: null, remedy: null }, 0);
    }
    try {
      return await request<T>(`e/${engine.name}/api/w/${engine.workspace}/${path}`, options);
    } catch (error) {
      if (error instanceof RequestFailed && [0, 502, 503].includes(error.status)) {
        void this.look();
      }
      throw error;
    }
  }

  private async _look(): Promise<void> {
    const before = JSON.stringify([this._all, this._problem]);
    try {
      const found = await request<IEngines>('engines');
      this._problem = found.protocol === PROTOCOL ? null : otherVersion(found);
      this._all = found.engines;
    } catch (error) {
      this._problem = problemOf(error);
      this._all = this._all.map(engine => ({ ...engine, state: 'unusable' }));
    }
    if (JSON.stringify([this._all, this._problem]) !== before) {
      this._changed.emit();
    }
  }
}

/** What is wrong, of an error of any kind. */
export function problemOf(error: unknown): IProblem {
  if (error instanceof RequestFailed) {
    return error.problem;
  }
  const what = error instanceof Error ? error.message : String(error);
  return { code: 'error', what, why: null, remedy: null };
}

function otherVersion(found: IEngines): IProblem {
  return {
    code: 'version',
    what: `This page and flexwm-nb ${found.version} on the server do not fit`,
    why: null,
    remedy: found.protocol > PROTOCOL ? 'Reload this page' : 'Restart the Jupyter server'
  };
}

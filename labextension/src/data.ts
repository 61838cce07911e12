/** What an engine has, kept fresh while the page is in sight: its jobs always, the rest where it is shown. */

import { Poll } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';

import { IJob, isDone } from './documents';
import { Engines, problemOf } from './engines';
import { IProblem } from './request';
import { IHeld, SectionName } from './sidebar/rows';

const MOST = 10_000; // items of a section that are read at once
const KINDS = 'script,preview,flow,flowpreview,singlestepflow'; // what people start; not a flow's steps
const LISTS: Record<Exclude<SectionName, 'jobs'>, string> = {
  scripts: 'scripts/list',
  flows: 'flows/list',
  schedules: 'schedules/list',
  resources: 'resources/list'
};
const SLOWER = 12; // looks at jobs for one at everything else

export interface IDataOptions {
  /** Milliseconds between two looks at the jobs. */
  interval: number;
  /** Jobs that are read at once. */
  page: number;
}

export class Data {
  readonly held: IHeld = {};
  problem: IProblem | null = null;
  /** Whether the engine has jobs older than those that are held. */
  older = false;

  private _changed = new Signal<this, void>(this);
  private _poll: Poll;
  private _wanted = new Set<SectionName>();
  private _shown = '';
  private _looks = 0;
  private _readingOlder = false;

  constructor(
    private _engines: Engines,
    private _options: IDataOptions
  ) {
    this._poll = new Poll({
      name: 'flexwm-nb:jobs',
      frequency: { interval: _options.interval, backoff: true, max: 60_000 },
      standby: 'when-hidden',
      factory: () => this._look()
    });
    _engines.changed.connect(() => this._engineChanged());
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** How often, and how many. */
  set options(options: IDataOptions) {
    this._options = options;
    this._poll.frequency = { ...this._poll.frequency, interval: options.interval };
  }

  /** Read these sections from now on, beside the jobs. */
  want(sections: Iterable<SectionName>): void {
    const before = this._wanted;
    this._wanted = new Set(sections);
    for (const name of this._wanted) {
      if (!before.has(name)) {
        void this._read(name);
      }
    }
  }

  /** The jobs that have not ended, among those that are held. */
  get going(): readonly IJob[] {
    return (this.held.jobs ?? []).filter(job => !isDone(job));
  }

  /** Look at everything once more, now. */
  async refresh(): Promise<void> {
    this._looks = 0;
    await this._engines.look();
    await this._poll.refresh();
  }

  /** Read the jobs before those that are held. */
  async readOlder(): Promise<void> {
    const jobs = this.held.jobs;
    if (!jobs?.length || !this.older || this._readingOlder) {
      return;
    }
    this._readingOlder = true;
    try {
      const before = jobs[jobs.length - 1].created_at;
      const found = await this._jobs({ created_before: before });
      const known = new Set(jobs.map(job => job.id));
      const fresh = found.filter(job => !known.has(job.id));
      this.held.jobs = [...jobs, ...fresh];
      this.older = fresh.length > 0 && found.length >= this._options.page;
      this._changed.emit();
    } catch (error) {
      this._fail(error);
    } finally {
      this._readingOlder = false;
    }
  }

  private async _look(): Promise<void> {
    if (!this._engines.current || this._engines.current.state !== 'running') {
      await this._engines.look();
    }
    if (this._engines.current?.state !== 'running') {
      return;
    }
    const others = this._looks++ % SLOWER === 0 ? [...this._wanted] : [];
    await Promise.all([this._readJobs(), ...others.map(name => this._read(name))]);
    if (this.problem) {
      throw new Error(this.problem.what); // so that the next look comes later
    }
  }

  private async _readJobs(): Promise<void> {
    try {
      const found = await this._jobs({});
      const kept = merged(this.held.jobs ?? [], found);
      this.older = kept.length > found.length ? this.older : found.length >= this._options.page;
      const same = JSON.stringify(kept) === JSON.stringify(this.held.jobs);
      this.held.jobs = kept;
      this._succeed(!same);
    } catch (error) {
      this._fail(error);
    }
  }

  private _jobs(query: Record<string, string>): Promise<IJob[]> {
    const given = { per_page: this._options.page, job_kinds: KINDS, has_null_parent: true, ...query };
    return this._engines.ask<IJob[]>('jobs/list', { query: given });
  }

  private async _read(section: SectionName): Promise<void> {
    if (section === 'jobs' || this._engines.current?.state !== 'running') {
      return;
    }
    try {
      const found = await this._engines.ask<any[]>(LISTS[section], { query: { per_page: MOST } });
      const changed = JSON.stringify(found) !== JSON.stringify(this.held[section]);
      this.held[section] = found;
      this._succeed(changed);
    } catch (error) {
      this._fail(error);
    }
  }

  private _succeed(changed: boolean): void {
    if (changed || this.problem) {
      this.problem = null;
      this._changed.emit();
    }
  }

  private _fail(error: unknown): void {
    this.problem = problemOf(error);
    this._changed.emit();
  }

  private _engineChanged(): void {
    const engine = this._engines.current;
    const shown = engine ? `${engine.name} ${engine.state}` : '';
    if (shown !== this._shown) {
      this._shown = shown;
      this.problem = null;
      if (engine?.state === 'running') {
        for (const name of Object.keys(this.held) as SectionName[]) {
          delete this.held[name];
        }
        this._looks = 0;
        void this._poll.refresh();
      }
    }
    this._changed.emit();
  }
}

/** The newest jobs before those that were known already; what was read anew counts. */
export function merged(known: readonly IJob[], fresh: readonly IJob[]): IJob[] {
  if (!fresh.length) {
    return [];
  }
  const oldest = fresh[fresh.length - 1].created_at;
  const ids = new Set(fresh.map(job => job.id));
  return [...fresh, ...known.filter(job => job.created_at <= oldest && !ids.has(job.id))];
}

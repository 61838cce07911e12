/** What an engine has, kept fresh while the page is in sight: its jobs always, the rest where it is shown; of other engines what runs. */

import { Poll } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';

import { IJob, isDone } from './documents';
import { Engines, problemOf } from './engines';
import { IProblem } from './request';
import { IHeld, SectionName } from './sidebar/rows';

const TURN = 3; // every such look goes to an engine that is not shown
const NEWS = 4; // every such turn asks which engines there are
const MOST = 10_000; // items of a section that are read at once
const KINDS = 'script,preview,flow,flowpreview,singlestepflow'; // what people start; not a flow's steps
const LISTS: Record<Exclude<SectionName, 'jobs'>, string> = {
  scripts: 'scripts/list',
  flows: 'flows/list',
  schedules: 'schedules/list',
  resources: 'resources/list'
};

export interface IDataOptions {
  /** Milliseconds between two looks at the jobs. */
  interval: number;
  /** Milliseconds between two looks at most, where the engine does not answer. */
  slowest: number;
  /** Milliseconds between two looks at everything else. */
  lists: number;
  /** Jobs that are read at once. */
  page: number;
}

/** A job whose end was seen, and its engine's name. */
export interface IEnded {
  job: IJob;
  engine: string;
}

export class Data {
  readonly held: IHeld = {};
  problem: IProblem | null = null;
  /** Whether the engine has jobs older than those that are held. */
  older = false;

  private _changed = new Signal<this, void>(this);
  private _ended = new Signal<this, IEnded>(this);
  private _running = new Map<string, Set<string>>(); // ids of jobs that had not ended when their engine was looked at
  private _turn = 0;
  private _asked = false; // somebody wants to see the shown engine now
  private _poll: Poll;
  private _wanted = new Set<SectionName>();
  private _shown = '';
  private _listsDue = 0;
  private _readingOlder = false;

  constructor(
    private _engines: Engines,
    private _options: IDataOptions
  ) {
    this._poll = new Poll({
      name: 'flexwm-nb:jobs',
      frequency: frequency(_options),
      standby: 'when-hidden',
      factory: () => this._look()
    });
    _engines.changed.connect(() => this._engineChanged());
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emitted for each job that was seen running and has ended, whichever engine is shown. */
  get ended(): ISignal<this, IEnded> {
    return this._ended;
  }

  /** How many jobs went on when the engine of that name was last looked at. */
  goingOf(engine: string): number {
    return this._running.get(engine)?.size ?? 0;
  }

  /** How often, and how many. */
  set options(options: IDataOptions) {
    if (JSON.stringify(options) !== JSON.stringify(this._options)) {
      this._options = options;
      this._poll.frequency = frequency(options);
      void this.refresh();
    }
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
    this._listsDue = 0;
    this._asked = true;
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
    const engine = this._engines.current?.name;
    try {
      const before = jobs[jobs.length - 1].created_at;
      const found = await this._jobs({ created_before: before });
      if (engine !== this._engines.current?.name) {
        return; // another one is shown meanwhile
      }
      const known = new Set(jobs.map(job => job.id));
      const fresh = found.filter(job => !known.has(job.id));
      this.held.jobs = [...jobs, ...fresh];
      this.older = fresh.length > 0 && found.length >= this._options.page;
      this._changed.emit();
    } catch (error) {
      this._fail(error, engine);
    } finally {
      this._readingOlder = false;
    }
  }

  /** Which engine has some of these jobs among its newest: the one that is shown, if it has. */
  async engineWith(ids: ReadonlySet<string>): Promise<string | undefined> {
    const running = this._engines.all.filter(({ state }) => state === 'running').map(({ name }) => name);
    const shown = this._engines.current?.name;
    for (const engine of running.sort((a, b) => Number(b === shown) - Number(a === shown))) {
      const jobs = engine === shown && this.held.jobs ? this.held.jobs : await this._jobs({}, engine).catch(() => []);
      if (jobs.some(({ id }) => ids.has(id))) {
        return engine;
      }
    }
    return undefined;
  }

  /** Those of these jobs that have not ended, by the engines that have them. Throws RequestFailed where none answers. */
  async goingOn(ids: ReadonlySet<string>): Promise<Map<string, string[]>> {
    const running = this._engines.all.filter(({ state }) => state === 'running');
    const found = new Map<string, string[]>();
    let failed: unknown = null;
    for (const { name } of ids.size ? running : []) {
      try {
        const jobs = await this._engines.ask<IJob[]>('jobs/queue/list', { query: { per_page: MOST }, engine: name });
        found.set(name, jobs.map(({ id }) => id).filter(id => ids.has(id)));
      } catch (error) {
        failed = error;
      }
    }
    if (failed && !found.size) {
      throw failed;
    }
    return found;
  }

  private async _look(): Promise<void> {
    if (!this._engines.current || this._engines.current.state !== 'running') {
      await this._engines.look();
    }
    if ((await this._lookElsewhere()) || this._engines.current?.state !== 'running') {
      return;
    }
    const now = Date.now();
    const others = now >= this._listsDue ? [...this._wanted] : [];
    if (others.length) {
      this._listsDue = now + this._options.lists;
    }
    await Promise.all([this._readJobs(), ...others.map(name => this._read(name))]);
    if (this.problem) {
      throw new Error(this.problem.what); // so that the next look comes later
    }
  }

  /** In place of every third look, one at an engine that is not shown, so that many engines cost no more requests. */
  private async _lookElsewhere(): Promise<boolean> {
    const isWanted = this._asked || (this._wanted.size > 0 && Date.now() >= this._listsDue);
    this._asked = false;
    this._turn += isWanted ? 0 : 1;
    if (isWanted || this._turn % TURN) {
      return false;
    }
    const turn = this._turn / TURN;
    if (turn % NEWS === 0) {
      await this._engines.look();
      return true;
    }
    const { others } = this._engines;
    const other = others[turn % Math.max(others.length, 1)];
    if (!other) {
      return false;
    }
    const before = this.goingOf(other.name);
    const found = await this._jobs({}, other.name).catch(() => null);
    if (found) {
      this._note(other.name, found);
    }
    if (this.goingOf(other.name) !== before) {
      this._changed.emit();
    }
    return true;
  }

  /** Remember which jobs go on, and tell of those that have ended. */
  private _note(engine: string, jobs: readonly IJob[]): void {
    const before = this._running.get(engine);
    this._running.set(engine, new Set(jobs.filter(job => !isDone(job)).map(({ id }) => id)));
    for (const job of jobs) {
      if (isDone(job) && before?.has(job.id)) {
        this._ended.emit({ job, engine });
      }
    }
  }

  private async _readJobs(): Promise<void> {
    const engine = this._engines.current?.name;
    try {
      const found = await this._jobs({});
      if (engine !== this._engines.current?.name) {
        return;
      }
      const kept = merged(this.held.jobs ?? [], found);
      this.older = kept.length > found.length ? this.older : found.length >= this._options.page;
      this._note(engine ?? '', found);
      const same = JSON.stringify(kept) === JSON.stringify(this.held.jobs);
      this.held.jobs = kept;
      this._succeed(!same);
    } catch (error) {
      this._fail(error, engine);
    }
  }

  private _jobs(query: Record<string, string>, engine?: string): Promise<IJob[]> {
    const given = { per_page: this._options.page, job_kinds: KINDS, has_null_parent: true, ...query };
    return this._engines.ask<IJob[]>('jobs/list', { query: given, engine });
  }

  private async _read(section: SectionName): Promise<void> {
    if (section === 'jobs' || this._engines.current?.state !== 'running') {
      return;
    }
    const engine = this._engines.current.name;
    try {
      const found = await this._engines.ask<any[]>(LISTS[section], { query: { per_page: MOST }, engine });
      if (engine !== this._engines.current.name) {
        return;
      }
      const changed = JSON.stringify(found) !== JSON.stringify(this.held[section]);
      this.held[section] = found;
      this._succeed(changed);
    } catch (error) {
      this._fail(error, engine);
    }
  }

  private _succeed(changed: boolean): void {
    if (changed || this.problem) {
      this.problem = null;
      this._changed.emit();
    }
  }

  private _fail(error: unknown, engine?: string): void {
    if (engine === this._engines.current?.name) {
      this.problem = problemOf(error);
      this._changed.emit();
    }
  }

  private _engineChanged(): void {
    const engine = this._engines.current;
    const shown = engine ? `${engine.name} ${engine.state}` : '';
    if (shown !== this._shown) {
      const isAnother = shown.split(' ')[0] !== this._shown.split(' ')[0];
      this._shown = shown;
      this.problem = null;
      if (isAnother || engine?.state === 'running') {
        for (const name of Object.keys(this.held) as SectionName[]) {
          delete this.held[name];
        }
        this.older = false;
      }
      if (engine?.state === 'running') {
        this._listsDue = 0;
        void this._poll.refresh();
      }
    }
    this._changed.emit();
  }
}

function frequency({ interval, slowest }: IDataOptions): { interval: number; backoff: boolean; max: number } {
  return { interval, backoff: true, max: Math.max(interval, slowest) };
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

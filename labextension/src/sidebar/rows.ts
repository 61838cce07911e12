/** What the sidebar's one long list consists of: sections, folders and what is in them, as far as they are open. Pure. */

import { IFlow, IJob, IResource, ISchedule, IScript, JobState, nameOf, short, stateOf } from '../documents';

export type SectionName = 'jobs' | 'scripts' | 'flows' | 'schedules' | 'resources';
export const SECTIONS: readonly SectionName[] = ['jobs', 'scripts', 'flows', 'schedules', 'resources'];

/** What is known of a section: undefined as long as it was not asked for. */
export interface IHeld {
  jobs?: readonly IJob[];
  scripts?: readonly IScript[];
  flows?: readonly IFlow[];
  schedules?: readonly ISchedule[];
  resources?: readonly IResource[];
}

export type Item =
  | { kind: 'job'; job: IJob }
  | { kind: 'script'; script: IScript }
  | { kind: 'flow'; flow: IFlow }
  | { kind: 'schedule'; schedule: ISchedule }
  | { kind: 'resource'; resource: IResource };

/** One line of the list. */
export interface IRow {
  key: string;
  kind: 'section' | 'folder' | 'note' | Item['kind'];
  level: number;
  label: string;
  detail: string;
  title: string;
  open?: boolean;
  state?: JobState;
  item?: Item;
}

/** What decides which lines there are. */
export interface IShown {
  held: IHeld;
  open: ReadonlySet<string>;
  search: string;
  /** Only these jobs, if set: those of a notebook. */
  only?: ReadonlySet<string> | null;
  /** Whether there are older jobs to be read. */
  older?: boolean;
  /** How many jobs are listed while nothing is searched for; all of them where it is not set. */
  limit?: number;
  texts: ITexts;
}

export interface ITexts {
  sections: Record<SectionName, string>;
  loading: string;
  nothing: string;
  noMatch: string;
  older: string;
  more(count: number): string;
}

/** All lines, in order. */
export function rows(shown: IShown): IRow[] {
  return SECTIONS.flatMap(name => section(name, shown));
}

function section(name: SectionName, shown: IShown): IRow[] {
  const found = leaves(name, shown);
  const open = shown.open.has(name);
  const head: IRow = {
    key: name,
    kind: 'section',
    level: 1,
    label: shown.texts.sections[name],
    detail: found ? String(found.length) + (name === 'jobs' && shown.older ? '+' : '') : '',
    title: shown.texts.sections[name],
    open
  };
  if (!open) {
    return [head];
  }
  if (!found) {
    return [head, note(`${name}/`, shown.texts.loading)];
  }
  if (!found.length) {
    const narrowed = shown.search || (name === 'jobs' && shown.only);
    return [head, note(`${name}/`, narrowed ? shown.texts.noMatch : shown.texts.nothing)];
  }
  if (name === 'jobs') {
    const limit = shown.search || shown.only ? Infinity : (shown.limit ?? Infinity);
    if (found.length > limit) {
      return [head, ...found.slice(0, limit), note('jobs/more', shown.texts.more(found.length - limit))];
    }
    return [head, ...found, ...(shown.older ? [note('jobs/older', shown.texts.older)] : [])];
  }
  return [head, ...tree(name, found, shown)];
}

/** The lines of a section's items that the search finds, undefined where the section was not read yet. */
function leaves(name: SectionName, shown: IShown): IRow[] | undefined {
  const words = shown.search.toLowerCase().split(/\s+/).filter(Boolean);
  const matches = (row: IRow): boolean => {
    const text = `${row.title} ${row.label} ${row.detail}`.toLowerCase();
    return words.every(word => text.includes(word));
  };
  const { held } = shown;
  switch (name) {
    case 'jobs':
      return held.jobs
        ?.filter(job => !shown.only || shown.only.has(job.id))
        .map(jobRow)
        .filter(matches);
    case 'scripts':
      return held.scripts?.map(scriptRow).filter(matches);
    case 'flows':
      return held.flows?.map(flowRow).filter(matches);
    case 'schedules':
      return held.schedules?.map(scheduleRow).filter(matches);
    case 'resources':
      return held.resources?.map(resourceRow).filter(matches);
  }
}

/** Paths as folders. While something is searched for every folder is open. */
function tree(name: SectionName, leaves: IRow[], shown: IShown): IRow[] {
  const made: IRow[] = [];
  let before: string[] = [];
  let closedAt = Infinity;
  for (const leaf of [...leaves].sort((a, b) => (a.title < b.title ? -1 : a.title > b.title ? 1 : 0))) {
    const parts = leaf.title.split('/');
    const folders = parts.length > 2 ? [parts.slice(0, 2).join('/'), ...parts.slice(2, -1)] : [];
    let common = 0;
    while (common < folders.length && folders[common] === before[common]) {
      common++;
    }
    if (closedAt >= common) {
      closedAt = Infinity;
    }
    for (let depth = common; depth < folders.length && closedAt === Infinity; depth++) {
      const path = folders.slice(0, depth + 1).join('/');
      const key = `${name}:${path}`;
      const open = shown.search !== '' || !shown.open.has(`closed ${key}`);
      made.push({ key, kind: 'folder', level: 2 + depth, label: folders[depth], detail: '', title: path, open });
      if (!open) {
        closedAt = depth;
      }
    }
    before = folders;
    if (closedAt === Infinity) {
      made.push({ ...leaf, level: 2 + folders.length, label: parts[parts.length - 1] });
    }
  }
  return made;
}

function note(key: string, label: string): IRow {
  return { key, kind: 'note', level: 2, label, detail: '', title: label };
}

function jobRow(job: IJob): IRow {
  const name = nameOf(job);
  return {
    key: job.id,
    kind: 'job',
    level: 2,
    label: name,
    detail: short(job.id),
    title: name,
    state: stateOf(job),
    item: { kind: 'job', job }
  };
}

function scriptRow(script: IScript): IRow {
  return leaf('script', script.path, script.language, { kind: 'script', script });
}

function flowRow(flow: IFlow): IRow {
  return leaf('flow', flow.path, '', { kind: 'flow', flow });
}

function scheduleRow(schedule: ISchedule): IRow {
  const detail = schedule.enabled ? schedule.schedule : `${schedule.schedule} (off)`;
  return leaf('schedule', schedule.path, detail, { kind: 'schedule', schedule });
}

function resourceRow(resource: IResource): IRow {
  return leaf('resource', resource.path, resource.resource_type, { kind: 'resource', resource });
}

function leaf(kind: Item['kind'], path: string, detail: string, item: Item): IRow {
  return { key: `${kind} ${path}`, kind, level: 2, label: path, detail, title: path, item };
}

/** What an engine answers, as far as this extension reads it. */

export interface IScript {
  path: string;
  hash: string;
  summary: string;
  language: string;
  created_at: string;
  archived?: boolean;
  content?: string;
  schema?: ISchema | null;
}

export interface IFlow {
  path: string;
  summary: string;
  edited_at: string;
  archived?: boolean;
  value?: Record<string, unknown>;
  schema?: ISchema | null;
}

export interface ISchedule {
  path: string;
  schedule: string;
  timezone: string;
  enabled: boolean;
  script_path: string;
  is_flow: boolean;
  summary?: string | null;
  error?: string | null;
}

export interface IResource {
  path: string;
  resource_type: string;
  description?: string | null;
}

/** The JSON schema of arguments. */
export interface ISchema {
  properties?: Record<string, Record<string, unknown>>;
  required?: string[];
  [key: string]: unknown;
}

export interface IJob {
  type: 'QueuedJob' | 'CompletedJob';
  id: string;
  job_kind: string;
  script_path?: string | null;
  script_hash?: string | null;
  language?: string | null;
  raw_code?: string | null;
  args?: Record<string, unknown> | null;
  created_by: string;
  created_at: string;
  started_at?: string | null;
  scheduled_for?: string | null;
  duration_ms?: number;
  running?: boolean;
  suspend?: number | null;
  success?: boolean;
  canceled?: boolean;
  is_skipped?: boolean;
  parent_job?: string | null;
  tag: string;
}

export type JobState = 'queued' | 'running' | 'suspended' | 'success' | 'failure' | 'canceled' | 'skipped';

/** How a job stands, in one word. */
export function stateOf(job: IJob): JobState {
  if (job.type === 'CompletedJob') {
    return job.canceled ? 'canceled' : job.is_skipped ? 'skipped' : job.success ? 'success' : 'failure';
  }
  return job.suspend ? 'suspended' : job.running ? 'running' : 'queued';
}

export function isDone(job: IJob): boolean {
  return job.type === 'CompletedJob';
}

/** What people call a job: the path of what it runs, else what it is. */
export function nameOf(job: IJob): string {
  return job.script_path || (job.job_kind === 'preview' ? `preview in ${job.language}` : job.job_kind);
}

/** Whether a job runs a flow. */
export function isFlow(job: IJob): boolean {
  return ['flow', 'flowpreview', 'singlestepflow'].includes(job.job_kind);
}

/** The ends of a job's id, which name it. */
export function short(id: string): string {
  return id.length <= 11 ? id : `${id.slice(0, 4)}…${id.slice(-6)}`;
}

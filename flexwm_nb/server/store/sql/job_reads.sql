-- name: job_read
-- One job with all that belongs to it.
SELECT job.*, job_input.arguments, job_input.raw_code, job_input.raw_lock, job_input.raw_flow, job_result.result,
    job_result.columns
FROM job
LEFT JOIN job_input ON job_input.job_id = job.id
LEFT JOIN job_result ON job_result.job_id = job.id
WHERE job.id = :id AND job.workspace_id = :workspace;

-- name: job_state
-- Where a job stands, for those who follow it.
SELECT id, workspace_id, status, created_by, created_at, scheduled_for, started_at, completed_at, duration_ms, mem_peak, progress,
    parent_job, root_job
FROM job WHERE id = :id AND workspace_id = :workspace;

-- name: job_tasks
-- The jobs that call functions of a job's script.
SELECT id, entrypoint, scheduled_for, started_at, completed_at, duration_ms FROM job
WHERE parent_job = :id AND entrypoint IS NOT NULL AND is_flow_step = 0
ORDER BY created_at, id;

-- name: job_outcome
-- A job's status and what it returned.
SELECT job.status, job.created_by, job.started_at, job_result.result
FROM job LEFT JOIN job_result ON job_result.job_id = job.id
WHERE job.id = :id AND job.workspace_id = :workspace;

-- name: job_arguments
-- What a job was given.
SELECT job.created_by, job_input.arguments
FROM job LEFT JOIN job_input ON job_input.job_id = job.id
WHERE job.id = :id AND job.workspace_id = :workspace;

-- name: job_started_at
-- When the jobs that run have started.
SELECT id, started_at FROM job
WHERE workspace_id = :workspace AND status = 'running' AND id IN (SELECT value FROM json_each(:ids));

-- name: job_root
-- The first of the jobs that one belongs to.
SELECT coalesce(root_job, parent_job, id) AS root FROM job WHERE id = :id;

-- name: job_position
-- The place in the queue of a job that is due at this time.
SELECT count(*) + 1 AS position FROM job
WHERE status = 'queued' AND workspace_id = :workspace AND scheduled_for < :moment;

-- name: job_waiting_everywhere
-- Jobs that are due and wait, in all workspaces.
SELECT count(*) AS waiting FROM job
WHERE status = 'queued' AND scheduled_for <= :now AND coalesce(suspend, 0) = 0;

-- name: job_workspace
-- Whether a workspace exists.
SELECT 1 AS found FROM workspace WHERE id = :id AND deleted = 0;

-- name: job_log_read
-- The log of a job that has ended, where it is short.
SELECT log FROM job_log WHERE job_id = :id;

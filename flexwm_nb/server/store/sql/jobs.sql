-- name: jobs_insert
-- A new job: waiting, or already claimed by the worker that is free for it.
INSERT OR IGNORE INTO job (
    id, workspace_id, kind, status, path, hash, language, tag, priority, attempt, worker, created_by, permissioned_as,
    email, created_at, scheduled_for, started_at, timeout, parent_job, root_job, flow_step_id, is_flow_step,
    same_worker, visible_to_owner, suspend, schedule_path, entrypoint, cache_ttl, interpreter, flow_status,
    flow_place, delete_after, preprocessed
) VALUES (
    :id, :workspace_id, :kind, :status, :path, :hash, :language, :tag, :priority, :attempt, :worker, :created_by,
    :permissioned_as, :email, :created_at, :scheduled_for, :started_at, :timeout, :parent_job, :root_job,
    :flow_step_id, :is_flow_step, :same_worker, :visible_to_owner, :suspend, :schedule_path, :entrypoint, :cache_ttl,
    :interpreter, :flow_status, :flow_place, :delete_after, :preprocessed
);

-- name: jobs_insert_input
-- What a job is given.
INSERT INTO job_input (job_id, arguments, raw_code, raw_lock, raw_flow)
VALUES (:id, :arguments, :raw_code, :raw_lock, :raw_flow);

-- name: jobs_claim
-- The next job that is due, for one worker.
UPDATE job SET status = 'running', attempt = attempt + 1, worker = :worker, started_at = :now
WHERE status = 'queued' AND id = (
    SELECT id FROM job
    WHERE status = 'queued' AND scheduled_for <= :now AND coalesce(suspend, 0) = 0
    ORDER BY priority DESC, scheduled_for, id
    LIMIT 1
)
RETURNING *;

-- name: jobs_input
-- What a job is given.
SELECT arguments, raw_code, raw_lock, raw_flow FROM job_input WHERE job_id = :id;

-- name: jobs_finish
-- The end of a running job, by the worker that holds this attempt.
UPDATE job SET
    status = :status, completed_at = :completed_at, duration_ms = :duration_ms, canceled_by = :canceled_by,
    canceled_reason = :canceled_reason, labels = coalesce(:labels, labels), mem_peak = :mem_peak,
    isolation = :isolation
WHERE id = :id AND status = 'running' AND attempt = :attempt AND worker = :worker;

-- name: jobs_insert_result
-- What a job returned.
INSERT INTO job_result (job_id, result) VALUES (:id, :result);

-- name: jobs_set_columns
-- Note the columns of a result that is rows of a database.
UPDATE job_result SET columns = :columns WHERE job_id = :id;

-- name: jobs_insert_log
-- A short log.
INSERT OR REPLACE INTO job_log (job_id, log) VALUES (:id, :log);

-- name: jobs_state
-- Where a job stands.
SELECT
    id, workspace_id, status, attempt, worker, parent_job, created_by, scheduled_for, schedule_path, canceled_by,
    canceled_reason, kind, is_flow_step, root_job
FROM job
WHERE id = :id AND workspace_id = :workspace;

-- name: jobs_cancel_waiting
-- The end of a job that never started.
UPDATE job SET
    status = 'canceled', completed_at = :now, duration_ms = 0, canceled_by = :by, canceled_reason = :reason
WHERE id = :id AND workspace_id = :workspace AND status = 'queued';

-- name: jobs_cancel_running
-- The wish that a running job ends; the first one counts.
UPDATE job SET canceled_by = :by, canceled_reason = :reason
WHERE id = :id AND workspace_id = :workspace AND status = 'running' AND canceled_by IS NULL;

-- name: jobs_requeue
-- A running job back to the queue, by the worker that holds this attempt.
UPDATE job SET status = 'queued', worker = NULL, started_at = NULL
WHERE id = :id AND status = 'running' AND attempt = :attempt AND worker = :worker;

-- name: jobs_left_running
-- Jobs that an earlier server left behind in mid-run. Flows only wait for their jobs, but for those
-- that were claimed and had not begun.
SELECT * FROM job
WHERE status = 'running' AND (
    kind NOT IN ('flow', 'flowpreview', 'flownode', 'singlestepflow')
    OR (coalesce(suspend, 0) = 0 AND NOT EXISTS (SELECT 1 FROM job AS child WHERE child.parent_job = job.id))
);

-- name: jobs_next_due
-- When the next job falls due that now waits for its time.
SELECT min(scheduled_for) AS moment FROM job
WHERE status = 'queued' AND scheduled_for > :now AND coalesce(suspend, 0) = 0;

-- name: jobs_waiting_children
-- The unfinished jobs that a job started.
SELECT id FROM job WHERE parent_job = :id AND completed_at IS NULL;

-- name: jobs_persistent
-- The unfinished jobs of a path.
SELECT id FROM job WHERE workspace_id = :workspace AND path = :path AND completed_at IS NULL;

-- name: jobs_set_progress
-- How far a job says it is.
UPDATE job SET progress = :percent WHERE id = :id AND workspace_id = :workspace AND completed_at IS NULL;

-- name: jobs_delete
-- A completed job that is to show nothing any more.
UPDATE job SET deleted = 1 WHERE id = :id AND workspace_id = :workspace AND completed_at IS NOT NULL;

-- name: jobs_among
-- Those of some jobs that there are, and whether they have ended.
SELECT id, completed_at FROM job WHERE workspace_id = :workspace AND id IN (SELECT value FROM json_each(:ids));

-- name: jobs_remove_results
-- What removed jobs returned.
DELETE FROM job_result WHERE job_id IN (SELECT value FROM json_each(:ids));

-- name: jobs_remove_logs
-- What they wrote.
DELETE FROM job_log WHERE job_id IN (SELECT value FROM json_each(:ids));

-- name: jobs_remove_inputs
-- What they were given.
DELETE FROM job_input WHERE job_id IN (SELECT value FROM json_each(:ids));

-- name: jobs_remove_items
-- What their loops went over.
DELETE FROM flow_items WHERE job_id IN (SELECT value FROM json_each(:ids));

-- name: jobs_remove_approvals
-- What people said to them.
DELETE FROM approval WHERE flow_id IN (SELECT value FROM json_each(:ids));

-- name: jobs_remove_jobs
-- The jobs themselves.
DELETE FROM job WHERE id IN (SELECT value FROM json_each(:ids));

-- name: jobs_position
-- How many jobs are to start before a moment.
SELECT count(*) AS number FROM job WHERE status = 'queued' AND scheduled_for < :moment;

-- name: jobs_delete_result
-- What a deleted job returned.
DELETE FROM job_result WHERE job_id = :id;

-- name: jobs_delete_log
-- A deleted job's log.
DELETE FROM job_log WHERE job_id = :id;

-- name: jobs_delete_input
-- What a deleted job was given.
UPDATE job_input SET arguments = NULL, raw_code = NULL, raw_lock = NULL, raw_flow = NULL WHERE job_id = :id;

-- name: jobs_live_script
-- The script that a path stands for now.
SELECT path, hash, language, tag, timeout, priority, cache_ttl, interpreter, has_preprocessor FROM script
WHERE workspace_id = :workspace AND path = :path AND archived = 0 AND deleted = 0
ORDER BY id DESC LIMIT 1;

-- name: jobs_script
-- The script of a hash.
SELECT path, hash, language, tag, timeout, priority, cache_ttl, interpreter, has_preprocessor FROM script
WHERE workspace_id = :workspace AND hash = :hash AND deleted = 0;

-- name: jobs_script_content
-- The source that a job runs, and how.
SELECT content, language, lock, dedicated_worker FROM script WHERE workspace_id = :workspace AND hash = :hash;

-- name: jobs_account
-- Whom a job acts as.
SELECT account.super_admin, member.is_admin, member.role
FROM account LEFT JOIN member ON member.workspace_id = :workspace AND member.email = account.email
WHERE account.email = :email;

-- name: jobs_cached
-- A result that is still good.
SELECT result FROM job_cache WHERE workspace_id = :workspace AND key = :key AND expires_at > :now;

-- name: jobs_cache
-- Keep a result for later jobs of the same source and arguments.
INSERT OR REPLACE INTO job_cache (workspace_id, key, result, expires_at)
VALUES (:workspace_id, :key, :result, :expires_at);

-- name: jobs_cache_expire
-- Results that are good no more.
DELETE FROM job_cache WHERE expires_at <= :now;

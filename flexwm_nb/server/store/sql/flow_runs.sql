-- name: flow_runs_job
-- A flow's job with what it was given.
SELECT job.*, coalesce(job_input.arguments, '{}') AS arguments, job_input.raw_flow
FROM job LEFT JOIN job_input ON job_input.job_id = job.id
WHERE job.id = :id;

-- name: flow_runs_children
-- The jobs of a loop or of branches, in their order, from the first of the present round on.
SELECT id, status, started_at, duration_ms FROM job
WHERE parent_job = :flow AND flow_step_id = :step AND id >= :first
ORDER BY id;

-- name: flow_runs_results
-- What jobs returned.
SELECT job_id, result FROM job_result WHERE job_id IN (SELECT value FROM json_each(:jobs));

-- name: flow_runs_arguments
-- What a job was given.
SELECT coalesce(arguments, '{}') AS arguments FROM job_input WHERE job_id = :id;

-- name: flow_runs_status
-- The status of a flow's run.
SELECT flow_status, parent_job FROM job WHERE id = :id;

-- name: flow_runs_set_status
-- The status after a transition, and what the flow waits for.
UPDATE job SET flow_status = :flow_status, suspend = :suspend, suspend_until = :suspend_until WHERE id = :id;

-- name: flow_runs_insert_ended
-- A job that has its result without a run.
INSERT INTO job (
    id, workspace_id, kind, status, path, hash, language, tag, priority, attempt, worker, created_by, permissioned_as,
    email, created_at, scheduled_for, started_at, completed_at, duration_ms, parent_job, root_job, flow_step_id,
    is_flow_step, same_worker, visible_to_owner, delete_after
) VALUES (
    :id, :workspace_id, :kind, :status, :path, :hash, :language, :tag, :priority, 1, :worker, :created_by,
    :permissioned_as, :email, :created_at, :created_at, :created_at, :created_at, 0, :parent_job, :root_job,
    :flow_step_id, :is_flow_step, :same_worker, :visible_to_owner, :delete_after
);

-- name: flow_runs_set_arguments
-- What a preprocessor made of a flow's arguments.
UPDATE job_input SET arguments = :arguments WHERE job_id = :id;

-- name: flow_runs_preprocessed
-- A flow whose arguments its preprocessor made.
UPDATE job SET preprocessed = 1 WHERE id = :id;

-- name: flow_runs_keep_items
-- The list that a loop of the flow goes over.
INSERT OR REPLACE INTO flow_items (job_id, items) VALUES (:id, :items);

-- name: flow_runs_items
-- The list that a loop of the flow goes over.
SELECT items FROM flow_items WHERE job_id = :id;

-- name: flow_runs_drop_items
-- The list of a flow that has ended.
DELETE FROM flow_items WHERE job_id = :id;

-- name: flow_runs_release
-- Let the first of a flow's jobs start that waits for others' ends.
UPDATE job SET suspend = NULL WHERE id = (
    SELECT id FROM job
    WHERE parent_job = :flow AND status = 'queued' AND suspend > 0
    ORDER BY id LIMIT 1
);

-- name: flow_runs_approve
-- One wish that a flow goes on, or not.
INSERT OR IGNORE INTO approval (job_id, resume_id, flow_id, value, approver, approved, created_at)
VALUES (:job, :resume_id, :flow, :value, :approver, :approved, :now);

-- name: flow_runs_approvals
-- What was said about going on after a step, oldest first.
SELECT resume_id, value, approver, approved FROM approval WHERE job_id = :job ORDER BY created_at, resume_id;

-- name: flow_runs_waiting_late
-- Flows whose time to be let go on is over.
SELECT id FROM job WHERE status = 'running' AND suspend > 0 AND suspend_until <= :now;

-- name: flow_runs_next_late
-- When the next flow's time to be let go on is over.
SELECT min(suspend_until) AS moment FROM job WHERE status = 'running' AND suspend > 0 AND suspend_until > :now;

-- name: flow_runs_left
-- The flows that an earlier server left unfinished and that were to be cancelled.
SELECT id, workspace_id, canceled_by, canceled_reason FROM job
WHERE status = 'running' AND kind IN ('flow', 'flowpreview', 'flownode', 'singlestepflow') AND canceled_by IS NOT NULL;

-- name: flow_runs_unfinished_child
-- Whether something that a flow started has not ended.
SELECT 1 AS found FROM job WHERE parent_job = :id AND completed_at IS NULL LIMIT 1;

-- name: flow_runs_date
-- When the content of jobs below a flow that has ended is to go: of those that ask for it, or of all and the flow.
WITH RECURSIVE tree (id) AS (
    SELECT :id
    UNION ALL
    SELECT job.id FROM tree JOIN job ON job.parent_job = tree.id
)
UPDATE job SET clean_at = :now + 1000000 * coalesce(min(delete_after, :seconds), delete_after, :seconds)
WHERE id IN (SELECT id FROM tree) AND coalesce(delete_after, :seconds) IS NOT NULL;

-- name: flow_runs_outdated
-- Jobs whose content is to go now.
SELECT id FROM job WHERE clean_at <= :now;

-- name: flow_runs_next_outdated
-- When the next job's content is to go.
SELECT min(clean_at) AS moment FROM job WHERE clean_at > :now;

-- name: flow_runs_cleaned
-- A job whose content is gone.
UPDATE job SET clean_at = NULL WHERE id = :id;

-- name: flow_runs_clean_log
-- What stands in place of a log that was not to be kept.
UPDATE job_log SET log = 'Logs deleted' WHERE job_id = :id;

-- name: flow_runs_clean_input
-- A job that shows nothing of what it was given any more.
UPDATE job_input SET arguments = '{}' WHERE job_id = :id;

-- name: flow_runs_clean_result
-- A job that shows nothing of what it returned any more.
UPDATE job_result SET result = '{}' WHERE job_id = :id;

-- name: flow_runs_parked
-- Flows that wait for events.
SELECT id FROM job WHERE status = 'running' AND suspend > 0;

-- Lists of jobs are put together of parts: one job_select_*, one job_from_*, one job_in_*, any of job_with_* and
-- job_without_*, one job_by_*. Only what is asked for stands in a statement, and the index is named: without statistics
-- the planner would take one that has the order but not the few rows.

-- name: job_select
-- What lists show: every column but how a flow's steps stand, which is large for a long loop. Arguments follow, or not.
SELECT
    job.id, job.workspace_id, job.kind, job.status, job.path, job.hash, job.language, job.tag, job.priority,
    job.attempt, job.worker, job.created_by, job.permissioned_as, job.email, job.created_at, job.scheduled_for,
    job.started_at, job.completed_at, job.duration_ms, job.timeout, job.parent_job, job.root_job, job.flow_step_id,
    job.is_flow_step, job.same_worker, job.visible_to_owner, job.canceled_by, job.canceled_reason, job.suspend,
    job.suspend_until, job.schedule_path, job.entrypoint, job.cache_ttl, job.concurrency_key, job.labels,
    job.mem_peak, job.progress, job.preprocessed, job.deleted, job.interpreter, job.isolation, job.flow_place,
    job.delete_after, job.clean_at,
    NULL AS flow_status, NULL AS result, NULL AS raw_code, NULL AS raw_lock, NULL AS raw_flow

-- name: job_select_arguments
-- And what the jobs were given.
, (SELECT job_input.arguments FROM job_input WHERE job_input.job_id = job.id) AS arguments

-- name: job_select_no_arguments
-- And not what they were given.
, NULL AS arguments

-- name: job_select_ids
-- Identifiers alone.
SELECT job.id

-- name: job_select_count
-- How many.
SELECT count(*) AS found

-- name: job_from_all
-- In whatever order is quick.
FROM job

-- name: job_from_unfinished
-- By creation, those alone that wait or run.
FROM job INDEXED BY job_unfinished

-- name: job_from_created
-- By creation.
FROM job INDEXED BY job_created

-- name: job_from_completed
-- By end.
FROM job INDEXED BY job_completed

-- name: job_from_unsuccessful
-- By end, those alone that did not end well.
FROM job INDEXED BY job_unsuccessful

-- name: job_from_path
-- By script, then by creation.
FROM job INDEXED BY job_path

-- name: job_from_parent
-- By the job that started them.
FROM job INDEXED BY job_parent

-- name: job_in_workspace
-- Those of one workspace.
WHERE job.workspace_id = :workspace

-- name: job_in_all
-- Those of all workspaces.
WHERE job.workspace_id IS NOT NULL

-- name: job_with_completed
-- Those that have ended.
AND job.completed_at IS NOT NULL

-- name: job_without_completed
-- Those that wait or run.
AND job.completed_at IS NULL

-- name: job_with_nothing
-- None: a filter that no job can meet.
AND job.status = ''

-- name: job_with_owner
-- Those that a user who is no administrator may see: his own and those below his path.
AND (
    job.permissioned_as = :owner OR job.created_by = :username OR (job.path >= :own_path AND job.path < :own_path_end)
)

-- name: job_with_path
-- Those of a script.
AND job.path = :path

-- name: job_with_paths
-- Those of some scripts.
AND job.path IN (SELECT value FROM json_each(:paths))

-- name: job_without_paths
-- All but those of some scripts.
AND (job.path IS NULL OR job.path NOT IN (SELECT value FROM json_each(:paths)))

-- name: job_with_path_start
-- Those below a path.
AND job.path >= :path_start AND job.path < :path_end

-- name: job_with_hash
-- Those of one version of a script.
AND job.hash = :hash

-- name: job_with_creators
-- Those that some users started.
AND job.created_by IN (SELECT value FROM json_each(:creators))

-- name: job_without_creators
-- All but those that some users started.
AND job.created_by NOT IN (SELECT value FROM json_each(:creators))

-- name: job_with_workers
-- Those that ran on some workers; `*` stands for anything where that is allowed.
AND EXISTS (SELECT 1 FROM json_each(:workers) WHERE job.worker GLOB value)

-- name: job_without_workers
-- All but those.
AND NOT EXISTS (SELECT 1 FROM json_each(:workers) WHERE job.worker GLOB value)

-- name: job_with_tags
-- Those with some tags.
AND EXISTS (SELECT 1 FROM json_each(:tags) WHERE job.tag GLOB value)

-- name: job_without_tags
-- All but those.
AND NOT EXISTS (SELECT 1 FROM json_each(:tags) WHERE job.tag GLOB value)

-- name: job_with_labels
-- Those with some labels.
AND EXISTS (
    SELECT 1 FROM json_each(job.labels) AS label, json_each(:labels) AS wanted WHERE label.value GLOB wanted.value
)

-- name: job_without_labels
-- All but those.
AND NOT EXISTS (
    SELECT 1 FROM json_each(job.labels) AS label, json_each(:labels) AS wanted WHERE label.value GLOB wanted.value
)

-- name: job_with_kinds
-- Those of some kinds.
AND job.kind IN (SELECT value FROM json_each(:kinds))

-- name: job_without_kinds
-- All but those of some kinds.
AND job.kind NOT IN (SELECT value FROM json_each(:kinds))

-- name: job_with_schedule_path
-- Those that a schedule started.
AND job.schedule_path = :schedule_path

-- name: job_with_schedule
-- Those that any schedule started.
AND job.schedule_path IS NOT NULL

-- name: job_without_schedule
-- Those that no schedule started.
AND job.schedule_path IS NULL

-- name: job_with_parent
-- Those that a job started.
AND job.parent_job = :parent_job

-- name: job_without_parent
-- Those that no job started.
AND job.parent_job IS NULL

-- name: job_with_created_before
-- Not created later.
AND job.created_at <= :created_before

-- name: job_with_created_after
-- Not created earlier.
AND job.created_at >= :created_after

-- name: job_with_started_before
-- Not started later.
AND job.started_at <= :started_before

-- name: job_with_started_after
-- Not started earlier.
AND job.started_at >= :started_after

-- name: job_with_created_or_started_before
-- Not started later, or not created later where they did not start. Nothing starts before it is created.
AND job.created_at <= :created_or_started_before
AND coalesce(job.started_at, job.created_at) <= :created_or_started_before

-- name: job_with_created_or_started_after
-- Not started earlier, or not created earlier where they did not start.
AND coalesce(job.started_at, job.created_at) >= :created_or_started_after

-- name: job_with_completed_before
-- Not ended later.
AND job.completed_at <= :completed_before

-- name: job_with_completed_after
-- Not ended earlier.
AND job.completed_at >= :completed_after

-- name: job_with_running
-- Those that run.
AND job.status = 'running'

-- name: job_without_running
-- Those that wait.
AND job.status = 'queued'

-- name: job_with_suspended
-- Those that wait for an event.
AND job.suspend > 0

-- name: job_without_suspended
-- Those that wait for no event.
AND coalesce(job.suspend, 0) = 0

-- name: job_with_is_flow_step
-- Steps of flows.
AND job.is_flow_step = 1

-- name: job_without_is_flow_step
-- All but steps of flows.
AND job.is_flow_step = 0

-- name: job_with_due
-- Those whose time has come.
AND job.scheduled_for <= :now

-- name: job_with_success
-- Those that ended well.
AND job.status IN ('success', 'skipped')

-- name: job_without_success
-- Those that did not.
AND job.status IN ('failure', 'canceled')

-- name: job_with_status
-- Those that ended in one way.
AND job.status = :status

-- name: job_with_bad_status
-- Those that ended in one way that is not well.
AND job.status IN ('failure', 'canceled') AND job.status = :status

-- name: job_with_skipped
-- Those that were skipped.
AND job.status = 'skipped'

-- name: job_without_skipped
-- Those that were not skipped.
AND job.status <> 'skipped'

-- name: job_with_concurrency_key
-- Those that share a concurrency limit.
AND job.concurrency_key = :concurrency_key

-- name: job_without_entrypoint
-- Those that ran their main function.
AND job.entrypoint IS NULL

-- name: job_with_text
-- Those with a text in path, tag, schedule or labels.
AND (
    instr(lower(job.path), :text) OR instr(lower(job.tag), :text) OR instr(lower(job.schedule_path), :text)
    OR instr(lower(job.labels), :text)
)

-- name: job_with_given
-- Those whose arguments contain a value, as PostgreSQL's `@>`.
AND EXISTS (SELECT 1 FROM job_input AS given WHERE given.job_id = job.id AND json_contains(given.arguments, :given))

-- name: job_with_returned
-- Those whose result contains a value.
AND EXISTS (SELECT 1 FROM job_result AS returned WHERE returned.job_id = job.id AND json_contains(returned.result, :returned))

-- name: job_by_newest
-- A page, the newest first.
ORDER BY job.created_at DESC, job.id DESC LIMIT :limit OFFSET :offset

-- name: job_by_oldest
-- A page, the oldest first.
ORDER BY job.created_at, job.id LIMIT :limit OFFSET :offset

-- name: job_by_latest_end
-- A page, the last to end first.
ORDER BY job.completed_at DESC, job.id DESC LIMIT :limit OFFSET :offset

-- name: job_by_earliest_end
-- A page, the first to end first.
ORDER BY job.completed_at, job.id LIMIT :limit OFFSET :offset

-- name: job_count_path_start
-- How many jobs stand below a path, up to a limit.
SELECT count(*) AS found FROM (
    SELECT 1 FROM job
    WHERE workspace_id = :workspace AND path >= :path_start AND path < :path_end
    LIMIT :limit
);

-- name: job_count_waiting
-- Jobs that are due and wait, and those that wait for an event.
SELECT
    count(*) FILTER (WHERE status = 'queued' AND coalesce(suspend, 0) = 0 AND scheduled_for <= :now) AS waiting,
    count(*) FILTER (WHERE suspend > 0) AS suspended
FROM job
WHERE completed_at IS NULL AND (:everywhere OR workspace_id = :workspace)
    AND (:tags IS NULL OR tag IN (SELECT value FROM json_each(:tags)));

-- name: job_count_by_tag
-- Jobs that ended lately, by tag.
SELECT tag, count(*) AS count FROM job
WHERE completed_at >= :completed_after AND (:workspace IS NULL OR workspace_id = :workspace)
GROUP BY tag ORDER BY count DESC, tag;

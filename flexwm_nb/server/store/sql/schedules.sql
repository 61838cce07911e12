-- name: schedules_get
-- One schedule.
SELECT * FROM schedule WHERE workspace_id = :workspace AND path = :path;

-- name: schedules_page
-- One page of schedules, the last edited first.
SELECT * FROM schedule
WHERE workspace_id = :workspace
    AND (:target IS NULL OR script_path = :target)
    AND (:is_flow IS NULL OR is_flow = :is_flow)
    AND (:args IS NULL OR json_contains(args, :args))
    AND (:path_start IS NULL OR substr(path, 1, length(:path_start)) = :path_start)
    AND (:schedule_path IS NULL OR path = :schedule_path)
    AND (:description IS NULL OR instr(lower(description), lower(:description)))
    AND (:summary IS NULL OR instr(lower(summary), lower(:summary)))
    AND (:broad_filter IS NULL OR instr(
        lower(path || ' ' || script_path || ' ' || coalesce(summary, '') || ' ' || coalesce(description, '')),
        lower(:broad_filter)
    ))
    AND (:labels IS NULL OR NOT EXISTS (
        SELECT 1 FROM json_each(:labels) AS wanted
        WHERE wanted.value NOT IN (SELECT value FROM json_each(settings, '$.labels'))
    ))
ORDER BY edited_at DESC, path
LIMIT :limit OFFSET :offset;

-- name: schedules_insert
-- A new schedule.
INSERT INTO schedule (
    workspace_id, path, schedule, timezone, enabled, script_path, is_flow, args, edited_by, edited_at, email,
    permissioned_as, summary, description, tag, no_flow_overlap, ws_error_handler_muted, paused_until, cron_version,
    settings
) VALUES (
    :workspace, :path, :schedule, :timezone, :enabled, :script_path, :is_flow, :args, :edited_by, :now, :email,
    :permissioned_as, :summary, :description, :tag, :no_flow_overlap, :ws_error_handler_muted, :paused_until,
    :cron_version, :settings
)
RETURNING *;

-- name: schedules_update
-- A schedule's new state; what it runs and whether it is on stay.
UPDATE schedule SET
    schedule = :schedule, timezone = :timezone, args = :args, edited_by = :edited_by, edited_at = :now,
    summary = :summary, description = :description, tag = :tag, no_flow_overlap = :no_flow_overlap,
    ws_error_handler_muted = :ws_error_handler_muted, paused_until = :paused_until,
    cron_version = coalesce(:cron_version, cron_version), settings = :settings,
    permissioned_as = coalesce(:permissioned_as, permissioned_as), email = coalesce(:email, email), error = NULL
WHERE workspace_id = :workspace AND path = :path
RETURNING *;

-- name: schedules_set_enabled
-- A schedule switched on or off.
UPDATE schedule SET enabled = :enabled, email = :email, permissioned_as = :permissioned_as, error = NULL
WHERE workspace_id = :workspace AND path = :path
RETURNING *;

-- name: schedules_switch_off
-- A schedule that cannot go on.
UPDATE schedule SET enabled = 0, error = :error WHERE workspace_id = :workspace AND path = :path;

-- name: schedules_note
-- What went wrong with a schedule that goes on.
UPDATE schedule SET error = :error WHERE workspace_id = :workspace AND path = :path;

-- name: schedules_delete
-- A schedule that is gone.
DELETE FROM schedule WHERE workspace_id = :workspace AND path = :path;

-- name: schedules_waiting
-- The job of a schedule's next tick.
SELECT id FROM job
WHERE workspace_id = :workspace AND schedule_path = :path AND status = 'queued' AND parent_job IS NULL
LIMIT 1;

-- name: schedules_clear_inputs
-- What the waiting tick of a schedule would be given.
DELETE FROM job_input WHERE job_id IN (
    SELECT id FROM job
    WHERE workspace_id = :workspace AND schedule_path = :path AND status = 'queued' AND parent_job IS NULL
);

-- name: schedules_clear
-- The waiting tick of a schedule.
DELETE FROM job
WHERE workspace_id = :workspace AND schedule_path = :path AND status = 'queued' AND parent_job IS NULL;

-- name: schedules_of_target
-- The enabled schedules that run a script or flow.
SELECT * FROM schedule
WHERE workspace_id = :workspace AND script_path = :target AND is_flow = :is_flow;

-- name: schedules_retarget
-- What a schedule runs has another path.
UPDATE schedule SET script_path = :target WHERE workspace_id = :workspace AND path = :path;

-- name: schedules_without_job
-- Enabled schedules of which no job waits or runs.
SELECT schedule.* FROM schedule
JOIN workspace ON workspace.id = schedule.workspace_id AND workspace.deleted = 0
WHERE enabled = 1 AND NOT EXISTS (
    SELECT 1 FROM job
    WHERE job.workspace_id = schedule.workspace_id AND job.schedule_path = schedule.path
        AND job.status IN ('queued', 'running') AND job.parent_job IS NULL
);

-- name: schedules_overlapping
-- Other runs of a flow that its schedule started and that go on, where only one may.
SELECT job.id FROM schedule
JOIN job ON job.workspace_id = schedule.workspace_id AND job.schedule_path = schedule.path
WHERE schedule.workspace_id = :workspace AND schedule.path = :schedule_path AND schedule.no_flow_overlap = 1
    AND job.status = 'running' AND job.parent_job IS NULL AND job.path = :path AND job.id != :id;

-- name: schedules_jobs
-- The last jobs of the schedules on one page.
SELECT path, id, success, duration_ms FROM (
    SELECT
        chosen.path, job.id, job.status = 'success' AS success, job.duration_ms,
        row_number() OVER (PARTITION BY chosen.path ORDER BY job.completed_at DESC) AS place
    FROM (
        SELECT path, script_path FROM schedule
        WHERE workspace_id = :workspace
        ORDER BY edited_at DESC, path
        LIMIT :limit OFFSET :offset
    ) AS chosen
    JOIN job ON job.workspace_id = :workspace AND job.schedule_path = chosen.path
        AND job.path = chosen.script_path AND job.parent_job IS NULL
    WHERE job.status IN ('success', 'failure', 'canceled')
)
WHERE place <= :jobs
ORDER BY path, place;

-- name: schedules_all
-- Every schedule of a workspace.
SELECT * FROM schedule WHERE workspace_id = :workspace ORDER BY path;

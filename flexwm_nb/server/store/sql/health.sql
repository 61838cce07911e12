-- name: health_look
-- The quickest look at the store.
SELECT id FROM workspace LIMIT 1;

-- name: health_queue
-- How much waits and runs.
SELECT
    (SELECT count(*) FROM job WHERE status = 'queued') AS pending_jobs,
    (SELECT count(*) FROM job WHERE completed_at IS NULL AND status = 'running') AS running_jobs;

-- name: health_tags
-- Jobs of a state by tag.
SELECT tag, count(*) AS number FROM job
WHERE completed_at IS NULL AND status = :status AND scheduled_for <= :now
GROUP BY tag ORDER BY tag;

-- name: health_workers
-- What each worker did in a workspace since a moment, and its last job.
SELECT worker, count(*) AS number, id, max(completed_at) AS moment FROM job
WHERE workspace_id = :workspace AND completed_at >= :since AND worker IS NOT NULL
GROUP BY worker;

-- name: health_workspaces
-- All workspaces.
SELECT id FROM workspace;

-- name: steps_flow
-- Where a flow stands.
SELECT id, parent_job, status, flow_status FROM job WHERE id = :id AND workspace_id = :workspace;

-- name: steps_tree
-- A job and all that it started, directly or not, in the order of their making.
WITH RECURSIVE tree (id) AS (
    SELECT id FROM job WHERE id = :id AND workspace_id = :workspace
    UNION
    SELECT job.id FROM tree JOIN job ON job.parent_job = tree.id
)
SELECT job.id, job.parent_job, job.kind, job.path, job.flow_step_id, job.status
FROM tree JOIN job USING (id)
ORDER BY job.created_at, job.id;

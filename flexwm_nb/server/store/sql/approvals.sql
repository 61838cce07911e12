-- name: approvals_job
-- A job that asks for an approval, or the flow that waits for one.
SELECT
    job.id, job.workspace_id, job.kind, job.status, job.path, job.created_by, job.email, job.parent_job,
    job.completed_at, job.suspend, job.flow_status, job_input.raw_flow
FROM job LEFT JOIN job_input ON job_input.job_id = job.id
WHERE job.id = :id AND job.workspace_id = :workspace;

-- name: approvals_job
-- A job that asks for an approval, or the flow that waits for one.
SELECT
    job.id, job.workspace_id, job.kind, job.status, job.path, job.created_by, job.email, job.parent_job,
    job.completed_at, job.suspend, job.flow_status, job_input.raw_flow
FROM job LEFT JOIN job_input ON job_input.job_id = job.id
WHERE job.id = :id AND job.workspace_id = :workspace;

-- name: approvals_given
-- Who approved a flow's steps.
SELECT approval.resume_id, approval.approver FROM approval JOIN job ON job.id = approval.flow_id
WHERE approval.flow_id = :flow AND approval.approved = 1 AND job.workspace_id = :workspace
ORDER BY approval.created_at, approval.resume_id;

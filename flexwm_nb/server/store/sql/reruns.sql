-- name: reruns_jobs
-- Jobs that ran scripts and flows, with the schema of the version that they ran, where that is there.
SELECT job.id, job.kind, job.path, job.hash, job.scheduled_for, job.started_at, job_input.arguments, job_input.raw_flow,
    script.hash IS NOT NULL OR flow_version.id IS NOT NULL AS is_there,
    coalesce(script.schema, flow_version.schema) AS schema
FROM job JOIN job_input ON job_input.job_id = job.id
LEFT JOIN script ON job.kind = 'script' AND script.workspace_id = job.workspace_id AND script.hash = job.hash
LEFT JOIN flow_version ON job.kind = 'flow' AND flow_version.workspace_id = job.workspace_id
    AND flow_version.id = job.hash
WHERE job.workspace_id = :workspace AND job.kind IN ('script', 'flow', 'singlestepflow') AND job.deleted = 0
    AND job.id IN (SELECT value FROM json_each(:ids));

-- name: reruns_schema
-- The schema of a script or flow as it is now.
SELECT schema FROM (
    SELECT schema, id FROM script WHERE :kind = 'script' AND workspace_id = :workspace AND path = :path
    UNION ALL
    SELECT schema, version_id FROM flow WHERE :kind = 'flow' AND workspace_id = :workspace AND path = :path
) ORDER BY id DESC LIMIT 1;

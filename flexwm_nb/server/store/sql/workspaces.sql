-- name: workspaces_get
-- One workspace.
SELECT id, name, owner, color, deleted FROM workspace WHERE id = :workspace;

-- name: workspaces_of
-- A person's workspaces that are in use.
SELECT workspace.id, workspace.name, owner, color, deleted, username, member.disabled
FROM workspace JOIN member ON member.workspace_id = workspace.id
WHERE member.email = :email AND workspace.deleted = 0
ORDER BY workspace.id;

-- name: workspaces_all
-- All workspaces.
SELECT id, name, owner, color, deleted FROM workspace ORDER BY id LIMIT :limit OFFSET :offset;

-- name: workspaces_make
-- A new workspace.
INSERT INTO workspace (id, name, owner, color, created_at) VALUES (:id, :name, :email, :color, :now);

-- name: workspaces_set_deleted
-- Archived or back in use.
UPDATE workspace SET deleted = :deleted WHERE id = :workspace;

-- name: workspaces_rename
-- Another name.
UPDATE workspace SET name = :name WHERE id = :workspace;

-- name: workspaces_recolor
-- Another colour.
UPDATE workspace SET color = :color WHERE id = :workspace;

-- name: workspaces_environment
-- The variables that all its jobs have.
SELECT name, value FROM environment WHERE workspace_id = :workspace ORDER BY name;

-- name: workspaces_set_variable
-- Another value of one of them.
INSERT INTO environment (workspace_id, name, value) VALUES (:workspace, :name, :value)
ON CONFLICT (workspace_id, name) DO UPDATE SET value = excluded.value;

-- name: workspaces_delete_variable
-- One of them that is gone.
DELETE FROM environment WHERE workspace_id = :workspace AND name = :name;

-- name: workspaces_delete_environments
-- All of them.
DELETE FROM environment WHERE workspace_id = :workspace;

-- name: workspaces_unfinished
-- Whether jobs wait or run there.
SELECT 1 AS found FROM job WHERE workspace_id = :workspace AND completed_at IS NULL LIMIT 1;

-- name: workspaces_jobs
-- The jobs that were run there.
SELECT id FROM job WHERE workspace_id = :workspace;

-- name: workspaces_delete_job_results
-- The results of its jobs.
DELETE FROM job_result WHERE job_id IN (SELECT id FROM job WHERE workspace_id = :workspace);

-- name: workspaces_delete_job_logs
-- The logs of its jobs.
DELETE FROM job_log WHERE job_id IN (SELECT id FROM job WHERE workspace_id = :workspace);

-- name: workspaces_delete_job_inputs
-- The inputs of its jobs.
DELETE FROM job_input WHERE job_id IN (SELECT id FROM job WHERE workspace_id = :workspace);

-- name: workspaces_delete_scripts
-- Its scripts.
DELETE FROM script WHERE workspace_id = :workspace;

-- name: workspaces_delete_temporary_scripts
-- The sources that are kept for previews.
DELETE FROM temporary_script WHERE workspace_id = :workspace;

-- name: workspaces_delete_flows
-- Its flows.
DELETE FROM flow WHERE workspace_id = :workspace;

-- name: workspaces_delete_flow_versions
-- The versions of its flows.
DELETE FROM flow_version WHERE workspace_id = :workspace;

-- name: workspaces_delete_schedules
-- Its schedules.
DELETE FROM schedule WHERE workspace_id = :workspace;

-- name: workspaces_delete_favorites
-- Its favorites.
DELETE FROM favorite WHERE workspace_id = :workspace;

-- name: workspaces_delete_variables
-- Its variables.
DELETE FROM variable WHERE workspace_id = :workspace;

-- name: workspaces_delete_resources
-- Its resources.
DELETE FROM resource WHERE workspace_id = :workspace;

-- name: workspaces_delete_resource_types
-- Its resource types.
DELETE FROM resource_type WHERE workspace_id = :workspace;

-- name: workspaces_delete_folders
-- Its folders.
DELETE FROM folder WHERE workspace_id = :workspace;

-- name: workspaces_delete_teams
-- Its groups.
DELETE FROM team WHERE workspace_id = :workspace;

-- name: workspaces_delete_members
-- Its members.
DELETE FROM member WHERE workspace_id = :workspace;

-- name: workspaces_delete_tokens
-- Its tokens.
DELETE FROM token WHERE workspace_id = :workspace;

-- name: workspaces_delete_jobs
-- Its jobs.
DELETE FROM job WHERE workspace_id = :workspace;

-- name: workspaces_delete_job_caches
-- Its kept results.
DELETE FROM job_cache WHERE workspace_id = :workspace;

-- name: workspaces_delete_workspace
-- The workspace itself.
DELETE FROM workspace WHERE id = :workspace;

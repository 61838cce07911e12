-- name: archive_scripts
-- The scripts in use.
SELECT * FROM script WHERE workspace_id = :workspace AND archived = 0 AND deleted = 0 ORDER BY path;

-- name: archive_flows
-- The flows in use.
SELECT * FROM flow WHERE workspace_id = :workspace AND archived = 0 ORDER BY path;

-- name: archive_variables
-- The variables, less those that hold the secret arguments of runs.
SELECT * FROM variable
WHERE workspace_id = :workspace AND substr(path, 1, length(:hidden)) <> :hidden
ORDER BY path;

-- name: archive_resources
-- The resources, less what scripts keep between runs.
SELECT * FROM resource
WHERE workspace_id = :workspace AND resource_type NOT IN ('state', 'cache')
ORDER BY path;

-- name: archive_resource_types
-- The workspace's own types of resources.
SELECT * FROM resource_type WHERE workspace_id = :workspace ORDER BY name;

-- name: archive_schedules
-- The schedules.
SELECT * FROM schedule WHERE workspace_id = :workspace ORDER BY path;

-- name: archive_folders
-- The folders.
SELECT * FROM folder WHERE workspace_id = :workspace ORDER BY name;

-- name: archive_users
-- The members.
SELECT * FROM member WHERE workspace_id = :workspace ORDER BY username;

-- name: archive_groups
-- The groups.
SELECT * FROM team WHERE workspace_id = :workspace ORDER BY name;
